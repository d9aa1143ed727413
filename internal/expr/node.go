package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// counted counts the passes through the body of a comprehension.
type counted struct {
	interpreter.InterpretableV2
	m    *Machine
	loop ast.ComprehensionExpr
}

// Exec implements interpreter.InterpretableV2.
func (c *counted) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	c.m.step()
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

// ordered makes a comprehension iterate over one of cel-go's own maps in the order of
// its keys, which cel-go does not promise.
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

// compare is ==, != and in, three-valued at every depth.
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
func (w *fullyRead) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, w.Exec)
}

// Eval implements interpreter.Interpretable.
func (c *compare) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, c.Exec)
}
