package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
)

// Apply applies single verdicts, such as those about an asset that was read again. They
// are not a scan: nothing is missing because they lack it, and alerts stay with the streams
// that claim them. A new alert belongs to the stream that is given. The findings must be of
// sets.
func (t *Tracker) Apply(ctx context.Context, stream string, findings ...policy.Finding) error {
	err := t.check()
	if err == nil && stream == "" {
		err = errors.New("no stream")
	}
	if err == nil {
		u := newUpdate(t, Scan{Stream: stream, Start: t.now()})
		for _, f := range findings {
			u.add(f)
		}
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			w, err := t.writer(tx)
			if err != nil {
				return err
			}
			if err := u.apply(w, &Summary{}, &[][16]byte{}); err != nil {
				return err
			}
			if u.refused != "" {
				msg := "an observation is more than 5 minutes in the future: " + u.refused
				if _, err := putHealth(tx, Health{Kind: HealthFuture, Subject: stream, Message: msg}, w.now); err != nil {
					return err
				}
			}
			return w.flush()
		})
	}
	if err != nil {
		return fmt.Errorf("apply verdicts: %w", secret.MaskError(err))
	}
	return nil
}

// hush takes the messages about accounts that the stream sees first out of the writer, and
// returns the digests that they become, by channel. Nobody hears of a baseline.
func (u *update) hush(w *writer, before map[string]*Digest) map[string]*Digest {
	digests := map[string]*Digest{}
	for channel, d := range before {
		digests[channel] = d.clone()
	}
	kept := w.messages[:0]
	for _, o := range w.messages {
		switch {
		case u.baseline:
		case o.kind == EventOpened && !u.known[accountOf(o.alert.Asset.Scope())]:
			for _, m := range w.messagesOf(o) {
				d := digests[m.Channel]
				if d == nil {
					d = &Digest{From: u.record.Start}
					digests[m.Channel] = d
				}
				d.opened(o.alert)
			}
		default:
			kept = append(kept, o)
		}
	}
	w.messages = kept
	return digests
}

// apply collects what the findings of the batch change.
func (u *update) apply(w *writer, s *Summary, touched *[][16]byte) error {
	hashes := make([][16]byte, len(u.batch))
	for i := range u.batch {
		hashes[i] = u.batch[i].hash
	}
	for i := range u.batch {
		for _, id := range u.batch[i].former {
			hashes = append(hashes, Key{id, u.batch[i].key.Ref}.Hash(u.Tenant))
		}
	}
	marks, err := w.tx.Marks(hashes)
	if err != nil {
		return err
	}
	marks, formerly := marks[:len(u.batch)], marks[len(u.batch):]
	var changed []int
	var keys []Key
	var notes []Key
	for i := range u.batch {
		it, mark := &u.batch[i], marks[i]
		// An alert under an earlier id of the policy is to be moved, or to be merged.
		renamed := slices.ContainsFunc(formerly[:len(it.former)], func(m Mark) bool {
			return m.Known && (!mark.Known || m.Status.Active() || m.Status == Unmatched)
		})
		formerly = formerly[len(it.former):]
		if mark.Known {
			*touched = append(*touched, it.hash)
		}
		unchanged := mark.Known && mark.State != "" && it.verdict != nil && mark.State == it.verdict.State && mark.Stream == u.scan.Stream && !mark.Unknown
		switch {
		case renamed:
		case it.verdict == nil && !mark.Known:
			continue
		case it.verdict == nil && mark.Unknown:
			s.Unknown++
			continue
		case unchanged:
			if it.verdict.Status == policy.Fail {
				s.Unchanged++
			}
			continue
		case it.verdict != nil && !mark.Known && it.verdict.Status != policy.Fail:
			continue
		}
		if it.verdict == nil {
			s.Unknown++
			notes = append(notes, it.key)
		}
		if mark.Unknown {
			w.clear = append(w.clear, it.key)
		}
		changed, keys = append(changed, i), append(keys, it.key)
		for _, id := range it.former {
			keys = append(keys, Key{id, it.key.Ref})
		}
	}
	alerts, err := w.tx.Alerts(keys...)
	if err != nil {
		return err
	}
	if len(notes) > 0 {
		if err := u.note(w.tx, notes, alerts); err != nil {
			return err
		}
	}
	for _, i := range changed {
		it := &u.batch[i]
		old, err := u.renamed(w, it, alerts)
		if err != nil {
			return err
		}
		if old != nil || it.verdict != nil && it.verdict.Status == policy.Fail {
			*touched = append(*touched, it.hash)
		}
		if it.verdict == nil {
			continue
		}
		if err := u.judge(w, it, old, alerts, s); err != nil {
			return err
		}
	}
	return nil
}

// renamed moves the alert that an earlier id of the policy has to the key of the finding,
// and returns it. If there is an alert under both, the older one stays, and the other is
// merged into it.
func (u *update) renamed(w *writer, it *item, alerts map[Key]*Alert) (*Alert, error) {
	current := alerts[it.key]
	for _, id := range it.former {
		key := Key{id, it.key.Ref}
		before := alerts[key]
		if before == nil || before.Reason == Merged {
			continue
		}
		delete(alerts, key)
		if current == nil {
			current = before
			if err := u.move(w.tx, &current, it.key); err != nil {
				return nil, err
			}
			continue
		}
		keep, drop := before, current
		if !before.FirstSeen.Before(current.FirstSeen) {
			keep, drop = current, before
		}
		// The two keys change hands if the older alert is the one that moves.
		if keep == before {
			if err := u.move(w.tx, &keep, Key{it.key.Policy + "~" + keep.ID, it.key.Ref}); err != nil {
				return nil, err
			}
			if err := u.move(w.tx, &drop, key); err != nil {
				return nil, err
			}
			if err := u.move(w.tx, &keep, it.key); err != nil {
				return nil, err
			}
		}
		linked := *drop
		linked.Linked = keep.ID
		next, transitions, err := Next(&linked, Input{Kind: InputMerge, At: w.now, Note: "merged into " + keep.ID, Scan: u.scan.ID, Silent: true})
		if err != nil {
			return nil, err
		}
		w.changes, w.history = append(w.changes, Change{Old: drop, New: next}), append(w.history, transitions...)
		current = keep
	}
	return current, nil
}

// move gives an alert another key.
func (u *update) move(tx Tx, a **Alert, key Key) error {
	moved := **a
	moved.Key = key
	old := *a
	*a = &moved
	return tx.Put(Change{Old: old, New: &moved})
}

// judge applies the verdict of a finding.
func (u *update) judge(w *writer, it *item, old *Alert, alerts map[Key]*Alert, s *Summary) error {
	a := old
	if a == nil {
		if it.verdict.Status != policy.Fail {
			return nil
		}
		a = &Alert{Key: it.key, ID: NewID(u.Tenant, it.key)}
	}
	in := Input{Kind: InputVerdict, Verdict: it.verdict, Scan: u.scan.ID}
	if old != nil {
		floor, err := w.floor(old)
		if err != nil {
			return err
		}
		in.Floor = floor
		if u.scan.ID == "" {
			it.verdict.Stream = old.Stream // a single verdict claims nothing
		}
	}
	next, err := w.next(old, a, in)
	if err != nil {
		return err
	}
	alerts[it.key] = next
	if it.asset != nil && it.asset != w.version {
		w.version = it.asset
		if err := w.tx.PutVersion(versionOf(it.asset, it.verdict)); err != nil {
			return err
		}
	}
	switch {
	case old != nil && next.Read != it.verdict.Read:
		s.Late++
	case next.Status == Open && (old == nil || !next.AlertTime.Equal(old.AlertTime)):
		s.Opened++
	case next.Status == Resolved && old.Status.Active():
		s.Resolved++
	default:
		s.Changed++
	}
	return nil
}

// note writes that the verdicts of alerts are unknown from this scan on.
func (u *update) note(tx Tx, keys []Key, alerts map[Key]*Alert) error {
	why := map[Key]string{}
	for i := range u.batch {
		if it := &u.batch[i]; it.verdict == nil {
			why[it.key] = it.why
		}
	}
	var notes []Unknown
	for _, k := range keys {
		n := Unknown{Key: k, Since: u.record.Start, Reason: why[k]}
		if a := alerts[k]; a != nil {
			n.Verified = a.LastObserved
		}
		notes = append(notes, n)
	}
	return tx.PutUnknown(notes...)
}
