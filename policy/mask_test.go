package policy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// An asset whose id holds a token has a finding, whatever its type, and keeps its id in
// the process: outputs mask it, and the key stays.
func TestSecretInID(t *testing.T) {
	token := "ghp_" + strings.Repeat("a1B2c3D4e5F6", 3)
	scope := asset.Scope{Provider: "aws", Account: "111122223333"}
	inv := new(asset.Inventory)
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + token}, Scope: scope,
		Parents: []asset.Ref{{Type: "T", ID: token}}, Links: []asset.Link{{Rel: "r", To: asset.Ref{Type: "T", ID: token}}}})
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::plain"}, Scope: scope})
	set, err := policy.NewSet(nil, &policy.Policy{ID: "p", Title: "T", Severity: policy.Low, Checks: []policy.Check{{
		Types: []asset.Type{"AWS::S3::Bucket"}, Require: "asset.id == 'x'", Message: "'%s is wrong'.format([asset.id])"}}})
	require.NoError(t, err)
	var found []policy.Finding
	for f, err := range set.Evaluate(context.Background(), inv) {
		require.NoError(t, err)
		if f.Asset() != nil && strings.Contains(f.Asset().ID, token) {
			found = append(found, f)
		}
	}
	require.Len(t, found, 2)
	assert.Equal(t, "stance-secret-in-id", found[0].Policy.ID)
	assert.Equal(t, policy.Fail, found[0].Status)
	for _, f := range found {
		m := f.Masked()
		assert.Equal(t, f.Key(), m.Key(), "an alert recognizes its finding")
		assert.Equal(t, m.Key(), m.Masked().Key())
		assert.NotContains(t, m.Message+m.Asset().ID+m.Asset().Parents[0].ID+m.Asset().Links[0].To.ID, token)
		assert.Contains(t, m.Asset().ID, "arn:aws:s3:::[redacted-github-token-")
		assert.Contains(t, f.Asset().ID, token, "the finding that was masked is not changed")
		assert.Contains(t, f.Asset().Links[0].To.ID, token)
		for _, e := range m.Evidence {
			assert.NotContains(t, e.Asset.ID, token)
		}
	}
	gap := policy.Finding{Policy: found[1].Policy, Err: errors.New("no " + token), Subject: policy.GapSubject{
		Gap: &asset.Gap{Scope: scope, Of: asset.Ref{Type: "T", ID: token}}, Parents: []asset.Ref{{Type: "T", ID: token}}}}
	m := gap.Masked()
	assert.Equal(t, gap.Key(), m.Key())
	assert.NotContains(t, m.Err.Error()+m.Subject.(policy.GapSubject).Gap.Of.ID+m.Subject.(policy.GapSubject).Parents[0].ID, token)
	assert.ErrorIs(t, m.Err, gap.Err)
}
