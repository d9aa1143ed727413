package expr

import (
	"context"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// planInfo names the nodes of an expression that are planned otherwise than
// cel-go would, by their ids.
type planInfo struct {
	steps  map[int64]ast.ComprehensionExpr // of which they are the bodies: each pass is counted
	ranges map[int64]bool                  // of comprehensions that may be maps: run through in order
	whole  map[int64]bool                  // arguments of functions that do not mind unread parts: looked through first
	equal  map[int64]bool                  // comparisons of what may hold unread parts: three-valued

	// Those that read documents themselves; see direct.go.
	chains map[int64]chain
	tests  map[int64]test
	loops  map[int64]quantifier
}

// minds reports whether a function takes care of unread parts by itself.
func (e *Env) minds(name string) bool {
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
		map[int64]chain{}, map[int64]test{}, map[int64]quantifier{},
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
			case !x.scope.env.minds(name) && (len(args) == 0 || !accumulator(args[0])):
				for _, a := range args {
					if !x.scalar(a) && a.Kind() != ast.LiteralKind {
						p.whole[a.ID()] = true
					}
				}
			}
		}
	}))
	return p
}

// accumulator reports whether e is the list or map that a comprehension builds. What
// is added to it is kept as it is, with its unread parts, unless it is unknown itself.
func accumulator(e ast.Expr) bool {
	return e.Kind() == ast.IdentKind && len(e.AsIdent()) > 0 && e.AsIdent()[0] == '@'
}

// scalar reports whether e can only be something without parts.
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

// program plans x for a machine. Programs are not shared between machines: the
// count of steps is the machine's.
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
		if p.whole[id] {
			i = &whole{i, m}
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

// step takes one of the steps that are left. Errors are absorbed by all() and
// exists(), so running out of steps is a panic, as in cel-go's own cost limit; the
// program's Eval returns it as an error.
func (m *Machine) step() {
	m.left--
	if m.left < 0 {
		panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: "more than the allowed number of steps"})
	}
	if m.left%1024 == 0 && m.ctx.Err() != nil {
		panic(interpreter.EvalCancelledError{Cause: interpreter.ContextCancelled, Message: context.Cause(m.ctx).Error()})
	}
}

// counted counts the passes through the body of a comprehension.
type counted struct {
	interpreter.InterpretableV2
	m    *Machine
	loop ast.ComprehensionExpr
}

// Exec implements interpreter.InterpretableV2.
func (c *counted) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	c.m.step()
	if len(c.m.run.perhaps) > 0 {
		if more := c.perhaps(frame); more != nil {
			return c.maybe(frame, more)
		}
	}
	return c.InterpretableV2.Exec(frame)
}

// perhaps returns the element that is looked at if it perhaps is not there.
func (c *counted) perhaps(frame *interpreter.ExecutionFrame) *types.Unknown {
	for _, name := range []string{c.loop.IterVar(), c.loop.IterVar2()} {
		if x, ok := frame.ResolveName(name); ok && name != "" {
			if u, ok := x.(*types.Unknown); ok && c.m.run.perhaps[u] {
				return u
			}
		}
	}
	return nil
}

// maybe is the pass for an element that perhaps is not there, or that stands for
// several: what it changes is unknown.
func (c *counted) maybe(frame *interpreter.ExecutionFrame, more *types.Unknown) ref.Val {
	before, _ := frame.ResolveName(c.loop.AccuVar())
	after := c.InterpretableV2.Exec(frame)
	switch before := before.(type) {
	case types.Bool, types.Int:
		if before == after {
			return after
		}
	case *types.Unknown:
		more = types.MergeUnknowns(before, more)
	}
	if u, ok := after.(*types.Unknown); ok {
		more = types.MergeUnknowns(more, u)
	}
	return more
}

// whole makes a value unknown if anything in it was not read.
type whole struct {
	interpreter.InterpretableV2
	m *Machine
}

// Exec implements interpreter.InterpretableV2.
func (w *whole) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := w.InterpretableV2.Exec(frame)
	if u := w.m.run.unreadIn(v); u != nil {
		return u
	}
	return v
}

// ordered makes a comprehension over a map run through its keys in order, where the
// map is cel-go's own and would be run through in any.
type ordered struct{ interpreter.InterpretableV2 }

// Exec implements interpreter.InterpretableV2.
func (o *ordered) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := o.InterpretableV2.Exec(frame)
	if m, ok := v.(traits.Mapper); ok {
		if _, own := v.(*object); !own {
			return orderedMap{m}
		}
	}
	return v
}

type orderedMap struct{ traits.Mapper }

// Fold implements traits.Foldable.
func (m orderedMap) Fold(f traits.Folder) {
	var keys []ref.Val
	for it := m.Iterator(); it.HasNext() == types.True; {
		keys = append(keys, it.Next())
	}
	slices.SortFunc(keys, func(a, b ref.Val) int {
		if c, ok := a.(traits.Comparer); ok && a.Type() == b.Type() {
			n, _ := c.Compare(b).(types.Int)
			return int(n)
		}
		return strings.Compare(a.Type().TypeName(), b.Type().TypeName())
	})
	for _, k := range keys {
		if !f.FoldEntry(k, m.Get(k)) {
			return
		}
	}
}

// compare is ==, != and in, three-valued all the way down.
type compare struct {
	interpreter.InterpretableV2
	lhs, rhs interpreter.InterpretableV2
	function string
}

// Exec implements interpreter.InterpretableV2.
func (c *compare) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	l := c.lhs.Exec(frame)
	if types.IsUnknownOrError(l) {
		return l
	}
	r := c.rhs.Exec(frame)
	if types.IsUnknownOrError(r) {
		return r
	}
	if c.function == operators.In {
		if lister, ok := r.(traits.Lister); ok {
			return contains(lister, l)
		}
		return c.InterpretableV2.Exec(frame)
	}
	e := equal(l, r)
	if b, ok := e.(types.Bool); ok && c.function == operators.NotEquals {
		return !b
	}
	return e
}

// Eval implements interpreter.Interpretable.
func (c *counted) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, c.Exec)
}

// Eval implements interpreter.Interpretable.
func (o *ordered) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, o.Exec)
}

// Eval implements interpreter.Interpretable.
func (w *whole) Eval(a interpreter.Activation) ref.Val { return interpreter.EvalActivation(a, w.Exec) }

// Eval implements interpreter.Interpretable.
func (c *compare) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, c.Exec)
}
