// Package remediatetest tests fixes, and other parts that package remediate works with,
// against their contracts:
//
//	func TestVersioning(t *testing.T) {
//		remediatetest.TestFix(t, remediatetest.Fix{Set: set, Fix: fix, Policy: "aws-s3-bucket-versioning", Of: ref, ...})
//	}
//
// Each rule of a contract is a subtest.
package remediatetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

// Fix is a fix to test, and a server that keeps state, which the fix and Read work on.
type Fix struct {
	Set    *policy.Set
	Fix    *remediate.Fix
	Policy string    // id of the policy that the asset fails
	Of     asset.Ref // the asset
	Params map[string]string
	Read   remediate.Reader

	// Reset brings the server to the state in which the asset fails the policy, whatever its
	// state is. Every call leads to the same state, settings that the fix must keep included.
	Reset func(ctx context.Context) error
	// Writes returns the number of requests that the server received and that are there to
	// change something, refused ones included.
	Writes func() int
	// Change changes a part of the asset that the first step writes, as another program would. Nil: not
	// tested.
	Change func(ctx context.Context) error
	// FailWrite makes the server refuse the nth write from now on, counted from 1, without a
	// change. 0 ends that. Nil: not tested.
	FailWrite func(n int)

	// Ignore lists parts of the asset that the cloud changes by itself: versions, entity tags
	// and times. Parts that the schema marks as read-only are ignored without it, unless the
	// fix writes them.
	Ignore []asset.Path
	// Now is the time of plans. Zero: an instant of the package's choice.
	Now time.Time
}

// TestFix tests a fix. The rules of the contract:
//
//   - Planning changes nothing: it makes no write. The same state gives the same plan, and the
//     plan survives JSON.
//   - Each step does what its effect states, and changes nothing else. After the last one the
//     asset passes the policy.
//   - A step that is applied twice is as once. The second request may be refused as stale.
//   - A step whose precondition does not hold is refused as stale and changes nothing.
//   - If a step fails, those before it stand, and the undo steps restore the asset.
//   - The undo steps restore the asset, which then fails the policy again.
//   - A missing parameter and a cancelled context are errors, and change nothing.
func TestFix(t *testing.T, f Fix) {
	t.Helper()
	for _, r := range fixRules() {
		t.Run(r.name, func(t *testing.T) {
			s := newFixSuite(t.Context(), f)
			if r.skip != nil && r.skip(s) {
				t.Skip("the server does not support the test")
			}
			for _, err := range s.run(r) {
				t.Errorf("%v\n(the rule: %s)", err, r.says)
			}
		})
	}
}

// fixRule is one sentence of the contract. Its check returns the violations.
type fixRule struct {
	name, says string
	check      func(*fixSuite) error
	skip       func(*fixSuite) bool
}

func fixRules() []fixRule {
	return []fixRule{
		{"plans", "planning makes no write, and the plan verifies", checkPlans, nil},
		{"deterministic", "the same state at the same instant gives the same plan", checkDeterministic, nil},
		{"round trip", "a plan that is read is the plan that was written", checkRoundTrip, nil},
		{"applies", "each step does what its effect states and nothing else, and the asset passes afterwards", checkApplies, nil},
		{"twice", "a step that is applied twice is as once", checkTwice, nil},
		{"stale", "a step whose precondition does not hold is refused and changes nothing", checkStale, func(s *fixSuite) bool { return s.Change == nil }},
		{"failure", "if a step fails, those before it stand, and the undo steps restore the asset", checkFailure, func(s *fixSuite) bool { return s.FailWrite == nil }},
		{"undo", "the undo steps restore the asset, which fails the policy again", checkUndo, nil},
		{"parameters", "a missing or unknown parameter is an error", checkParams, nil},
		{"cancel", "a cancelled context is an error and changes nothing", checkCancel, nil},
	}
}

// fixSuite is what a check works with.
type fixSuite struct {
	Fix
	ctx     context.Context
	planner *remediate.Planner
	found   []error
}

func newFixSuite(ctx context.Context, f Fix) *fixSuite {
	if f.Now.IsZero() {
		f.Now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	}
	return &fixSuite{Fix: f, ctx: ctx}
}

// run runs a check from the failing state.
func (s *fixSuite) run(r fixRule) []error {
	fixes, err := remediate.NewFixes(s.Fix.Fix)
	if err != nil {
		return []error{err}
	}
	s.planner = &remediate.Planner{Set: s.Set, Fixes: fixes, Read: s.Read, Now: func() time.Time { return s.Now }}
	if err := s.Reset(s.ctx); err != nil {
		return []error{fmt.Errorf("reset: %w", err)}
	}
	if err := r.check(s); err != nil {
		s.add("%w", err)
	}
	return s.found
}

func (s *fixSuite) add(format string, args ...any) {
	s.found = append(s.found, fmt.Errorf(format, args...))
}

// plan makes a plan.
func (s *fixSuite) plan() (*remediate.Plan, error) {
	return s.planner.PlanKey(s.ctx, s.Policy, s.Of, remediate.PlanOptions{By: "test", Params: s.Params})
}

// read reads the asset and evaluates the policy.
func (s *fixSuite) read() (*asset.Asset, *asset.Inventory, policy.Status, error) {
	p, ok := s.Set.Policy(s.Policy)
	if !ok {
		return nil, nil, policy.Unknown, fmt.Errorf("unknown policy %q", s.Policy)
	}
	inv, err := s.Read(s.ctx, s.Of, p)
	if err != nil {
		return nil, nil, policy.Unknown, fmt.Errorf("read: %w", err)
	}
	a, ok := inv.Get(s.Of)
	if !ok {
		return nil, nil, policy.Unknown, errors.New("read: the inventory lacks the asset")
	}
	x, err := s.Set.Explain(s.ctx, s.Policy, a, inv)
	if err != nil {
		return nil, nil, policy.Unknown, err
	}
	return a, inv, x.Finding.Status, nil
}

// simulate makes a plan and simulates it.
func (s *fixSuite) simulate() (*remediate.Plan, *remediate.Simulation, error) {
	p, err := s.plan()
	if err != nil {
		return nil, nil, err
	}
	_, inv, _, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	sim, err := remediate.Simulate(s.ctx, s.Set, inv, p)
	return p, sim, err
}

// apply applies a step as a runner does: if its precondition holds.
func (s *fixSuite) apply(p *remediate.Plan, step remediate.Step) error {
	a, _, _, err := s.read()
	if err != nil {
		return err
	}
	if ok, err := remediate.Holds(a, step.Before); err != nil || !ok {
		return errors.Join(fmt.Errorf("step %s: %w", step.ID, remediate.ErrStale), err)
	}
	return s.send(s.ctx, p, step)
}

// send makes the request of a step.
func (s *fixSuite) send(ctx context.Context, p *remediate.Plan, step remediate.Step) error {
	if err := s.Fix.Fix.Apply(ctx, p.Target, step); err != nil {
		return fmt.Errorf("step %s: %w", step.ID, err)
	}
	return nil
}
