package alert_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// estate is a source of findings about things, and a Getter.
type estate struct {
	t       *testing.T
	set     *policy.Set
	now     time.Time
	things  map[string]*thing
	states  map[string]asset.CoverageState // by account; else complete
	gets    []string
	getErr  error
	store   alert.Store
	tracker *alert.Tracker
	scans   int
}

type thing struct {
	account, incarnation string
	bad, hidden, unread  bool // hidden: the scan does not yield it
	tag                  string
}

const (
	thingType asset.Type = "Test::Thing"
	flagID    string     = "things-are-good"
)

func newEstate(t *testing.T) *estate {
	e := &estate{t: t, now: noon, things: map[string]*thing{}, states: map[string]asset.CoverageState{}}
	e.set = goodThings(t, flagID)
	e.store = alert.NewMemory(func() time.Time { return e.now })
	rules, err := alert.NewRules(nil, alert.AllFindings("mail"))
	require.NoError(t, err)
	for _, r := range rules.All() {
		require.NotEmpty(t, r.Notify)
	}
	all := alert.AllFindings("mail")
	all.Notify = []alert.Notice{{Channels: []string{"mail"}, On: []alert.EventKind{alert.EventOpened, alert.EventResolved, alert.EventOverdue}}}
	all.Due = map[policy.Severity]time.Duration{policy.High: 48 * time.Hour}
	rules, err = alert.NewRules(nil, all)
	require.NoError(t, err)
	e.tracker = &alert.Tracker{Store: e.store, Tenant: "t", Rules: rules}
	return e
}

func goodThings(t *testing.T, id string, previous ...string) *policy.Set {
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{thingType}}, &policy.Policy{
		ID: id, PreviousIDs: previous, Title: "Things are good", Severity: policy.High, Controls: []string{"std/1"},
		Checks: []policy.Check{{Types: []asset.Type{thingType}, Require: "config.?good.orValue(false)", Message: "'%s is bad'.format([asset.name])"}},
	})
	require.NoError(t, err)
	return set
}

func (e *estate) asset(id string) *asset.Asset {
	x := e.things[id]
	config, err := asset.Of(map[string]any{"good": !x.bad})
	if x.unread {
		config, err = asset.Of(map[string]any{"good": (&asset.Unread{Op: "x:Get", Reason: asset.Denied, Message: "no"}).Value()})
	}
	require.NoError(e.t, err)
	return &asset.Asset{
		Ref: asset.Ref{Type: thingType, ID: id}, Scope: asset.Scope{Provider: "aws", Account: x.account}, Name: id, Config: config,
		Incarnation: x.incarnation, Observed: e.now, Tags: map[string]string{"team": x.tag},
	}
}

func (e *estate) Name() string { return "estate" }

func (e *estate) Discover(context.Context, provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range e.observations() {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (e *estate) Get(_ context.Context, ref asset.Ref) (*asset.Asset, error) {
	e.gets = append(e.gets, ref.ID)
	if e.getErr != nil {
		return nil, e.getErr
	}
	if e.things[ref.ID] == nil {
		return nil, provider.ErrNotFound
	}
	return e.asset(ref.ID), nil
}

func (e *estate) observations() []asset.Observation {
	var all []asset.Observation
	accounts := map[string]bool{"1": true}
	for _, id := range sortedIDs(e.things) {
		accounts[e.things[id].account] = true
		if !e.things[id].hidden {
			all = append(all, e.asset(id))
		}
	}
	for account := range accounts {
		state, ok := e.states[account]
		if !ok {
			state = asset.Complete
		}
		all = append(all, &asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: account}, Type: thingType, State: state})
	}
	return all
}

func sortedIDs(m map[string]*thing) []string {
	var ids []string
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// scan evaluates the estate, and applies what the set yields.
func (e *estate) scan() alert.Summary {
	e.t.Helper()
	s, err := e.update()
	require.NoError(e.t, err)
	return s
}

func (e *estate) update() (alert.Summary, error) {
	e.scans++
	return e.tracker.Update(e.t.Context(), e.scanned(fmt.Sprintf("scan-%d", e.scans)), e.findings())
}

func (e *estate) scanned(id string) alert.Scan {
	inv := e.inventory()
	return alert.Scan{ID: id, Stream: "all", Set: e.set, Start: e.now, Coverage: func() *asset.Inventory { return inv }}
}

func (e *estate) inventory() *asset.Inventory {
	inv := &asset.Inventory{}
	for _, o := range e.observations() {
		inv.Add(o)
	}
	return inv
}

func (e *estate) findings() iter.Seq2[policy.Finding, error] {
	return e.set.Evaluate(e.t.Context(), e.inventory())
}

func (e *estate) add(n int, account string) {
	for i := range n {
		e.things[fmt.Sprintf("%s-%02d", account, i)] = &thing{account: account, bad: true}
	}
}

func (e *estate) alert(id string) *alert.Alert {
	e.t.Helper()
	key := alert.Key{Policy: e.policyID(), Ref: asset.Ref{Type: thingType, ID: id}}
	var a *alert.Alert
	require.NoError(e.t, e.store.Read(e.t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		all, err := r.Alerts(key)
		a = all[key]
		return err
	}))
	return a
}

func (e *estate) policyID() string {
	for p := range e.set.Policies() {
		return p.ID
	}
	return ""
}

// history returns the transitions as "id from>to REASON", those that are reported with "!".
func (e *estate) history() []string {
	e.t.Helper()
	var lines []string
	require.NoError(e.t, e.store.Read(e.t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		lines = nil
		ts, err := r.History(alert.HistoryQuery{Limit: 10_000})
		for _, tr := range ts {
			line := fmt.Sprintf("%s %s>%s %s", tr.Key.Ref.ID, tr.From, tr.To, tr.Reason)
			lines = append(lines, line)
		}
		return err
	}))
	return lines
}

func (e *estate) messages(channel string) []alert.Message {
	e.t.Helper()
	var ms []alert.Message
	require.NoError(e.t, e.store.Read(e.t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) (err error) {
		ms, err = r.Messages(alert.MessageQuery{Channel: channel, Limit: 10_000})
		return err
	}))
	return ms
}

func (e *estate) health() []string {
	var kinds []string
	for _, m := range e.messages(alert.ChannelHealth) {
		kinds = append(kinds, string(m.Event.Health.Kind))
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func (e *estate) statuses() map[alert.Status]int {
	e.t.Helper()
	n := map[alert.Status]int{}
	require.NoError(e.t, e.store.Read(e.t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		counts, err := r.Count(alert.Query{Statuses: []alert.Status{alert.Open, alert.Resolved, alert.Dismissed, alert.Snoozed, alert.Unmatched, alert.PendingResolution}}, alert.PerStatus)
		for _, c := range counts {
			n[alert.Status(c.By[0])] = c.N
		}
		return err
	}))
	return n
}

func (e *estate) later(d time.Duration) { e.now = e.now.Add(d) }

func TestOpenAndResolve(t *testing.T) {
	e := newEstate(t)
	e.things["a"] = &thing{account: "1", bad: true}
	e.things["b"] = &thing{account: "1"}
	s := e.scan()
	assert.Equal(t, 1, s.Opened)
	a := e.alert("a")
	assert.Equal(t, alert.Open, a.Status)
	assert.Equal(t, "a is bad", a.Message)
	assert.Equal(t, noon, a.FirstSeen)
	assert.Equal(t, noon.Add(48*time.Hour), a.Due)
	assert.True(t, strings.HasPrefix(a.ID, "P-"))
	assert.Nil(t, e.alert("b"), "no row for what passes")

	e.later(time.Hour)
	s = e.scan()
	assert.Equal(t, alert.Summary{Findings: 2, Unchanged: 1}, s)
	assert.Equal(t, e.now, e.alert("a").LastObserved)

	e.later(time.Hour)
	e.things["a"].bad = false
	assert.Equal(t, 1, e.scan().Resolved)
	assert.Equal(t, alert.ResourceUpdated, e.alert("a").Reason)
	assert.Equal(t, []string{"a >open NEW_ALERT", "a open>resolved RESOURCE_UPDATED"}, e.history())

	e.later(time.Hour)
	e.things["a"].bad = true
	assert.Equal(t, 1, e.scan().Opened)
	assert.Equal(t, a.ID, e.alert("a").ID)
	assert.Equal(t, a.FirstSeen, e.alert("a").FirstSeen)
	assert.Equal(t, e.now, e.alert("a").AlertTime)
}

// The first scan of an account sends one digest, whatever is found in it.
func TestQuietStart(t *testing.T) {
	e := newEstate(t)
	e.add(70, "1")
	e.tracker.Batch = 9
	e.scan()
	ms := e.messages("mail")
	require.Len(t, ms, 1)
	d := ms[0].Event.Digest
	require.NotNil(t, d)
	assert.Equal(t, 70, d.Opened)
	assert.Len(t, d.Alerts, 50)
	assert.Equal(t, 20, d.More)
	assert.Equal(t, map[string]int{"aws/1": 70}, d.Accounts)

	e.later(time.Hour)
	e.things["new"] = &thing{account: "1", bad: true}
	e.add(30, "2")
	e.scan()
	assert.ElementsMatch(t, []alert.EventKind{alert.EventDigest, alert.EventOpened, alert.EventDigest}, e.mailKinds(),
		"one for the alert of the known account, one digest for the other")
}

func (e *estate) mailKinds() []alert.EventKind {
	var kinds []alert.EventKind
	for _, m := range e.messages("mail") {
		kinds = append(kinds, m.Event.Kind)
	}
	return kinds
}

func TestBaseline(t *testing.T) {
	e := newEstate(t)
	e.tracker.Baseline = true
	e.add(3, "1")
	e.scan()
	assert.Empty(t, e.messages("mail"))
	assert.Equal(t, 3, e.statuses()[alert.Open])
	e.later(time.Hour)
	e.things["new"] = &thing{account: "1", bad: true}
	e.scan()
	assert.Equal(t, []alert.EventKind{alert.EventOpened}, e.mailKinds())
}

// Unknown is neither pass nor fail: it is noted, and nothing else.
func TestUnknownVerdict(t *testing.T) {
	e := newEstate(t)
	e.things["a"] = &thing{account: "1", bad: true}
	e.things["b"] = &thing{account: "1", unread: true}
	e.scan()
	assert.Nil(t, e.alert("b"), "an unknown finding opens no alert")
	first := e.now
	for range 3 {
		e.later(time.Hour)
		e.things["a"].unread = true
		assert.Equal(t, 1, e.scan().Unknown)
		a := e.alert("a")
		assert.Equal(t, alert.Open, a.Status)
		require.NotNil(t, a.Unknown)
		assert.Equal(t, noon.Add(time.Hour), a.Unknown.Since, "noted once")
		assert.Equal(t, first, a.LastVerified())
	}
	e.later(time.Hour)
	e.things["a"].unread = false
	e.scan()
	assert.Nil(t, e.alert("a").Unknown)
	assert.Len(t, e.history(), 1)
}

func TestGone(t *testing.T) {
	setUp := func(t *testing.T) *estate {
		e := newEstate(t)
		e.add(4, "1")
		e.things["a"] = &thing{account: "1", bad: true}
		e.scan()
		e.later(2 * time.Hour)
		return e
	}
	t.Run("not found", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		delete(e.things, "a")
		s := e.scan()
		assert.Equal(t, 1, s.Missing)
		assert.Equal(t, 1, s.Resolved)
		assert.Equal(t, alert.ResourceDeleted, e.alert("a").Reason)
		assert.Equal(t, []string{"a"}, e.gets)
		// It comes back.
		e.later(time.Hour)
		e.things["a"] = &thing{account: "1", bad: true}
		e.scan()
		assert.Equal(t, alert.Rediscovered, e.alert("a").Reason)
	})
	t.Run("not yielded, but there", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		e.things["a"].hidden = true
		s := e.scan()
		assert.Equal(t, 1, s.Kept)
		assert.Equal(t, alert.Open, e.alert("a").Status)
		assert.Contains(t, e.alert("a").Unknown.Reason, "exists")
	})
	t.Run("every other error is unknown", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		delete(e.things, "a")
		e.getErr = errors.New("throttled")
		for range 3 {
			e.later(2 * time.Hour)
			e.scan()
			assert.Equal(t, alert.Open, e.alert("a").Status)
		}
		e.getErr = nil
		e.later(2 * time.Hour)
		e.scan()
		assert.Equal(t, alert.Resolved, e.alert("a").Status)
	})
	t.Run("two scans decide without a getter", func(t *testing.T) {
		for _, denied := range []bool{false, true} {
			e := setUp(t)
			if denied {
				e.tracker.Getter, e.getErr = e, &asset.Unread{Op: "x:Get", Reason: asset.Denied}
			}
			delete(e.things, "a")
			e.scan()
			assert.Equal(t, alert.Open, e.alert("a").Status, "one scan is not enough")
			e.later(59 * time.Minute)
			e.scan()
			assert.Equal(t, alert.Open, e.alert("a").Status, "less than an hour apart")
			e.later(2 * time.Minute)
			e.scan()
			assert.Equal(t, alert.ResourceDeleted, e.alert("a").Reason)
		}
	})
	t.Run("a scan between that yields it counts anew", func(t *testing.T) {
		e := setUp(t)
		for range 3 {
			e.things["a"].hidden = true
			e.scan()
			e.later(2 * time.Hour)
			e.things["a"].hidden = false
			e.scan()
			e.later(2 * time.Hour)
		}
		assert.Equal(t, alert.Open, e.alert("a").Status)
		assert.Len(t, e.history(), 5)
	})
	t.Run("partial coverage", func(t *testing.T) {
		e := setUp(t)
		delete(e.things, "a")
		e.states["1"] = asset.Partial
		for range 3 {
			e.scan()
			e.later(2 * time.Hour)
		}
		assert.Equal(t, alert.Open, e.alert("a").Status, "nobody can be asked")
		e.tracker.Getter = e
		e.scan()
		assert.Equal(t, alert.ResourceDeleted, e.alert("a").Reason, "the cloud says so")
	})
	t.Run("not searched", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		delete(e.things, "a")
		e.states["1"] = asset.NotAsked
		s := e.scan()
		assert.Zero(t, s.Missing)
		assert.Empty(t, e.gets)
		assert.Equal(t, alert.Open, e.alert("a").Status)
	})
	t.Run("another stream claims it", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		e.things = map[string]*thing{"z": {account: "1"}}
		scan := e.scanned("other")
		scan.Stream = "other"
		s, err := e.tracker.Update(t.Context(), scan, e.findings())
		require.NoError(t, err)
		assert.Zero(t, s.Missing)
		assert.Equal(t, 5, e.statuses()[alert.Open])
	})
	t.Run("the policy is not in the set", func(t *testing.T) {
		e := setUp(t)
		e.tracker.Getter = e
		e.things = map[string]*thing{"z": {account: "1", bad: true}}
		e.set = goodThings(t, "another-policy")
		e.scan()
		assert.Equal(t, 6, e.statuses()[alert.Open])
		assert.NotContains(t, e.health(), string(alert.HealthPolicy))
		e.later(time.Hour)
		e.scan()
		assert.Contains(t, e.health(), string(alert.HealthPolicy))
	})
	t.Run("no more than a number of gets", func(t *testing.T) {
		e := setUp(t)
		e.add(40, "1")
		e.scan()
		e.later(time.Hour)
		e.tracker.Getter, e.tracker.Gets = e, 3
		for _, id := range []string{"1-01", "1-02", "1-03", "1-04", "1-05"} {
			delete(e.things, id)
		}
		e.scan()
		assert.Len(t, e.gets, 3)
		assert.Equal(t, 3, e.statuses()[alert.Resolved])
		e.later(time.Hour)
		e.scan()
		assert.Equal(t, 5, e.statuses()[alert.Resolved], "the rest is asked in the next scan")
	})
}

// So many missing at once are a surprise, which someone confirms.
func TestHeld(t *testing.T) {
	for _, c := range []struct {
		alerts, missing int
		held            bool
	}{{5, 5, true}, {4, 4, false}, {40, 9, false}, {40, 10, true}, {50, 10, false}, {49, 10, true}, {6, 5, false}} {
		e := newEstate(t)
		e.add(c.alerts, "1")
		e.add(3, "2")
		e.tracker.Getter = e
		e.scan()
		e.later(2 * time.Hour)
		for i := range c.missing {
			delete(e.things, fmt.Sprintf("1-%02d", i))
		}
		s := e.scan()
		assert.Equal(t, c.missing, s.Missing, c)
		if !c.held {
			assert.Equal(t, c.missing, e.statuses()[alert.Resolved], c)
			continue
		}
		assert.Equal(t, c.missing, s.Held, c)
		assert.Empty(t, e.gets, "counted before any Get")
		assert.Equal(t, c.alerts+3, e.statuses()[alert.Open], c)
		assert.Contains(t, e.health(), string(alert.HealthHeld))
		first := fmt.Sprintf("scan-%d", e.scans)

		// A later scan that still misses them replaces the list, and does not confirm it.
		e.later(2 * time.Hour)
		e.scan()
		assert.Equal(t, c.alerts+3, e.statuses()[alert.Open], c)
		_, err := e.tracker.Confirm(t.Context(), first, "ann")
		assert.ErrorContains(t, err, "holds no alerts")
		n, err := e.tracker.Confirm(t.Context(), fmt.Sprintf("scan-%d", e.scans), "ann")
		require.NoError(t, err)
		assert.Equal(t, c.missing, n)
		assert.Equal(t, c.missing, e.statuses()[alert.Resolved])
		assert.Equal(t, alert.ResourceDeleted, e.alert("1-00").Reason)
	}
}

// A held alert that is yielded again is not resolved by a confirmation.
func TestConfirmAfterReturn(t *testing.T) {
	e := newEstate(t)
	e.add(6, "1")
	e.scan()
	e.later(time.Hour)
	e.states["2"] = asset.Complete
	all := e.things
	e.things = map[string]*thing{}
	e.scan()
	held := fmt.Sprintf("scan-%d", e.scans)
	e.things = map[string]*thing{"1-00": all["1-00"]}
	e.later(time.Hour)
	e.things["1-00"].tag = "changed"
	require.NoError(t, e.tracker.Apply(t.Context(), "hints", collect(t, e.findings())...))
	n, err := e.tracker.Confirm(t.Context(), held, "ann")
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	assert.Equal(t, alert.Open, e.alert("1-00").Status)
}

func collect(t *testing.T, seq iter.Seq2[policy.Finding, error]) []policy.Finding {
	var all []policy.Finding
	for f, err := range seq {
		require.NoError(t, err)
		if f.Asset() != nil {
			all = append(all, f)
		}
	}
	return all
}

// Findings that end in an error resolve nothing by absence.
func TestErrorInFindings(t *testing.T) {
	e := newEstate(t)
	e.add(3, "1")
	e.scan()
	e.later(2 * time.Hour)
	e.tracker.Getter = e
	e.things["1-00"].bad = false
	delete(e.things, "1-01")
	e.tracker.Batch = 1
	boom := errors.New("connection lost")
	cut := func(yield func(policy.Finding, error) bool) {
		for f, err := range e.findings() {
			if !yield(f, err) {
				return
			}
		}
		yield(policy.Finding{}, boom)
	}
	s, err := e.tracker.Update(t.Context(), e.scanned("broken"), cut)
	assert.ErrorIs(t, err, boom)
	assert.Equal(t, 1, s.Resolved, "the batches before it stay applied")
	assert.Equal(t, alert.Open, e.alert("1-01").Status)
	assert.Equal(t, []string{string(alert.HealthScan)}, e.health())
	require.NoError(t, e.store.Read(t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		scan, ok, err := r.Scan("broken")
		assert.True(t, ok)
		assert.Equal(t, alert.ScanIncomplete, scan.State)
		assert.Equal(t, "connection lost", scan.Error)
		return err
	}))
	// The same scan can be applied anew.
	_, err = e.tracker.Update(t.Context(), e.scanned("broken"), e.findings())
	require.NoError(t, err)
	assert.Equal(t, alert.ResourceDeleted, e.alert("1-01").Reason)
}

func TestSameScanTwice(t *testing.T) {
	e := newEstate(t)
	e.add(5, "1")
	first, err := e.tracker.Update(t.Context(), e.scanned("x"), e.findings())
	require.NoError(t, err)
	history, messages := e.history(), e.messages("mail")
	e.things["1-00"].bad = false
	again, err := e.tracker.Update(t.Context(), e.scanned("x"), e.findings())
	require.NoError(t, err)
	assert.Equal(t, first, again)
	assert.Equal(t, history, e.history())
	assert.Equal(t, messages, e.messages("mail"))
}

func TestObservedInFuture(t *testing.T) {
	e := newEstate(t)
	e.add(2, "1")
	e.scan()
	e.things["1-00"].bad = false
	e.later(6 * time.Minute)
	findings := collect(t, e.findings())
	e.later(-6 * time.Minute)
	s, err := e.tracker.Update(t.Context(), e.scanned("future"), func(yield func(policy.Finding, error) bool) {
		for _, f := range findings {
			if !yield(f, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	assert.Equal(t, 2, s.Refused)
	assert.Zero(t, s.Missing)
	assert.Equal(t, 2, e.statuses()[alert.Open])
	assert.Equal(t, []string{string(alert.HealthFuture)}, e.health())
}

func TestRenamedPolicy(t *testing.T) {
	e := newEstate(t)
	e.add(2, "1")
	e.scan()
	id := e.alert("1-00").ID
	e.later(time.Hour)
	e.set = goodThings(t, "new-name", flagID)
	s := e.scan()
	assert.Zero(t, s.Opened)
	assert.Equal(t, id, e.alert("1-00").ID)
	assert.Equal(t, map[alert.Status]int{alert.Open: 2}, e.statuses())
	assert.Len(t, e.history(), 2)
	e.later(time.Hour)
	assert.Equal(t, 2, e.scan().Unchanged)
}

func TestMergedPolicies(t *testing.T) {
	for _, oldFirst := range []bool{true, false} {
		e := newEstate(t)
		e.add(1, "1")
		ids := []string{flagID, "new-name"}
		if !oldFirst {
			slices.Reverse(ids)
		}
		var older string
		for i, id := range ids {
			e.set = goodThings(t, id)
			e.scan()
			if i == 0 {
				older = e.alert("1-00").ID
			}
			e.later(time.Hour)
		}
		e.set = goodThings(t, "new-name", flagID)
		e.scan()
		assert.Equal(t, older, e.alert("1-00").ID)
		assert.Equal(t, map[alert.Status]int{alert.Open: 1, alert.Resolved: 1}, e.statuses())
		assert.Contains(t, strings.Join(e.history(), "\n"), "open>resolved MERGED")
		e.later(time.Hour)
		e.scan()
		assert.Equal(t, map[alert.Status]int{alert.Open: 1, alert.Resolved: 1}, e.statuses())
	}
}

func TestPolicyUpdated(t *testing.T) {
	e := newEstate(t)
	e.things["a"] = &thing{account: "1", bad: true}
	e.things["b"] = &thing{account: "1", bad: true}
	e.scan()
	e.later(time.Hour)
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{thingType}}, &policy.Policy{
		ID: flagID, Title: "Things are good", Severity: policy.High, Checks: []policy.Check{{Types: []asset.Type{thingType}, Require: "true"}},
	})
	require.NoError(t, err)
	e.set = set
	e.things["b"].tag = "changed"
	e.scan()
	assert.Equal(t, alert.PolicyUpdated, e.alert("a").Reason)
	assert.Equal(t, alert.ResourceUpdated, e.alert("b").Reason, "the asset changed as well")
}

func TestRemovedPolicyAndAccount(t *testing.T) {
	e := newEstate(t)
	e.add(3, "1")
	e.add(2, "2")
	e.scan()
	ctx := t.Context()
	require.NoError(t, e.tracker.RemovePolicy(ctx, flagID, alert.PolicyDisabled, "ann"))
	assert.Equal(t, map[alert.Status]int{alert.Resolved: 5}, e.statuses())
	e.later(time.Hour)
	e.things["1-00"].tag = "changed"
	e.things["more"] = &thing{account: "1", bad: true}
	e.scan()
	assert.Equal(t, map[alert.Status]int{alert.Resolved: 5, alert.Unmatched: 1}, e.statuses(), "it stays removed")
	before := len(e.messages("mail"))
	require.NoError(t, e.tracker.RestorePolicy(ctx, flagID, "ann"))
	assert.Equal(t, 5, e.statuses()[alert.Open])
	assert.Len(t, e.messages("mail"), before, "nobody is notified")

	require.NoError(t, e.tracker.RemoveAccount(ctx, "aws/2", "ann"))
	_, err := e.tracker.Tick(ctx)
	require.NoError(t, err)
	assert.Equal(t, 5, e.statuses()[alert.Open])
	e.later(25 * time.Hour)
	_, err = e.tracker.Tick(ctx)
	require.NoError(t, err)
	assert.Equal(t, 3, e.statuses()[alert.Open])
	assert.Equal(t, alert.AccountDeleted, e.alert("2-00").Reason)
	require.NoError(t, e.tracker.AddAccount(ctx, "aws/2", "ann"))
	assert.Equal(t, 5, e.statuses()[alert.Open])
}

func TestTimers(t *testing.T) {
	e := newEstate(t)
	e.add(3, "1")
	e.scan()
	ctx := t.Context()
	id := e.alert("1-00").ID
	require.NoError(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputSnooze, Actor: "ann", Until: e.now.Add(time.Hour)}, id))
	next, err := e.tracker.Tick(ctx)
	require.NoError(t, err)
	assert.Equal(t, e.now.Add(time.Hour), next)
	e.later(-time.Hour)
	_, err = e.tracker.Tick(ctx)
	require.NoError(t, err)
	assert.Contains(t, e.health(), string(alert.HealthClock))
	assert.Equal(t, alert.Snoozed, e.alert("1-00").Status)
	e.later(3 * time.Hour)
	for range 3 {
		_, err = e.tracker.Tick(ctx)
		require.NoError(t, err)
	}
	assert.Equal(t, alert.SnoozeEnded, e.alert("1-00").Reason)
	e.later(100 * time.Hour)
	for range 3 {
		_, err = e.tracker.Tick(ctx)
		require.NoError(t, err)
	}
	overdue := 0
	for _, k := range e.mailKinds() {
		if k == alert.EventOverdue {
			overdue++
		}
	}
	assert.Equal(t, 3, overdue, "each once")
}

func TestRemediation(t *testing.T) {
	e := newEstate(t)
	e.add(2, "1")
	e.scan()
	ctx := t.Context()
	reads := 0
	e.tracker.Judge = func(context.Context, alert.Key) ([]policy.Finding, error) {
		reads++
		return collect(t, e.findings()), nil
	}
	e.later(time.Hour)
	require.NoError(t, e.tracker.Remediating(ctx, e.alert("1-00").ID, "plan", "ann"))
	require.NoError(t, e.tracker.Remediating(ctx, e.alert("1-01").ID, "plan", "ann"))
	for _, wait := range []time.Duration{10 * time.Second, 50 * time.Second, 2 * time.Minute} {
		e.later(wait)
		_, err := e.tracker.Tick(ctx)
		require.NoError(t, err)
		assert.Equal(t, map[alert.Status]int{alert.PendingResolution: 2}, e.statuses(), "the state before the fix may show for a while")
	}
	e.things["1-00"].bad = false
	e.later(7 * time.Minute)
	_, err := e.tracker.Tick(ctx)
	require.NoError(t, err)
	assert.Equal(t, alert.Remediated, e.alert("1-00").Reason)
	assert.Equal(t, alert.Resolved, e.alert("1-00").Status)
	assert.Equal(t, alert.RemediationFailed, e.alert("1-01").Reason)
	assert.Equal(t, alert.Open, e.alert("1-01").Status)
	assert.Equal(t, 8, reads)
}

func TestActions(t *testing.T) {
	e := newEstate(t)
	e.add(3, "1")
	e.scan()
	ctx := t.Context()
	e.tracker.Authorize = func(_ context.Context, actor string, action alert.InputKind, _ *alert.Alert) error {
		if actor == "eve" {
			return errors.New("not on the team")
		}
		return nil
	}
	ids := []string{e.alert("1-00").ID, e.alert("1-01").ID}
	assert.ErrorIs(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputDismiss, Actor: "eve", Note: "x"}, ids...), alert.ErrDenied)
	assert.ErrorIs(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputDismiss, Actor: "ann", Note: "x"}, ids[0], "P-none"), alert.ErrNotFound)
	assert.Error(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputGone, Actor: "ann"}, ids[0]))
	assert.Error(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputReopen}, ids[0]))
	assert.Equal(t, 3, e.statuses()[alert.Open], "all or nothing")
	require.NoError(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputDismiss, Actor: "ann", Note: "test"}, ids...))
	require.NoError(t, e.tracker.Do(ctx, alert.Action{Kind: alert.InputComment, Actor: "ann", Note: "hm"}, ids...))
	n, err := e.tracker.DoAll(ctx, alert.Action{Kind: alert.InputAssign, Actor: "ann", Assignee: "bob"}, alert.Query{Statuses: []alert.Status{alert.Dismissed}})
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, "bob", e.alert("1-00").Assignee)
	log, err := e.tracker.AuditLog(ctx, time.Time{}, 100)
	require.NoError(t, err)
	require.Len(t, log, 6)
	assert.Equal(t, []alert.Status{alert.Open, alert.Dismissed}, []alert.Status{log[0].Before, log[0].After})

	why, err := e.tracker.Why(ctx, e.alert("1-00").Key)
	require.NoError(t, err)
	assert.Contains(t, why.Text, "dismissed")
	assert.Len(t, why.History, 4)
	why, err = e.tracker.Why(ctx, alert.Key{Policy: flagID, Ref: asset.Ref{Type: thingType, ID: "none"}})
	require.NoError(t, err)
	assert.Nil(t, why.Alert)
}

func TestVersions(t *testing.T) {
	e := newEstate(t)
	e.tracker.Getter = e
	e.things["a"] = &thing{account: "1", bad: true, tag: "one"}
	e.scan()
	for _, tag := range []string{"one", "two"} {
		e.later(time.Hour)
		e.things["a"].tag = tag
		e.scan()
	}
	e.later(time.Hour)
	delete(e.things, "a")
	e.scan()
	require.NoError(t, e.store.Read(t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		vs, err := r.Versions(asset.Ref{Type: thingType, ID: "a"}, 10)
		require.Len(t, vs, 3)
		assert.True(t, vs[0].Gone)
		assert.Contains(t, string(vs[1].Data), `"team":"two"`, "the last configuration of an asset that is gone")
		return err
	}))
}

func TestCounts(t *testing.T) {
	e := newEstate(t)
	e.add(3, "1")
	e.things["ok"] = &thing{account: "1"}
	e.things["dark"] = &thing{account: "2", unread: true}
	e.scan()
	require.NoError(t, e.store.Read(t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		scan, ok, err := r.Scan("scan-1")
		require.True(t, ok)
		assert.Equal(t, alert.ScanDone, scan.State)
		assert.Equal(t, []string{"aws/1", "aws/2"}, scan.Accounts)
		assert.Equal(t, []alert.ScanCount{
			{Account: "aws/1", Section: "std/1", Passed: 1, Failed: map[policy.Severity]int{policy.High: 3}},
			{Account: "aws/1", Type: thingType, Passed: 1, Failed: map[policy.Severity]int{policy.High: 3}},
			{Account: "aws/2", Section: "std/1", Unknown: 1},
			{Account: "aws/2", Type: thingType, Unknown: 1},
		}, scan.Counts)
		assert.Equal(t, []alert.CoverageCount{{Account: "aws/1", Type: thingType, Complete: 1}, {Account: "aws/2", Type: thingType, Complete: 1}}, scan.Coverage)
		return err
	}))
}

// An id that holds a token is stored masked. The cloud does not know it by that name, so that
// nobody looks it up there.
func TestSecretInID(t *testing.T) {
	e := newEstate(t)
	e.tracker.Getter = e
	id := "x/ghp_" + strings.Repeat("a1B2c3D4e5F6", 3)
	e.things[id] = &thing{account: "1", bad: true}
	e.add(3, "1")
	e.scan()
	why, err := e.tracker.Why(t.Context(), alert.Key{Policy: flagID, Ref: asset.Ref{Type: thingType, ID: id}})
	require.NoError(t, err)
	require.NotNil(t, why.Alert)
	assert.NotContains(t, why.Alert.Ref.ID, "a1B2")
	assert.Equal(t, alert.Open, why.Alert.Status)
	e.later(2 * time.Hour)
	e.things[id].hidden = true
	e.scan()
	assert.Empty(t, e.gets)
	assert.Equal(t, 5, e.statuses()[alert.Open], "of the thing, and of its id, and of the others")
	require.NoError(t, e.tracker.Gone(t.Context(), asset.Ref{Type: thingType, ID: id}))
	assert.Equal(t, 3, e.statuses()[alert.Open])
}
