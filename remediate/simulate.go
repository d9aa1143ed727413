package remediate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Limits of what Simulate works on: a plan may come from a file of somebody else.
const (
	maxSteps   = 100  // of a plan, with those that undo it
	maxChanges = 1000 // of all steps
)

// Simulation is what a set of policies finds before, between and after the steps of a plan.
// Each list is sorted by ref and policy.
type Simulation struct {
	// Resolves holds the findings that fail before the plan, and pass or do not apply after it.
	Resolves []Turn
	// Causes holds the findings that fail after one of the steps, and that pass or do not
	// apply before the plan; Undecided those that are unknown after one of the steps, and
	// known before the plan. Each is the finding after the first step that leads to it.
	Causes, Undecided []Turn
	// Prefixes are the states after each step, and Undo those after all steps and each step
	// that undoes them.
	Prefixes, Undo []Prefix
	After          *asset.Inventory // after all steps
}

// Prefix is the state after the first steps of a plan.
type Prefix struct {
	Step  string // id of the last step that was applied
	Asset *asset.Asset
	Turns []Turn // findings that have another status than before the plan
}

// Turn is a finding whose status the steps of a plan change.
type Turn struct {
	policy.Finding               // after the steps
	Before         policy.Status // before the plan
}

// Simulate applies a plan to an inventory, step by step, and evaluates the set. It changes
// neither the inventory nor a cloud, and needs no fix: what a step does is in the plan. Parts of
// the status that the steps may change, and whose values they do not state, are unread in the
// result, as are links that may follow from a changed part.
//
// The work is one evaluation for each step, of the asset and of the assets whose policies
// look up the parts that change.
//
// The error is ErrNotFound, under errors.Is, if the inventory does not have the asset; ErrStale
// if the asset is not as the plan was made of it; ErrUnknown if a part that changes is unread;
// and ErrMalformed if the plan is not well formed. Simulate does not verify the digest: see
// [Plan.Verify].
func Simulate(ctx context.Context, set *policy.Set, inv *asset.Inventory, p *Plan) (*Simulation, error) {
	out, err := simulate(ctx, set, inv, p)
	if err != nil {
		return nil, fmt.Errorf("simulate plan of %s: %w", p.Target.Ref(), err)
	}
	return out, nil
}

func simulate(ctx context.Context, set *policy.Set, inv *asset.Inventory, p *Plan) (*Simulation, error) {
	changes := 0
	for _, s := range slices.Concat(p.Steps, p.Undo) {
		changes += len(s.Effect)
	}
	if n := len(p.Steps) + len(p.Undo); len(p.Steps) == 0 || n > maxSteps || changes > maxChanges {
		return nil, fmt.Errorf("%w: %d steps with %d changes (want 1 to %d, and at most %d)", ErrMalformed, n, changes, maxSteps, maxChanges)
	}
	start, ok := inv.Get(p.Target.Ref())
	if !ok {
		return nil, ErrNotFound
	}
	if start.Incarnation != p.Target.Incarnation {
		return nil, fmt.Errorf("%w: the asset was deleted and created again", ErrStale)
	}
	x := newSimulator(set, inv, start, slices.Concat(p.Steps, p.Undo))
	found, err := x.findings(ctx, inv, start)
	if err != nil {
		return nil, err
	}
	before := make(map[string]policy.Status, len(found))
	for key, f := range found {
		before[key] = f.Status
	}
	out, w := &Simulation{}, newWorld(inv, start, set.Schema)
	if out.Prefixes, err = x.run(ctx, p.Steps, w, before); err != nil {
		return nil, err
	}
	out.After = w.inventory()
	if out.Undo, err = x.run(ctx, p.Undo, w, before); err != nil {
		return nil, fmt.Errorf("undo: %w", err)
	}
	out.summarize()
	return out, nil
}

// summarize fills in what the steps lead to.
func (s *Simulation) summarize() {
	causes, undecided := map[string]Turn{}, map[string]Turn{}
	for i, p := range s.Prefixes {
		for _, t := range p.Turns {
			complied := t.Before == policy.Pass || t.Before == policy.NotApplicable
			key, to := t.Key(), causes
			switch {
			case t.Status == policy.Unknown:
				to = undecided
			case t.Status == policy.Fail && complied:
			case t.Status != policy.Fail && t.Before == policy.Fail && i == len(s.Prefixes)-1:
				s.Resolves = append(s.Resolves, t)
				continue
			default:
				continue
			}
			if _, ok := to[key]; !ok {
				to[key] = t
			}
		}
	}
	s.Causes, s.Undecided = sortedTurns(causes), sortedTurns(undecided)
}

func sortedTurns(byKey map[string]Turn) []Turn {
	return slices.SortedFunc(maps.Values(byKey), func(a, b Turn) int {
		return cmp.Or(a.Subject.Ref().Compare(b.Subject.Ref()), cmp.Compare(a.Policy.ID, b.Policy.ID))
	})
}

// simulator evaluates the findings that a plan can change.
type simulator struct {
	set    *policy.Set
	inv    *asset.Inventory
	target asset.Ref
	types  []asset.Type // of assets whose policies look up what changes, sorted
	looked bool         // whether there are any, or the target's own policies look up its type
}

// newSimulator works out which assets the steps can matter to.
func newSimulator(set *policy.Set, inv *asset.Inventory, target *asset.Asset, steps []Step) *simulator {
	x := &simulator{set: set, inv: inv, target: target.Ref}
	changed := changedBy(steps)
	relinked := affectedLinks(set, target, steps)
	types := map[asset.Type]bool{}
	for p := range set.Policies() {
		looks, complete := p.Lookups()
		if complete && !slices.Contains(looks, target.Type) {
			continue
		}
		if complete && !relinked && !slices.ContainsFunc(p.Reads()[target.Type], func(q asset.Path) bool {
			return slices.ContainsFunc(changed, func(c asset.Path) bool { return overlap(c, q) })
		}) {
			continue
		}
		x.looked = true
		for _, c := range p.Checks {
			for _, t := range c.Types {
				types[t] = true
			}
		}
	}
	for i := range steps {
		if o := steps[i].Asset; o != nil {
			x.looked = true
			types[o.Type] = true
			for p := range set.Policies() {
				if looks, complete := p.Lookups(); complete && !slices.Contains(looks, o.Type) {
					continue
				}
				for _, c := range p.Checks {
					for _, t := range c.Types {
						types[t] = true
					}
				}
			}
		}
	}
	x.types = slices.Sorted(maps.Keys(types))
	return x
}

// changedBy returns the parts that steps may change: those in their effects, and the status
// as far as a step does not keep it.
func changedBy(steps []Step) []asset.Path {
	var all []asset.Path
	for i := range steps {
		all = append(all, steps[i].changed()...)
		if !slices.Contains(steps[i].Keeps, "status") {
			all = append(all, "status")
		}
	}
	return all
}

// overlap reports whether one path leads into what the other leads to. The members that
// [Step.changed] names may be elements of lists.
func overlap(a, b asset.Path) bool {
	x, errX := a.Steps()
	y, errY := b.Steps()
	if errX != nil || errY != nil {
		return true
	}
	for i := range min(len(x), len(y)) {
		if x[i].Any || y[i].Any || x[i].Index >= 0 || y[i].Index >= 0 {
			continue
		}
		if x[i].Key != y[i].Key {
			return false
		}
	}
	return true
}

// run applies steps one after the other.
func (x *simulator) run(ctx context.Context, steps []Step, w *world, before map[string]policy.Status) ([]Prefix, error) {
	prefixes := make([]Prefix, 0, len(steps))
	for i := range steps {
		s := &steps[i]
		was, t, err := w.apply(s)
		if err != nil {
			return nil, err
		}
		if err := s.check(t); err != nil {
			return nil, err
		}
		if s.Asset == nil {
			w.set(relink(x.set, was, t.asset, s))
		}
		a, err := w.of(&Step{})
		if err != nil {
			return nil, err
		}
		inv := x.inv
		if x.looked {
			inv = w.inventory()
		}
		found, err := x.findings(ctx, inv, a)
		if err != nil {
			return nil, fmt.Errorf("after step %s: %w", s.ID, err)
		}
		turns := map[string]Turn{}
		for key, f := range found {
			if f.Status != before[key] {
				turns[key] = Turn{f, before[key]}
			}
		}
		prefixes = append(prefixes, Prefix{s.ID, a, sortedTurns(turns)})
	}
	return prefixes, nil
}

// findings returns the findings about the target and about the assets that it may matter
// to, by key.
func (x *simulator) findings(ctx context.Context, inv *asset.Inventory, target *asset.Asset) (map[string]policy.Finding, error) {
	observations := func(yield func(asset.Observation, error) bool) {
		if !yield(target, nil) {
			return
		}
		for _, t := range x.types {
			for a := range inv.OfType(t) {
				if a.Ref != x.target && !yield(a, nil) {
					return
				}
			}
		}
	}
	found := map[string]policy.Finding{}
	for f, err := range x.set.EvaluateEach(ctx, observations, inv) {
		if err != nil {
			return nil, err
		}
		if f.Asset() != nil {
			found[f.Key()] = f
		}
	}
	return found, nil
}
