package secret_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/fixtures"
)

// No exported asset holds a secret: whatever a detector finds in one is a mistake.
func TestRecordedAssets(t *testing.T) {
	for _, dir := range []string{"gcp-cai", "azure-psrule"} {
		for c := range fixtures.Cases(t, "posture", dir) {
			v, err := asset.Parse(c.Input)
			require.NoError(t, err, c.ID)
			a := &asset.Asset{Config: v}
			var r secret.Redactor
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
		var r secret.Redactor
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
