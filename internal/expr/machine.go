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
	"github.com/openstance/stance/internal/printable"
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
	patterns  map[string]*pattern
	limits    Limits
	charged   int64      // operations of earlier evaluations
	args      [2]ref.Val // of the function that is called
	run       Run
	ctx       context.Context // of the current evaluation
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

// NewMachine returns a machine whose evaluations have the limits.
func NewMachine(limits Limits) *Machine {
	return &Machine{programs: map[*Expr]cel.Program{}, parts: map[partKey]*Expr{}, patterns: map[string]*pattern{}, limits: limits}
}

// Begin prepares the evaluation of the expressions of one subject. Vars gives the
// variables; their values belong to the run. The limits hold for all
// expressions until the next Begin together.
func (m *Machine) Begin(ctx context.Context, vars func(*Run, string) (ref.Val, bool), lets []Let) {
	m.run.reset()
	m.run.track = false
	m.charged += m.run.budget.used()
	m.run.budget.begin(ctx, m.limits)
	m.ctx, m.vars, m.lets = ctx, vars, lets
	m.locals = m.locals[:0]
	m.letStates = m.letStates[:0]
	for range lets {
		m.letStates = append(m.letStates, letState{})
	}
	m.forget()
}

// Operations returns the operations of all evaluations.
func (m *Machine) Operations() int64 { return m.charged + m.run.budget.used() }

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

// maxError is the number of bytes of an error that is returned as it is.
const maxError = 2000

func (m *Machine) eval(x *Expr) (ref.Val, error) {
	p, err := m.program(x)
	if err != nil {
		return nil, err
	}
	if err := m.begin(x); err != nil {
		return nil, err
	}
	v, _, err := p.Eval((*activation)(m))
	if err != nil {
		var cancelled interpreter.EvalCancelledError
		if errors.As(err, &cancelled) {
			return nil, ended(&cancelled)
		}
		if text := err.Error(); len(text) > maxError { // it quotes a string of the document
			return nil, errors.New(printable.Short(text))
		}
		return nil, err
	}
	return v, nil
}

// begin charges an evaluation of x, and returns why it cannot begin, or nil.
func (m *Machine) begin(x *Expr) error {
	b := &m.run.budget
	b.left -= x.pass.operations
	b.bytes -= x.pass.bytes
	if b.left >= b.mark && b.bytes >= 0 {
		return nil
	}
	return ended(b.state())
}

// ended returns the error of an evaluation that its budget ended, or nil.
func ended(by *interpreter.EvalCancelledError) error {
	switch {
	case by == nil:
		return nil
	case by.Cause == interpreter.CostLimitExceeded:
		return fmt.Errorf("%w: %s", ErrTooCostly, by.Message)
	}
	return *by
}

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
		m.run.budget.look() // what ended the let ends the evaluation
		v = types.WrapErr(fmt.Errorf("%s: %w", m.lets[i].Name, err))
	}
	m.values[i] = v
	return v
}
