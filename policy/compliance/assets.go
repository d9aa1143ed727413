package compliance

import (
	"cmp"
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
)

// AssetPosture is what the policies that cover a section say of one asset.
type AssetPosture struct {
	Ref       asset.Ref
	Scope     asset.Scope
	Name, URL string
	Status    SectionStatus // Failed, Unknown, Accepted or Passed
	Policies  []string      // ids of those that say so, sorted
}

// Assets yields the assets that the policies of a section decided on, by the control of
// the section: those that fail first, then those that are unknown, accepted and passed,
// each sorted by ref. It yields nothing if the standard has no such control.
func (p *Posture) Assets(control string) iter.Seq[AssetPosture] {
	return func(yield func(AssetPosture) bool) {
		section, n := -1, 0
		for _, s := range p.Standard.Sections() {
			if p.Standard.Control(s) == control {
				section = n
			}
			n++
		}
		if section < 0 {
			return
		}
		var all []AssetPosture
		for i := range p.results.assets {
			if a, ok := p.asset(&p.results.assets[i], section); ok {
				all = append(all, a)
			}
		}
		slices.SortFunc(all, func(a, b AssetPosture) int {
			return cmp.Or(cmp.Compare(order(a.Status), order(b.Status)), a.Ref.Compare(b.Ref))
		})
		for _, a := range all {
			if !yield(a) {
				return
			}
		}
	}
}

// asset returns what the policies of a section say of an asset. It returns false if none
// of them applies.
func (p *Posture) asset(s *seen, section int) (AssetPosture, bool) {
	a := AssetPosture{Ref: s.ref, Scope: s.scope, Name: s.name, URL: s.url}
	worst := rankNone
	for _, x := range s.results {
		if !slices.Contains(p.mapped.covers[x.policy()], section) || x.rank() == rankNone {
			continue
		}
		k := min(x.rank(), rankFailed) // whatever the severity
		if k > worst {
			worst, a.Policies = k, nil
		}
		if k == worst {
			a.Policies = append(a.Policies, p.results.m.policies[x.policy()])
		}
	}
	slices.Sort(a.Policies)
	a.Status = map[rank]SectionStatus{rankFailed: Failed, rankUnknown: Unknown, rankAccepted: Accepted, rankPassed: Passed}[worst]
	return a, worst != rankNone
}

// order orders statuses of assets, the worst first.
func order(s SectionStatus) int {
	return slices.Index([]SectionStatus{Failed, Unknown, Accepted, Passed}, s)
}
