package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// planInfo holds the ids of the nodes of an expression that replace cel-go's.
type planInfo struct {
	steps     map[int64]body  // by the bodies of comprehensions: each pass is charged
	ranges    map[int64]bool  // of comprehensions that may be maps: iterated in order
	fullyRead map[int64]bool  // arguments of functions that do not handle unread parts: searched first
	equal     map[int64]bool  // comparisons of values that may have parts or are strings: three-valued and charged
	read      map[int64]bool  // strings that are looked up in a set of constants: charged
	keys      map[int64]bool  // of elements, which may be lists or maps: refused
	functions map[string]bool // that are called
	keyed     map[int64]*Key  // lookups whose elements are filtered

	// Nodes that read documents directly; see direct.go.
	chains      map[int64]chain
	comparisons map[int64]comparison
	loops       map[int64]quantifier
}

// body is the body of a comprehension.
type body struct {
	ast.ComprehensionExpr
	pass pass
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
		map[int64]body{}, map[int64]bool{}, map[int64]bool{}, map[int64]bool{}, map[int64]bool{}, map[int64]bool{}, map[string]bool{}, map[int64]*Key{},
		map[int64]chain{}, map[int64]comparison{}, map[int64]quantifier{},
	}
	ast.PostOrderVisit(ast.NavigateAST(x.ast.NativeRep()), ast.NewExprVisitor(func(e ast.Expr) {
		p.direct(x, e.(ast.NavigableExpr))
		switch e.Kind() {
		case ast.ComprehensionKind:
			loop := e.AsComprehension()
			p.steps[loop.LoopStep().ID()] = body{loop, passOf(loop.LoopCondition(), loop.LoopStep())}
			if k := x.keyOf(loop); k != nil {
				p.keyed[loop.IterRange().ID()] = k
			}
			p.ranges[loop.IterRange().ID()] = x.typeOf(loop.IterRange()).Kind() != types.ListKind
		case ast.CallKind:
			c := e.AsCall()
			args := c.Args()
			if c.IsMemberFunction() {
				args = append([]ast.Expr{c.Target()}, args...)
			}
			p.functions[c.FunctionName()] = true
			switch name := c.FunctionName(); {
			case name == operators.Equals || name == operators.NotEquals:
				p.equal[e.ID()] = !x.short(args[0]) && !x.short(args[1])
			case name == operators.In:
				p.equal[e.ID()] = !x.scalar(args[0]) && !literals(args[1])
				_, chained := p.chains[args[0].ID()]
				p.read[args[0].ID()] = literals(args[1]) && !chained && !x.short(args[0])
			case name == operators.Index || name == operators.OptIndex:
				p.keys[args[1].ID()] = !x.scalar(args[1])
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

// short reports whether values of e are compared in a time that does not depend on them.
func (x *Expr) short(e ast.Expr) bool {
	if k := x.typeOf(e).Kind(); k == types.StringKind || k == types.BytesKind {
		return e.Kind() == ast.LiteralKind
	}
	return x.scalar(e)
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

// program plans x for a machine. Machines do not share programs, because the functions
// of each charge its own budget.
func (m *Machine) program(x *Expr) (cel.Program, error) {
	if p, ok := m.programs[x]; ok {
		return p, nil
	}
	// Constants are folded with the functions of the machine, which must not be charged
	// to the evaluation that happens to be the first.
	before := m.run.budget
	m.run.budget = Budget{}
	defer func() { m.run.budget = before }()
	//lint:ignore SA1019 the overloads of one machine are bound to a program, not to the environment that all share
	p, err := x.scope.cel.Program(x.ast, cel.EvalOptions(cel.OptOptimize), cel.Functions(m.overloads(x)...), cel.CustomDecoratorV2(m.decorate(x.plan)))
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
		i = d.m.selecting(i)
		if direct := d.node(i); direct != i {
			i = direct
		} else if call, ok := i.(interpreter.InterpretableCall); ok && call.Function() == overloads.Matches {
			matching, err := m.matchingConstant(call)
			if err != nil {
				return nil, err
			}
			i = matching
		} else if c, ok := i.(interpreter.InterpretableCall); ok && p.equal[id] {
			switch c.Function() {
			case operators.Equals, operators.NotEquals, operators.In:
				i = &compare{c, c.Args()[0], c.Args()[1], c.Function(), &m.run.budget}
			}
		}
		if k := p.keyed[id]; k != nil {
			i = &keyed{i, d, k}
		}
		if p.read[id] {
			i = &readString{i, &m.run.budget}
		}
		if p.keys[id] {
			i = &keyOnly{i}
		}
		if p.fullyRead[id] {
			i = &fullyRead{i, m}
		}
		if p.ranges[id] {
			i = &ordered{i, &m.run.budget}
		}
		if loop, ok := p.steps[id]; ok {
			i = &counted{i, m, loop}
		}
		d.nodes[id] = i
		return i, nil
	}
}
