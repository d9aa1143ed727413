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
	assert.Nil(t, inv.IncompleteReason(provider, typ))

	denied := &asset.Gap{Scope: asset.Scope{Provider: "test", Account: "3"}, Cause: asset.Unread{Op: "test:Assume", Code: "AccessDenied"}}
	inv.Add(denied)
	assert.Equal(t, asset.Partial, inv.Coverage(provider, typ), "an account of which nothing is known but that it was denied")
	assert.Equal(t, &denied.Cause, inv.IncompleteReason(provider, typ))

	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "2", Region: "r"}, Type: typ, State: asset.NotAsked})
	assert.Equal(t, asset.NotAsked, inv.Coverage(provider, typ))
}

func TestGapsAmong(t *testing.T) {
	inv := &asset.Inventory{}
	b := &asset.Gap{Of: asset.Ref{Type: "Test::Log", ID: "b"}, Cause: asset.Unread{Op: "test:List"}}
	a := &asset.Gap{Of: asset.Ref{Type: "Test::Log", ID: "a"}, Cause: asset.Unread{Op: "test:List"}}
	for _, g := range []*asset.Gap{b, a, {Type: "Test::Log"}, {Of: asset.Ref{Type: "Test::Key", ID: "a"}}} {
		inv.Add(g)
	}
	assert.Equal(t, []*asset.Gap{a, b}, inv.GapsAmong("Test::Log"))
	assert.Empty(t, inv.GapsAmong("Test::Bucket"))
}

func TestWhyNotSeen(t *testing.T) {
	const typ = asset.Type("Test::List")
	account := asset.Scope{Provider: "test", Account: "1"}
	here, there := asset.Scope{Provider: "test", Account: "1", Region: "a"}, asset.Scope{Provider: "test", Account: "1", Region: "b"}
	searched := func(s asset.Scope, state asset.CoverageState) asset.Observation {
		return &asset.Coverage{Scope: s, Type: typ, State: state}
	}
	global := &asset.Asset{Ref: asset.Ref{Type: typ, ID: "x"}, Scope: asset.Scope{Provider: "test", Account: "2"}}
	for name, c := range map[string]struct {
		from  asset.Scope
		given []asset.Observation
		why   string
	}{
		"nothing stated":                 {here, nil, "coverage of Test::List in test/1/a is not_asked"},
		"the region":                     {here, []asset.Observation{searched(here, asset.Complete)}, ""},
		"the region in part":             {here, []asset.Observation{searched(here, asset.Partial), searched(account, asset.Complete)}, "coverage of Test::List in test/1/a is partial"},
		"the account alone":              {here, []asset.Observation{searched(account, asset.Complete)}, ""},
		"the region and the account":     {here, []asset.Observation{searched(here, asset.Complete), searched(account, asset.Complete)}, ""},
		"the region, the account not":    {here, []asset.Observation{searched(here, asset.Complete), searched(account, asset.Partial)}, "coverage of Test::List in test/1 is partial"},
		"another region not":             {here, []asset.Observation{searched(here, asset.Complete), searched(account, asset.Complete), searched(there, asset.Partial)}, ""},
		"some are in no region":          {here, []asset.Observation{searched(here, asset.Complete), global}, ""},
		"and may be seen elsewhere":      {here, []asset.Observation{searched(here, asset.Complete), searched(there, asset.Partial), global}, "coverage of Test::List in test/1 is partial"},
		"but have a search of their own": {here, []asset.Observation{searched(here, asset.Complete), searched(there, asset.Partial), searched(account, asset.Complete), global}, ""},
		"of the account":                 {account, []asset.Observation{searched(here, asset.Complete), searched(there, asset.Partial)}, "coverage of Test::List in test/1 is partial"},
		"a gap in the account":           {here, []asset.Observation{searched(here, asset.Complete), &asset.Gap{Scope: account, Type: typ, Cause: asset.Unread{Code: "AccessDenied"}}}, "AccessDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			var inv asset.Inventory
			for _, o := range c.given {
				inv.Add(o)
			}
			why := inv.IncompleteReasonFrom(c.from, typ)
			if c.why == "" {
				assert.Nil(t, why)
			} else {
				assert.ErrorContains(t, why, c.why)
			}
		})
	}
}
