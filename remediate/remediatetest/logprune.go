package remediatetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openstance/stance/remediate"
)

func checkPrune(s *logSuite) error {
	if err := s.fill(6); err != nil {
		return err
	}
	if err := s.one.Prune(s.ctx, checkpoint(3)); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	kept := append([]remediate.Entry{checkpoint(3)}, entries(4, 6)...)
	if err := errors.Join(s.expect(0, kept), s.expect(1, kept), s.expect(3, entries(4, 6)), s.expect(5, entries(6, 6))); err != nil {
		return err
	}
	if err := s.other.Append(s.ctx, entry(7)); err != nil {
		return fmt.Errorf("append after prune: %w", err)
	}
	if err := s.other.Prune(s.ctx, checkpoint(5)); err != nil {
		return fmt.Errorf("prune again: %w", err)
	}
	if err := s.expect(0, append([]remediate.Entry{checkpoint(5)}, entries(6, 7)...)); err != nil {
		return err
	}
	again := checkpoint(5)
	again.KeyID = "newer key"
	if err := s.one.Prune(s.ctx, again); err != nil {
		return fmt.Errorf("replace a checkpoint: %w", err)
	}
	return s.expect(0, append([]remediate.Entry{again}, entries(6, 7)...))
}

func checkPruneAll(s *logSuite) error {
	if err := s.fill(4); err != nil {
		return err
	}
	if err := s.other.Prune(s.ctx, checkpoint(4)); err != nil {
		return fmt.Errorf("prune: %w", err)
	}
	if err := s.expect(0, []remediate.Entry{checkpoint(4)}); err != nil {
		return err
	}
	for _, seq := range []int64{1, 4, 6} {
		if err := conflict(fmt.Sprintf("append entry %d after all was pruned up to 4", seq), s.one.Append(s.ctx, entry(seq))); err != nil {
			return err
		}
	}
	if err := s.one.Append(s.ctx, entry(5)); err != nil {
		return fmt.Errorf("append entry 5 after all was pruned up to 4: %w", err)
	}
	return s.expect(0, []remediate.Entry{checkpoint(4), entry(5)})
}

func checkPruneConflict(s *logSuite) error {
	if err := s.fill(5); err != nil {
		return err
	}
	if err := s.one.Prune(s.ctx, checkpoint(3)); err != nil {
		return err
	}
	var problems []error
	for _, seq := range []int64{-1, 0, 1, 2, 6, 100} {
		problems = append(problems, conflict(fmt.Sprintf("prune up to %d", seq), s.other.Prune(s.ctx, checkpoint(seq))))
	}
	return errors.Join(append(problems, s.expect(0, append([]remediate.Entry{checkpoint(3)}, entries(4, 5)...)))...)
}

// checkPruneReading reads while entries are added and pruned. Every reading is without gaps.
func checkPruneReading(s *logSuite) error {
	const last = 60
	if err := s.fill(10); err != nil {
		return err
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	found := make([]error, 2)
	for i, l := range []remediate.Log{s.one, s.other} {
		wg.Go(func() {
			for n := 0; found[i] == nil; n++ {
				select {
				case <-stop:
					return
				default:
				}
				var got []remediate.Entry
				if got, found[i] = s.read(l, 0); found[i] != nil {
					return
				}
				found[i] = whole(got)
			}
		})
	}
	write := func() error {
		for seq := int64(11); seq <= last; seq++ {
			if err := s.one.Append(s.ctx, entry(seq)); err != nil {
				return err
			}
			if err := s.other.Prune(s.ctx, checkpoint(seq-5)); err != nil {
				return fmt.Errorf("prune up to %d: %w", seq-5, err)
			}
		}
		return nil
	}
	err := write()
	close(stop)
	wg.Wait()
	return errors.Join(append(found, err, s.expect(0, append([]remediate.Entry{checkpoint(last - 5)}, entries(last-4, last)...)))...)
}

// whole returns an error for a log that lacks entries.
func whole(got []remediate.Entry) error {
	if len(got) == 0 {
		return errors.New("no entry (want 6 or more)")
	}
	if first := got[0]; first.Seq != 1 && first.Kind != remediate.Checkpoint {
		return fmt.Errorf("entries %s begin with no checkpoint", seqs(got))
	}
	for i, e := range got {
		if e.Seq != got[0].Seq+int64(i) || i > 0 && e.Kind == remediate.Checkpoint {
			return fmt.Errorf("entries %s are not one log", seqs(got))
		}
	}
	return nil
}

// checkJournal keeps a journal in the log, as two processes do.
func checkJournal(s *logSuite) error {
	keys := remediate.Keys{Current: "k", ByID: map[string][]byte{"k": make([]byte, 32)}}
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	var journals []*remediate.Journal
	for _, l := range []remediate.Log{s.one, s.other} {
		j, err := remediate.NewJournal(l, keys, func() time.Time { return now })
		if err != nil {
			return err
		}
		journals = append(journals, j)
	}
	const each = 10
	var wg sync.WaitGroup
	found := make([]error, 4)
	for w := range found {
		wg.Go(func() {
			for n := range each {
				if err := journals[w%2].Suspend(s.ctx, fmt.Sprintf("key %d/%d", w, n), "ann", "<why>"); err != nil {
					found[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(found...); err != nil {
		return err
	}
	head, err := journals[0].Verify(s.ctx, remediate.Head{})
	if err != nil {
		return err
	}
	if want := int64(len(found) * each); head.Seq != want {
		return fmt.Errorf("%d entries (want %d)", head.Seq, want)
	}
	now = now.Add(30 * 24 * time.Hour)
	if err := errors.Join(journals[0].Stop(s.ctx, "bob", "incident"), journals[1].Prune(s.ctx, now.Add(-10*24*time.Hour))); err != nil {
		return err
	}
	fresh, err := remediate.NewJournal(s.other, keys, nil)
	if err != nil {
		return err
	}
	for _, j := range append(journals, fresh) {
		st, err := j.State(s.ctx)
		if err != nil {
			return err
		}
		if st.Stop == nil || st.Stop.Why != "incident" || len(st.Suspended) != len(found)*each {
			return fmt.Errorf("state after a prune: %+v, %d keys suspended", st.Stop, len(st.Suspended))
		}
		if _, err := j.Verify(s.ctx, head); err != nil {
			return err
		}
	}
	got, err := s.read(s.one, 0)
	if err != nil {
		return err
	}
	if !slices.Equal([]int64{got[0].Seq, int64(len(got))}, []int64{head.Seq, 2}) {
		return fmt.Errorf("entries %s after a prune (want [%d %d])", seqs(got), head.Seq, head.Seq+1)
	}
	return nil
}
