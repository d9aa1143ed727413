package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/openstance/stance/asset"
)

// quantifier is all() or exists() over a chain.
type quantifier struct {
	over, body int64
	name       string     // of the variable that is the element
	decides    types.Bool // truth of the body that ends it
	pass       pass
}

// loopOf returns the id of the comprehension whose element the variable e is, or 0.
func loopOf(e ast.NavigableExpr) int64 {
	name, child := e.AsIdent(), e
	for parent, ok := child.Parent(); ok; parent, ok = child.Parent() {
		if parent.Kind() == ast.ComprehensionKind {
			c := parent.AsComprehension()
			switch child.ID() {
			case c.LoopCondition().ID(), c.LoopStep().ID():
				if name == c.IterVar() {
					return parent.ID()
				}
				if name == c.IterVar2() || name == c.AccuVar() {
					return 0
				}
			case c.Result().ID():
				if name == c.AccuVar() {
					return 0
				}
			}
		}
		child = parent
	}
	return 0
}

// loop is the node of a quantifier over a list, and the scope of its body. A machine
// evaluates one expression at a time, so the node holds the state of the evaluation.
type loop struct {
	interpreter.InterpretableV2
	quantifier
	m       *Machine
	list    *chainRead
	each    interpreter.InterpretableV2
	running bool
	outer   *interpreter.ExecutionFrame
	element asset.Value
	unread  *types.Unknown // that stands for the element if it is unread, or nil
}

// Exec implements interpreter.InterpretableV2.
func (l *loop) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v, found := l.list.find(frame)
	l.running = found == present && v.Kind() == asset.List
	if !l.running {
		return l.InterpretableV2.Exec(frame)
	}
	l.outer = frame
	result := ref.Val(!l.decides)
	inner := frame.Push(l)
	for i := range v.Len() {
		l.element, l.unread = v.Index(i), nil
		if u := l.element.Unread(); u != nil {
			// Its reason precedes those of the body, as where cel-go iterates.
			l.unread = l.m.run.Unknown(u)
		}
		l.m.run.budget.begun(l.pass)
		x := l.each.Exec(inner)
		if x == l.decides {
			result = x
			break
		}
		if x != !l.decides {
			result = undecided(result, x)
		}
	}
	inner.Pop()
	l.running, l.outer = false, nil
	return result
}

// undecided returns the result of && and || for operands that do not decide, the second
// of which is not a boolean: unknown before an error, the first error before others.
func undecided(a, b ref.Val) ref.Val {
	u, _ := a.(*types.Unknown)
	if v, ok := b.(*types.Unknown); ok {
		return types.MergeUnknowns(u, v)
	}
	if types.IsUnknownOrError(a) {
		return a
	}
	return types.MaybeNoSuchOverloadErr(b)
}

// ResolveName implements interpreter.Activation.
func (l *loop) ResolveName(name string) (any, bool) {
	if name != l.name {
		return nil, false
	}
	if l.unread != nil {
		return l.unread, true
	}
	return anyOf(l.m.run.wrap(l.element, nil))
}

// Parent implements interpreter.Activation.
func (l *loop) Parent() interpreter.Activation { return l.outer }

// Unwrap lets cel-go reach what the variable of the loop hides.
func (l *loop) Unwrap() interpreter.Activation { return l.outer }

// Eval implements interpreter.Interpretable.
func (l *loop) Eval(a interpreter.Activation) ref.Val { return interpreter.EvalActivation(a, l.Exec) }
