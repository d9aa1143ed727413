package expr

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"github.com/openstance/stance/asset"
)

// The limits of expressions.
const (
	MaxSource = 32 << 10 // bytes of an expression
	MaxCost   = 1 << 26  // static estimate of the operations for lists of assumedList elements

	assumedList = 64
	maxRange    = 10_000 // elements of lists.range
)

// Env is what expressions can name: CEL with its extensions, the functions of
// Stance, object types from schemas, and the lookups of a binding. It is not safe for
// concurrent use; what it compiles is.
type Env struct {
	base *cel.Env
	// The functions as cel-go made them, by name, for machines to charge their budgets.
	bindings map[string][]*functions.Overload
	types    *typeSet
	lookups  []Lookup
}

// NewEnv returns an environment without variables.
func NewEnv(lookups ...Lookup) (*Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	e := &Env{types: newTypeSet(registry), lookups: lookups}
	opts := []cel.EnvOption{
		cel.StdLib(),
		cel.CustomTypeProvider(e.types),
		cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.OptionalTypes(),
		cel.EnableMacroCallTracking(),
		cel.CrossTypeNumericComparisons(true),
		cel.EnableErrorOnBadPresenceTest(true), // by a key that is not constant; see selecting
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(MaxSource),
		ext.Bindings(), ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(maxRange)), ext.Sets(), ext.Math(),
		ext.Encoders(), ext.Regex(), ext.TwoVarComprehensions(), ext.Network(),
	}
	opts = append(opts, helperOptions()...)
	opts = append(opts, e.lookupOptions()...)
	if e.base, err = cel.NewCustomEnv(opts...); err != nil {
		return nil, err
	}
	e.bindings = map[string][]*functions.Overload{}
	for name, f := range e.base.Functions() {
		if _, ok := e.workOf(name); !ok {
			return nil, fmt.Errorf("function %s has no work to charge", name)
		}
		if e.bindings[name], err = f.Bindings(); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Var is a variable of a scope.
type Var struct {
	Name string
	Type *cel.Type
	Path asset.Path // of the part of the subject that it holds, for [Expr.Reads]; empty: none
}

// Scope is a set of typed variables that expressions are compiled against.
type Scope struct {
	env     *Env
	cel     *cel.Env
	vars    []Var
	resolve Resolver // of lookups; nil: the types that they name are declared already
}

// Scope returns a scope with the variables.
func (e *Env) Scope(vars ...Var) (*Scope, error) {
	return (&Scope{env: e, cel: e.base}).With(vars...)
}

// With returns a scope with further variables.
func (s *Scope) With(vars ...Var) (*Scope, error) {
	opts := make([]cel.EnvOption, len(vars))
	for i, v := range vars {
		opts[i] = cel.Variable(v.Name, v.Type)
	}
	extended, err := s.cel.Extend(opts...)
	if err != nil {
		return nil, err
	}
	return &Scope{s.env, extended, append(s.vars[:len(s.vars):len(s.vars)], vars...), s.resolve}, nil
}

// Resolving returns the scope with a resolver of lookups.
func (s *Scope) Resolving(r Resolver) *Scope {
	resolving := *s
	resolving.resolve = r
	return &resolving
}

// Object declares an object type with the fields. The fields in always are present in
// every value; expressions must guard the others with has() or read them with .?. An
// expression that names the type must mean nothing else by it, such as a variable.
func (e *Env) Object(name string, fields map[string]*cel.Type, always ...string) *cel.Type {
	return e.types.declare(name, fields, always...)
}

// Shape returns the type of a part of a document, which messages call by the name.
func (e *Env) Shape(name string, s *asset.Shape) *cel.Type { return e.types.shape(name, s) }
