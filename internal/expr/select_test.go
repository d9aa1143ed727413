package expr_test

import (
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// A scalar or a list in place of a map is no absent part: nothing is known of what
// should be there.
func TestFieldsOfScalarsAreUnknown(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	parts := map[string]any{"string": "s", "integer": 5, "number": 1.5, "boolean": true, "list": []any{"s"}}
	for _, source := range []string{
		"config.?a.?b.orValue('d') == 'd'",
		"config.?a.b.orValue('d') == 'd'",
		"config.?a[?'b'].orValue('d') == 'd'",
		"config.a.?b.orValue('d') == 'd'",
		"!has(config.a.b)",
		"!config.?a.?b.hasValue()",
		"config.?a.?b.?c == optional.none()",
		"config.?a.orValue({}).?b.orValue('d') == 'd'",
		"[config.?a].exists(v, v.?b.orValue('d') == 'd')",
		"config.l.all(v, v.?b.orValue('d') == 'd')",
		"config.l.all(v, !has(v.b))",
		"(has(config.a) ? config.a : config).?b.orValue('d') == 'd'",
		"config.a.b == 'd'",
		"config.?a[?config.s].orValue('d') == 'd'",
	} {
		x, problems := b.scope.Compile(source, cel.BoolType)
		require.Empty(t, problems, source)
		for name, part := range parts {
			doc := document(t, map[string]any{"a": part, "l": []any{part}, "s": "b"})
			got := b.eval(m, x, doc)
			assert.Equal(t, expr.Unknown, got.Truth(), "%s of a %s", source, name)
			if source != "config.?a[?config.s].orValue('d') == 'd'" { // an error
				if assert.NotEmpty(t, got.Unread, "%s of a %s", source, name) {
					assert.Equal(t, asset.Malformed, got.Unread[0].Reason, "%s of a %s", source, name)
					assert.Contains(t, got.Why().Error(), name+", want a map")
				}
			}
			sameDirectly(t, b, m, x, doc)
		}
		absent := b.eval(m, x, document(t, map[string]any{"a": map[string]any{}, "l": []any{}, "s": "b"}))
		assert.NotEqual(t, expr.False, absent.Truth(), source)
	}
}

func TestFieldsOfScalarsDoNotMatterWhereSomethingElseDecides(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	x, problems := b.scope.Compile("config.?a.?b.orValue('d') == 'd' || config.s == 'b'", cel.BoolType)
	require.Empty(t, problems)
	assert.Equal(t, expr.True, b.eval(m, x, document(t, map[string]any{"a": "s", "s": "b"})).Truth())
}

func TestComparisonsThatAreNeverEqual(t *testing.T) {
	b := loose(t)
	for source, ok := range map[string]bool{
		"config.?a != null":                     false,
		"null == config.?a":                     false,
		"config.?a.b != null":                   false,
		"config.?a == config.b":                 false,
		"config.l.exists(v, v.?a != null)":      false,
		"config.?a.orValue(null) != null":       true,
		"config.?a == config.?b":                true,
		"config.?a == optional.none()":          true,
		"has(config.a) && config.a != null":     true,
		"config.?a.hasValue() && config.a == 1": true,
	} {
		_, problems := b.scope.Compile(source, cel.BoolType)
		if ok {
			assert.Empty(t, problems, source)
			continue
		}
		if assert.Len(t, problems, 1, source) {
			assert.Contains(t, problems[0].Message, "never equal", source)
		}
	}
}
