package expr

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/ext"

	"github.com/openstance/stance/asset"
)

// Limits of expressions: the same for every policy and every way to run one.
const (
	MaxSource = 32 << 10 // bytes of an expression
	MaxCost   = 1 << 26  // static estimate of the operations for lists of assumedList elements
	MaxSteps  = 1 << 22  // passes through the bodies of comprehensions in one evaluation

	assumedList      = 64
	assumedAncestors = 8
)

// Env is what expressions can name: CEL with its extensions, the functions of
// Stance, and object types from schemas. It is not safe for concurrent use;
// what it compiles is.
type Env struct {
	base  *cel.Env
	types *typeSet
}

// NewEnv returns an environment without variables.
func NewEnv() (*Env, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	ts := newTypeSet(registry)
	ts.declare("asset", metaFields, "id", "type", "name", "class", "provider", "account", "region", "tags", "origin")
	opts := []cel.EnvOption{
		cel.CustomTypeProvider(ts),
		cel.CustomTypeAdapter(types.DefaultTypeAdapter),
		cel.OptionalTypes(),
		cel.EnableMacroCallTracking(),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.RegexProgramSizeLimit(1000),
		ext.Bindings(), ext.Strings(), ext.Lists(ext.ListsMaxRangeSize(10_000)), ext.Sets(), ext.Math(),
		ext.Encoders(), ext.Regex(), ext.TwoVarComprehensions(), ext.Network(),
	}
	opts = append(opts, functionOptions()...)
	opts = append(opts, relationOptions()...)
	base, err := cel.NewCustomEnv(append([]cel.EnvOption{cel.StdLib()}, opts...)...)
	if err != nil {
		return nil, err
	}
	return &Env{base, ts}, nil
}

// Var is a variable of a scope.
type Var struct {
	Name string
	Type *cel.Type
}

// Scope is a named set of typed variables that expressions are compiled against:
// the shape of a subject. It knows nothing of what the subject is.
type Scope struct {
	env  *Env
	cel  *cel.Env
	vars []Var
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
	return &Scope{s.env, extended, append(s.vars[:len(s.vars):len(s.vars)], vars...)}, nil
}

// Object declares an object type with the fields. Those in always are known to be
// in every value; the others must be guarded by has() or read with .?. The name must not
// be one that an expression can spell to read something, such as that of a variable.
func (e *Env) Object(name string, fields map[string]*cel.Type, always ...string) *cel.Type {
	return e.types.declare(name, fields, always...)
}

// Shape returns the type of a part of a document; name is what messages call it.
func (e *Env) Shape(name string, s *asset.Shape) *cel.Type { return e.types.shape(name, s) }

// Asset returns the types of the variables asset, config, status and access of a
// type of asset, and declares the type for follow() and its like. A nil schema makes
// the documents dynamic.
func (e *Env) Asset(t asset.Type, s *asset.Schema) []Var {
	if s == nil {
		s = &asset.Schema{Type: t}
	}
	meta, _ := e.types.FindStructType("asset")
	vars := []Var{
		{"asset", meta.Parameters()[0]},
		{"config", e.document(t, "config", s.Config)},
		{"status", e.document(t, "status", s.Status)},
		{"access", e.document(t, "access", s.Access)},
	}
	fields := map[string]*cel.Type{}
	for _, v := range vars {
		fields[v.Name] = v.Type
	}
	e.types.declare(string(t), fields, "asset", "config", "status", "access")
	return vars
}

func (e *Env) document(t asset.Type, name string, s *asset.Shape) *cel.Type {
	return e.types.shape(string(t)+"."+name, s)
}

// Diagnostic is something wrong with an expression.
type Diagnostic struct {
	Offset  int    // bytes before it in the source, or -1
	Message string // one line
	Snippet string // the line of the source with a caret under the place
}

// Expr is a compiled expression. It is immutable and may be shared.
type Expr struct {
	Source string
	Type   *cel.Type
	scope  *Scope
	ast    *cel.Ast
	plan   planInfo
}

// Types names the assets that the macros follow, referrers, assets and ancestors
// ask for in source, so that they can be declared before it is compiled. A source
// that does not parse names none.
func (e *Env) Types(source string) []asset.Type {
	parsed, iss := e.base.Parse(source)
	if iss.Err() != nil {
		return nil
	}
	var found []asset.Type
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		if call, ok := relationCall(x); ok {
			found = append(found, asset.Type(call.Args()[2].AsIdent()))
		}
	}))
	return found
}

// relationCall returns the call if x is an expanded relation macro.
func relationCall(x ast.Expr) (ast.CallExpr, bool) {
	if x.Kind() != ast.CallKind {
		return nil, false
	}
	for _, r := range relations {
		if x.AsCall().FunctionName() == r.function {
			return x.AsCall(), true
		}
	}
	return nil, false
}

// Compile parses and checks a source, and returns the expression or every fault
// that was found. The result must be of type want, or dynamic; nil allows any.
func (s *Scope) Compile(source string, want *cel.Type) (*Expr, []Diagnostic) {
	s.env.types.misses = nil
	if len(source) > MaxSource {
		return nil, []Diagnostic{{-1, fmt.Sprintf("expression of %d bytes, more than %d", len(source), MaxSource), ""}}
	}
	text := common.NewTextSource(source)
	checked, iss := s.cel.CompileSource(text)
	if iss.Err() != nil {
		faults := make([]Diagnostic, 0, len(iss.Errors()))
		for _, err := range iss.Errors() {
			faults = append(faults, s.fault(text, err))
		}
		return nil, faults
	}
	x := &Expr{Source: source, Type: checked.OutputType(), scope: s, ast: checked}
	var faults []Diagnostic
	if want != nil && !want.IsAssignableType(x.Type) && x.Type.Kind() != types.DynKind {
		faults = append(faults, s.at(text, x.root().ID(), x.info(), fmt.Sprintf("is of type %s, not %s", cel.FormatCELType(x.Type), cel.FormatCELType(want))))
	}
	for _, g := range x.unguarded() {
		faults = append(faults, s.at(text, g.id, x.info(), g.what))
	}
	if cost := costOf(x.root()); cost > MaxCost {
		faults = append(faults, s.at(text, x.root().ID(), x.info(), fmt.Sprintf(
			"takes %.0f steps for lists of %d elements, more than %d: use fewer comprehensions in each other", cost, assumedList, MaxCost)))
	}
	if faults != nil {
		return nil, faults
	}
	x.plan = planOf(x)
	if _, err := NewMachine().program(x); err != nil { // a constant that cannot be: a pattern, a number
		return nil, []Diagnostic{s.at(text, x.root().ID(), x.info(), err.Error())}
	}
	return x, nil
}

func (x *Expr) root() ast.Expr        { return x.ast.NativeRep().Expr() }
func (x *Expr) info() *ast.SourceInfo { return x.ast.NativeRep().SourceInfo() }

func (x *Expr) typeOf(e ast.Expr) *types.Type { return x.ast.NativeRep().GetType(e.ID()) }

func (s *Scope) fault(text common.Source, err *common.Error) Diagnostic {
	what := err.Message
	if field, ok := strings.CutPrefix(what, "undefined field '"); ok {
		what += s.env.types.suggest(strings.TrimSuffix(field, "'"))
	}
	return faultAt(text, err.Location, what)
}

func (s *Scope) at(text common.Source, id int64, info *ast.SourceInfo, what string) Diagnostic {
	return faultAt(text, info.GetStartLocation(id), what)
}

func faultAt(text common.Source, loc common.Location, what string) Diagnostic {
	f := Diagnostic{Offset: -1, Message: what}
	if loc == nil || loc.Line() < 1 {
		return f
	}
	line, ok := text.Snippet(loc.Line())
	if !ok {
		return f
	}
	offset := 0
	for i := 1; i < loc.Line(); i++ {
		before, _ := text.Snippet(i)
		offset += len(before) + 1
	}
	runes := []rune(line)
	column := min(loc.Column(), len(runes))
	f.Offset = offset + len(string(runes[:column]))
	f.Snippet = line + "\n" + strings.Repeat(" ", column) + "^"
	return f
}

// costOf estimates the operations that evaluating e takes. cel-go's own estimate has
// no bound for optional values, which most expressions here are made of.
func costOf(e ast.Expr) float64 {
	cost := 1.0
	switch e.Kind() {
	case ast.SelectKind:
		cost += costOf(e.AsSelect().Operand())
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			cost += costOf(e.AsCall().Target())
		}
		for _, a := range e.AsCall().Args() {
			cost += costOf(a)
		}
	case ast.ListKind:
		for _, el := range e.AsList().Elements() {
			cost += costOf(el)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			cost += costOf(entry.AsMapEntry().Key()) + costOf(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		times := float64(assumedList)
		if r := c.IterRange(); r.Kind() == ast.ListKind {
			times = float64(r.AsList().Size())
		} else if call, ok := relationCall(r); ok && call.FunctionName() == "@ancestors" {
			times = assumedAncestors
		}
		cost += costOf(c.IterRange()) + costOf(c.AccuInit()) + times*(costOf(c.LoopCondition())+costOf(c.LoopStep())) + costOf(c.Result())
	}
	return cost
}
