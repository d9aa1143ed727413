package alert

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
)

// ErrOtherRules is the error, under errors.Is, of a tracker whose rules are not those that
// [Tracker.SetRules] put in force, such as one of another process.
var ErrOtherRules = errors.New("rules are not those in force (apply them with SetRules)")

// The documents of rules: kind "rules" with these names, and kind "groups" with the names of
// the groups.
const (
	docRules     = "rules"
	docGroups    = "groups"
	rulesDigest  = "digest"  // of the rules in force
	rulesCurrent = "current" // the rules in force
	rulesChange  = "change"  // a change that is not finished
)

// rulesDocument holds the rules in force.
type rulesDocument struct {
	Version int               `json:"version"` // 1 for the first
	Digest  string            `json:"digest"`
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Rules   []*Rule           `json:"rules"`
	Selects map[string]string `json:"selects"` // digests of what rules select, by name
}

// ruleChange is a change of rules that is being applied.
type ruleChange struct {
	Version int               `json:"version"`
	Digest  string            `json:"digest"`
	At      time.Time         `json:"at"`
	By      string            `json:"by"`
	Before  map[string]string `json:"before"` // what rules selected before, by name
	Cursor  string            `json:"cursor,omitempty"`
	Done    Preview           `json:"done"`
	// Quiet are the digests of the alerts that the change opened, by channel.
	Quiet map[string]*Digest `json:"quiet,omitempty"`
	// Undecided is why a rule matches an alert only because that is unknown.
	Undecided string `json:"undecided,omitempty"`
}

// GroupVersion is an account group as it is stored.
type GroupVersion struct {
	Group   asset.Group `json:"group"`
	Version int         `json:"version"` // 1 for the first
	At      time.Time   `json:"at"`
	By      string      `json:"by"`
}

// inForce returns the rules of the tracker.
func (t *Tracker) inForce() *Rules {
	if r := t.rules.Load(); r != nil {
		return r
	}
	return t.Rules
}

// verifyRules fails if the rules in force are not those of the tracker.
func (t *Tracker) verifyRules(r Reader) error {
	digest, err := r.Document(docRules, rulesDigest)
	if err != nil || digest == nil || string(digest) == t.inForce().Digest() {
		return err
	}
	return ErrOtherRules
}

// SetRules puts rules in force, in place of those that were, and applies them to all alerts
// and to the failing findings that no rule matched: it does what [Tracker.Preview] says. An
// alert is resolved only if no enabled rule matches it now, with the reason RuleUpdated,
// RuleDisabled, RuleDeleted, GroupUpdated or GroupDeleted. Alerts that such a change resolved
// and whose findings still fail open again, without a notification, if a rule matches them
// again. New alerts open now; each channel hears of them in one digest.
//
// The change is applied in batches, each in one transaction. Calling SetRules again with the
// same rules finishes a change that was interrupted, and else does nothing: a program calls it
// when it starts. From the first transaction on, the rules of other trackers on the store are
// no longer in force: their methods return [ErrOtherRules] until SetRules was called there.
func (t *Tracker) SetRules(ctx context.Context, rules *Rules, actor string) (Preview, error) {
	p, err := Preview{}, t.check()
	if err == nil && actor == "" {
		err = errors.New("no actor")
	}
	if err == nil {
		p, err = t.setRules(ctx, rules, actor)
	}
	if err != nil {
		return p, fmt.Errorf("set rules: %w", err)
	}
	return p, nil
}

// SetGroups puts account groups in force, and says which accounts there are, like SetRules
// with the rules in force. Rules may name groups that are gone: these match nothing, and
// [Preview.Warnings] says so.
func (t *Tracker) SetGroups(ctx context.Context, groups asset.Groups, accounts []asset.Account, actor string) (Preview, error) {
	rules, err := t.inForce().WithGroups(groups, accounts)
	if err != nil {
		return Preview{}, fmt.Errorf("set groups: %w", err)
	}
	return t.SetRules(ctx, rules, actor)
}

// Groups returns the account groups in force, sorted by name, with their versions.
func (t *Tracker) Groups(ctx context.Context) ([]GroupVersion, error) {
	var groups []GroupVersion
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		groups = nil
		return storedGroups(r, func(g GroupVersion) { groups = append(groups, g) })
	})
	if err != nil {
		return nil, fmt.Errorf("account groups: %w", err)
	}
	return groups, nil
}

func storedGroups(r Reader, each func(GroupVersion)) error {
	var names []string
	for d, err := range r.Documents(docGroups) {
		if err != nil {
			return err
		}
		names = append(names, d.Name)
	}
	for _, name := range names {
		var g GroupVersion
		if _, err := readDocument(r, docGroups, name, &g); err != nil {
			return err
		}
		each(g)
	}
	return nil
}

func (t *Tracker) setRules(ctx context.Context, rules *Rules, actor string) (Preview, error) {
	if rules == nil {
		rules = &Rules{}
		rules.finish()
	}
	before := t.rules.Load()
	var change *ruleChange
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) (err error) {
		change, err = t.beginChange(tx, rules, actor)
		// No other transaction begins before this one ends: each sees the rules of its tracker
		// and of the store change together.
		if err == nil {
			t.rules.Store(rules)
		}
		return err
	})
	if err != nil {
		t.rules.Store(before)
		return Preview{}, err
	}
	if change == nil {
		return Preview{Warnings: rules.warnings()}, nil
	}
	done := Preview{}
	for finished := false; !finished; {
		err := t.Store.Write(ctx, t.Tenant, func(tx Tx) (err error) {
			done, finished, err = t.applyChange(tx, rules)
			return err
		})
		if err != nil {
			return done, err
		}
	}
	done.Warnings = rules.warnings()
	return done, nil
}

// storedRules returns the rules in force, without a digest if none were set, and the change
// to these that is not finished; nil: none.
func (t *Tracker) storedRules(r Reader) (current rulesDocument, pending *ruleChange, err error) {
	if _, err = readDocument(r, docRules, rulesCurrent, &current); err != nil {
		return current, nil, err
	}
	change := &ruleChange{}
	if ok, err := readDocument(r, docRules, rulesChange, change); !ok || err != nil {
		return current, nil, err
	}
	return current, change, nil
}

// before returns digests of what the rules selected that alerts have been matched with, by
// name. If a change is not finished, these are the rules before it for some alerts, and those
// after it for others: the digest of a rule that differs is empty.
func (t *Tracker) before(current rulesDocument, pending *ruleChange) map[string]string {
	if current.Digest == "" {
		return t.inForce().selections()
	}
	before := maps.Clone(current.Selects)
	if pending != nil {
		for name, selects := range pending.Before {
			if have, ok := before[name]; ok && have != selects {
				selects = ""
			}
			before[name] = selects
		}
	}
	return before
}

// beginChange puts rules in force, and returns the change that is to be applied; nil: none.
func (t *Tracker) beginChange(tx Tx, rules *Rules, actor string) (*ruleChange, error) {
	current, pending, err := t.storedRules(tx)
	if err != nil {
		return nil, err
	}
	if current.Digest == rules.Digest() {
		return pending, nil
	}
	now := t.now()
	change := &ruleChange{Digest: rules.Digest(), At: now, By: actor, Before: t.before(current, pending), Version: current.Version + 1}
	if pending != nil {
		change.Quiet = pending.Quiet
	}
	next := rulesDocument{Version: change.Version, Digest: change.Digest, At: now, By: actor, Rules: rules.All(), Selects: rules.selections()}
	err = errors.Join(
		writeDocument(tx, docRules, rulesCurrent, next), writeDocument(tx, docRules, rulesChange, change),
		tx.PutDocument(docRules, rulesDigest, []byte(next.Digest)), t.putGroups(tx, rules.options.Groups, actor),
		writeDocument(tx, docAudit, fmt.Sprintf("%020d-rules-%d", now.UnixMicro(), next.Version), Audit{
			At: now, Action: Action{Kind: InputRules, Actor: actor, Note: fmt.Sprintf("version %d: %d rules", next.Version, len(next.Rules))},
		}))
	return change, err
}

// putGroups stores the account groups that differ from the stored ones, and deletes those
// that are gone.
func (t *Tracker) putGroups(tx Tx, groups asset.Groups, actor string) error {
	before := map[string]GroupVersion{}
	if err := storedGroups(tx, func(g GroupVersion) { before[g.Group.Name] = g }); err != nil {
		return err
	}
	for _, g := range groups {
		old := before[g.Name]
		delete(before, g.Name)
		if old.Version > 0 && digestOf(old.Group) == digestOf(g) {
			continue
		}
		next := GroupVersion{Group: g, Version: old.Version + 1, At: t.now(), By: actor}
		if err := writeDocument(tx, docGroups, g.Name, next); err != nil {
			return err
		}
	}
	for name := range before {
		if err := tx.PutDocument(docGroups, name, nil); err != nil {
			return err
		}
	}
	return nil
}

// WithGroups returns the rules with other account groups and accounts. Rules may name groups
// that do not exist.
func (r *Rules) WithGroups(groups asset.Groups, accounts []asset.Account) (*Rules, error) {
	if err := groups.Validate(); err != nil {
		return nil, err
	}
	next := &Rules{}
	if r != nil {
		next.rules, next.options = r.rules, r.options
	}
	if groups == nil {
		groups = asset.Groups{}
	}
	next.options.Groups, next.options.Accounts = slices.Clone(groups), slices.Clone(accounts)
	next.finish()
	return next, nil
}

// warnings returns what rules name that does not exist any more.
func (r *Rules) warnings() []string {
	if r == nil || r.options.Groups == nil {
		return nil
	}
	var warnings []string
	known := groupNames(r.options.Groups)
	for _, c := range r.rules {
		for _, g := range c.AccountGroups {
			if !slices.Contains(known, g) {
				warnings = append(warnings, fmt.Sprintf("rule %q: %v", c.Name, unknown("account group", g, known)))
			}
		}
	}
	return warnings
}
