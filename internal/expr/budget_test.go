package expr_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// The arguments of functions of a size.
func textOf(n int) ref.Val  { return types.String(strings.Repeat("ab ", n)) }
func bytesOf(n int) ref.Val { return types.Bytes(strings.Repeat("ab ", n)) }

func textsOf(n int) ref.Val {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprint("item ", i)
	}
	return types.NewStringList(types.DefaultTypeAdapter, items)
}

func listsOf(n int) ref.Val {
	return types.NewRefValList(types.DefaultTypeAdapter, []ref.Val{textsOf(n)})
}

func mapOf(n int) ref.Val {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint("key ", i)] = "value"
	}
	return types.NewStringStringMap(types.DefaultTypeAdapter, m)
}

// sized has arguments of a size for every function whose work depends on them.
var sized = func() map[string]func(n int) []ref.Val {
	one := func(of func(int) ref.Val) func(int) []ref.Val {
		return func(n int) []ref.Val { return []ref.Val{of(n)} }
	}
	two := func(of func(int) ref.Val) func(int) []ref.Val {
		return func(n int) []ref.Val { return []ref.Val{of(n), of(n)} }
	}
	with := func(of func(int) ref.Val, more ...ref.Val) func(int) []ref.Val {
		return func(n int) []ref.Val { return append([]ref.Val{of(n)}, more...) }
	}
	item := func(n int) []ref.Val { return []ref.Val{types.String("none"), textsOf(n)} }
	rows := map[string]func(int) []ref.Val{
		"@in": item, "in": item, "_in_": item,
		"_+_":   two(textOf),
		"@age":  func(n int) []ref.Val { return []ref.Val{types.Timestamp{}, textOf(n)} },
		"bytes": one(textOf), "string": one(bytesOf),
		"optional.unwrap": one(textsOf), "unwrapOpt": one(textsOf),
		"charAt": with(textOf, types.Int(1)), "substring": with(textOf, types.Int(1)),
		"indexOf": with(textOf, types.String("x")), "lastIndexOf": with(textOf, types.String("x")),
		"reverse": one(textOf), "replace": with(textOf, types.String("a"), types.String("bbbb")), "split": with(textOf, types.String("a")),
		"join": one(textsOf), "format": func(n int) []ref.Val { return []ref.Val{types.String("%s"), textsOf(n)} },
		"matches": with(textOf, types.String("a+x")), "regex.extract": with(textOf, types.String("a+x")),
		"regex.extractAll": with(textOf, types.String("a+x")), "regex.replace": with(textOf, types.String("a+x"), types.String("b")),
		"base64.encode": one(bytesOf), "base64.encodeUrl": one(bytesOf), "base64.decode": one(textOf), "base64.decodeUrl": one(textOf),
		"json.encode": one(mapOf), "yaml.encode": one(mapOf), "json.parse": one(textOf), "yaml.parse": one(textOf),
		"slice":       with(textsOf, types.Int(0), types.Int(1)),
		"lists.range": func(n int) []ref.Val { return []ref.Val{types.Int(n)} },
		"flatten":     one(listsOf), "distinct": one(textsOf), "sort": one(textsOf), "@sortByAssociatedKeys": two(textsOf),
		"cel.@mapInsert": two(mapOf), "math.@max": one(textsOf), "math.@min": one(textsOf),
	}
	for _, name := range []string{"size", "bool", "int", "uint", "double", "timestamp", "duration", "lowerAscii", "upperAscii", "trim", "strings.quote",
		"ip", "isIP", "ip.isCanonical", "cidr", "isCIDR", "containsIP", "containsCIDR"} {
		rows[name] = one(textOf)
	}
	for _, name := range []string{"_<_", "_<=_", "_>_", "_>=_", "contains", "startsWith", "endsWith"} {
		rows[name] = two(textOf)
	}
	for _, name := range []string{"hasAll", "hasAny", "hasOnly", "hasExactly", "sets.contains", "sets.intersects", "sets.equivalent"} {
		rows[name] = two(textsOf)
	}
	for _, name := range []string{"getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getHours", "getMinutes", "getSeconds", "getMilliseconds"} {
		rows[name] = func(n int) []ref.Val { // a time zone is a file
			args := []ref.Val{types.Timestamp{}}
			if n > 100 {
				args = append(args, types.String("Europe/Paris"))
			}
			return args
		}
	}
	return rows
}()

// helperArguments are those of functions of Stance: the first document has the size.
func helperArguments(n int) []ref.Val { return []ref.Val{mapOf(n), textsOf(n), textsOf(n)} }

// TestEveryFunctionIsCharged holds that no function or operator is without a row, that
// those whose work depends on their arguments charge it, and that each of them ends at a
// small budget.
func TestEveryFunctionIsCharged(t *testing.T) {
	env, err := expr.NewEnv()
	require.NoError(t, err)
	works, large := expr.Works(), expr.Limits{Operations: 1 << 40, Bytes: 1 << 40}
	assert.ElementsMatch(t, expr.Functions(env), slices.Collect(maps.Keys(works)))
	for name, depends := range works {
		arguments, ok := sized[name]
		if strings.Contains(name, "iam.") || strings.Contains(name, "net.") || strings.Contains(name, "secret.") || name == "unknown" {
			arguments, ok = helperArguments, true
		}
		if !depends {
			assert.NotContains(t, sized, name)
			continue
		}
		if !assert.True(t, ok, "%s has no arguments of a size", name) {
			continue
		}
		small, err := expr.Charge(context.Background(), large, env, name, arguments(64)...)
		require.NoError(t, err, name)
		big, err := expr.Charge(context.Background(), large, env, name, arguments(1024)...)
		require.NoError(t, err, name)
		fits := name == "format" || name == "json.encode" || name == "yaml.encode"
		assert.True(t, big.Operations >= 8*small.Operations && big.Operations > 30 || big.Bytes >= 8*small.Bytes && big.Bytes > 1000, "%s: %v, then %v", name, small, big)
		if big.Operations > 30 {
			_, err = expr.Charge(context.Background(), expr.Limits{Operations: big.Operations - 1}, env, name, arguments(1024)...)
			assert.ErrorIs(t, err, expr.ErrTooCostly, name)
		}
		if big.Bytes > 1000 || fits {
			_, err = expr.Charge(context.Background(), expr.Limits{Bytes: max(big.Bytes-1, 1000)}, env, name, arguments(1024)...)
			assert.ErrorIs(t, err, expr.ErrTooCostly, name)
		}
	}
}

// TestEveryExampleHasItsBudget evaluates the example of everything that expressions can
// call with exactly the operations that it takes, and with one operation less.
func TestEveryExampleHasItsBudget(t *testing.T) {
	env, err := expr.NewEnv()
	require.NoError(t, err)
	scope, err := env.Scope(expr.Var{Name: "now", Type: cel.TimestampType})
	require.NoError(t, err)
	evaluate := func(x *expr.Expr, limits expr.Limits) (expr.Result, expr.Limits) {
		m := expr.NewMachine(limits)
		m.Begin(context.Background(), func(_ *expr.Run, name string) (ref.Val, bool) {
			return types.Timestamp{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, name == "now"
		}, nil)
		before := expr.Left(m)
		r := m.Eval(x)
		after := expr.Left(m)
		return r, expr.Limits{Operations: before[0] - after[0], Bytes: before[1] - after[1]}
	}
	for _, f := range env.Functions() {
		x, diagnostics := scope.Compile("lists.range(20).map(i, "+f.Example+").size() == 20", nil)
		require.Empty(t, diagnostics, f.Example)
		r, used := evaluate(x, expr.Limits{})
		require.NoError(t, r.Err, f.Example)
		assert.Greater(t, used.Operations, int64(20), f.Example)
		r, again := evaluate(x, expr.Limits{Operations: used.Operations})
		assert.NoError(t, r.Err, f.Example)
		assert.Equal(t, used, again)
		r, _ = evaluate(x, expr.Limits{Operations: used.Operations - 1})
		assert.ErrorIs(t, r.Err, expr.ErrTooCostly, f.Example)
		r, _ = evaluate(x, expr.Limits{Bytes: used.Bytes - 1})
		assert.ErrorIs(t, r.Err, expr.ErrTooCostly, f.Example)
	}
}

// looking is a context that counts how often it is looked at, and ends then.
type looking struct {
	context.Context
	looks, last int
}

var errLooked = errors.New("looked at often enough")

func (l *looking) Err() error {
	if l.looks++; l.last > 0 && l.looks >= l.last {
		return errLooked
	}
	return nil
}

func (l *looking) Value(any) any { return nil }

// evaluations are expressions that take long for a document of a size.
var evaluations = []string{
	"config.l.all(x, config.l.all(y, x != '' && y != ''))",
	"config.l.map(x, x).distinct().size() >= 0",
	"sets.contains(config.l, config.l)",
	"config.l.sort().size() >= 0 && config.l.map(x, x).sort().size() >= 0",
	"config.l.sortBy(x, x).size() >= 0",
	"config.l == config.l.map(x, x) && config.l.map(x, x) == config.l",
	"config.l.exists(x, 'none' in config.l)",
	"config.t.matches('(a|b|c)+x')",
	"regex.extractAll(config.t, '(a|b) x?').size() >= 0",
	"regex.replace(config.t, 'a', 'b').size() >= 0",
	"json.encode(config.l.map(x, config.l)).size() >= 0",
	"config.l.all(x, (x + config.t).size() > 0)",
	"secret.detected(config.l.map(x, config.l))",
}

func sizedDocument(t *testing.T) asset.Value {
	many := make([]any, 200)
	for i := range many {
		many[i] = fmt.Sprint("item ", i)
	}
	return document(t, map[string]any{"l": many, "t": strings.Repeat("ab ", 4000)})
}

// The context is looked at for every 1,024 operations and 64 KiB of values that are
// charged in steps, and an evaluation ends with the cause as soon as it is canceled.
func TestContextIsLookedAt(t *testing.T) {
	b, doc := loose(t), sizedDocument(t)
	for _, source := range evaluations {
		x, problems := b.scope.Compile(source, cel.BoolType)
		require.Empty(t, problems, source)
		m := expr.NewMachine(expr.Limits{})
		variables := func(r *expr.Run, name string) (ref.Val, bool) {
			return r.Document(asset.Ref{}, name, doc), name == "config"
		}
		ctx := &looking{Context: context.Background()}
		m.Begin(ctx, variables, nil)
		before := expr.Left(m)
		require.NoError(t, m.Eval(x).Err, source)
		after := expr.Left(m)
		due := (before[0]-after[0])/1024 + (before[1]-after[1])/(64<<10)
		require.Positive(t, due, source)
		if !strings.Contains(source, "(a|b|c)") { // charged at once, and looked at while it is read
			assert.GreaterOrEqual(t, int64(ctx.looks), due/2, source)
		}
		assert.Positive(t, ctx.looks, source)

		ctx = &looking{Context: context.Background(), last: 1 + ctx.looks/2}
		m.Begin(ctx, variables, nil)
		err := m.Eval(x).Err
		require.Error(t, err, source)
		assert.NotErrorIs(t, err, expr.ErrTooCostly, source)
		assert.LessOrEqual(t, ctx.looks, ctx.last+4, source)
	}
}

// Parts that values share cost as much as if each were a value of its own.
func TestSharedPartsAreCharged(t *testing.T) {
	b := loose(t)
	for _, source := range []string{
		"%s == %s", "%s in [%s]", "json.encode(%s) == json.encode(%s)", "'%%s'.format([%s]) == '%%s'.format([%s])",
		"[%s].distinct() == [%s]", "sets.equivalent([%s], [%s])", "%s.flatten(20) == %s.flatten(20)", "secret.detected(%s) == secret.detected(%s)",
		"{'a': %s} == {'a': %s}", "optional.of(%s) == optional.of(%s)", "yaml.encode(%s) == yaml.encode(%s)",
	} {
		source = fmt.Sprintf(source, "v12", "v12")
		for i := 12; i > 0; i-- {
			source = fmt.Sprintf("cel.bind(v%d, [v%d, v%d], %s)", i, i-1, i-1, source)
		}
		x, problems := b.scope.Compile("cel.bind(v0, dyn([config.?a.orValue('a')]), "+source+")", nil)
		require.Empty(t, problems, source)
		m := expr.NewMachine(expr.Limits{Operations: 4000})
		assert.ErrorIs(t, b.eval(m, x, document(t, map[string]any{})).Err, expr.ErrTooCostly, source)
	}
}

// A let that was given up gives up what uses it, although || absorbs errors.
func TestLetIsGivenUp(t *testing.T) {
	b := loose(t)
	let, problems := b.scope.Compile("lists.range(1000).all(i, i >= 0)", cel.BoolType)
	require.Empty(t, problems)
	scope, err := b.scope.With(expr.Var{Name: "slow", Type: let.Type})
	require.NoError(t, err)
	x, problems := scope.Compile("slow || true", cel.BoolType)
	require.Empty(t, problems)
	m := expr.NewMachine(expr.Limits{Operations: 500})
	m.Begin(context.Background(), func(*expr.Run, string) (ref.Val, bool) { return nil, false }, []expr.Let{{Name: "slow", Expr: let}})
	assert.EqualError(t, m.Eval(x).Err, "expression given up: more than 500 operations")
}

// What an expression made is not written out where it shares parts with itself, neither as
// the text of a result nor in an error.
func TestTextOfSharedParts(t *testing.T) {
	b := loose(t)
	doubled := func(inner string) string {
		for i := 20; i > 0; i-- {
			inner = fmt.Sprintf("cel.bind(v%d, [v%d, v%d], %s)", i, i-1, i-1, inner)
		}
		return "cel.bind(v0, dyn([config.?a.orValue('a')]), " + inner + ")"
	}
	for source, want := range map[string]string{
		doubled("v20"):                      "a list with many parts",
		doubled("optional.of({'a': v20})"):  "a map with many parts",
		doubled("dyn({'a': 1})[dyn(v20)]"):  "error: invalid key of type list",
		doubled("dyn({'a': 1})[?dyn(v20)]"): "error: invalid key of type list",
		"dyn({'a': 1})[dyn([1])] == 1":      "error: invalid key of type list",
		"[[1, 2], ['a']]":                   `[[1,2],["a"]]`,
	} {
		x, problems := b.scope.Compile(source, nil)
		require.Empty(t, problems, source)
		r := b.eval(expr.NewMachine(expr.Limits{}), x, document(t, map[string]any{}))
		assert.Contains(t, expr.Text(r.Value), want, source)
	}
}

// An evaluation tells a bounded number of unread parts apart.
func TestManyUnreadParts(t *testing.T) {
	b := loose(t)
	var many []any
	for i := range 1500 {
		many = append(many, (&asset.Unread{Op: "test:Get", Message: fmt.Sprint(i)}).Value())
	}
	doc, err := asset.Of(map[string]any{"l": many})
	require.NoError(t, err)
	x, problems := b.scope.Compile("config.l.exists(x, x == 'a')", cel.BoolType)
	require.Empty(t, problems)
	r := b.eval(expr.NewMachine(expr.Limits{}), x, doc)
	assert.Equal(t, expr.Unknown, r.Truth())
	require.Len(t, r.Unread, 1001)
	assert.Equal(t, "more than 1000 parts", r.Unread[1000].Message)
}
