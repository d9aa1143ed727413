package remediate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// ErrDiverged is the error, under errors.Is, of a rollback of parts that do not hold what the
// plan wrote: somebody changed them since. The error is a *[DivergedError] for each part.
var ErrDiverged = errors.New("diverged")

// DivergedError reports a part that a rollback would overwrite.
type DivergedError struct {
	Path               asset.Path
	Before, Wrote, Now json.RawMessage // nil: the part is not there
}

// Error returns the three values.
func (e *DivergedError) Error() string {
	show := func(v json.RawMessage) string {
		if v == nil {
			return "absent"
		}
		return fmt.Sprintf("%.200s", v)
	}
	return fmt.Sprintf("%s is %s: it was %s, and the plan wrote %s", e.Path, show(e.Now), show(e.Before), show(e.Wrote))
}

// Is reports whether target is ErrDiverged.
func (e *DivergedError) Is(target error) bool { return target == ErrDiverged }

// Rollback makes a plan that restores what a plan changed. It changes nothing: the plan needs an
// approval of its own. It is guarded, since it opens an exposure again, and applying it suspends
// the unattended repair of the finding. The plan must have been begun, and be in the journal.
//
// The error is ErrDiverged, under errors.Is, if a part does not hold what the plan wrote;
// ErrResolved if all parts are already as before; ErrNotFound if the asset does not exist.
func (r *Runner) Rollback(ctx context.Context, digest, by string) (*Plan, error) {
	p, err := r.rollback(ctx, digest, by)
	if err != nil {
		return nil, fmt.Errorf("roll back plan %.12s: %w", digest, err)
	}
	return p, nil
}

func (r *Runner) rollback(ctx context.Context, digest, by string) (*Plan, error) {
	of, st, err := r.recorded(ctx, digest)
	if err != nil {
		return nil, err
	}
	if !st.Begun {
		return nil, fmt.Errorf("%w: no step of it was begun", ErrResolved)
	}
	if len(of.Undo) == 0 {
		return nil, fmt.Errorf("%w: it has no undo steps", ErrNoFix)
	}
	inv, a, err := r.read(ctx, of)
	if err != nil {
		return nil, err
	}
	if ok, err := Holds(a, last(of.Undo)); err != nil {
		return nil, err
	} else if ok {
		return nil, fmt.Errorf("%w: the asset is as it was", ErrResolved)
	}
	if err := diverged(a, of.Undo); err != nil {
		return nil, err
	}
	now := r.now().UTC().Round(0)
	p := &Plan{
		Key: of.Key, Policy: of.Policy, Target: of.Target, Fix: of.Fix, Base: of.Base,
		Summary: "Roll back: " + of.Summary,
		Impact:  "The finding is there again: what the plan closed is open.",
		Cost:    "None of its own.", Class: policy.Guarded, Params: of.Params,
		PreChecks: []PreCheck{}, Steps: of.Undo, Undo: of.Steps, Permissions: of.Permissions,
		Causes: []string{}, Commands: []Command{}, Of: of.Digest, By: by, Made: now, Expires: now.Add(24 * time.Hour),
	}
	sim, err := Simulate(ctx, r.Set, inv, p)
	if err != nil {
		return nil, err
	}
	for _, f := range slices.Concat(sim.Causes, sim.Undecided) {
		p.Causes = append(p.Causes, f.Key())
	}
	slices.Sort(p.Causes)
	p.Causes = slices.Compact(p.Causes)
	return seal(p)
}

// recorded returns a plan of the journal.
func (r *Runner) recorded(ctx context.Context, digest string) (*Plan, *PlanState, error) {
	st, err := r.Journal.State(ctx)
	if err != nil {
		return nil, nil, err
	}
	s := st.Plans[digest]
	if s == nil || s.Plan == nil {
		return nil, nil, fmt.Errorf("%w: the journal has no such plan", ErrNotFound)
	}
	p, err := ParsePlan(s.Plan)
	if err != nil {
		return nil, nil, err
	}
	return p, s, nil
}

// diverged compares an asset with what it is before steps. The error joins a *DivergedError for
// each part that differs.
func diverged(a *asset.Asset, steps []Step) error {
	var all []error
	after := last(steps)
	for _, want := range first(steps) {
		ok, err := Holds(a, []At{want})
		if err != nil {
			return err
		}
		if ok {
			continue
		}
		is, err := valueAt(a, want.Path)
		if err != nil {
			return err
		}
		e := &DivergedError{Path: want.Path, Wrote: want.Value, Now: is.Value}
		for _, b := range after {
			if b.Path == want.Path {
				e.Before = b.Value
			}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// first returns the values of all parts that steps change, before the first step that changes
// each.
func first(steps []Step) []At {
	var all []At
	for _, s := range steps {
		for _, b := range s.Before {
			if !slices.ContainsFunc(all, func(o At) bool { return overlap(o.Path, b.Path) }) {
				all = append(all, b)
			}
		}
	}
	return all
}

// last returns the values of all parts that steps change, after the last step that changes
// each.
func last(steps []Step) []At {
	var all []At
	for _, s := range slices.Backward(steps) {
		for _, b := range s.After {
			if !slices.ContainsFunc(all, func(o At) bool { return overlap(o.Path, b.Path) }) {
				all = append(all, b)
			}
		}
	}
	return all
}
