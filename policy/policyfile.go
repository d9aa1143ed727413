package policy

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/yamlfile"
)

func readPolicy(name string, source []byte) (*Policy, []error) {
	f := newFile(name, source)
	root := f.document()
	if root == nil {
		return nil, f.problems
	}
	p := &Policy{file: name, source: f, positions: map[string]position{}}
	r := &policyReader{file: f, p: p, stated: map[string]bool{}}
	r.policy(root)
	return p, f.problems
}

// policyReader reads a policy from YAML.
type policyReader struct {
	*file
	p      *Policy
	stated map[string]bool // the parts of assets of cases that are empty where a case omits them
}

// at remembers where something stands, for problems found later.
func (r *policyReader) at(place string, n *yaml.Node) {
	r.p.positions[place] = position{n.Line, n.Column, n}
}

func (r *policyReader) policy(root *yaml.Node) {
	p := r.p
	var single Check
	var tests *yaml.Node
	fields := map[string]func(*yaml.Node){
		"id":          r.Text(&p.ID),
		"previousIds": r.Texts(&p.PreviousIDs),
		"title":       r.Text(&p.Title),
		"rationale":   r.Text(&p.Rationale),
		"severity":    r.severity,
		"kind":        r.Text((*string)(&p.Kind)),
		"params":      r.params,
		"controls":    r.Texts(&p.Controls),
		"labels":      r.Texts(&p.Labels),
		"remediation": r.remediation,
		"noDismissal": r.flag(&p.NoDismissal),
		"defaults":    r.defaults,
		"tests":       func(n *yaml.Node) { tests = n },
		"checks": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				i := len(p.Checks)
				p.Checks = append(p.Checks, Check{})
				var c Check
				r.Mapping(el, r.check(i, &c))
				r.at(fmt.Sprintf("checks[%d]", i), el)
				p.Checks[i] = c
			})
		},
	}
	for k, read := range r.check(0, &single) {
		fields[k] = read
	}
	seen := r.Mapping(root, fields)
	r.at("", yamlfile.Resolve(root))
	for k, n := range seen {
		if _, ok := r.p.positions[k]; !ok {
			r.at(k, n)
		}
	}
	if seen["checks"] == nil {
		p.Checks = []Check{single}
		r.at("checks[0]", yamlfile.Resolve(root))
	} else {
		for _, k := range []string{"type", "when", "let", "require", "message", "claims"} {
			if n := seen[k]; n != nil {
				r.Problem(n, "key %q beside checks (want it in each of the checks)", k)
			}
		}
	}
	if tests != nil {
		r.List(tests, func(n *yaml.Node) {
			if c, ok := r.test(n); ok {
				p.Tests = append(p.Tests, c)
			}
		})
	}
}

// typePlace is the place of one of the types of a check.
func typePlace(check int, t asset.Type) string { return fmt.Sprintf("checks[%d].type.%s", check, t) }

func (r *policyReader) check(i int, c *Check) map[string]func(*yaml.Node) {
	place := func(what string, read func(*yaml.Node)) func(*yaml.Node) {
		return func(n *yaml.Node) {
			r.at(fmt.Sprintf("checks[%d].%s", i, what), n)
			read(n)
		}
	}
	return map[string]func(*yaml.Node){
		"type": place("type", func(n *yaml.Node) {
			var names []string
			r.Texts(&names)(n)
			for j, t := range names {
				c.Types = append(c.Types, asset.Type(t))
				if n.Kind == yaml.SequenceNode && j < len(n.Content) {
					r.at(typePlace(i, asset.Type(t)), n.Content[j])
				} else {
					r.at(typePlace(i, asset.Type(t)), n)
				}
			}
		}),
		"when":    place("when", r.Text(&c.When)),
		"require": place("require", r.Text(&c.Require)),
		"message": place("message", r.Text(&c.Message)),
		"claims": func(n *yaml.Node) {
			r.List(n, func(el *yaml.Node) {
				at := fmt.Sprintf("claims[%d]", len(c.Claims))
				var claim Claim
				place(at, func(n *yaml.Node) {
					r.Mapping(n, map[string]func(*yaml.Node){
						"controls": r.Texts(&claim.Controls),
						"when":     place(at+".when", r.Text(&claim.When)),
						"require":  place(at+".require", r.Text(&claim.Require)),
					})
				})(el)
				c.Claims = append(c.Claims, claim)
			})
		},
		"let": func(n *yaml.Node) {
			if n.Kind != yaml.MappingNode {
				r.Problem(n, "want a mapping of names to expressions")
				return
			}
			if len(n.Content)/2 > maxLets {
				r.Problem(n, "%d variables, more than %d", len(n.Content)/2, maxLets)
				return
			}
			for k, v := range r.Members(n) {
				name := k.Value
				if slices.ContainsFunc(c.Let, func(l Variable) bool { return l.Name == name }) {
					r.Problem(k, "duplicate variable %q", name)
				}
				l := Variable{Name: name}
				r.Text(&l.Expr)(v)
				r.at(fmt.Sprintf("checks[%d].let.%s", i, name), v)
				c.Let = append(c.Let, l)
			}
		},
	}
}

func (r *policyReader) severity(n *yaml.Node) {
	var name string
	r.Text(&name)(n)
	s, err := ParseSeverity(name)
	if err != nil {
		r.Problem(n, "%v", err)
	}
	r.p.Severity = s
}

func (r *policyReader) remediation(n *yaml.Node) {
	m := &r.p.Remediation
	r.Mapping(n, map[string]func(*yaml.Node){
		"class": func(n *yaml.Node) {
			var c string
			r.Text(&c)(n)
			m.Class = Class(c)
			if !slices.Contains([]Class{Safe, Guarded, Manual}, m.Class) {
				r.Problem(n, "invalid class %q (want safe, guarded or manual)", c)
			}
		},
		"text":      r.Text(&m.Text),
		"cli":       r.Text(&m.CLI),
		"prechecks": func(n *yaml.Node) { r.List(n, r.preCheck) },
		"fix":       r.Text(&m.Fix),
	})
}

func (r *policyReader) preCheck(n *yaml.Node) {
	var c PreCheck
	var kind string
	place := preCheckPlace(len(r.p.Remediation.PreChecks))
	r.at(place, n)
	for key, v := range r.Mapping(n, map[string]func(*yaml.Node){"id": r.Text(&c.ID), "text": r.Text(&c.Text), "kind": r.Text(&kind)}) {
		r.at(place+"."+key, v)
	}
	c.Kind = PreCheckKind(kind)
	r.p.Remediation.PreChecks = append(r.p.Remediation.PreChecks, c)
}

func (r *policyReader) params(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "want a mapping of names to parameters")
		return
	}
	if len(n.Content)/2 > maxParams {
		r.Problem(n, "%d parameters, more than %d", len(n.Content)/2, maxParams)
		return
	}
	for k, body := range r.Members(n) {
		p := Param{Name: k.Value}
		var def asset.Value
		var typ string
		seen := r.Mapping(body, map[string]func(*yaml.Node){
			"type": r.Text(&typ), "default": r.value(&def), "description": r.Text(&p.Description),
		})
		p.Type = ParamType(typ)
		if seen["default"] == nil {
			r.Problem(body, "parameter %q: missing default", p.Name)
		} else if d, err := p.Type.fromFile(def); err != nil {
			r.Problem(seen["default"], "parameter %q: %v", p.Name, err)
		} else {
			p.Default = d
		}
		if slices.ContainsFunc(r.p.Params, func(q Param) bool { return q.Name == p.Name }) {
			r.Problem(k, "duplicate parameter %q", p.Name)
		}
		r.p.Params = append(r.p.Params, p)
	}
}

// flag reads true or false.
func (r *policyReader) flag(to *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n = yamlfile.Resolve(n); n.Tag != "!!bool" || n.Decode(to) != nil {
			r.Problem(n, "want true or false")
		}
	}
}
