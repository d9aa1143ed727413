package alert

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// A section that a claim is about counts by the status of the claim.
func TestCountOfClaims(t *testing.T) {
	p := &policy.Policy{ID: "a", Severity: policy.High, Controls: []string{"std/1", "std/2", "std/3"}}
	c := newAssetCounter()
	c.add(policy.Finding{
		Policy:  p,
		Subject: policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: "T", ID: "x"}, Scope: asset.Scope{Provider: "aws", Account: "1"}}},
		Status:  policy.Fail,
		Claims:  []policy.ClaimStatus{{Controls: []string{"std/1"}, Status: policy.Pass}, {Controls: []string{"std/2"}, Status: policy.Unknown}},
	})
	c.end()
	sections := map[string]ScanCount{}
	for key, n := range c.counts {
		if key.section != "" {
			sections[key.section] = *n
		}
	}
	failed := map[policy.Severity]int{policy.High: 1}
	assert.Equal(t, 1, sections["std/1"].Passed)
	assert.Empty(t, sections["std/1"].Failed)
	assert.Equal(t, 1, sections["std/2"].Unknown)
	assert.Equal(t, failed, sections["std/3"].Failed)
}
