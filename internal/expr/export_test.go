package expr

import (
	"context"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// Plainly returns x as it is planned without nodes that read documents directly.
func Plainly(x *Expr) *Expr {
	p := *x
	p.plan.chains, p.plan.comparisons, p.plan.loops = nil, nil, nil
	return &p
}

// Direct returns how many nodes of x read documents directly.
func Direct(x *Expr) int { return len(x.plan.chains) + len(x.plan.comparisons) + len(x.plan.loops) }

// Left returns the operations and bytes that are left.
func Left(m *Machine) [2]int64 { return [2]int64{m.run.budget.left, m.run.budget.bytes} }

// Names and Operators return what expressions of an environment can call.
func Names(e *Env) []string     { return e.names() }
func Operators(e *Env) []string { return e.operators() }

// Works returns the functions whose work is known, each with whether it depends on the
// sizes of the arguments.
func Works() map[string]bool {
	sized := map[string]bool{}
	for name, w := range works {
		sized[name] = w.charge != nil || w.call != nil
	}
	for _, h := range helpers {
		if _, ok := works[h.name]; !ok {
			sized[h.name] = true
		}
	}
	return sized
}

// Functions returns the names of all functions and operators of an environment.
func Functions(e *Env) []string {
	var names []string
	for name := range e.base.Functions() {
		names = append(names, name)
	}
	return names
}

// Charge calls a function of an environment with the limits.
func Charge(ctx context.Context, limits Limits, e *Env, name string, args ...ref.Val) (used Limits, err error) {
	m := NewMachine(limits)
	m.Begin(ctx, nil, nil)
	before := Left(m)
	defer func() {
		after := Left(m)
		used = Limits{before[0] - after[0], before[1] - after[1]}
		if r := recover(); r != nil {
			cancelled := r.(interpreter.EvalCancelledError)
			err = ended(&cancelled)
		}
	}()
	w, _ := e.workOf(name)
	if m.before(&w, args) == nil {
		m.after(&w, types.NullValue)
	}
	return used, nil
}

// FindAll returns what a pattern finds.
func FindAll(source, subject string) ([][]int, error) {
	p, err := compilePattern(source)
	if err != nil {
		return nil, err
	}
	var all [][]int
	err = p.findAll(new(Budget), subject, func(match []int) bool {
		all = append(all, slices.Clone(match))
		return true
	})
	return all, err
}
