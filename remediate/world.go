package remediate

import (
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
)

// world is the state of a target and of the assets beside it, while steps are applied to it in
// memory or compared with it.
type world struct {
	inv     *asset.Inventory
	target  asset.Ref
	scope   asset.Scope // of the target
	schemas func(asset.Type) (*asset.Schema, bool)
	changed map[asset.Ref]*asset.Asset // after steps; nil: deleted
}

func newWorld(inv *asset.Inventory, target *asset.Asset, schemas func(asset.Type) (*asset.Schema, bool)) *world {
	return &world{inv: inv, target: target.Ref, scope: target.Scope, schemas: schemas, changed: map[asset.Ref]*asset.Asset{}}
}

// of returns the asset that a step changes. One that does not exist has no documents. The error is
// ErrUnknown if it was not observed whether it exists.
func (w *world) of(s *Step) (*asset.Asset, error) {
	ref := s.of(w.target)
	a, ok := w.changed[ref]
	if !ok {
		a, ok = w.inv.Get(ref)
	}
	switch {
	case a != nil:
		return a, nil
	case !ok && ref == w.target:
		return nil, fmt.Errorf("%w: %s", ErrNotFound, ref)
	case !ok:
		if err := w.searched(ref.Type); err != nil {
			return nil, fmt.Errorf("step %s: %s: %w", s.ID, ref, err)
		}
	}
	return &asset.Asset{Ref: ref, Scope: w.scope, Name: ref.ID[strings.LastIndexByte(ref.ID, '/')+1:]}, nil
}

// searched returns an error that is ErrUnknown unless all assets of a type are in the inventory.
func (w *world) searched(t asset.Type) error {
	regional, whole := w.inv.Coverage(w.scope, t), w.inv.Coverage(asset.Scope{Provider: w.scope.Provider, Account: w.scope.Account}, t)
	if regional != asset.Complete && whole != asset.Complete || len(w.inv.GapsAmong(t)) > 0 {
		return fmt.Errorf("%w: assets of type %s were not searched completely", ErrUnknown, t)
	}
	return nil
}

// apply applies a step, and returns the asset that it changes, before and after.
func (w *world) apply(s *Step) (before *asset.Asset, t *transition, err error) {
	if before, err = w.of(s); err != nil {
		return nil, nil, err
	}
	if t, err = s.transit(before); err != nil {
		return nil, nil, err
	}
	w.set(t.asset)
	return before, t, nil
}

// set takes over the state of an asset after a step.
func (w *world) set(a *asset.Asset) {
	if a.Ref != w.target {
		if a.Config.IsAbsent() {
			w.changed[a.Ref] = nil
			return
		}
		a = asset.Derive(a, w.schemas)
	}
	w.changed[a.Ref] = a
}

// inventory returns a copy of the inventory in the present state.
func (w *world) inventory() *asset.Inventory {
	inv := &asset.Inventory{}
	for _, c := range w.inv.AllCoverage() {
		inv.Add(c)
	}
	for _, g := range w.inv.Gaps() {
		inv.Add(g)
	}
	seen := map[asset.Ref]bool{}
	for o := range w.inv.All() {
		seen[o.Ref] = true
		if a, ok := w.changed[o.Ref]; ok {
			o = a
		}
		if o != nil {
			inv.Add(o)
		}
	}
	for ref, a := range w.changed {
		if a != nil && !seen[ref] {
			inv.Add(a)
		}
	}
	return inv
}
