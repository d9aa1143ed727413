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
	"github.com/openstance/stance/internal/glob"
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
func (e *Exception) matches(a *asset.Asset, clouds asset.Clouds) bool {
	if len(e.Assets) > 0 && !slices.ContainsFunc(e.Assets, func(p string) bool { return matchesID(p, a, clouds) }) || !matchesAny(e.Accounts, a.Account) {
		return false
	}
	for key, pattern := range e.Tags {
		value, ok := a.Tags[key]
		if !ok || !glob.Match(pattern, value) {
			return false
		}
	}
	return true
}

// matchesID matches the id of an asset with one as the cloud or its portal spells it.
func matchesID(pattern string, a *asset.Asset, clouds asset.Clouds) bool {
	switch {
	case glob.Match(pattern, a.ID):
		return true
	case !strings.Contains(pattern, "*"):
		ref, err := clouds.ParseRef(a.Type, pattern)
		return err == nil && ref.ID == a.ID
	}
	return clouds.AnyCase(a.Type) && glob.Match(strings.ToLower(pattern), strings.ToLower(a.ID))
}

func matchesAny(patterns []string, s string) bool {
	return len(patterns) == 0 || glob.Any(patterns, s)
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
		if !e.matches(f.Asset(), x.set.opts.Clouds) {
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
