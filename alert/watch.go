package alert

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/fnv"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// Watch checks an estate continuously: it scans targets on their schedules, applies what it
// finds, and judges single assets again when it hears that they changed. Policies that look
// at one asset are evaluated while assets arrive. Policies that look up others are evaluated
// when the target was searched whole, with the assets of the other targets as they were last
// seen. Its fields must not change while it is in use.
type Watch struct {
	Tracker *Tracker
	Set     *policy.Set
	Targets []Target
	// Parallel is the number of targets that are scanned at once. 0: 4.
	Parallel int
	// Failed is called with the error of a scan or of a tick; both are tried again. Nil: the
	// health conditions of the store are the only trace.
	Failed func(target string, err error)

	once    sync.Once
	mu      sync.Mutex
	kept    map[string]*asset.Inventory // by target: the assets that lookups need, and their subjects
	busy    map[string]bool
	pause   map[string]time.Time // after a scan that failed: when the next attempt is due
	alone   map[string]bool      // ids of the policies that look up nothing
	related map[asset.Type]bool
}

// Target is a part of the estate that is scanned by itself, such as an account.
type Target struct {
	// Name names the stream of its scans.
	Name     string
	Provider provider.Provider
	// Query selects what belongs to the target. Types and Reads are set by Watch.
	Query provider.Query
	// Every is the time from the start of one scan to the next; it is spread by up to a tenth,
	// so that targets do not start together. 0: an hour.
	Every time.Duration
}

func (t *Target) schemas() func(asset.Type) (*asset.Schema, bool) {
	if t.Query.Schemas != nil {
		return t.Query.Schemas
	}
	return catalog.Schema
}

// leaseTime is how long a scan holds its target if its process dies, and unscannedAfter how
// many intervals may pass without a scan.
const (
	leaseTime      = 2 * time.Minute
	unscannedAfter = 2
	docLease       = "lease"
)

// targetLease is the document of a target that is being scanned.
type targetLease struct {
	Holder string    `json:"holder"`
	Until  time.Time `json:"until"`
}

// errHeld is the error of a target that another process scans.
var errHeld = errors.New("another process scans the target")

// check reports what the watch lacks.
func (w *Watch) check() error {
	if w.Tracker == nil || w.Set == nil {
		return errors.New("watch without tracker or set")
	}
	if err := w.Tracker.check(); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, t := range w.Targets {
		if t.Name == "" || t.Provider == nil {
			return errors.New("target without name or provider")
		}
		if names[t.Name] {
			return fmt.Errorf("duplicate target %q", t.Name)
		}
		names[t.Name] = true
	}
	w.once.Do(func() {
		w.kept, w.busy, w.pause = map[string]*asset.Inventory{}, map[string]bool{}, map[string]time.Time{}
		w.alone, w.related = map[string]bool{}, map[asset.Type]bool{}
		w.alone[policy.SecretPolicy().ID] = true // which every set has
		for p := range w.Set.Policies() {
			types, complete := p.Lookups()
			if complete && len(types) == 0 {
				w.alone[p.ID] = true
				continue
			}
			for _, t := range types {
				w.related[t] = true
			}
			for _, c := range p.Checks {
				for _, t := range c.Types {
					w.related[t] = true
				}
			}
		}
	})
	return nil
}

// Run scans every target when it is due, and applies what time brings, until the context
// ends. It returns the cause of that. Targets that were scanned before the program started
// are due when their interval has passed.
func (w *Watch) Run(ctx context.Context) error {
	if err := w.check(); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	if err := w.Tracker.Resume(ctx); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	slots := make(chan struct{}, cmp.Or(w.Parallel, 4))
	var running sync.WaitGroup
	defer running.Wait()
	ended := make(chan struct{}, len(w.Targets)+1)
	for {
		wait := w.tick(ctx)
		for _, t := range w.Targets {
			due, err := w.due(ctx, t)
			if err != nil {
				w.failed(t.Name, err)
				continue
			}
			if due > 0 {
				wait = min(wait, due)
				continue
			}
			if !w.take(t.Name) {
				continue // it is being scanned
			}
			running.Add(1)
			go func() {
				defer running.Done()
				defer func() { ended <- struct{}{} }()
				defer w.release(t.Name)
				select {
				case slots <- struct{}{}:
					defer func() { <-slots }()
				case <-ctx.Done():
					return
				}
				if _, err := w.scan(ctx, t); err != nil && ctx.Err() == nil {
					w.wait(t)
					w.failed(t.Name, err)
				}
			}()
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		case <-ended:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// retryAfter is the time after a failed scan until the next attempt.
const retryAfter = time.Minute

// tick applies what time brings, and returns how long it can wait.
func (w *Watch) tick(ctx context.Context) time.Duration {
	next, err := w.Tracker.Tick(ctx)
	if err != nil {
		if ctx.Err() == nil {
			w.failed("", err)
		}
		return retryAfter
	}
	wait := time.Hour
	if !next.IsZero() {
		wait = min(wait, next.Sub(w.Tracker.now()))
	}
	return max(wait, time.Second)
}

func (w *Watch) failed(target string, err error) {
	if w.Failed != nil {
		w.Failed(target, err)
	}
}

// wait postpones the next attempt of a scan that failed.
func (w *Watch) wait(t Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pause[t.Name] = w.Tracker.now().Add(min(cmp.Or(t.Every, time.Hour), retryAfter))
}

func (w *Watch) take(target string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[target] {
		return false
	}
	w.busy[target] = true
	return true
}

func (w *Watch) release(target string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, target)
}

// due returns how long it is until a target is to be scanned. It reports a target that was
// not scanned for too long.
func (w *Watch) due(ctx context.Context, t Target) (wait time.Duration, err error) {
	every := cmp.Or(t.Every, time.Hour)
	tr := w.Tracker
	var last, attempt time.Time
	err = tr.Store.Read(ctx, tr.view(), func(r Reader) error {
		scans, err := r.Scans(t.Name, 100)
		for _, s := range scans {
			if s.Start.After(attempt) {
				attempt = s.Start
			}
			if s.State == ScanDone && s.Start.After(last) {
				last = s.Start
			}
		}
		return err
	})
	now := tr.now()
	w.mu.Lock()
	pause := w.pause[t.Name].Sub(now)
	w.mu.Unlock()
	if err != nil || attempt.IsZero() {
		return max(0, pause), err
	}
	if late := now.Sub(cmp.Or(last, attempt)); late > unscannedAfter*every {
		err := tr.Store.Write(ctx, tr.Tenant, func(tx Tx) error {
			msg := fmt.Sprintf("no scan of %s was completed for %s, the interval is %s", t.Name, late.Round(time.Second), every)
			_, err := putHealth(tx, Health{Kind: HealthUnscanned, Subject: t.Name, Message: msg}, now)
			return err
		})
		if err != nil {
			return 0, err
		}
	}
	next := attempt.Add(every + jitter(t.Name, attempt, every))
	if last.Before(attempt) {
		next = attempt.Add(min(every, retryAfter))
	}
	return max(0, next.Sub(now), pause), nil
}

// jitter spreads the scans of targets over a tenth of their interval. It is the same for the
// same scan, so that a restart moves nothing.
func jitter(name string, at time.Time, every time.Duration) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", name, at.UnixMicro())
	tenth := max(uint64(every/10), 1)
	return time.Duration(h.Sum64() % tenth)
}

// Scan scans one target now, by its name, unless it is being scanned.
func (w *Watch) Scan(ctx context.Context, target string) (Summary, error) {
	if err := w.check(); err != nil {
		return Summary{}, fmt.Errorf("scan %s: %w", target, err)
	}
	i := slices.IndexFunc(w.Targets, func(t Target) bool { return t.Name == target })
	if i < 0 {
		return Summary{}, fmt.Errorf("unknown target %.100q", target)
	}
	if !w.take(target) {
		return Summary{}, fmt.Errorf("scan %s: it is being scanned", target)
	}
	defer w.release(target)
	s, err := w.scan(ctx, w.Targets[i])
	if err != nil {
		return s, fmt.Errorf("scan %s: %w", target, err)
	}
	return s, nil
}

// scan discovers a target and applies the findings.
func (w *Watch) scan(ctx context.Context, t Target) (Summary, error) {
	start := w.Tracker.now()
	scan := Scan{ID: fmt.Sprintf("%s-%d", t.Name, start.UnixMicro()), Stream: t.Name, Set: w.Set, Start: start}
	unlock, err := w.lock(ctx, scan)
	if err != nil {
		return Summary{}, err
	}
	defer unlock()
	inv := &asset.Inventory{} // all coverage and gaps, and the assets that are kept
	scan.Coverage = func() *asset.Inventory { return inv }
	return w.Tracker.Update(ctx, scan, w.findings(ctx, t, inv))
}

// lock holds a target against other processes until unlock is called. A process that dies
// holds it for a while.
func (w *Watch) lock(ctx context.Context, scan Scan) (unlock func(), err error) {
	tr, holder := w.Tracker, rand.Text()
	hold := func(ctx context.Context) error {
		return tr.Store.Write(ctx, tr.Tenant, func(tx Tx) error {
			var l targetLease
			if _, err := readDocument(tx, docLease, scan.Stream, &l); err != nil {
				return err
			}
			now := tr.now()
			if l.Holder != holder && l.Until.After(now) && !l.Until.After(now.Add(leaseTime)) {
				return errHeld
			}
			return writeDocument(tx, docLease, scan.Stream, targetLease{Holder: holder, Until: now.Add(leaseTime)})
		})
	}
	if err := hold(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			timer := time.NewTimer(leaseTime / 4)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
				_ = hold(ctx) // without the lease another process may start, which gives this scan up
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
		_ = tr.Store.Write(context.WithoutCancel(ctx), tr.Tenant, func(tx Tx) error {
			var l targetLease
			if _, err := readDocument(tx, docLease, scan.Stream, &l); err != nil || l.Holder != holder {
				return err
			}
			return tx.PutDocument(docLease, scan.Stream, nil)
		})
	}, nil
}

// findings yields the findings of policies that look at one asset while assets arrive, and
// then those of the other policies and of gaps and coverage. It adds to inv.
func (w *Watch) findings(ctx context.Context, t Target, inv *asset.Inventory) iter.Seq2[policy.Finding, error] {
	return func(yield func(policy.Finding, error) bool) {
		q := t.Query
		q.Types, q.Reads = w.Set.Types(), w.Set.Reads()
		for arrived, err := range groups(provider.Observe(ctx, t.Provider, q)) {
			if err != nil {
				yield(policy.Finding{}, err)
				return
			}
			var assets []asset.Observation
			for _, o := range arrived {
				a, ok := o.(*asset.Asset)
				if !ok || w.related[a.Type] {
					inv.Add(o)
				}
				if ok {
					assets = append(assets, o)
				}
			}
			for f, err := range w.Set.EvaluateEach(ctx, each(assets), &asset.Inventory{}) {
				if err == nil && (f.Asset() == nil || !w.alone[f.Policy.ID]) {
					continue
				}
				if !yield(f, err) || err != nil {
					return
				}
			}
		}
		w.keep(t.Name, inv)
		for f, err := range w.Set.EvaluateEach(ctx, contents(inv), w.estate(t.Name)) {
			if err == nil && f.Asset() != nil && w.alone[f.Policy.ID] {
				continue
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

// each yields the elements of a slice.
func each(all []asset.Observation) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range all {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// groups yields what a sequence yields in groups: as many as arrive together, or within a
// moment. A source that is slow must not hold back what it has found.
func groups(seq iter.Seq2[asset.Observation, error]) iter.Seq2[[]asset.Observation, error] {
	const most, moment = 1024, 100 * time.Millisecond
	return func(yield func([]asset.Observation, error) bool) {
		next, stop := pull(seq)
		defer stop()
		var group []asset.Observation
		var full <-chan time.Time
		for {
			select {
			case o, ok := <-next:
				if o.panicked != nil {
					panic(o.panicked)
				}
				if ok && o.err == nil {
					if group = append(group, o.value); len(group) == 1 {
						full = time.After(moment)
					}
					if len(group) < most {
						continue
					}
				}
				if len(group) > 0 && !yield(group, nil) {
					return
				}
				if !ok {
					return
				}
				if o.err != nil {
					yield(nil, o.err)
					return
				}
			case <-full:
				if !yield(group, nil) {
					return
				}
			}
			group, full = nil, nil
		}
	}
}

// contents yields what an inventory holds, its gaps and coverage first.
func contents(inv *asset.Inventory) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, g := range inv.Gaps() {
			if !yield(g, nil) {
				return
			}
		}
		for _, c := range inv.AllCoverage() {
			if !yield(c, nil) {
				return
			}
		}
		for a := range inv.All() {
			if !yield(a, nil) {
				return
			}
		}
	}
}

// keep remembers what a target holds for the lookups of others.
func (w *Watch) keep(target string, inv *asset.Inventory) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept[target] = inv
}

// estate returns an inventory of all targets as they were last seen.
func (w *Watch) estate(target string) *asset.Inventory {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.kept) == 1 && w.kept[target] != nil {
		return w.kept[target]
	}
	all := &asset.Inventory{}
	for _, name := range sortedKeys(w.kept) {
		for o := range contents(w.kept[name]) {
			all.Add(o)
		}
	}
	return all
}

// Hint says that an asset of a target may have changed. It is read again and judged, and so is
// every asset from which a policy reaches its type. An asset that does not exist any more
// resolves its alerts.
func (w *Watch) Hint(ctx context.Context, target string, refs ...asset.Ref) error {
	if err := w.check(); err != nil {
		return fmt.Errorf("hint: %w", err)
	}
	i := slices.IndexFunc(w.Targets, func(t Target) bool { return t.Name == target })
	if i < 0 {
		return fmt.Errorf("hint: unknown target %.100q", target)
	}
	var errs []error
	for _, ref := range refs {
		if err := w.hint(ctx, w.Targets[i], ref); err != nil {
			errs = append(errs, secret.MaskError(fmt.Errorf("hint %s: %w", ref, err)))
		}
	}
	return errors.Join(errs...)
}

func (w *Watch) hint(ctx context.Context, t Target, ref asset.Ref) error {
	a, err := provider.Get(ctx, t.Provider, ref)
	gone := errors.Is(err, provider.ErrNotFound)
	if err != nil && !gone {
		return err
	}
	if !gone {
		a = asset.Derive(a, t.schemas())
	}
	inv := w.replace(t.Name, ref, a)
	if gone {
		if err := w.Tracker.Gone(ctx, ref); err != nil {
			return err
		}
	}
	subjects := &asset.Inventory{}
	if !gone {
		subjects.Add(a)
	}
	affected := map[string]bool{}
	for p := range w.Set.Policies() {
		types, complete := p.Lookups()
		if complete && !slices.Contains(types, ref.Type) {
			continue
		}
		affected[p.ID] = true
		for _, c := range p.Checks {
			for _, typ := range c.Types {
				for s := range inv.OfType(typ) {
					subjects.Add(s)
				}
			}
		}
	}
	var findings []policy.Finding
	for f, err := range w.Set.EvaluateEach(ctx, contents(subjects), inv) {
		if err != nil {
			return err
		}
		if f.Asset() != nil && (f.Asset().Ref == ref || affected[f.Policy.ID]) {
			findings = append(findings, f)
		}
	}
	return w.Tracker.Apply(ctx, t.Name, findings...)
}

// replace puts an asset that was read again, or nil for one that is gone, into what is kept
// of a target, and returns the inventory of all.
func (w *Watch) replace(target string, ref asset.Ref, a *asset.Asset) *asset.Inventory {
	if !w.related[ref.Type] {
		return w.estate(target)
	}
	w.mu.Lock()
	before, after := w.kept[target], &asset.Inventory{}
	if before != nil {
		for o := range contents(before) {
			if old, ok := o.(*asset.Asset); !ok || old.Ref != ref {
				after.Add(o)
			}
		}
	}
	if a != nil {
		after.Add(a)
	}
	w.kept[target] = after
	w.mu.Unlock()
	return w.estate(target)
}

// Judge reads an asset again and returns the finding of a policy about it: the function for
// Tracker.Judge. The asset is looked up in the targets, in their order.
func (w *Watch) Judge(ctx context.Context, key Key) ([]policy.Finding, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	why := error(provider.ErrNotFound)
	for _, t := range w.Targets {
		a, err := provider.Get(ctx, t.Provider, key.Ref)
		if errors.Is(err, provider.ErrNotFound) {
			continue
		}
		if err != nil {
			why = err // it may be there
			continue
		}
		a = asset.Derive(a, t.schemas())
		inv := w.replace(t.Name, key.Ref, a)
		var findings []policy.Finding
		for f, err := range w.Set.EvaluateEach(ctx, func(yield func(asset.Observation, error) bool) { yield(a, nil) }, inv) {
			if err != nil {
				return nil, err
			}
			if f.Policy.ID == key.Policy && f.Asset() != nil {
				findings = append(findings, f)
			}
		}
		return findings, nil
	}
	return nil, why
}
