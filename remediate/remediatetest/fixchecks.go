package remediatetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

func checkPlans(s *fixSuite) error {
	writes := s.Writes()
	before, _, status, err := s.read()
	if err != nil {
		return err
	}
	if status != policy.Fail {
		s.add("the asset is %s before the plan (want fail)", status)
	}
	p, err := s.plan()
	if n := s.Writes() - writes; n > 0 {
		s.add("planning made %d writes", n)
	}
	if err != nil {
		return err
	}
	if p.Summary == "" || p.Impact == "" {
		s.add("the plan has no summary or no impact")
	}
	for _, c := range p.PreChecks {
		if c.Kind == policy.Computed && c.Evidence == "" {
			s.add("pre-check %s has no evidence", c.ID)
		}
	}
	after, _, _, err := s.read()
	if err != nil {
		return err
	}
	s.same("planning", before, after)
	return p.Verify()
}

func checkDeterministic(s *fixSuite) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	for range 3 {
		q, err := s.plan()
		if err != nil {
			return err
		}
		if p.Digest != q.Digest {
			return errors.New("two plans of one state differ")
		}
	}
	if err := s.Reset(s.ctx); err != nil {
		return err
	}
	q, err := s.plan()
	if err == nil && p.Base != q.Base {
		s.add("two plans of one state, which Reset made, have different bases")
	}
	return err
}

func checkRoundTrip(s *fixSuite) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	q, err := remediate.ParsePlan(data)
	if err == nil && p.Digest != q.Digest {
		s.add("the digest is another after reading")
	}
	return err
}

func checkApplies(s *fixSuite) error {
	p, sim, err := s.simulate()
	if err != nil {
		return err
	}
	for i, step := range p.Steps {
		writes := s.Writes()
		if err := s.apply(p, step); err != nil {
			return err
		}
		if n := s.Writes() - writes; n > 1 {
			s.add("step %s made %d writes (want 1)", step.ID, n)
		}
		a, _, _, err := s.read()
		if err != nil {
			return err
		}
		s.same("step "+step.ID, sim.Prefixes[i].Asset, a)
	}
	if _, _, status, err := s.read(); err != nil || status != policy.Pass && status != policy.NotApplicable {
		s.add("the asset is %s after the steps (want pass)", status)
	}
	if _, err := s.plan(); !errors.Is(err, remediate.ErrResolved) {
		s.add("planning after the steps: %v (want ErrResolved)", err)
	}
	return nil
}

func checkTwice(s *fixSuite) error {
	p, sim, err := s.simulate()
	if err != nil {
		return err
	}
	for i, step := range p.Steps {
		if err := s.apply(p, step); err != nil {
			return err
		}
		if err := s.send(s.ctx, p, step); err != nil && !errors.Is(err, remediate.ErrStale) {
			s.add("step %s, applied twice: %w", step.ID, err)
		}
		a, _, _, err := s.read()
		if err != nil {
			return err
		}
		s.same("step "+step.ID+", applied twice,", sim.Prefixes[i].Asset, a)
	}
	return nil
}

func checkStale(s *fixSuite) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	pol, _ := s.Set.Policy(s.Policy)
	if err := s.Change(s.ctx); err != nil {
		return fmt.Errorf("change: %w", err)
	}
	before, _, _, err := s.read()
	if err != nil {
		return err
	}
	if base, err := remediate.BaseOf(s.Fix.Fix, pol, before); err != nil || base == p.Base {
		s.add("the base of the plan is that of the changed asset: the fix does not write, and the policy does not read, what Change changes (%v)", err)
	}
	step := p.Steps[0]
	holds, err := remediate.Holds(before, step.Before)
	if err != nil {
		return err
	}
	if holds {
		s.add("step %s: its precondition holds after Change", step.ID)
	}
	if step.Precondition.ETag == "" {
		return nil // the runner, which compares the values, refuses it
	}
	if err := s.send(s.ctx, p, step); !errors.Is(err, remediate.ErrStale) {
		s.add("step %s with an old ETag: %v (want ErrStale)", step.ID, err)
	}
	after, _, _, err := s.read()
	if err == nil {
		s.same("a stale step", before, after)
	}
	return err
}

func checkFailure(s *fixSuite) error {
	defer s.FailWrite(0)
	first, err := s.plan()
	if err != nil {
		return err
	}
	for n := range first.Steps {
		s.FailWrite(0)
		if err := s.Reset(s.ctx); err != nil {
			return err
		}
		if err := s.failAt(n); err != nil {
			return err
		}
	}
	return nil
}

// failAt makes a step fail and undoes those before it.
func (s *fixSuite) failAt(n int) error {
	start, _, _, err := s.read()
	if err != nil {
		return err
	}
	p, sim, err := s.simulate()
	if err != nil {
		return err
	}
	s.FailWrite(n + 1)
	want := start
	for i, step := range p.Steps[:n+1] {
		err := s.apply(p, step)
		if i == n {
			if err == nil {
				s.add("step %s: no error of a write that the server refused", step.ID)
			}
			break
		}
		if err != nil {
			return err
		}
		want = sim.Prefixes[i].Asset
	}
	s.FailWrite(0)
	a, _, _, err := s.read()
	if err != nil {
		return err
	}
	s.same(fmt.Sprintf("failure of step %d", n+1), want, a)
	if err := s.undo(p); err != nil {
		return fmt.Errorf("undo after failure of step %d: %w", n+1, err)
	}
	if a, _, _, err = s.read(); err != nil {
		return err
	}
	// Undo steps that change nothing are omitted, so that what the cloud has no way back from
	// may be as it was or as the undo steps leave it.
	undone := start
	if n > 0 && len(sim.Undo) > 0 {
		undone = sim.Undo[len(sim.Undo)-1].Asset
	}
	s.sameAny(fmt.Sprintf("undo after failure of step %d", n+1), a, start, undone)
	return nil
}

// undo applies the undo steps that still have something to restore.
func (s *fixSuite) undo(p *remediate.Plan) error {
	for _, step := range p.Undo {
		a, _, _, err := s.read()
		if err != nil {
			return err
		}
		due, err := due(a, step)
		if err != nil {
			return err
		}
		if due {
			if err := s.send(s.ctx, p, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// due reports whether a step has something to change. Every part must be as before the step
// or as after it.
func due(a *asset.Asset, step remediate.Step) (bool, error) {
	any := false
	for i, after := range step.After {
		done, err := remediate.Holds(a, []remediate.At{after})
		if err != nil {
			return false, err
		}
		if done {
			continue
		}
		any = true
		if ok, err := remediate.Holds(a, []remediate.At{step.Before[i]}); err != nil || !ok {
			return false, errors.Join(fmt.Errorf("step %s: %s is neither as before nor as after it", step.ID, after.Path), err)
		}
	}
	return any, nil
}

func checkUndo(s *fixSuite) error {
	p, sim, err := s.simulate()
	if err != nil {
		return err
	}
	for _, step := range p.Steps {
		if err := s.apply(p, step); err != nil {
			return err
		}
	}
	if len(p.Undo) == 0 {
		return errors.New("the plan has no undo steps")
	}
	for i, step := range p.Undo {
		if err := s.apply(p, step); err != nil {
			return fmt.Errorf("undo: %w", err)
		}
		a, _, _, err := s.read()
		if err != nil {
			return err
		}
		s.same("undo step "+step.ID, sim.Undo[i].Asset, a)
	}
	if _, _, status, err := s.read(); err != nil || status != policy.Fail {
		s.add("the asset is %s after the undo steps (want fail)", status)
	}
	return nil
}

func checkParams(s *fixSuite) error {
	writes := s.Writes()
	for _, p := range s.Fix.Fix.Params {
		if p.Default != "" {
			continue
		}
		params := maps.Clone(s.Params)
		delete(params, p.Name)
		if _, err := s.planner.PlanKey(s.ctx, s.Policy, s.Of, remediate.PlanOptions{Params: params}); !errors.Is(err, remediate.ErrParam) {
			s.add("without parameter %s: %v (want ErrParam)", p.Name, err)
		}
	}
	if _, err := s.planner.PlanKey(s.ctx, s.Policy, s.Of, remediate.PlanOptions{Params: map[string]string{"no such": "x"}}); !errors.Is(err, remediate.ErrParam) {
		s.add("with an unknown parameter: %v (want ErrParam)", err)
	}
	if n := s.Writes() - writes; n > 0 {
		s.add("%d writes", n)
	}
	return nil
}

func checkCancel(s *fixSuite) error {
	p, err := s.plan()
	if err != nil {
		return err
	}
	before, _, _, err := s.read()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	for _, step := range slices.Concat(p.Steps, p.Undo) {
		if err := s.send(ctx, p, step); err == nil {
			s.add("step %s: no error of a cancelled context", step.ID)
		}
	}
	after, _, _, err := s.read()
	if err == nil {
		s.same("a cancelled step", before, after)
	}
	return err
}
