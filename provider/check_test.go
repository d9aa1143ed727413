package provider_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// able has all optional abilities.
type able struct{ provider.Provider }

func (able) Check(context.Context, provider.Query) ([]provider.CheckResult, error) {
	return []provider.CheckResult{{Name: "1", Level: provider.CheckWarning, Message: "hm", Children: []provider.CheckResult{
		{Name: "entry", Level: provider.CheckOK}, {Name: "permissions", Level: provider.CheckWarning, Action: "grant it"},
	}}}, nil
}
func (able) Types() []asset.Type                 { return []asset.Type{thing} }
func (able) Permissions(provider.Query) []string { return []string{"things:List"} }
func (able) Get(context.Context, asset.Ref) (*asset.Asset, error) {
	return &asset.Asset{Name: "got"}, nil
}

// wrapper hides everything but the provider that it wraps.
type wrapper struct{ provider.Provider }

func (w wrapper) Unwrap() provider.Provider { return w.Provider }

func TestAbilities(t *testing.T) {
	for name, p := range map[string]provider.Provider{
		"outermost":      able{p2("a")},
		"wrapped":        wrapper{able{p2("a")}},
		"wrapped deeper": wrapper{wrapper{able{p2("a")}}},
	} {
		t.Run(name, func(t *testing.T) {
			results, err := provider.Check(t.Context(), p, provider.Query{})
			require.NoError(t, err)
			b, err := json.Marshal(results)
			require.NoError(t, err)
			assert.JSONEq(t, `[{"name":"1","level":"warning","message":"hm","children":[{"name":"entry","level":"ok"},{"name":"permissions","level":"warning","action":"grant it"}]}]`, string(b))
			types, err := provider.Types(p)
			require.NoError(t, err)
			assert.Equal(t, []asset.Type{thing}, types)
			permissions, err := provider.Permissions(p, provider.Query{})
			require.NoError(t, err)
			assert.Equal(t, []string{"things:List"}, permissions)
			a, err := provider.Get(t.Context(), p, asset.Ref{Type: thing, ID: "x"})
			require.NoError(t, err)
			assert.Equal(t, "got", a.Name)
		})
	}
}

func TestAbilitiesThatNobodyHas(t *testing.T) {
	for name, p := range map[string]provider.Provider{
		"bare":          p2("a"),
		"wrapped":       wrapper{p2("a")},
		"wraps nothing": wrapper{scripted{name: "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := provider.Check(t.Context(), p, provider.Query{})
			require.ErrorIs(t, err, errors.ErrUnsupported)
			assert.EqualError(t, err, "check of a: unsupported operation")
			_, err = provider.Types(p)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			_, err = provider.Permissions(p, provider.Query{})
			require.ErrorIs(t, err, errors.ErrUnsupported)
		})
	}
	// Get needs no ability.
	a, err := provider.Get(t.Context(), wrapper{p2("a")}, asset.Ref{Type: thing, ID: "a-0000"})
	require.NoError(t, err)
	assert.Equal(t, "a-0000", a.ID)
}

func TestCheckLevel(t *testing.T) {
	for level, want := range map[provider.CheckLevel]string{provider.CheckFailed: "error", provider.CheckWarning: "warning", provider.CheckOK: "ok", 9: "error"} {
		assert.Equal(t, want, level.String())
	}
}
