package expr_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// source makes choices: those of data, then random ones, so that a fuzzer can
// change a choice and keep the others.
type source struct {
	data []byte
	rng  *rand.Rand
}

func newSource(data []byte) *source {
	var seed [32]byte
	for i, b := range data {
		seed[i%32] = seed[i%32]*31 + b
	}
	return &source{data, rand.New(rand.NewChaCha8(seed))}
}

func (s *source) n(n int) int {
	if len(s.data) > 0 {
		b := s.data[0]
		s.data = s.data[1:]
		return int(b) % n
	}
	return s.rng.IntN(n)
}

func (s *source) one(of ...string) string { return of[s.n(len(of))] }

// shapes is a small schema with a field of every kind.
const shapes = `{"Test::Thing": {"config": {
	"b": "b", "i": "i", "s": "s", "any": "a", "must:a": "s",
	"o": {"b": "b", "i": "i", "s": "s", "ls": ["s"]},
	"ls": ["s"], "li": ["i"], "lb": ["b"], "lls": [["s"]],
	"lo": [{"b": "b", "i": "i", "s": "s", "ls": ["s"]}],
	"m": {"*": "s"}, "mi": {"*": "i"}, "mo": {"*": {"b": "b", "i": "i", "s": "s", "ls": ["s"]}}}}}`

func thing(t testing.TB) *asset.Schema {
	all, err := asset.ParseSchemas([]byte(shapes))
	require.NoError(t, err)
	return all[0]
}

// value makes a value of a shape, sometimes of another kind where nothing is known of it.
func (s *source) value(shape *asset.Shape, depth int) any {
	if shape == nil {
		shape = &asset.Shape{}
	}
	switch shape.Kind {
	case asset.BoolShape:
		return s.n(2) == 0
	case asset.IntShape:
		return []int64{0, 1, 2, 3, -1, 22, 9007199254740993}[s.n(7)]
	case asset.StringShape:
		return s.one("", "a", "b", "ab", "c", "10.0.0.1", "true", "2")
	case asset.ListShape:
		list := make([]any, s.n(4))
		for i := range list {
			list[i] = s.value(shape.Elem, depth+1)
		}
		return list
	case asset.MapShape:
		m := map[string]any{}
		for _, k := range []string{"a", "b", "k"} {
			if s.n(2) == 0 {
				m[k] = s.value(shape.Elem, depth+1)
			}
		}
		return m
	case asset.ObjectShape:
		m := map[string]any{}
		for _, f := range shape.Fields {
			if f.Mark.Has(asset.Always) || s.n(3) > 0 {
				m[f.Name] = s.value(f.Shape, depth+1)
			}
		}
		return m
	}
	kinds := []*asset.Shape{
		{Kind: asset.BoolShape}, {Kind: asset.IntShape}, {Kind: asset.StringShape}, nil,
		{Kind: asset.ListShape}, {Kind: asset.MapShape}, {Kind: asset.ListShape, Elem: &asset.Shape{Kind: asset.StringShape}},
	}
	kind := kinds[s.n(len(kinds))]
	switch {
	case kind == nil:
		return []any{nil, 1.5, -0.25}[s.n(3)]
	case depth > 3:
		return s.value(kinds[s.n(3)], depth)
	}
	return s.value(kind, depth)
}

// kinds of expressions.
type kind string

const (
	boolean kind = "bool"
	integer kind = "int"
	text    kind = "string"
	texts   kind = "[]string"
	ints    kind = "[]int"
	objects kind = "[]object"
	textMap kind = "map[string]string"
	intMap  kind = "map[string]int"
	object  kind = "object"
	dynamic kind = "dyn"
)

// fields are the fields of an object by their kinds.
var fields = map[kind]string{boolean: "b", integer: "i", text: "s", texts: "ls"}

var zeros = map[kind]string{
	boolean: "false", integer: "0", text: "''", texts: "[]", ints: "[]", objects: "[]", textMap: "{}", intMap: "{}",
}

// generator writes expressions over the schema.
type generator struct {
	*source
	vars map[string]kind // local variables
	// common restricts to what CEL has by itself, and what does not depend on the
	// order of the members of maps.
	common bool
}

func (g *generator) with(name string, k kind, body func() string) string {
	old, was := g.vars[name]
	g.vars[name] = k
	s := body()
	delete(g.vars, name)
	if was {
		g.vars[name] = old
	}
	return s
}

// fresh returns a name for a local variable.
func (g *generator) fresh() string { return fmt.Sprintf("v%d", len(g.vars)) }

// local returns a local variable of a kind.
func (g *generator) local(k kind) (string, bool) {
	var names []string
	for name, of := range g.vars {
		if of == k {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "", false
	}
	slices.Sort(names)
	return names[g.n(len(names))], true
}

// optional writes an expression of an optional value of a kind.
func (g *generator) optional(k kind, depth int) string {
	if name, ok := fields[k]; ok {
		switch g.n(7) {
		case 0:
			return "config.?o.?" + name
		case 1:
			return "config.?lo.orValue([])[?" + g.one("0", "1", "2") + "].?" + name
		case 2:
			return "config.?mo[?" + g.expr(text, depth-1) + "].?" + name
		case 3:
			if v, ok := g.local(object); ok {
				return v + ".?" + name
			}
		}
	}
	switch {
	case k == text && g.n(3) == 0:
		return g.one("config.?m[?'a']", "config.?m[?'b']", "config.?ls.orValue([])[?0]", "config.?ls.orValue([])[?1]")
	case k == integer && g.n(3) == 0:
		return "config.?mi[?" + g.expr(text, depth-1) + "]"
	case depth > 0 && g.n(6) == 0:
		return g.optional(k, depth-1) + ".or(" + g.optional(k, depth-1) + ")"
	case depth > 0 && g.n(6) == 0:
		v := g.fresh()
		from := []kind{text, integer, boolean}[g.n(3)]
		of := g.optional(from, depth-1)
		return of + ".optMap(" + v + ", " + g.with(v, from, func() string { return g.expr(k, depth-1) }) + ")"
	case depth > 0 && g.n(8) == 0:
		return g.one("optional.of(", "optional.ofNonZeroValue(") + g.expr(k, depth-1) + ")"
	}
	return "config.?" + map[kind]string{
		boolean: "b", integer: "i", text: "s", texts: "ls", ints: "li", objects: "lo", textMap: "m", intMap: "mi", object: "o", dynamic: "any",
	}[k]
}

// read writes a way to a part of the document.
func (g *generator) read(k kind, depth int) string {
	if v, ok := g.local(k); ok && g.n(2) == 0 {
		return v
	}
	switch k {
	case object:
		return g.one("dyn(config).o", "dyn(config).lo[0]", "dyn(config).mo.a", "dyn(config).any", "dyn(config)")
	case dynamic:
		return g.one("dyn(config).any", "dyn(config)", "dyn(config).o", "dyn(config).lo", "dyn(config.?li)", "dyn(config).mo",
			"dyn(config).any.a", "dyn(config).any[0]", "dyn(config)['any']", "dyn(config).lls", "dyn(config).lb")
	case text:
		if g.n(4) == 0 {
			return g.one("config.must", "dyn(config).s", "dyn(config).o.s", "dyn(config).m.a", "dyn(config).ls[0]", "dyn(config).any")
		}
	case boolean, integer, texts:
		if g.n(6) == 0 {
			return g.one("dyn(config).", "dyn(config).o.", "dyn(config).lo[0].") + fields[k]
		}
	}
	return g.optional(k, depth) + ".orValue(" + zeros[k] + ")"
}

func (g *generator) expr(k kind, depth int) string {
	if depth <= 0 || g.n(5) == 0 {
		if g.n(3) > 0 || k == object || k == dynamic {
			return g.read(k, depth)
		}
		return g.literal(k)
	}
	switch g.n(12) {
	case 0:
		return "(" + g.expr(boolean, depth-1) + " ? " + g.expr(k, depth-1) + " : " + g.expr(k, depth-1) + ")"
	case 1:
		v := g.fresh()
		of := []kind{boolean, integer, text, texts, objects}[g.n(5)]
		bound := g.expr(of, depth-1)
		return "cel.bind(" + v + ", " + bound + ", " + g.with(v, of, func() string { return g.expr(k, depth-1) }) + ")"
	case 2:
		return g.optional(k, depth-1) + ".orValue(" + g.expr(k, depth-1) + ")"
	}
	switch k {
	case boolean:
		return g.boolean(depth)
	case integer:
		return g.integer(depth)
	case text:
		return g.text(depth)
	case texts, ints, objects:
		return g.list(k, depth)
	case textMap, intMap:
		return g.mapping(k, depth)
	}
	return g.read(k, depth)
}

func (g *generator) literal(k kind) string {
	switch k {
	case boolean:
		return g.one("true", "false")
	case integer:
		return g.one("0", "1", "2", "22", "-1")
	case text:
		return g.one("''", "'a'", "'b'", "'ab'", "'k'", "'10.0.0.1'")
	case texts:
		return g.one("[]", "['a']", "['a', 'b']", "['b', 'a', 'a']")
	case ints:
		return g.one("[]", "[1]", "[1, 2]", "[22, 0, 1]")
	case textMap:
		return g.one("{}", "{'a': 'b'}", "{'a': 'a', 'k': ''}")
	case intMap:
		return g.one("{}", "{'a': 1}", "{'b': 2, 'a': 0}")
	}
	return "[]"
}

// anyKind picks a kind to compare.
func (g *generator) anyKind() kind {
	return []kind{boolean, integer, text, texts, ints, objects, textMap, intMap, object, dynamic}[g.n(10)]
}

func elementOf(k kind) kind {
	return map[kind]kind{texts: text, ints: integer, objects: object, textMap: text, intMap: integer}[k]
}

func (g *generator) boolean(depth int) string {
	d := depth - 1
	switch g.n(26) {
	case 0, 1, 2:
		return "(" + g.expr(boolean, d) + g.one(" && ", " || ") + g.expr(boolean, d) + ")"
	case 3:
		return "!(" + g.expr(boolean, d) + ")"
	case 4, 5:
		k := g.anyKind()
		return "dyn(" + g.expr(k, d) + ")" + g.one(" == ", " != ") + "dyn(" + g.expr(k, d) + ")"
	case 6:
		k := []kind{integer, text}[g.n(2)]
		return "(" + g.expr(k, d) + g.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + g.expr(k, d) + ")"
	case 7:
		k := []kind{texts, ints}[g.n(2)]
		return g.expr(elementOf(k), d) + " in " + g.expr(k, d)
	case 8:
		return g.expr(text, d) + " in " + g.expr([]kind{textMap, intMap}[g.n(2)], d)
	case 9:
		k := g.anyKind()
		return "dyn(" + g.expr(k, d) + ") in [" + g.expr(dynamic, d) + ", dyn(" + g.expr(k, d) + ")]"
	case 10:
		return "dyn(" + g.expr(g.anyKind(), d) + ") in " + g.read(dynamic, d)
	case 11:
		return g.one("has(config.s)", "has(config.o)", "has(config.lo)", "has(config.any)", "has(dyn(config).o.s)", "has(dyn(config).any.a)",
			"has(dyn(config).m.a)", "has(config.m)", "'s' in dyn(config)", "'any' in dyn(config)", "has(config.o) && has(config.o.b) && config.o.b")
	case 12:
		return g.optional(g.anyKind(), d) + ".hasValue()"
	case 13:
		k := []kind{boolean, integer, text, texts, objects, textMap}[g.n(6)]
		return g.optional(k, d) + g.one(" == ", " != ") + g.one("optional.none()", "optional.of("+g.expr(k, d)+")", g.optional(k, d))
	case 14, 15, 16:
		k := []kind{texts, ints, objects}[g.n(3)]
		v := g.fresh()
		of := g.expr(k, d)
		return of + g.one(".all(", ".exists(", ".exists_one(", ".existsOne(") + v + ", " +
			g.with(v, elementOf(k), func() string { return g.expr(boolean, d) }) + ")"
	case 17:
		v := g.fresh()
		of := g.read(dynamic, d)
		return of + g.one(".all(", ".exists(", ".exists_one(") + v + ", " + g.with(v, dynamic, func() string { return g.expr(boolean, d) }) + ")"
	case 18:
		return g.twoVariables(d)
	case 19:
		k := []kind{textMap, intMap}[g.n(2)]
		v := g.fresh()
		of := g.expr(k, d)
		return of + g.one(".all(", ".exists(", ".exists_one(") + v + ", " + g.with(v, text, func() string { return g.expr(boolean, d) }) + ")"
	case 20:
		return g.expr(text, d) + g.one(".startsWith(", ".endsWith(", ".contains(") + g.expr(text, d) + ")"
	case 21:
		return g.expr(text, d) + ".matches(" + g.one("'^a'", "'b$'", "'[0-9]+'") + ")"
	case 22:
		k := []kind{texts, ints}[g.n(2)]
		return g.one("sets.contains(", "sets.intersects(", "sets.equivalent(") + g.expr(k, d) + ", " + g.expr(k, d) + ")"
	case 23:
		return g.one("type(", "type(dyn(") + g.read(dynamic, d) + g.one(") == string", ")) == map", ") == list", ") == int")
	case 24:
		if !g.common {
			return g.one("secret.detected("+g.read(dynamic, d)+")", "secret.detected("+g.expr(texts, d)+")",
				"json.parse("+g.expr(text, d)+").hasValue()", "age("+g.expr(text, d)+") > days(1)",
				"secret.detectors("+g.read(dynamic, d)+") == []")
		}
		return g.one("isIP(", "isCIDR(") + g.expr(text, d) + ")"
	}
	return "cidr('10.0.0.0/8').containsIP(" + g.expr(text, d) + ")"
}

func (g *generator) twoVariables(d int) string {
	k := []kind{texts, ints, objects, textMap, intMap}[g.n(5)]
	if g.common {
		k = []kind{texts, ints, objects}[g.n(3)]
	}
	first := integer
	if k == textMap || k == intMap {
		first = text
	}
	a := g.fresh()
	of := g.expr(k, d)
	return g.with(a, first, func() string {
		b := g.fresh()
		return g.with(b, elementOf(k), func() string {
			args := of + "%s(" + a + ", " + b + ", "
			switch g.n(5) {
			case 0:
				return fmt.Sprintf(args, ".transformList") + g.expr(boolean, d) + ", " + g.expr(text, d) + ") == " + g.expr(texts, d)
			case 1:
				return fmt.Sprintf(args, ".transformMap") + g.expr(boolean, d) + ", " + g.expr(integer, d) + ").size() == " + g.expr(integer, d)
			case 2:
				return fmt.Sprintf(args, ".transformMapEntry") + "{string(" + a + "): " + g.expr(integer, d) + "}) == " + g.expr(intMap, d)
			}
			return fmt.Sprintf(args, g.one(".all", ".exists", ".existsOne")) + g.expr(boolean, d) + ")"
		})
	})
}

func (g *generator) integer(depth int) string {
	d := depth - 1
	switch g.n(9) {
	case 0, 1:
		return g.expr([]kind{text, texts, ints, objects, textMap, intMap}[g.n(6)], d) + ".size()"
	case 2:
		return "size(" + g.read(dynamic, d) + ")"
	case 3:
		return "(" + g.expr(integer, d) + g.one(" + ", " - ", " * ", " / ", " % ") + g.expr(integer, d) + ")"
	case 4:
		return g.expr(ints, d) + "[" + g.expr(integer, d) + "]"
	case 5:
		return g.one("math.greatest(", "math.least(") + g.expr(ints, d) + ")"
	case 6:
		return "int(" + g.expr(text, d) + ")"
	case 7:
		return g.expr(text, d) + ".indexOf(" + g.expr(text, d) + ")"
	}
	return g.expr(intMap, d) + "[" + g.expr(text, d) + "]"
}

func (g *generator) text(depth int) string {
	d := depth - 1
	switch g.n(11) {
	case 0:
		return "(" + g.expr(text, d) + " + " + g.expr(text, d) + ")"
	case 1:
		return g.expr(texts, d) + "[" + g.expr(integer, d) + "]"
	case 2:
		return g.expr(textMap, d) + "[" + g.expr(text, d) + "]"
	case 3:
		return g.expr(texts, d) + ".join(" + g.one("", "'a'", "','") + ")"
	case 4:
		return "string(" + g.expr([]kind{integer, boolean, text}[g.n(3)], d) + ")"
	case 5:
		return g.expr(text, d) + g.one(".lowerAscii()", ".upperAscii()", ".trim()", ".reverse()")
	case 6:
		return g.expr(text, d) + ".replace(" + g.expr(text, d) + ", " + g.expr(text, d) + ")"
	case 7:
		return "'%s %s'.format([" + g.expr(g.anyKind(), d) + ", " + g.expr(g.anyKind(), d) + "])"
	case 8:
		return "regex.replace(" + g.expr(text, d) + ", 'a', " + g.expr(text, d) + ")"
	case 9:
		return "string(base64.decode(" + g.expr(text, d) + "))"
	}
	return g.expr(text, d) + ".substring(" + g.expr(integer, d) + ")"
}

func (g *generator) list(k kind, depth int) string {
	d := depth - 1
	el := elementOf(k)
	v := g.fresh()
	switch g.n(12) {
	case 0:
		return "(" + g.expr(k, d) + " + " + g.expr(k, d) + ")"
	case 1, 2:
		of := g.expr(k, d)
		return of + ".filter(" + v + ", " + g.with(v, el, func() string { return g.expr(boolean, d) }) + ")"
	case 3:
		if el != object {
			return "[" + g.expr(el, d) + ", " + g.expr(el, d) + "]"
		}
	case 4:
		return g.expr(k, d) + g.one(".reverse()", ".distinct()")
	case 5:
		return g.expr(k, d) + ".slice(" + g.one("0", "1") + ", " + g.expr(integer, d) + ")"
	case 6, 7:
		if el != object {
			from := []kind{texts, ints, objects}[g.n(3)]
			of := g.expr(from, d)
			return g.with(v, elementOf(from), func() string {
				if g.n(2) == 0 {
					return of + ".map(" + v + ", " + g.expr(boolean, d) + ", " + g.expr(el, d) + ")"
				}
				return of + ".map(" + v + ", " + g.expr(el, d) + ")"
			})
		}
	case 8:
		if k == texts {
			return g.one(g.expr(text, d)+".split("+g.one("'a'", "''", "','")+")", g.expr(k, d)+".sort()", "config.?lls.orValue([]).flatten()")
		}
	case 9:
		if k == ints {
			return g.one("lists.range("+g.expr(integer, d)+" % 5)", g.expr(k, d)+".sort()")
		}
	case 10:
		if k == texts && !g.common {
			from := []kind{textMap, intMap}[g.n(2)]
			of := g.expr(from, d)
			return of + ".map(" + v + ", " + g.with(v, text, func() string { return g.expr(text, d) }) + ")"
		}
		if k == objects {
			of := g.expr(k, d)
			return of + ".sortBy(" + v + ", " + g.with(v, el, func() string { return g.expr(text, d) }) + ")"
		}
	}
	return g.read(k, d)
}

func (g *generator) mapping(k kind, depth int) string {
	d := depth - 1
	el := elementOf(k)
	switch g.n(4) {
	case 0:
		return "{'a': " + g.expr(el, d) + ", " + g.expr(text, d) + ": " + g.expr(el, d) + "}"
	case 1, 2:
		from := []kind{textMap, intMap}[g.n(2)]
		of := g.expr(from, d)
		a := g.fresh()
		return g.with(a, text, func() string {
			b := g.fresh()
			return g.with(b, elementOf(from), func() string {
				return of + ".transformMap(" + a + ", " + b + ", " + g.expr(boolean, d) + ", " + g.expr(el, d) + ")"
			})
		})
	}
	return g.read(k, d)
}

// plain returns a document as CEL would see it without Stance: maps without members that are null.
func plain(x any) any {
	switch x := x.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, v := range x {
			if v != nil {
				m[k] = plain(v)
			}
		}
		return m
	case []any:
		l := make([]any, len(x))
		for i, v := range x {
			l[i] = plain(v)
		}
		return l
	}
	return x
}

func document(t testing.TB, x any) asset.Value {
	b, err := json.Marshal(x)
	require.NoError(t, err)
	v, err := asset.Parse(b)
	require.NoError(t, err)
	return v
}

// paths returns the paths to every part of a value, and to members of maps that could
// be there by their names.
func paths(x any, names []string, at asset.Path, to []asset.Path) []asset.Path {
	if at != "" {
		to = append(to, at)
	}
	switch x := x.(type) {
	case map[string]any:
		keys := slices.AppendSeq(slices.Clone(names), maps.Keys(x))
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			if v, ok := x[k]; ok {
				to = paths(v, names, at.Key(k), to)
			} else {
				to = append(to, at.Key(k))
			}
		}
	case []any:
		for i, v := range x {
			to = paths(v, names, at.Index(i), to)
		}
	}
	return to
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func show(vs ...asset.Value) string {
	var lines []string
	for _, v := range vs {
		lines = append(lines, v.String())
	}
	return strings.Join(lines, "\n")
}
