package policy

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
	"github.com/openstance/stance/internal/yamlfile"
)

// lint checks the cases of a policy against the schemas: a case with a field that no asset
// can have proves nothing.
func (c *compiler) lint(p *Policy) []error {
	l := &caseLint{compiler: c, p: p}
	for i := range p.Tests {
		t := &p.Tests[i]
		l.name = t.Name
		place := testPlace(i)
		if t.Asset != nil {
			l.asset(place, t.Asset)
		}
		for j, o := range t.Related {
			place := relatedPlace(place, j)
			switch o := o.(type) {
			case *asset.Asset:
				l.asset(place, o)
			case *asset.Gap:
				l.checkType(place, o.Type)
				l.checkType(place, o.Of.Type)
			case *asset.Coverage:
				l.checkType(place, o.Type)
			}
		}
	}
	return l.found
}

type caseLint struct {
	*compiler
	p     *Policy
	name  string // of the case
	found []error
}

func (l *caseLint) note(place string, path asset.Path, format string, args ...any) {
	d := l.p.problem(place, fmt.Sprintf("test %q: ", l.name)+fmt.Sprintf(format, args...))
	if at := l.p.positions[place]; at.node != nil {
		if n := nodeAt(at.node, path); n != nil {
			d.Line, d.Column = n.Line, n.Column
		}
	}
	l.found = append(l.found, d)
}

// checkType reports whether a type is known, and notes it if it is not.
func (l *caseLint) checkType(place string, t asset.Type) bool {
	err := l.env.CheckType(t)
	if t == "" || err == nil {
		return true
	}
	// That a policy is about an unknown type is an error of its own.
	if !slices.ContainsFunc(l.p.Checks, func(c Check) bool { return slices.Contains(c.Types, t) }) {
		l.note(place, "type", "%v", err)
	}
	return false
}

func (l *caseLint) asset(place string, a *asset.Asset) {
	if !l.checkType(place, a.Type) {
		return
	}
	if schema, ok := l.set.opts.Schemas(a.Type); ok {
		for _, m := range asset.Lint(a, schema) {
			what := m.String()
			if m.Unknown {
				what += expr.DidYouMean(lastKey(m.Path), fieldNames(m.Want))
			}
			l.note(place, m.Path, "%s", what)
		}
	}
	for _, link := range a.Links {
		if err := l.env.CheckLink(a.Type, link.Rel, link.To.Type); err != nil {
			l.note(place, "links", "%v", err)
		}
	}
}

func fieldNames(s *asset.Shape) []string {
	var names []string
	for _, f := range s.Fields {
		names = append(names, f.Name)
	}
	return names
}

// lastKey returns the name of the last field of a path.
func lastKey(p asset.Path) string {
	steps, err := p.Steps()
	if err != nil || len(steps) == 0 {
		return ""
	}
	return steps[len(steps)-1].Key
}

// nodeAt returns the node in a case that a path of one of its assets leads to, the key of
// a field rather than its value. For [*] it is in the first element that has the rest. It
// returns nil if there is none.
func nodeAt(n *yaml.Node, path asset.Path) *yaml.Node {
	steps, err := path.Steps()
	if err != nil {
		return nil
	}
	at := n
	for _, next := range below(n, steps) {
		at = next
	}
	if at == n {
		return nil
	}
	return at
}

// below returns the nodes that steps from a node lead to, in order; nil if they do not.
func below(n *yaml.Node, steps []asset.Step) []*yaml.Node {
	n = yamlfile.Resolve(n)
	if len(steps) == 0 {
		return []*yaml.Node{}
	}
	try := func(shown, value *yaml.Node) []*yaml.Node {
		if rest := below(value, steps[1:]); rest != nil {
			return append([]*yaml.Node{shown}, rest...)
		}
		return nil
	}
	for i, el := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode && steps[0].Any:
			if found := try(el, el); found != nil {
				return found
			}
		case n.Kind == yaml.MappingNode && i%2 == 0 && (steps[0].Any || el.Value == steps[0].Key):
			if found := try(el, n.Content[i+1]); found != nil {
				return found
			}
		}
	}
	return nil
}
