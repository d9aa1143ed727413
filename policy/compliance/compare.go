package compliance

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
)

// Change is what became of one policy and asset between two postures.
type Change struct {
	Kind   ChangeKind
	Policy string // id in the later posture, if it is there
	Ref    asset.Ref
	Scope  asset.Scope
	// Accepted says that the asset fails now and an exception accepts it.
	Accepted bool
}

// ChangeKind tells what became of a failure.
type ChangeKind int

// The kinds of changes. The zero kind claims nothing.
const (
	NowUnknown   ChangeKind = iota // failed; not known now: the asset, or the place it was in, was not read, or the policy not evaluated
	NoLongerSeen                   // failed; there is no finding now, and no known reason why there is none
	StillFailing                   // failed, and fails
	New                            // fails, and did not before
	Fixed                          // failed; passes now, or the policy does not apply any more
)

// String returns the kind in lower case, words joined by underscores.
func (k ChangeKind) String() string {
	switch k {
	case NowUnknown:
		return "now_unknown"
	case NoLongerSeen:
		return "no_longer_seen"
	case StillFailing:
		return "still_failing"
	case New:
		return "new"
	case Fixed:
		return "fixed"
	}
	return fmt.Sprintf("change(%d)", int(k))
}

// MarshalText returns the kind.
func (k ChangeKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Compare yields what became of every failure of the older posture, and the new ones
// of the later, sorted by asset and policy. A failure that is accepted is a failure.
// Both must be of the same standard, or of versions of it: what counts is the
// policies that cover anything in either. A policy that was renamed is the same one.
func Compare(old, new *Posture) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		earlier := earlierIDs(old.results.m, new.results.m)
		for _, f := range failures(old, new) {
			before, _ := old.results.find(f.ref, cmp.Or(earlier[f.policy], f.policy))
			if !yield(f.change(before, new.results)) {
				return
			}
		}
	}
}

// failure is a policy that fails for an asset in either of two postures.
type failure struct {
	policy string
	ref    asset.Ref
	scope  asset.Scope
}

// failures returns those of both postures, sorted, each once, in the later one's scope.
func failures(old, new *Posture) []failure {
	var all []failure
	for _, p := range []*Posture{new, old} {
		r := p.results
		for i := range r.assets {
			for _, x := range r.assets[i].results {
				if x.rank().failed() && len(p.mapped.covers[x.policy()]) > 0 {
					id := r.m.policies[x.policy()]
					if present, ok := new.results.m.index[id]; ok {
						id = new.results.m.policies[present]
					}
					all = append(all, failure{id, r.assets[i].ref, r.assets[i].scope})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b failure) int { return cmp.Or(a.ref.Compare(b.ref), cmp.Compare(a.policy, b.policy)) })
	return slices.CompactFunc(all, func(a, b failure) bool { return a.ref == b.ref && a.policy == b.policy })
}

// earlierIDs returns the ids that policies of the later mapping had in the earlier
// one, for those that were renamed between them.
func earlierIDs(old, new *Mapping) map[string]string {
	ids := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(new.index)) {
		if present := new.policies[new.index[id]]; !slices.Contains(old.policies, present) && slices.Contains(old.policies, id) {
			ids[present] = id
		}
	}
	return ids
}

func (f failure) change(before rank, new *results) Change {
	after, found := new.find(f.ref, f.policy)
	c := Change{Policy: f.policy, Ref: f.ref, Scope: f.scope, Accepted: after == rankAccepted}
	switch {
	case after.failed() && before.failed():
		c.Kind = StillFailing
	case after.failed():
		c.Kind = New
	case found && after == rankUnknown, !found && new.blind(f.policy, f.ref.Type, f.scope):
		c.Kind = NowUnknown
	case found:
		c.Kind = Fixed
	default:
		c.Kind = NoLongerSeen
	}
	return c
}
