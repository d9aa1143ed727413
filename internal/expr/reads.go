package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/openstance/stance/asset"
)

// Place is a part of a document that an expression may read: of the subject, or of
// another subject of a type that it looks up.
type Place struct {
	Type asset.Type // empty: the subject's
	Path asset.Path // empty: the subject as a whole
	// Whole says that, without a path, all parts may be read, and not only whether the
	// subject exists.
	Whole bool
	// Rel is a relation whose links are read, in place of a part.
	Rel  string
	many bool // a list of subjects
}

// Reads returns the places that an evaluation of x may read, and those that its value
// may come from. Lets are the places of variables that stand for expressions. Places
// that are not certain count as read as a whole.
func (x *Expr) Reads(lets map[string][]Place) (read, value []Place) {
	r := &reader{x: x, vars: map[string][]Place{}}
	for _, v := range x.scope.vars {
		if v.Path != "" {
			r.vars[v.Name] = []Place{{Path: v.Path}}
		}
	}
	for name, places := range lets {
		r.vars[name] = places
	}
	value = r.walk(x.root())
	return r.read, value
}

type reader struct {
	x    *Expr
	vars map[string][]Place
	read []Place
}

// all notes that places are read as a whole. Of a list of subjects only its length is
// read, unless an element is.
func (r *reader) all(places []Place) {
	for _, p := range places {
		p.Whole = !p.many
		r.read = append(r.read, p)
	}
}

func (r *reader) walk(e ast.Expr) []Place {
	switch e.Kind() {
	case ast.IdentKind:
		return r.vars[e.AsIdent()]
	case ast.SelectKind:
		s := e.AsSelect()
		found := step(r.walk(s.Operand()), func(p asset.Path) asset.Path { return p.Key(s.FieldName()) })
		if s.IsTestOnly() {
			r.all(found)
			return nil
		}
		return found
	case ast.CallKind:
		if l, ok := r.x.scope.env.lookupOf(e); ok {
			return r.lookup(l)
		}
		if l, ok := r.x.scope.env.answerOf(e); ok {
			r.answer(l, e.AsCall().Args()[1:])
			return nil
		}
		return r.call(e.AsCall())
	case ast.ListKind:
		for _, el := range e.AsList().Elements() {
			r.all(r.walk(el))
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			r.all(r.walk(entry.AsMapEntry().Key()))
			r.all(r.walk(entry.AsMapEntry().Value()))
		}
	case ast.ComprehensionKind:
		return r.comprehension(e.AsComprehension())
	}
	return nil
}

// step returns a part of each of the places. A part of a list of subjects is a subject.
func step(places []Place, to func(asset.Path) asset.Path) []Place {
	var parts []Place
	for _, p := range places {
		if p.many {
			p.many = false
		} else {
			p.Path = to(p.Path)
		}
		parts = append(parts, p)
	}
	return parts
}

func (r *reader) call(c ast.CallExpr) []Place {
	args := c.Args()
	switch c.FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		of := r.walk(args[0])
		if key, ok := literalString(args[1]); ok {
			return step(of, func(p asset.Path) asset.Path { return p.Key(key) })
		}
		r.all(r.walk(args[1]))
		return step(of, asset.Path.Any)
	case operators.Conditional:
		r.all(r.walk(args[0]))
		return append(r.walk(args[1]), r.walk(args[2])...)
	case "orValue", "or":
		return append(r.walk(c.Target()), r.walk(args[0])...)
	case "value":
		return r.walk(c.Target())
	case "dyn", "optional.of":
		return r.walk(args[0])
	}
	if c.IsMemberFunction() {
		r.all(r.walk(c.Target()))
	}
	for _, a := range args {
		r.all(r.walk(a))
	}
	return nil
}

// lookup returns the subjects that a lookup finds, and notes the links that it reads.
func (r *reader) lookup(l LookupCall) []Place {
	found := []Place{{Type: l.Type, many: true}}
	r.all(found)
	if l.Lookup.Relation {
		linked := Place{Rel: l.Relation}
		if l.Lookup.Reverse {
			linked.Type = l.Type
		}
		r.read = append(r.read, linked)
	}
	return found
}

// answer notes what a lookup with an answer reads.
func (r *reader) answer(l *Lookup, args []ast.Expr) {
	r.all(r.vars["config"])
	for _, t := range l.Types {
		r.all([]Place{{Type: t, many: true}})
	}
	for _, a := range args {
		r.all(r.walk(a))
	}
}

func (r *reader) comprehension(c ast.ComprehensionExpr) []Place {
	of := r.walk(c.IterRange())
	elements := step(of, asset.Path.Any)
	kind := r.x.typeOf(c.IterRange()).Kind()
	old := map[string][]Place{}
	bind := func(name string, places []Place) {
		if name != "" {
			old[name] = r.vars[name]
			r.vars[name] = places
		}
	}
	switch {
	case c.HasIterVar2():
		bind(c.IterVar(), nil)
		bind(c.IterVar2(), elements)
	case kind == types.MapKind:
		bind(c.IterVar(), nil)
	default:
		bind(c.IterVar(), elements)
	}
	bind(c.AccuVar(), r.walk(c.AccuInit()))
	before := len(r.read)
	r.all(r.walk(c.LoopCondition()))
	var result []Place
	if pred, ok := filterOf(c); ok {
		r.all(r.walk(pred))
		result = of
	} else {
		r.all(r.walk(c.LoopStep()))
		result = r.walk(c.Result())
	}
	for name, places := range old {
		r.vars[name] = places
	}
	for _, p := range of {
		under := func(read Place) bool {
			return read.Type == p.Type && strings.HasPrefix(string(read.Path), string(p.Path.Any()))
		}
		if !p.many && !slices.ContainsFunc(r.read[before:], under) {
			r.all([]Place{p}) // only the number of its elements matters
		}
	}
	return result
}

// filterOf returns the predicate if c is what the macro filter expands to, whose
// value has the elements of its range.
func filterOf(c ast.ComprehensionExpr) (ast.Expr, bool) {
	pred, then, ok := conditionOf(c)
	if !ok || then.Kind() != ast.CallKind || then.AsCall().FunctionName() != operators.Add {
		return nil, false
	}
	added := then.AsCall().Args()[1]
	if added.Kind() != ast.ListKind || added.AsList().Size() != 1 {
		return nil, false
	}
	el := added.AsList().Elements()[0]
	return pred, el.Kind() == ast.IdentKind && el.AsIdent() == c.IterVar()
}

// conditionOf returns the predicate and what follows it if the step of c is "pred ?
// then : accumulator", as in filter, exists_one and map with a filter.
func conditionOf(c ast.ComprehensionExpr) (pred, then ast.Expr, ok bool) {
	step := c.LoopStep()
	if step.Kind() != ast.CallKind || step.AsCall().FunctionName() != operators.Conditional {
		return nil, nil, false
	}
	args := step.AsCall().Args()
	if args[2].Kind() != ast.IdentKind || args[2].AsIdent() != c.AccuVar() {
		return nil, nil, false
	}
	return args[0], args[1], true
}
