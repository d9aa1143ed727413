package remediate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

const (
	defaultTTL  = 24 * time.Hour
	maxSentence = 2000 // bytes of a text of a plan
)

// Planner makes plans for findings. It changes nothing. It is safe for concurrent use.
type Planner struct {
	Set   *policy.Set
	Fixes *Fixes
	Read  Reader           // with credentials that only read
	Now   func() time.Time // nil: time.Now
	TTL   time.Duration    // from making a plan to its expiry; 0: 24 hours
}

// PlanOptions are the choices of the caller of a [Planner].
type PlanOptions struct {
	By     string            // who has the plan made
	Params map[string]string // of the fix
	// AllowManaged keeps the class of plans for assets that a template or another program
	// manages. Such plans are manual otherwise.
	AllowManaged bool
}

// PlanFinding makes a plan for a finding about an asset: see [Planner.PlanKey].
func (p *Planner) PlanFinding(ctx context.Context, f policy.Finding, o PlanOptions) (*Plan, error) {
	a := f.Asset()
	if a == nil {
		return nil, fmt.Errorf("plan for a finding that is not about an asset: %w", ErrUnknown)
	}
	if f.Key() != keyOf(f.Policy, a.Ref) {
		return nil, fmt.Errorf("plan for a masked finding: %w", ErrNoFix)
	}
	return p.PlanKey(ctx, f.Policy.ID, a.Ref, o)
}

// keyOf returns the key of the findings of a policy about an asset.
func keyOf(p *policy.Policy, of asset.Ref) string {
	return policy.Finding{Policy: p, Subject: policy.AssetSubject{Asset: &asset.Asset{Ref: of}}}.Key()
}

// PlanKey makes a plan for the finding of a policy about an asset, which an alert names. It
// reads the asset anew and evaluates the policy again. It verifies the proposal of the fix: the
// steps change only the paths that the fix writes, resolve the finding, and turn no finding
// that passes into another, except those that the plan names as causes; and the undo steps
// restore what the steps change. The same state at the same instant gives the same plan.
//
// The error is, under errors.Is, ErrResolved if the asset passes or the policy does not apply
// to it; ErrUnknown if the verdict is unknown; ErrNotFound if the asset does not exist;
// ErrNoFix if no fix of the planner repairs the finding, or a step would send or replace a
// redacted value; and ErrParam for a missing or unknown parameter.
func (p *Planner) PlanKey(ctx context.Context, policyID string, of asset.Ref, o PlanOptions) (*Plan, error) {
	plan, err := p.plan(ctx, policyID, of, o)
	if err != nil {
		return nil, fmt.Errorf("plan policy %s for %s: %w", policyID, of, err)
	}
	return plan, nil
}

func (p *Planner) plan(ctx context.Context, policyID string, of asset.Ref, o PlanOptions) (*Plan, error) {
	pol, fix, err := p.fixFor(policyID, of.Type)
	if err != nil {
		return nil, err
	}
	s, err := p.situation(ctx, pol, of)
	if err != nil {
		return nil, err
	}
	if s.Params, err = fix.params(o.Params); err != nil {
		return nil, err
	}
	proposal, err := fix.Propose(ctx, s)
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("fix %s: %w", fix.ID, err)
	}
	if proposal == nil {
		return nil, fmt.Errorf("fix %s: neither a proposal nor an error", fix.ID)
	}
	d := &draft{policy: pol, fix: fix, situation: s, proposal: proposal, options: o, schemas: p.Set.Schema}
	plan, err := d.plan(cmp.Or(p.TTL, defaultTTL))
	if err != nil {
		return nil, fmt.Errorf("proposal of fix %s: %w", fix.ID, err)
	}
	if err := d.verify(ctx, p.Set, plan); err != nil {
		return nil, fmt.Errorf("proposal of fix %s: %w", fix.ID, err)
	}
	return seal(plan)
}

// fixFor returns a policy and its fix for assets of a type.
func (p *Planner) fixFor(policyID string, t asset.Type) (*policy.Policy, *Fix, error) {
	pol, ok := p.Set.Policy(policyID)
	if !ok {
		return nil, nil, fmt.Errorf("%w: unknown policy", ErrNoFix)
	}
	if pol.Remediation.Fix == "" {
		return nil, nil, fmt.Errorf("%w: the policy names none", ErrNoFix)
	}
	fix, ok := p.Fixes.Get(pol.Remediation.Fix)
	if !ok {
		return nil, nil, fmt.Errorf("%w: unknown fix %q", ErrNoFix, pol.Remediation.Fix)
	}
	if !slices.Contains(fix.Types, t) {
		return nil, nil, fmt.Errorf("%w: fix %s is for assets of %v", ErrNoFix, fix.ID, fix.Types)
	}
	return pol, fix, nil
}

// situation reads the asset and evaluates the policy.
func (p *Planner) situation(ctx context.Context, pol *policy.Policy, of asset.Ref) (*Situation, error) {
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	inv, err := p.Read(ctx, of, pol)
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, provider.ErrNotFound) && !errors.Is(err, ErrNotFound):
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	case err != nil:
		return nil, err
	}
	a, ok := inv.Get(of)
	if !ok {
		return nil, fmt.Errorf("%w: the reader returned neither the asset nor an error", ErrUnknown)
	}
	x, err := p.Set.Explain(ctx, pol.ID, a, inv)
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoFix, err)
	}
	switch f := x.Finding; f.Status {
	case policy.Fail:
		return &Situation{Finding: f, Asset: a, Inventory: inv, Now: now().UTC().Round(0)}, nil
	case policy.Pass, policy.NotApplicable:
		return nil, fmt.Errorf("%w: the verdict is %s", ErrResolved, f.Status)
	default:
		return nil, fmt.Errorf("%w: %w", ErrUnknown, f.Err)
	}
}

// params returns the parameters of a fix with the defaults.
func (f *Fix) params(given map[string]string) (map[string]string, error) {
	all := map[string]string{}
	var names, missing []string
	for _, p := range f.Params {
		names = append(names, p.Name)
		value := cmp.Or(given[p.Name], p.Default)
		if value == "" {
			missing = append(missing, fmt.Sprintf("%s (%s)", p.Name, p.Description))
			continue
		}
		all[p.Name] = value
	}
	for name := range given {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%w: unknown parameter %.100q of fix %s (has %s)", ErrParam, name, f.ID, cmp.Or(strings.Join(names, ", "), "none"))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%w: fix %s needs %s", ErrParam, f.ID, strings.Join(missing, ", "))
	}
	return all, nil
}

// seal gives a plan its digest, and returns it as a program that reads it gets it.
func seal(p *Plan) (*Plan, error) {
	var err error
	if p.Digest, err = p.ComputeDigest(); err != nil {
		return nil, err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	return ParsePlan(data)
}
