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

// pass is what one evaluation of an expression, or one pass through the body of a loop,
// is charged when it begins. The passes of loops in it are charged by themselves.
type pass struct {
	operations int64 // one, and one for each four nodes
	bytes      int64 // of the lists and maps that the expression writes out
}

// nodesPerOperation is the number of nodes in an operation. Most nodes are constants and
// fields.
const nodesPerOperation = 4

// passOf returns the charge of expressions that are evaluated together.
func passOf(parts ...ast.Expr) pass {
	var p pass
	for _, e := range parts {
		p.add(e)
	}
	return pass{1 + p.operations/nodesPerOperation, p.bytes}
}

// add counts the nodes of e as operations.
func (p *pass) add(e ast.Expr) {
	p.operations++
	switch e.Kind() {
	case ast.SelectKind:
		p.add(e.AsSelect().Operand())
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			p.add(e.AsCall().Target())
		}
		for _, a := range e.AsCall().Args() {
			p.add(a)
		}
	case ast.ListKind:
		elements := e.AsList().Elements()
		if !literals(e) {
			p.bytes += headerSize + elementSize*int64(len(elements))
		}
		for _, el := range elements {
			p.add(el)
		}
	case ast.MapKind:
		entries := e.AsMap().Entries()
		p.bytes += headerSize + entrySize*int64(len(entries))
		for _, entry := range entries {
			p.add(entry.AsMapEntry().Key())
			p.add(entry.AsMapEntry().Value())
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		p.add(c.IterRange())
		p.add(c.AccuInit())
		p.add(c.Result())
	}
}

// begun charges one evaluation.
func (b *Budget) begun(p pass) {
	if p.bytes > 0 {
		b.Make(p.bytes)
	}
	b.Work(p.operations)
}
