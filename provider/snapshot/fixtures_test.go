package snapshot_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Assets as Google's asset inventory exports them come back as they were, but for
// secrets.
func TestRealAssetsComeBack(t *testing.T) {
	var want []asset.Observation
	seen := map[asset.Ref]bool{}
	for c := range fixtures.Cases(t, "posture", "gcp-cai") {
		var in struct {
			Name      string          `json:"name"`
			Type      asset.Type      `json:"asset_type"`
			IAMPolicy json.RawMessage `json:"iam_policy"`
			Resource  struct {
				Data json.RawMessage `json:"data"`
			} `json:"resource"`
		}
		require.NoError(t, json.Unmarshal(c.Input, &in), c.ID)
		ref, err := asset.ParseRef(in.Type, in.Name)
		if err != nil {
			continue // a case about an asset whose name is none
		}
		seen[ref] = true
		a := &asset.Asset{Ref: ref, Scope: asset.Scope{Provider: "gcp"}}
		for _, d := range []struct {
			to   *asset.Value
			from json.RawMessage
		}{{&a.Config, in.Resource.Data}, {&a.Access, in.IAMPolicy}} {
			if d.from != nil {
				*d.to, err = asset.Parse(d.from)
				require.NoError(t, err, c.ID)
			}
		}
		require.NoError(t, (&secret.Redactor{}).Redact(a), c.ID)
		want = append(want, a)
	}
	require.Greater(t, len(seen), 100)

	var b bytes.Buffer
	require.NoError(t, snapshot.Write(&b, all(want), &snapshot.WriteOptions{Name: "x.gz"}))
	// The recorded documents are written as they are; the catalogue would conform them.
	none := func(asset.Type) (*asset.Schema, bool) { return nil, false }
	got, err := readAll(&b, &snapshot.Options{Name: "x.gz", Schemas: none})
	require.NoError(t, err)
	sameObservations(t, want, got)
	assert.Len(t, got, len(want))
}
