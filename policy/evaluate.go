package policy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

// Evaluate yields the findings of every policy for every asset of its types, and unknown
// findings where assets may be missing: for every gap in a type that a policy needs, and
// for every account and every type that a policy needs whose coverage there is not
// complete. A policy needs the types that it is about and those that it looks up. The
// accounts are those that coverage, gaps and assets name. Where a gap has a finding of
// the same policy, type and scope, there is none for the coverage.
//
// Findings of gaps come first, then those of assets, sorted by ref and policy, then those
// of coverage, sorted by account, type and policy, and last findings about exceptions. A
// sequence that ends without an error is whole; one that was cut off ends in its error.
// It may be ranged over again, and holds nothing once the loop ends.
func (s *Set) Evaluate(ctx context.Context, inv *asset.Inventory) iter.Seq2[Finding, error] {
	return s.EvaluateEach(ctx, func(yield func(asset.Observation, error) bool) {
		for _, g := range inv.Gaps() {
			if !yield(g, nil) {
				return
			}
		}
		for _, c := range inv.AllCoverage() {
			if !yield(c, nil) {
				return
			}
		}
		for a := range inv.All() {
			if !yield(a, nil) {
				return
			}
		}
	}, inv)
}

// EvaluateEach is Evaluate over a sequence of observations of any length, of which
// it keeps no more than a few hundred, and a byte for each account, region and type that
// policies need. Findings come in the order of the observations; those of coverage come
// after them, for the accounts that the sequence names. Related answers for other assets,
// and for the coverage of types in accounts of which the sequence states none; with nil,
// what policies ask of other assets is unknown. See [Set.Index] for one of bounded size. The sequence is
// ranged over on the caller's goroutine; an error in it ends the findings with that
// error, after those of what came before.
//
// Evaluation does not redact, and evidence and messages quote the documents. Assets from
// provider.Collect, from snapshots and from providers that pass the tests of providertest
// are redacted. See secret.Filter for others.
func (s *Set) EvaluateEach(ctx context.Context, obs iter.Seq2[asset.Observation, error], related *asset.Inventory) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		now := s.opts.Now()
		x := &exceptions{s, now, make([]atomic.Bool, len(s.exceptions))}
		ctx, cancel := context.WithCancelCause(ctx)
		p, l := newPipeline(ctx, s, related, x), newLedger(s)
		defer func() { cancel(nil); p.stop() }()
		flush := func(below int) bool {
			for len(p.queue) > below {
				b := p.next()
				if b.panicked != nil {
					panic(b.panicked)
				}
				for i := range b.findings {
					if !yield(b.findings[i], nil) {
						return false
					}
				}
				if err := context.Cause(ctx); err != nil {
					yield(Finding{}, err)
					return false
				}
				p.free(b)
			}
			return true
		}
		for o, err := range obs {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				p.send()
				if flush(0) {
					yield(Finding{}, err)
				}
				return
			}
			l.add(o)
			if p.add(o) && !flush(p.workers*2) {
				return
			}
		}
		p.send()
		if !flush(0) {
			return
		}
		if err := context.Cause(ctx); err != nil {
			yield(Finding{}, err)
			return
		}
		for _, f := range slices.Concat(l.findings(related), x.findings()) {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// evaluator evaluates policies, one at a time.
type evaluator struct {
	set     *Set
	machine *expr.Machine
	read    ReadTimes // of the assets that the present evaluation looked at
	look    func(*asset.Asset)
}

func newEvaluator(s *Set) *evaluator {
	e := &evaluator{set: s, machine: expr.NewMachine()}
	e.look = func(a *asset.Asset) { e.read.add(a) }
	return e
}

// begin prepares the evaluation of a check for an asset.
func (e *evaluator) begin(ctx context.Context, c *compiledCheck, a *asset.Asset, related *assetexpr.Related, now time.Time) {
	e.machine.Begin(ctx, assetValues(inputs{a, related, c.policy.values, now, e.look}), c.lets)
}

// finding evaluates a check for an asset.
func (e *evaluator) finding(ctx context.Context, c *compiledCheck, a *asset.Asset, related *assetexpr.Related, now time.Time) Finding {
	f := Finding{Policy: c.policy.Policy, Subject: AssetSubject{a}}
	e.read = ReadTimes{}
	e.read.add(a)
	if c.check.Run != nil {
		e.run(ctx, c, &f, related, now)
	} else {
		e.begin(ctx, c, a, related, now)
		f.Status, f.Err = e.verdict(c)
	}
	f.Read = e.read
	if f.Status == Pass || f.Status == NotApplicable {
		return f
	}
	e.message(c, &f)
	if c.check.Run == nil && !e.set.opts.NoEvidence && ctx.Err() == nil && !errors.Is(f.Err, expr.ErrTooCostly) {
		f.Evidence = e.evidence(c)
	}
	return f
}

// verdict decides: an unknown or failed when leaves a policy unknown unless the
// requirement is met anyway.
func (e *evaluator) verdict(c *compiledCheck) (Status, error) {
	var open error
	if c.when != nil {
		when := e.machine.Eval(c.when)
		switch when.Truth() {
		case expr.False:
			return NotApplicable, nil
		case expr.Unknown:
			open = whyOf(when)
		}
	}
	require := e.machine.Eval(c.require)
	switch truth := require.Truth(); {
	case truth == expr.True:
		return Pass, nil
	case open != nil:
		return Unknown, open
	case truth == expr.False:
		return Fail, nil
	}
	return Unknown, whyOf(require)
}

func whyOf(r expr.Result) error {
	if err := r.Why(); err != nil {
		return err
	}
	return fmt.Errorf("the expression is %s (want true or false)", expr.Text(r.Value))
}

// message sets the message, and tells in Err if its expression failed.
func (e *evaluator) message(c *compiledCheck, f *Finding) {
	if c.message != nil {
		r := e.machine.Eval(c.message)
		if s, ok := r.Value.(types.String); ok {
			f.Message = string(s)
			return
		}
		// The verdict reports what was not read once.
		if f.Status != Unknown || len(r.Unread) == 0 {
			why := r.Why()
			if why == nil {
				why = fmt.Errorf("the expression is %s (want a string)", expr.Text(r.Value))
			}
			f.Err = errors.Join(f.Err, fmt.Errorf("message: %w", why))
		}
	}
	if f.Message == "" {
		f.Message = c.policy.Title
	}
}

// run calls a check in Go.
func (e *evaluator) run(ctx context.Context, c *compiledCheck, f *Finding, related *assetexpr.Related, now time.Time) {
	v, err := guarded(ctx, c.check.Run, CheckInput{Asset: f.Asset(), Related: related.Inventory(), Params: c.policy.params, Now: now})
	f.Status, f.Message, f.Evidence, f.Err = v.Status, v.Message, v.Evidence, err
	if err != nil {
		f.Status = Unknown
	}
	if f.Status == Unknown && f.Err == nil {
		f.Err = errors.New("the check returned unknown without an error")
	}
}

// guarded contains a panic of a check to its finding.
func guarded(ctx context.Context, run func(context.Context, CheckInput) (Verdict, error), s CheckInput) (v Verdict, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = Verdict{}, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return run(ctx, s)
}
