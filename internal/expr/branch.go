package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Branch identifies a condition in an expression, or in a let of its policy.
type Branch struct {
	Let string // name of the let; empty: the expression itself
	ID  int64
}

// Branches returns the conditions of x that tests should see both true and false, with
// their source: operands of logic, conditions of ?:, bodies of quantifiers, at any
// depth, and x itself. Constant conditions are omitted.
func (x *Expr) Branches(let string) map[Branch]string {
	found := map[Branch]string{}
	x.branches(x.root(), let, x.Type.Kind() == types.BoolKind, found)
	return found
}

// constant reports whether e names only variables that it binds itself.
func constant(e ast.Expr) bool {
	bound, free := map[string]bool{}, false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.ComprehensionKind:
			c := e.AsComprehension()
			bound[c.IterVar()], bound[c.IterVar2()], bound[c.AccuVar()] = true, true, true
		case ast.IdentKind:
			free = free || !bound[e.AsIdent()]
		}
	}))
	return !free
}

func (x *Expr) branches(e ast.Expr, let string, condition bool, found map[Branch]string) {
	if constant(e) {
		return
	}
	if condition {
		found[Branch{let, e.ID()}] = x.text(e)
	}
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot:
			for _, a := range c.Args() {
				x.branches(a, let, true, found)
			}
		case operators.Conditional:
			x.branches(c.Args()[0], let, true, found)
			for _, a := range c.Args()[1:] {
				x.branches(a, let, x.typeOf(a).Kind() == types.BoolKind, found)
			}
		}
	case ast.ComprehensionKind:
		if body, _, _ := quantifierOf(e.AsComprehension()); body != nil {
			x.branches(e.AsComprehension().IterRange(), let, false, found)
			x.branches(body, let, true, found)
		}
	}
}
