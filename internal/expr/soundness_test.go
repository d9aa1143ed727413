package expr_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// bench evaluates expressions over things.
type bench struct {
	schema *asset.Schema
	scope  *expr.Scope
	plain  *cel.Env
}

func newBench(t testing.TB) *bench {
	b := &bench{schema: thing(t)}
	env, err := expr.NewEnv()
	require.NoError(t, err)
	b.scope, err = env.Scope(append(documentsOf(env, "Test::Thing", b.schema), expr.Var{Name: "now", Type: cel.TimestampType})...)
	require.NoError(t, err)
	b.plain, err = cel.NewEnv(cel.Variable("config", cel.DynType), cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true), ext.Bindings(), ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(10_000)), ext.Sets(), ext.Math(),
		ext.Encoders(), ext.Regex(), ext.TwoVarComprehensions(), ext.Network())
	require.NoError(t, err)
	return b
}

// documentsOf returns the variables for the documents of a schema.
func documentsOf(env *expr.Env, name string, s *asset.Schema) []expr.Var {
	var vars []expr.Var
	for _, doc := range []string{"config", "status", "access"} {
		vars = append(vars, expr.Var{Name: doc, Type: env.Shape(name+"."+doc, s.Document(doc)), Path: asset.Path(doc)})
	}
	return vars
}

func (b *bench) begin(m *expr.Machine, config asset.Value) {
	m.Begin(context.Background(), func(r *expr.Run, name string) (ref.Val, bool) {
		switch name {
		case "config":
			return r.Document(asset.Ref{Type: "Test::Thing", ID: "t"}, name, config), true
		case "now":
			return types.Timestamp{Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}, true
		}
		return nil, false
	}, nil)
}

func (b *bench) eval(m *expr.Machine, x *expr.Expr, config asset.Value) expr.Result {
	b.begin(m, config)
	return m.Eval(x)
}

// settled is what a result says, and whether it says anything: a value without
// unread parts. Errors say nothing.
func settled(r expr.Result) (asset.Value, bool) {
	if r.Err != nil || types.IsUnknownOrError(r.Value) {
		return asset.Value{}, false
	}
	v, err := expr.ToValue(r.Value)
	if err != nil {
		return asset.Value{}, false
	}
	for _, mark := range v.Marks() {
		if mark.Unread() != nil {
			return asset.Value{}, false
		}
	}
	return v, true
}

var kindsOfResults = []kind{boolean, boolean, boolean, integer, text, texts, ints, textMap}

// seeds yields the inputs of a test that is not fuzzed.
func seeds(n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = binary.BigEndian.AppendUint64(nil, uint64(i)*0x9e3779b97f4a7c15)
	}
	return all
}

// checkOracle compares the value of a random expression over a random document,
// all of which was read, with what cel-go says of it as maps.
func checkOracle(t *testing.T, b *bench, data []byte) (compiled bool) {
	s := newSource(data)
	g := &generator{source: s, vars: map[string]kind{}, common: true}
	text := g.expr(kindsOfResults[s.n(len(kindsOfResults))], 1+s.n(4))
	x, problems := b.scope.Compile(text, nil)
	if problems != nil {
		return false
	}
	ast, iss := b.plain.Compile(text)
	if iss.Err() != nil {
		return false // where a part of the document has no type, cel-go derives others elsewhere
	}
	program, err := b.plain.Program(ast, cel.EvalOptions(cel.OptOptimize))
	require.NoError(t, err)
	for range 4 {
		raw := s.value(b.schema.Config, 0)
		doc := document(t, raw)
		got := b.eval(expr.NewMachine(expr.Limits{}), x, doc)
		if malformed(got) {
			continue // cel-go finds a field of a scalar absent, or an error
		}
		want, _, err := program.Eval(map[string]any{"config": plain(raw)})
		if err != nil && strings.Contains(err.Error(), "no such overload") {
			continue // it knows less of the types of elements
		}
		if err != nil {
			assert.Error(t, got.Err, "%s\n%s\ncel-go: %v", text, doc, err)
			continue
		}
		if !assert.NoError(t, got.Err, "%s\n%s\ncel-go: %v", text, doc, want) {
			continue
		}
		v, ok := settled(got)
		wantValue, err := expr.ToValue(want)
		require.Equal(t, err == nil, ok, "%s\n%s", text, doc)
		assert.True(t, !ok || withoutNull(t, v).Equal(wantValue), "%s\n%s\ngot %s, cel-go %s", text, doc, v, wantValue)
	}
	return true
}

// malformed reports whether a result is unknown because a field of a scalar was selected.
func malformed(r expr.Result) bool {
	return slices.ContainsFunc(r.Unread, func(u *asset.Unread) bool { return u.Code == asset.CodeMalformed })
}

// withoutNull returns a value without members that are null: they read as absent.
func withoutNull(t *testing.T, v asset.Value) asset.Value {
	d := json.NewDecoder(bytes.NewReader(v.AppendJSON(nil)))
	d.UseNumber()
	var x any
	require.NoError(t, d.Decode(&x))
	return document(t, plain(x))
}

func TestAgreesWithCEL(t *testing.T) {
	b, compiled := newBench(t), 0
	n := 1000
	if testing.Short() {
		n = 500
	}
	for _, seed := range seeds(n) {
		if checkOracle(t, b, seed) {
			compiled++
		}
		if t.Failed() {
			return
		}
	}
	assert.Greater(t, compiled, n*8/10, "most expressions that are generated compile")
}

func FuzzAgreesWithCEL(f *testing.F) {
	for _, seed := range seeds(20) {
		f.Add(seed)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkOracle(t, b, data) })
}

var thingNames = []string{"a", "b", "k", "s", "i", "o", "any", "ls", "lo", "m"}

// obscure returns a document with random parts unread, and the paths to them.
// Names are those of members that could be there.
func obscure(s *source, raw any, names []string, doc asset.Value) (asset.Value, []asset.Path) {
	all := paths(raw, names, "", nil)
	var hidden []asset.Path
	for range 1 + s.n(4) {
		p := all[s.n(len(all))]
		u := &asset.Unread{Op: "test:Get", Code: "AccessDenied", Message: string(p)}
		if v, err := doc.At(p); err != nil || v.Unread() != nil {
			continue // inside of a part that is unread already
		}
		marked, err := doc.Set(p, u.Value())
		if err != nil {
			continue
		}
		doc = marked
		hidden = append(hidden, p)
	}
	return doc, hidden
}

// complete returns a document with every unread part replaced by something that
// could have been there.
func complete(t *testing.T, s *source, schema *asset.Schema, doc asset.Value) asset.Value {
	for {
		var at asset.Path
		found := false
		for p, mark := range doc.Marks() {
			if mark.Unread() != nil {
				at, found = p, true
				break
			}
		}
		if !found {
			return doc
		}
		steps, err := at.Steps()
		require.NoError(t, err)
		var filled asset.Value
		last := steps[len(steps)-1]
		if inMap := last.Key != ""; !inMap || s.n(4) > 0 {
			shape, err := schema.Config.At(at)
			if err != nil {
				shape = nil
			}
			filled = document(t, s.value(shape, 2))
		}
		doc, err = doc.Set(at, filled)
		require.NoError(t, err, "%s", at)
	}
}

type tally struct{ compiled, decided int }

// checkSoundness holds the promise that what was not read never decides: what an
// expression says of a document with unread parts it says of everything that the
// document could have been.
func checkSoundness(t *testing.T, b *bench, data []byte) (n tally) {
	s := newSource(data)
	g := &generator{source: s, vars: map[string]kind{}}
	text := g.expr(kindsOfResults[s.n(len(kindsOfResults))], 1+s.n(4))
	x, problems := b.scope.Compile(text, nil)
	if problems != nil {
		return n
	}
	n.compiled++
	m := expr.NewMachine(expr.Limits{})
	for range 6 {
		raw := s.value(b.schema.Config, 0)
		doc, hidden := obscure(s, raw, thingNames, document(t, raw))
		if hidden == nil {
			continue
		}
		got := b.eval(m, x, doc)
		said, ok := settled(got)
		if !ok {
			assert.Error(t, why(got), "%s\n%s: unknown without a reason", text, show(doc))
			continue
		}
		n.decided++
		for range 6 {
			full := complete(t, s, b.schema, doc)
			then, ok := settled(b.eval(m, x, full))
			if !assert.True(t, ok && then.Equal(said), "%s\nsays %s of\n%s\nwith unread %v\nbut %s of\n%s", text, said, doc, hidden, then, full) {
				return n
			}
		}
	}
	return n
}

// why is why a result is not settled: a list or map may have unread parts.
func why(r expr.Result) error {
	if r.Err == nil && r.Unread == nil && !types.IsUnknownOrError(r.Value) {
		return fmt.Errorf("in part")
	}
	return r.Why()
}

func TestUnreadPartsDoNotDecide(t *testing.T) {
	b, n := newBench(t), 1000
	if testing.Short() {
		n = 500
	}
	var sum tally
	for _, seed := range seeds(n) {
		got := checkSoundness(t, b, seed)
		sum.compiled += got.compiled
		sum.decided += got.decided
		if t.Failed() {
			return
		}
	}
	assert.Greater(t, sum.compiled, n*8/10)
	assert.Greater(t, sum.decided, n, "many documents decide in spite of their unread parts")
}

func FuzzUnreadPartsDoNotDecide(f *testing.F) {
	for _, seed := range seeds(20) {
		f.Add(seed)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, data []byte) { checkSoundness(t, b, data) })
}
