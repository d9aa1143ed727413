package expr

import (
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// counted charges the passes through the body of a comprehension.
type counted struct {
	interpreter.InterpretableV2
	m    *Machine
	loop body
}

// Exec implements interpreter.InterpretableV2.
func (c *counted) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	c.m.run.budget.begun(c.loop.pass)
	if len(c.m.run.maybeAbsent) > 0 {
		if more := c.maybeElement(frame); more != nil {
			return c.execMaybe(frame, more)
		}
	}
	return c.InterpretableV2.Exec(frame)
}

// maybeElement returns the current element if it may be absent, or nil.
func (c *counted) maybeElement(frame *interpreter.ExecutionFrame) *types.Unknown {
	for _, name := range []string{c.loop.IterVar(), c.loop.IterVar2()} {
		if x, ok := frame.ResolveName(name); ok && name != "" {
			if u, ok := x.(*types.Unknown); ok && c.m.run.maybeAbsent[u] {
				return u
			}
		}
	}
	return nil
}

// execMaybe is the pass for an element that may be absent or stand for several: every
// change that it makes is unknown.
func (c *counted) execMaybe(frame *interpreter.ExecutionFrame, more *types.Unknown) ref.Val {
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

// fullyRead makes a value unknown if a part of it is unread.
type fullyRead struct {
	interpreter.InterpretableV2
	m *Machine
}

// Exec implements interpreter.InterpretableV2.
func (w *fullyRead) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := w.InterpretableV2.Exec(frame)
	if u := w.m.run.unreadIn(v); u != nil {
		return u
	}
	return v
}

// readString charges a string that is looked up.
type readString struct {
	interpreter.InterpretableV2
	budget *Budget
}

// Exec implements interpreter.InterpretableV2.
func (r *readString) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := r.InterpretableV2.Exec(frame)
	r.budget.Read(textLen(v))
	return v
}

// keyOnly refuses lists and maps as keys, which no map has. An error that quoted one could
// be of any length.
type keyOnly struct{ interpreter.InterpretableV2 }

// Exec implements interpreter.InterpretableV2.
func (k *keyOnly) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := k.InterpretableV2.Exec(frame)
	switch v.(type) {
	case traits.Lister, traits.Mapper, *types.Optional:
		return types.NewErr("invalid key of type %s", v.Type().TypeName())
	}
	return v
}

// Eval implements interpreter.Interpretable.
func (k *keyOnly) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, k.Exec)
}

// compare is ==, != and in, three-valued at every depth.
type compare struct {
	interpreter.InterpretableV2
	lhs, rhs interpreter.InterpretableV2
	function string
	budget   *Budget
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
			return c.budget.contains(lister, l)
		}
		if container, ok := r.(traits.Container); ok {
			return container.Contains(l)
		}
		return c.InterpretableV2.Exec(frame)
	}
	e := c.budget.equal(l, r)
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
func (r *readString) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, r.Exec)
}

// Eval implements interpreter.Interpretable.
func (w *fullyRead) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, w.Exec)
}

// Eval implements interpreter.Interpretable.
func (c *compare) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, c.Exec)
}
