package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
)

func TestCoverageOfProvider(t *testing.T) {
	const typ = asset.Type("Test::Log")
	provider := asset.Scope{Provider: "test"}
	inv := &asset.Inventory{}
	assert.Equal(t, asset.NotAsked, inv.Coverage(provider, typ))
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "1"}, Type: typ, State: asset.Complete})
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "1", Region: "r"}, Type: typ, State: asset.Complete})
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "other", Account: "1"}, Type: typ, State: asset.Partial})
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "2"}, Type: "Test::Key", State: asset.Partial})
	assert.Equal(t, asset.Complete, inv.Coverage(provider, typ))
	assert.Nil(t, inv.WhyNot(provider, typ))

	denied := &asset.Gap{Scope: asset.Scope{Provider: "test", Account: "3"}, Op: "test:Assume", Code: "AccessDenied"}
	inv.Add(denied)
	assert.Equal(t, asset.Partial, inv.Coverage(provider, typ), "an account of which nothing is known but that it was denied")
	assert.Equal(t, denied.Unread(), inv.WhyNot(provider, typ))

	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "2", Region: "r"}, Type: typ, State: asset.NotAsked})
	assert.Equal(t, asset.NotAsked, inv.Coverage(provider, typ))
}

func TestGapsAmong(t *testing.T) {
	inv := &asset.Inventory{}
	b := &asset.Gap{Of: asset.Ref{Type: "Test::Log", ID: "b"}, Op: "test:List"}
	a := &asset.Gap{Of: asset.Ref{Type: "Test::Log", ID: "a"}, Op: "test:List"}
	for _, g := range []*asset.Gap{b, a, {Type: "Test::Log"}, {Of: asset.Ref{Type: "Test::Key", ID: "a"}}} {
		inv.Add(g)
	}
	assert.Equal(t, []*asset.Gap{a, b}, inv.GapsAmong("Test::Log"))
	assert.Empty(t, inv.GapsAmong("Test::Bucket"))
}
