package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
)

// Recorded assets read as encoding/json reads them. None of the exported ones holds a
// secret, so that all a detector would find in them is a mistake.
func TestRecordedAssets(t *testing.T) {
	for _, dir := range []string{"gcp-cai", "azure-psrule"} {
		for c := range fixtures.Cases(t, "posture", dir) {
			want, err := reference(c.Input)
			require.NoError(t, err, c.ID)
			v, err := asset.Parse(c.Input)
			require.NoError(t, err, c.ID)
			require.Equal(t, want, tree(t, v), c.ID)

			a := &asset.Asset{Config: v}
			var r asset.Redactor
			require.NoError(t, r.Redact(a))
			for p := range a.Config.Marks() {
				assert.Fail(t, "no secret", "%s: %s", c.ID, p)
			}
		}
	}
}

// In recorded exchanges the secrets, which were once real, are found where they are.
func TestRecordedSecrets(t *testing.T) {
	found := map[string]int{}
	for c := range fixtures.Cases(t, "http", "azure") {
		v, err := asset.Parse(c.Input)
		require.NoError(t, err, c.ID)
		a := &asset.Asset{Config: v}
		var r asset.Redactor
		require.NoError(t, r.Redact(a))
		for p, m := range a.Config.Marks() {
			kept, ok := m.Redacted()
			require.True(t, ok)
			require.NotEmpty(t, kept.Detectors, "%s: %s", c.ID, p)
			for _, d := range kept.Detectors {
				found[d]++
			}
		}
	}
	for _, d := range []string{"azure-sas", "azure-storage-key", "basic-auth-url", "jwt", "password"} {
		assert.Positive(t, found[d], d)
	}
}
