package asset_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
)

// Recorded assets read as encoding/json reads them.
func TestRecordedAssets(t *testing.T) {
	for _, dir := range []string{"gcp-cai", "azure-psrule"} {
		for c := range fixtures.Cases(t, "posture", dir) {
			want, err := reference(c.Input)
			require.NoError(t, err, c.ID)
			v, err := asset.Parse(c.Input)
			require.NoError(t, err, c.ID)
			require.Equal(t, want, tree(t, v), c.ID)
		}
	}
}
