package remediate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// draft makes a plan of a proposal.
type draft struct {
	policy    *policy.Policy
	fix       *Fix
	situation *Situation
	proposal  *Proposal
	options   PlanOptions
	schemas   func(asset.Type) (*asset.Schema, bool)
}

// plan completes the proposal.
func (d *draft) plan(ttl time.Duration) (*Plan, error) {
	s, o := d.situation, d.proposal
	p := &Plan{
		Key: s.Finding.Key(), Policy: d.policy.ID, Target: TargetOf(s.Asset), Fix: FixID{d.fix.ID, d.fix.Version},
		Summary: sentence(o.Summary), Impact: sentence(o.Impact), Cost: sentence(o.Cost), Class: cmp.Or(o.Class, d.policy.Remediation.Class, policy.Manual),
		Params: s.Params, Causes: sortedOnce(o.Causes), Permissions: sortedOnce(d.fix.Permissions), Commands: commands(o.Commands),
		By: d.options.By, Made: s.Now, Expires: s.Now.Add(ttl),
	}
	if !slices.Contains([]policy.Class{policy.Safe, policy.Guarded, policy.Manual}, p.Class) {
		return nil, fmt.Errorf("unknown class %.100q (want safe, guarded or manual)", p.Class)
	}
	if advice := managedBy(s.Asset); advice != "" && !d.options.AllowManaged {
		p.Class = policy.Manual
		p.Impact = strings.TrimSpace(advice + " " + p.Impact)
	}
	var err error
	if p.Base, err = BaseOf(d.fix, d.policy, s.Asset); err != nil {
		return nil, err
	}
	if p.PreChecks, err = d.preChecks(); err != nil {
		return nil, err
	}
	if len(o.Steps) == 0 {
		return nil, errors.New("no steps")
	}
	if n := len(o.Steps) + len(o.Undo); n > maxSteps {
		return nil, fmt.Errorf("%d steps (want at most %d)", n, maxSteps)
	}
	ids := map[string]bool{}
	w := newWorld(s.Inventory, s.Asset, d.schemas)
	if p.Steps, err = d.complete(o.Steps, w, "", ids); err != nil {
		return nil, err
	}
	if p.Undo, err = d.complete(o.Undo, w, "undo-", ids); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	return p, d.restored(w, p)
}

// preChecks joins the pre-checks of the policy with the outcomes that the fix computed.
func (d *draft) preChecks() ([]PreCheck, error) {
	all := []PreCheck{}
	for _, c := range d.policy.Remediation.PreChecks {
		check := PreCheck{ID: c.ID, Text: c.Text, Kind: c.Kind}
		if c.Kind == policy.Computed {
			outcome, ok := d.proposal.Checks[c.ID]
			if !ok {
				outcome.Evidence = "the fix did not compute it"
			}
			if !slices.Contains([]Result{Unknown, Pass, Fail}, outcome.Result) {
				return nil, fmt.Errorf("pre-check %s: unknown result %.100q", c.ID, outcome.Result)
			}
			check.Result, check.Evidence = outcome.Result, sentence(outcome.Evidence)
		}
		all = append(all, check)
	}
	return all, nil
}

// complete fills in what follows from the effects of steps, and applies them to the world.
func (d *draft) complete(steps []Step, w *world, prefix string, ids map[string]bool) ([]Step, error) {
	all := []Step{}
	for i, s := range steps {
		s.ID = cmp.Or(s.ID, prefix+strconv.Itoa(i+1))
		if ids[s.ID] {
			return nil, fmt.Errorf("duplicate step %q", s.ID)
		}
		ids[s.ID] = true
		if err := d.mayChange(&s); err != nil {
			return nil, err
		}
		a, err := w.of(&s)
		if err != nil {
			return nil, err
		}
		if err := s.redacted(a); err != nil {
			return nil, err
		}
		_, t, err := w.apply(&s)
		if err != nil {
			return nil, err
		}
		s.Before, s.After = t.before, t.after
		if s.Precondition.Hash, err = digestOf(t.before); err != nil {
			return nil, fmt.Errorf("step %s: %w", s.ID, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// mayChange returns an error for a step that changes other parts than the fix says.
func (d *draft) mayChange(s *Step) error {
	if s.Asset != nil {
		if !slices.Contains(d.fix.Makes, s.Asset.Type) {
			return fmt.Errorf("step %s changes an asset of type %s (the fix makes %v)", s.ID, s.Asset.Type, d.fix.Makes)
		}
		if ref, err := asset.ParseRef(s.Asset.Type, s.Asset.ID); err != nil || ref.ID != s.Asset.ID {
			return fmt.Errorf("step %s: id of an asset that is not canonical: %.200q", s.ID, s.Asset.ID)
		}
		return nil
	}
	for _, path := range s.changed() {
		if !slices.ContainsFunc(d.fix.Writes, func(w asset.Path) bool { return w.Covers(path) }) {
			return fmt.Errorf("step %s changes %s (the fix writes %v)", s.ID, path, d.fix.Writes)
		}
	}
	return nil
}

// redacted returns an error that is ErrNoFix if a step replaces a redacted value, or would
// send one.
func (s *Step) redacted(a *asset.Asset) error {
	parts, err := s.values(a)
	if err != nil {
		return fmt.Errorf("step %s: %w", s.ID, kindOf(err))
	}
	for _, at := range parts {
		v, err := a.At(at.Path)
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		for path, mark := range v.Marks() {
			if _, ok := mark.Redacted(); ok {
				return fmt.Errorf("%w: step %s: a secret in %s cannot be restored (at %s)", ErrNoFix, s.ID, at.Path, path)
			}
		}
	}
	path, err := url.PathUnescape(s.Request.Path)
	if err != nil {
		path = s.Request.Path
	}
	sent := []string{s.Request.Service, s.Request.Operation, s.Request.Path, path, s.Request.Region}
	for _, data := range append([][]byte{s.Request.Body}, effectValues(s)...) {
		if len(data) == 0 {
			continue
		}
		text, err := canonical(data)
		if err != nil {
			return fmt.Errorf("step %s: %w", s.ID, err)
		}
		sent = append(sent, string(text))
	}
	if slices.ContainsFunc(sent, mentionsRedacted) {
		return fmt.Errorf("%w: step %s would send a redacted value", ErrNoFix, s.ID)
	}
	return nil
}

func effectValues(s *Step) [][]byte {
	var all [][]byte
	for _, c := range s.Effect {
		all = append(all, c.Value)
	}
	return all
}

// mentionsRedacted reports whether the text of a redacted value stands anywhere in s.
func mentionsRedacted(s string) bool {
	for {
		i := strings.Index(s, "[redacted")
		if i < 0 {
			return false
		}
		s = s[i:]
		// A redacted value is short: names of detectors and a hash.
		if end := strings.IndexByte(s[:min(len(s), 1000)], ']'); end > 0 {
			if _, ok := asset.ParseRedacted(s[:end+1]); ok {
				return true
			}
		}
		s = s[1:]
	}
}

// restored returns an error if an asset after the undo steps differs from the present one
// at a written path, except where the proposal says that it does.
func (d *draft) restored(w *world, p *Plan) error {
	for _, part := range firstParts(p.Steps, p.Target.Ref()) {
		if part.of == p.Target.Ref() {
			continue
		}
		a, err := w.of(&Step{Asset: &Other{part.of.Type, part.of.ID}})
		if err != nil {
			return err
		}
		if ok, err := Holds(a, []At{part.At}); err != nil {
			return err
		} else if !ok {
			return fmt.Errorf("the undo steps do not restore %s of %s", part.Path, part.of)
		}
	}
	undone, err := w.of(&Step{})
	if err != nil {
		return err
	}
	for _, w := range d.fix.Writes {
		path := certain(w)
		if slices.ContainsFunc(d.proposal.Residue, func(r asset.Path) bool { return r.Covers(path) || path.Covers(r) }) {
			continue
		}
		was, err := d.situation.Asset.At(path)
		if err != nil {
			return err
		}
		is, err := undone.At(path)
		if err != nil {
			return err
		}
		if !was.Equal(is) && !(was.IsAbsent() && is.IsAbsent()) {
			return fmt.Errorf("the undo steps do not restore %s", path)
		}
	}
	return nil
}

// certain returns a path up to its first [*].
func certain(p asset.Path) asset.Path {
	if i := strings.Index(string(p), "[*]"); i > 0 {
		return p[:i]
	}
	return p
}

// verify simulates the plan.
func (d *draft) verify(ctx context.Context, set *policy.Set, p *Plan) error {
	sim, err := simulate(ctx, set, d.situation.Inventory, p)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sim.Resolves, func(t Turn) bool { return t.Key() == p.Key }) {
		return errors.New("the steps do not resolve the finding")
	}
	var problems []string
	for _, t := range slices.Concat(sim.Causes, sim.Undecided) {
		if t.Before != policy.Fail && !slices.Contains(p.Causes, t.Key()) {
			problems = append(problems, fmt.Sprintf("policy %s for %s would be %s (is %s)", t.Policy.ID, t.Subject.Ref(), t.Status, t.Before))
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("the steps change other findings: %s", strings.Join(problems, "; "))
	}
	return nil
}

// sentence bounds a text of a fix.
func sentence(s string) string {
	if len(s) <= maxSentence {
		return s
	}
	return strings.ToValidUTF8(s[:maxSentence], "") + "..."
}

func sortedOnce(all []string) []string {
	return append([]string{}, slices.Compact(slices.Sorted(slices.Values(all)))...)
}
