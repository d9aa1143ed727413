package policy

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/openstance/stance/asset"
)

// ExceptionPolicy returns the policy of findings about exceptions: those that have ended,
// and those that matched nothing.
func ExceptionPolicy() *Policy {
	return &Policy{
		ID: "stance-exceptions", Title: "Exceptions are in force and match something", Severity: Low,
		Rationale: "An exception that has ended, or that matches nothing any more, hides nothing today and may hide something tomorrow.",
	}
}

func (e *Exception) verify() error {
	switch {
	case len(e.Policies) == 0:
		return errors.New("missing policies")
	case strings.TrimSpace(e.Owner) == "":
		return errors.New("missing owner")
	case strings.TrimSpace(e.Reason) == "":
		return errors.New("missing reason")
	case e.Until.IsZero():
		return errors.New("missing end date (until)")
	}
	return nil
}

// matches reports whether the exception is about an asset.
func (e *Exception) matches(a *asset.Asset) bool {
	if !matchesAny(e.Assets, a.ID) || !matchesAny(e.Accounts, a.Account) {
		return false
	}
	for key, pattern := range e.Tags {
		value, ok := a.Tags[key]
		if !ok || !glob(pattern, value) {
			return false
		}
	}
	return true
}

func matchesAny(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return glob(p, s) })
}

// glob matches with * for any characters, in time proportional to both.
func glob(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}

// exceptions is the use of a set's exceptions in one evaluation.
type exceptions struct {
	set  *Set
	now  time.Time
	used []atomic.Bool
}

// apply puts the first exception in force that matches on a finding that fails.
func (x *exceptions) apply(f *Finding) {
	if f.Status != Fail {
		return
	}
	for _, i := range x.set.exempt[f.Policy.ID] {
		e := x.set.exceptions[i]
		if !e.matches(f.Asset()) {
			continue
		}
		x.used[i].Store(true)
		if f.Exception == nil && x.now.Before(e.Until) {
			f.Exception = e
		}
	}
}

// findings yields what is wrong with the exceptions after a whole evaluation.
func (x *exceptions) findings() []Finding {
	var found []Finding
	for i := range x.set.exceptions {
		e := x.set.exceptions[i]
		f := Finding{Policy: ExceptionPolicy(), Subject: ExceptionSubject{e}, Status: Fail}
		switch who := strings.Join(e.Policies, ", ") + ", owner " + e.Owner; {
		case !x.now.Before(e.Until):
			f.Message = "the exception for " + who + " ended on " + e.Until.UTC().Format(time.DateOnly)
		case !x.used[i].Load():
			f.Message = "the exception for " + who + " matches no finding that fails"
		default:
			continue
		}
		found = append(found, f)
	}
	return found
}

func sorted[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
