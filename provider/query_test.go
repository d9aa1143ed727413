package provider_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
)

func scope(account, region string) asset.Scope {
	return asset.Scope{Provider: "aws", Account: account, Region: region}
}

func TestWantsScope(t *testing.T) {
	assert.True(t, provider.Query{}.WantsScope(scope("1", "")))
	q := provider.Query{Scopes: []asset.Scope{scope("1", ""), scope("2", "a"), {Region: "c"}}}
	for s, want := range map[asset.Scope]bool{
		scope("1", ""): true, scope("1", "a"): true, scope("2", "a"): true, scope("2", "b"): false, scope("2", ""): false,
		scope("3", "c"): true, scope("", ""): false, {Provider: "azure", Account: "1"}: false, {Provider: "azure", Region: "c"}: true,
	} {
		assert.Equal(t, want, q.WantsScope(s), "%s", s)
	}
}

func TestRestrict(t *testing.T) {
	gap := func(s asset.Scope) *asset.Gap {
		return &asset.Gap{Scope: s, Type: thing, Cause: asset.Unread{Op: "list"}}
	}
	coverage := func(s asset.Scope, state asset.CoverageState) *asset.Coverage {
		return &asset.Coverage{Scope: s, Type: thing, State: state}
	}
	in := func(s asset.Scope, observers ...string) *asset.Asset {
		return &asset.Asset{Ref: asset.Ref{Type: thing, ID: "x"}, Scope: s, Observers: observers}
	}
	for name, row := range map[string]struct {
		scopes []asset.Scope
		o      asset.Observation
		want   []asset.Observation
	}{
		"everything":                    {nil, in(scope("1", "a")), []asset.Observation{in(scope("1", "a"))}},
		"asset":                         {[]asset.Scope{scope("1", "a")}, in(scope("1", "a")), []asset.Observation{in(scope("1", "a"))}},
		"asset in no region":            {[]asset.Scope{scope("1", "a")}, in(scope("1", "")), nil},
		"asset of an account":           {[]asset.Scope{scope("1", "")}, in(scope("1", "a")), []asset.Observation{in(scope("1", "a"))}},
		"asset seen":                    {[]asset.Scope{scope("1", "a")}, in(scope("2", "a"), "1"), []asset.Observation{in(scope("2", "a"), "1")}},
		"asset seen in another region":  {[]asset.Scope{scope("1", "b")}, in(scope("2", "a"), "1"), nil},
		"gap within":                    {[]asset.Scope{scope("1", "")}, gap(scope("1", "a")), []asset.Observation{gap(scope("1", "a"))}},
		"gap elsewhere":                 {[]asset.Scope{scope("1", "a")}, gap(scope("1", "b")), nil},
		"gap around":                    {[]asset.Scope{scope("1", "a"), scope("2", "")}, gap(scope("", "")), []asset.Observation{gap(scope("1", "a")), gap(scope("2", ""))}},
		"gap of everything":             {[]asset.Scope{scope("1", "a"), scope("1", "a")}, gap(asset.Scope{}), []asset.Observation{gap(scope("1", "a"))}},
		"gap across":                    {[]asset.Scope{scope("", "a")}, gap(scope("1", "")), []asset.Observation{gap(scope("1", "a"))}},
		"coverage within":               {[]asset.Scope{scope("1", "")}, coverage(scope("1", "a"), asset.Complete), []asset.Observation{coverage(scope("1", "a"), asset.Complete)}},
		"coverage around":               {[]asset.Scope{scope("1", "a")}, coverage(scope("1", ""), asset.Complete), []asset.Observation{coverage(scope("1", "a"), asset.Partial)}},
		"coverage around, not searched": {[]asset.Scope{scope("1", "a")}, coverage(scope("1", ""), asset.NotAsked), []asset.Observation{coverage(scope("1", "a"), asset.NotAsked)}},
		"coverage elsewhere":            {[]asset.Scope{scope("1", "a")}, coverage(scope("2", ""), asset.Complete), nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, provider.Query{Scopes: row.scopes}.Restrict(row.o))
		})
	}
}

// One query serves two clouds: neither provider knows the types and scopes of the other.
func TestCollectOfTwoClouds(t *testing.T) {
	const other = asset.Type("Stance::Test::Other")
	one := &providertest.Static{Source: "one", Observations: things("one", 2)}
	two := &providertest.Static{Source: "two", Observations: []asset.Observation{
		&asset.Coverage{Scope: asset.Scope{Provider: "two", Account: "2"}, Type: other, State: asset.Complete},
	}}
	account, nobody := asset.Scope{Provider: "one", Account: "1"}, asset.Scope{Provider: "one", Account: "9"}
	type gap struct {
		scope asset.Scope
		typ   asset.Type
		code  string
	}
	for name, row := range map[string]struct {
		q    provider.Query
		ps   []provider.Provider
		want []gap
	}{
		"types known to one of them": {provider.Query{Types: []asset.Type{thing, other}}, []provider.Provider{one, two}, nil},
		"type known to none": {provider.Query{Types: []asset.Type{thing, "None"}}, []provider.Provider{one, two},
			[]gap{{asset.Scope{Provider: "one"}, "None", provider.CodeUnknownType}, {asset.Scope{Provider: "two"}, "None", provider.CodeUnknownType}}},
		"type that one provider of a cloud does not know": {provider.Query{Types: []asset.Type{other}},
			[]provider.Provider{&providertest.Static{Source: "two", Observations: things("two", 1)}, two},
			[]gap{{asset.Scope{Provider: "two"}, other, provider.CodeUnknownType}}},
		"scopes known to one of them": {provider.Query{Scopes: []asset.Scope{account, {Provider: "two", Account: "2"}}}, []provider.Provider{one, two}, nil},
		"scope known to none": {provider.Query{Scopes: []asset.Scope{account, nobody}}, []provider.Provider{one},
			[]gap{{nobody, "", provider.CodeUnknownScope}}},
	} {
		t.Run(name, func(t *testing.T) {
			inv, err := provider.Collect(t.Context(), row.q, row.ps...)
			require.NoError(t, err)
			var got []gap
			for _, g := range inv.Gaps() {
				got = append(got, gap{g.Scope, g.Type, g.Cause.Code})
			}
			assert.Equal(t, row.want, got)
		})
	}
}
