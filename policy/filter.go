package policy

import (
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
)

// Filter yields the findings for which every function of keep returns true, and the error
// of the sequence if it has one.
func Filter(findings iter.Seq2[Finding, error], keep ...func(Finding) bool) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		for f, err := range findings {
			drop := func(k func(Finding) bool) bool { return !k(f) }
			if err == nil && slices.ContainsFunc(keep, drop) {
				continue
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// WithStatus keeps findings that have one of the statuses.
func WithStatus(statuses ...Status) func(Finding) bool {
	return func(f Finding) bool { return slices.Contains(statuses, f.Status) }
}

// WithSeverity keeps findings of policies of the severity or above.
func WithSeverity(least Severity) func(Finding) bool {
	return func(f Finding) bool { return f.Policy.Severity >= least }
}

// OfPolicy keeps findings of policies that one of the selectors selects, and those that
// stand for such findings.
func OfPolicy(selectors ...Selector) func(Finding) bool {
	return func(f Finding) bool {
		return f.concerns(func(p *Policy) bool {
			return slices.ContainsFunc(selectors, func(s Selector) bool { return s.Matches(p) })
		})
	}
}

// OfType keeps findings about assets, gaps and coverage of one of the types.
func OfType(types ...asset.Type) func(Finding) bool {
	return func(f Finding) bool { return slices.Contains(types, f.Subject.Ref().Type) }
}

// In keeps findings whose subject is in one of the scopes: an empty part of a scope
// stands for any.
func In(scopes ...asset.Scope) func(Finding) bool {
	return func(f Finding) bool {
		return slices.ContainsFunc(scopes, func(s asset.Scope) bool { return s.Contains(f.Scope()) })
	}
}

// About keeps findings whose subject is of one of the kinds.
func About(kinds ...SubjectKind) func(Finding) bool {
	return func(f Finding) bool { return slices.Contains(kinds, f.Subject.Kind()) }
}

// Accepted keeps findings that an exception accepts.
func Accepted(f Finding) bool { return f.Exception != nil }

// Not keeps the findings that another function drops.
func Not(keep func(Finding) bool) func(Finding) bool {
	return func(f Finding) bool { return !keep(f) }
}
