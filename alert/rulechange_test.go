package alert_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// withRules returns an estate of which the rules are in force.
func withRules(t *testing.T, o *alert.RulesOptions, rules ...*alert.Rule) *estate {
	t.Helper()
	e := newEstate(t)
	e.tracker.Rules = nil
	e.setRules(o, rules...)
	return e
}

// set1 puts rules in force, after it has verified that Preview says what it does.
func (e *estate) setRules(o *alert.RulesOptions, rules ...*alert.Rule) alert.Preview {
	e.t.Helper()
	return e.put(newRules(e.t, o, rules...))
}

func (e *estate) put(r *alert.Rules) alert.Preview {
	e.t.Helper()
	before, lines := e.statuses(), e.history()
	said, err := e.tracker.Preview(e.t.Context(), r)
	require.NoError(e.t, err)
	require.Equal(e.t, before, e.statuses(), "a preview changes nothing")
	require.Equal(e.t, lines, e.history())
	done, err := e.tracker.SetRules(e.t.Context(), r, "ann")
	require.NoError(e.t, err)
	assert.Equal(e.t, effect(said), effect(done))
	return said
}

// effect returns what a preview says of alerts.
func effect(p alert.Preview) alert.Preview {
	return alert.Preview{Opened: p.Opened, Reopened: p.Reopened, Resolved: p.Resolved, Alerts: p.Alerts, Warnings: p.Warnings}
}

// ofAccounts returns a rule for accounts, which reports to mail.
func ofAccounts(name string, accounts ...string) *alert.Rule {
	return &alert.Rule{Name: name, Selector: alert.Selector{Accounts: accounts}, Notify: []alert.Notice{{Channels: []string{"mail"}}}}
}

func TestNewRuleOpensAlerts(t *testing.T) {
	e := withRules(t, nil)
	e.add(60, "1")
	e.add(3, "2")
	e.scan()
	assert.Equal(t, map[alert.Status]int{alert.Unmatched: 63}, e.statuses())
	assert.Empty(t, e.messages("mail"))
	e.later(time.Hour)
	e.tracker.Batch = 7

	p := e.setRules(nil, ofAccounts("one", "1"), &alert.Rule{Name: "off", Disabled: true})
	assert.Equal(t, 60, p.Opened)
	assert.Len(t, p.Alerts, 50)
	assert.Equal(t, map[string]int{"one": 60}, p.Rules)
	assert.Equal(t, map[alert.Status]int{alert.Open: 60, alert.Unmatched: 3}, e.statuses())
	a := e.alert("1-00")
	assert.Equal(t, e.now, a.AlertTime, "alert time now")
	assert.Equal(t, e.now.Add(-time.Hour), a.FirstSeen)
	assert.Equal(t, []string{"one"}, a.Rules)
	ms := e.messages("mail")
	require.Len(t, ms, 1, "one digest")
	require.NotNil(t, ms[0].Event.Digest)
	assert.Equal(t, 60, ms[0].Event.Digest.Opened)
	assert.Len(t, ms[0].Event.Digest.Alerts, 50)
	assert.Equal(t, 10, ms[0].Event.Digest.More)

	e.later(time.Hour)
	p = e.setRules(nil, ofAccounts("one", "1", "2"))
	assert.Equal(t, 3, p.Opened, "a widened rule")
	assert.Len(t, e.messages("mail"), 2)
	e.scan()
	assert.Len(t, e.messages("mail"), 2, "a scan adds nothing")
	assert.Equal(t, map[alert.Status]int{alert.Open: 63}, e.statuses())
}

func TestNewRuleOpensNothingThatPassesOrIsGone(t *testing.T) {
	e := withRules(t, nil)
	for _, id := range []string{"a", "b", "c"} {
		e.things[id] = &thing{account: "1", bad: true}
	}
	e.tracker.Getter = e
	e.scan()
	e.later(time.Hour)
	e.things["a"].bad = false
	delete(e.things, "b")
	e.scan()
	require.True(t, e.alert("b").Gone)
	p := e.setRules(nil, ofAccounts("one", "1"))
	assert.Equal(t, 1, p.Opened)
	assert.Equal(t, alert.Open, e.alert("c").Status)
	assert.Equal(t, map[string]int{"one": 1}, p.Rules)
}

func TestRuleChangeResolves(t *testing.T) {
	one, two := ofAccounts("one", "1"), ofAccounts("two", "1", "2")
	disabled := ofAccounts("one", "1")
	disabled.Disabled = true
	for name, c := range map[string]struct {
		before, after []*alert.Rule
		reason        alert.Reason // empty: the alert stays open
	}{
		"updated":                      {[]*alert.Rule{one}, []*alert.Rule{ofAccounts("one", "3")}, alert.RuleUpdated},
		"disabled":                     {[]*alert.Rule{one}, []*alert.Rule{disabled}, alert.RuleDisabled},
		"deleted":                      {[]*alert.Rule{one}, nil, alert.RuleDeleted},
		"renamed":                      {[]*alert.Rule{one}, []*alert.Rule{ofAccounts("uno", "1")}, ""},
		"deleted, another matches":     {[]*alert.Rule{one, two}, []*alert.Rule{two}, ""},
		"disabled, another matches":    {[]*alert.Rule{one, two}, []*alert.Rule{disabled, two}, ""},
		"both deleted":                 {[]*alert.Rule{one, two}, nil, alert.RuleDeleted},
		"one updated, another deleted": {[]*alert.Rule{one, two}, []*alert.Rule{ofAccounts("two", "2")}, alert.RuleUpdated},
	} {
		t.Run(name, func(t *testing.T) {
			e := withRules(t, nil, c.before...)
			e.things["a"] = &thing{account: "1", bad: true}
			e.scan()
			opened, sent := e.now, len(e.messages("mail"))
			e.later(time.Hour)
			p := e.setRules(nil, c.after...)
			a := e.alert("a")
			if c.reason == "" {
				assert.Equal(t, alert.Open, a.Status)
				assert.Empty(t, p.Resolved)
				return
			}
			assert.Equal(t, alert.Resolved, a.Status)
			assert.Equal(t, c.reason, a.Reason)
			assert.Equal(t, policy.Fail, a.Verdict, "the last verdict is kept")
			assert.Equal(t, map[alert.Reason]int{c.reason: 1}, p.Resolved)
			e.later(time.Hour)
			e.scan()
			assert.Equal(t, alert.Resolved, e.alert("a").Status, "a scan does not open it")

			e.later(time.Hour)
			p = e.setRules(nil, c.before...)
			assert.Equal(t, 1, p.Reopened)
			assert.Zero(t, p.Opened)
			back := e.alert("a")
			assert.Equal(t, alert.Open, back.Status)
			assert.Equal(t, a.ID, back.ID)
			assert.Equal(t, alert.Restored, back.Reason)
			assert.Equal(t, opened, back.AlertTime)
			assert.Len(t, e.messages("mail"), sent, "without notifying")
		})
	}
}

func TestRestoredRuleDoesNotOpenWhatPassedMeanwhile(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	e.later(time.Hour)
	e.setRules(nil)
	e.things["a"].bad = false
	e.later(time.Hour)
	e.scan()
	p := e.setRules(nil, ofAccounts("one", "1"))
	assert.Zero(t, p.Reopened)
	assert.Equal(t, alert.Resolved, e.alert("a").Status)
}

func TestRuleChangeLeavesDecisionsOfUsers(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	require.NoError(t, e.tracker.Do(t.Context(), alert.Action{Kind: alert.InputDismiss, Actor: "bob", Note: "fine"}, e.alert("a").ID))
	p := e.setRules(nil)
	assert.Empty(t, p.Resolved)
	assert.Equal(t, alert.Dismissed, e.alert("a").Status)
	assert.Empty(t, e.alert("a").Rules)
}

func TestRuleChangeSetsDueDatesAndOwners(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	lines := e.history()
	r := ofAccounts("one", "1")
	r.Due = map[policy.Severity]time.Duration{policy.High: 24 * time.Hour}
	e.setRules(&alert.RulesOptions{Owners: alert.Owners{Default: "security"}}, r)
	a := e.alert("a")
	assert.Equal(t, a.AlertTime.Add(24*time.Hour), a.Due)
	assert.Equal(t, a.Due, a.Wake)
	assert.Equal(t, "security", a.Owner)
	assert.Equal(t, lines, e.history(), "no transition")
}

func TestAccountGroups(t *testing.T) {
	accounts := []asset.Account{
		{ID: "1", Name: "shop", Parents: []asset.AccountParent{{ID: "prod"}}},
		{ID: "2", Name: "lab", Parents: []asset.AccountParent{{ID: "test"}}},
	}
	production := asset.Group{Name: "production", Owner: "ops", Parents: []string{"prod"}}
	everywhere := asset.Group{Name: "production", Owner: "ops", Parents: []string{"prod", "test"}}
	rule := &alert.Rule{Name: "r", Selector: alert.Selector{AccountGroups: []string{"production"}}, Notify: []alert.Notice{{Channels: []string{"mail"}}}}
	e := withRules(t, &alert.RulesOptions{Groups: asset.Groups{production}, Accounts: accounts}, rule)
	e.things["a"], e.things["b"] = &thing{account: "1", bad: true}, &thing{account: "2", bad: true}
	e.scan()
	assert.Equal(t, alert.Open, e.alert("a").Status)
	assert.Equal(t, []string{"production"}, e.alert("a").Asset.Groups)
	assert.Equal(t, "ops", e.alert("a").Owner)
	assert.Equal(t, alert.Unmatched, e.alert("b").Status)

	set := func(groups ...asset.Group) alert.Preview {
		t.Helper()
		e.later(time.Hour)
		r, err := newRules(t, &alert.RulesOptions{Groups: asset.Groups{production}, Accounts: accounts}, rule).WithGroups(groups, accounts)
		require.NoError(t, err)
		said, err := e.tracker.Preview(t.Context(), r)
		require.NoError(t, err)
		done, err := e.tracker.SetGroups(t.Context(), groups, accounts, "ann")
		require.NoError(t, err)
		assert.Equal(t, effect(said), effect(done))
		return done
	}
	versions := func() map[string]int {
		groups, err := e.tracker.Groups(t.Context())
		require.NoError(t, err)
		v := map[string]int{}
		for _, g := range groups {
			assert.Equal(t, "ann", g.By)
			v[g.Group.Name] = g.Version
		}
		return v
	}
	assert.Equal(t, map[string]int{"production": 1}, versions())

	p := set(everywhere)
	assert.Equal(t, 1, p.Opened)
	assert.Equal(t, alert.Open, e.alert("b").Status)
	assert.Equal(t, map[string]int{"production": 2}, versions())

	p = set(production, asset.Group{Name: "other", Accounts: []string{"2"}})
	assert.Equal(t, map[alert.Reason]int{alert.GroupUpdated: 1}, p.Resolved)
	assert.Equal(t, alert.GroupUpdated, e.alert("b").Reason)
	assert.Equal(t, []string{"other"}, e.alert("b").Asset.Groups)
	assert.Equal(t, map[string]int{"production": 3, "other": 1}, versions())

	p = set(everywhere)
	assert.Equal(t, 1, p.Reopened)
	assert.Equal(t, map[string]int{"production": 4}, versions())

	p = set(asset.Group{Name: "other", Accounts: []string{"2"}})
	assert.Equal(t, map[alert.Reason]int{alert.GroupDeleted: 2}, p.Resolved)
	assert.Equal(t, []string{`rule "r": unknown account group "production" (has other)`}, p.Warnings)
	assert.Equal(t, alert.GroupDeleted, e.alert("a").Reason)
	assert.Empty(t, set(asset.Group{Name: "other", Accounts: []string{"2"}}).Resolved, "a change that is none")
	assert.Equal(t, map[string]int{"other": 1}, versions())
	_, err := e.tracker.SetGroups(t.Context(), asset.Groups{{Name: "a"}, {Name: "a"}}, nil, "ann")
	require.ErrorContains(t, err, `set groups: duplicate group "a"`)
}

// An account whose groups are unknown is in none that opens alerts silently, and in none
// whose rules lose them.
func TestUnknownGroupOpensAlertsAndSaysSo(t *testing.T) {
	denied := &asset.Unread{Op: "organizations:ListParents", Reason: asset.Denied, Code: "AccessDenied"}
	groups := asset.Groups{{Name: "production", Parents: []string{"prod"}}}
	rule := &alert.Rule{Name: "r", Selector: alert.Selector{AccountGroups: []string{"production"}}}
	e := withRules(t, &alert.RulesOptions{Groups: groups, Accounts: []asset.Account{{ID: "1", ParentsUnread: denied}}}, rule)
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	assert.Equal(t, alert.Open, e.alert("a").Status)
	assert.Contains(t, e.health(), string(alert.HealthRules))

	p, err := e.tracker.Preview(t.Context(), newRules(t, &alert.RulesOptions{Groups: groups}, rule))
	require.NoError(t, err)
	assert.Equal(t, 1, p.Undecided)
	assert.Equal(t, `rule "r": account group production: unread: NotObserved: the account is not listed`, p.Why)

	e.later(25 * time.Hour)
	p, err = e.tracker.SetGroups(t.Context(), groups, []asset.Account{{ID: "1"}}, "ann")
	require.NoError(t, err)
	assert.Equal(t, map[alert.Reason]int{alert.GroupUpdated: 1}, p.Resolved, "now it is known not to be in the group")
	var last alert.Health
	for _, m := range e.messages(alert.ChannelHealth) {
		last = *m.Event.Health
	}
	assert.False(t, last.Until.IsZero(), "the condition ended")
}

// killedStore is a store whose write transactions fail after some.
type killedStore struct {
	alert.Store
	after int
}

var errKilled = errors.New("killed")

func (f *killedStore) Write(ctx context.Context, tenant string, do func(alert.Tx) error) error {
	if f.after == 0 {
		return f.Store.Write(ctx, tenant, func(tx alert.Tx) error { return errors.Join(do(tx), errKilled) })
	}
	f.after--
	return f.Store.Write(ctx, tenant, do)
}

func TestRuleChangeResumesAfterAKill(t *testing.T) {
	for after := range 8 {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			e := withRules(t, nil, ofAccounts("two", "2"))
			e.add(12, "1")
			e.add(6, "2")
			e.scan()
			sent := len(e.messages("mail"))
			e.later(time.Hour)
			rules := newRules(t, nil, ofAccounts("one", "1"))
			// The process is killed, and so is the next one; a third finishes.
			for _, n := range []int{after, min(after, 1)} {
				killed := &alert.Tracker{Store: &killedStore{e.store, n}, Tenant: "t", Rules: rules, Batch: 4}
				_, err := killed.SetRules(t.Context(), rules, "ann")
				if after < 6 {
					require.ErrorIs(t, err, errKilled)
				}
			}
			next := &alert.Tracker{Store: e.store, Tenant: "t", Rules: rules, Batch: 4}
			_, err := next.SetRules(t.Context(), rules, "ann")
			require.NoError(t, err)
			e.tracker = next
			assert.Equal(t, map[alert.Status]int{alert.Open: 12, alert.Resolved: 6}, e.statuses())
			assert.Equal(t, alert.RuleDeleted, e.alert("2-00").Reason)
			lines := e.history()
			seen := map[string]bool{}
			for _, line := range lines {
				assert.False(t, seen[line], "no transition twice: %s", line)
				seen[line] = true
			}
			ms := e.messages("mail")
			require.Len(t, ms, sent+1)
			var digest *alert.Digest
			for _, m := range ms {
				if m.Event.Digest != nil && m.Event.Digest.Title == "New rules" {
					digest = m.Event.Digest
				}
			}
			require.NotNil(t, digest)
			assert.Equal(t, 12, digest.Opened)
		})
	}
}

// Rules that follow rules whose change was interrupted resolve what either opened.
func TestRuleChangeOverAnUnfinishedOne(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.add(9, "1")
	e.scan()
	half := newRules(t, nil, ofAccounts("one", "3"))
	killed := &alert.Tracker{Store: &killedStore{e.store, 2}, Tenant: "t", Batch: 4, Rules: e.tracker.Rules}
	_, err := killed.SetRules(t.Context(), half, "ann")
	require.ErrorIs(t, err, errKilled)
	assert.Equal(t, map[alert.Status]int{alert.Open: 5, alert.Resolved: 4}, e.statuses())
	e.setRules(nil, ofAccounts("one", "1"))
	assert.Equal(t, map[alert.Status]int{alert.Open: 9}, e.statuses())
}

func TestTrackerWithOtherRules(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	other := &alert.Tracker{Store: e.store, Tenant: "t", Rules: newRules(t, nil, ofAccounts("two", "2"))}
	_, err := other.Update(t.Context(), e.scanned("other"), e.findings())
	require.ErrorIs(t, err, alert.ErrOtherRules)
	assert.Equal(t, alert.Open, e.alert("a").Status)

	_, err = other.SetRules(t.Context(), other.Rules, "ann")
	require.NoError(t, err)
	assert.Equal(t, alert.RuleDeleted, e.alert("a").Reason)
	e.things["a"].tag = "x"
	_, err = e.update()
	require.ErrorIs(t, err, alert.ErrOtherRules, "the first tracker has the rules of before")
	_, err = e.tracker.SetRules(t.Context(), newRules(t, nil, ofAccounts("one", "1")), "ann")
	require.NoError(t, err)
	e.scan()
	_, err = e.tracker.SetRules(t.Context(), nil, "")
	require.ErrorContains(t, err, "set rules: no actor")
}

func TestPreviewOfMessages(t *testing.T) {
	e := withRules(t, nil)
	e.things["first"] = &thing{account: "1", bad: true}
	e.scan() // the first scan of the account: a digest
	for day := range 3 {
		e.later(24 * time.Hour)
		id := fmt.Sprint("day", day)
		e.things[id] = &thing{account: "1", bad: true}
		e.scan()
		e.later(time.Hour)
		e.things[id].bad = false
		e.scan()
	}
	notice := func(n alert.Notice) *alert.Rule {
		n.Channels = []string{"chat"}
		return &alert.Rule{Name: "r", Notify: []alert.Notice{n}}
	}
	both := []alert.EventKind{alert.EventOpened, alert.EventResolved}
	sent := func(r *alert.Rule) int {
		p, err := e.tracker.Preview(t.Context(), newRules(t, nil, r))
		require.NoError(t, err)
		return p.Sent["chat"]
	}
	for name, c := range map[string]struct {
		notice alert.Notice
		want   int
	}{
		"opened":                   {alert.Notice{}, 1 + 3},
		"opened and resolved":      {alert.Notice{On: both}, 1 + 6},
		"resolved":                 {alert.Notice{On: both[1:]}, 3},
		"daily":                    {alert.Notice{On: both, Every: alert.Daily}, 1 + 3},
		"hourly":                   {alert.Notice{On: both, Every: alert.Hourly}, 1 + 6},
		"monthly":                  {alert.Notice{On: both, Every: alert.Monthly}, 1 + 1},
		"delay of two hours":       {alert.Notice{Delay: 2 * time.Hour}, 1},
		"delay, both":              {alert.Notice{Delay: 2 * time.Hour, On: both}, 1},
		"delay of half an hour":    {alert.Notice{Delay: 30 * time.Minute, On: both}, 1 + 6},
		"overdue, which was never": {alert.Notice{On: []alert.EventKind{alert.EventFlapping}}, 0},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, sent(notice(c.notice))) })
	}
	assert.Zero(t, sent(&alert.Rule{Name: "r", Selector: alert.Selector{Accounts: []string{"2"}}, Notify: []alert.Notice{{Channels: []string{"chat"}}}}))

	open := notice(alert.Notice{})
	e.setRules(nil, open)
	assert.Equal(t, 4, sent(open), "what the rule did is no event of its own")
	e.setRules(nil)
	e.setRules(nil, open)
	assert.Equal(t, 4, sent(open))
	e.later(31 * 24 * time.Hour)
	assert.Zero(t, sent(open), "30 days")
}

func TestSetRulesOfATracker(t *testing.T) {
	e := newEstate(t) // with rules that were never set
	e.things["a"] = &thing{account: "1", bad: true}
	e.scan()
	p := e.setRules(nil, alert.AllFindings("mail"))
	assert.Empty(t, p.Resolved)
	p = e.setRules(nil, ofAccounts("one", "2"))
	assert.Equal(t, map[alert.Reason]int{alert.RuleDeleted: 1}, p.Resolved)
	log, err := e.tracker.AuditLog(t.Context(), time.Time{}, 10)
	require.NoError(t, err)
	require.Len(t, log, 2)
	assert.Equal(t, "version 2: 1 rules", log[1].Action.Note)
	assert.Equal(t, "ann", log[1].Action.Actor)
}

// Scans that are applied while rules change never see the rules of before.
func TestRulesChangeWhileScansAreApplied(t *testing.T) {
	e := withRules(t, nil, ofAccounts("one", "1"))
	e.add(40, "1")
	e.add(40, "2")
	e.tracker.Batch = 5
	one, two := newRules(t, nil, ofAccounts("one", "1")), newRules(t, nil, ofAccounts("two", "2"))
	done := make(chan error)
	go func() {
		var err error
		for i := range 20 {
			_, failed := e.tracker.Update(t.Context(), e.scanned(fmt.Sprint("scan", i)), e.findings())
			err = errors.Join(err, failed)
		}
		done <- err
	}()
	for range 10 {
		for _, rules := range []*alert.Rules{two, one} {
			_, err := e.tracker.SetRules(t.Context(), rules, "ann")
			require.NoError(t, err)
		}
	}
	_, err := e.tracker.SetRules(t.Context(), two, "ann")
	require.NoError(t, err)
	require.NoError(t, <-done)
	e.scan()
	for i := range 40 {
		assert.NotEqual(t, alert.Open, e.alert(fmt.Sprintf("1-%02d", i)).Status)
		assert.Equal(t, alert.Open, e.alert(fmt.Sprintf("2-%02d", i)).Status)
	}
}
