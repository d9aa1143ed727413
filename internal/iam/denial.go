package iam

import (
	"errors"
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
)

// denials are the Deny statements of a document that every stranger meets.
type denials struct {
	gathered bool
	all      []denial
	work     int
}

type denial struct {
	statement
	certain truth // that strangers meet it
	size    int
}

// maxWork bounds the comparisons of Allow with Deny statements, for documents with
// thousands of both.
const maxWork = 1 << 28

func (d *denials) from(ss []statement, a audience) {
	if d.gathered {
		return
	}
	d.gathered = true
	for _, s := range ss {
		t := s.is("Deny")
		if _, unread := errors.AsType[*asset.Unread](t.err); t.err != nil && !unread {
			continue // an invalid statement denies nothing
		}
		if !t.isNo() {
			t = t.and(s.addressesEverybody())
		}
		if !t.isNo() {
			t = t.and(s.holds(func(key string, es []entry) truth { return a.unavoidable(s, key, es) }))
		}
		if !t.isNo() {
			left := maxPolicy
			fits(s.v, &left)
			d.all = append(d.all, denial{s, t, maxPolicy - left})
		}
	}
}

// undo reports whether the denials deny strangers every action on every resource that
// the statement allows.
func (d *denials) undo(s statement, by []denial) truth {
	if len(by) == 0 {
		return known(false)
	}
	t, granted := known(true), false
	for action, err := range s.granted("Action") {
		for resource, err2 := range s.granted("Resource") {
			if err == nil {
				err = err2
			}
			granted = true
			if err != nil {
				t = t.and(undecided(err))
				continue
			}
			if t = t.and(d.deny(probe{action, resource}, by)); t.isNo() {
				return t
			}
		}
	}
	if !granted {
		return known(false) // nothing to deny
	}
	return t
}

// granted yields the patterns of an element of the statement, or the pattern of
// everything if it lists exceptions or has no such element.
func (s statement) granted(element string) iter.Seq2[string, error] {
	if v := s.v.Get(element); !v.IsAbsent() {
		return stringsIn(v)
	}
	return func(yield func(string, error) bool) { yield("*", nil) }
}

// deny reports whether denials deny every request of the probe: one of them, or two of
// which one leaves out only what the other denies.
func (d *denials) deny(p probe, by []denial) truth {
	t := d.byOne(p, by)
	if t.isYes() || len(by) == 1 || len(by) > maxTogether {
		return t
	}
	for i, s := range by {
		rest, together := s.exceptions(p, nil)
		together = together.and(s.certain)
		others := slices.Concat(by[:i], by[i+1:])
		for _, r := range rest {
			if together.isNo() {
				break
			}
			together = together.and(d.byOne(r, others))
		}
		if t = t.or(together); t.isYes() {
			break
		}
	}
	return t
}

func (d *denials) byOne(p probe, by []denial) truth {
	t := known(false)
	for _, s := range by {
		if d.work += s.size * (len(p.action) + len(p.resource)); d.work > maxWork {
			return undecided(errTooLarge)
		}
		if t = t.or(s.certain.and(s.appliesToAll(p, nil))); t.isYes() {
			break
		}
	}
	return t
}
