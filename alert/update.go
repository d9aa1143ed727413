package alert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
)

// Scan describes an evaluation whose findings [Tracker.Update] applies.
type Scan struct {
	// ID is unique in the stream. Findings of a scan with the ID of one that was applied
	// change nothing.
	ID string
	// Stream names a source that is scanned again and again, such as "production" or
	// "account 123456789012". An alert that a stream claims is missed only by its scans.
	Stream string
	// Set is the set that made the findings.
	Set *policy.Set
	// Start is when the first asset was read.
	Start time.Time
	// Coverage returns an inventory with the coverage and the gaps of the scan. Its assets do
	// not matter. It is called once, after the findings have ended. Nil: nothing is known of
	// the coverage, and no alert is resolved because its asset is missing.
	Coverage func() *asset.Inventory
}

func (s *Scan) check() error {
	switch {
	case s.ID == "" || s.Stream == "":
		return errors.New("scan without ID or stream")
	case s.Set == nil:
		return errors.New("scan without a set of policies")
	case s.Start.IsZero():
		return errors.New("scan without start")
	}
	return nil
}

// Update applies the findings of a scan. It opens alerts for failing findings that rules
// match, and resolves alerts whose assets pass, to which the policy no longer applies, or
// which are gone. It applies findings in batches, each in one transaction. If the findings
// end in an error, the batches before it stay applied, the scan is recorded as incomplete, no
// alert is resolved because its asset is missing, and Update returns the error.
//
// A scan that is interrupted is applied by calling Update again with the same ID: what was
// applied before changes nothing. If only the last step was interrupted, [Tracker.Resume]
// finishes it, or the next Update of the stream.
func (t *Tracker) Update(ctx context.Context, scan Scan, findings iter.Seq2[policy.Finding, error]) (Summary, error) {
	if err := errors.Join(t.check(), scan.check()); err != nil {
		return Summary{}, fmt.Errorf("update alerts: %w", err)
	}
	summary, err := t.update(ctx, scan, findings)
	if err != nil {
		return summary, fmt.Errorf("update alerts by scan %s of %s: %w", scan.ID, scan.Stream, secret.MaskError(err))
	}
	return summary, nil
}

func (t *Tracker) update(ctx context.Context, scan Scan, findings iter.Seq2[policy.Finding, error]) (Summary, error) {
	if err := t.resume(ctx, scan.Stream, scan.ID); err != nil {
		return Summary{}, err
	}
	u := newUpdate(t, scan)
	done, err := u.begin(ctx)
	if done || err != nil {
		return u.record.Summary, err
	}
	if err := u.findings(ctx, findings); err != nil {
		return u.record.Summary, u.fail(ctx, err)
	}
	if err := u.end(ctx); err != nil {
		return u.record.Summary, err
	}
	err = t.finish(ctx, &u.record)
	return u.record.Summary, err
}

// update is a scan that is being applied.
type update struct {
	*Tracker
	scan     Scan
	record   ScanRecord
	baseline bool
	counter  *assetCounter
	verdicts *verdicts
	seen     map[[16]byte]bool // the alerts that findings were about
	known    map[string]bool   // the accounts that earlier scans of the stream saw
	unknown  map[string]bool   // "account type policy" of findings about gaps and coverage
	denied   map[string]bool   // "account operation"
	batch    []item
	refused  string // the first observation in the future
}

// item is a finding of a batch.
type item struct {
	key     Key
	hash    [16]byte
	verdict *Verdict // nil: unknown
	why     string   // of an unknown verdict
	account string
	former  []string     // earlier ids of the policy
	asset   *asset.Asset // of a verdict that fails
}

func newUpdate(t *Tracker, scan Scan) *update {
	u := &update{
		Tracker: t, scan: scan,
		record: ScanRecord{
			ID: scan.ID, Stream: scan.Stream, State: ScanRunning, Start: micro(scan.Start),
		},
		counter: newAssetCounter(), verdicts: newVerdicts(), seen: map[[16]byte]bool{}, known: map[string]bool{},
		unknown: map[string]bool{}, denied: map[string]bool{},
	}
	if scan.Set != nil {
		digest, _ := scan.Set.Digest()
		u.record.SetDigest = fmt.Sprintf("%x", digest[:])
		for p := range scan.Set.Policies() {
			u.record.Policies = append(u.record.Policies, p.ID)
		}
	}
	return u
}

// begin records that the scan is being applied, and reports whether it was applied before.
func (u *update) begin(ctx context.Context) (done bool, err error) {
	err = u.Store.Write(ctx, u.Tenant, func(tx Tx) error {
		known, ok, err := tx.Scan(u.scan.ID)
		if err != nil {
			return err
		}
		if ok && known.Stream != u.scan.Stream {
			return fmt.Errorf("scan of another stream: %s", known.Stream)
		}
		if ok && known.State == ScanDone {
			u.record, done = known, true
			return nil
		}
		if ok {
			u.record.Batches, u.record.Quiet = known.Batches, known.Quiet
			if known.State == ScanResolving {
				u.record.State = known.State // another tracker is at the last step
			}
		}
		var s stream
		scanned, err := readDocument(tx, docStream, u.scan.Stream, &s)
		if err != nil {
			return err
		}
		u.baseline = u.Baseline && !scanned
		clear(u.known)
		for _, a := range s.Accounts {
			u.known[a] = true
		}
		return tx.PutScan(u.record)
	})
	return done, err
}

// add takes a finding into the batch, if it is about an asset.
func (u *update) add(f policy.Finding) {
	u.record.Summary.Findings++
	f = f.Masked()
	u.counter.add(f)
	if f.Subject.Kind() != policy.OfAsset {
		u.health(f)
		return
	}
	a := f.Asset()
	it := item{key: Key{f.Policy.ID, a.Ref}, account: accountOf(a.Scope), former: f.Policy.PreviousIDs}
	it.hash = it.key.Hash(u.Tenant)
	if f.Status == policy.Unknown {
		it.why = cut(f.Message, 500)
	} else {
		v := u.verdicts.of(f, u.scan)
		if v.Read.Earliest.After(u.now().Add(maxFuture)) {
			u.record.Summary.Refused++
			if u.refused == "" {
				u.refused = fmt.Sprintf("%s was observed at %s", a.Ref, v.Read.Earliest.Format(time.RFC3339))
			}
			u.seen[it.hash] = true
			return
		}
		it.verdict = v
		if f.Status == policy.Fail {
			it.asset = a
		}
	}
	u.batch = append(u.batch, it)
}

// accountOf returns the account of a scope as scans and marks name it.
func accountOf(s asset.Scope) string { return s.Provider + "/" + s.Account }

// findings takes all findings, and applies a batch when it is full or old enough, also while
// the next finding takes long. The time of a batch is that of this process: it decides
// nothing else.
func (u *update) findings(ctx context.Context, findings iter.Seq2[policy.Finding, error]) error {
	size, wait := cmp.Or(u.Batch, 20_000), cmp.Or(u.BatchTime, time.Second)
	next, stop := pull(findings)
	defer stop()
	ticker := time.NewTicker(wait)
	defer ticker.Stop()
	for {
		select {
		case f, ok := <-next:
			if !ok {
				return u.flush(ctx)
			}
			if f.panicked != nil {
				panic(f.panicked)
			}
			err := cmp.Or(f.err, context.Cause(ctx))
			if err != nil {
				return errors.Join(err, u.flush(context.WithoutCancel(ctx)))
			}
			if len(u.batch) == 0 {
				ticker.Reset(wait)
			}
			if u.add(f.value); len(u.batch) >= size {
				if err := u.flush(ctx); err != nil {
					return err
				}
			}
		case <-ticker.C:
			if err := u.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// flush applies the batch in one transaction.
func (u *update) flush(ctx context.Context) error {
	if len(u.batch) == 0 {
		return nil
	}
	var applied Summary
	var w *writer
	var touched [][16]byte
	var record ScanRecord
	err := u.Store.Write(ctx, u.Tenant, func(tx Tx) (err error) {
		applied, touched = Summary{}, touched[:0]
		known, _, err := tx.Scan(u.scan.ID)
		if err != nil {
			return err
		}
		if known.State == ScanIncomplete {
			return errSuperseded
		}
		record = u.record
		record.State, record.Batches, record.Quiet = known.State, known.Batches, known.Quiet
		if w, err = u.writer(tx); err != nil {
			return err
		}
		if err := u.apply(w, &applied, &touched); err != nil {
			return err
		}
		record.Quiet = u.hush(w, known.Quiet)
		if err := w.flush(); err != nil {
			return err
		}
		record.Summary.add(applied)
		if known.State != ScanRunning {
			return nil // another tracker is ahead
		}
		record.Batches++
		return tx.PutScan(record)
	})
	if err != nil {
		return err
	}
	u.record = record
	for _, h := range touched {
		u.seen[h] = true
	}
	u.batch = u.batch[:0]
	return nil
}

// fail records that the findings ended in an error.
func (u *update) fail(ctx context.Context, cause error) error {
	// The batch before the error is whole, and so are its verdicts. The context may have
	// ended, and what is known is still recorded.
	ctx = context.WithoutCancel(ctx)
	err := u.Store.Write(ctx, u.Tenant, func(tx Tx) error {
		known, _, err := tx.Scan(u.scan.ID)
		if err != nil || known.State != ScanRunning {
			return err
		}
		known.Summary = u.record.Summary
		if err := u.giveUp(tx, &known, cut(secret.Mask(cause.Error()), 500)); err != nil {
			return err
		}
		u.record = known
		return nil
	})
	return errors.Join(cause, err)
}

func (s *Summary) add(o Summary) {
	s.Opened += o.Opened
	s.Resolved += o.Resolved
	s.Changed += o.Changed
	s.Unchanged += o.Unchanged
	s.Unknown += o.Unknown
	s.Late += o.Late
	s.Kept += o.Kept
}

// health takes a finding about a gap or about coverage into account.
func (u *update) health(f policy.Finding) {
	if f.Status != policy.Unknown || len(u.unknown) >= maxUnknown {
		return
	}
	account := accountOf(f.Scope())
	switch s := f.Subject.(type) {
	case policy.GapSubject:
		if s.Gap.Cause.Reason == asset.Denied && s.Gap.Cause.Op != "" && len(u.denied) < maxUnknown {
			u.denied[account+" "+s.Gap.Cause.Op] = true
		}
		u.unknown[account+" "+string(s.Gap.Type)+" "+f.Policy.ID] = true
	case policy.CoverageSubject:
		u.unknown[account+" "+string(s.Type)+" "+f.Policy.ID] = true
	}
}

// maxUnknown bounds the places that are remembered as unknown.
const maxUnknown = 10_000

// sortedKeys returns the keys of a set, sorted.
func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
