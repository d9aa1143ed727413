package expr

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// helper is a function of Stance. It handles unread parts itself: where its result
// depends on one, call returns an *asset.Unread as the error.
type helper struct {
	name   string // with "@" before it, the instant of the evaluation is the first argument, which a macro passes
	args   []*cel.Type
	result *cel.Type
	call   func(args []ref.Val) (any, error)
}

// helperOptions declares the helpers and the macros of those that want the instant.
func helperOptions() []cel.EnvOption {
	var opts []cel.EnvOption
	overloads := map[string][]cel.FunctionOpt{}
	for _, f := range helpers {
		id := strings.NewReplacer(".", "_", "@", "").Replace(f.name)
		if n := len(overloads[f.name]); n > 0 {
			id += "_" + strconv.Itoa(n+1)
		}
		overloads[f.name] = append(overloads[f.name], cel.Overload(id, f.args, f.result, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
			return f.bind(args)
		})))
		if f.isTimed() {
			opts = append(opts, cel.Macros(f.macro()))
		}
	}
	for _, f := range helpers {
		if o := overloads[f.name]; o != nil {
			// cel-go's own guards refuse a list whose first element is unknown.
			opts = append(opts, cel.Function(f.name, append(o, decls.DisableTypeGuards(true))...))
			delete(overloads, f.name)
		}
	}
	return opts
}

func (f helper) isTimed() bool { return f.name[0] == '@' }

// macro returns the macro that passes the instant to the helper.
func (f helper) macro() cel.Macro {
	expand := func(eh cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		if space, _, ok := strings.Cut(f.name[1:], "."); ok && (target.Kind() != ast.IdentKind || target.AsIdent() != space) {
			return nil, nil // a function of the same name of something else
		}
		return eh.NewCall(f.name, append([]ast.Expr{eh.NewIdent("now")}, args...)...), nil
	}
	if _, name, ok := strings.Cut(f.name, "."); ok {
		return cel.ReceiverMacro(name, len(f.args)-1, expand)
	}
	return cel.GlobalMacro(f.name[1:], len(f.args)-1, expand)
}

func (f helper) bind(args []ref.Val) ref.Val {
	for i, t := range f.args {
		if _, lister := args[i].(traits.Lister); t.Kind() == types.ListKind && lister {
			continue
		}
		if !t.IsAssignableRuntimeType(args[i]) {
			return types.NewErr("%s: argument %d is a %s", f.name, i+1, args[i].Type().TypeName())
		}
	}
	result, err := f.call(args)
	if err == nil {
		return types.DefaultTypeAdapter.NativeToValue(result)
	}
	var u *asset.Unread
	r := runOf(args)
	found, _ := result.([]string)
	if r == nil || !errors.As(err, &u) {
		failed := types.NewErr("%s: %v", f.name, err)
		if len(found) == 0 {
			return failed
		}
		// The items found are certain, and what decides without the rest does.
		all := make([]ref.Val, 0, len(found)+1)
		for _, s := range found {
			all = append(all, types.String(s))
		}
		return types.NewRefValList(types.DefaultTypeAdapter, append(all, failed))
	}
	if len(found) > 0 {
		// The items found are certain; there may be more.
		l := &List{Run: r, More: u}
		for _, s := range found {
			l.Items = append(l.Items, types.String(s))
		}
		return l
	}
	return r.Unknown(u)
}

// runOf returns the run of the first argument that belongs to one, or nil.
func runOf(args []ref.Val) *Run {
	for _, a := range args {
		switch x := a.(type) {
		case *object:
			return x.run
		case *list:
			return x.run
		case *List:
			return x.Run
		case Record:
			return x.Run()
		case *types.Optional:
			if x.HasValue() {
				return runOf([]ref.Val{x.GetValue()})
			}
		case traits.Lister:
			for it := x.Iterator(); it.HasNext() == types.True; {
				if r := runOf([]ref.Val{it.Next()}); r != nil {
					return r
				}
			}
		}
	}
	return nil
}

// helpers are all helpers, in the order in which they are declared.
var helpers = slices.Concat(basicHelpers, iamHelpers, netHelpers)

var basicHelpers = []helper{
	{"@age", []*cel.Type{cel.TimestampType, cel.DynType}, cel.DurationType, func(a []ref.Val) (any, error) {
		then, err := timeOf(a[1])
		if err != nil {
			return nil, err
		}
		return a[0].(types.Timestamp).Time.Sub(then), nil
	}},
	{"days", []*cel.Type{cel.IntType}, cel.DurationType, func(a []ref.Val) (any, error) {
		n := int64(a[0].(types.Int))
		if n > 100_000 || n < -100_000 {
			return nil, errors.New("out of range")
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}},
	{"unknown", []*cel.Type{cel.StringType}, cel.DynType, func(a []ref.Val) (any, error) {
		return nil, errors.New(string(a[0].(types.String)))
	}},
	{"secret.detected", []*cel.Type{cel.DynType}, cel.BoolType, func(a []ref.Val) (any, error) {
		names, err := detectors(a[0])
		if len(names) > 0 {
			return true, nil // other parts may be unread
		}
		return false, err
	}},
	{"secret.detectors", []*cel.Type{cel.DynType}, cel.ListType(cel.StringType), func(a []ref.Val) (any, error) {
		return detectors(a[0])
	}},
}

// timeOf reads a timestamp, a string (RFC 3339 or a date), or seconds since 1970.
func timeOf(v ref.Val) (time.Time, error) {
	switch x := v.(type) {
	case types.Timestamp:
		return x.Time, nil
	case types.Int:
		return time.Unix(int64(x), 0).UTC(), nil
	case types.String:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05", time.DateOnly} {
			if t, err := time.Parse(layout, string(x)); err == nil {
				return t, nil
			}
		}
		return time.Time{}, fmt.Errorf("invalid time %q (want RFC 3339 or a date)", string(x))
	}
	return time.Time{}, fmt.Errorf("invalid time of type %s (want timestamp, string or int)", v.Type().TypeName())
}

// detectors returns the names of the secret detectors that match a string in v: for a
// redacted string those that matched before. With an error, there may be more.
func detectors(v ref.Val) ([]string, error) {
	doc, err := ToValue(v)
	if err != nil {
		return nil, err
	}
	b := new(Budget)
	if r := runOf([]ref.Val{v}); r != nil {
		b = r.Budget()
	}
	return b.detectorsIn(doc)
}

func (b *Budget) detectorsIn(v asset.Value) (names []string, err error) {
	switch v.Kind() {
	case asset.UnreadPart:
		return nil, v.Unread()
	case asset.String:
		s, _ := v.Str()
		if r, ok := v.Redacted(); ok {
			return detectorsOf(r)
		}
		if r, ok := asset.ParseRedacted(s); ok {
			return detectorsOf(r)
		}
		b.Work(int64(len(s)) / 16) // by many detectors
		return secret.Detect(s), nil
	case asset.List:
		for i := range v.Len() {
			names, err = b.union(names, err, v.Index(i))
		}
	case asset.Map:
		for i := range v.Len() {
			_, x := v.MemberAt(i)
			names, err = b.union(names, err, x)
		}
		if v.IsPartial() {
			err = errors.Join(err, v.Get("").Err())
		}
	}
	return names, err
}

// detectorsOf returns the detectors of a redacted string, and an error if its content could
// not be searched.
func detectorsOf(r asset.Redacted) ([]string, error) {
	if !slices.Contains(r.Detectors, secret.Opaque) {
		return r.Detectors, nil
	}
	names := slices.DeleteFunc(slices.Clone(r.Detectors), func(d string) bool { return d == secret.Opaque })
	return names, &asset.Unread{Op: "secret.detectors", Reason: asset.Unsupported, Code: "Opaque", Message: "the content cannot be decoded"}
}

func (b *Budget) union(names []string, err error, v asset.Value) ([]string, error) {
	more, errMore := b.detectorsIn(v)
	for _, n := range more {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names, errors.Join(err, errMore)
}
