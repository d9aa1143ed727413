package providertest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

func checkScopes(s *suite) (f problems) {
	all := s.all(&f)
	inv := all.inventory()
	scopes := all.searched()
	requests := [][]asset.Scope{}
	for _, scope := range scopes[:min(s.Sample, len(scopes))] {
		requests = append(requests, []asset.Scope{scope})
	}
	if len(scopes) > 1 {
		requests = append(requests, []asset.Scope{scopes[len(scopes)-1], scopes[0]}) // which may overlap
	}
	for _, in := range requests {
		q := provider.Query{Scopes: in}
		what := fmt.Sprintf("discover %v", in)
		e := observe(s.p.Discover(s.ctx, q))
		if errors.Is(e.err, errors.ErrUnsupported) {
			if len(e.assets)+len(e.gaps)+len(e.coverage) > 0 {
				f.add("%s: not supported, after observations", what)
			}
			return f
		}
		if e.err != nil {
			f.add("%s: %w", what, e.err)
		}
		for _, o := range e.odd {
			f.add("%s: %s", what, o)
		}
		want := all.within(q)
		e.onlyStated(&f, what, q)
		for c := range e.coverage {
			if c.State == asset.Complete && (!all.coverage[c] || inv.Coverage(c.Scope, c.Type) != asset.Complete) {
				f.add("%s: coverage of %s in %s is complete, and is not when everything is discovered", what, c.Type, c.Scope)
			}
		}
		for c := range want.coverage {
			if !e.coverage[c] {
				f.add("%s: no coverage of %s in %s", what, c.Type, c.Scope)
			}
		}
		for k := range want.gaps {
			if e.gaps[k] == nil {
				f.add("%s: no %s", what, k)
			}
		}
		want.coverage, want.gaps, e.coverage, e.gaps = nil, nil, nil, nil
		want.compare(&f, what, e)
	}

	missing := s.MissingScope
	if missing == (asset.Scope{}) && len(scopes) > 0 {
		missing = asset.Scope{Provider: scopes[0].Provider, Account: "no-such-account"}
	}
	q := provider.Query{Scopes: []asset.Scope{missing}}
	e := observe(s.p.Discover(s.ctx, q))
	what := fmt.Sprintf("discover %v, which does not exist", missing)
	if e.err != nil {
		f.add("%s: %w", what, e.err)
	}
	for _, a := range e.sorted() {
		f.add("%s: got %s", what, a.Ref)
	}
	e.onlyStated(&f, what, q)
	if !slices.ContainsFunc(e.sortedGaps(), func(g *asset.Gap) bool {
		return g.Scope == missing && g.Type == "" && g.Cause.Reason != asset.UnknownReason
	}) {
		f.add("%s: no gap with a reason for it", what)
	}
	return f
}

// onlyStated checks that gaps and coverage are those of requested scopes.
func (e *estate) onlyStated(f *problems, what string, q provider.Query) {
	for _, g := range e.sortedGaps() {
		if !q.WantsScope(g.Scope) {
			f.add("%s: got a gap in %s", what, g.Scope)
		}
	}
	for c := range e.coverage {
		if !q.WantsScope(c.Scope) {
			f.add("%s: got coverage of %s in %s", what, c.Type, c.Scope)
		}
	}
}

// searched returns the scopes that statements of coverage name, sorted.
func (e *estate) searched() []asset.Scope {
	scopes := map[asset.Scope]bool{}
	for c := range e.coverage {
		scopes[c.Scope] = true
	}
	return slices.SortedFunc(maps.Keys(scopes), asset.Scope.Compare)
}

// within returns the observations that lie in the requested scopes as they are.
func (e *estate) within(q provider.Query) *estate {
	part := &estate{assets: map[string]*asset.Asset{}, gaps: map[string]*asset.Gap{}, coverage: map[asset.Coverage]bool{}}
	for k, a := range e.assets {
		if len(q.Restrict(a)) > 0 {
			part.assets[k] = a
		}
	}
	for k, g := range e.gaps {
		if q.WantsScope(g.Scope) {
			part.gaps[k] = g
		}
	}
	for c := range e.coverage {
		if q.WantsScope(c.Scope) {
			part.coverage[c] = true
		}
	}
	return part
}
