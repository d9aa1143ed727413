package member_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/member"
)

// Each list fills the fields of what it was made for, and no two members fill one.
func TestMembersFillTheirFields(t *testing.T) {
	set := func(all []member.Member) {
		for _, m := range all {
			assert.Empty(t, *m.Text, m.Name)
			*m.Text = m.Name
		}
	}
	var a asset.Asset
	var l asset.Link
	var g asset.Gap
	var c asset.Coverage
	inAsset, inLink, inGap, inCoverage := member.Asset(&a), member.Link(&l), member.Gap(&g), member.Coverage(&c)
	for _, all := range [][]member.Member{inAsset[:], inLink[:], inGap[:], inCoverage[:]} {
		set(all)
	}
	scope := asset.Scope{Provider: "provider", Account: "account", Region: "region"}
	assert.Equal(t, asset.Asset{Ref: asset.Ref{Type: "type", ID: "id"}, Scope: scope, Name: "name", Class: "class", URL: "url", Incarnation: "incarnation"}, a)
	assert.Equal(t, asset.Link{Rel: "rel", To: asset.Ref{Type: "type", ID: "id"}}, l)
	assert.Equal(t, asset.Gap{Scope: scope, Type: "type", Cause: asset.Unread{Op: "op", Code: "code", Message: "message", RequestID: "request_id"}}, g)
	assert.Equal(t, asset.Coverage{Scope: scope, Type: "type"}, c)

	assert.Same(t, &a.Name, member.Find(inAsset[:], "name"))
	assert.Nil(t, member.Find(inAsset[:], "rel"))
}

func TestState(t *testing.T) {
	for _, s := range []asset.CoverageState{asset.NotAsked, asset.Partial, asset.Complete} {
		got, ok := member.State(s.String())
		assert.True(t, ok)
		assert.Equal(t, s, got)
	}
	_, ok := member.State("full")
	assert.False(t, ok)
}
