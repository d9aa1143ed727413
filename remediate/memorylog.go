package remediate

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
)

// MemoryLog is a [Log] in memory. It forgets everything when the process ends, and so does
// the program's proof of what it changed: it is for tests and trials. The zero MemoryLog is
// ready to use.
type MemoryLog struct {
	mu      sync.Mutex
	entries []Entry
}

// Read yields the entries after one.
func (l *MemoryLog) Read(ctx context.Context, after int64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l.mu.Lock()
		i, _ := slices.BinarySearchFunc(l.entries, after+1, func(e Entry, seq int64) int { return cmp.Compare(e.Seq, seq) })
		entries := slices.Clone(l.entries[i:])
		l.mu.Unlock()
		for _, e := range entries {
			if err := context.Cause(ctx); err != nil {
				yield(Entry{}, err)
				return
			}
			e.Detail = slices.Clone(e.Detail)
			if !yield(e, nil) {
				return
			}
		}
		if err := context.Cause(ctx); err != nil {
			yield(Entry{}, err)
		}
	}
}

// Append adds an entry.
func (l *MemoryLog) Append(ctx context.Context, e Entry) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last() != e.Seq-1 {
		return ErrConflict
	}
	e.Detail = slices.Clone(e.Detail)
	l.entries = append(l.entries, e)
	return nil
}

// Prune removes entries.
func (l *MemoryLog) Prune(ctx context.Context, checkpoint Entry) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.entries, func(e Entry) bool { return e.Seq == checkpoint.Seq })
	if i < 0 {
		return ErrConflict
	}
	checkpoint.Detail = slices.Clone(checkpoint.Detail)
	l.entries = append([]Entry{checkpoint}, l.entries[i+1:]...)
	return nil
}

func (l *MemoryLog) last() int64 {
	if len(l.entries) == 0 {
		return 0
	}
	return l.entries[len(l.entries)-1].Seq
}
