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
	Unread []*asset.Unread // what was not read and could have decided
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

// Let is a variable that stands for an expression, evaluated when it is first used.
type Let struct {
	Name string
	Expr *Expr
}

// Machine evaluates expressions, one at a time: it is for one goroutine.
type Machine struct {
	programs map[*Expr]cel.Program
	parts    map[partKey]*Expr // of explanations
	run      Run
	ctx      context.Context // of the evaluation that is going on
	left     int             // steps
	vars     func(*Run, string) (ref.Val, bool)
	lets     []Let
	values   []any  // of lets, nil until used
	told     []told // of lets, since Begin
	locals   []local
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
	m.told = m.told[:0]
	for range lets {
		m.told = append(m.told, told{})
	}
	m.forget()
}

// told is what became of a let.
type told struct{ evaluated, explained bool }

// Unexplained reports whether let number i was evaluated since Begin and is not among
// the conditions that Explain explained where they stand.
func (m *Machine) Unexplained(i int) bool { return m.told[i].evaluated && !m.told[i].explained }

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

// ErrTooCostly is reported when an evaluation was given up at [MaxSteps].
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
	m.told[i].evaluated = true
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
