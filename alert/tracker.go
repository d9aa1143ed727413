package alert

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// Tracker applies findings, decisions of users and the passage of time to the alerts of one
// tenant. Its fields must not change while it is in use. It is safe for concurrent use, also
// with other trackers on the same store.
type Tracker struct {
	Store  Store
	Tenant string
	// Rules select the findings that become alerts, until SetRules puts others in force. Nil:
	// none do.
	Rules *Rules
	// Getter reads the assets again that a scan no longer yields. Nil: two scans must miss an
	// asset before it counts as gone.
	Getter provider.Getter
	// Authorize permits the actions of users. Nil: everyone may do everything.
	Authorize func(ctx context.Context, actor string, action InputKind, a *Alert) error
	// Judge judges an asset whose remediation is to be verified. Nil: scans verify it.
	Judge Judge
	// Baseline records the first complete scan of a stream without notifying anyone.
	Baseline bool

	// Batch is the number of findings that are applied in one transaction, and BatchTime the
	// longest that one waits for its transaction. 0: 20,000 and one second.
	Batch     int
	BatchTime time.Duration
	// Window is the time after a remediation in which a failing verdict may show the state
	// before it. 0: 10 minutes.
	Window time.Duration
	// Flap is the number of transitions of an alert in 24 hours that are reported one by one.
	// 0: 10.
	Flap int
	// Gets is the number of assets of an account that are read again in one scan. 0: 1,000.
	Gets int

	rules atomic.Pointer[Rules] // in force by SetRules; nil: Rules
}

// The kinds of the documents that the tracker keeps in its store.
const (
	docStream  = "stream"
	docAccount = "account" // removed
	docPolicy  = "policy"  // removed
	docAudit   = "audit"
	docClock   = "clock"
)

// maxFuture is how far observations may be in the future.
const maxFuture = 5 * time.Minute

// stream is what a store knows of a stream of scans: the document "stream".
type stream struct {
	// Last is the ID of the last scan that was done; Start and End are its times.
	Last  string    `json:"last"`
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
	// Accounts are those that scans of the stream saw.
	Accounts []string `json:"accounts,omitempty"`
	// Absent counts the consecutive scans whose sets lacked a policy of alerts, by policy.
	Absent map[string]int `json:"absent,omitempty"`
	// Unknown holds since when a type of an account is unknown for a policy, Denied the
	// operations that were denied, by "account type policy" and "account operation".
	Unknown map[string]time.Time `json:"unknown,omitempty"`
	Denied  map[string]time.Time `json:"denied,omitempty"`
}

func (t *Tracker) now() time.Time { return micro(t.Store.Now()) }

func (t *Tracker) window() time.Duration { return cmp.Or(t.Window, 10*time.Minute) }

func (t *Tracker) flap() int { return cmp.Or(t.Flap, 10) }

// view is all of the tenant.
func (t *Tracker) view() View { return View{Tenant: t.Tenant} }

// check reports what the tracker lacks.
func (t *Tracker) check() error {
	if t.Store == nil {
		return errors.New("alert: tracker without a store")
	}
	return nil
}

// readDocument decodes a document into x, which stays as it is if there is none.
func readDocument(r Reader, kind, name string, x any) (bool, error) {
	data, err := r.Document(kind, name)
	if err != nil || data == nil {
		return false, err
	}
	if err := json.Unmarshal(data, x); err != nil {
		return false, fmt.Errorf("%s %q: %w: %w", kind, name, ErrCorrupt, err)
	}
	return true, nil
}

func writeDocument(tx Tx, kind, name string, x any) error {
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return tx.PutDocument(kind, name, data)
}

// writer collects the changes of a transaction.
type writer struct {
	t        *Tracker
	rules    *Rules
	tx       Tx
	now      time.Time
	changes  []Change
	history  []*Transition
	messages []owed
	clear    []Key           // keys whose verdict is known again
	removed  map[string]bool // policies
	streams  map[string]stream
	version  *asset.Asset // the last whose version was written: findings about an asset come together
	// undecided is why a rule matches an alert only because it is unknown whether it does.
	undecided string
}

// owed is an event of an alert, before the transition has its number.
type owed struct {
	alert *Alert
	t     *Transition
	kind  EventKind
}

func (t *Tracker) writer(tx Tx) (*writer, error) {
	if err := t.verifyRules(tx); err != nil {
		return nil, err
	}
	w := &writer{t: t, rules: t.inForce(), tx: tx, now: t.now(), removed: map[string]bool{}, streams: map[string]stream{}}
	for d, err := range tx.Documents(docPolicy) {
		if err != nil {
			return nil, err
		}
		w.removed[d.Name] = true
	}
	return w, nil
}

// floor returns the instant up to which verdicts in force confirm an alert: the start of the
// last scan of its stream, if that yielded it.
func (w *writer) floor(a *Alert) (time.Time, error) {
	if a.Missing > 0 || a.Unknown != nil || a.Stream == "" {
		return time.Time{}, nil
	}
	s, ok := w.streams[a.Stream]
	if !ok {
		if _, err := readDocument(w.tx, docStream, a.Stream, &s); err != nil {
			return time.Time{}, err
		}
		w.streams[a.Stream] = s
	}
	return s.Start, nil
}

// next applies an input to an alert as the transaction has it; nil stands for one that is new.
func (w *writer) next(old, a *Alert, in Input) (*Alert, error) {
	in.Flap, in.Window = w.t.flap(), w.t.window()
	in.At = cmp.Or(in.At, w.now)
	w.matching(a, &in)
	next, transitions, err := Next(a, in)
	if err != nil {
		return nil, err
	}
	w.changes = append(w.changes, Change{Old: old, New: next})
	w.history = append(w.history, transitions...)
	for _, tr := range transitions {
		if kind := eventOf(tr); kind != "" && !tr.Silent {
			w.messages = append(w.messages, owed{next, tr, kind})
		}
	}
	return next, nil
}

// matching sets what the rules say of an alert as it is after the input.
func (w *writer) matching(a *Alert, in *Input) {
	probe := *a
	if v := in.Verdict; v != nil && v.Status == policy.Fail {
		probe.Policy, probe.Asset, probe.Message = v.Policy, v.Asset, v.Message
	}
	in.Groups, _ = w.rules.Groups(&probe)
	probe.Asset.Groups = in.Groups
	if w.removed[a.Key.Policy] {
		return
	}
	matched, why := w.rules.match(&probe)
	if why != nil && w.undecided == "" {
		w.undecided = why.Error()
	}
	for _, r := range matched {
		in.Rules = append(in.Rules, r.Name)
	}
	if len(matched) == 0 {
		return
	}
	in.Owner = w.rules.Owner(&probe)
	probe.AlertTime = in.At
	if due := w.rules.Due(&probe); !due.IsZero() {
		in.Due = due.Sub(in.At)
	}
}

// eventOf returns the kind of the event that reports a transition, or "".
func eventOf(t *Transition) EventKind {
	switch {
	case t.Reason == ReasonOverdue:
		return EventOverdue
	case t.Reason == ReasonFlapping:
		return EventFlapping
	case t.To == Open && (t.From != Open || t.Reason == ResourceRecreated):
		return EventOpened
	case t.From == t.To:
		return ""
	case t.To == Resolved && t.From != Unmatched:
		return EventResolved
	case t.To == Dismissed:
		return EventDismissed
	case t.To == Snoozed:
		return EventSnoozed
	case t.To == PendingResolution:
		return EventPending
	}
	return ""
}

// flush writes what was collected.
func (w *writer) flush() error {
	if len(w.changes) > 0 {
		if err := w.tx.Put(w.changes...); err != nil {
			return err
		}
	}
	if len(w.history) > 0 {
		if err := w.tx.Append(w.history...); err != nil {
			return err
		}
	}
	if len(w.clear) > 0 {
		if err := w.tx.DeleteUnknown(w.clear...); err != nil {
			return err
		}
	}
	if w.undecided != "" {
		msg := "alerts are opened because it is unknown whether rules match: " + w.undecided
		if _, err := putHealth(w.tx, Health{Kind: HealthRules, Subject: healthOfRules, Message: msg}, w.now); err != nil {
			return err
		}
	}
	var ms []Message
	for _, o := range w.messages {
		ms = append(ms, w.messagesOf(o)...)
	}
	if len(ms) > 0 {
		return w.tx.PutMessages(ms...)
	}
	return nil
}

// messagesOf returns the messages that are owed for an event.
func (w *writer) messagesOf(o owed) []Message { return w.rules.messages(w.t.Tenant, o) }

// messages returns the messages that an event is owed by the rules that match the alert:
// one for each channel, by the rule that sends it first.
func (r *Rules) messages(tenant string, o owed) []Message {
	byChannel := map[string]Message{}
	for _, rule := range r.Match(o.alert) {
		for _, n := range rule.Notify {
			if !n.wants(o.kind) {
				continue
			}
			for _, c := range n.Channels {
				m := Message{
					ID: fmt.Sprintf("%s-%d/%s", o.alert.ID, o.t.Seq, c), Channel: c, Alert: o.alert.ID, Seq: o.t.Seq,
					NotBefore: o.t.At.Add(n.Delay),
					Event: Event{
						ID: fmt.Sprintf("%s-%d", o.alert.ID, o.t.Seq), Kind: o.kind, At: o.t.At, Tenant: tenant, Rule: rule.Name, Transition: o.t,
					},
				}
				if n.Every != "" && n.Every != Immediately {
					m.Digest = string(n.Every)
				}
				if known, ok := byChannel[c]; !ok || m.before(known) {
					byChannel[c] = m
				}
			}
		}
	}
	ms := make([]Message, 0, len(byChannel))
	for _, m := range byChannel {
		ms = append(ms, m)
	}
	slices.SortFunc(ms, func(a, b Message) int { return cmp.Compare(a.Channel, b.Channel) })
	return ms
}

// before reports whether a message is to be sent before another of the same event.
func (m *Message) before(o Message) bool {
	if (m.Digest == "") != (o.Digest == "") {
		return m.Digest == ""
	}
	return m.NotBefore.Before(o.NotBefore)
}

// wants reports whether the notice reports events of a kind. Flapping replaces the events
// that report each opening and closing.
func (n *Notice) wants(kind EventKind) bool {
	if len(n.On) == 0 {
		return kind == EventOpened || kind == EventFlapping
	}
	replaced := kind == EventFlapping && (slices.Contains(n.On, EventOpened) || slices.Contains(n.On, EventResolved))
	return replaced || slices.Contains(n.On, kind)
}
