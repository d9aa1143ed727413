package alert

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/policy"
)

// defaultRows is the limit of the lists that have no other.
const defaultRows = 1000

func rows(limit int) int {
	if limit <= 0 {
		return defaultRows
	}
	return limit
}

// memoryReader reads a state.
type memoryReader struct {
	*memoryTenant
	ctx      context.Context
	view     View
	maxWhere int
}

// sees returns the stored alert with a hash, if the view has it.
func (r *memoryReader) sees(hash [16]byte) *Alert {
	if a, ok := r.alerts.get(hash); ok && r.view.Includes(a.Asset.Account) {
		return a
	}
	return nil
}

// seesID reports whether the view has an alert.
func (r *memoryReader) seesID(id string) bool {
	if r.view.Accounts == nil {
		return true
	}
	hash, ok := r.ids.get(id)
	return ok && r.sees(hash) != nil
}

// filled returns a copy of an alert with the fields that a store fills in.
func (r *memoryReader) filled(hash [16]byte, stored *Alert) *Alert {
	a := *stored
	if u, ok := r.unknown.get(hash); ok {
		a.Unknown = &u
	}
	scanned, _ := r.scanned.get([2]string{a.Stream, accountOf(a.Asset.Scope())})
	a.Observe(scanned)
	return &a
}

// Alerts implements Reader.
func (r *memoryReader) Alerts(keys ...Key) (map[Key]*Alert, error) {
	found := make(map[Key]*Alert, len(keys))
	for _, k := range keys {
		hash := k.Hash(r.view.Tenant)
		if a := r.sees(hash); a != nil {
			found[k] = cloneAlert(r.filled(hash, a))
		}
	}
	return found, r.ctx.Err()
}

// ByID implements Reader.
func (r *memoryReader) ByID(ids ...string) ([]*Alert, error) {
	found := make([]*Alert, len(ids))
	for i, id := range ids {
		if hash, ok := r.ids.get(id); ok {
			if a := r.sees(hash); a != nil {
				found[i] = cloneAlert(r.filled(hash, a))
			}
		}
	}
	return found, r.ctx.Err()
}

// selected returns the alerts that match a query, filled but not cloned.
func (r *memoryReader) selected(q *Query) ([]*Alert, error) {
	m := newMatcher(q)
	var found []*Alert
	for hash, stored := range r.alerts.all() {
		if err := r.ctx.Err(); err != nil {
			return nil, err
		}
		if !r.view.Includes(stored.Asset.Account) {
			continue
		}
		if a := r.filled(hash, stored); m.matches(a) {
			found = append(found, a)
		}
	}
	return found, nil
}

// Query implements Reader.
func (r *memoryReader) Query(q Query) (*Page, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	after, err := q.After()
	if err != nil {
		return nil, err
	}
	found, err := r.selected(&q)
	if err != nil {
		return nil, err
	}
	type placed struct {
		Position
		alert *Alert
	}
	places := make([]placed, 0, len(found))
	for _, a := range found {
		if p := q.Position(a); after == nil || q.compare(p, *after) > 0 {
			places = append(places, placed{p, a})
		}
	}
	slices.SortFunc(places, func(a, b placed) int { return q.compare(a.Position, b.Position) })
	page := &Page{}
	for i, p := range places {
		if len(page.Alerts) == q.Size() {
			page.Next = q.Next(places[i-1].Position)
			break
		}
		if q.Where != nil && i == r.maxWhere {
			page.Next, page.Truncated = q.Next(places[i-1].Position), true
			break
		}
		a := cloneAlert(p.alert)
		if q.Where != nil {
			if ok, err := q.Where(a); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		page.Alerts = append(page.Alerts, a)
	}
	return page, nil
}

// Count implements Reader.
func (r *memoryReader) Count(q Query, by ...Dimension) ([]Count, error) {
	if err := q.CheckCount(by...); err != nil {
		return nil, err
	}
	found, err := r.selected(&q)
	if err != nil {
		return nil, err
	}
	c := newTally(by)
	for _, a := range found {
		c.add(a)
	}
	return c.sorted(), nil
}

func (r *memoryReader) mark(hash [16]byte, a *Alert) Mark {
	_, unknown := r.unknown.get(hash)
	return Mark{
		Known: true, Hash: hash, ID: a.ID, Status: a.Status, State: a.State, Stream: a.Stream,
		Account: accountOf(a.Asset.Scope()), Unknown: unknown,
	}
}

// Marks implements Reader.
func (r *memoryReader) Marks(hashes [][16]byte) ([]Mark, error) {
	marks := make([]Mark, len(hashes))
	for i, hash := range hashes {
		if a := r.sees(hash); a != nil {
			marks[i] = r.mark(hash, a)
		}
	}
	return marks, r.ctx.Err()
}

// Claimed implements Reader.
func (r *memoryReader) Claimed(stream string, after [16]byte) iter.Seq2[Mark, error] {
	return func(yield func(Mark, error) bool) {
		for hash, a := range r.alerts.from(after) {
			if err := r.ctx.Err(); err != nil {
				yield(Mark{}, err)
				return
			}
			claimed := hash != after && a.Stream == stream && a.Verdict == policy.Fail && !a.Gone
			if claimed && r.view.Includes(a.Asset.Account) && !yield(r.mark(hash, a), nil) {
				return
			}
		}
	}
}

// Waking implements Reader.
func (r *memoryReader) Waking(at time.Time, limit int) ([]*Alert, error) {
	var found []*Alert
	for wake, hash := range r.waking.all() {
		if wake.at.After(at) || len(found) == rows(limit) {
			break
		}
		if a := r.sees(hash); a != nil {
			found = append(found, cloneAlert(r.filled(hash, a)))
		}
	}
	return found, r.ctx.Err()
}

// Unknowns implements Reader.
func (r *memoryReader) Unknowns() iter.Seq2[Unknown, error] {
	return func(yield func(Unknown, error) bool) {
		var notes []Unknown
		for hash, u := range r.unknown.all() {
			if r.view.Accounts == nil || r.sees(hash) != nil {
				notes = append(notes, u)
			}
		}
		slices.SortFunc(notes, func(a, b Unknown) int {
			return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Policy, b.Policy), compareRefs(a.Ref, b.Ref))
		})
		sequence(r.ctx, notes)(yield)
	}
}
