package compliance_test

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// Every control that a policy of the packs names is one of a benchmark, and of the
// same cloud.
func TestPacks(t *testing.T) {
	policies, err := policy.Read(os.DirFS("../packs"))
	require.NoError(t, err)
	standards := cis(t)
	m, err := compliance.NewMapping(slices.Values(policies), standards...)
	require.NoError(t, err)
	prefix := map[string]string{"aws": "aws-", "azure": "az-", "gcp": "gcp-"}
	for _, s := range standards {
		covered, sections := 0, 0
		for _, x := range s.Sections() {
			sections++
			ids := m.Policies(s.Control(x))
			if len(ids) > 0 {
				covered++
			}
			for _, id := range ids {
				assert.Contains(t, id, prefix[s.Provider], s.Control(x))
			}
		}
		t.Logf("%s: policies cover %d of %d sections", s.ID, covered, sections)
	}
}
