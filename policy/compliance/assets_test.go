package compliance_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy/compliance"
)

// TestAssets lists the assets of a section by the policies that decided on them.
func TestAssets(t *testing.T) {
	p := assess(t, mapping(t), says(
		"a one fail", "b one fail",
		"a two pass", "b two unknown",
		"a three x", "b three pass",
		"a four pass", "b four na",
		"a five na", "c six fail",
		"b zero fail", "a zero pass",
		"a - gap",
	))
	scope := asset.Scope{Provider: "aws", Account: "1", Region: "r"}
	want := func(id string, s compliance.SectionStatus, policies ...string) compliance.AssetPosture {
		return compliance.AssetPosture{Ref: asset.Ref{Type: "T", ID: id}, Scope: scope, Status: s, Policies: policies}
	}
	var got []compliance.AssetPosture
	for a := range p.Assets("house/1.2") {
		got = append(got, a)
	}
	assert.Equal(t, []compliance.AssetPosture{
		want("one", compliance.Failed, "a", "b"), want("zero", compliance.Failed, "b"),
		want("two", compliance.Unknown, "b"), want("three", compliance.Accepted, "a"), want("four", compliance.Passed, "a"),
	}, got)
	c := p.Requirements[0].Sections[1].Counts
	assert.Equal(t, len(got), c.Failed+c.Unknown+c.Accepted+c.Passed, "each asset that is counted is listed")
	for range p.Assets("house/1.2") {
		break
	}
	for range p.Assets("house/9.9") {
		t.Error("an asset of an unknown control")
	}
}
