package alert

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// Global stands for assets without a region in queries and counts.
const Global = "global"

// The limits of Query.Limit.
const (
	defaultLimit = 100
	maxLimit     = 10_000
)

// Size returns the maximum of alerts in a page: the limit, or the default.
func (q *Query) Size() int {
	if q.Limit == 0 {
		return defaultLimit
	}
	return q.Limit
}

// Check returns an error for a query that no store answers: an unknown time or order, a limit
// or a text that is too long, or a cursor that is invalid or belongs to another order.
func (q *Query) Check() error {
	var errs []error
	if q.Limit < 0 || q.Limit > maxLimit {
		errs = append(errs, fmt.Errorf("invalid limit %d (want 1 to %d)", q.Limit, maxLimit))
	}
	switch q.Time {
	case "", Opened, Changed, Observed:
	default:
		errs = append(errs, fmt.Errorf("unknown time %q (want opened, changed or observed)", q.Time))
	}
	if len(q.Text) > maxText {
		errs = append(errs, fmt.Errorf("text too long (%d bytes, want at most %d)", len(q.Text), maxText))
	} else if n := len(Words(q.Text)); n > maxWords {
		errs = append(errs, fmt.Errorf("text too long (%d words, want at most %d)", n, maxWords))
	}
	if err := q.checkOrder(); err != nil {
		errs = append(errs, err)
	} else if _, err := q.After(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Matches reports whether the query selects an alert. It does not call Where and ignores the
// order, the cursor and the limit.
func (q *Query) Matches(a *Alert) bool { return newMatcher(q).matches(a) }

// matcher is a query that is prepared for many alerts.
type matcher struct {
	*Query
	ids   map[string]bool
	refs  map[asset.Ref]bool
	words []string
}

func newMatcher(q *Query) *matcher {
	m := &matcher{Query: q, words: Words(q.Text), ids: map[string]bool{}, refs: map[asset.Ref]bool{}}
	for _, id := range q.IDs {
		m.ids[id] = true
	}
	for _, ref := range q.Refs {
		m.refs[ref] = true
	}
	return m
}

// one reports whether a value is selected.
func one[T comparable](selected []T, value T) bool {
	return len(selected) == 0 || slices.Contains(selected, value)
}

func (m *matcher) matches(a *Alert) bool {
	if len(m.Statuses) == 0 && a.Status == Unmatched {
		return false
	}
	return one(m.Statuses, a.Status) &&
		(len(m.ids) == 0 || m.ids[a.ID]) &&
		(len(m.refs) == 0 || m.refs[a.Ref]) &&
		one(m.Policies, a.Key.Policy) &&
		one(m.Kinds, a.Policy.Kind) &&
		one(m.Severities, a.Policy.Severity) &&
		one(m.Providers, a.Asset.Provider) &&
		one(m.Accounts, a.Asset.Account) &&
		(len(m.Groups) == 0 || slices.ContainsFunc(PerGroup.Values(a), func(g string) bool { return slices.Contains(m.Groups, g) })) &&
		one(m.Regions, PerRegion.Values(a)[0]) &&
		one(m.Types, a.Ref.Type) &&
		one(m.Classes, a.Asset.Class) &&
		(len(m.Tags) == 0 || slices.ContainsFunc(m.Tags, a.tagged)) &&
		(len(m.Controls) == 0 || slices.ContainsFunc(a.Policy.Controls, m.selects)) &&
		one(m.Remediable, a.Policy.Remediable) &&
		one(m.Owners, a.Owner) &&
		one(m.Assignees, a.Assignee) &&
		(len(m.Rules) == 0 || slices.ContainsFunc(a.Rules, func(r string) bool { return slices.Contains(m.Rules, r) })) &&
		(m.Overdue.IsZero() || a.Status == Open && !a.Due.IsZero() && a.Due.Before(m.Overdue)) &&
		m.within(m.Time.of(a)) &&
		m.contains(a)
}

func (a *Alert) tagged(t Tag) bool {
	v, ok := a.Asset.Tags[t.Key]
	return ok && (t.Value == "" || v == t.Value)
}

// selects reports whether the query names a control or its standard, the part before the
// first slash.
func (m *matcher) selects(control string) bool {
	standard, _, _ := strings.Cut(control, "/")
	return slices.Contains(m.Controls, control) || slices.Contains(m.Controls, standard)
}

func (f TimeField) of(a *Alert) time.Time {
	switch f {
	case Changed:
		return a.LastSeen
	case Observed:
		return a.LastObserved
	}
	return a.AlertTime
}

// within reports whether a time is within the bounds. A zero time is within none.
func (m *matcher) within(t time.Time) bool {
	if m.From.IsZero() && m.To.IsZero() {
		return true
	}
	return !t.IsZero() && (m.From.IsZero() || !t.Before(m.From)) && (m.To.IsZero() || t.Before(m.To))
}

func (m *matcher) contains(a *Alert) bool {
	if len(m.words) == 0 {
		return true
	}
	text := a.SearchText()
	for _, word := range m.words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
