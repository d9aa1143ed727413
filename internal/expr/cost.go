package expr

import "cel.dev/cel-go/common/ast"

// costOf estimates the operations of an evaluation of e. cel-go's own estimate has no
// bound for optional values, which most policies use.
func (env *Env) costOf(e ast.Expr) float64 {
	cost := 1.0
	switch e.Kind() {
	case ast.SelectKind:
		cost += env.costOf(e.AsSelect().Operand())
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			cost += env.costOf(e.AsCall().Target())
		}
		for _, a := range e.AsCall().Args() {
			cost += env.costOf(a)
		}
	case ast.ListKind:
		for _, el := range e.AsList().Elements() {
			cost += env.costOf(el)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			cost += env.costOf(entry.AsMapEntry().Key()) + env.costOf(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		times := float64(assumedList)
		if r := c.IterRange(); r.Kind() == ast.ListKind {
			times = float64(r.AsList().Size())
		} else if call, ok := env.lookupOf(r); ok && call.Lookup.Assumed > 0 {
			times = float64(call.Lookup.Assumed)
		}
		cost += env.costOf(c.IterRange()) + env.costOf(c.AccuInit()) + times*(env.costOf(c.LoopCondition())+env.costOf(c.LoopStep())) + env.costOf(c.Result())
	}
	return cost
}
