package compliance

import (
	"iter"
	"math"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Posture says how far the assets of some findings comply with a standard. It keeps
// what was said of each asset, which Compare needs. It is not changed after it was
// made, and is safe for concurrent use.
type Posture struct {
	Standard     *Standard
	Counts       Counts // of the whole standard
	Requirements []RequirementPosture

	// The same as Counts, for parts of the clouds, sorted. A cloud has a Scope with a
	// provider, an account one with provider and account, a region one with provider
	// and region, which is empty for what is global. A gap counts where its scope
	// has all that.
	Clouds, Accounts, Regions []ScopePosture

	results *results
	mapped  *mapped
}

// RequirementPosture is the posture of one requirement.
type RequirementPosture struct {
	Requirement *Requirement
	Counts      Counts
	Sections    []SectionPosture
}

// SectionPosture is the posture of one section.
type SectionPosture struct {
	Section  *Section
	Control  string   // "cis-aws-5.0/2.1.4"
	Policies []string // ids of those that cover it, sorted
	Counts   Counts
}

// ScopePosture is the posture of one scope.
type ScopePosture struct {
	Scope  asset.Scope
	Counts Counts
}

// Counts are numbers of distinct assets. Each is counted at most once: as failed if
// any policy fails for it, else as unknown if any is unknown, else as accepted if any
// failed and was accepted, else as passed if any passed. An asset to which no policy
// applies is not counted.
type Counts struct {
	Passed, Failed, Accepted, Unknown int
	// FailedBy divides Failed by the highest severity that failed, at the index of the
	// policy.Severity.
	FailedBy [policy.Critical + 1]int
	// Gaps is the number of places in which assets may be missing: distinct gaps, and
	// types whose coverage in an account is not complete.
	Gaps int
}

// Percent returns the part of assets that pass among those that pass or fail, in
// percent, rounded down to one decimal so that only all are 100. It returns false if
// none passed and none failed.
func (c Counts) Percent() (float64, bool) {
	n := c.Passed + c.Failed
	if n == 0 {
		return 0, false
	}
	return math.Floor(float64(c.Passed)*1000/float64(n)) / 10, true
}

// SectionStatus is what there is to say of a section.
type SectionStatus int

// The statuses of sections. The zero Status is NotCovered.
const (
	NotCovered   SectionStatus = iota // there is no policy for it
	NotEvaluated                      // policies cover it, and had no asset to decide on
	Unknown                           // nothing fails; an asset could not be decided, or a part of the estate not be seen
	Failed                            // an asset fails
	Accepted                          // nothing fails but what is accepted
	Passed                            // at least one asset passes, and none does anything else
)

// String returns "not_covered", "not_evaluated", "unknown", "failed", "accepted" or "passed".
func (s SectionStatus) String() string {
	switch s {
	case NotEvaluated:
		return "not_evaluated"
	case Unknown:
		return "unknown"
	case Failed:
		return "failed"
	case Accepted:
		return "accepted"
	case Passed:
		return "passed"
	}
	return "not_covered"
}

// MarshalText returns the name.
func (s SectionStatus) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Status returns what there is to say of the section.
func (s *SectionPosture) Status() SectionStatus {
	switch c := s.Counts; {
	case len(s.Policies) == 0:
		return NotCovered
	case c.Failed > 0:
		return Failed
	case c.Unknown > 0 || c.Gaps > 0:
		return Unknown
	case c.Accepted > 0:
		return Accepted
	case c.Passed > 0:
		return Passed
	}
	return NotEvaluated
}

// Sections counts the sections of the standard by their status.
func (p *Posture) Sections() map[SectionStatus]int {
	n := map[SectionStatus]int{}
	for i := range p.Requirements {
		for j := range p.Requirements[i].Sections {
			n[p.Requirements[i].Sections[j].Status()]++
		}
	}
	return n
}

// Assess makes a posture for each standard, in their order, of a sequence of
// findings, which it ranges over once. Findings of policies that cover nothing are
// ignored; of several findings of one policy for one asset the worst counts. It keeps
// a few hundred bytes for each asset. If the sequence ends in an error there are no
// postures, and the error is returned.
func (m *Mapping) Assess(findings iter.Seq2[policy.Finding, error]) ([]*Posture, error) {
	r := newResults(m)
	for f, err := range findings {
		if err != nil {
			return nil, err
		}
		r.add(f)
	}
	var all []*Posture
	for _, s := range m.standards {
		all = append(all, r.posture(s))
	}
	return all, nil
}

// levels counts at every level of one standard.
type levels struct {
	s        *mapped
	sections []Counts
	chapters []Counts
	whole    Counts
	scopes   [3]map[asset.Scope]Counts // clouds, accounts, regions

	// What one asset or gap is, while it is being looked at.
	worst   []rank // by section
	touched []int
	chapter []rank
}

// posture counts the results for one standard.
func (r *results) posture(s *mapped) *Posture {
	l := &levels{
		s: s, sections: make([]Counts, len(s.chapter)), chapters: make([]Counts, len(s.Requirements)),
		worst: make([]rank, len(s.chapter)), chapter: make([]rank, len(s.Requirements)),
	}
	for i := range l.scopes {
		l.scopes[i] = map[asset.Scope]Counts{}
	}
	for i := range r.assets {
		a := &r.assets[i]
		for _, x := range a.results {
			l.mark(x.policy(), x.rank())
		}
		l.count(a.scope, Counts.plus)
	}
	for h, policies := range r.holes {
		for p := range policies {
			l.mark(p, rankUnknown)
		}
		l.count(h.Scope, func(c Counts, _ rank) Counts { c.Gaps++; return c })
	}
	p := &Posture{Standard: s.Standard, Counts: l.whole, results: r, mapped: s}
	n := 0
	for i := range s.Requirements {
		q := RequirementPosture{Requirement: &s.Requirements[i], Counts: l.chapters[i]}
		for j := range q.Requirement.Sections {
			x := &q.Requirement.Sections[j]
			c := s.Control(x)
			q.Sections = append(q.Sections, SectionPosture{Section: x, Control: c, Policies: r.m.Policies(c), Counts: l.sections[n]})
			n++
		}
		p.Requirements = append(p.Requirements, q)
	}
	p.Clouds, p.Accounts, p.Regions = sortedScopes(l.scopes[0]), sortedScopes(l.scopes[1]), sortedScopes(l.scopes[2])
	return p
}

// mark notes that a policy says something of what is being looked at.
func (l *levels) mark(policy int, k rank) {
	if k == rankNone {
		return
	}
	for _, x := range l.s.covers[policy] {
		if l.worst[x] == rankNone {
			l.touched = append(l.touched, x)
		}
		l.worst[x] = max(l.worst[x], k)
	}
}

// count counts what was marked at every level, and forgets it.
func (l *levels) count(s asset.Scope, plus func(Counts, rank) Counts) {
	whole := rankNone
	for _, x := range l.touched {
		l.sections[x] = plus(l.sections[x], l.worst[x])
		q := l.s.chapter[x]
		l.chapter[q] = max(l.chapter[q], l.worst[x])
		whole = max(whole, l.worst[x])
	}
	for _, x := range l.touched {
		if q := l.s.chapter[x]; l.chapter[q] != rankNone {
			l.chapters[q] = plus(l.chapters[q], l.chapter[q])
			l.chapter[q] = rankNone
		}
		l.worst[x] = rankNone
	}
	l.touched = l.touched[:0]
	if whole == rankNone {
		return
	}
	l.whole = plus(l.whole, whole)
	for i, scope := range []asset.Scope{
		{Provider: s.Provider}, {Provider: s.Provider, Account: s.Account}, {Provider: s.Provider, Region: s.Region},
	} {
		l.scopes[i][scope] = plus(l.scopes[i][scope], whole)
	}
}

// plus counts one asset.
func (c Counts) plus(k rank) Counts {
	switch {
	case k >= rankFailed:
		c.Failed++
		c.FailedBy[k-rankFailed]++
	case k == rankUnknown:
		c.Unknown++
	case k == rankAccepted:
		c.Accepted++
	case k == rankPassed:
		c.Passed++
	}
	return c
}

func sortedScopes(counts map[asset.Scope]Counts) []ScopePosture {
	var all []ScopePosture
	for s, c := range counts {
		all = append(all, ScopePosture{s, c})
	}
	slices.SortFunc(all, func(a, b ScopePosture) int { return a.Scope.Compare(b.Scope) })
	return all
}
