package policy

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
)

// ChangeKind is the kind of a [Change].
type ChangeKind string

// The kinds of changes.
const (
	New          ChangeKind = "new"           // it fails, and did not before
	StillFailing ChangeKind = "still_failing" // it fails in both
	Fixed        ChangeKind = "fixed"         // it failed, and now passes or does not apply
	NowUnknown   ChangeKind = "now_unknown"   // it failed, and is unknown now
	// NotObserved: it failed, and the asset may still be there: there is no finding
	// about it, but a gap or incomplete coverage that may hide it from the policy.
	NotObserved ChangeKind = "not_observed"
	// Gone: it failed, and nothing accounts for it: the asset no longer exists, or the
	// policy was not evaluated.
	Gone ChangeKind = "gone"
)

// Change is a finding that fails in one of two evaluations or in both.
type Change struct {
	Kind ChangeKind
	// Before and After are the findings about the subject, or nil if there is none. An
	// After of kind NotObserved is about the gap or the coverage.
	Before, After *Finding
}

// Finding returns the later of the findings about the subject.
func (c Change) Finding() *Finding {
	if c.After != nil && c.Kind != NotObserved {
		return c.After
	}
	return c.Before
}

// Compare compares the findings of two evaluations and returns a change for every policy
// and subject that fails in one of them, accepted or not, sorted by subject and policy. It
// matches policies by their ids, and by the earlier ids of policies of the later
// evaluation. It ranges over each sequence once, and keeps findings that fail. If a sequence ends in an
// error, Compare returns that error: part of an evaluation cannot be compared.
func Compare(before, after iter.Seq2[Finding, error]) ([]Change, error) {
	c := comparison{failed: map[string]*Change{}, ids: map[string]string{}}
	for f, err := range before {
		if err != nil {
			return nil, fmt.Errorf("earlier findings: %w", err)
		}
		if f.Status == Fail {
			c.failed[f.Key()] = &Change{Kind: Gone, Before: &f}
		}
	}
	for f, err := range after {
		if err != nil {
			return nil, fmt.Errorf("later findings: %w", err)
		}
		c.add(f)
	}
	return c.changes(), nil
}

type comparison struct {
	failed  map[string]*Change // that failed before, by the key of the finding
	started []Change           // that fail now only
	hidden  []*Finding         // about gaps and coverage
	ids     map[string]string  // of policies now, by the ids that they had
}

// add takes a later finding into account.
func (c *comparison) add(f Finding) {
	f.concerns(func(p *Policy) bool {
		for _, id := range p.PreviousIDs {
			c.ids[id] = p.ID
		}
		return false
	})
	switch f.Subject.Kind() {
	case OfGap, OfCoverage:
		c.hidden = append(c.hidden, &f)
		return
	}
	old := c.before(f)
	switch {
	case old == nil && f.Status == Fail:
		c.started = append(c.started, Change{Kind: New, After: &f})
	case old == nil:
	case f.Status == Fail:
		old.Kind, old.After = StillFailing, &f
	case f.Status == Unknown:
		old.Kind, old.After = NowUnknown, &f
	default:
		old.Kind, old.After = Fixed, &f
	}
}

// before returns the failure that a later finding continues, or nil.
func (c *comparison) before(f Finding) *Change {
	if old := c.failed[f.Key()]; old != nil {
		return old
	}
	for _, id := range f.Policy.PreviousIDs {
		renamed := f
		renamed.Policy = &Policy{ID: id}
		if old := c.failed[renamed.Key()]; old != nil {
			return old
		}
	}
	return nil
}

func (c *comparison) changes() []Change {
	all := c.started
	for _, change := range c.failed {
		if change.Kind == Gone {
			c.explain(change)
		}
		all = append(all, *change)
	}
	slices.SortFunc(all, func(a, b Change) int {
		x, y := a.Finding(), b.Finding()
		return cmp.Or(x.Subject.Ref().Compare(y.Subject.Ref()), cmp.Compare(x.Policy.ID, y.Policy.ID), cmp.Compare(x.Key(), y.Key()))
	})
	return all
}

// explain finds out why there is no later finding about a subject that failed.
func (c *comparison) explain(change *Change) {
	f := change.Before
	if f.Asset() == nil { // an exception that is in order, or was removed
		change.Kind = Fixed
		return
	}
	id := cmp.Or(c.ids[f.Policy.ID], f.Policy.ID)
	for _, h := range c.hidden {
		if h.concerns(func(p *Policy) bool { return p.ID == id }) && mayHide(h.Subject, f.Asset()) {
			change.Kind, change.After = NotObserved, h
			return
		}
	}
}

// mayHide reports whether an asset may exist although it was not observed, because of a
// gap or of incomplete coverage.
func mayHide(s Subject, a *asset.Asset) bool {
	if t := s.Ref().Type; t != "" && t != a.Type || !s.Scope().Contains(a.Scope) {
		return false
	}
	c, ok := s.(CoverageSubject)
	return !ok || len(c.Regions) == 0 || slices.Contains(c.Regions, a.Region)
}
