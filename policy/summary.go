package policy

import (
	"iter"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

// Summary counts the findings of an evaluation, and the assets that it was made for. The
// zero value is ready to use. It is not for concurrent use.
type Summary struct {
	// Schemas returns the schema of a type, as in [Options]. Nil: catalog.Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)

	// Judged is the number of findings about assets, of any status. An evaluation in which
	// it is 0 found nothing that a policy is about: that is no clean result.
	Judged int
	// Statuses are the numbers of all findings, of assets and of other subjects, by status.
	Statuses map[Status]int
	// Failed and Unknown are the numbers of findings that fail and are not accepted, and
	// of those that are unknown, by severity.
	Failed, Unknown map[Severity]int
	// Accepted is the number of findings that fail and are accepted by an exception.
	Accepted int
	// Gaps is the number of findings about gaps.
	Gaps int
	// Coverage are the problems that findings about coverage report, by type.
	Coverage map[asset.Type]CoverageProblem

	// Assets is the number of assets that were passed to Observe.
	Assets int
	// UnknownTypes are the numbers of those whose type has no schema, by type. Policies
	// that are about such types did not load, unless [Options].Dynamic has them.
	UnknownTypes map[asset.Type]int

	accounts map[coverageProblem]bool
}

// CoverageProblem describes the incomplete coverage of a type.
type CoverageProblem struct {
	Findings int                 // number of findings: for each account one for every policy that needs the type
	Accounts int                 // number of accounts
	State    asset.CoverageState // the worst
}

type coverageProblem struct {
	typ     asset.Type
	account asset.Scope
}

// Add counts a finding.
func (s *Summary) Add(f Finding) {
	add(&s.Statuses, f.Status)
	switch {
	case f.Status == Fail && f.Exception != nil:
		s.Accepted++
	case f.Status == Fail:
		add(&s.Failed, f.Policy.Severity)
	case f.Status == Unknown:
		add(&s.Unknown, f.Policy.Severity)
	}
	switch subject := f.Subject.(type) {
	case AssetSubject:
		s.Judged++
	case GapSubject:
		s.Gaps++
	case CoverageSubject:
		s.coverage(subject)
	}
}

func (s *Summary) coverage(c CoverageSubject) {
	if s.Coverage == nil {
		s.Coverage, s.accounts = map[asset.Type]CoverageProblem{}, map[coverageProblem]bool{}
	}
	p, ok := s.Coverage[c.Type]
	if !ok || c.State < p.State {
		p.State = c.State
	}
	p.Findings++
	if k := (coverageProblem{c.Type, c.Account}); !s.accounts[k] {
		s.accounts[k] = true
		p.Accounts++
	}
	s.Coverage[c.Type] = p
}

// Observe counts an observation.
func (s *Summary) Observe(o asset.Observation) {
	a, ok := o.(*asset.Asset)
	if !ok {
		return
	}
	s.Assets++
	schemas := s.Schemas
	if schemas == nil {
		schemas = catalog.Schema
	}
	if _, known := schemas(a.Type); !known {
		add(&s.UnknownTypes, a.Type)
	}
}

// Findings counts the findings of a sequence while the caller ranges over the result,
// which yields the same.
func (s *Summary) Findings(findings iter.Seq2[Finding, error]) iter.Seq2[Finding, error] {
	return counting(findings, s.Add)
}

// Observations counts the observations of a sequence while the caller ranges over the
// result, which yields the same.
func (s *Summary) Observations(obs iter.Seq2[asset.Observation, error]) iter.Seq2[asset.Observation, error] {
	return counting(obs, s.Observe)
}

func counting[T any](seq iter.Seq2[T, error], count func(T)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for x, err := range seq {
			if err == nil {
				count(x)
			}
			if !yield(x, err) {
				return
			}
		}
	}
}

func add[K comparable](m *map[K]int, k K) {
	if *m == nil {
		*m = map[K]int{}
	}
	(*m)[k]++
}
