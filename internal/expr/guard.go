package expr

import (
	"strconv"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A plain select of an absent field is an error, and an error is not a verdict. So a
// field that may be absent may only be selected where a has() of the same path is true.
// A comparison that is always false, or always true, is no verdict either.

type unguarded struct {
	id   int64
	what string
}

// facts are the paths known to be present, as pathText writes them.
type facts map[string]bool

func (f facts) and(more []string) facts {
	if len(more) == 0 {
		return f
	}
	sum := make(facts, len(f)+len(more))
	for k := range f {
		sum[k] = true
	}
	for _, k := range more {
		sum[k] = true
	}
	return sum
}

func (x *Expr) unguarded() []unguarded {
	g := &guard{x: x}
	g.walk(x.root(), nil)
	return g.found
}

type guard struct {
	x     *Expr
	found []unguarded
}

func (g *guard) walk(e ast.Expr, known facts) {
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		g.walk(s.Operand(), known)
		if s.IsTestOnly() || known[pathText(e)] {
			return
		}
		t := g.x.typeOf(s.Operand())
		may := t.Kind() == types.StructKind && !g.x.scope.env.types.alwaysThere(t, s.FieldName()) || t.Kind() == types.MapKind
		if may {
			g.found = append(g.found, unguarded{e.ID(), "'" + s.FieldName() + "' of " + cel.FormatCELType(t) +
				" may be absent: read it with .?" + s.FieldName() + " and .orValue(), or test it with has() first"})
		}
	case ast.CallKind:
		g.call(e.AsCall(), known)
	case ast.ListKind:
		for _, el := range e.AsList().Elements() {
			g.walk(el, known)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			g.walk(entry.AsMapEntry().Key(), known)
			g.walk(entry.AsMapEntry().Value(), known)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		g.walk(c.IterRange(), known)
		g.walk(c.AccuInit(), known)
		g.walk(c.LoopCondition(), known)
		g.walk(c.LoopStep(), known)
		g.walk(c.Result(), known)
	}
}

func (g *guard) call(c ast.CallExpr, known facts) {
	args := c.Args()
	switch c.FunctionName() {
	case operators.Equals, operators.NotEquals:
		if isOptional(g.x.typeOf(args[0])) != isOptional(g.x.typeOf(args[1])) {
			g.found = append(g.found, unguarded{args[0].ID(),
				"compares an optional value with one that is not, which are never equal: read it with .orValue(), or test it with .hasValue()"})
		}
	case operators.LogicalAnd:
		g.walk(args[0], known)
		g.walk(args[1], known.and(whenTrue(args[0])))
		return
	case operators.LogicalOr:
		g.walk(args[0], known)
		g.walk(args[1], known.and(whenFalse(args[0])))
		return
	case operators.Conditional:
		g.walk(args[0], known)
		g.walk(args[1], known.and(whenTrue(args[0])))
		g.walk(args[2], known.and(whenFalse(args[0])))
		return
	}
	if c.IsMemberFunction() {
		g.walk(c.Target(), known)
	}
	for _, a := range args {
		g.walk(a, known)
	}
}

func isOptional(t *types.Type) bool { return t.TypeName() == types.OptionalType.TypeName() }

// whenTrue returns the paths that are present if e is true.
func whenTrue(e ast.Expr) []string {
	switch e.Kind() {
	case ast.SelectKind:
		if s := e.AsSelect(); s.IsTestOnly() {
			if op := pathText(s.Operand()); op != "" {
				return []string{op + "." + s.FieldName()}
			}
		}
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.LogicalAnd:
			return append(whenTrue(c.Args()[0]), whenTrue(c.Args()[1])...)
		case operators.LogicalNot:
			return whenFalse(c.Args()[0])
		case operators.In:
			key, m := c.Args()[0], pathText(c.Args()[1])
			if k, ok := literalString(key); ok && m != "" {
				return []string{m + "." + k}
			}
		}
	}
	return nil
}

// whenFalse returns the paths that are present if e is false.
func whenFalse(e ast.Expr) []string {
	if e.Kind() != ast.CallKind {
		return nil
	}
	c := e.AsCall()
	switch c.FunctionName() {
	case operators.LogicalOr:
		return append(whenFalse(c.Args()[0]), whenFalse(c.Args()[1])...)
	case operators.LogicalNot:
		return whenTrue(c.Args()[0])
	}
	return nil
}

// pathText writes a chain of selects and constant indexes, the same for the same
// chain, or "" for anything else.
func pathText(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		if op := pathText(e.AsSelect().Operand()); op != "" {
			return op + "." + e.AsSelect().FieldName()
		}
	case ast.CallKind:
		c := e.AsCall()
		if c.FunctionName() != operators.Index {
			return ""
		}
		op := pathText(c.Args()[0])
		if op == "" || c.Args()[1].Kind() != ast.LiteralKind {
			return ""
		}
		switch i := c.Args()[1].AsLiteral().(type) {
		case types.String:
			return op + "." + string(i)
		case types.Int:
			return op + "[" + strconv.FormatInt(int64(i), 10) + "]"
		}
	}
	return ""
}

func literalString(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
