package expr

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/parser"
)

// Step is a part of an explained expression: a logical operator with its operands, a
// quantifier with its elements, or another part with its reads.
type Step struct {
	Branch   Branch // the condition of the source; zero if it is none
	Source   string // the part of the expression
	Result   Result
	Steps    []*Step // of an operator, those that were evaluated, in order
	Reads    []Read  // of a part that is not explained further
	operator string
}

// Explain evaluates x again, step by step from the left, and keeps every result. The
// caller must call Begin before. Of a range at most maxElements elements are kept,
// those that decided first.
func (m *Machine) Explain(x *Expr) *Step {
	m.run.track = true
	m.charged += m.run.budget.used()
	m.run.budget.refill()
	defer func() { m.run.track = false }()
	return m.explain(x, x.root(), "", true)
}

const maxElements = 20

// explain explains e, a part of x, which may be a condition.
func (m *Machine) explain(x *Expr, e ast.Expr, let string, condition bool) *Step {
	s := &Step{Source: x.text(e)}
	if condition {
		s.Branch = Branch{let, e.ID()}
	}
	if err := m.exhausted(len(s.Source)); err != nil {
		s.Result = Result{Value: types.WrapErr(err), Err: err}
		return s
	}
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Conditional:
			m.explainOperator(s, x, e, let)
			return s
		}
	case ast.IdentKind:
		for i, l := range m.lets {
			if l.Name == e.AsIdent() && l.Expr.Type.Kind() == types.BoolKind {
				child := m.explain(l.Expr, l.Expr.root(), l.Name, true)
				s.Steps, s.Result, s.operator = []*Step{child}, child.Result, "let"
				m.values[i] = child.Result.Value
				m.letStates[i].explained = true
				return s
			}
		}
	case ast.ComprehensionKind:
		if m.explainQuantifier(s, x, e, let) {
			return s
		}
	}
	m.forget() // lets are evaluated again, which notes their reads
	m.run.reads = nil
	s.Result = m.Eval(m.part(x, e))
	s.Reads = dedupe(m.run.reads)
	return s
}

func dedupe(reads []Read) []Read {
	var unique []Read
	seen := map[Read]bool{}
	for _, r := range reads {
		key := Read{Of: r.Of, Path: r.Path}
		if !seen[key] {
			seen[key] = true
			unique = append(unique, r)
		}
	}
	return unique
}

func (m *Machine) explainOperator(s *Step, x *Expr, e ast.Expr, let string) {
	c := e.AsCall()
	s.operator = c.FunctionName()
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalNot:
		s.Steps = []*Step{m.explain(x, args[0], let, true)}
	case operators.Conditional:
		cond := m.explain(x, args[0], let, true)
		s.Steps = []*Step{cond}
		switch cond.Result.Truth() {
		case True:
			s.Steps = append(s.Steps, m.explain(x, args[1], let, x.typeOf(args[1]).Kind() == types.BoolKind))
		case False:
			s.Steps = append(s.Steps, m.explain(x, args[2], let, x.typeOf(args[2]).Kind() == types.BoolKind))
		}
	default:
		decides := False
		if c.FunctionName() == operators.LogicalOr {
			decides = True
		}
		for _, a := range args {
			child := m.explain(x, a, let, true)
			s.Steps = append(s.Steps, child)
			if child.Result.Truth() == decides {
				break
			}
		}
	}
	s.Result = m.Eval(m.part(x, e))
}

// explainQuantifier explains all() and exists() with their elements, and the predicate
// of filter(), exists_one() and similar macros.
func (m *Machine) explainQuantifier(s *Step, x *Expr, e ast.Expr, let string) bool {
	c := e.AsComprehension()
	body, decides, logical := quantifierOf(c)
	if body == nil {
		return false
	}
	over := m.explain(x, c.IterRange(), let, false)
	s.operator = "range"
	s.Steps = []*Step{over}
	keys, values, ok := elementsOf(over.Result.Value)
	if ok {
		_, ofList := over.Result.Value.(traits.Lister)
		_, ofMap := over.Result.Value.(traits.Mapper)
		ofMap = ofMap && !ofList
		for i := range values {
			depth := len(m.locals)
			m.bindElement(c, ofMap, keys[i], values[i])
			child := m.explain(x, body, let, true)
			m.locals = m.locals[:depth]
			if len(s.Steps) <= maxElements || child.Result.Truth() != True {
				s.Steps = append(s.Steps, child)
			}
			if logical && child.Result.Truth() == decides || m.exhausted(0) != nil {
				break
			}
		}
	}
	s.Result = m.Eval(m.part(x, e))
	if !logical {
		s.operator = "fold"
	}
	return true
}

func (m *Machine) bindElement(c ast.ComprehensionExpr, ofMap bool, key, value ref.Val) {
	switch {
	case c.HasIterVar2():
		m.locals = append(m.locals, local{c.IterVar(), key}, local{c.IterVar2(), value})
	case ofMap:
		m.locals = append(m.locals, local{c.IterVar(), key})
	default:
		m.locals = append(m.locals, local{c.IterVar(), value})
	}
}

// quantifierOf returns the predicate of a macro over elements, and if the macro is all()
// or exists(), the truth that ends it.
func quantifierOf(c ast.ComprehensionExpr) (body ast.Expr, decides Truth, logical bool) {
	if pred, _, ok := conditionOf(c); ok {
		return pred, Unknown, false
	}
	step := c.LoopStep()
	if step.Kind() != ast.CallKind || len(step.AsCall().Args()) != 2 {
		return nil, Unknown, false
	}
	acc := step.AsCall().Args()[0]
	if acc.Kind() != ast.IdentKind || acc.AsIdent() != c.AccuVar() {
		return nil, Unknown, false
	}
	switch step.AsCall().FunctionName() {
	case operators.LogicalAnd:
		return step.AsCall().Args()[1], False, true
	case operators.LogicalOr:
		return step.AsCall().Args()[1], True, true
	}
	return nil, Unknown, false
}

// collector takes the entries of a range.
type collector struct{ keys, values []ref.Val }

// FoldEntry implements traits.Folder.
func (c *collector) FoldEntry(k, v any) bool {
	c.keys = append(c.keys, types.DefaultTypeAdapter.NativeToValue(k))
	c.values = append(c.values, types.DefaultTypeAdapter.NativeToValue(v))
	return true
}

// elementsOf returns the indexes and elements of a list, or the keys and values of a
// map.
func elementsOf(v ref.Val) (keys, values []ref.Val, ok bool) {
	if v == nil || types.IsUnknownOrError(v) {
		return nil, nil, false
	}
	var c collector
	switch x := new(Budget).inOrder(v).(type) {
	case traits.Foldable:
		x.Fold(&c)
	case traits.Lister:
		types.ToFoldableList(x).Fold(&c)
	default:
		return nil, nil, false
	}
	return c.keys, c.values, true
}

// text returns the source of a part.
func (x *Expr) text(e ast.Expr) string {
	s, err := parser.Unparse(e, x.info())
	if err != nil {
		return x.Source
	}
	return s
}

// exhausted returns an error if no steps are left or the evaluation was canceled. Each
// part of an explanation is charged for its source.
func (m *Machine) exhausted(source int) error {
	b := &m.run.budget
	b.left -= 1 + int64(source)/nodesPerOperation
	b.bytes -= stepSize + int64(source)
	if b.left >= b.mark && b.bytes >= 0 {
		return nil
	}
	return ended(b.state())
}

// part returns a part of x as an expression of its own, the same for each call.
func (m *Machine) part(x *Expr, e ast.Expr) *Expr {
	key := partKey{x, e.ID()}
	p, ok := m.parts[key]
	if !ok {
		p = x.part(e)
		m.parts[key] = p
	}
	return p
}

type partKey struct {
	of *Expr
	id int64
}

// part returns a part of x as an expression of its own. Its free variables are
// those of x and the local variables around it.
func (x *Expr) part(e ast.Expr) *Expr {
	if e.ID() == x.root().ID() {
		return x
	}
	whole := x.ast.NativeRep()
	checked := ast.NewCheckedAST(ast.NewAST(e, whole.SourceInfo()), whole.TypeMap(), whole.ReferenceMap())
	p, err := ast.ToProto(checked)
	if err != nil {
		return x
	}
	return &Expr{Source: x.text(e), Type: x.typeOf(e), scope: x.scope, ast: cel.CheckedExprToAst(p), plan: x.plan, pass: passOf(e)}
}
