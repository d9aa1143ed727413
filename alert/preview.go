package alert

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/openstance/stance/policy"
)

// Preview is what a change of rules or account groups does, or did.
type Preview struct {
	Opened   int            `json:"opened,omitempty"`   // findings that no rule matched before
	Reopened int            `json:"reopened,omitempty"` // alerts that a change of rules had resolved
	Resolved map[Reason]int `json:"resolved,omitempty"` // by reason
	// Alerts are the first of these, at most 50.
	Alerts []PreviewAlert `json:"alerts,omitempty"`

	// Rules are the numbers of failing findings that each enabled rule matches, by name. Only
	// Preview sets it.
	Rules map[string]int `json:"rules,omitempty"`
	// Sent are the numbers of messages that the rules would have caused in the last 30 days,
	// by channel, as far as the history goes back. A digest is one message; its days begin at
	// midnight in UTC. Only Preview sets it.
	Sent map[string]int `json:"sent,omitempty"`
	// Undecided is the number of alerts that rules match only because it is unknown whether
	// they do, and Why the first reason: see [Rules.Undecided]. Only Preview sets them.
	Undecided int    `json:"undecided,omitempty"`
	Why       string `json:"why,omitempty"`

	Warnings []string `json:"warnings,omitempty"` // rules that name groups which do not exist
}

// PreviewAlert is an alert that a change of rules concerns.
type PreviewAlert struct {
	ID     string `json:"id"`
	Key    Key    `json:"key"`
	From   Status `json:"from"`
	To     Status `json:"to"`
	Reason Reason `json:"reason"`
}

// maxPreview is the number of alerts that a preview lists.
const maxPreview = 50

// previewed is how far back a preview counts messages.
const previewed = 30 * 24 * time.Hour

// count counts what a change of rules does to an alert.
func (p *Preview) count(a, next *Alert) {
	switch {
	case a.Status == next.Status && a.Reason == next.Reason:
		return
	case next.Status == Open && a.Status == Unmatched:
		p.Opened++
	case next.Status == Open:
		p.Reopened++
	case next.Status == Resolved:
		if p.Resolved == nil {
			p.Resolved = map[Reason]int{}
		}
		p.Resolved[next.Reason]++
	default:
		return
	}
	if len(p.Alerts) < maxPreview {
		p.Alerts = append(p.Alerts, PreviewAlert{ID: a.ID, Key: a.Key, From: a.Status, To: next.Status, Reason: next.Reason})
	}
}

// Preview returns what [Tracker.SetRules] would do with rules, and how many messages they
// would have caused. It changes nothing. For a change of account groups, use
// [Rules.WithGroups].
func (t *Tracker) Preview(ctx context.Context, rules *Rules) (Preview, error) {
	p, err := Preview{}, t.check()
	if err == nil {
		err = t.Store.Read(ctx, t.view(), func(r Reader) (err error) {
			p, err = t.preview(r, rules)
			return err
		})
	}
	if err != nil {
		return Preview{}, fmt.Errorf("preview rules: %w", err)
	}
	return p, nil
}

func (t *Tracker) preview(r Reader, rules *Rules) (Preview, error) {
	if rules == nil {
		rules = &Rules{}
		rules.finish()
	}
	current, pending, err := t.storedRules(r)
	if err != nil {
		return Preview{}, err
	}
	change := &ruleChange{By: system, Before: t.before(current, pending)}
	w := &writer{t: t, rules: rules, now: t.now(), removed: map[string]bool{}}
	for d, err := range r.Documents(docPolicy) {
		if err != nil {
			return Preview{}, err
		}
		w.removed[d.Name] = true
	}
	p := Preview{Rules: map[string]int{}, Sent: map[string]int{}, Warnings: rules.warnings()}
	for _, c := range rules.All() {
		if !c.Disabled {
			p.Rules[c.Name] = 0
		}
	}
	q := Query{Statuses: rowStatuses(), Sort: []Order{{By: ByID}}, Limit: 10_000}
	for {
		page, err := r.Query(q)
		if err != nil {
			return Preview{}, err
		}
		for _, a := range page.Alerts {
			w.undecided = ""
			next, _, err := w.ruled(a, change, &p)
			if err != nil {
				return Preview{}, err
			}
			if a.Verdict != policy.Fail || a.Gone {
				continue
			}
			for _, name := range next.Rules {
				p.Rules[name]++
			}
			if w.undecided != "" {
				p.Undecided++
				p.Why = cmp.Or(p.Why, w.undecided)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	s := newSent(t, rules, r, p.Sent)
	return p, s.count(w.now.Add(-previewed))
}
