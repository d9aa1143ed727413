package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// A surprise: so many alerts of an account are missing in one scan that the scan, not the
// estate, is to be doubted.
const (
	surpriseShare = 5  // more than a fifth of the open alerts of the account
	surpriseLeast = 10 // and at least so many
	surpriseAll   = 5  // or all, if they are at least so many
)

// twoScans is the least time between two scans that miss an asset until it counts as gone.
const twoScans = time.Hour

// end records which alerts are missing, before any of them is resolved.
func (u *update) end(ctx context.Context) error {
	var inv *asset.Inventory
	if u.scan.Coverage != nil {
		inv = u.scan.Coverage()
	}
	u.record.Counts = u.counter.sorted()
	u.record.Accounts = sortedKeys(u.counter.accounts)
	u.record.Coverage = coverageCounts(inv)
	u.record.Unread, u.record.Denied = sortedKeys(u.unknown), sortedKeys(u.denied)
	u.record.State = ScanResolving
	record := u.record
	done := false
	err := u.Store.Write(ctx, u.Tenant, func(tx Tx) error {
		known, _, err := tx.Scan(record.ID)
		if err != nil {
			return err
		}
		if done = known.State != ScanRunning; done {
			u.record = known
			return nil
		}
		u.record, u.record.Quiet, u.record.Batches = record, known.Quiet, known.Batches
		u.record.End = u.now()
		if err := u.missing(tx, inv); err != nil {
			return err
		}
		if err := u.endHealth(tx); err != nil {
			return err
		}
		return tx.PutScan(u.record)
	})
	if err != nil {
		return fmt.Errorf("end scan: %w", err)
	}
	if done && u.record.State == ScanIncomplete {
		return errSuperseded
	}
	return nil
}

// errSuperseded is the error of a scan that another one of its stream gave up.
var errSuperseded = errors.New("another scan of the stream began")

// missing finds the alerts that the stream claims and the scan did not yield though it
// searched for their assets.
func (u *update) missing(tx Tx, inv *asset.Inventory) error {
	u.record.Missing, u.record.Held, u.record.Summary.Missing, u.record.Summary.Held = nil, nil, 0, 0
	if inv == nil {
		return nil
	}
	judged := map[string]bool{}
	for _, id := range u.record.Policies {
		judged[id] = true
	}
	hidden := map[asset.Ref]bool{}
	for _, g := range inv.Gaps() {
		if !g.Of.IsZero() {
			hidden[g.Of] = true
		}
	}
	claimed, missing := map[string]int{}, map[string][]string{}
	var ids []string
	for mark, err := range tx.Claimed(u.scan.Stream, [16]byte{}) {
		if err != nil {
			return err
		}
		claimed[mark.Account]++
		if !u.seen[mark.Hash] {
			ids = append(ids, mark.ID)
		}
	}
	for chunk := range slices.Chunk(ids, 1000) {
		alerts, err := tx.ByID(chunk...)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if a == nil || !judged[a.Key.Policy] || a.Read.Earliest.After(u.record.Start) {
				continue // nobody looked, or it was read by another way since
			}
			state := inv.Coverage(a.Asset.Scope(), a.Ref.Type)
			if state == asset.NotAsked || hidden[a.Ref] {
				continue
			}
			account := accountOf(a.Asset.Scope())
			missing[account] = append(missing[account], a.ID)
			u.record.Missing = append(u.record.Missing, MissingAlert{ID: a.ID, Account: account, Complete: state == asset.Complete})
			u.record.Summary.Missing++
		}
	}
	for _, account := range sortedKeys(missing) {
		n, of := len(missing[account]), claimed[account]
		if n*surpriseShare > of && n >= surpriseLeast || n == of && n >= surpriseAll {
			if u.record.Held == nil {
				u.record.Held = map[string][]string{}
			}
			u.record.Held[account] = missing[account]
			u.record.Summary.Held += n
		}
	}
	u.record.Missing = slices.DeleteFunc(u.record.Missing, func(m MissingAlert) bool { return u.record.Held[m.Account] != nil })
	return nil
}

// endHealth writes the health conditions that the scan shows.
func (u *update) endHealth(tx Tx) error {
	now := u.now()
	for account, ids := range u.record.Held {
		msg := fmt.Sprintf("%d alerts are missing in scan %s: none is resolved until someone confirms the scan", len(ids), u.scan.ID)
		if _, err := putHealth(tx, Health{Kind: HealthHeld, Subject: u.scan.Stream + " " + account, Message: msg, Since: u.record.Start}, now); err != nil {
			return err
		}
	}
	if u.refused != "" {
		msg := fmt.Sprintf("%d observations are more than 5 minutes in the future: %s", u.record.Summary.Refused, u.refused)
		if _, err := putHealth(tx, Health{Kind: HealthFuture, Subject: u.scan.Stream, Message: msg, Since: u.record.Start}, now); err != nil {
			return err
		}
	}
	return endHealth(tx, HealthScan, u.scan.Stream, now)
}

func coverageCounts(inv *asset.Inventory) []CoverageCount {
	if inv == nil {
		return nil
	}
	type key struct {
		account string
		typ     asset.Type
	}
	counts := map[key]*CoverageCount{}
	for _, c := range inv.AllCoverage() {
		k := key{accountOf(c.Scope), c.Type}
		n := counts[k]
		if n == nil {
			n = &CoverageCount{Account: k.account, Type: k.typ}
			counts[k] = n
		}
		switch inv.Coverage(c.Scope, c.Type) {
		case asset.Complete:
			n.Complete++
		case asset.Partial:
			n.Partial++
		default:
			n.NotAsked++
		}
	}
	all := make([]CoverageCount, 0, len(counts))
	for _, n := range counts {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b CoverageCount) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), cmp.Compare(a.Type, b.Type))
	})
	return all
}

// Resume finishes scans whose last step was interrupted.
func (t *Tracker) Resume(ctx context.Context) error {
	if err := t.check(); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	if err := t.resume(ctx, "", ""); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	return nil
}

// resume finishes the interrupted scans of a stream, or of all. A scan of the stream whose
// findings never ended is given up, unless it is to be applied again.
func (t *Tracker) resume(ctx context.Context, stream, scan string) error {
	var open, running []ScanRecord
	err := t.Store.Read(ctx, t.view(), func(r Reader) error {
		scans, err := r.Scans(stream, 1000)
		for _, s := range scans {
			switch {
			case s.State == ScanResolving:
				open = append(open, s)
			case s.State == ScanRunning && stream != "" && s.ID != scan:
				running = append(running, s)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(open) // the oldest first
	for i := range open {
		if err := t.finish(ctx, &open[i]); err != nil {
			return fmt.Errorf("finish scan %s: %w", open[i].ID, err)
		}
	}
	for i := range running {
		err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
			known, ok, err := tx.Scan(running[i].ID)
			if err != nil || !ok || known.State != ScanRunning {
				return err
			}
			return t.giveUp(tx, &known, "another scan of the stream began")
		})
		if err != nil {
			return fmt.Errorf("give up scan %s: %w", running[i].ID, err)
		}
	}
	return nil
}

// giveUp records that the findings of a scan did not end. What it opened is reported.
func (t *Tracker) giveUp(tx Tx, record *ScanRecord, why string) error {
	now := t.now()
	record.State, record.Error, record.End = ScanIncomplete, why, now
	if err := t.digests(tx, record); err != nil {
		return err
	}
	record.Quiet = nil
	if err := tx.PutScan(*record); err != nil {
		return err
	}
	_, err := putHealth(tx, Health{Kind: HealthScan, Subject: record.Stream, Message: why, Since: record.Start}, now)
	return err
}

// absence is what is known of the asset of an alert that a scan did not yield.
type absence struct {
	gone bool
	why  string // it is not known, and why
	ask  bool   // nobody could be asked: two scans decide
}

// finish resolves the alerts whose assets are gone, and marks the scan done.
func (t *Tracker) finish(ctx context.Context, record *ScanRecord) error {
	asked := map[string]int{}
	for chunk := range slices.Chunk(record.Missing, 200) {
		found := make([]absence, len(chunk))
		refs := map[asset.Ref]absence{}
		alerts, err := t.byID(ctx, chunk)
		if err != nil {
			return err
		}
		for i, m := range chunk {
			if alerts[i] == nil {
				continue
			}
			ref := alerts[i].Ref
			known, ok := refs[ref]
			if !ok {
				known = t.absent(ctx, ref, m.Account, asked)
				refs[ref] = known
			}
			if found[i] = known; context.Cause(ctx) != nil {
				return context.Cause(ctx)
			}
		}
		var concluded Summary
		err = t.Store.Write(ctx, t.Tenant, func(tx Tx) (err error) {
			concluded, err = t.conclude(tx, record, chunk, found)
			return err
		})
		if err != nil {
			return err
		}
		record.Summary.add(concluded)
	}
	done := *record
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		done = *record
		if known, ok, err := tx.Scan(record.ID); err != nil || ok && known.State == ScanDone {
			done = known
			return err // another tracker finished it
		}
		done.State, done.Missing, done.Quiet, done.Unread, done.Denied = ScanDone, nil, nil, nil, nil
		if err := t.digests(tx, record); err != nil {
			return err
		}
		if err := t.replaceHeld(tx, record); err != nil {
			return err
		}
		if err := t.endStream(tx, record); err != nil {
			return err
		}
		return tx.PutScan(done)
	})
	if err == nil {
		*record = done
	}
	return err
}

func (t *Tracker) byID(ctx context.Context, chunk []MissingAlert) (alerts []*Alert, err error) {
	ids := make([]string, len(chunk))
	for i, m := range chunk {
		ids[i] = m.ID
	}
	err = t.Store.Read(ctx, t.view(), func(r Reader) error {
		alerts, err = r.ByID(ids...)
		return err
	})
	return alerts, err
}

// absent asks whether an asset is gone.
func (t *Tracker) absent(ctx context.Context, ref asset.Ref, account string, asked map[string]int) absence {
	if t.Getter == nil || isMasked(ref) {
		return absence{ask: true}
	}
	limit := cmp.Or(t.Gets, 1000)
	if asked[account]++; asked[account] > limit {
		return absence{why: fmt.Sprintf("the scan did not yield it, and %d assets of the account were read again", limit)}
	}
	_, err := t.Getter.Get(ctx, ref)
	var unread *asset.Unread
	switch {
	case err == nil:
		return absence{why: "the scan did not yield it, but it exists"}
	case errors.Is(err, provider.ErrNotFound):
		return absence{gone: true}
	case errors.As(err, &unread) && (unread.Reason == asset.Denied || unread.Reason == asset.Unsupported), errors.Is(err, errors.ErrUnsupported):
		return absence{ask: true, why: "it cannot be read again: " + cut(err.Error(), 300)}
	}
	return absence{why: "it cannot be read again: " + cut(err.Error(), 300)}
}

// conclude applies what is known of missing alerts. Doing it again changes nothing.
func (t *Tracker) conclude(tx Tx, record *ScanRecord, chunk []MissingAlert, found []absence) (s Summary, err error) {
	w, err := t.writer(tx)
	if err != nil {
		return s, err
	}
	ids := make([]string, len(chunk))
	for i, m := range chunk {
		ids[i] = m.ID
	}
	alerts, err := tx.ByID(ids...)
	if err != nil {
		return s, err
	}
	var notes []Unknown
	for i, a := range alerts {
		if a == nil || a.Gone || a.Verdict != policy.Fail || a.Stream != record.Stream || a.Read.Earliest.After(record.Start) {
			continue // a later verdict
		}
		is := found[i]
		if is.ask && a.Missing > 0 && chunk[i].Complete && record.Start.Sub(a.MissingSince) >= twoScans {
			is.gone = true
		}
		if is.gone {
			next, err := w.gone(a, Input{Scan: record.ID, Note: "not found"}, record.Start)
			if err != nil {
				return s, err
			}
			if next.Status == Resolved && a.Status != Resolved {
				s.Resolved++
			}
			continue
		}
		s.Kept++
		if is.ask && chunk[i].Complete && a.Missing == 0 {
			marked := *a
			// Without a state the next finding counts as a change, and clears the mark.
			marked.Missing, marked.MissingSince, marked.State = 1, record.Start, ""
			w.changes = append(w.changes, Change{Old: a, New: &marked})
		}
		if is.ask && is.why == "" {
			is.why = "the scan did not yield it"
		}
		if a.Unknown == nil {
			notes = append(notes, Unknown{Key: a.Key, Since: record.Start, Verified: a.LastObserved, Reason: is.why})
		}
	}
	if err := w.flush(); err != nil {
		return s, err
	}
	if len(notes) == 0 {
		return s, nil
	}
	return s, tx.PutUnknown(notes...)
}

// gone applies that the asset of an alert no longer exists, and ends its versions at an instant.
func (w *writer) gone(a *Alert, in Input, at time.Time) (*Alert, error) {
	in.Kind = InputGone
	next, err := w.next(a, a, in)
	if err != nil {
		return nil, err
	}
	w.clear = append(w.clear, a.Key)
	return next, w.tx.PutVersion(Version{Ref: a.Ref, Scope: a.Asset.Scope(), From: at, Last: at, Gone: true})
}

// replaceHeld drops what earlier scans of the stream hold: this scan says it anew.
func (t *Tracker) replaceHeld(tx Tx, record *ScanRecord) error {
	scans, err := tx.Scans(record.Stream, 1000)
	if err != nil {
		return err
	}
	for _, s := range scans {
		if s.ID == record.ID || len(s.Held) == 0 || s.Start.After(record.Start) {
			continue
		}
		for account := range s.Held {
			if record.Held[account] != nil {
				continue
			}
			if err := endHealth(tx, HealthHeld, s.Stream+" "+account, t.now()); err != nil {
				return err
			}
		}
		s.Held = nil
		if err := tx.PutScan(s); err != nil {
			return err
		}
	}
	return nil
}

// digests writes one message for each channel about the accounts that the stream saw first.
func (t *Tracker) digests(tx Tx, record *ScanRecord) error {
	var ms []Message
	for _, channel := range sortedKeys(record.Quiet) {
		d := record.Quiet[channel]
		if d.Opened == 0 {
			continue
		}
		d.To = record.End
		d.Title = fmt.Sprintf("First scan of %s", strings.Join(sortedKeys(d.Accounts), ", "))
		if n := len(d.Accounts); n > 3 {
			d.Title = fmt.Sprintf("First scan of %d accounts", n)
		}
		id := "D-" + record.ID + "-" + channel
		ms = append(ms, Message{
			ID: id + "/" + channel, Channel: channel, NotBefore: record.End,
			Event: Event{ID: id, Kind: EventDigest, At: record.End, Tenant: t.Tenant, Digest: d},
		})
	}
	if len(ms) == 0 {
		return nil
	}
	return tx.PutMessages(ms...)
}

// Confirm resolves the alerts that a scan held back because too many were missing. It
// returns how many it resolved. Alerts that a later verdict concerned stay as they are.
func (t *Tracker) Confirm(ctx context.Context, scan, actor string) (int, error) {
	if err := t.check(); err != nil {
		return 0, fmt.Errorf("confirm scan %s: %w", scan, err)
	}
	n := 0
	err := t.Store.Write(ctx, t.Tenant, func(tx Tx) error {
		n = 0
		record, ok, err := tx.Scan(scan)
		if err != nil {
			return err
		}
		if !ok || len(record.Held) == 0 {
			return errors.New("scan holds no alerts")
		}
		w, err := t.writer(tx)
		if err != nil {
			return err
		}
		for _, account := range slices.Sorted(maps.Keys(record.Held)) {
			alerts, err := tx.ByID(record.Held[account]...)
			if err != nil {
				return err
			}
			for _, a := range alerts {
				if a == nil || a.Gone || a.Verdict != policy.Fail || a.Read.Earliest.After(record.Start) {
					continue
				}
				if err := t.authorize(ctx, actor, InputGone, a); err != nil {
					return err
				}
				next, err := w.gone(a, Input{Actor: actor, Scan: scan, Note: "confirmed"}, record.Start)
				if err != nil {
					return err
				}
				if next.Status != a.Status {
					n++
				}
			}
			if err := endHealth(tx, HealthHeld, record.Stream+" "+account, w.now); err != nil {
				return err
			}
		}
		record.Held = nil
		record.Summary.Resolved += n
		if err := tx.PutScan(record); err != nil {
			return err
		}
		return w.flush()
	})
	if err != nil {
		return 0, fmt.Errorf("confirm scan %s: %w", scan, err)
	}
	return n, nil
}
