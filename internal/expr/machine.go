package expr

import (
	"context"
	"errors"
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/openstance/stance/asset"
)

// Truth is the outcome of a condition.
type Truth int8

// The zero Truth is Unknown.
const (
	Unknown Truth = iota
	True
	False
)

// Result is the outcome of an evaluation. At most one of Unread and Err is set; if
// either is, the value is unknown.
type Result struct {
	Value  ref.Val
	Unread []*asset.Unread // unread parts that could have decided
	Err    error
}

// Truth returns the result of a condition.
func (r Result) Truth() Truth {
	switch r.Value {
	case types.True:
		return True
	case types.False:
		return False
	}
	return Unknown
}

// Why returns why the result is unknown, or nil.
func (r Result) Why() error {
	if r.Err != nil {
		return r.Err
	}
	errs := make([]error, len(r.Unread))
	for i, u := range r.Unread {
		errs[i] = u
	}
	return errors.Join(errs...)
}

// Let is a variable that stands for an expression, which is evaluated on first use.
type Let struct {
	Name string
	Expr *Expr
}

// Machine evaluates expressions, one at a time. It is not safe for concurrent use.
type Machine struct {
	programs  map[*Expr]cel.Program
	parts     map[partKey]*Expr // of explanations
	run       Run
	ctx       context.Context // of the current evaluation
	left      int             // steps
	vars      func(*Run, string) (ref.Val, bool)
	lets      []Let
	values    []any      // of lets, nil until used
	letStates []letState // of lets, since Begin
	locals    []local
}

type local struct {
	name  string
	value ref.Val
}

// NewMachine returns a machine.
func NewMachine() *Machine {
	return &Machine{programs: map[*Expr]cel.Program{}, parts: map[partKey]*Expr{}}
}

// Begin prepares the evaluation of the expressions of one subject. Vars gives the
// variables; their values belong to the run. The limit of steps holds for all
// expressions until the next Begin.
func (m *Machine) Begin(ctx context.Context, vars func(*Run, string) (ref.Val, bool), lets []Let) {
	m.run.reset()
	m.run.track = false
	m.ctx, m.left, m.vars, m.lets = ctx, MaxSteps, vars, lets
	m.locals = m.locals[:0]
	m.letStates = m.letStates[:0]
	for range lets {
		m.letStates = append(m.letStates, letState{})
	}
	m.forget()
}

// letState records what was done with a let.
type letState struct{ evaluated, explained bool }

// Unexplained reports whether let number i was evaluated since Begin but is not a
// condition that Explain explained in place.
func (m *Machine) Unexplained(i int) bool {
	return m.letStates[i].evaluated && !m.letStates[i].explained
}

func (m *Machine) forget() {
	m.values = m.values[:0]
	for range m.lets {
		m.values = append(m.values, nil)
	}
}

// Eval evaluates x.
func (m *Machine) Eval(x *Expr) Result {
	v, err := m.eval(x)
	if err != nil {
		return Result{Value: types.WrapErr(err), Err: err}
	}
	if u, ok := v.(*types.Unknown); ok {
		return Result{Value: v, Unread: m.run.Reasons(u)}
	}
	return Result{Value: v}
}

func (m *Machine) eval(x *Expr) (ref.Val, error) {
	p, err := m.program(x)
	if err != nil {
		return nil, err
	}
	v, _, err := p.Eval((*activation)(m))
	if err != nil {
		var cancelled interpreter.EvalCancelledError
		if errors.As(err, &cancelled) && cancelled.Cause == interpreter.CostLimitExceeded {
			return nil, fmt.Errorf("%w: %s", ErrTooCostly, cancelled.Message)
		}
		return nil, err
	}
	return v, nil
}

// ErrTooCostly marks an evaluation that stopped at [MaxSteps].
var ErrTooCostly = errors.New("expression given up")

// activation resolves names for cel-go: local variables of an explanation, lets,
// then the subject's variables.
type activation Machine

// ResolveName implements interpreter.Activation.
func (a *activation) ResolveName(name string) (any, bool) {
	m := (*Machine)(a)
	for i := len(m.locals) - 1; i >= 0; i-- {
		if m.locals[i].name == name {
			return m.locals[i].value, true
		}
	}
	for i := range m.lets {
		if m.lets[i].Name == name {
			return m.let(i), true
		}
	}
	return anyOf(m.vars(&m.run, name))
}

// Parent implements interpreter.Activation.
func (a *activation) Parent() interpreter.Activation { return nil }

func (m *Machine) let(i int) any {
	if m.values[i] != nil {
		return m.values[i]
	}
	m.letStates[i].evaluated = true
	v, err := m.eval(m.lets[i].Expr)
	if err != nil {
		if errors.Is(err, ErrTooCostly) || m.ctx.Err() != nil {
			panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: err.Error()})
		}
		v = types.WrapErr(fmt.Errorf("%s: %w", m.lets[i].Name, err))
	}
	m.values[i] = v
	return v
}
