package expr

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// Enumerated returns a diagnostic for each comparison of a string field that has fixed
// values: with a constant that is none of them, and by an order, which would be that of
// the alphabet. Fields are named as "policy.severity".
func (x *Expr) Enumerated(values map[string][]string) []Diagnostic {
	var found []Diagnostic
	text := common.NewTextSource(x.Source)
	add := func(e ast.Expr, format string, args ...any) {
		found = append(found, diagnosticAt(text, x.info().GetStartLocation(e.ID()), fmt.Sprintf(format, args...)))
	}
	constant := func(field string, e ast.Expr) {
		if e.Kind() != ast.LiteralKind {
			return
		}
		s, ok := e.AsLiteral().(types.String)
		if known := values[field]; ok && !slices.Contains(known, string(s)) {
			near := DidYouMean(string(s), known)
			if near == "" {
				near = " (has " + strings.Join(known, ", ") + ")"
			}
			add(e, "unknown value '%s' of %s%s", s, field, near)
		}
	}
	ast.PostOrderVisit(x.root(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || len(found) > maxDiagnostics {
			return
		}
		args := e.AsCall().Args()
		switch e.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals:
			for i, a := range args {
				if field := pathText(a); values[field] != nil {
					constant(field, args[1-i])
				}
			}
		case operators.In:
			if field := pathText(args[0]); values[field] != nil && args[1].Kind() == ast.ListKind {
				for _, el := range args[1].AsList().Elements() {
					constant(field, el)
				}
			}
		case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
			for _, a := range args {
				if field := pathText(a); values[field] != nil {
					add(a, "%s has no order (want == or in)", field)
				}
			}
		}
	}))
	return found
}
