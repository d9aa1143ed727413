package expr_test

import (
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// sameDirectly holds that an expression says the same, for the same reason and in as
// many steps, as it does where cel-go alone evaluates it.
func sameDirectly(t *testing.T, b *bench, m *expr.Machine, x *expr.Expr, config asset.Value) {
	b.begin(m, config)
	got := m.Eval(x)
	left := expr.Left(m)
	value, kind := expr.Text(got.Value), got.Value.Type() // the value is valid until the next evaluation
	b.begin(m, config)
	want := m.Eval(expr.Plainly(x))
	what := []any{"%s\n%s", x.Source, show(config)}
	require.Equal(t, want.Unread, got.Unread, what...)
	if want.Err != nil {
		require.EqualError(t, got.Err, want.Err.Error(), what...)
	} else if require.NoError(t, got.Err, what...); want.Unread == nil {
		require.Equal(t, expr.Text(want.Value), value, what...)
		require.Equal(t, want.Value.Type(), kind, what...)
	}
	require.Equal(t, expr.Left(m), left, what...)
}

// condition writes a condition as policies have them: keys that are followed into
// documents, comparisons with constants, quantifiers. The fields it names need be
// neither there nor of the kind that it takes them for.
func (s *source) condition(roots []string, depth int) string {
	key := func() string { return s.one("b", "i", "s", "o", "ls", "li", "lo", "m", "any", "must", "'ls'", "'a'") }
	follow := func(optional bool) string {
		path := roots[s.n(len(roots))]
		for range 1 + s.n(3) {
			k := key()
			switch indexed := k[0] == '\''; {
			case indexed && optional:
				path += "[?" + k + "]"
			case indexed:
				path += "[" + k + "]"
			case optional:
				path += ".?" + k
			default:
				path += "." + k
			}
			optional = optional || s.n(4) == 0
		}
		return path
	}
	read := func(zeros ...string) string {
		switch s.n(6) {
		case 0:
			return follow(false)
		case 1:
			return roots[len(roots)-1]
		}
		return follow(true) + ".orValue(" + s.one(zeros...) + ")"
	}
	if depth > 0 {
		switch s.n(8) {
		case 0, 1:
			return "(" + s.condition(roots, depth-1) + s.one(" && ", " || ") + s.condition(roots, depth-1) + ")"
		case 2:
			return "!(" + s.condition(roots, depth-1) + ")"
		case 3, 4:
			v := s.one("v", "w", "config")
			return read("[]", "[]", "['a']", "''") + s.one(".exists(", ".all(") + v + ", " + s.condition(append(roots, v), depth-1) + ")"
		case 5:
			return read("[]", "{}") + s.one(".exists_one(", ".exists(w, ", ".all(w, ") + "v, " + s.condition(append(roots, "v"), depth-1) + ")"
		case 6:
			return read("[]", "{}") + ".filter(v, " + s.condition(append(roots, "v"), depth-1) + ") == []"
		}
	}
	switch s.n(8) {
	case 0:
		return read("false", "true", "0")
	case 1, 2:
		return read("''", "'a'", "1", "dyn('a')") + s.one(" == ", " != ") + s.one("'a'", "'b'", "'ab'", "''", "1", "true", "null")
	case 3:
		return read("''", "'a'") + " in " + s.one("['a', 'ab']", "['b', '']", "['c']", "['a', 1]", "[]")
	case 4:
		return read("0", "1", "22", "''", "1.0") + s.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + s.one("0", "1", "22", "-1", "1.5")
	case 5:
		return read("''", "'ab'") + s.one(".startsWith(", ".endsWith(", ".contains(", ".matches(") + s.one("'a'", "'b'", "''") + ")"
	case 6:
		return read("[]", "''") + ".size() > 0"
	}
	return "has(" + follow(false) + ")"
}

// loose is a bench without a schema.
func loose(t testing.TB) *bench {
	b := newBench(t)
	env, err := expr.NewEnv()
	require.NoError(t, err)
	b.scope, err = env.Scope(documentsOf(env, "Test::Loose", &asset.Schema{})...)
	require.NoError(t, err)
	return b
}

// checkDirectly returns how many nodes of the expression read documents directly.
func checkDirectly(t *testing.T, b *bench, text string, s *source) int {
	x, problems := b.scope.Compile(text, nil)
	if problems != nil {
		return 0
	}
	m := expr.NewMachine(expr.Limits{})
	for range 4 {
		raw := s.value(b.schema.Config, 0)
		doc := document(t, raw)
		sameDirectly(t, b, m, x, doc)
		unread, _ := obscure(s, raw, thingNames, doc)
		sameDirectly(t, b, m, x, unread)
	}
	return expr.Direct(x)
}

func TestReadsDirectlyWhatCELReads(t *testing.T) {
	typed, dyn := newBench(t), loose(t)
	n, direct := 1500, 0
	if testing.Short() {
		n = 500
	}
	for _, seed := range seeds(n) {
		s := newSource(seed)
		direct += checkDirectly(t, dyn, s.condition([]string{"config"}, s.n(5)), s)
		g := &generator{source: s, vars: map[string]kind{}}
		direct += checkDirectly(t, typed, g.expr(boolean, 1+s.n(4)), s)
	}
	assert.Greater(t, direct, 2*n)
}

// A null member of a map reads as absent. A null element of a list is no map, so a key of
// it is an error.
func TestFollowsKeysOfNull(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	doc := document(t, map[string]any{
		"any": []any{nil, map[string]any{"a": true}, []any{1.5}}, "ls": []any{nil}, "lo": []any{map[string]any{"o": nil}},
		"o": nil, "m": map[string]any{"b": map[string]any{"k": 3}},
	})
	for source, want := range map[string]expr.Truth{
		"config.any.exists(w, w.?lo.?lo.orValue('a') in ['a', 'ab'])": expr.True,
		"config.any.all(w, w.?a.orValue(false))":                      expr.Unknown,
		"config.any.exists(w, has(w.a))":                              expr.True,
		"config.any.exists(w, w == null)":                             expr.True,
		"config.ls.exists(w, w.?lo.orValue('a') in ['a'])":            expr.Unknown,
		"config.ls.exists(w, w.?lo.orValue('a') == 'a')":              expr.Unknown,
		"config.ls.exists(w, w[?'lo'].orValue(1) > 0)":                expr.Unknown,
		"config.ls.exists(w, !has(w.lo))":                             expr.Unknown,
		"config.ls.all(w, has(w.lo))":                                 expr.Unknown,
		"config.ls.all(w, w.?lo.orValue([]).all(v, v == 'a'))":        expr.Unknown,
		"config.ls.all(w, w.lo == 'a')":                               expr.Unknown,
		"config.lo.exists(w, w.?o.?a.orValue('a') == 'a')":            expr.True,
		"config.lo.exists(w, has(w.o))":                               expr.False,
		"config.lo.exists(w, !has(w.o.a))":                            expr.Unknown,
		"config.?o.?a.orValue('a') == 'a'":                            expr.True,
		"!has(config.o.a)":                                            expr.Unknown,
		"(!(config.lo.size() > 0) || config.any.exists(w, w.?lo.orValue('a') in ['a'])) || config.lo.filter(v, v.?o.orValue(1) != 1) == []": expr.True,
		// The value is a map.
		"config.?m.?b.orValue(false)": expr.Unknown,
	} {
		x, problems := b.scope.Compile(source, nil)
		require.Empty(t, problems, source)
		assert.Equal(t, want, b.eval(m, x, doc).Truth(), source)
		sameDirectly(t, b, m, x, doc)
	}
}

// A variable of a loop hides one of the subject, which a leading dot reaches. A string
// has no field.
func TestLoopHidesVariables(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	for source, want := range map[string]expr.Truth{
		"config.ls.exists(config, config == 'b')":                                                               expr.True,
		"config.ls.exists(config, config.?s.orValue('none') == 'a')":                                            expr.Unknown,
		"config.ls.exists(config, .config.s == 'a')":                                                            expr.True,
		"config.ls.all(v, v != 'a' || config.lo.exists(v, v.s == 'c'))":                                         expr.True,
		"config.ls.exists(v, config.lo.map(v, v.s) == ['c'] && v == 'b')":                                       expr.True,
		"config.ls.exists(v, cel.bind(v, config.lo[0], v.s == 'c') && v == 'b')":                                expr.True,
		"config.lo.exists(v, cel.bind(v, {'s': 'd'}, v.?s.orValue('') == 'd') && v.s == 'c')":                   expr.True,
		"config.lo.exists(v, v.s == 'c' && config.ls.exists(i, v, v == 'b') && config.ls.exists(v, i, v == 1))": expr.True,
		"config.lo.exists(v, v.s == 'c' && config.ls.all(w, w != v.s) && config.ls.exists(v, v == 'a'))":        expr.True,
	} {
		x, problems := b.scope.Compile(source, cel.BoolType)
		require.Empty(t, problems, source)
		doc := document(t, map[string]any{"s": "a", "ls": []any{"a", "b"}, "lo": []any{map[string]any{"s": "c"}}})
		assert.Equal(t, want, b.eval(m, x, doc).Truth(), source)
		sameDirectly(t, b, m, x, doc)
	}
}

// An unknown comes before an error, and the first of each before others. An element that is
// unread comes before what its pass reads.
func TestLoopThatDoesNotDecide(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	unread := func(i int) any { return (&asset.Unread{Op: "test:Get", Message: string(rune('0' + i))}).Value() }
	things := []any{map[string]any{"s": "b"}, map[string]any{"t": 1}, []any{1}, unread(0), unread(1), map[string]any{"s": unread(2)}}
	for _, source := range []string{
		"config.ls.exists(v, v.s == 'a')",
		"config.ls.all(v, config.?must.?m.orValue(1) < 1.5 && v[?'s'].orValue(false))",
		"config.ls.exists(v, config.must == 'a' || v.s == 'a' || v == 'b')",
		"config.ls.all(v, config.must == 'a' && config.ls.exists(w, w.s == 'a' || v.s == 'c'))",
	} {
		x, problems := b.scope.Compile(source, nil)
		require.Empty(t, problems, source)
		for i := range things {
			for j := range things {
				for k := range things {
					doc, err := asset.Of(map[string]any{"ls": []any{things[i], things[j], things[k]}, "must": unread(3)})
					require.NoError(t, err)
					sameDirectly(t, b, m, x, doc)
				}
			}
		}
	}
}

// Patterns of documents are held to the limit of their programs in loops, too.
func TestLoopOverPatterns(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	x, problems := b.scope.Compile("config.ls.exists(v, v.matches(config.s))", cel.BoolType)
	require.Empty(t, problems)
	doc := document(t, map[string]any{"ls": []any{"a"}, "s": "a|b{1000}"})
	require.Error(t, b.eval(m, x, doc).Err)
	sameDirectly(t, b, m, x, doc)
}

// What a loop held when its evaluation was given up is of no concern to the next.
func TestLoopThatWasGivenUp(t *testing.T) {
	b, m := loose(t), expr.NewMachine(expr.Limits{})
	x, problems := b.scope.Compile("config.ls.all(u, config.ls.all(v, config.ls.all(w, w != 'k' && v != 'k' && u != 'k')))", cel.BoolType)
	require.Empty(t, problems)
	many := make([]any, 200)
	for i := range many {
		many[i] = "a"
	}
	got := b.eval(m, x, document(t, map[string]any{"ls": many}))
	require.ErrorIs(t, got.Err, expr.ErrTooCostly)
	keys := document(t, map[string]any{"ls": map[string]any{"k": 1}})
	assert.Equal(t, expr.False, b.eval(m, x, keys).Truth())
}

func FuzzReadsDirectlyWhatCELReads(f *testing.F) {
	for _, seed := range seeds(20) {
		f.Add(seed)
	}
	b := loose(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := newSource(data)
		checkDirectly(t, b, s.condition([]string{"config"}, s.n(5)), s)
	})
}
