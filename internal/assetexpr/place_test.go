package assetexpr

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

const testType asset.Type = "Test::T"

// withoutIndex returns an environment whose lookups keep no index.
func withoutIndex(t *testing.T, ts Types) *Env {
	ls := lookups()
	for i := range ls {
		ls[i].FindKeyed = nil
	}
	base, err := expr.NewEnv(ls...)
	require.NoError(t, err)
	return &Env{base, ts, base.Object("asset", metaTypes, metaAlways...)}
}

// filters are expressions of which an index decides a part.
var filters = []string{
	"assets('Test::T').filter(x, x.config.?k.orValue('none') == config.?k.orValue('')).map(x, x.asset.id)",
	"assets('Test::T').filter(x, config.?k.orValue('') == x.config.?k.orValue('none')).map(x, x.asset.id)",
	"assets('Test::T').exists(x, x.config.?k.orValue('none') in [config.?k.orValue(''), 'b'] && x.config.?on.orValue(false))",
	"assets('Test::T').exists_one(x, x.config.?on.orValue(false) && x.asset.account == asset.account)",
	"assets('Test::T').exists(x, x.config.?on.orValue(false) && x.config.n > 3)",
	"assets('Test::T').map(x, x.config.?k.orValue('') in config.?list.orValue([]), x.asset.id)",
	"assets('Test::T').filter(x, x.config.?k.orValue('') in config.?list.orValue([]) && x.asset.name in ['a', 'b', config.?k.orValue('')]).size()",
	"config.?list.orValue([]).all(s, assets('Test::T').exists(x, x.config.?k.orValue('') == s && x.config.?on.orValue(true)))",
	"config.?list.orValue([]).map(s, assets('Test::T').filter(x, x.config.?k.orValue('') == s).map(x, x.asset.id))",
	"assets('Test::T').filter(x, x.config.?k.orValue('') == 'a' && assets('Test::T').exists(y, y.config.?k.orValue('') == x.asset.name)).map(x, x.asset.id)",
	"assets('Test::T').filter(x, x.config.?m.orValue({}).exists(k, k == 'a')).map(x, x.asset.id)",
	"assets('Test::T').filter(x, x.config.?k.orValue('') == config.k).map(x, x.asset.id)",
	"assets('Test::T').exists(x, x.config.n == 4 && x.config.?k.orValue('') == config.?k.orValue(''))",
	"assets('Test::T').all(x, x.config.?k.orValue('') == 'a')",
}

// TestIndexedFilters compares filters that an index serves with those that look at each
// asset, over random inventories: the value, and why it is unknown.
func TestIndexedFilters(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ts := Types{Schema: func(asset.Type) (*asset.Schema, bool) { return nil, false }, Dynamic: []asset.Type{testType}}
	indexed, err := NewEnv(ts)
	require.NoError(t, err)
	plain := withoutIndex(t, ts)
	compile := func(env *Env, source string) *expr.Expr {
		scope, err := env.Scope(testType)
		require.NoError(t, err)
		x, diagnostics := scope.Compile(source, nil)
		require.Empty(t, diagnostics, source)
		return x
	}
	a, b, outcomes := expr.NewMachine(expr.Limits{}), expr.NewMachine(expr.Limits{}), map[string]int{}
	var with, without []*expr.Expr
	for _, source := range filters {
		with, without = append(with, compile(indexed, source)), append(without, compile(plain, source))
	}
	for range 100 {
		inv := randomInventory(t, rng)
		ra, rb := NewRelated(inv, nil), NewRelated(inv, nil)
		for subject := range inv.OfType(testType) {
			for i, source := range filters {
				begin := func(m *expr.Machine, r *Related) {
					m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return r.Value(run, subject, name, nil) }, nil)
				}
				begin(a, ra)
				begin(b, rb)
				got, want := a.Eval(with[i]), b.Eval(without[i])
				if types.IsError(want.Value) {
					require.True(t, types.IsError(got.Value), source)
					outcomes["error"]++
					continue
				}
				if types.IsUnknown(want.Value) {
					require.True(t, types.IsUnknown(got.Value), "%s: %v, want unknown: %v", source, got.Value, want.Why())
					outcomes["unknown"]++
				} else {
					require.Equal(t, expr.Text(want.Value), expr.Text(got.Value), source)
					outcomes["known"]++
				}
				require.Equal(t, want.Truth(), a.Explain(with[i]).Result.Truth(), source)
			}
		}
	}
	assert.Greater(t, outcomes["known"], 1000)
	assert.Greater(t, outcomes["unknown"], 1000)
}

func randomInventory(t *testing.T, rng *rand.Rand) *asset.Inventory {
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	inv := &asset.Inventory{}
	for i := range rng.IntN(40) {
		doc := map[string]any{"n": rng.IntN(6)}
		if rng.IntN(4) > 0 {
			doc["k"] = one("a", "b", "c", "d")
		}
		if rng.IntN(8) == 0 {
			doc["k"] = []any{1, []any{}, nil}[rng.IntN(3)]
		}
		if rng.IntN(2) == 0 {
			doc["on"] = rng.IntN(2) == 0
		}
		if rng.IntN(3) > 0 {
			doc["list"] = []any{one("a", "b"), one("c", "d")}
		}
		doc["m"] = map[string]any{one("a", "b"): 1}
		config, err := asset.Of(doc)
		require.NoError(t, err)
		x := &asset.Asset{
			Ref: asset.Ref{Type: testType, ID: fmt.Sprint("x", i)}, Name: one("a", "b", "c"), Config: config,
			Scope: asset.Scope{Provider: "test", Account: one("p", "q", "organizations/1"), Region: one("", "r", "s")},
		}
		if rng.IntN(3) == 0 {
			x.Observers = []string{one("p", "q"), "organizations/1"}
		}
		if rng.IntN(2) == 0 {
			x.Parents = []asset.Ref{{Type: organizationType, ID: "//cloudresourcemanager.googleapis.com/organizations/1"}}
		}
		for _, part := range []asset.Path{"config.k", "config.on", "config.list", "config"} {
			if rng.IntN(25) == 0 {
				require.NoError(t, x.SetUnread(part, asset.Unread{Code: "Denied", Message: string(part)}))
			}
		}
		inv.Add(x)
	}
	for _, account := range []string{"p", "q", "organizations/1"} {
		for _, region := range []string{"", "r", "s"} {
			if rng.IntN(20) > 0 {
				inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: account, Region: region}, Type: testType, State: asset.Complete})
			}
		}
	}
	return inv
}

// TestIndexOfABudget holds an evaluation that cannot make an index to its limit, and the
// next one makes it.
func TestIndexOfABudget(t *testing.T) {
	ts := Types{Schema: func(asset.Type) (*asset.Schema, bool) { return nil, false }, Dynamic: []asset.Type{testType}}
	env, err := NewEnv(ts)
	require.NoError(t, err)
	scope, err := env.Scope(testType)
	require.NoError(t, err)
	x, diagnostics := scope.Compile("assets('Test::T').exists(x, x.asset.id == asset.name)", nil)
	require.Empty(t, diagnostics)
	inv := &asset.Inventory{}
	const n = 200
	for i := range n {
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: testType, ID: fmt.Sprint(i)}, Name: fmt.Sprint(n - 1 - i), Scope: asset.Scope{Provider: "test", Account: "p"}})
	}
	inv.Add(&asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "p"}, Type: testType, State: asset.Complete})
	related := NewRelated(inv, nil)
	evaluate := func(limit int64) (expr.Result, int64) {
		m := expr.NewMachine(expr.Limits{Operations: limit})
		subject, _ := inv.Get(asset.Ref{Type: testType, ID: "7"})
		m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, subject, name, nil) }, nil)
		return m.Eval(x), m.Operations()
	}
	r, _ := evaluate(n)
	require.ErrorIs(t, r.Err, expr.ErrTooCostly)
	r, first := evaluate(0)
	assert.Equal(t, types.True, r.Value)
	assert.Greater(t, first, int64(n))
	r, next := evaluate(n)
	assert.Equal(t, types.True, r.Value)
	assert.Less(t, next, int64(20))
}
