package remediate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// Errors of a [Journal], under [errors.Is].
var (
	// ErrLeased is returned for a plan that another runner has, or whose target another plan
	// is changing.
	ErrLeased = errors.New("another runner is at work")
	// ErrUsed is returned for a plan that was begun before.
	ErrUsed = errors.New("plan was applied before")
	// ErrFenced is returned to a runner whose lease has ended: another runner may have the plan.
	ErrFenced = errors.New("lease has ended")
)

// Journal is the record of repairs. Every change is written to it before it is made. Its
// entries form a chain, each with the hash of the one before and a message authentication
// code, so that nobody without the key can change what happened unnoticed. All decisions that
// several processes share (who applies a plan, budgets, the kill switch) are made in it. A
// Journal is safe for concurrent use.
type Journal struct {
	log  Log
	keys Keys
	now  func() time.Time

	mu    sync.Mutex
	state *State
}

// NewJournal returns the journal in a log. The clock nil is [time.Now]. It is an error if the
// current key is missing or a key is too short.
func NewJournal(log Log, keys Keys, now func() time.Time) (*Journal, error) {
	if now == nil {
		now = time.Now
	}
	if err := keys.verify(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return &Journal{log: log, keys: keys, now: now, state: newState()}, nil
}

// State returns a copy of what the entries add up to now.
func (j *Journal) State(ctx context.Context) (*State, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refresh(ctx); err != nil {
		return nil, fmt.Errorf("read journal: %w", err)
	}
	data, err := json.Marshal(j.state)
	if err != nil {
		return nil, err
	}
	s := newState()
	return s, json.Unmarshal(data, s)
}

// refresh adds the entries that were written since. A journal that cannot be read whole has
// no state.
func (j *Journal) refresh(ctx context.Context) error {
	for e, err := range j.log.Read(ctx, j.state.Seq) {
		if err != nil {
			return err
		}
		if err := j.next(j.state, e); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// next verifies an entry and adds it to a state. After an error the state is as it was.
func (j *Journal) next(s *State, e Entry) error {
	seq, prev := s.Seq+1, s.Hash
	if e.Kind == Checkpoint && e.Seq > s.Seq { // for entries that this process did not read
		seq, prev = e.Seq, e.Prev
	}
	if err := e.check(j.keys, seq, prev); err != nil {
		return err
	}
	if e.Time.Before(s.Time) {
		return fmt.Errorf("journal entry %d: time %s before that of the entry before", e.Seq, stamp(e.Time))
	}
	return s.fold(e)
}

// append writes the entry that make makes of the state, or returns its error. If another entry
// is written first, make is called again.
func (j *Journal) append(ctx context.Context, make func(s *State, now time.Time) (Entry, error)) (Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for refused := int64(-1); ; {
		if err := j.refresh(ctx); err != nil {
			return Entry{}, fmt.Errorf("read journal: %w", err)
		}
		if refused == j.state.Seq {
			return Entry{}, fmt.Errorf("write journal: %w: entries up to %d are not there any more", ErrTampered, refused)
		}
		now := j.now().UTC()
		if now.Before(j.state.Time) { // a clock that goes back
			now = j.state.Time
		}
		e, err := make(j.state, now)
		if err != nil {
			return Entry{}, err
		}
		e.Seq, e.Prev, e.Time = j.state.Seq+1, j.state.Hash, now
		if err := e.sign(j.keys); err != nil {
			return Entry{}, fmt.Errorf("write journal: %w", err)
		}
		err = j.log.Append(ctx, e)
		if errors.Is(err, ErrConflict) {
			refused = j.state.Seq
			continue
		}
		if err != nil {
			return Entry{}, j.written(ctx, e, err)
		}
		return e, j.next(j.state, e)
	}
}

// written returns nil if an entry is in the log after an error of Append, and else the error.
func (j *Journal) written(ctx context.Context, e Entry, err error) error {
	for got, readErr := range j.log.Read(ctx, e.Seq-1) {
		if readErr == nil && got.Hash == e.Hash {
			return j.next(j.state, got)
		}
		break
	}
	return fmt.Errorf("write journal: %w", err)
}

// Stop is the kill switch: after it returns, no step begins in any process until Start.
func (j *Journal) Stop(ctx context.Context, actor, why string) error {
	return j.simple(ctx, Entry{Kind: Stopped, Actor: actor}, why)
}

// Start permits steps again.
func (j *Journal) Start(ctx context.Context, actor, why string) error {
	return j.simple(ctx, Entry{Kind: Started, Actor: actor}, why)
}

// Clear permits a fix again that was stopped after failures.
func (j *Journal) Clear(ctx context.Context, fix, actor, why string) error {
	return j.simple(ctx, Entry{Kind: Cleared, Fix: fix, Actor: actor}, why)
}

// Suspend ends the unattended repair of a finding, by key.
func (j *Journal) Suspend(ctx context.Context, key, actor, why string) error {
	return j.simple(ctx, Entry{Kind: Suspended, Key: key, Actor: actor}, why)
}

// Unsuspend permits the unattended repair of a finding again.
func (j *Journal) Unsuspend(ctx context.Context, key, actor, why string) error {
	return j.simple(ctx, Entry{Kind: Resumed, Key: key, Actor: actor}, why)
}

func (j *Journal) simple(ctx context.Context, e Entry, why string) (err error) {
	if e.Detail, err = json.Marshal(why); err != nil {
		return err
	}
	_, err = j.append(ctx, func(*State, time.Time) (Entry, error) { return e, nil })
	return err
}

// Lease is the right of one runner to apply one plan, for a time.
type Lease struct {
	j     *Journal
	about Entry // the members that all entries of the plan have
	ttl   time.Duration
}

// leaseRequest is who wants to have a plan.
type leaseRequest struct {
	plan       *Plan
	run, actor string
	standing   string
	unattended bool
	recover    bool // to find out about a plan that was begun
	ttl        time.Duration
}

// lease gives a plan to a runner.
func (j *Journal) lease(ctx context.Context, r leaseRequest) (*Lease, error) {
	p := r.plan
	l := &Lease{j: j, ttl: r.ttl, about: Entry{
		Plan: p.Digest, Key: p.Key, Type: p.Target.Type, ID: p.Target.ID, Account: accountOf(p), Fix: p.Fix.ID,
		Run: r.run, Actor: r.actor, Standing: r.standing, Unattended: r.unattended, Rollback: p.Of != "",
	}}
	e, err := j.append(ctx, func(s *State, now time.Time) (Entry, error) {
		for digest, o := range s.Plans {
			if o.Leased(now) && (digest == p.Digest || o.Type == p.Target.Type && o.ID == p.Target.ID) {
				return Entry{}, fmt.Errorf("%w: plan %.12s of %s until %s", ErrLeased, digest, o.ID, stamp(o.Until))
			}
		}
		if o := s.Plans[p.Digest]; o != nil && (o.Begun && !r.recover || o.Ended() && (o.Phase != NotStarted || r.recover)) {
			return Entry{}, fmt.Errorf("%w: plan %.12s (%s)", ErrUsed, p.Digest, o.Phase)
		}
		e := l.about
		e.Kind, e.Until = Leased, now.Add(r.ttl)
		return e, nil
	})
	if err != nil {
		return nil, err
	}
	l.about.Token = e.Seq
	return l, nil
}

// accountOf returns the account of a plan as budgets count it.
func accountOf(p *Plan) string { return p.Target.Provider + "/" + p.Target.Account }

// record writes an event of the plan, if the lease is the last one that was given and the
// checks have no error. Between the checks and the event no other event is written.
func (l *Lease) record(ctx context.Context, kind EventKind, step string, detail any, checks ...func(s *State, now time.Time) error) error {
	e := l.about
	e.Kind, e.Step = kind, step
	if detail != nil {
		data, err := json.Marshal(detail)
		if err != nil {
			return err
		}
		e.Detail = data
	}
	_, err := l.j.append(ctx, func(s *State, now time.Time) (Entry, error) {
		p := s.Plans[e.Plan]
		if p == nil || p.Token != e.Token {
			return Entry{}, fmt.Errorf("%w: plan %.12s", ErrFenced, e.Plan)
		}
		// A lease that has ended is not prolonged: meanwhile another plan may change the target.
		if (kind == Begun || kind == Leased) && !p.Leased(now) {
			return Entry{}, fmt.Errorf("%w: plan %.12s at %s", ErrFenced, e.Plan, stamp(p.Until))
		}
		for _, check := range checks {
			if err := check(s, now); err != nil {
				return Entry{}, err
			}
		}
		if kind == Begun || kind == Leased {
			e.Until = now.Add(l.ttl)
		}
		return e, nil
	})
	return err
}

// renew prolongs the lease.
func (l *Lease) renew(ctx context.Context) error { return l.record(ctx, Leased, "", nil) }

// release ends the lease. A runner that is fenced has none to end.
func (l *Lease) release(ctx context.Context) error {
	err := l.record(ctx, Released, "", nil)
	if errors.Is(err, ErrFenced) {
		return nil
	}
	return err
}

// Events yields the entries after one, verified, in order. It is single-use.
func (j *Journal) Events(ctx context.Context, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		s := newState()
		for e, err := range j.log.Read(ctx, 0) {
			if err == nil {
				err = j.next(s, e)
			}
			if err != nil {
				yield(Entry{}, fmt.Errorf("read journal: %w", err))
				return
			}
			if e.Seq > after && !yield(e, nil) {
				return
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(Entry{}, err)
		}
	}
}

// Head names the last entry of a journal. Kept elsewhere, it proves later that no entry up to
// it was removed.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

// Verify reads all entries, verifies the chain, and returns its head. If an earlier head is
// given, not the zero one, the chain must still contain it: otherwise the error is [ErrTampered].
func (j *Journal) Verify(ctx context.Context, earlier Head) (Head, error) {
	s := newState()
	found := earlier == Head{}
	for e, err := range j.log.Read(ctx, 0) {
		if err == nil {
			err = j.next(s, e)
		}
		if err != nil {
			return Head{}, fmt.Errorf("verify journal: %w", err)
		}
		found = found || s.Seq == earlier.Seq && s.Hash == earlier.Hash
		if e.Kind == Checkpoint && e.Seq > earlier.Seq && !found {
			return Head{}, fmt.Errorf("verify journal: entry %d was pruned (has those from %d)", earlier.Seq, e.Seq)
		}
	}
	if err := context.Cause(ctx); err != nil {
		return Head{}, err
	}
	if !found {
		return Head{}, fmt.Errorf("verify journal: %w: entry %d is missing", ErrTampered, earlier.Seq)
	}
	return Head{Seq: s.Seq, Hash: s.Hash}, nil
}

// window is how long decisions look back at most: a finding that was repaired twice within it
// is not repaired unattended.
const window = 7 * 24 * time.Hour

// Prune removes the entries before an instant, which must be more than seven days ago, and
// keeps in their place a signed checkpoint with all that later decisions need: open plans,
// budgets, the kill switch. Plans that were pruned cannot be rolled back.
func (j *Journal) Prune(ctx context.Context, before time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if limit := j.now().Add(-window); before.After(limit) {
		return fmt.Errorf("prune journal: %s is within seven days", stamp(before))
	}
	s := newState()
	for e, err := range j.log.Read(ctx, 0) {
		if err != nil {
			return fmt.Errorf("prune journal: %w", err)
		}
		if e.Kind != Checkpoint && !e.Time.Before(before) {
			break
		}
		if err := j.next(s, e); err != nil {
			return fmt.Errorf("prune journal: %w", err)
		}
	}
	if s.Seq == 0 {
		return nil
	}
	detail, err := json.Marshal(s.pruned(before))
	if err != nil {
		return fmt.Errorf("prune journal: %w", err)
	}
	c := Entry{Seq: s.Seq, Time: s.Time, Kind: Checkpoint, Detail: detail, Prev: s.Hash}
	if err := c.sign(j.keys); err != nil {
		return fmt.Errorf("prune journal: %w", err)
	}
	if err := j.log.Prune(ctx, c); err != nil {
		return fmt.Errorf("prune journal: %w", err)
	}
	return nil
}
