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
	related, m, n := NewRelated(inv, catalog.Schema), expr.NewMachine(expr.Limits{}), 0
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
	assert.Equal(t, 5, n)
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

// TestLookupsOverUnreadParts checks that lookups are unknown where parents or links were not
// read, unless what was read decides.
func TestLookupsOverUnreadParts(t *testing.T) {
	env, err := NewEnv(Types{Schema: catalog.Schema})
	require.NoError(t, err)
	scope, err := env.Scope("AWS::S3::Bucket")
	require.NoError(t, err)
	trail := asset.Ref{Type: "AWS::CloudTrail::Trail", ID: "t"}
	for _, tt := range []struct {
		of     string // the asset with the unread part
		unread asset.Path
		source string
		want   expr.Truth
	}{
		{"bucket", "links", "follow('encrypted_by', 'AWS::KMS::Key').size() == 1", expr.Unknown},
		{"bucket", "links", "follow('encrypted_by', 'AWS::KMS::Key').exists(k, k.asset.name == 'main')", expr.True},
		{"bucket", "links.encrypted_by", "follow('encrypted_by', 'AWS::KMS::Key').all(k, k.asset.name == 'main')", expr.Unknown},
		{"bucket", "links.logs_to", "follow('encrypted_by', 'AWS::KMS::Key').size() == 1", expr.True},
		{"bucket", "links", "referrers('logs_to', 'AWS::CloudTrail::Trail').size() == 1", expr.True},
		{"trail", "links", "referrers('logs_to', 'AWS::CloudTrail::Trail').size() == 1", expr.Unknown},
		{"trail", "links.logs_to", "referrers('logs_to', 'AWS::CloudTrail::Trail').size() == 1", expr.Unknown},
		{"trail", "links.encrypted_by", "referrers('logs_to', 'AWS::CloudTrail::Trail').size() == 1", expr.True},
		{"bucket", "parents", "ancestors('AWS::Organizations::OrganizationalUnit') == []", expr.Unknown},
		{"bucket", "parents", "ancestors('Stance::AWS::Account').size() == 1", expr.True}, // there is one at most
		{"bucket", "links", "ancestors('AWS::Organizations::OrganizationalUnit') == []", expr.True},
		{"bucket", "parents", "assets('AWS::CloudTrail::Trail').size() == 1", expr.True},
	} {
		bucket, inv := sample(t)
		of := bucket
		if tt.of == "trail" {
			of, _ = inv.Get(trail)
		}
		require.NoError(t, of.SetUnread(tt.unread, asset.Unread{Reason: asset.Denied}))
		x, diagnostics := scope.Compile(tt.source, nil)
		require.Empty(t, diagnostics, tt.source)
		related, m := NewRelated(inv, catalog.Schema), expr.NewMachine(expr.Limits{})
		m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, bucket, name, nil) }, nil)
		assert.Equal(t, tt.want, m.Eval(x).Truth(), "%s of the %s unread: %s", tt.unread, tt.of, tt.source)
	}
}

// What an organization owns may be of one that contains the subject, whose parents were not
// read.
func TestAssetsOfUnreadParents(t *testing.T) {
	env, err := NewEnv(Types{Schema: catalog.Schema})
	require.NoError(t, err)
	const sink asset.Type = "logging.googleapis.com/LogSink"
	scope, err := env.Scope("storage.googleapis.com/Bucket")
	require.NoError(t, err)
	project := asset.Scope{Provider: "gcp", Account: "shop"}
	organization := asset.Scope{Provider: "gcp", Account: "organizations/9"}
	for _, tt := range []struct {
		name    string
		parents []asset.Ref
		unread  bool
		want    expr.Truth
	}{
		{"of its organization", []asset.Ref{{Type: "cloudresourcemanager.googleapis.com/Organization", ID: "//cloudresourcemanager.googleapis.com/organizations/9"}}, false, expr.False},
		{"of another one", nil, false, expr.True},
		{"of one that may be its own", nil, true, expr.Unknown},
	} {
		bucket := &asset.Asset{Ref: asset.Ref{Type: "storage.googleapis.com/Bucket", ID: "//storage.googleapis.com/b"}, Scope: project, Parents: tt.parents}
		if tt.unread {
			require.NoError(t, bucket.SetUnread("parents", *asset.NotStated("parents")))
		}
		inv := &asset.Inventory{}
		inv.Add(bucket)
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: sink, ID: "//logging.googleapis.com/organizations/9/sinks/s"}, Scope: organization})
		inv.Add(&asset.Coverage{Scope: project, Type: sink, State: asset.Complete})
		inv.Add(&asset.Coverage{Scope: organization, Type: sink, State: asset.Complete})
		x, diagnostics := scope.Compile("assets('logging.googleapis.com/LogSink') == []", nil)
		require.Empty(t, diagnostics)
		related, m := NewRelated(inv, catalog.Schema), expr.NewMachine(expr.Limits{})
		m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, bucket, name, nil) }, nil)
		assert.Equal(t, tt.want, m.Eval(x).Truth(), tt.name)
	}
}
