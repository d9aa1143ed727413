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
	name   string
	args   []*cel.Type
	result *cel.Type
	call   func(args []ref.Val) (any, error)
}

// helperOptions declares the helpers, and the macro age(t), which passes the instant of
// the evaluation to one.
func helperOptions() []cel.EnvOption {
	opts := []cel.EnvOption{
		cel.Macros(cel.GlobalMacro("age", 1, func(eh cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			return eh.NewCall("@age", eh.NewIdent("now"), args[0]), nil
		})),
	}
	overloads := map[string][]cel.FunctionOpt{}
	for _, f := range helpers {
		id := strings.NewReplacer(".", "_", "@", "").Replace(f.name)
		if n := len(overloads[f.name]); n > 0 {
			id += "_" + strconv.Itoa(n+1)
		}
		overloads[f.name] = append(overloads[f.name], cel.Overload(id, f.args, f.result, cel.FunctionBinding(func(args ...ref.Val) ref.Val {
			return f.bind(args)
		})))
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
	if r == nil || !errors.As(err, &u) {
		return types.NewErr("%s: %v", f.name, err)
	}
	if found, ok := result.([]string); ok && len(found) > 0 {
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
	return detectorsIn(doc)
}

func detectorsIn(v asset.Value) (names []string, err error) {
	switch v.Kind() {
	case asset.UnreadPart:
		return nil, v.Unread()
	case asset.String:
		s, _ := v.Str()
		if r, ok := v.Redacted(); ok {
			return r.Detectors, nil
		}
		if r, ok := asset.ParseRedacted(s); ok {
			return r.Detectors, nil
		}
		return secret.Detect(s), nil
	case asset.List:
		for i := range v.Len() {
			names, err = union(names, err, v.Index(i))
		}
	case asset.Map:
		for i := range v.Len() {
			_, x := v.MemberAt(i)
			names, err = union(names, err, x)
		}
		if v.IsPartial() {
			err = errors.Join(err, v.Get("").Err())
		}
	}
	return names, err
}

func union(names []string, err error, v asset.Value) ([]string, error) {
	more, errMore := detectorsIn(v)
	for _, n := range more {
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names, errors.Join(err, errMore)
}
