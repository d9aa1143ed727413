package policy

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
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
// A gap in what belongs to one asset ([asset.Gap] with Of) has a finding of every policy
// about its type; more than 100 of one operation, code and account have one together. A
// gap of an account that is closed or switched off has one finding of [AccountPolicy].
//
// Findings of gaps come first, then those of assets, sorted by ref and policy, then those
// of coverage, sorted by account, type and policy, and last findings about exceptions. A
// sequence that ends without an error is whole; one that was cut off ends in its error.
// It may be ranged over again, and holds nothing once the loop ends.
func (s *Set) Evaluate(ctx context.Context, inv *asset.Inventory) iter.Seq2[Finding, error] {
	return s.evaluate(ctx, func(yield func(asset.Observation, error) bool) {
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
	}, inv, true)
}

// EvaluateEach is Evaluate over a sequence of observations of any length, of which
// it keeps no more than a few hundred, and a byte for each account, region and type that
// policies need. Findings come in the order of the observations. Those of gaps in what
// belongs to single assets come after them, and then those of coverage, for the accounts
// that the sequence names. Related answers for other assets,
// and for the coverage of types in accounts of which the sequence states none; with nil,
// what policies ask of other assets is unknown. See [Set.Index] for one of bounded size. The sequence is
// ranged over on the caller's goroutine; an error in it ends the findings with that
// error, after those of what came before.
//
// Evaluation does not redact, and evidence and messages quote the documents. Assets from
// provider.Collect, from snapshots and from providers that pass the tests of providertest
// are redacted. See secret.Filter for others.
func (s *Set) EvaluateEach(ctx context.Context, obs iter.Seq2[asset.Observation, error], related *asset.Inventory) iter.Seq2[Finding, error] {
	return s.evaluate(ctx, obs, related, false)
}

// evaluate evaluates observations. GapsFirst says that all gaps precede the assets.
func (s *Set) evaluate(ctx context.Context, obs iter.Seq2[asset.Observation, error], related *asset.Inventory, gapsFirst bool) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		now := s.opts.Now()
		x := &exceptions{s, now, make([]atomic.Bool, len(s.exceptions))}
		ctx, cancel := context.WithCancelCause(ctx)
		p, l, held := newPipeline(ctx, s, related, x), newLedger(s), heldGaps{}
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
			if err == nil && asset.IsNil(o) {
				err = errors.New("the sequence has neither an observation nor an error")
			}
			if err != nil {
				p.send()
				if flush(0) {
					yield(Finding{}, err)
				}
				return
			}
			l.add(o)
			switch o := o.(type) {
			case *asset.Gap:
				if !o.Of.IsZero() {
					held.add(o)
					continue
				}
			case *asset.Asset:
				if gapsFirst && len(held) > 0 {
					p.send()
					if !flush(0) || !each(held.findings(s), yield) {
						return
					}
					held = heldGaps{}
				}
			}
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
		each(slices.Concat(held.findings(s), l.findings(related), x.findings()), yield)
	}
}

// each yields findings, and reports whether the loop goes on.
func each(findings []Finding, yield func(Finding, error) bool) bool {
	for _, f := range findings {
		if !yield(f, nil) {
			return false
		}
	}
	return true
}

// evaluator evaluates policies, one at a time.
type evaluator struct {
	set     *Set
	machine *expr.Machine
	read    ReadTimes // of the assets that the present evaluation looked at
	look    func(*asset.Asset)
}

func newEvaluator(s *Set) *evaluator {
	e := &evaluator{set: s, machine: expr.NewMachine(expr.Limits(s.opts.Budget))}
	e.look = func(a *asset.Asset) { e.read.add(a) }
	return e
}

// begin prepares the evaluation of a check for an asset.
func (e *evaluator) begin(ctx context.Context, c *compiledCheck, a *asset.Asset, related *assetexpr.Related, now time.Time) {
	e.machine.Begin(ctx, assetValues(inputs{a, related, c.policy.values, now, e.look}), c.lets)
}

// finding evaluates a check for an asset.
func (e *evaluator) finding(ctx context.Context, c *compiledCheck, a *asset.Asset, related *assetexpr.Related, now time.Time) Finding {
	f := Finding{Policy: c.policy.Policy, Subject: AssetSubject{Asset: a}}
	e.read = ReadTimes{}
	e.read.add(a)
	if c.check.Run != nil {
		e.run(ctx, c, &f, related, now)
	} else {
		e.begin(ctx, c, a, related, now)
		f.Status, f.Err = e.verdict(c)
		if errors.Is(f.Err, expr.ErrTooCostly) {
			f.Status, f.Err = Unknown, fmt.Errorf("policy %s: %w", c.policy.ID, f.Err)
			f.Read = e.read
			f.Message = unknownMessage(c.policy.Title, f.Err)
			return f
		}
		f.Claims = e.claims(c, f.Status)
	}
	f.Read = e.read
	if f.Status == Pass || f.Status == NotApplicable {
		return f
	}
	e.message(c, &f)
	if c.check.Run == nil && !e.set.opts.NoEvidence && ctx.Err() == nil {
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

// claims decides on the controls that have claims, for an asset with the status. A control
// asks for a part of what the policy requires, so it is never worse than the policy.
func (e *evaluator) claims(c *compiledCheck, status Status) []ClaimStatus {
	if len(c.claims) == 0 || status == NotApplicable {
		return nil
	}
	all := make([]ClaimStatus, len(c.claims))
	for i, x := range c.claims {
		all[i] = ClaimStatus{x.controls, e.claim(x, status)}
	}
	return all
}

func (e *evaluator) claim(c compiledClaim, status Status) Status {
	about := expr.True
	if c.when != nil {
		about = e.machine.Eval(c.when).Truth()
	}
	switch {
	case about == expr.False:
		return NotApplicable
	case status == Pass:
		return Pass
	}
	if c.require != nil {
		switch e.machine.Eval(c.require).Truth() {
		case expr.True:
			return Pass
		case expr.Unknown:
			return Unknown
		}
	}
	if about == expr.Unknown {
		return Unknown
	}
	return status
}

func whyOf(r expr.Result) error {
	if err := r.Why(); err != nil {
		return err
	}
	return fmt.Errorf("the expression is %s (want true or false)", expr.Text(r.Value))
}

// maxMessage is the number of bytes of a message.
const maxMessage = 10_000

func bounded(message string) string {
	if len(message) <= maxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:maxMessage], "") + "..."
}

// message sets the message of a finding that fails or is unknown. Messages of policies
// say what is wrong with an asset, which nobody knows of one that is unknown. Err tells if
// the expression failed.
func (e *evaluator) message(c *compiledCheck, f *Finding) {
	if f.Status == Unknown {
		f.Message = unknownMessage(c.policy.Title, f.Err)
		return
	}
	if c.message != nil {
		r := e.machine.Eval(c.message)
		if s, ok := r.Value.(types.String); ok {
			f.Message = bounded(string(s))
			return
		}
		why := r.Why()
		if why == nil {
			why = fmt.Errorf("the expression is %s (want a string)", expr.Text(r.Value))
		}
		f.Err = errors.Join(f.Err, fmt.Errorf("message: %w", why))
	}
	if f.Message == "" {
		f.Message = c.policy.Title
	}
}

// unknownMessage returns the title of a policy with the reason why it is unknown.
func unknownMessage(title string, err error) string {
	reason := fmt.Sprint(err) // which takes a nil pointer in an error
	if p := (*panicError)(nil); errors.As(err, &p) {
		reason = p.message()
	}
	reason = strings.TrimPrefix(strings.ReplaceAll(reason, "\n", "; "), "unread: ")
	return title + " (" + reason + ")"
}

// run calls a check in Go.
func (e *evaluator) run(ctx context.Context, c *compiledCheck, f *Finding, related *assetexpr.Related, now time.Time) {
	v, err := call(ctx, c.check.Run, CheckInput{Asset: f.Asset(), Related: related.Inventory(), Params: c.policy.params, Now: now})
	f.Status, f.Message, f.Evidence, f.Err = v.Status, v.Message, v.Evidence, err
	switch {
	case err != nil:
		f.Status = Unknown
	case f.Status < Unknown || f.Status > NotApplicable:
		f.Err = fmt.Errorf("the check returned the unknown status %d", int(f.Status))
		f.Status = Unknown
	case f.Status == Unknown:
		f.Err = errors.New("the check returned unknown without an error")
	}
}

// call calls a check on a goroutine of its own: it may panic, end its goroutine, or go on
// after the context has ended, and then it is abandoned.
func call(ctx context.Context, run func(context.Context, CheckInput) (Verdict, error), in CheckInput) (Verdict, error) {
	type result struct {
		verdict Verdict
		err     error
	}
	done := make(chan result, 1) // a check that was abandoned can still end
	go func() {
		r := result{err: errors.New("the check ended its goroutine (runtime.Goexit)")}
		defer func() {
			if x := recover(); x != nil {
				r = result{err: &panicError{x, debug.Stack()}}
			}
			done <- r
		}()
		v, err := run(ctx, in)
		r = result{v, err}
	}()
	select {
	case r := <-done:
		return r.verdict, r.err
	case <-ctx.Done():
		return Verdict{}, context.Cause(ctx)
	}
}

// panicError is the error of a check that panicked.
type panicError struct {
	value any
	stack []byte
}

func (p *panicError) message() string { return fmt.Sprintf("panic: %v", p.value) }

// Error returns the value of the panic and the stack.
func (p *panicError) Error() string { return p.message() + "\n" + string(p.stack) }
