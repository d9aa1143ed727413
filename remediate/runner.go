package remediate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// Runner applies plans that people approved. The zero Runner changes nothing: every account is
// monitored only.
//
// For each plan it verifies the digest, the approval, the mode of the account, the identity and
// the permissions of the writing credentials, reads and judges the asset again, and evaluates
// the pre-checks again. Then it makes the requests, one by one: each is in the journal before it
// is made, and after it the outcome. In the end it reads the asset once more: a plan is verified
// only by a verdict about what was read after the last step.
//
// A Runner is safe for concurrent use, also by several processes with the same journal.
type Runner struct {
	Set     *policy.Set
	Fixes   *Fixes
	Read    Reader // with credentials that only read
	Journal *Journal
	// Credentials are the writing credentials by provider: "aws", "azure", "gcp".
	Credentials map[string]Credentials
	// Mode returns the mode of an account. Nil: Monitor everywhere.
	Mode func(asset.Scope) Mode
	// Protect lists assets that are never changed, such as those by which people enter when all
	// else fails. There is no default: nil refuses unattended runs.
	Protect   []asset.Ref
	FourEyes  bool // the approver is neither who requested the plan nor who runs it
	Limit     Limit
	OnFailure OnFailure

	Now   func() time.Time                                 // nil: time.Now
	Sleep func(ctx context.Context, d time.Duration) error // nil: waits
}

// OnFailure says what happens to the steps of a plan before one that failed, or that did not
// repair. The zero OnFailure is LeaveSteps.
type OnFailure int

// What happens after a failure.
const (
	LeaveSteps OnFailure = iota // they stay as they are
	UndoSteps                   // they are undone
)

// Run is what a Runner is asked to do with plans.
type Run struct {
	Actor     string // who runs it
	Approvals []Approval
	// Standing makes the run unattended: plans need no approval of their own, if a standing
	// approval covers them, or if they are safe and have only computed pre-checks.
	Standing   []Standing
	Unattended bool
	DryRun     bool // everything but the writes, which it does not make, and the journal
}

// Outcome of a plan in a run. The zero PlanOutcome is PlanNotStarted.
type PlanOutcome string

// The outcomes of plans.
const (
	PlanNotStarted PlanOutcome = "not started" // nothing was changed
	PlanReady      PlanOutcome = "ready"       // a dry run found nothing that forbids it
	PlanVerified   PlanOutcome = "verified"    // the asset complies
	PlanFailed     PlanOutcome = "failed"      // steps were made, and the asset does not comply
	PlanUndone     PlanOutcome = "undone"      // steps were made and undone
	PlanUnknown    PlanOutcome = "unknown"     // what was changed is not known: see Runner.Resume
)

// PlanResult is the result of one plan.
type PlanResult struct {
	Plan     *Plan
	Outcome  PlanOutcome
	Standing string   // id of the standing approval that it was applied by
	Done     []string // ids of the steps that were carried out
	// Finding is the last verdict about the asset; nil if there is none.
	Finding *policy.Finding
	Err     error // why the plan was not started, failed, or is unknown
}

// Errors of unattended runs, under [errors.Is].
var (
	// ErrUnattended is returned for a plan that needs a person.
	ErrUnattended = errors.New("not unattended")
	// ErrContested is returned for a finding that was repaired twice within seven days and is
	// there again: somebody, or something, changes the asset back.
	ErrContested = errors.New("contested")
)

const (
	leaseTime   = 5 * time.Minute
	stepTime    = 4 * time.Minute // for one request, within the lease
	maxFailures = 3               // of a fix in a row
	maxPlans    = 10_000          // of a run
)

// Apply applies plans, one after the other, and returns a result for each, in their order. A
// plan that fails does not keep others from being applied. The error says why no plan was looked
// at: the run itself is malformed. A cancelled context ends the run; plans that were not begun
// are not started.
func (r *Runner) Apply(ctx context.Context, run Run, plans ...*Plan) ([]PlanResult, error) {
	if err := r.verify(run, plans); err != nil {
		return nil, fmt.Errorf("apply plans: %w", err)
	}
	batch, err := BatchDigest(plans...)
	if err != nil {
		batch = "" // a plan of it is malformed, and says so
	}
	x := &execution{r: r, run: run, batch: batch, id: newRun(), limit: r.Limit.orDefault()}
	results := make([]PlanResult, len(plans))
	for i, p := range plans {
		results[i] = x.plan(ctx, p)
	}
	return results, nil
}

func (r *Runner) verify(run Run, plans []*Plan) error {
	unattended := run.Unattended || len(run.Standing) > 0
	switch {
	case r.Set == nil || r.Read == nil:
		return errors.New("runner without Set or Read")
	case r.Journal == nil && !run.DryRun:
		return errors.New("runner without a journal")
	case run.Actor == "":
		return errors.New("run without an actor")
	case unattended && r.Protect == nil:
		return fmt.Errorf("%w: the runner has no list of protected assets (Protect may be empty, not nil)", ErrUnattended)
	case len(plans) > maxPlans:
		return fmt.Errorf("%d plans (want %d at most)", len(plans), maxPlans)
	case slices.Contains(plans, nil):
		return errors.New("nil plan")
	}
	if err := r.Limit.verify(unattended); err != nil {
		return err
	}
	var problems []error
	for i := range run.Standing {
		problems = append(problems, run.Standing[i].Verify())
	}
	return errors.Join(problems...)
}

func (r *Runner) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

func (r *Runner) sleep(ctx context.Context, d time.Duration) error {
	if r.Sleep != nil {
		return r.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func newRun() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// execution is one run.
type execution struct {
	r     *Runner
	run   Run
	batch string
	id    string
	limit Limit
}

func (x *execution) unattended() bool { return x.run.Unattended || len(x.run.Standing) > 0 }

// subject is the state of the target of a plan, and what permits to change it.
type subject struct {
	fix      *Fix
	asset    *asset.Asset
	world    *world
	finding  policy.Finding
	accepts  []string
	standing *Standing
}

// plan applies one plan.
func (x *execution) plan(ctx context.Context, p *Plan) PlanResult {
	res := PlanResult{Plan: p, Outcome: PlanNotStarted}
	fail := func(err error) PlanResult {
		res.Err = fmt.Errorf("plan %.12s of %s: %w", p.Digest, p.Key, err)
		return res
	}
	if err := context.Cause(ctx); err != nil {
		return fail(err)
	}
	fix, err := x.permitted(ctx, p)
	if err != nil {
		return fail(err)
	}
	if x.run.DryRun {
		s, err := x.ready(ctx, p, fix)
		if s != nil {
			res.Finding = &s.finding
		}
		if err == nil {
			res.Outcome = PlanReady
			return res
		}
		return fail(err)
	}
	standing := ""
	if s := x.standing(p); s != nil {
		standing = s.ID
	}
	lease, err := x.r.Journal.lease(ctx, leaseRequest{
		plan: p, run: x.id, actor: x.run.Actor, standing: standing, unattended: x.unattended(), ttl: leaseTime,
	})
	if err != nil {
		return fail(err)
	}
	// What was done is written down also if the caller gives up.
	keep := context.WithoutCancel(ctx)
	defer func() { _ = lease.release(keep) }()
	if err := lease.record(ctx, Intended, "", p); err != nil {
		return fail(err)
	}
	s, err := x.ready(ctx, p, fix)
	if s != nil {
		res.Finding = &s.finding
	}
	if err != nil {
		_ = lease.record(keep, NotStarted, "", err.Error())
		return fail(err)
	}
	if s.standing != nil {
		res.Standing = s.standing.ID
	}
	w := &work{x: x, p: p, fix: fix, lease: lease, subject: s, result: &res}
	if err := w.run(ctx); err != nil {
		return fail(err)
	}
	return res
}

// permitted checks all that needs neither the asset nor the journal.
func (x *execution) permitted(ctx context.Context, p *Plan) (*Fix, error) {
	if err := p.Verify(); err != nil {
		return nil, err
	}
	if err := p.wellFormed(); err != nil {
		return nil, err
	}
	fix, ok := x.r.Fixes.Get(p.Fix.ID)
	if !ok {
		return nil, fmt.Errorf("%w: unknown fix %q", ErrNoFix, p.Fix.ID)
	}
	if fix.Version != p.Fix.Version {
		return nil, fmt.Errorf("%w: plan of version %d of fix %s (has version %d)", ErrStale, p.Fix.Version, fix.ID, fix.Version)
	}
	if p.Class != policy.Safe && p.Class != policy.Guarded {
		return nil, fmt.Errorf("%w: class %s is for a person: %s", ErrNoFix, p.Class, p.Impact)
	}
	if x.r.Mode == nil || x.r.Mode(p.Target.Scope()) != MonitorAndProtect {
		return nil, fmt.Errorf("%w: %s", ErrMonitor, p.Target.Scope())
	}
	if slices.Contains(x.r.Protect, p.Target.Ref()) {
		return nil, fmt.Errorf("%w: %s", ErrProtected, p.Target.ID)
	}
	if x.unattended() && p.Of != "" {
		return nil, fmt.Errorf("%w: a rollback opens an exposure again", ErrUnattended)
	}
	if !x.unattended() {
		if _, err := find(x.run.Approvals, p, x.batch, x.run.Actor, x.r.FourEyes, x.r.now()); err != nil {
			return nil, err
		}
	}
	return fix, nil
}

// standing returns the first standing approval of the policy and the fix of a plan, or nil.
func (x *execution) standing(p *Plan) *Standing {
	for i := range x.run.Standing {
		if s := &x.run.Standing[i]; s.Policy == p.Policy && s.Fix == p.Fix {
			return s
		}
	}
	return nil
}

// ready reads the asset again, and checks all that must hold before the first step. The
// subject is nil if the asset was not read and judged.
func (x *execution) ready(ctx context.Context, p *Plan, fix *Fix) (*subject, error) {
	if _, err := caller(ctx, x.r.Credentials[p.Target.Provider], p, x.unattended()); err != nil {
		return nil, err
	}
	inv, a, err := x.r.read(ctx, p)
	if err != nil {
		return nil, err
	}
	f, err := x.r.judge(ctx, p, inv, a)
	if err != nil {
		return nil, err
	}
	s := &subject{fix: fix, asset: a, world: newWorld(inv, a, x.r.Set.Schema), finding: f}
	checks := p.PreChecks
	if p.Of != "" {
		if err := diverged(newWorld(inv, a, x.r.Set.Schema), p.Steps); err != nil {
			return s, err
		}
	} else {
		if err := failing(f); err != nil {
			return s, err
		}
		if base, err := BaseOf(fix, f.Policy, a); err != nil {
			return s, err
		} else if base != p.Base {
			return s, fmt.Errorf("%w: the asset, its policy or its fix changed since the plan was made", ErrStale)
		}
		if checks, err = x.recheck(ctx, p, fix, inv, a, f); err != nil {
			return s, err
		}
	}
	if err := x.approve(p, s); err != nil {
		return s, err
	}
	return s, blocked(checks, s.accepts, x.unattended())
}

// recheck evaluates the computed pre-checks again.
func (x *execution) recheck(ctx context.Context, p *Plan, fix *Fix, inv *asset.Inventory, a *asset.Asset, f policy.Finding) ([]PreCheck, error) {
	got, err := fix.Propose(ctx, &Situation{Finding: f, Asset: a, Inventory: inv, Params: p.Params, Now: x.r.now()})
	if err != nil {
		return nil, fmt.Errorf("pre-checks: %w", err)
	}
	checks := slices.Clone(p.PreChecks)
	for i := range checks {
		c := &checks[i]
		if c.Kind == policy.Computed {
			o := got.Checks[c.ID]
			c.Result, c.Evidence = o.Result, o.Evidence
		}
	}
	return checks, nil
}

// approve finds what approves a plan now, right before the first write.
func (x *execution) approve(p *Plan, s *subject) error {
	now := x.r.now()
	if !x.unattended() {
		a, err := find(x.run.Approvals, p, x.batch, x.run.Actor, x.r.FourEyes, now)
		if err != nil {
			return err
		}
		s.accepts = a.Accepts
		return nil
	}
	var why error
	for i := range x.run.Standing {
		c := &x.run.Standing[i]
		if c.Policy != p.Policy {
			continue
		}
		if err := c.covers(p, s.asset, now); err != nil {
			why = errors.Join(why, err)
			continue
		}
		s.standing, s.accepts = c, c.Attests
		return nil
	}
	attested := slices.ContainsFunc(p.PreChecks, func(c PreCheck) bool { return c.Kind != policy.Computed })
	switch {
	case why != nil:
		return why
	case !p.Expires.After(now):
		return fmt.Errorf("%w: plan ended %s", ErrStale, stamp(p.Expires))
	case p.Class != policy.Safe || attested:
		return fmt.Errorf("%w: %w: a %s fix with attested pre-checks, or a guarded one, needs a standing approval", ErrUnattended, ErrNotApproved, p.Class)
	}
	return nil
}

// read reads the target of a plan.
func (r *Runner) read(ctx context.Context, p *Plan) (*asset.Inventory, *asset.Asset, error) {
	pol, ok := r.Set.Policy(p.Policy)
	if !ok {
		return nil, nil, fmt.Errorf("%w: unknown policy %q", ErrNoFix, p.Policy)
	}
	inv, err := r.Read(ctx, p.Target.Ref(), pol)
	if errors.Is(err, provider.ErrNotFound) && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the asset again: %w", err)
	}
	a, ok := inv.Get(p.Target.Ref())
	if !ok {
		return nil, nil, fmt.Errorf("%w: read the asset again: %s is not in the answer", ErrUnknown, p.Target.Ref())
	}
	return inv, a, nil
}

// judge evaluates the policy of a plan.
func (r *Runner) judge(ctx context.Context, p *Plan, inv *asset.Inventory, a *asset.Asset) (policy.Finding, error) {
	x, err := r.Set.Explain(ctx, p.Policy, a, inv)
	if err != nil {
		return policy.Finding{}, fmt.Errorf("judge the asset again: %w", err)
	}
	if f := x.Finding; f.Key() != p.Key {
		return f, fmt.Errorf("%w plan: key %q of another finding (want %q)", ErrMalformed, p.Key, f.Key())
	}
	return x.Finding, nil
}

// failing returns nil for a finding that a plan can repair.
func failing(f policy.Finding) error {
	switch f.Status {
	case policy.Fail:
		return nil
	case policy.Unknown:
		return errors.Join(fmt.Errorf("%w: %s", ErrUnknown, f.Message), f.Err)
	}
	return fmt.Errorf("%w: %s", ErrResolved, f.Status)
}

// wellFormed checks what a digest does not: a plan may come from a file of anybody.
func (p *Plan) wellFormed() error {
	fail := func(what string, args ...any) error {
		return fmt.Errorf("%w plan of %s: "+what, append([]any{ErrMalformed, p.Key}, args...)...)
	}
	if len(p.Steps) == 0 || len(p.Steps)+len(p.Undo) > maxSteps {
		return fail("%d steps", len(p.Steps))
	}
	seen := map[string]bool{}
	for _, s := range slices.Concat(p.Steps, p.Undo) {
		if s.ID == "" || seen[s.ID] {
			return fail("missing or duplicate id %.100q of a step", s.ID)
		}
		seen[s.ID] = true
	}
	if p.Target.Account == "" || p.Target.Provider == "" {
		return fail("target without provider or account")
	}
	return nil
}
