package policy

import (
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
)

// need is a type of assets with the policies that need it.
type need struct {
	typ      asset.Type
	provider string    // of the type; empty if it is unknown
	policies []*Policy // that are about it, or look it up
	subjects []*Policy // that are about it
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

// Lookups returns the types of the assets that the expressions of the policy look up,
// sorted. It reports whether that is complete: it is not for a check in Go, and for a
// policy that is not from a set. A policy without lookups judges each asset by itself.
func (p *Policy) Lookups() (types []asset.Type, complete bool) { return p.lookups, p.looked }

// setLookups sets the lookups of the policy in the set.
func (p *compiled) setLookups() {
	types := map[asset.Type]bool{}
	p.Policy.looked = true
	for _, c := range p.checks {
		if c.require == nil {
			p.Policy.looked = false
			continue
		}
		for _, place := range c.reads() {
			if place.Type != "" {
				types[place.Type] = true
			}
		}
	}
	p.Policy.lookups = sorted(types)
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
			n := &s.needs[i]
			n.policies = append(n.policies, p)
			if slices.ContainsFunc(s.byID[p.ID].checks, func(c *compiledCheck) bool { return c.typ == t }) {
				n.subjects = append(n.subjects, p)
			}
		}
	}
}

// concerned returns the policies that need what a gap may have hidden, in the order of
// the set. A gap in what belongs to one asset concerns the policies about the types of its
// children; those that look these up are unknown for the assets that they are about.
func (s *Set) concerned(g *asset.Gap) []*Policy {
	found := map[*Policy]bool{}
	for _, n := range s.needs {
		var policies []*Policy
		switch {
		case !g.Of.IsZero():
			if assetexpr.MayBelong(g, n.typ, s.opts.Schemas) {
				policies = n.subjects
			}
		case g.Type == n.typ, g.Type == "" && (n.provider == "" || g.Scope.Provider == "" || n.provider == g.Scope.Provider):
			policies = n.policies
		}
		for _, p := range policies {
			found[p] = true
		}
	}
	var all []*Policy
	for _, p := range s.policies {
		if found[p] {
			all = append(all, p)
		}
	}
	return all
}
