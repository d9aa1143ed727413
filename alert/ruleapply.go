package alert

import (
	"cmp"
	"fmt"
	"slices"
)

// rowStatuses are the statuses of alerts that a change of rules concerns.
func rowStatuses() []Status {
	return []Status{Open, Dismissed, Snoozed, PendingResolution, Resolved, Unmatched}
}

// applyChange applies the rules to the next batch of alerts.
func (t *Tracker) applyChange(tx Tx, rules *Rules) (done Preview, finished bool, err error) {
	var change ruleChange
	ok, err := readDocument(tx, docRules, rulesChange, &change)
	if err != nil {
		return done, false, err
	}
	if err := t.verifyRules(tx); err != nil {
		return done, false, err
	}
	if !ok {
		return done, true, nil // another tracker finished it
	}
	page, err := tx.Query(Query{Statuses: rowStatuses(), Sort: []Order{{By: ByID}}, Cursor: change.Cursor, Limit: t.ruleBatch()})
	if err != nil {
		return done, false, err
	}
	w, err := t.writer(tx)
	if err != nil {
		return done, false, err
	}
	if change.Quiet == nil {
		change.Quiet = map[string]*Digest{}
	}
	for _, a := range page.Alerts {
		next, transitions, err := w.ruled(a, &change, &change.Done)
		if err != nil {
			return done, false, err
		}
		if len(transitions) == 0 && sameRules(a, next) {
			continue
		}
		w.changes, w.history = append(w.changes, Change{Old: a, New: next}), append(w.history, transitions...)
		for _, channel := range w.openedChannels(next, transitions) {
			d := change.Quiet[channel]
			if d == nil {
				d = &Digest{From: change.At}
				change.Quiet[channel] = d
			}
			d.opened(next)
		}
	}
	if err := w.flush(); err != nil {
		return done, false, err
	}
	change.Cursor, change.Undecided = page.Next, cmp.Or(change.Undecided, w.undecided)
	if page.Next != "" {
		return change.Done, false, writeDocument(tx, docRules, rulesChange, change)
	}
	return change.Done, true, t.endChange(tx, &change)
}

// ruleBatch is the number of alerts that a change of rules is applied to in a transaction.
func (t *Tracker) ruleBatch() int {
	const most = 10_000
	if t.Batch > 0 {
		return min(t.Batch, most)
	}
	return most
}

// sameRules reports whether an input of rules left an alert as it is.
func sameRules(a, b *Alert) bool {
	return slices.Equal(a.Rules, b.Rules) && a.Owner == b.Owner && slices.Equal(a.Asset.Groups, b.Asset.Groups) && a.Due.Equal(b.Due)
}

// endChange writes the digests of a change, and forgets it.
func (t *Tracker) endChange(tx Tx, change *ruleChange) error {
	now := t.now()
	var ms []Message
	for _, channel := range sortedKeys(change.Quiet) {
		d := change.Quiet[channel]
		d.To, d.Title = now, "New rules"
		id := fmt.Sprintf("R-%d-%s-%s", change.Version, change.Digest, channel)
		ms = append(ms, Message{
			ID: id + "/" + channel, Channel: channel, NotBefore: now,
			Event: Event{ID: id, Kind: EventDigest, At: now, Tenant: t.Tenant, Digest: d},
		})
	}
	if len(ms) > 0 {
		if err := tx.PutMessages(ms...); err != nil {
			return err
		}
	}
	if change.Undecided == "" {
		if err := endHealth(tx, HealthRules, healthOfRules, now); err != nil {
			return err
		}
	}
	return tx.PutDocument(docRules, rulesChange, nil)
}

// healthOfRules is the subject of HealthRules.
const healthOfRules = "rules"

// ruled returns an alert after a change of the rules, with the transitions, and counts what
// happens to it.
func (w *writer) ruled(a *Alert, change *ruleChange, p *Preview) (*Alert, []*Transition, error) {
	in := Input{Kind: InputRules, At: w.now, Actor: change.By, Reason: w.rules.reason(a, change.Before), Flap: w.t.flap(), Window: w.t.window()}
	w.matching(a, &in)
	next, transitions, err := Next(a, in)
	if err != nil {
		return nil, nil, err
	}
	p.count(a, next)
	return next, transitions, nil
}

// openedChannels returns the channels that hear of the opening of an alert.
func (w *writer) openedChannels(a *Alert, transitions []*Transition) []string {
	channels := map[string]bool{}
	for _, tr := range transitions {
		if eventOf(tr) == EventOpened && !tr.Silent {
			for _, m := range w.messagesOf(owed{a, tr, EventOpened}) {
				channels[m.Channel] = true
			}
		}
	}
	return sortedKeys(channels)
}

// selections returns digests of what the rules select, by name; of a disabled rule, "".
func (r *Rules) selections() map[string]string {
	selects := map[string]string{}
	if r != nil {
		for _, c := range r.rules {
			selects[c.Name] = c.selects
		}
	}
	return selects
}

// reason returns why an alert is resolved that rules matched before and none matches now. Of
// several rules, one that is still there and selects something else gives the reason, then
// one that is disabled, then one that is deleted; a rule that selects the same gives a reason
// of its groups.
func (r *Rules) reason(a *Alert, before map[string]string) Reason {
	rank := func(reason Reason) int {
		return slices.Index([]Reason{RuleDeleted, RuleDisabled, GroupDeleted, GroupUpdated, RuleUpdated}, reason)
	}
	reason := RuleDeleted
	for _, name := range a.Rules {
		if own := r.reasonOf(name, before[name]); rank(own) > rank(reason) {
			reason = own
		}
	}
	if len(a.Rules) == 0 {
		return RuleUpdated
	}
	return reason
}

// reasonOf returns why a rule no longer matches an alert that it matched.
func (r *Rules) reasonOf(name, before string) Reason {
	i := slices.IndexFunc(r.rules, func(c *compiledRule) bool { return c.Name == name })
	if i < 0 {
		return RuleDeleted
	}
	c := r.rules[i]
	known := groupNames(r.options.Groups)
	switch {
	case c.Disabled:
		return RuleDisabled
	case c.selects != before:
		return RuleUpdated
	case slices.ContainsFunc(c.AccountGroups, func(g string) bool { return !slices.Contains(known, g) }):
		return GroupDeleted
	}
	return GroupUpdated
}
