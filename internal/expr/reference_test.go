package expr_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/expr"
)

// TestExamples evaluates the example of every function and compares the result.
func TestExamples(t *testing.T) {
	env, err := expr.NewEnv()
	require.NoError(t, err)
	scope, err := env.Scope(expr.Var{Name: "now", Type: cel.TimestampType})
	require.NoError(t, err)
	m := expr.NewMachine(expr.Limits{})
	for _, f := range env.Functions() {
		t.Run(f.Kind+" "+f.Name, func(t *testing.T) {
			assert.Contains(t, []string{"operator", "macro", "function"}, f.Kind)
			assert.NotEmpty(t, f.Group)
			assert.NotEmpty(t, f.Signatures)
			assert.True(t, strings.HasSuffix(f.Doc, ".") && strings.Count(f.Doc, ". ") == 0, "one sentence: %s", f.Doc)
			name := f.Name
			if f.Kind == "operator" {
				name = strings.Trim(name[:1], "[?:") // the others enclose operands
			}
			assert.Contains(t, f.Example, name)
			x, diagnostics := scope.Compile(f.Example, nil)
			require.Empty(t, diagnostics, f.Example)
			m.Begin(context.Background(), func(_ *expr.Run, name string) (ref.Val, bool) {
				return types.Timestamp{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, name == "now"
			}, nil)
			r := m.Eval(x)
			require.NoError(t, r.Why(), f.Example)
			assert.Equal(t, f.Result, expr.Text(r.Value), f.Example)
		})
	}
}

// TestFunctionsAreDocumented holds the documentation to what the environment has:
// every operator, function and macro has one entry, and every entry exists.
func TestFunctionsAreDocumented(t *testing.T) {
	env, err := expr.NewEnv()
	require.NoError(t, err)
	var operators, names []string
	for _, f := range env.Functions() {
		if f.Kind == "operator" {
			operators = append(operators, f.Name)
		} else {
			names = append(names, f.Name)
		}
	}
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "one entry for each name")
	assert.ElementsMatch(t, expr.Names(env), names)
	assert.ElementsMatch(t, expr.Operators(env), operators)
}
