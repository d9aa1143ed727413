package remediatetest

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/remediate"
)

func TestTestLog(t *testing.T) {
	TestLog(t, func(*testing.T) (one, other remediate.Log) {
		l := &remediate.MemoryLog{}
		return l, l
	})
}

// bad is a log in memory whose methods can be replaced. The functions get the one they replace.
type bad struct {
	*remediate.MemoryLog
	read   func(ctx context.Context, after int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error]
	append func(ctx context.Context, e remediate.Entry, real func() error) error
	prune  func(ctx context.Context, c remediate.Entry, real func() error) error
}

func (b *bad) Read(ctx context.Context, after int64) iter.Seq2[remediate.Entry, error] {
	real := b.MemoryLog.Read(ctx, after)
	if b.read == nil {
		return real
	}
	return b.read(ctx, after, real)
}

func (b *bad) Append(ctx context.Context, e remediate.Entry) error {
	real := func() error { return b.MemoryLog.Append(ctx, e) }
	if b.append == nil {
		return real()
	}
	return b.append(ctx, e, real)
}

func (b *bad) Prune(ctx context.Context, c remediate.Entry) error {
	real := func() error { return b.MemoryLog.Prune(ctx, c) }
	if b.prune == nil {
		return real()
	}
	return b.prune(ctx, c, real)
}

// all returns the entries of a log in memory.
func all(l *remediate.MemoryLog) (es []remediate.Entry) {
	for e := range l.Read(context.Background(), 0) {
		es = append(es, e)
	}
	return es
}

// filtered yields what change makes of the entries. Errors stay.
func filtered(real iter.Seq2[remediate.Entry, error], change func([]remediate.Entry) []remediate.Entry) iter.Seq2[remediate.Entry, error] {
	return func(yield func(remediate.Entry, error) bool) {
		var es []remediate.Entry
		var last error
		for e, err := range real {
			if last = err; err == nil {
				es = append(es, e)
			}
		}
		for _, e := range change(es) {
			if !yield(e, nil) {
				return
			}
		}
		if last != nil {
			yield(remediate.Entry{}, last)
		}
	}
}

// changes returns a reader that changes each entry.
func changes(change func(*remediate.Entry)) func(*bad) {
	return func(b *bad) {
		b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
			return filtered(real, func(es []remediate.Entry) []remediate.Entry {
				for i := range es {
					change(&es[i])
				}
				return es
			})
		}
	}
}

func reads(change func([]remediate.Entry) []remediate.Entry) func(*bad) {
	return func(b *bad) {
		b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
			return filtered(real, change)
		}
	}
}

type brokenLog struct {
	name, rule string
	breaks     func(*bad)
}

// Each broken log fails the rule that it breaks.
func TestLogsThatAreBroken(t *testing.T) {
	broken := []brokenLog{
		{"loses an entry", "round trip", func(b *bad) {
			b.append = func(_ context.Context, e remediate.Entry, real func() error) error {
				if e.Seq == 3 {
					return nil
				}
				return real()
			}
		}},
		{"has no entry at first", "empty", reads(func(es []remediate.Entry) []remediate.Entry { return append(es, entry(1)) })},
		{"reorders", "after", reads(func(es []remediate.Entry) []remediate.Entry { slices.Reverse(es); return es })},
		{"skips", "after", reads(func(es []remediate.Entry) []remediate.Entry {
			return slices.DeleteFunc(es, func(e remediate.Entry) bool { return e.Seq == 4 })
		})},
		{"includes the number itself", "after", func(b *bad) {
			b.read = func(ctx context.Context, after int64, _ iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return b.MemoryLog.Read(ctx, after-1)
			}
		}},
		{"cuts off", "large", reads(func(es []remediate.Entry) []remediate.Entry { return es[:min(len(es), 1000)] })},
		{"rounds numbers", "round trip", changes(func(e *remediate.Entry) {
			var x any
			_ = json.Unmarshal(e.Detail, &x)
			e.Detail, _ = json.Marshal(x)
		})},
		{"rounds times", "round trip", changes(func(e *remediate.Entry) { e.Time = e.Time.Truncate(time.Microsecond) })},
		{"forgets the time zone", "round trip", changes(func(e *remediate.Entry) { e.Time = e.Time.In(time.FixedZone("", 3600)) })},
		{"forgets a member", "round trip", changes(func(e *remediate.Entry) { e.Standing = "" })},
		{"makes zero times others", "round trip", changes(func(e *remediate.Entry) {
			if e.Until.IsZero() {
				e.Until = time.Unix(0, 0).UTC()
			}
		})},
		{"overwrites", "conflict", func(b *bad) {
			b.append = func(ctx context.Context, e remediate.Entry, real func() error) error {
				if es := all(b.MemoryLog); e.Seq == int64(len(es)) && e.Seq > 0 {
					return b.MemoryLog.Prune(ctx, e)
				}
				return real()
			}
		}},
		{"leaves gaps", "conflict", func(b *bad) {
			b.append = func(ctx context.Context, e remediate.Entry, real func() error) error {
				if e.Seq == 5 {
					return nil
				}
				return real()
			}
		}},
		{"has another error for conflicts", "conflict", func(b *bad) {
			b.append = func(_ context.Context, _ remediate.Entry, real func() error) error {
				if real() != nil {
					return errors.New("unique constraint")
				}
				return nil
			}
		}},
		{"reads once", "again", func(b *bad) {
			b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				used := false
				return func(yield func(remediate.Entry, error) bool) {
					if !used {
						used = true
						real(yield)
					}
				}
			}
		}},
		{"keeps what it read", "again", func(b *bad) {
			b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				var es []remediate.Entry
				return func(yield func(remediate.Entry, error) bool) {
					if es == nil {
						for e := range real {
							es = append(es, e)
						}
					}
					for _, e := range es {
						if !yield(e, nil) {
							return
						}
					}
				}
			}
		}},
		{"leaks connections", "break", func(b *bad) {
			pool := make(chan bool, 10)
			b.read = func(ctx context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return func(yield func(remediate.Entry, error) bool) {
					select {
					case pool <- true:
					case <-ctx.Done():
						yield(remediate.Entry{}, ctx.Err())
						return
					}
					for e, err := range real {
						if !yield(e, err) {
							return
						}
					}
					<-pool
				}
			}
		}},
		{"locks while it yields", "write while reading", func(b *bad) {
			var mu sync.Mutex
			b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return func(yield func(remediate.Entry, error) bool) {
					mu.Lock()
					defer mu.Unlock()
					real(yield)
				}
			}
			b.append = func(_ context.Context, _ remediate.Entry, real func() error) error {
				mu.Lock()
				defer mu.Unlock()
				return real()
			}
		}},
		{"keeps the writer's detail", "ownership", func(b *bad) {
			details := map[int64]json.RawMessage{}
			b.append = func(_ context.Context, e remediate.Entry, real func() error) error {
				details[e.Seq] = e.Detail
				return real()
			}
			changes(func(e *remediate.Entry) { e.Detail = details[e.Seq] })(b)
		}},
		{"gives its own detail away", "ownership", func(b *bad) {
			details := map[int64]json.RawMessage{}
			changes(func(e *remediate.Entry) {
				if details[e.Seq] == nil {
					details[e.Seq] = e.Detail
				}
				e.Detail = details[e.Seq]
			})(b)
		}},
		{"ends when it is cancelled", "cancel", func(b *bad) {
			b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return func(yield func(remediate.Entry, error) bool) {
					for e, err := range real {
						if err != nil || !yield(e, nil) {
							return
						}
					}
				}
			}
		}},
		{"does not look at the context", "cancel", func(b *bad) {
			b.read = func(_ context.Context, after int64, _ iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return b.MemoryLog.Read(context.Background(), after)
			}
		}},
		{"writes for a cancelled context", "cancel", func(b *bad) {
			b.append = func(ctx context.Context, e remediate.Entry, _ func() error) error {
				return errors.Join(b.MemoryLog.Append(context.Background(), e), context.Cause(ctx))
			}
		}},
		{"compares without a lock", "concurrent", func(b *bad) {
			var mu sync.Mutex
			es := []remediate.Entry{}
			b.append = func(_ context.Context, e remediate.Entry, _ func() error) error {
				mu.Lock()
				n := len(es)
				mu.Unlock()
				if int64(n) != e.Seq-1 {
					return remediate.ErrConflict
				}
				time.Sleep(time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				es = append(es[:n], e)
				return nil
			}
			b.read = func(_ context.Context, after int64, _ iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				mu.Lock()
				defer mu.Unlock()
				copied := slices.Clone(es[min(after, int64(len(es))):])
				return func(yield func(remediate.Entry, error) bool) {
					for _, e := range copied {
						if !yield(e, nil) {
							return
						}
					}
				}
			}
		}},
		{"prunes without a checkpoint", "prune", reads(func(es []remediate.Entry) []remediate.Entry {
			return slices.DeleteFunc(es, func(e remediate.Entry) bool { return e.Kind == remediate.Checkpoint })
		})},
		{"keeps the entry of the checkpoint", "prune", func(b *bad) {
			var kept []remediate.Entry
			b.prune = func(_ context.Context, c remediate.Entry, real func() error) error {
				kept = append(kept, entry(c.Seq))
				return real()
			}
			reads(func(es []remediate.Entry) []remediate.Entry { return append(slices.Clone(kept), es...) })(b)
		}},
		{"forgets the last number", "prune all", func(b *bad) {
			b.append = func(ctx context.Context, e remediate.Entry, real func() error) error {
				if es := all(b.MemoryLog); len(es) == 1 && es[0].Kind == remediate.Checkpoint && e.Seq == 1 {
					return nil
				}
				return real()
			}
		}},
		{"counts entries", "prune all", func(b *bad) {
			b.append = func(ctx context.Context, e remediate.Entry, real func() error) error {
				if es := all(b.MemoryLog); e.Seq != int64(len(es))+1 {
					return remediate.ErrConflict
				}
				return real()
			}
		}},
		{"prunes what is not there", "prune conflict", func(b *bad) {
			b.prune = func(_ context.Context, c remediate.Entry, real func() error) error {
				if err := real(); !errors.Is(err, remediate.ErrConflict) {
					return err
				}
				return nil
			}
		}},
		{"prunes in two steps", "prune while reading", func(b *bad) {
			var mu sync.Mutex
			torn := false
			b.prune = func(_ context.Context, _ remediate.Entry, real func() error) error {
				mu.Lock()
				torn = true
				mu.Unlock()
				time.Sleep(time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				torn = false
				return real()
			}
			b.read = func(_ context.Context, _ int64, real iter.Seq2[remediate.Entry, error]) iter.Seq2[remediate.Entry, error] {
				return filtered(real, func(es []remediate.Entry) []remediate.Entry {
					mu.Lock()
					defer mu.Unlock()
					if torn {
						return es[min(len(es), 5):]
					}
					return es
				})
			}
		}},
		{"changes hashes", "journal", changes(func(e *remediate.Entry) { e.MAC = "" })},
	}
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			b := &bad{MemoryLog: &remediate.MemoryLog{}}
			tt.breaks(b)
			i := slices.IndexFunc(logRules(), func(r logRule) bool { return r.name == tt.rule })
			s := &logSuite{ctx: t.Context(), one: b, other: b, patience: 2 * time.Second}
			assert.Error(t, s.run(logRules()[i]))
		})
	}
	for _, r := range logRules() {
		assert.True(t, slices.ContainsFunc(broken, func(l brokenLog) bool { return l.rule == r.name }), "no log breaks the rule %q", r.name)
	}
}
