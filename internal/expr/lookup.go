package expr

import (
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
)

// Lookup is a macro with which expressions find other subjects: name('Type'), or
// name('relation', 'Type'). An environment has those that its binding supplies, and
// their elements are objects of the named type, which the binding declares.
type Lookup struct {
	Name     string
	Relation bool     // takes the name of a relation first
	Reverse  bool     // the relation is one of the subjects found, not of the subject
	Assumed  int      // length of the result that the static cost assumes; 0: assumedList
	Find     FindFunc // finds the subjects
	// FindKeyed finds those for which a filter may be true, and others up to a number. Nil:
	// the lookup has no index.
	FindKeyed func(subject ref.Val, t asset.Type, filter Keyed) ref.Val

	// A lookup with Answer returns a value of a type of its own: name(args...). It reads the
	// whole subject, and subjects of Types.
	Answer  AnswerFunc
	Args    []*cel.Type
	Returns *cel.Type
	Types   []asset.Type

	Signature            string // of a lookup with Answer
	Doc, Example, Result string // see [Function]
}

// AnswerFunc returns the value of a lookup for the subject, or an unknown.
type AnswerFunc func(subject ref.Val, args []ref.Val) ref.Val

// FindFunc finds subjects of a type for the subject, which is the value of the
// variable [SubjectVar]. The result is a *[List] or an unknown.
type FindFunc func(subject ref.Val, relation string, t asset.Type) ref.Val

// SubjectVar is the variable that lookups start from. No expression can name it.
const SubjectVar = "@subject"

// Record is an element of the list that a lookup returns.
type Record interface {
	ref.Val
	String() string    // names it in an explanation
	Run() *Run         // to which it belongs
	Document() ref.Val // for functions that take lists of documents
}

// LookupCall is a use of a lookup in an expression.
type LookupCall struct {
	Lookup   *Lookup
	Relation string // empty: the lookup takes none
	Type     asset.Type
}

// Resolver declares the type that a lookup names, before an expression is checked. The
// errors are those of the relation and of the type, or nil.
type Resolver func(LookupCall) (relation, typ error)

// function returns the name of the function that the macro expands to.
func (l *Lookup) function() string { return "@" + l.Name }

// isLookup reports whether a function is one that a lookup expands to.
func (e *Env) isLookup(function string) bool {
	return slices.ContainsFunc(e.lookups, func(l Lookup) bool { return l.function() == function })
}

func (e *Env) lookupOptions() []cel.EnvOption {
	if len(e.lookups) == 0 {
		return nil
	}
	opts := []cel.EnvOption{cel.Variable(SubjectVar, types.NewOpaqueType("subject"))}
	element := types.NewTypeParamType("A")
	for i := range e.lookups {
		l := &e.lookups[i]
		if l.Answer != nil {
			opts = append(opts, cel.Macros(l.answerMacro()), l.answerFunction())
			continue
		}
		opts = append(opts,
			cel.Macros(l.macro()),
			cel.Function(l.function(), cel.Overload(l.Name+"_of_type",
				[]*cel.Type{cel.DynType, cel.StringType, types.NewTypeTypeWithParam(element)}, types.NewListType(element),
				cel.OverloadIsNonStrict(),
				cel.FunctionBinding(func(args ...ref.Val) ref.Val {
					for _, x := range args {
						if types.IsUnknownOrError(x) {
							return x
						}
					}
					return l.Find(args[0], string(args[1].(types.String)), asset.Type(args[2].(*types.Type).TypeName()))
				}))))
	}
	return opts
}

// macro writes the type as an identifier, so that elements of the result are objects
// of that type to the checker.
func (l *Lookup) macro() cel.Macro {
	args := 1
	if l.Relation {
		args = 2
	}
	return cel.GlobalMacro(l.Name, args, func(eh cel.MacroExprFactory, _ ast.Expr, in []ast.Expr) (ast.Expr, *cel.Error) {
		for _, x := range in {
			if _, ok := literalString(x); !ok {
				return nil, eh.NewError(x.ID(), l.Name+"() takes string literals")
			}
		}
		relation := eh.NewLiteral(types.String(""))
		if l.Relation {
			relation = in[0]
		}
		t, _ := literalString(in[args-1])
		return eh.NewCall(l.function(), eh.NewIdent(SubjectVar), relation, eh.NewIdent(t)), nil
	})
}

// answerMacro passes the subject to the function.
func (l *Lookup) answerMacro() cel.Macro {
	return cel.GlobalMacro(l.Name, len(l.Args), func(eh cel.MacroExprFactory, _ ast.Expr, in []ast.Expr) (ast.Expr, *cel.Error) {
		return eh.NewCall(l.function(), append([]ast.Expr{eh.NewIdent(SubjectVar)}, in...)...), nil
	})
}

func (l *Lookup) answerFunction() cel.EnvOption {
	return cel.Function(l.function(), cel.Overload(l.Name+"_of_subject",
		append([]*cel.Type{cel.DynType}, l.Args...), l.Returns,
		cel.FunctionBinding(func(args ...ref.Val) ref.Val { return l.Answer(args[0], args[1:]) })))
}

// answerOf returns the lookup with an answer that e is an expansion of.
func (e *Env) answerOf(x ast.Expr) (*Lookup, bool) {
	if x.Kind() != ast.CallKind {
		return nil, false
	}
	for i := range e.lookups {
		if l := &e.lookups[i]; l.Answer != nil && x.AsCall().FunctionName() == l.function() {
			return l, true
		}
	}
	return nil, false
}

// lookupOf returns the use of a lookup that e is an expansion of.
func (e *Env) lookupOf(x ast.Expr) (LookupCall, bool) {
	if x.Kind() != ast.CallKind {
		return LookupCall{}, false
	}
	for i := range e.lookups {
		if l := &e.lookups[i]; l.Answer == nil && x.AsCall().FunctionName() == l.function() {
			args := x.AsCall().Args()
			relation, _ := literalString(args[1])
			return LookupCall{l, relation, asset.Type(args[2].AsIdent())}, true
		}
	}
	return LookupCall{}, false
}
