package assetexpr

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// TestIndexIsShared has machines at the same time evaluate a filter over one inventory.
func TestIndexIsShared(t *testing.T) {
	env, err := NewEnv(Types{Schema: func(asset.Type) (*asset.Schema, bool) { return nil, false }, Dynamic: []asset.Type{testType}})
	require.NoError(t, err)
	scope, err := env.Scope(testType)
	require.NoError(t, err)
	x, diagnostics := scope.Compile("assets('Test::T').exists(x, x.asset.id == asset.name) && referrers('r', 'Test::T') == []", nil)
	require.Empty(t, diagnostics)
	inv := &asset.Inventory{}
	const n = 400
	for i := range n {
		account := asset.Scope{Provider: "test", Account: fmt.Sprint(i % 4)}
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: testType, ID: fmt.Sprint(i)}, Name: fmt.Sprint((i + 4) % n), Scope: account})
		inv.Add(&asset.Coverage{Scope: account, Type: testType, State: asset.Complete})
	}
	related := NewRelated(inv, nil)
	var met atomic.Int64
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			m := expr.NewMachine(expr.Limits{})
			for i := range n {
				subject, _ := inv.Get(asset.Ref{Type: testType, ID: fmt.Sprint((i + w*n/4) % n)})
				m.Begin(context.Background(), func(run *expr.Run, name string) (ref.Val, bool) { return related.Value(run, subject, name, nil) }, nil)
				if m.Eval(x).Truth() == expr.True {
					met.Add(1)
				}
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(4*n), met.Load())
	assert.Len(t, related.indexes, 4, "places that were indexed")
}
