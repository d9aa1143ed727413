package expr

// Plainly returns x as it is planned without nodes that read documents directly.
func Plainly(x *Expr) *Expr {
	p := *x
	p.plan.chains, p.plan.comparisons, p.plan.loops = nil, nil, nil
	return &p
}

// Direct returns how many nodes of x read documents directly.
func Direct(x *Expr) int { return len(x.plan.chains) + len(x.plan.comparisons) + len(x.plan.loops) }

// Left returns how many steps are left.
func Left(m *Machine) int { return m.left }

// Names and Operators return what expressions of an environment can call.
func Names(e *Env) []string     { return e.names() }
func Operators(e *Env) []string { return e.operators() }
