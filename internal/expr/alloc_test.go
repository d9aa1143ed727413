//go:build !race

package expr_test

import (
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/expr"
)

// What is plain is decided without a value on the heap. The race detector makes the
// pools of cel-go drop what they are given now and then.
func TestEvaluationAllocatesNothing(t *testing.T) {
	b, m := newBench(t), expr.NewMachine(expr.Limits{})
	doc := document(t, map[string]any{
		"s": "a", "i": 22, "ls": []any{"x", "y"},
		"lo": []any{map[string]any{"s": "a", "i": 1, "ls": []any{"p"}}, map[string]any{"s": "b", "i": 2, "ls": []any{"q"}}},
	})
	for source, want := range map[string]expr.Truth{
		"config.?s.orValue('') == 'a' && config.?o.?s.orValue('none') in ['none', 'other']":                                        expr.True,
		"config.?lo.orValue([]).exists(r, r.?s.orValue('') == 'b' && r.?i.orValue(0) <= 22 && r.?ls.orValue([]).all(x, x != 'p'))": expr.True,
		"has(config.i) && has(config.must) || !config.?ls.orValue([]).exists(x, x.startsWith('y'))":                                expr.False,
	} {
		x, problems := b.scope.Compile(source, cel.BoolType)
		require.Empty(t, problems, source)
		require.Equal(t, want, b.eval(m, x, doc).Truth(), source)
		assert.Zero(t, testing.AllocsPerRun(200, func() { m.Eval(x) }), source)
	}
}
