package compliance

import (
	"slices"
	"strings"
	"unique"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// rank orders what a policy can say of an asset, the worst last: above rankFailed it
// is that plus the severity.
type rank uint8

const (
	rankNone rank = iota // does not apply, or nothing was said
	rankPassed
	rankAccepted
	rankUnknown
	rankFailed
)

// failed reports whether the policy fails, be it accepted or not.
func (k rank) failed() bool { return k == rankAccepted || k >= rankFailed }

func rankOf(f policy.Finding) rank {
	switch {
	case f.Status == policy.Fail && f.Exception != nil:
		return rankAccepted
	case f.Status == policy.Fail:
		return rankFailed + rank(min(max(f.Policy.Severity, 0), policy.Critical))
	case f.Status == policy.Pass:
		return rankPassed
	case f.Status == policy.NotApplicable:
		return rankNone
	}
	return rankUnknown
}

// result is what one policy says of an asset: the number of the policy, or of a claim, in
// the mapping, and a rank in the lowest byte.
type result uint32

func (r result) policy() int { return int(r >> 8) }
func (r result) rank() rank  { return rank(r) }

// seen is an asset of which findings were seen.
type seen struct {
	ref       asset.Ref
	scope     asset.Scope
	name, url string
	results   []result
}

// results are the findings that matter to a mapping.
type results struct {
	m      *Mapping
	assets []seen
	index  map[asset.Ref]int
	holes  map[hole]map[int]bool // policies by hole
}

// hole is a part of the clouds in which assets may be missing: that of a gap, or of
// coverage that is not complete.
type hole struct {
	asset.Gap
	regions string // of coverage, separated by spaces; empty: the whole scope
}

// holeOf returns the hole that a finding is about.
func holeOf(s policy.Subject) (hole, bool) {
	switch s := s.(type) {
	case policy.GapSubject:
		h := hole{Gap: *s.Gap}
		h.Cause.RequestID = "" // differs between attempts at the same thing
		return h, true
	case policy.CoverageSubject:
		h := hole{Gap: asset.Gap{Scope: s.Account, Type: s.Type}, regions: strings.Join(s.Regions, " ")}
		h.Cause.Reason, h.Cause.Code = asset.Incomplete, asset.CodeIncomplete
		return h, true
	}
	return hole{}, false
}

// contains reports whether assets of the type may be missing in the scope.
func (h hole) contains(t asset.Type, s asset.Scope) bool {
	return (h.Type == "" || h.Type == t) && h.Scope.Contains(s) &&
		(h.regions == "" || slices.Contains(strings.Fields(h.regions), s.Region))
}

func newResults(m *Mapping) *results {
	return &results{m: m, index: map[asset.Ref]int{}, holes: map[hole]map[int]bool{}}
}

func (r *results) add(f policy.Finding) {
	if p, ok := r.m.index[f.Policy.ID]; ok && f.Asset() != nil {
		r.addAsset(p, f)
	}
	h, ok := holeOf(f.Subject)
	if !ok {
		return
	}
	r.hole(h, f.Policy)
	if g, ok := f.Subject.(policy.GapSubject); ok {
		for _, p := range g.Policies {
			r.hole(h, p)
		}
	}
}

// hole records that a policy did not see what is in a hole.
func (r *results) hole(h hole, p *policy.Policy) {
	i, ok := r.m.index[p.ID]
	if !ok {
		return
	}
	if r.holes[h] == nil {
		r.holes[h] = map[int]bool{}
	}
	r.holes[h][i] = true
	for _, claim := range r.m.claims[i] {
		r.holes[h][claim] = true
	}
}

func (r *results) addAsset(p int, f policy.Finding) {
	a := r.asset(f.Asset())
	a.add(p, rankOf(f))
	for control, claim := range r.m.claims[p] {
		of := f
		of.Status = f.Control(control)
		if k := rankOf(of); k != rankNone {
			a.add(claim, k)
		}
	}
}

// add adds what a policy says, or a claim, of which the worst counts.
func (a *seen) add(p int, k rank) {
	for i, x := range a.results {
		if x.policy() == p {
			if k > x.rank() {
				a.results[i] = result(p)<<8 | result(k)
			}
			return
		}
	}
	a.results = append(a.results, result(p)<<8|result(k))
}

// asset returns the entry of an asset. Findings of one asset mostly follow each other.
func (r *results) asset(a *asset.Asset) *seen {
	if n := len(r.assets); n > 0 && r.assets[n-1].ref == a.Ref {
		return &r.assets[n-1]
	}
	i, ok := r.index[a.Ref]
	if !ok {
		i = len(r.assets)
		// Strings of the asset may be parts of larger ones, which must not be kept alive.
		ref := asset.Ref{Type: asset.Type(shared(string(a.Type))), ID: strings.Clone(a.ID)}
		scope := asset.Scope{Provider: shared(a.Provider), Account: shared(a.Account), Region: shared(a.Region)}
		r.assets = append(r.assets, seen{ref: ref, scope: scope, name: strings.Clone(a.Name), url: strings.Clone(a.URL)})
		r.index[ref] = i
	}
	return &r.assets[i]
}

// shared returns the one copy of a text that many assets have.
func shared(s string) string { return unique.Make(s).Value() }

// find returns what a policy says of an asset. It returns false if it says nothing,
// not even that it does not apply.
func (r *results) find(ref asset.Ref, policy string) (rank, bool) {
	p, ok := r.m.index[policy]
	if !ok {
		return rankNone, false
	}
	i, ok := r.index[ref]
	if !ok {
		return rankNone, false
	}
	at := slices.IndexFunc(r.assets[i].results, func(x result) bool { return x.policy() == p })
	if at < 0 {
		return rankNone, false
	}
	return r.assets[i].results[at].rank(), true
}

// blind reports whether the policy could not see all assets of the type in the scope,
// because of a gap or coverage that is not complete, or was not evaluated at all.
func (r *results) blind(policy string, t asset.Type, s asset.Scope) bool {
	p, ok := r.m.index[policy]
	if !ok {
		return true
	}
	for h, policies := range r.holes {
		if policies[p] && h.contains(t, s) {
			return true
		}
	}
	return false
}
