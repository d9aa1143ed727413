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
	r := &policyReader{f, p}
	r.policy(root)
	return p, f.problems
}

// policyReader reads a policy from YAML.
type policyReader struct {
	*file
	p *Policy
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
		"id":          r.text(&p.ID),
		"previousIds": r.texts(&p.PreviousIDs),
		"title":       r.text(&p.Title),
		"rationale":   r.text(&p.Rationale),
		"severity":    r.severity,
		"kind":        r.text((*string)(&p.Kind)),
		"params":      r.params,
		"controls":    r.texts(&p.Controls),
		"labels":      r.texts(&p.Labels),
		"remediation": r.remediation,
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
		for _, k := range []string{"type", "when", "let", "require", "message"} {
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
			r.texts(&names)(n)
			for j, t := range names {
				c.Types = append(c.Types, asset.Type(t))
				if n.Kind == yaml.SequenceNode && j < len(n.Content) {
					r.at(typePlace(i, asset.Type(t)), n.Content[j])
				} else {
					r.at(typePlace(i, asset.Type(t)), n)
				}
			}
		}),
		"when":    place("when", r.text(&c.When)),
		"require": place("require", r.text(&c.Require)),
		"message": place("message", r.text(&c.Message)),
		"let": func(n *yaml.Node) {
			if n.Kind != yaml.MappingNode {
				r.Problem(n, "want a mapping of names to expressions")
				return
			}
			for j := 0; j+1 < len(n.Content); j += 2 {
				name, v := n.Content[j].Value, yamlfile.Resolve(n.Content[j+1])
				if slices.ContainsFunc(c.Let, func(l Variable) bool { return l.Name == name }) {
					r.Problem(n.Content[j], "duplicate variable %q", name)
				}
				l := Variable{Name: name}
				r.text(&l.Expr)(v)
				r.at(fmt.Sprintf("checks[%d].let.%s", i, name), v)
				c.Let = append(c.Let, l)
			}
		},
	}
}

func (r *policyReader) severity(n *yaml.Node) {
	var name string
	r.text(&name)(n)
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
			r.text(&c)(n)
			m.Class = Class(c)
			if !slices.Contains([]Class{Safe, Guarded, Manual}, m.Class) {
				r.Problem(n, "invalid class %q (want safe, guarded or manual)", c)
			}
		},
		"text":      r.text(&m.Text),
		"cli":       r.text(&m.CLI),
		"prechecks": r.texts(&m.PreChecks),
		"fix":       r.text(&m.Fix),
	})
}

func (r *policyReader) params(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		r.Problem(n, "want a mapping of names to parameters")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := Param{Name: n.Content[i].Value}
		body := yamlfile.Resolve(n.Content[i+1])
		var def asset.Value
		var typ string
		seen := r.Mapping(body, map[string]func(*yaml.Node){
			"type": r.text(&typ), "default": r.value(&def), "description": r.text(&p.Description),
		})
		p.Type = ParamType(typ)
		if seen["default"] == nil {
			r.Problem(body, "parameter %q: missing default", p.Name)
		} else if d, err := p.Type.fromValue(def); err != nil {
			r.Problem(seen["default"], "parameter %q: %v", p.Name, err)
		} else {
			p.Default = d
		}
		if slices.ContainsFunc(r.p.Params, func(q Param) bool { return q.Name == p.Name }) {
			r.Problem(n.Content[i], "duplicate parameter %q", p.Name)
		}
		r.p.Params = append(r.p.Params, p)
	}
}
