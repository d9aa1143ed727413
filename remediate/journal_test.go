package remediate

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
)

func testKeys(ids ...string) Keys {
	k := Keys{ByID: map[string][]byte{}}
	for _, id := range ids {
		sum := sha256.Sum256([]byte(id))
		k.Current, k.ByID[id] = id, sum[:]
	}
	return k
}

var testTime = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func testPlan(t testing.TB, id string) *Plan {
	p := &Plan{
		Key: "key-" + id, Policy: "p", Class: policy.Safe, By: "ann",
		Target: Target{Type: "T", ID: id, Provider: "aws", Account: "1"}, Fix: FixID{"f", 1},
		Steps: []Step{{ID: "1"}, {ID: "2"}},
		Made:  testTime, Expires: testTime.Add(24 * time.Hour),
	}
	var err error
	p.Digest, err = p.ComputeDigest()
	require.NoError(t, err)
	return p
}

func testJournal(t testing.TB, log Log) (*Journal, *clock) {
	c := &clock{testTime}
	j, err := NewJournal(log, testKeys("k1"), c.now)
	require.NoError(t, err)
	return j, c
}

func request(p *Plan, actor string) leaseRequest {
	return leaseRequest{plan: p, run: "run-" + actor, actor: actor, ttl: time.Minute}
}

func TestJournalLeases(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	other, _ := testJournal(t, log)
	other.now = c.now
	p := testPlan(t, "a")

	ann, err := j.lease(ctx, request(p, "ann"))
	require.NoError(t, err)
	_, err = other.lease(ctx, request(p, "bob"))
	require.ErrorIs(t, err, ErrLeased)

	q := testPlan(t, "a")
	q.Policy = "q"
	q.Digest, err = q.ComputeDigest()
	require.NoError(t, err)
	_, err = other.lease(ctx, request(q, "bob"))
	require.ErrorIs(t, err, ErrLeased, "another plan for the same asset")

	c.t = c.t.Add(50 * time.Second)
	require.NoError(t, ann.renew(ctx))
	c.t = c.t.Add(50 * time.Second)
	_, err = other.lease(ctx, request(p, "bob"))
	require.ErrorIs(t, err, ErrLeased, "prolonged")

	c.t = c.t.Add(time.Minute)
	require.ErrorIs(t, ann.record(ctx, Begun, "1", nil), ErrFenced, "a step does not begin after the end of the lease")
	bob, err := other.lease(ctx, request(p, "bob"))
	require.NoError(t, err)
	require.ErrorIs(t, ann.record(ctx, Done, "1", nil), ErrFenced)
	require.NoError(t, ann.release(ctx))

	require.NoError(t, bob.record(ctx, Intended, "", p))
	require.NoError(t, bob.record(ctx, Begun, "1", nil))
	require.NoError(t, bob.release(ctx))
	_, err = j.lease(ctx, request(p, "ann"))
	require.ErrorIs(t, err, ErrUsed)
	r := request(p, "ann")
	r.recover = true
	_, err = j.lease(ctx, r)
	require.NoError(t, err)
}

// A lease that has ended is not prolonged, even if nobody else had the plan: another plan may be
// changing the asset.
func TestJournalFences(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	p, q := testPlan(t, "a"), testPlan(t, "a")
	q.Policy = "q"
	var err error
	q.Digest, err = q.ComputeDigest()
	require.NoError(t, err)

	ann, err := j.lease(ctx, request(p, "ann"))
	require.NoError(t, err)
	c.t = c.t.Add(2 * time.Minute)
	bob, err := j.lease(ctx, request(q, "bob"))
	require.NoError(t, err)
	require.ErrorIs(t, ann.renew(ctx), ErrFenced)
	require.ErrorIs(t, ann.record(ctx, Begun, "1", nil), ErrFenced)

	c.t = c.t.Add(50 * time.Second)
	require.NoError(t, bob.record(ctx, Begun, "1", nil))
	c.t = c.t.Add(50 * time.Second)
	require.NoError(t, bob.record(ctx, Done, "1", nil))
	require.NoError(t, bob.renew(ctx), "a step that begins prolongs the lease")

	require.NoError(t, bob.record(ctx, Verified, "", nil))
	require.NoError(t, bob.release(ctx))
	r := request(q, "eve")
	r.recover = true
	_, err = j.lease(ctx, r)
	require.ErrorIs(t, err, ErrUsed, "nothing is left to find out about a plan that has ended")
	r.plan = p
	r.plan.Digest = "other"
	_, err = j.lease(ctx, r)
	require.NoError(t, err)
}

func TestJournalFailures(t *testing.T) {
	for name, tt := range map[string]struct {
		rollback bool
		kinds    []EventKind // with a step if they are Begun or Done
		want     int
	}{
		"failed":                    {false, []EventKind{Begun, Failed}, 1},
		"failed and undone":         {false, []EventKind{Begun, Failed, Begun, Done, Undone}, 1},
		"failed, then found failed": {false, []EventKind{Begun, Failed, Begun, Failed}, 1},
		"verified":                  {false, []EventKind{Begun, Done, Verified}, 0},
		"not started":               {false, []EventKind{NotStarted}, 0},
		"rollback failed":           {true, []EventKind{Begun, Failed}, 0},
	} {
		ctx, log := t.Context(), &MemoryLog{}
		j, _ := testJournal(t, log)
		p := testPlan(t, "a")
		if tt.rollback {
			p.Of = "x"
		}
		l, err := j.lease(ctx, request(p, "ann"))
		require.NoError(t, err)
		for _, kind := range tt.kinds {
			step := ""
			if kind == Begun || kind == Done {
				step = "1"
			}
			require.NoError(t, l.record(ctx, kind, step, nil))
		}
		s, err := j.State(ctx)
		require.NoError(t, err)
		assert.Equal(t, tt.want, s.Failures["f"], name)
	}

	ctx, log := t.Context(), &MemoryLog{}
	j, _ := testJournal(t, log)
	end := func(id, of string, kind EventKind) {
		p := testPlan(t, id)
		p.Of = of
		l, err := j.lease(ctx, request(p, "ann"))
		require.NoError(t, err)
		require.NoError(t, l.record(ctx, kind, "", nil))
	}
	end("a", "", Failed)
	end("b", "x", Verified)
	s, err := j.State(ctx)
	require.NoError(t, err)
	assert.Equal(t, 1, s.Failures["f"], "a rollback that works does not clear the fix")
	end("c", "", Verified)
	s, err = j.State(ctx)
	require.NoError(t, err)
	assert.Empty(t, s.Failures)
}

func TestJournalState(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	run := func(id string, events ...func(l *Lease) error) *Plan {
		p := testPlan(t, id)
		l, err := j.lease(ctx, request(p, "ann"))
		require.NoError(t, err)
		require.NoError(t, l.record(ctx, Intended, "", p))
		for _, e := range events {
			require.NoError(t, e(l))
		}
		require.NoError(t, l.release(ctx))
		c.t = c.t.Add(time.Minute)
		return p
	}
	on := func(kind EventKind, step string) func(l *Lease) error {
		return func(l *Lease) error { return l.record(ctx, kind, step, "why") }
	}
	good := run("a", on(Begun, "1"), on(Done, "1"), on(Begun, "2"), on(Done, "2"), on(Verified, ""))
	bad := run("b", on(Begun, "1"), on(Failed, "1"), on(Failed, ""))
	lost := run("c", on(Begun, "1"), on(Uncertain, "1"))
	never := run("d", on(NotStarted, ""))
	require.NoError(t, j.Suspend(ctx, good.Key, "ann", "rolled back"))
	require.NoError(t, j.Stop(ctx, "bob", "incident"))

	s, err := j.State(ctx)
	require.NoError(t, err)
	assert.Equal(t, Verified, s.Plans[good.Digest].Phase)
	assert.Equal(t, map[string]EventKind{"1": Done, "2": Done}, s.Plans[good.Digest].Steps)
	assert.Equal(t, Failed, s.Plans[bad.Digest].Phase)
	assert.Equal(t, Uncertain, s.Plans[lost.Digest].Phase)
	assert.Equal(t, []string{lost.Digest}, s.Open())
	assert.False(t, s.Plans[never.Digest].Begun)
	assert.Equal(t, map[string]int{"f": 1}, s.Failures)
	assert.Equal(t, map[string]bool{good.Key: true}, s.Suspended)
	assert.Equal(t, &Stop{By: "bob", Why: "incident", At: c.t}, s.Stop)
	assert.Equal(t, 3, s.ChangesSince(testTime, func(PlanChange) bool { return true }), "the plan that was not begun is no change")
	assert.Equal(t, 1, s.ChangesSince(testTime, func(p PlanChange) bool { return p.Key == bad.Key }))

	require.NoError(t, j.Start(ctx, "bob", "over"))
	require.NoError(t, j.Clear(ctx, "f", "bob", "mended"))
	require.NoError(t, j.Unsuspend(ctx, good.Key, "bob", ""))
	s, err = j.State(ctx)
	require.NoError(t, err)
	assert.Nil(t, s.Stop)
	assert.Empty(t, s.Failures)
	assert.Empty(t, s.Suspended)

	fresh, _ := testJournal(t, log)
	again, err := fresh.State(ctx)
	require.NoError(t, err)
	assert.Equal(t, s, again, "the state follows from the entries alone")
}

func TestJournalTampering(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, _ := testJournal(t, log)
	for i := range 5 {
		require.NoError(t, j.Suspend(ctx, fmt.Sprint("k", i), "ann", "why"))
	}
	head, err := j.Verify(ctx, Head{})
	require.NoError(t, err)
	assert.EqualValues(t, 5, head.Seq)
	for name, change := range map[string]func([]Entry) []Entry{
		"changed":           func(es []Entry) []Entry { es[2].Actor = "eve"; return es },
		"changed, new hash": func(es []Entry) []Entry { es[2].Actor = "eve"; es[2].Hash, _ = es[2].hash(); return es },
		"removed":           func(es []Entry) []Entry { return slices.Delete(es, 2, 3) },
		"removed first":     func(es []Entry) []Entry { return es[1:] },
		"swapped":           func(es []Entry) []Entry { es[1], es[2] = es[2], es[1]; return es },
		"doubled":           func(es []Entry) []Entry { return append(es, es[4]) },
		"cut off":           func(es []Entry) []Entry { return es[:4] },
		"emptied":           func(es []Entry) []Entry { return nil },
		"another key": func(es []Entry) []Entry {
			es[4].Actor = "eve"
			k := testKeys("k1")
			k.ByID["k1"] = make([]byte, 32)
			_ = es[4].sign(k)
			return es
		},
	} {
		forged := &MemoryLog{entries: change(slices.Clone(log.entries))}
		fresh, _ := testJournal(t, forged)
		_, err := fresh.Verify(ctx, head)
		assert.ErrorIs(t, err, ErrTampered, name)
	}

	// A process that read the entries notices that they are gone.
	log.entries = log.entries[:3]
	assert.ErrorIs(t, j.Suspend(ctx, "k", "ann", ""), ErrTampered)
}

func TestJournalKeyRotation(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, _ := testJournal(t, log)
	require.NoError(t, j.Stop(ctx, "ann", ""))
	rotated, err := NewJournal(log, testKeys("k1", "k2"), nil)
	require.NoError(t, err)
	require.NoError(t, rotated.Start(ctx, "ann", ""))
	_, err = j.State(ctx)
	require.ErrorContains(t, err, `unknown key "k2"`)
	_, err = NewJournal(log, Keys{Current: "x", ByID: map[string][]byte{"x": make([]byte, 16)}}, nil)
	require.ErrorContains(t, err, `key "x" has 16 bytes (want 32 or more)`)
	_, err = NewJournal(log, Keys{}, nil)
	require.ErrorContains(t, err, `no key ""`)
}

// Pruning changes no decision.
func TestJournalPrune(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	open := testPlan(t, "open")
	l, err := j.lease(ctx, request(open, "ann"))
	require.NoError(t, err)
	require.NoError(t, l.record(ctx, Intended, "", open))
	require.NoError(t, l.record(ctx, Begun, "1", nil))
	ended := testPlan(t, "ended")
	l, err = j.lease(ctx, request(ended, "ann"))
	require.NoError(t, err)
	require.NoError(t, l.record(ctx, Intended, "", ended))
	require.NoError(t, l.record(ctx, Begun, "1", nil))
	require.NoError(t, l.record(ctx, Verified, "", nil))
	require.NoError(t, j.Suspend(ctx, "k", "ann", ""))
	require.ErrorContains(t, j.Prune(ctx, c.t), "within seven days")

	other, _ := testJournal(t, log)
	other.now = c.now
	_, err = other.State(ctx)
	require.NoError(t, err)
	c.t = c.t.Add(10 * 24 * time.Hour)
	require.NoError(t, j.Stop(ctx, "ann", ""))
	require.NoError(t, j.Prune(ctx, c.t.Add(-8*24*time.Hour)))
	assert.Len(t, log.entries, 2, "the checkpoint and the entry after it")

	fresh, _ := testJournal(t, log)
	for name, journal := range map[string]*Journal{"one that pruned": j, "one that did not read the checkpoint": other, "a new one": fresh} {
		s, err := journal.State(ctx)
		require.NoError(t, err, name)
		assert.Equal(t, []string{open.Digest}, s.Open(), name)
		assert.NotEmpty(t, s.Plans[open.Digest].Plan, name)
		assert.True(t, s.Suspended["k"], name)
		assert.NotNil(t, s.Stop, name)
	}
	_, err = fresh.Verify(ctx, Head{Seq: 2, Hash: "x"})
	require.ErrorContains(t, err, "entry 2 was pruned")
	require.NoError(t, other.Start(ctx, "bob", ""))
	_, err = fresh.Verify(ctx, Head{})
	require.NoError(t, err)

	log.entries[0].Detail = json.RawMessage(`{}`)
	_, err = fresh.Verify(ctx, Head{})
	require.ErrorIs(t, err, ErrTampered, "a checkpoint is signed")
}

// Many runners want the same plans: each is begun by one.
func TestJournalRace(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	plans := make([]*Plan, 10)
	for i := range plans {
		plans[i] = testPlan(t, fmt.Sprint(i))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	begun := map[string]int{}
	for r := range 4 {
		wg.Go(func() {
			j, _ := testJournal(t, log)
			for i := range plans {
				p := plans[(i+r)%len(plans)]
				l, err := j.lease(ctx, request(p, fmt.Sprint(r)))
				if err != nil {
					continue
				}
				if l.record(ctx, Intended, "", p) == nil && l.record(ctx, Begun, "1", nil) == nil {
					mu.Lock()
					begun[p.Digest]++
					mu.Unlock()
				}
				_ = l.release(ctx)
			}
		})
	}
	wg.Wait()
	for _, p := range plans {
		assert.Equal(t, 1, begun[p.Digest])
	}
	j, _ := testJournal(t, log)
	_, err := j.Verify(ctx, Head{})
	require.NoError(t, err)
}

// brokenLog fails as databases do.
type brokenLog struct {
	MemoryLog
	read, write error
	lose        bool // the reply of a write, not the write
}

func (l *brokenLog) Read(ctx context.Context, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if l.read != nil {
			yield(Entry{}, l.read)
			return
		}
		l.MemoryLog.Read(ctx, after)(yield)
	}
}

func (l *brokenLog) Append(ctx context.Context, e Entry) error {
	if l.write != nil && !l.lose {
		return l.write
	}
	if err := l.MemoryLog.Append(ctx, e); err != nil {
		return err
	}
	return l.write
}

func TestJournalOfBrokenLog(t *testing.T) {
	ctx, log := t.Context(), &brokenLog{}
	j, _ := testJournal(t, log)
	log.write = errors.New("disk full")
	require.ErrorContains(t, j.Stop(ctx, "ann", ""), "write journal: disk full")
	log.lose = true
	require.NoError(t, j.Stop(ctx, "ann", ""), "the entry was written; only the reply was lost")
	log.write, log.read = nil, errors.New("connection refused")
	_, err := j.State(ctx)
	require.ErrorContains(t, err, "read journal: connection refused", "a journal that cannot be read has no state")
	_, err = j.lease(ctx, request(testPlan(t, "a"), "ann"))
	require.ErrorContains(t, err, "read journal: connection refused")
	log.read = nil
	s, err := j.State(ctx)
	require.NoError(t, err)
	assert.NotNil(t, s.Stop)
	assert.EqualValues(t, 1, s.Seq)
}

// An entry that this version does not understand stops the journal each time, not once.
func TestJournalOfNewerVersion(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, _ := testJournal(t, log)
	require.NoError(t, j.Stop(ctx, "ann", ""))
	for name, e := range map[string]Entry{
		`unknown kind "paused"`:                          {Kind: "paused"},
		"begun of a plan that nobody leased":             {Kind: Begun, Plan: "p", Step: "1"},
		"checkpoint: state without plans":                {Kind: Checkpoint, Detail: json.RawMessage(`{"plans":null}`)},
		"checkpoint: plan p without steps":               {Kind: Checkpoint, Detail: json.RawMessage(`{"plans":{"p":{}}}`)},
		"time 2026-05-01T11:59:59Z before that of":       {Kind: Started, Time: testTime.Add(-time.Second)},
		"checkpoint: json: cannot unmarshal number into": {Kind: Checkpoint, Detail: json.RawMessage(`1`)},
	} {
		other := &MemoryLog{entries: slices.Clone(log.entries)}
		if e.Seq, e.Prev = 2, log.entries[0].Hash; e.Time.IsZero() {
			e.Time = testTime
		}
		require.NoError(t, e.sign(testKeys("k1")))
		require.NoError(t, other.Append(ctx, e))
		j, _ := testJournal(t, other)
		for range 2 {
			_, err := j.State(ctx)
			require.ErrorContains(t, err, name)
		}
		require.ErrorContains(t, j.Start(ctx, "ann", ""), name)
	}
}

// A checkpoint of the past, put after the entries, does not take the state back.
func TestJournalReplay(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	require.NoError(t, j.Start(ctx, "ann", ""))
	c.t = c.t.Add(10 * 24 * time.Hour)
	require.NoError(t, j.Stop(ctx, "ann", ""))
	old := &MemoryLog{entries: slices.Clone(log.entries)}
	before, _ := testJournal(t, old)
	before.now = c.now
	require.NoError(t, before.Prune(ctx, c.t.Add(-8*24*time.Hour)))
	require.EqualValues(t, 1, old.entries[0].Seq)
	log.entries = append(log.entries, old.entries[0])
	fresh, _ := testJournal(t, log)
	_, err := fresh.State(ctx)
	require.ErrorIs(t, err, ErrTampered)
}

// A clock that goes back does not make times of the journal go back.
func TestJournalClock(t *testing.T) {
	ctx, log := t.Context(), &MemoryLog{}
	j, c := testJournal(t, log)
	require.NoError(t, j.Stop(ctx, "ann", ""))
	c.t = c.t.Add(-time.Hour)
	require.NoError(t, j.Start(ctx, "ann", ""))
	assert.Equal(t, log.entries[0].Time, log.entries[1].Time)
}
