package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// ofAccount returns the query for the alerts of an account, "aws/123456789012".
func ofAccount(account string) (Query, error) {
	cloud, id, ok := strings.Cut(account, "/")
	if !ok || cloud == "" || id == "" {
		return Query{}, fmt.Errorf("invalid account %.100q (want provider/id)", account)
	}
	return Query{Providers: []string{cloud}, Accounts: []string{id}}, nil
}

// Tick applies what time alone brings: it ends snoozes and dismissals, reports alerts that are
// overdue, reads the assets of remediations again, and resolves the alerts of accounts that
// were removed a day ago. It returns when it is needed next; zero: not before something else
// happens. Calling it more often does no harm.
func (t *Tracker) Tick(ctx context.Context) (next time.Time, err error) {
	if err := t.check(); err != nil {
		return time.Time{}, fmt.Errorf("tick: %w", err)
	}
	if err := t.tick(ctx); err != nil {
		return time.Time{}, fmt.Errorf("tick: %w", err)
	}
	err = t.Store.Read(ctx, t.view(), func(r Reader) error {
		first, err := r.Waking(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), 1)
		if len(first) > 0 {
			next = first[0].Wake
		}
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("tick: %w", err)
	}
	return next, nil
}

func (t *Tracker) tick(ctx context.Context) error {
	if err := t.clock(ctx); err != nil {
		return err
	}
	if err := t.accounts(ctx); err != nil {
		return err
	}
	for {
		var due []*Alert
		err := t.Store.Read(ctx, t.view(), func(r Reader) (err error) {
			due, err = r.Waking(t.now(), 1000)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		var reread []*Alert
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			reread = nil
			return t.wake(tx, &reread)
		})
		if err != nil {
			return err
		}
		for _, a := range reread {
			if err := t.reread(ctx, a); err != nil {
				return err
			}
		}
	}
}

// clock notes the instant of the clock, and reports if it went backwards: timers are late
// then, and none fires twice.
func (t *Tracker) clock(ctx context.Context) error {
	return t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		var last time.Time
		if _, err := readDocument(tx, docClock, "last", &last); err != nil {
			return err
		}
		now := t.now()
		if now.Before(last) {
			if last.Sub(now) < time.Second {
				return nil
			}
			msg := fmt.Sprintf("the clock went back from %s to %s: timers are late", last.Format(time.RFC3339), now.Format(time.RFC3339))
			_, err := putHealth(tx, Health{Kind: HealthClock, Subject: "store", Message: msg}, now)
			return err
		}
		if err := endHealth(tx, HealthClock, "store", now); err != nil {
			return err
		}
		return writeDocument(tx, docClock, "last", now)
	})
}

// wake applies time to the alerts that wait for it.
func (t *Tracker) wake(tx Tx, reread *[]*Alert) error {
	w, err := t.writer(tx)
	if err != nil {
		return err
	}
	alerts, err := tx.Waking(w.now, 1000)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.Status == PendingResolution && a.Pending != nil {
			next := *a
			pending := *a.Pending
			pending.Reads++
			next.Pending = &pending
			next.Wake = next.wake()
			w.changes = append(w.changes, Change{Old: a, New: &next})
			if w.now.Sub(pending.At) > unknownLimit {
				msg := fmt.Sprintf("the remediation of %s by %s is not verified", pending.At.Format(time.RFC3339), pending.By)
				if _, err := putHealth(tx, Health{Kind: HealthPending, Subject: a.ID, Message: msg, Since: pending.At}, w.now); err != nil {
					return err
				}
			}
			*reread = append(*reread, a)
			continue
		}
		next, err := w.next(a, a, Input{Kind: InputTimer, Unknown: a.Unknown != nil})
		if err != nil {
			return err
		}
		if !next.Wake.IsZero() && !next.Wake.After(w.now) {
			return fmt.Errorf("alert %s does not come to rest", a.ID)
		}
	}
	return w.flush()
}

// Judge reads the asset of a key and returns the findings of the policy about it. The error
// is provider.ErrNotFound, under errors.Is, only if the asset does not exist.
type Judge func(ctx context.Context, key Key) ([]policy.Finding, error)

// reread reads the asset of a remediation again and applies the verdict.
func (t *Tracker) reread(ctx context.Context, a *Alert) error {
	if t.Judge == nil || isMasked(a.Ref) {
		return nil // the next scan decides
	}
	findings, err := t.Judge(ctx, a.Key)
	gone := errors.Is(err, provider.ErrNotFound)
	if err != nil && !gone {
		if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		}
		return nil // unknown stays pending
	}
	if !gone {
		return t.Apply(ctx, a.Stream, findings...)
	}
	return t.Gone(ctx, a.Ref)
}

// Gone says that an asset no longer exists: the cloud said so when it was read. Its alerts are
// resolved.
func (t *Tracker) Gone(ctx context.Context, ref asset.Ref) error {
	ref.ID = secret.Mask(ref.ID) // as alerts have it
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		w, err := t.writer(tx)
		if err != nil {
			return err
		}
		q := Query{Refs: []asset.Ref{ref}, Statuses: []Status{Open, Dismissed, Snoozed, PendingResolution, Unmatched, Resolved}, Limit: 10_000}
		page, err := tx.Query(q)
		if err != nil {
			return err
		}
		for _, a := range page.Alerts {
			if a.Gone || a.Verdict != policy.Fail && !a.Status.Active() {
				continue
			}
			if _, err := w.gone(a, Input{Note: "not found"}, w.now); err != nil {
				return err
			}
		}
		return w.flush()
	})
	if err != nil {
		return fmt.Errorf("gone %s: %w", ref, secret.MaskError(err))
	}
	return nil
}

// accounts resolves the alerts of accounts that were removed a day ago.
func (t *Tracker) accounts(ctx context.Context) error {
	removed := map[string]removal{}
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		for d, err := range r.Documents(docAccount) {
			if err != nil {
				return err
			}
			var m removal
			if err := json.Unmarshal(d.Data, &m); err != nil {
				return fmt.Errorf("account %s: %w: %w", d.Name, ErrCorrupt, err)
			}
			removed[d.Name] = m
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, account := range sortedKeys(removed) {
		m := removed[account]
		if m.Done || t.now().Sub(m.At) < accountGrace {
			continue
		}
		q, err := ofAccount(account)
		if err != nil {
			return err
		}
		q.Statuses = []Status{Open, Dismissed, Snoozed, PendingResolution}
		same := func(Tx) error { return nil }
		if err := t.sweep(ctx, "remove account "+account, same, q, Input{Kind: InputAccount, Reason: AccountDeleted, Actor: m.By}); err != nil {
			return err
		}
		m.Done = true
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			if data, err := tx.Document(docAccount, account); err != nil || data == nil {
				return err // it was added again
			}
			return writeDocument(tx, docAccount, account, m)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
