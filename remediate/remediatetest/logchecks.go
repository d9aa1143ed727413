package remediatetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/openstance/stance/remediate"
)

func checkEmpty(s *logSuite) error {
	return errors.Join(
		s.expect(0, nil), s.expect(7, nil),
		conflict("prune an empty log", s.one.Prune(s.ctx, checkpoint(1))), s.expect(0, nil),
	)
}

func checkEntries(s *logSuite) error {
	for i, e := range entries(1, 4) {
		l := []remediate.Log{s.one, s.other}[i%2]
		if err := l.Append(s.ctx, e); err != nil {
			return fmt.Errorf("append entry %d: %w", e.Seq, err)
		}
		if err := s.expect(0, entries(1, e.Seq)); err != nil {
			return err
		}
	}
	bare := remediate.Entry{Seq: 5, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: remediate.Stopped}
	if err := s.one.Append(s.ctx, bare); err != nil {
		return fmt.Errorf("append an entry with few members: %w", err)
	}
	return s.expect(4, []remediate.Entry{bare})
}

func checkAfter(s *logSuite) error {
	if err := s.fill(5); err != nil {
		return err
	}
	return errors.Join(s.expect(0, entries(1, 5)), s.expect(2, entries(3, 5)), s.expect(4, entries(5, 5)), s.expect(5, nil), s.expect(9, nil))
}

func checkConflict(s *logSuite) error {
	var problems []error
	refused := func(seqs ...int64) {
		for _, seq := range seqs {
			problems = append(problems,
				conflict(fmt.Sprintf("append entry %d", seq), s.one.Append(s.ctx, entry(seq))),
				conflict(fmt.Sprintf("append entry %d", seq), s.other.Append(s.ctx, entry(seq))))
		}
	}
	refused(0, -1, 2)
	if err := s.fill(3); err != nil {
		return err
	}
	refused(-1, 0, 1, 3, 5, 1<<40)
	return errors.Join(append(problems, s.expect(0, entries(1, 3)))...)
}

func checkAgain(s *logSuite) error {
	if err := s.fill(2); err != nil {
		return err
	}
	seq := s.other.Read(s.ctx, 1)
	for n := int64(2); n <= 4; n++ {
		var got []remediate.Entry
		for e, err := range seq {
			if err != nil {
				return err
			}
			got = append(got, e)
		}
		if err := same(got, entries(2, n)); err != nil {
			return fmt.Errorf("time %d: %w", n-1, err)
		}
		if err := s.one.Append(s.ctx, entry(n+1)); err != nil {
			return err
		}
	}
	return nil
}

func checkBreak(s *logSuite) error {
	if err := s.fill(20); err != nil {
		return err
	}
	for range 40 {
		for _, err := range s.one.Read(s.ctx, 0) {
			if err != nil {
				return err
			}
			break
		}
	}
	if err := s.one.Append(s.ctx, entry(21)); err != nil {
		return fmt.Errorf("append after loops that ended early: %w", err)
	}
	return s.expect(0, entries(1, 21))
}

func checkWriteInside(s *logSuite) error {
	if err := s.fill(10); err != nil {
		return err
	}
	var got []remediate.Entry
	last := int64(10)
	for e, err := range s.one.Read(s.ctx, 0) {
		if err != nil {
			return err
		}
		got = append(got, e)
		if e.Seq > 10 {
			continue
		}
		last++
		if err := s.one.Append(s.ctx, entry(last)); err != nil {
			return fmt.Errorf("append while reading: %w", err)
		}
		if err := conflict("append while reading", s.other.Append(s.ctx, entry(last))); err != nil {
			return err
		}
	}
	if n := int64(len(got)); n < 10 {
		return fmt.Errorf("%d entries (want 10 or more)", n)
	}
	return errors.Join(same(got, entries(1, int64(len(got)))), s.expect(0, entries(1, last)))
}

func checkOwnership(s *logSuite) error {
	e := entry(1)
	if err := s.one.Append(s.ctx, e); err != nil {
		return err
	}
	spoil := func(detail json.RawMessage) { copy(detail, strings.Repeat("!", len(detail))) }
	spoil(e.Detail)
	if err := s.expect(0, entries(1, 1)); err != nil {
		return fmt.Errorf("after its detail was changed by the writer: %w", err)
	}
	got, err := s.read(s.one, 0)
	if err != nil {
		return err
	}
	spoil(got[0].Detail)
	if err := s.expect(0, entries(1, 1)); err != nil {
		return fmt.Errorf("after its detail was changed by a reader: %w", err)
	}
	c := checkpoint(1)
	if err := s.one.Prune(s.ctx, c); err != nil {
		return err
	}
	spoil(c.Detail)
	return s.expect(0, []remediate.Entry{checkpoint(1)})
}

func checkLarge(s *logSuite) error {
	const n = 1500
	if err := s.fill(n); err != nil {
		return err
	}
	big := entry(n + 1)
	big.Detail = json.RawMessage(`"` + strings.Repeat("公開", 1<<19) + `"`)
	if err := s.other.Append(s.ctx, big); err != nil {
		return fmt.Errorf("append a detail of 3 MB: %w", err)
	}
	got, err := s.read(s.one, 0)
	if err != nil {
		return err
	}
	if g, w := seqs(got), fmt.Sprintf("[1 %d]", n+1); g != w {
		return fmt.Errorf("entries %s (want %s)", g, w)
	}
	if string(got[n].Detail) != string(big.Detail) {
		return errors.New("a detail of 3 MB is another")
	}
	return same(got[:n], entries(1, n))
}

func checkLogCancel(s *logSuite) error {
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(s.ctx)
	cancel(cause)
	ended := func(what string, ctx context.Context, after int64, in func()) error {
		var last error
		for _, err := range s.one.Read(ctx, after) {
			if last != nil {
				return fmt.Errorf("%s: entries after an error", what)
			}
			last = err
			in()
		}
		if !errors.Is(last, cause) {
			return fmt.Errorf("%s: error %v (want the cause)", what, last)
		}
		return nil
	}
	if err := ended("read an empty log, cancelled", ctx, 0, func() {}); err != nil {
		return err
	}
	if err := s.one.Append(ctx, entry(1)); err == nil || errors.Is(err, remediate.ErrConflict) {
		return fmt.Errorf("append, cancelled: error %v (want another)", err)
	}
	if got, err := s.read(s.one, 0); err != nil || len(got) > 0 {
		return errors.Join(err, errors.New("an entry was added though the context was cancelled before"))
	}
	if err := s.fill(300); err != nil {
		return err
	}
	if err := s.one.Prune(ctx, checkpoint(2)); err == nil || errors.Is(err, remediate.ErrConflict) {
		return fmt.Errorf("prune, cancelled: error %v (want another)", err)
	}
	within, stop := context.WithCancelCause(s.ctx)
	return errors.Join(
		ended("read, cancelled", ctx, 0, func() {}),
		ended("read after the last, cancelled", ctx, 300, func() {}),
		ended("read, cancelled within", within, 0, func() { stop(cause) }),
		s.expect(0, entries(1, 300)),
	)
}

func checkConcurrent(s *logSuite) error {
	const each = 20
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := map[int64]string{}
	var problems []error
	for w, l := range []remediate.Log{s.one, s.other, s.one, s.other} {
		wg.Go(func() {
			last := int64(0)
			for n := 0; n < each; {
				e := entry(last + 1)
				e.Actor = fmt.Sprint(w, "/", n)
				err := l.Append(s.ctx, e)
				if err == nil {
					n++
					last++
					mu.Lock()
					if before, ok := won[e.Seq]; ok {
						problems = append(problems, fmt.Errorf("entry %d was added by %s and by %s", e.Seq, before, e.Actor))
					}
					won[e.Seq] = e.Actor
					mu.Unlock()
					continue
				}
				if errors.Is(err, remediate.ErrConflict) {
					for e, readErr := range l.Read(s.ctx, last) {
						if err = readErr; err != nil {
							break
						}
						last = e.Seq
					}
					if err != nil && errors.Is(err, remediate.ErrConflict) {
						err = errors.New("a conflict with an entry that is not there")
					}
				}
				if err != nil {
					mu.Lock()
					problems = append(problems, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	got, err := s.read(s.one, 0)
	if err != nil {
		return err
	}
	if g, w := seqs(got), fmt.Sprintf("[1 %d]", 4*each); g != w {
		return fmt.Errorf("entries %s (want %s)", g, w)
	}
	for _, e := range got {
		if won[e.Seq] != e.Actor {
			return fmt.Errorf("entry %d is by %s (want %s)", e.Seq, e.Actor, won[e.Seq])
		}
	}
	return nil
}
