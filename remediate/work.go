package remediate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/openstance/stance/policy"
)

// work applies the steps of a plan whose lease it has.
type work struct {
	x       *execution
	p       *Plan
	fix     *Fix
	lease   *Lease
	subject *subject
	result  *PlanResult
}

// run makes the steps and verifies the result.
func (w *work) run(ctx context.Context) error {
	keep := context.WithoutCancel(ctx)
	if w.p.Of != "" { // what is rolled back on purpose is not repaired again unattended
		if err := w.x.r.Journal.Suspend(ctx, w.p.Key, w.x.run.Actor, "rolled back by plan "+w.p.Digest); err != nil {
			return err
		}
	}
	for i := range w.p.Steps {
		s := &w.p.Steps[i]
		err := w.step(ctx, s, i == 0)
		if err == nil {
			w.result.Done = append(w.result.Done, s.ID)
			continue
		}
		if w.result.Outcome == PlanUnknown {
			return err
		}
		if i == 0 && w.result.Outcome == PlanNotStarted {
			_ = w.lease.record(keep, NotStarted, "", err.Error())
			return err
		}
		return w.failed(keep, err)
	}
	ended := w.x.r.now()
	f, err := w.verify(ctx, ended)
	switch {
	case f != nil:
		w.result.Finding = f
	case err == nil:
		err = errors.New("no verdict")
	}
	if err == nil {
		if err = w.lease.record(keep, Verified, "", nil); err == nil {
			w.result.Outcome = PlanVerified
			return nil
		}
	}
	if f == nil || f.Status == policy.Unknown {
		return w.unknown(keep, err)
	}
	return w.failed(keep, err)
}

// unknown ends the work on a plan that Resume must look at.
func (w *work) unknown(ctx context.Context, err error) error {
	w.result.Outcome = PlanUnknown
	return errors.Join(err, w.lease.record(ctx, Uncertain, "", err.Error()))
}

// failed ends the work on a plan of which steps were begun.
func (w *work) failed(ctx context.Context, err error) error {
	w.result.Outcome = PlanFailed
	if recorded := w.lease.record(ctx, Failed, "", err.Error()); recorded != nil {
		w.result.Outcome = PlanUnknown
		return errors.Join(err, recorded)
	}
	if w.x.r.OnFailure != UndoSteps || w.p.Of != "" {
		return err
	}
	if undo := w.undo(ctx); undo != nil {
		return fmt.Errorf("%w; undo: %w", err, undo)
	}
	w.result.Outcome = PlanUndone
	return errors.Join(err, w.lease.record(ctx, Undone, "", nil))
}

// undo makes the undo steps that have something to undo.
func (w *work) undo(ctx context.Context) error {
	for i := range w.p.Undo {
		s := &w.p.Undo[i]
		if restored, err := w.holds(ctx, nil, s, s.After); err != nil {
			return err
		} else if restored {
			continue
		}
		if err := w.step(ctx, s, false); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether the asset of a step has values. A nil world is read.
func (w *work) holds(ctx context.Context, known *world, s *Step, values []At) (bool, error) {
	if known == nil {
		inv, a, err := w.x.r.read(ctx, w.p)
		if err != nil {
			return false, err
		}
		known = newWorld(inv, a, w.x.r.Set.Schema)
	}
	a, err := known.of(s)
	if err != nil {
		return false, err
	}
	return Holds(a, values)
}

// step makes one step: the precondition, the journal, the request, the journal.
func (w *work) step(ctx context.Context, s *Step, first bool) error {
	keep := context.WithoutCancel(ctx)
	if err := w.lease.renew(ctx); err != nil {
		return err
	}
	var known *world
	if first { // the first step follows the checks, which read the asset
		known = w.subject.world
	}
	if ok, err := w.holds(ctx, known, s, s.Before); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("%w: step %s: the parts that it changes are not as the plan has them", ErrStale, s.ID)
	}
	if err := w.begin(ctx, s, first); err != nil {
		return err
	}
	w.result.Outcome = PlanFailed
	within, cancel := context.WithTimeout(ctx, stepTime)
	err := w.fix.Apply(within, w.p.Target, *s)
	cut := within.Err() != nil
	cancel()
	switch {
	case err == nil:
		if err := w.lease.record(keep, Done, s.ID, nil); err != nil {
			w.result.Outcome = PlanUnknown
			return err
		}
		return nil
	case errors.Is(err, ErrNoReply), cut, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		w.result.Outcome = PlanUnknown
		return errors.Join(fmt.Errorf("step %s: %w", s.ID, err), w.lease.record(keep, Uncertain, s.ID, err.Error()))
	}
	err = fmt.Errorf("step %s: %w", s.ID, err)
	if recorded := w.lease.record(keep, Failed, s.ID, err.Error()); recorded != nil {
		w.result.Outcome = PlanUnknown
		return errors.Join(err, recorded)
	}
	return err
}

// begin writes that a step begins, if nothing that the processes share forbids it: the kill
// switch, budgets, and the rate, for which it waits.
func (w *work) begin(ctx context.Context, s *Step, first bool) error {
	for {
		var wait time.Duration
		err := w.lease.record(ctx, Begun, s.ID, nil, func(st *State, now time.Time) error {
			wait = 0
			if st.Stop != nil {
				return fmt.Errorf("%w: %s stopped all repairs: %s", ErrLimit, st.Stop.By, st.Stop.Why)
			}
			if first {
				if err := w.budget(st, now); err != nil {
					return err
				}
			}
			if every := time.Second / time.Duration(max(1, min(w.x.limit.PerSecond, 1_000_000))); w.x.limit.PerSecond != Unlimited {
				if wait = st.LastStep.Add(every).Sub(now); wait > 0 {
					return errWait
				}
			}
			return nil
		})
		if !errors.Is(err, errWait) {
			return err
		}
		if err := w.x.r.sleep(ctx, min(wait, time.Second)); err != nil {
			return err
		}
	}
}

var errWait = errors.New("wait")

// budget checks what a plan may begin.
func (w *work) budget(st *State, now time.Time) error {
	mine := accountOf(w.p)
	all := func(match func(PlanChange) bool) int { return st.ChangesSince(time.Time{}, match) }
	if n := all(func(c PlanChange) bool { return c.Run == w.x.id }); n >= w.x.limit.Changes {
		return fmt.Errorf("%w: limit of %d changes a run", ErrLimit, w.x.limit.Changes)
	}
	if n := all(func(c PlanChange) bool { return c.Run == w.x.id && c.Account == mine }); n >= w.x.limit.PerAccount {
		return fmt.Errorf("%w: limit of %d changes an account", ErrLimit, w.x.limit.PerAccount)
	}
	if n := st.Failures[w.fix.ID]; n >= maxFailures && w.p.Of == "" {
		return fmt.Errorf("%w: fix %s failed %d times in a row (Journal.Clear permits it again)", ErrLimit, w.fix.ID, n)
	}
	if !w.x.unattended() {
		return nil
	}
	if st.Suspended[w.p.Key] {
		return fmt.Errorf("%w: unattended repair of %s is suspended", ErrUnattended, w.p.Key)
	}
	if n := st.ChangesSince(now.Add(-window), func(c PlanChange) bool { return c.Key == w.p.Key && !c.Rollback }); n >= 2 {
		return fmt.Errorf("%w: %s was repaired %d times within seven days", ErrContested, w.p.Key, n)
	}
	if s := w.subject.standing; s != nil {
		l := s.Limit.orDefault()
		day := now.Add(-24 * time.Hour)
		if n := st.ChangesSince(day, func(c PlanChange) bool { return c.Standing == s.ID }); n >= l.Changes {
			return fmt.Errorf("%w: limit of %d changes a day by standing approval %q", ErrLimit, l.Changes, s.ID)
		}
		if n := st.ChangesSince(day, func(c PlanChange) bool { return c.Standing == s.ID && c.Account == mine }); n >= l.PerAccount {
			return fmt.Errorf("%w: limit of %d changes a day and account by standing approval %q", ErrLimit, l.PerAccount, s.ID)
		}
	}
	return nil
}

// waits are how long verify waits before it reads again: many answers of clouds are older than
// a write for a few seconds.
func waits() []time.Duration {
	return []time.Duration{0, time.Second, 5 * time.Second, 15 * time.Second}
}

// verify reads the asset after the last step and returns the verdict. The error is nil if the
// asset complies, or, after a rollback, if it is as it was.
func (w *work) verify(ctx context.Context, ended time.Time) (*policy.Finding, error) {
	var last *policy.Finding
	var why error
	for _, d := range waits() {
		if d > 0 {
			if err := w.lease.renew(ctx); err != nil {
				return last, err
			}
			if err := w.x.r.sleep(ctx, d); err != nil {
				return last, err
			}
		}
		inv, a, err := w.x.r.read(ctx, w.p)
		if err != nil {
			why = err
			continue
		}
		f, err := w.x.r.judge(ctx, w.p, inv, a)
		if err != nil {
			why = err
			continue
		}
		if earliest := f.Read.Earliest; earliest.IsZero() || earliest.Before(ended) {
			why = fmt.Errorf("%w: verdict about what was read before the last step ended", ErrUnknown)
			continue
		}
		last, why = &f, complies(w.p, newWorld(inv, a, w.x.r.Set.Schema), f)
		if why == nil {
			return last, nil
		}
	}
	return last, why
}

// complies reports what is wrong with an asset after all steps of a plan.
func complies(p *Plan, w *world, f policy.Finding) error {
	if p.Of != "" {
		if ok, err := w.holdAll(lastParts(p.Steps, w.target)); err != nil {
			return err
		} else if !ok {
			return errors.New("the parts that the steps changed are not as the plan has them")
		}
		return nil
	}
	switch f.Status {
	case policy.Pass, policy.NotApplicable:
		return nil
	case policy.Unknown:
		return errors.Join(fmt.Errorf("%w after the steps: %s", ErrUnknown, f.Message), f.Err)
	}
	return fmt.Errorf("the finding is still there after the steps: %s", f.Message)
}
