package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/interpreter"
)

// Most policies follow a few keys into a document, compare the value with a constant,
// and do this for the elements of a list: chains, comparisons and quantifiers. Their
// nodes work on the document itself, without a CEL value for each step. They decide
// only simple cases. Unread parts, unexpected kinds and reads that an explanation must
// note are decided by the node of cel-go that they wrap.

// direct notes whether e is one of these. Its operands come before it.
func (p *planInfo) direct(x *Expr, e ast.NavigableExpr) {
	if c, ok := x.chainOf(e); ok {
		p.chains[e.ID()] = c
		return
	}
	switch e.Kind() {
	case ast.CallKind:
		args := e.AsCall().Args()
		if e.AsCall().IsMemberFunction() {
			args = append([]ast.Expr{e.AsCall().Target()}, args...)
		}
		if len(args) != 2 {
			return
		}
		if _, ok := p.chains[args[0].ID()]; ok {
			if text, integer := comparisonOf(e.AsCall().FunctionName(), args[1]); text != nil || integer != nil {
				p.comparisons[e.ID()] = comparison{args[0].ID(), text, integer, readBy(e.AsCall().FunctionName(), args[1])}
			}
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		body, decides, logical := quantifierOf(c)
		if _, ok := p.chains[c.IterRange().ID()]; ok && logical && !c.HasIterVar2() && p.keepsNode(body) {
			p.loops[e.ID()] = quantifier{c.IterRange().ID(), body.ID(), c.IterVar(), decides == True, passOf(c.LoopCondition(), c.LoopStep())}
		}
	}
}

// keepsNode reports whether cel-go's optimizers, which run after ours, keep the node of
// e, so that a loop may hold it.
func (p *planInfo) keepsNode(e ast.Expr) bool {
	if _, ok := p.chains[e.ID()]; ok {
		return true
	}
	if _, ok := p.comparisons[e.ID()]; ok {
		return true
	}
	if e.Kind() != ast.CallKind {
		return e.Kind() == ast.ComprehensionKind
	}
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional,
		operators.Equals, operators.NotEquals,
		operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		return true
	}
	return false
}

// director makes the nodes of one program.
type director struct {
	m      *Machine
	plan   planInfo
	chains map[int64]*chainRead
	loops  map[int64]*loop
	nodes  map[int64]interpreter.InterpretableV2 // all, as far as planned
}

// node returns the node that replaces one of cel-go's.
func (d *director) node(i interpreter.InterpretableV2) interpreter.InterpretableV2 {
	id := i.ID()
	if c, ok := d.plan.chains[id]; ok {
		r := &chainRead{i, c, d.m, d.loop(c.loop)}
		if len(c.keys) == 0 && r.loop == nil {
			return i
		}
		d.chains[id] = r
		return r
	}
	if t, ok := d.plan.comparisons[id]; ok && d.chains[t.of] != nil {
		return &chainComparison{constantSet(i), t, d.chains[t.of]}
	}
	if q, ok := d.plan.loops[id]; ok && d.chains[q.over] != nil {
		l := d.loop(id)
		l.InterpretableV2, l.list, l.each = i, d.chains[q.over], d.nodes[q.body]
		return l
	}
	return i
}

// loop returns the quantifier with the id, or nil if there is none. It is planned after
// its body.
func (d *director) loop(id int64) *loop {
	q, ok := d.plan.loops[id]
	if !ok {
		return nil
	}
	if d.loops[id] == nil {
		d.loops[id] = &loop{quantifier: q, m: d.m}
	}
	return d.loops[id]
}
