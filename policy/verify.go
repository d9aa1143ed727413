package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

var (
	idPattern      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	kindPattern    = idPattern
	namePattern    = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)
	controlPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

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
	if len(p.Checks) == 0 {
		add("", "missing checks")
	}
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
		case c.Run != nil && (c.Require != "" || c.When != "" || c.Message != "" || len(c.Let) > 0):
			add(place, "check has both Run and expressions (want one of them)")
		}
		for _, l := range c.Let {
			if !namePattern.MatchString(l.Name) || slices.Contains(reserved(), l.Name) {
				add(place+".let."+l.Name, "invalid variable name %q (want letters, digits and _, and no built-in name)", l.Name)
			}
		}
	}
	return problems
}

// problem makes a problem of something in p.
func (p *Policy) problem(place, what string) *Diagnostic {
	f := &Diagnostic{File: p.file, What: what}
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
