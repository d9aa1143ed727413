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
	w := newWorld(inv, a, r.Set.Schema)
	if ok, err := w.holdAll(lastParts(of.Undo, a.Ref)); err != nil {
		return nil, err
	} else if ok {
		return nil, fmt.Errorf("%w: the asset is as it was", ErrResolved)
	}
	if err := diverged(w, of.Undo); err != nil {
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

// part is a part of an asset.
type part struct {
	of asset.Ref
	At
}

// overlaps reports whether one part contains the other.
func (p part) overlaps(o part) bool { return p.of == o.of && overlap(p.Path, o.Path) }

// diverged compares assets with what they are before steps. The error joins a *DivergedError
// for each part that differs.
func diverged(w *world, steps []Step) error {
	var all []error
	after := lastParts(steps, w.target)
	for _, want := range firstParts(steps, w.target) {
		a, err := w.of(&Step{Asset: &Other{want.of.Type, want.of.ID}})
		if err != nil {
			return err
		}
		ok, err := Holds(a, []At{want.At})
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
			if b.of == want.of && b.Path == want.Path {
				e.Before = b.Value
			}
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

// holdAll reports whether parts have their values.
func (w *world) holdAll(parts []part) (bool, error) {
	for _, p := range parts {
		a, err := w.of(&Step{Asset: &Other{p.of.Type, p.of.ID}})
		if err != nil {
			return false, err
		}
		if ok, err := Holds(a, []At{p.At}); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// firstParts returns all parts that steps change, with the values before the first step that
// changes each.
func firstParts(steps []Step, target asset.Ref) []part {
	var all []part
	for i := range steps {
		for _, b := range steps[i].Before {
			if p := (part{steps[i].of(target), b}); !slices.ContainsFunc(all, p.overlaps) {
				all = append(all, p)
			}
		}
	}
	return all
}

// lastParts returns all parts that steps change, with the values after the last step that
// changes each.
func lastParts(steps []Step, target asset.Ref) []part {
	var all []part
	for i := range slices.Backward(steps) {
		for _, b := range steps[i].After {
			if p := (part{steps[i].of(target), b}); !slices.ContainsFunc(all, p.overlaps) {
				all = append(all, p)
			}
		}
	}
	return all
}
