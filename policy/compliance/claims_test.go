package compliance_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// A section that a claim is about has the status of the claim.
func TestClaims(t *testing.T) {
	p := &policy.Policy{ID: "a", Title: "A", Severity: policy.High, Controls: []string{"house/1.1", "house/1.2", "house/2.1"}, Checks: []policy.Check{{
		Types: []asset.Type{"AWS::S3::Bucket"}, Claims: []policy.Claim{{Controls: []string{"house/1.1"}}, {Controls: []string{"house/1.2"}}}}}}
	c := &policy.Policy{ID: "c", Title: "C", Severity: policy.Low}
	m, err := compliance.NewMapping(slices.Values([]*policy.Policy{p, c}), house())
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, m.Policies("house/1.1"))
	bucket := func(id string) policy.AssetSubject {
		return policy.AssetSubject{Asset: &asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: id}, Scope: asset.Scope{Provider: "aws", Account: "1"}}}
	}
	finding := func(id string, status policy.Status, claims ...policy.Status) policy.Finding {
		f := policy.Finding{Policy: p, Subject: bucket(id), Status: status}
		for i, s := range claims {
			f.Claims = append(f.Claims, policy.ClaimStatus{Controls: []string{fmt.Sprint("house/1.", i+1)}, Status: s})
		}
		return f
	}
	assess := func(findings ...policy.Finding) *compliance.Posture {
		postures, err := m.Assess(func(yield func(policy.Finding, error) bool) {
			for _, f := range findings {
				if !yield(f, nil) {
					return
				}
			}
		})
		require.NoError(t, err)
		return postures[0]
	}
	old := assess(
		finding("x", policy.Fail, policy.Fail, policy.Pass),
		finding("y", policy.Fail, policy.NotApplicable, policy.Unknown),
		finding("z", policy.Pass, policy.NotApplicable, policy.Pass),
		finding("n", policy.NotApplicable),
	)
	sections := old.Requirements[0].Sections
	high := func(n int) (by [policy.Critical + 1]int) { by[policy.High] = n; return by }
	assert.Equal(t, compliance.Counts{Failed: 1, FailedBy: high(1)}, sections[0].Counts)
	assert.Equal(t, compliance.Counts{Passed: 2, Unknown: 1}, sections[1].Counts)
	assert.Equal(t, compliance.Counts{Passed: 1, Failed: 2, FailedBy: high(2)}, old.Requirements[1].Sections[0].Counts)
	assert.Equal(t, compliance.Counts{Passed: 1, Failed: 2, FailedBy: high(2)}, old.Counts)
	var assets []string
	for a := range old.Assets("house/1.2") {
		assets = append(assets, fmt.Sprint(a.Ref.ID, " ", a.Status, " ", a.Policies))
	}
	assert.Equal(t, []string{"y unknown [a]", "x passed [a]", "z passed [a]"}, assets)

	var changes []string
	for x := range compliance.Compare(old, assess(finding("x", policy.Fail, policy.Pass, policy.Fail), finding("y", policy.Pass, policy.Pass, policy.Pass))) {
		changes = append(changes, fmt.Sprint(x.Policy, " ", x.Ref.ID, " ", x.Kind))
	}
	assert.Equal(t, []string{"a x still_failing", "a y fixed"}, changes, "a policy that fails is one failure")

	accepted := finding("x", policy.Fail, policy.Fail, policy.Pass)
	accepted.Exception = &policy.Exception{}
	sections = assess(accepted).Requirements[0].Sections
	assert.Equal(t, compliance.Counts{Accepted: 1}, sections[0].Counts)
	assert.Equal(t, compliance.Counts{Passed: 1}, sections[1].Counts)

	gap := policy.Finding{Policy: p, Subject: policy.GapSubject{Gap: &asset.Gap{Scope: asset.Scope{Provider: "aws", Account: "1"}, Type: "AWS::S3::Bucket"}}}
	for _, s := range assess(gap).Requirements[0].Sections[:2] {
		assert.Equal(t, compliance.Unknown, s.Status(), "assets may be missing of what a claim is about")
	}
}
