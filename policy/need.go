package policy

import (
	"github.com/openstance/stance/asset"
)

// need is a type of assets with the policies that need it: those that are about it, and
// those that look it up.
type need struct {
	typ      asset.Type
	provider string // of the type; empty if it is unknown
	policies []*Policy
}

// needs returns the types that the policy is about or looks up, sorted.
func (p *compiled) needs() []asset.Type {
	types := map[asset.Type]bool{}
	for _, c := range p.checks {
		types[c.typ] = true
		if c.require == nil {
			continue
		}
		for _, place := range c.reads() {
			if place.Type != "" {
				types[place.Type] = true
			}
		}
	}
	return sorted(types)
}

// need fills in the needs of the policies of a set.
func (s *Set) need() {
	s.needed = map[asset.Type]int{}
	for _, p := range s.policies {
		for _, t := range s.byID[p.ID].needs() {
			i, ok := s.needed[t]
			if !ok {
				i = len(s.needs)
				s.needed[t] = i
				s.needs = append(s.needs, need{typ: t, provider: s.opts.Clouds.Provider(t)})
			}
			s.needs[i].policies = append(s.needs[i].policies, p)
		}
	}
}

// gap appends a finding for every policy that needs what a gap may have hidden. A gap in
// the children or links of one asset concerns policies through what they look up.
func (s *Set) gap(to []Finding, g *asset.Gap) []Finding {
	if !g.Of.IsZero() {
		return to
	}
	concerned := map[*Policy]bool{}
	for _, n := range s.needs {
		if g.Type == n.typ || g.Type == "" && (n.provider == "" || g.Scope.Provider == "" || n.provider == g.Scope.Provider) {
			for _, p := range n.policies {
				concerned[p] = true
			}
		}
	}
	for _, p := range s.policies {
		if concerned[p] {
			to = append(to, Finding{
				Policy: p, Subject: GapSubject{g}, Status: Unknown, Err: &g.Cause,
				Message: "not observed: " + string(g.Type) + " in " + g.Scope.String(),
			})
		}
	}
	return to
}
