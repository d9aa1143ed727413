package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/printable"
)

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	kindPattern    = idPattern
	namePattern    = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
	controlPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

func preCheckPlace(i int) string { return fmt.Sprintf("remediation.prechecks[%d]", i) }

// verify reports what is wrong with a policy that needs no compiler.
func (p *Policy) verify() []error {
	var problems []error
	add := func(place, format string, args ...any) {
		problems = append(problems, p.problem(place, fmt.Sprintf(format, args...)))
	}
	if !idPattern.MatchString(p.ID) {
		add("id", "invalid id %q (want lower case letters, digits and dashes)", p.ID)
	}
	if strings.TrimSpace(p.Title) == "" {
		add("title", "missing title")
	}
	if !kindPattern.MatchString(string(cmp.Or(p.Kind, KindConfig))) {
		add("kind", "invalid kind %q (want lower case letters, digits and dashes)", p.Kind)
	}
	if p.Severity < Informational || p.Severity > Critical {
		add("severity", "missing severity")
	}
	for _, c := range p.Controls {
		if !controlPattern.MatchString(c) {
			add("controls", "invalid control %q (want a standard and a section, such as cis-aws-5.0/2.1.4)", c)
		}
	}
	for _, q := range p.Params {
		if !namePattern.MatchString(q.Name) {
			add("params", "invalid parameter name %q (want a letter in lower case, then letters, digits and _)", q.Name)
		}
		if _, err := q.Type.check(q.Default); err != nil {
			add("params", "parameter %q: default: %v", q.Name, err)
		}
	}
	for i, c := range p.Remediation.PreChecks {
		place := preCheckPlace(i)
		switch {
		case c.ID == "":
			add(place, "missing id of a pre-check")
		case !idPattern.MatchString(c.ID):
			add(place+".id", "invalid id %q of a pre-check (want lower case letters, digits and dashes)", c.ID)
		case slices.ContainsFunc(p.Remediation.PreChecks[:i], func(o PreCheck) bool { return o.ID == c.ID }):
			add(place+".id", "duplicate pre-check %q", c.ID)
		}
		if strings.TrimSpace(c.Text) == "" {
			add(place, "missing text of a pre-check")
		}
		switch c.Kind {
		case Computed, Attested:
		case "":
			add(place, "missing kind of a pre-check (want computed or attested)")
		default:
			add(place+".kind", "invalid kind %q of a pre-check (want computed or attested)", c.Kind)
		}
	}
	if len(p.Checks) == 0 {
		add("", "missing checks")
	}
	problems = append(problems, p.tooLarge()...)
	seen := map[asset.Type]bool{}
	for i, c := range p.Checks {
		place := fmt.Sprintf("checks[%d]", i)
		if len(c.Types) == 0 {
			add(place, "missing type")
		}
		for _, t := range c.Types {
			if seen[t] {
				add(place+".type", "duplicate type %s", t)
			}
			seen[t] = true
		}
		switch {
		case c.Run == nil && strings.TrimSpace(c.Require) == "":
			add(place, "missing require")
		case c.Run != nil && (c.Require != "" || c.When != "" || c.Message != "" || len(c.Let) > 0 || len(c.Claims) > 0):
			add(place, "check has both Run and expressions (want one of them)")
		}
		for _, l := range c.Let {
			if !namePattern.MatchString(l.Name) || slices.Contains(reserved(), l.Name) {
				add(place+".let."+l.Name, "invalid variable name %q (want letters, digits and _, and no built-in name)", l.Name)
			}
		}
	}
	return append(problems, p.verifyClaims()...)
}

// verifyClaims reports what is wrong with the claims of checks.
func (p *Policy) verifyClaims() []error {
	var problems []error
	for i, c := range p.Checks {
		claimed := map[string]bool{}
		for j, claim := range c.Claims {
			add := func(format string, args ...any) {
				problems = append(problems, p.problem(fmt.Sprintf("checks[%d].claims[%d]", i, j), fmt.Sprintf(format, args...)))
			}
			if len(claim.Controls) == 0 {
				add("missing controls")
			}
			if strings.TrimSpace(claim.When) == "" && strings.TrimSpace(claim.Require) == "" {
				add("claim without when and require (want at least one of them)")
			}
			for _, control := range claim.Controls {
				switch {
				case !slices.Contains(p.Controls, control):
					add("claim of control %q (want one of the controls of the policy)", control)
				case claimed[control]:
					add("duplicate claim of control %q", control)
				}
				claimed[control] = true
			}
		}
	}
	return problems
}

// The limits of a policy. Every expression is compiled for each type of its check.
const (
	maxChecks   = 100
	maxTypes    = 200 // of all checks
	maxLets     = 100 // of a check
	maxClaims   = 100 // of a check
	maxParams   = 100
	maxCompiled = 2000    // expressions, each as often as its check has types
	maxProduct  = 1 << 20 // bytes of these expressions
)

// tooLarge reports what would take long to compile.
func (p *Policy) tooLarge() []error {
	var problems []error
	limit := func(place string, n, most int, of string) {
		if n > most {
			problems = append(problems, p.problem(place, fmt.Sprintf("%d %s, more than %d", n, of, most)))
		}
	}
	types, compiled, product := 0, 0, 0
	for i, c := range p.Checks {
		source := len(c.When) + len(c.Require) + len(c.Message)
		for _, l := range c.Let {
			source += len(l.Expr)
		}
		for _, claim := range c.Claims {
			source += len(claim.When) + len(claim.Require)
		}
		types += len(c.Types)
		compiled += len(c.Types) * (len(c.Let) + 2*len(c.Claims) + 3)
		product += len(c.Types) * source
		limit(fmt.Sprintf("checks[%d].let", i), len(c.Let), maxLets, "variables")
		limit(fmt.Sprintf("checks[%d].claims", i), len(c.Claims), maxClaims, "claims")
	}
	limit("checks", len(p.Checks), maxChecks, "checks")
	limit("params", len(p.Params), maxParams, "parameters")
	limit("", types, maxTypes, "types")
	limit("", compiled, maxCompiled, "expressions to compile for the types of the checks")
	limit("", product, maxProduct, "bytes of expressions to compile for the types of the checks")
	return problems
}

// problem makes a problem of something in p.
func (p *Policy) problem(place, what string) *Diagnostic {
	f := &Diagnostic{File: p.file, What: printable.Short(what)}
	if f.File == "" {
		f.File = "policy " + p.ID
	}
	at, ok := p.positions[place]
	if !ok {
		at = p.positions[""]
	}
	f.Line, f.Column = at.line, at.column
	return f
}
