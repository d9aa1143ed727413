package policy

import (
	"cmp"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/internal/yamlfile"
)

// compiler compiles the policies of a set.
type compiler struct {
	set    *Set
	env    *assetexpr.Env
	scopes map[asset.Type]*expr.Scope // without params
}

func (c *compiler) policy(p *Policy) (*compiled, []error) {
	own := *p // severity may change
	own.Kind = cmp.Or(p.Kind, KindConfig)
	out := &compiled{Policy: &own, params: map[string]any{}, values: map[string]asset.Value{}}
	problems := p.verify()
	if len(problems) > 0 {
		return out, p.first(problems)
	}
	fields, names := map[string]*cel.Type{}, []string{}
	for _, q := range p.Params {
		fields[q.Name] = q.Type.cel()
		names = append(names, q.Name)
		if err := out.set(q.Name, q.Default); err != nil {
			problems = append(problems, p.problem("params", err.Error()))
		}
	}
	params := c.env.Object("params of "+p.ID, fields, names...)
	for i := range own.Checks {
		check := &own.Checks[i]
		types := map[string][]asset.Type{} // for which an error was found
		for _, t := range check.Types {
			if err := c.env.CheckType(t); err != nil {
				problems = append(problems, p.problem(typePlace(i, t), err.Error()))
			}
			compiled, errs := c.check(out, i, check, t, params)
			for _, err := range errs {
				text := err.Error()
				if types[text] == nil {
					problems = append(problems, err)
				}
				types[text] = append(types[text], t)
			}
			out.checks = append(out.checks, compiled)
			if len(problems) > yamlfile.MaxProblems {
				return out, p.first(problems)
			}
		}
		for _, err := range problems {
			if d, ok := err.(*Diagnostic); ok {
				if ts := types[d.Error()]; len(ts) > 0 && len(ts) < len(check.Types) {
					d.What += fmt.Sprintf(" (for type %s)", joined(ts))
				}
			}
		}
	}
	return out, p.first(append(problems, c.lint(p)...))
}

// first returns at most as many problems as are reported of a file.
func (p *Policy) first(problems []error) []error {
	if len(problems) <= yamlfile.MaxProblems {
		return problems
	}
	return append(problems[:yamlfile.MaxProblems], p.problem("", fmt.Sprintf("more than %d problems", yamlfile.MaxProblems)))
}

func joined(ts []asset.Type) string {
	names := make([]string, len(ts))
	for i, t := range ts {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

func (c *compiler) check(p *compiled, i int, check *Check, t asset.Type, params *cel.Type) (*compiledCheck, []error) {
	out := &compiledCheck{policy: p, index: i, typ: t, check: check}
	if check.Run != nil {
		return out, nil
	}
	scope, err := c.assetScope(t)
	if err == nil {
		scope, err = scope.Resolving(c.env.Resolver(check.Types...)).With(expr.Var{Name: "params", Type: params})
	}
	if err != nil {
		return out, []error{p.problem(fmt.Sprintf("checks[%d]", i), err.Error())}
	}
	var problems []error
	compile := func(place, source string, want *cel.Type) *expr.Expr {
		x, errs := scope.Compile(source, want)
		for _, d := range errs {
			problems = append(problems, p.exprProblem(fmt.Sprintf("checks[%d].%s", i, place), d))
		}
		return x
	}
	for _, l := range check.Let {
		x := compile("let."+l.Name, l.Expr, nil)
		if x == nil {
			return out, problems // what follows would only complain about the variable
		}
		out.lets = append(out.lets, expr.Let{Name: l.Name, Expr: x})
		if scope, err = scope.With(expr.Var{Name: l.Name, Type: x.Type}); err != nil {
			return out, append(problems, p.problem(fmt.Sprintf("checks[%d].let.%s", i, l.Name), err.Error()))
		}
	}
	if check.When != "" {
		out.when = compile("when", check.When, cel.BoolType)
	}
	out.require = compile("require", check.Require, cel.BoolType)
	if check.Message != "" {
		out.message = compile("message", check.Message, cel.StringType)
	}
	for j, claim := range check.Claims {
		x := compiledClaim{controls: claim.Controls}
		if claim.When != "" {
			x.when = compile(claimPart(j, "when"), claim.When, cel.BoolType)
		}
		if claim.Require != "" {
			x.require = compile(claimPart(j, "require"), claim.Require, cel.BoolType)
		}
		out.claims = append(out.claims, x)
	}
	return out, problems
}

// claimPart names an expression of a claim.
func claimPart(claim int, name string) string { return fmt.Sprintf("claims[%d].%s", claim, name) }

// exprProblem makes a problem of one in an expression.
func (p *Policy) exprProblem(place string, f expr.Diagnostic) *Diagnostic {
	problem := p.problem(place, f.Message)
	problem.Snippet = f.Snippet
	if at, ok := p.positions[place]; ok && p.source != nil {
		problem.Line, problem.Column = p.source.place(at, f.Offset)
	}
	return problem
}
