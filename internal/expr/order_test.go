package expr_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// cel-go iterates over its own maps in a random order, which decides nothing.
func TestMapsAreInOrder(t *testing.T) {
	b := loose(t)
	unread := func(message string) any { return (&asset.Unread{Op: "test:Get", Message: message}).Value() }
	doc, err := asset.Of(map[string]any{
		"s": "", "m": map[string]any{"a": "x", "b": "x", "k": 3}, "n": map[string]any{"a": "x", "b": "y", "c": "z"},
		"p": map[string]any{"a": unread("fourth")}, "o": map[string]any{"a": unread("first"), "b": unread("second"), "c": unread("third")},
	})
	require.NoError(t, err)
	for source, want := range map[string]string{
		"json.encode({'c': 1, 'a': [{'f': 1, 'd': 2, 'e': 3}], 'b': 3})":                           `"{\"a\":[{\"d\":2,\"e\":3,\"f\":1}],\"b\":3,\"c\":1}"`,
		"json.encode({'c': config.s, 'a': {'e': config.s, 'd': config.n}, 'b': 3})":                `"{\"a\":{\"d\":{\"a\":\"x\",\"b\":\"y\",\"c\":\"z\"},\"e\":\"\"},\"b\":3,\"c\":\"\"}"`,
		"yaml.encode({'c': config.s, 'a': 2, 'b': 3})":                                             `"a: 2\nb: 3\nc: \"\"\n"`,
		"{'1': 'string', 1: 'integer', config.s: 1}":                                               `{"":1,"1":"string"}`,
		"dyn({'a': 'x', 'b': 'x', config.s: 1}) != dyn(config.m)":                                  "true",
		"dyn({'a': 'y', 'b': 'x', 'k': config.s}) == dyn(config.m)":                                "false",
		"dyn({'a': 'x', 'b': 'x', 'k': 3, config.s: 1}) in [dyn({'b': 1, 'a': 2, 'c': 3, '': 1})]": "false",
		"dyn(config.o) == dyn({'a': 1, 'b': 2, 'c': 3})":                                           "unknown",
		"dyn({'c': 1, 'b': 2, 'a': 3}) == dyn(config.o)":                                           "unknown",
		"json.encode({'b': config.p, 'a': config.o}) == ''":                                        "unknown",
		"dyn(config.m).transformMap(k, v, true, v).exists(k, k == 'b')":                            "true",
		"{'b': 1, 'a': 2, 'c': config.s}.exists(k, k == 'b')":                                      "true",
		"[1, 2].transformMapEntry(i, v, {'b': 1, 'a': 2, 'c': config.s}).size() == 3":              "error: insert failed: key a already exists",
	} {
		t.Run(source, func(t *testing.T) {
			x, problems := b.scope.Compile(source, nil)
			require.Empty(t, problems)
			var first expr.Result
			var left [2]int64
			var steps []string
			for i := range 30 {
				m := expr.NewMachine(expr.Limits{})
				got := b.eval(m, x, doc)
				require.Equal(t, want, expr.Text(got.Value))
				if i == 0 {
					first, left = got, expr.Left(m)
				}
				require.Equal(t, first.Unread, got.Unread)
				require.Equal(t, left, expr.Left(m))
				b.begin(m, doc)
				explained := outline(m.Explain(x), nil)
				if i == 0 {
					steps = explained
				}
				require.Equal(t, steps, explained)
			}
		})
	}
}

// outline lists the results and reads of the steps of an explanation.
func outline(s *expr.Step, lines []string) []string {
	lines = append(lines, s.Source+" is "+expr.Text(s.Result.Value))
	for _, r := range s.Reads {
		lines = append(lines, string(r.Path))
	}
	for _, child := range s.Steps {
		lines = outline(child, lines)
	}
	return lines
}
