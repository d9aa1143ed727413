package remediate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/policy"
)

// Resume finds out what became of the plans that no runner has and whose end is not known,
// after a process was killed or a reply was lost. It reads the assets and assumes nothing: a step
// that was begun was carried out if its parts hold what it writes, and was not if they hold
// what was before. It makes no step of a plan that was cut off. With UndoSteps it undoes a plan
// of which only some steps were made.
//
// There is a result for each plan. One that stays unknown is looked at again by the next call.
// The error says that the journal could not be read.
func (r *Runner) Resume(ctx context.Context, actor string) ([]PlanResult, error) {
	st, err := r.Journal.State(ctx)
	if err != nil {
		return nil, fmt.Errorf("resume: %w", err)
	}
	var results []PlanResult
	for _, digest := range st.Open() {
		if st.Plans[digest].Leased(r.now()) {
			continue
		}
		results = append(results, r.resume(ctx, digest, actor))
	}
	return results, nil
}

func (r *Runner) resume(ctx context.Context, digest, actor string) PlanResult {
	res := PlanResult{Plan: &Plan{Digest: digest}, Outcome: PlanUnknown}
	fail := func(err error) PlanResult {
		res.Err = fmt.Errorf("resume plan %.12s of %s: %w", res.Plan.Digest, res.Plan.Key, err)
		return res
	}
	p, st, err := r.recorded(ctx, digest)
	if err != nil {
		return fail(err)
	}
	res.Plan = p
	lease, err := r.Journal.lease(ctx, leaseRequest{
		plan: p, run: st.Run, actor: actor, standing: st.Standing, unattended: st.Unattended, recover: true, ttl: leaseTime,
	})
	if err != nil {
		return fail(err)
	}
	keep := context.WithoutCancel(ctx)
	defer func() { _ = lease.release(keep) }()
	// Another process may have recorded events before the lease.
	if _, st, err = r.recorded(ctx, digest); err != nil {
		return fail(err)
	}
	if !st.Begun {
		res.Outcome = PlanNotStarted
		if err := lease.record(keep, NotStarted, "", "no step was begun"); err != nil {
			return fail(err)
		}
		return res
	}
	fix, ok := r.Fixes.Get(p.Fix.ID)
	if !ok || fix.Version != p.Fix.Version {
		return fail(fmt.Errorf("%w: fix %s of version %d", ErrNoFix, p.Fix.ID, p.Fix.Version))
	}
	x := &execution{r: r, run: Run{Actor: actor}, id: st.Run, limit: r.Limit.orDefault()}
	w := &work{x: x, p: p, fix: fix, lease: lease, subject: &subject{fix: fix}, result: &res}
	if err := w.find(ctx, st); err != nil {
		return fail(err)
	}
	if len(res.Done) < len(p.Steps) {
		if len(res.Done) == 0 {
			res.Outcome = PlanFailed
			if err := lease.record(keep, Failed, "", "no step was carried out"); err != nil {
				res.Outcome = PlanUnknown
				return fail(err)
			}
			return fail(errors.New("no step was carried out"))
		}
		return fail(w.failed(keep, fmt.Errorf("%d of %d steps were carried out", len(res.Done), len(p.Steps))))
	}
	f, err := w.verify(ctx, st.Changed)
	res.Finding = f
	switch {
	case err == nil:
		if err := lease.record(keep, Verified, "", nil); err != nil {
			return fail(err)
		}
		res.Outcome = PlanVerified
		return res
	case f == nil || f.Status == policy.Unknown:
		return fail(w.unknown(keep, err))
	}
	return fail(w.failed(keep, err))
}

// find reads the asset and decides for each step that was begun whether it was carried out.
// The error says that this cannot be decided.
func (w *work) find(ctx context.Context, st *PlanState) error {
	inv, target, err := w.x.r.read(ctx, w.p)
	if err != nil {
		return err
	}
	now := newWorld(inv, target, w.x.r.Set.Schema)
	keep := context.WithoutCancel(ctx)
	for i := range w.p.Steps {
		s := &w.p.Steps[i]
		kind, begun := st.Steps[s.ID]
		switch {
		case !begun:
			return nil
		case kind == Done:
			w.result.Done = append(w.result.Done, s.ID)
			continue
		case kind == Failed:
			return nil
		}
		a, err := now.of(s)
		if err != nil {
			return err
		}
		after, err := Holds(a, s.After)
		if err != nil {
			return err
		}
		before, err := Holds(a, s.Before)
		if err != nil {
			return err
		}
		switch {
		case after && !before, after && slices.EqualFunc(s.Before, s.After, equalAt):
			if err := w.lease.record(keep, Done, s.ID, "found by reading the asset"); err != nil {
				return err
			}
			w.result.Done = append(w.result.Done, s.ID)
		case before:
			return w.lease.record(keep, Failed, s.ID, "found by reading the asset: not carried out")
		default:
			return fmt.Errorf("%w: step %s: the parts that it changes are neither as before nor as after it", ErrUnknown, s.ID)
		}
	}
	return nil
}

func equalAt(a, b At) bool { return a.Path == b.Path && string(a.Value) == string(b.Value) }
