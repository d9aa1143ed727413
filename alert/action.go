package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
)

// ErrNotFound is the error, under errors.Is, of an action on an alert that does not exist.
var ErrNotFound = errors.New("alert not found")

// ErrDenied is the error, under errors.Is, of an action that Tracker.Authorize refuses.
var ErrDenied = errors.New("action denied")

// Action is what a user does with alerts.
type Action struct {
	Kind     InputKind // InputDismiss, InputSnooze, InputReopen, InputAssign or InputComment
	Actor    string    // required
	Note     string    // the reason of a dismissal (required), or the comment
	Until    time.Time // the end of a dismissal (zero: none) or a snooze (required)
	Assignee string    // of InputAssign; empty: nobody
}

// Audit records an action of a user: in the document "audit" with the number of the
// transition.
type Audit struct {
	At     time.Time `json:"at"`
	Action Action    `json:"action"`
	Alert  string    `json:"alert"` // ID
	Before Status    `json:"before"`
	After  Status    `json:"after"`
}

// Do applies an action to alerts, by ID. Either it succeeds for all of them, or nothing
// changes, and the error joins what is wrong with each.
func (t *Tracker) Do(ctx context.Context, action Action, ids ...string) error {
	if err := errors.Join(t.check(), action.check()); err != nil {
		return fmt.Errorf("%s: %w", action.Kind, err)
	}
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		alerts, err := tx.ByID(ids...)
		if err != nil {
			return err
		}
		for i, a := range alerts {
			if a == nil || a.Status == Unmatched {
				return fmt.Errorf("%w: %.100q", ErrNotFound, ids[i])
			}
		}
		return t.do(ctx, tx, action, alerts)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", action.Kind, err)
	}
	return nil
}

// DoAll applies an action to the alerts that a query selects, whatever its limit and cursor,
// and returns how many there were. Each page is a transaction: an error leaves the pages
// before it applied. Alerts to which the action does not apply are left as they are.
func (t *Tracker) DoAll(ctx context.Context, action Action, q Query) (int, error) {
	if err := errors.Join(t.check(), action.check()); err != nil {
		return 0, fmt.Errorf("%s: %w", action.Kind, err)
	}
	var ids []string
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		ids = nil
		q.Sort, q.Cursor, q.Limit = []Order{{By: ByAlertTime}}, "", 10_000
		for {
			page, err := r.Query(q)
			if err != nil {
				return err
			}
			if page.Truncated {
				return fmt.Errorf("condition over more than %d alerts", MaxWhere)
			}
			for _, a := range page.Alerts {
				ids = append(ids, a.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return nil
			}
		}
	})
	n := 0
	for len(ids) > 0 && err == nil {
		chunk := ids[:min(1000, len(ids))]
		ids = ids[len(chunk):]
		done := 0
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			alerts, err := tx.ByID(chunk...)
			if err != nil {
				return err
			}
			apply := alerts[:0]
			for _, a := range alerts {
				if a == nil || a.Status == Unmatched {
					continue
				}
				if _, _, err := Next(a, action.input(t.now())); err == nil {
					apply = append(apply, a)
				}
			}
			done = len(apply)
			return t.do(ctx, tx, action, apply)
		})
		if err == nil {
			n += done
		}
	}
	if err != nil {
		return n, fmt.Errorf("%s: %w", action.Kind, err)
	}
	return n, nil
}

func (a *Action) check() error {
	switch a.Kind {
	case InputDismiss, InputSnooze, InputReopen, InputAssign, InputComment:
	default:
		return fmt.Errorf("unknown action %.100q (want dismiss, snooze, reopen, assign or comment)", a.Kind)
	}
	if a.Actor == "" {
		return errors.New("action without actor")
	}
	if len(a.Note) > maxMessage || len(a.Assignee) > maxValue {
		return fmt.Errorf("note of %d bytes is too long (at most %d)", len(a.Note), maxMessage)
	}
	return nil
}

func (a *Action) input(now time.Time) Input {
	return Input{Kind: a.Kind, At: now, Actor: a.Actor, Note: a.Note, Until: micro(a.Until), Assignee: a.Assignee}
}

// do applies an action in a transaction.
func (t *Tracker) do(ctx context.Context, tx Tx, action Action, alerts []*Alert) error {
	w, err := t.writer(tx)
	if err != nil {
		return err
	}
	var errs []error
	var audits []Audit
	for _, a := range alerts {
		if err := t.authorize(ctx, action.Actor, action.Kind, a); err != nil {
			errs = append(errs, err)
			continue
		}
		in := action.input(w.now)
		in.Unknown = a.Unknown != nil
		next, err := w.next(a, a, in)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		audits = append(audits, Audit{At: w.now, Action: action, Alert: a.ID, Before: a.Status, After: next.Status})
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	seqs := map[string]int64{}
	for _, tr := range w.history {
		seqs[tr.Alert] = tr.Seq
	}
	for _, audit := range audits {
		data, err := json.Marshal(audit)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%020d-%d-%s-%s", w.now.UnixMicro(), seqs[audit.Alert], action.Kind, audit.Alert)
		if err := tx.PutDocument(docAudit, name, data); err != nil {
			return err
		}
	}
	return nil
}

// authorize asks whether an actor may do something.
func (t *Tracker) authorize(ctx context.Context, actor string, action InputKind, a *Alert) error {
	if t.Authorize == nil {
		return nil
	}
	if err := t.Authorize(ctx, actor, action, a); err != nil {
		return fmt.Errorf("%w: %s of %s by %.100q: %w", ErrDenied, action, a.ID, actor, err)
	}
	return nil
}

// AuditLog returns the actions of users from an instant on, the first before others, at most
// limit.
func (t *Tracker) AuditLog(ctx context.Context, from time.Time, limit int) ([]Audit, error) {
	var log []Audit
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		log = nil
		for d, err := range r.Documents(docAudit) {
			if err != nil {
				return err
			}
			var a Audit
			if err := json.Unmarshal(d.Data, &a); err != nil {
				return fmt.Errorf("audit %s: %w: %w", d.Name, ErrCorrupt, err)
			}
			if a.At.Before(from) {
				continue
			}
			if len(log) == limit {
				return nil
			}
			log = append(log, a)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return log, nil
}

// Remediating records that a remediation of an alert ran: the alert waits for a verdict that
// is read after it.
func (t *Tracker) Remediating(ctx context.Context, id, plan, actor string) error {
	return t.one(ctx, id, Input{Kind: InputRemediate, Actor: actor, Plan: plan})
}

// RemediationFailed records that a remediation failed: the alert is open again.
func (t *Tracker) RemediationFailed(ctx context.Context, id, actor, why string) error {
	return t.one(ctx, id, Input{Kind: InputFailed, Actor: actor, Note: why})
}

// RolledBack records that a remediation was undone: the alert is open again.
func (t *Tracker) RolledBack(ctx context.Context, id, actor, why string) error {
	return t.one(ctx, id, Input{Kind: InputRolledBack, Actor: actor, Note: why})
}

// one applies an input to one alert.
func (t *Tracker) one(ctx context.Context, id string, in Input) error {
	err := t.check()
	if err == nil {
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			alerts, err := tx.ByID(id)
			if err != nil {
				return err
			}
			if alerts[0] == nil {
				return ErrNotFound
			}
			if err := t.authorize(ctx, in.Actor, in.Kind, alerts[0]); err != nil {
				return err
			}
			w, err := t.writer(tx)
			if err != nil {
				return err
			}
			if _, err := w.next(alerts[0], alerts[0], in); err != nil {
				return err
			}
			return w.flush()
		})
	}
	if err != nil {
		return fmt.Errorf("%s alert %.100q: %w", in.Kind, id, err)
	}
	return nil
}

// RemovePolicy resolves the alerts of a policy, and keeps its findings from opening others
// until RestorePolicy. The reason is PolicyDisabled or PolicyDeleted.
func (t *Tracker) RemovePolicy(ctx context.Context, id string, reason Reason, actor string) error {
	if reason != PolicyDisabled && reason != PolicyDeleted {
		return fmt.Errorf("remove policy %s: invalid reason %q", id, reason)
	}
	mark := func(tx Tx) error {
		return writeDocument(tx, docPolicy, id, removal{At: t.now(), By: actor, Reason: reason})
	}
	q := Query{Policies: []string{id}, Statuses: []Status{Open, Dismissed, Snoozed, PendingResolution}}
	return t.sweep(ctx, "remove policy "+id, mark, q, Input{Kind: InputPolicy, Reason: reason, Actor: actor})
}

// RestorePolicy opens the alerts again that RemovePolicy resolved and whose assets still
// fail. It notifies nobody.
func (t *Tracker) RestorePolicy(ctx context.Context, id, actor string) error {
	var was removal
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		_, err := readDocument(r, docPolicy, id, &was)
		return err
	})
	if err != nil {
		return fmt.Errorf("restore policy %s: %w", id, err)
	}
	mark := func(tx Tx) error { return tx.PutDocument(docPolicy, id, nil) }
	q := Query{Policies: []string{id}, Statuses: []Status{Resolved}}
	return t.sweep(ctx, "restore policy "+id, mark, q, Input{Kind: InputRestore, Reason: was.Reason, Actor: actor})
}

// removal is the document of a policy or an account that was removed.
type removal struct {
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason Reason    `json:"reason"`
	Done   bool      `json:"done,omitempty"` // its alerts are resolved
}

// sweep applies an input to all alerts of a query, in one transaction for each page, after
// a first one that marks why. Sweeping again finishes one that was interrupted.
func (t *Tracker) sweep(ctx context.Context, what string, mark func(Tx) error, q Query, in Input) error {
	err := t.check()
	if err == nil {
		err = t.Store.Write(ctx, t.Tenant, mark)
	}
	q.Sort, q.Limit = []Order{{By: ByAlertTime}}, 1000
	for more := true; more && err == nil; {
		var page *Page
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) (err error) {
			page, err = tx.Query(q)
			if err != nil {
				return err
			}
			w, err := t.writer(tx)
			if err != nil {
				return err
			}
			for _, a := range page.Alerts {
				if _, err := w.next(a, a, in); err != nil {
					return err
				}
			}
			return w.flush()
		})
		if err == nil {
			q.Cursor, more = page.Next, page.Next != ""
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// accountGrace is how long the alerts of a removed account are kept.
const accountGrace = 24 * time.Hour

// RemoveAccount says that an account, "aws/123456789012", is no longer part of the estate.
// Its alerts stay for 24 hours; then [Tracker.Tick] resolves them. Adding the account again
// before that changes nothing.
func (t *Tracker) RemoveAccount(ctx context.Context, account, actor string) error {
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		var known removal
		if ok, err := readDocument(tx, docAccount, account, &known); ok || err != nil {
			return err
		}
		return writeDocument(tx, docAccount, account, removal{At: t.now(), By: actor, Reason: AccountDeleted})
	})
	if err != nil {
		return fmt.Errorf("remove account %s: %w", account, err)
	}
	return nil
}

// AddAccount says that a removed account is part of the estate again. Alerts that were
// resolved since are opened again, without a notification, if their assets still failed.
func (t *Tracker) AddAccount(ctx context.Context, account, actor string) error {
	mark := func(tx Tx) error { return tx.PutDocument(docAccount, account, nil) }
	q, err := ofAccount(account)
	if err != nil {
		return fmt.Errorf("add account: %w", err)
	}
	q.Statuses = []Status{Resolved}
	return t.sweep(ctx, "add account "+account, mark, q, Input{Kind: InputRestore, Reason: AccountDeleted, Actor: actor})
}

// Why explains whether there is an alert of a policy about an asset, and why.
type Why struct {
	Alert   *Alert       // nil: there is none
	History []Transition // the latest before others, at most 100
	Text    string       // one sentence
}

// Why says why there is or is not an alert.
func (t *Tracker) Why(ctx context.Context, key Key) (*Why, error) {
	why := &Why{}
	key.Ref.ID = secret.Mask(key.Ref.ID) // as alerts have it
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		alerts, err := r.Alerts(key)
		if err != nil {
			return err
		}
		why.Alert = alerts[key]
		if why.Alert == nil {
			why.Text = "no scan yielded a failing finding of the policy about the asset"
			versions, err := r.Versions(key.Ref, 1)
			if err == nil && len(versions) > 0 && versions[0].Gone {
				why.Text = "the asset was last seen at " + versions[0].From.Format(time.RFC3339)
			}
			return err
		}
		if why.History, err = r.History(HistoryQuery{Alerts: []string{why.Alert.ID}, Limit: 10_000}); err != nil {
			return err
		}
		why.Text = why.Alert.why()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("why %s of %s: %w", key.Policy, key.Ref, err)
	}
	if n := len(why.History); n > 100 {
		why.History = why.History[n-100:]
	}
	return why, nil
}

// why says in a sentence why the alert has its status.
func (a *Alert) why() string {
	text := fmt.Sprintf("the alert is %s since %s (%s)", a.Status, a.LastSeen.Format(time.RFC3339), a.Reason)
	switch {
	case a.Status == Unmatched && a.Verdict == policy.Fail:
		text = "the finding fails, and no enabled rule matches it"
	case a.Status == Unmatched:
		text = "the finding failed while no enabled rule matched it, and does not now"
	case a.Status == Resolved && a.Verdict == policy.Fail:
		text += "; the finding still fails"
	case a.Status.Active() && a.Verdict != policy.Fail:
		text += "; the finding does not fail now"
	}
	if a.Unknown != nil {
		text += fmt.Sprintf("; the verdict is unknown since %s: %s", a.Unknown.Since.Format(time.RFC3339), a.Unknown.Reason)
	}
	return text
}
