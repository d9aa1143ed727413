package assetexpr

import (
	"context"
	"testing"

	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/expr"
)

// sample is a bucket, and an inventory with what it is related to: a key, a trail and
// an account.
func sample(t *testing.T) (*asset.Asset, *asset.Inventory) {
	scope := asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}
	config, err := asset.Of(map[string]any{"IsMultiRegionTrail": true})
	require.NoError(t, err)
	key := asset.Ref{Type: "AWS::KMS::Key", ID: "k"}
	account := asset.Ref{Type: "Stance::AWS::Account", ID: "111122223333"}
	bucket := &asset.Asset{
		Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "logs"}, Name: "logs", Scope: scope,
		Links: []asset.Link{{Rel: "encrypted_by", To: key}}, Parents: []asset.Ref{account},
	}
	inv := &asset.Inventory{}
	for _, o := range []asset.Observation{
		bucket,
		&asset.Asset{Ref: key, Name: "main", Scope: scope},
		&asset.Asset{Ref: account, Name: "production", Scope: asset.Scope{Provider: "aws", Account: "111122223333"}},
		&asset.Asset{Ref: asset.Ref{Type: "AWS::CloudTrail::Trail", ID: "t"}, Name: "audit", Scope: scope, Config: config,
			Links: []asset.Link{{Rel: "logs_to", To: bucket.Ref}}},
		&asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: "111122223333"}, Type: "AWS::CloudTrail::Trail", State: asset.Complete},
		&asset.Coverage{Scope: scope, Type: "AWS::CloudTrail::Trail", State: asset.Complete},
	} {
		inv.Add(o)
	}
	return bucket, inv
}

func TestExamplesOfLookups(t *testing.T) {
	env, err := NewEnv(Types{Schema: catalog.Schema})
	require.NoError(t, err)
	bucket, inv := sample(t)
	scope, err := env.Scope(bucket.Type)
	require.NoError(t, err)
	related, m, n := NewRelated(inv, catalog.Schema), expr.NewMachine(), 0
	for _, f := range env.Functions() {
		if f.Kind != "lookup" {
			continue
		}
		n++
		assert.NotEmpty(t, f.Doc, f.Name)
		x, diagnostics := scope.Compile(f.Example, nil)
		require.Empty(t, diagnostics, f.Example)
		m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, bucket, name, nil) }, nil)
		r := m.Eval(x)
		require.NoError(t, r.Why(), f.Example)
		assert.Equal(t, f.Result, expr.Text(r.Value), f.Example)
	}
	assert.Equal(t, 4, n)
}

func TestLookupsThatFindNothing(t *testing.T) {
	env, err := NewEnv(Types{Schema: catalog.Schema, Dynamic: []asset.Type{"Test::Any"}})
	require.NoError(t, err)
	for _, tt := range []struct {
		subject      asset.Type
		source, want string // message; empty: compiles
	}{
		{"AWS::S3::Bucket", "assets('Microsoft.Storage/storageAccounts') == []", "no Microsoft.Storage/storageAccounts of provider azure for an asset of provider aws"},
		{"AWS::S3::Bucket", "ancestors('cloudresourcemanager.googleapis.com/Folder') == []", "no cloudresourcemanager.googleapis.com/Folder of provider gcp for an asset of provider aws"},
		{"AWS::S3::Bucket", "assets('Test::Any') == []", ""},
		{"Test::Any", "assets('AWS::S3::Bucket') == []", ""},
		{"Test::Any", "follow('anything', 'AWS::S3::Bucket') == []", ""},
		{"AWS::S3::Bucket", "referrers('anything', 'Test::Any') == []", ""},
		{"AWS::S3::Bucket", "follow('encrypted_by', 'Test::Any') == []", ""},
		{"AWS::S3::Bucket", "follow('encrypted', 'Test::Any') == []", "unknown relation 'encrypted' of AWS::S3::Bucket; did you mean 'encrypted_by'?"},
	} {
		scope, err := env.Scope(tt.subject)
		require.NoError(t, err)
		_, diagnostics := scope.Compile(tt.source, nil)
		if tt.want == "" {
			assert.Empty(t, diagnostics, tt.source)
		} else if assert.Len(t, diagnostics, 1, tt.source) {
			assert.Equal(t, tt.want, diagnostics[0].Message)
		}
	}
}
