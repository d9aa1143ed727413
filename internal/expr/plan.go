package expr

import (
	"context"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// planInfo holds the ids of the nodes of an expression that replace cel-go's.
type planInfo struct {
	steps     map[int64]ast.ComprehensionExpr // by their bodies: each pass is counted
	ranges    map[int64]bool                  // of comprehensions that may be maps: iterated in order
	fullyRead map[int64]bool                  // arguments of functions that do not handle unread parts: searched first
	equal     map[int64]bool                  // comparisons of values that may have unread parts: three-valued

	// Nodes that read documents directly; see direct.go.
	chains      map[int64]chain
	comparisons map[int64]comparison
	loops       map[int64]quantifier
}

// handlesUnread reports whether a function handles unread parts itself.
func (e *Env) handlesUnread(name string) bool {
	switch name {
	case operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot,
		operators.NotStrictlyFalse,
		operators.Equals, operators.NotEquals, operators.In,
		operators.Index, operators.OptIndex, operators.OptSelect,
		"size", "orValue", "or", "value", "hasValue", "optional.of", "dyn", "type":
		return true
	}
	for _, f := range helpers {
		if f.name == name {
			return true
		}
	}
	return e.isLookup(name)
}

func planOf(x *Expr) planInfo {
	p := planInfo{
		map[int64]ast.ComprehensionExpr{}, map[int64]bool{}, map[int64]bool{}, map[int64]bool{},
		map[int64]chain{}, map[int64]comparison{}, map[int64]quantifier{},
	}
	ast.PostOrderVisit(ast.NavigateAST(x.ast.NativeRep()), ast.NewExprVisitor(func(e ast.Expr) {
		p.direct(x, e.(ast.NavigableExpr))
		switch e.Kind() {
		case ast.ComprehensionKind:
			loop := e.AsComprehension()
			p.steps[loop.LoopStep().ID()] = loop
			p.ranges[loop.IterRange().ID()] = x.typeOf(loop.IterRange()).Kind() != types.ListKind
		case ast.CallKind:
			c := e.AsCall()
			args := c.Args()
			if c.IsMemberFunction() {
				args = append([]ast.Expr{c.Target()}, args...)
			}
			switch name := c.FunctionName(); {
			case name == operators.Equals || name == operators.NotEquals:
				p.equal[e.ID()] = !x.scalar(args[0]) && !x.scalar(args[1])
			case name == operators.In:
				p.equal[e.ID()] = !x.scalar(args[0]) && !literals(args[1])
			case !x.scope.env.handlesUnread(name) && (len(args) == 0 || !accumulator(args[0])):
				for _, a := range args {
					if !x.scalar(a) && a.Kind() != ast.LiteralKind {
						p.fullyRead[a.ID()] = true
					}
				}
			}
		}
	}))
	return p
}

// accumulator reports whether e is the list or map that a comprehension builds. A value
// that is added keeps its unread parts, unless it is unknown itself.
func accumulator(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && len(e.AsIdent()) > 0 && e.AsIdent()[0] == '@'
}

// scalar reports whether values of e have no parts.
func (x *Expr) scalar(e ast.Expr) bool {
	switch x.typeOf(e).Kind() {
	case types.BoolKind, types.IntKind, types.UintKind, types.DoubleKind, types.StringKind, types.BytesKind,
		types.TimestampKind, types.DurationKind, types.NullTypeKind, types.TypeKind:
		return true
	}
	return false
}

// literals reports whether e is a list of constants.
func literals(e ast.Expr) bool {
	if e.Kind() != ast.ListKind {
		return false
	}
	for _, el := range e.AsList().Elements() {
		if el.Kind() != ast.LiteralKind {
			return false
		}
	}
	return true
}

// program plans x for a machine. Machines do not share programs, because each counts
// its own steps.
func (m *Machine) program(x *Expr) (cel.Program, error) {
	if p, ok := m.programs[x]; ok {
		return p, nil
	}
	p, err := x.scope.cel.Program(x.ast, cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(m.decorate(x.plan)))
	if err != nil {
		return nil, err
	}
	m.programs[x] = p
	return p, nil
}

func (m *Machine) decorate(p planInfo) interpreter.InterpretableDecoratorV2 {
	d := &director{m, p, map[int64]*chainRead{}, map[int64]*loop{}, map[int64]interpreter.InterpretableV2{}}
	return func(i interpreter.InterpretableV2) (interpreter.InterpretableV2, error) {
		id := i.ID()
		if direct := d.node(i); direct != i {
			i = direct
		} else if c, ok := i.(interpreter.InterpretableCall); ok && p.equal[id] {
			switch c.Function() {
			case operators.Equals, operators.NotEquals, operators.In:
				i = &compare{c, c.Args()[0], c.Args()[1], c.Function()}
			}
		}
		if p.fullyRead[id] {
			i = &fullyRead{i, m}
		}
		if p.ranges[id] {
			i = &ordered{i}
		}
		if loop, ok := p.steps[id]; ok {
			i = &counted{i, m, loop}
		}
		d.nodes[id] = i
		return i, nil
	}
}

// step uses one of the remaining steps. all() and exists() absorb errors, so running
// out of steps is a panic, as in cel-go's own cost limit; the program's Eval returns it
// as an error.
func (m *Machine) step() {
	m.left--
	if m.left < 0 {
		panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: "more than the allowed number of steps"})
	}
	if m.left%1024 == 0 && m.ctx.Err() != nil {
		panic(interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: context.Cause(m.ctx).Error()})
	}
}
