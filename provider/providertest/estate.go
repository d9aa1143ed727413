package providertest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// estate is one run of a provider, by what identifies each observation.
type estate struct {
	assets   map[string]*asset.Asset // by ref and observers
	gaps     map[string]*asset.Gap
	coverage map[asset.Coverage]bool
	types    []asset.Type // of the assets, sorted
	odd      []string     // breaches of the form of a sequence
	err      error
}

// observe runs a sequence to its end, and a little further if it goes on after
// an error.
func observe(seq iter.Seq2[asset.Observation, error]) *estate {
	e := &estate{assets: map[string]*asset.Asset{}, gaps: map[string]*asset.Gap{}, coverage: map[asset.Coverage]bool{}}
	for o, err := range seq {
		if e.err != nil {
			e.odd = append(e.odd, "the sequence goes on after an error")
			break
		}
		if err != nil {
			if e.err = err; o != nil {
				e.odd = append(e.odd, "an observation comes together with an error")
			}
			continue
		}
		e.add(o)
	}
	for _, a := range e.assets {
		e.types = append(e.types, a.Type)
	}
	slices.Sort(e.types)
	e.types = slices.Compact(e.types)
	return e
}

func (e *estate) add(o asset.Observation) {
	switch o := o.(type) {
	case *asset.Asset:
		if o == nil {
			break
		}
		key := o.Ref.String() + " seen by " + strings.Join(o.Observers, ",")
		if _, twice := e.assets[key]; twice {
			e.odd = append(e.odd, "asset twice: "+key)
		}
		e.assets[key] = o
		return
	case *asset.Gap:
		if o == nil {
			break
		}
		e.gaps[fmt.Sprintf("gap of %s in %s of %s: %s %s %s", o.Type, o.Scope, o.Of, o.Cause.Op, o.Cause.Reason, o.Cause.Code)] = o
		return
	case *asset.Coverage:
		if o == nil {
			break
		}
		e.coverage[*o] = true
		return
	}
	e.odd = append(e.odd, "neither an observation nor an error")
}

// sorted returns the assets in a stable order.
func (e *estate) sorted() []*asset.Asset {
	all := make([]*asset.Asset, 0, len(e.assets))
	for _, k := range slices.Sorted(maps.Keys(e.assets)) {
		all = append(all, e.assets[k])
	}
	return all
}

// sortedGaps returns the gaps in a stable order.
func (e *estate) sortedGaps() []*asset.Gap {
	all := make([]*asset.Gap, 0, len(e.gaps))
	for _, k := range slices.Sorted(maps.Keys(e.gaps)) {
		all = append(all, e.gaps[k])
	}
	return all
}

// only returns what e has of one type: its assets and coverage.
func (e *estate) only(t asset.Type) *estate {
	part := &estate{assets: map[string]*asset.Asset{}, coverage: map[asset.Coverage]bool{}}
	for k, a := range e.assets {
		if a.Type == t {
			part.assets[k] = a
		}
	}
	for c := range e.coverage {
		if c.Type == t {
			part.coverage[c] = true
		}
	}
	return part
}

func (e *estate) inventory() *asset.Inventory {
	inv := new(asset.Inventory)
	for _, a := range e.sorted() {
		inv.Add(a)
	}
	for _, g := range e.gaps {
		inv.Add(g)
	}
	for c := range e.coverage {
		inv.Add(&c)
	}
	return inv
}

// spokenOf reports whether there is coverage or a gap of a type.
func (e *estate) spokenOf(t asset.Type) bool {
	for c := range e.coverage {
		if c.Type == t {
			return true
		}
	}
	return e.hasGap(t)
}

func (e *estate) hasGap(t asset.Type) bool {
	for _, g := range e.gaps {
		if g.Type == t || g.Type == "" {
			return true
		}
	}
	return false
}

// complete reports whether a type was searched completely wherever it was.
func (e *estate) complete(t asset.Type) bool {
	found := false
	for c := range e.coverage {
		if c.Type == t {
			if c.State != asset.Complete {
				return false
			}
			found = true
		}
	}
	return found && !e.hasGap(t)
}

// compare adds the differences between two runs in assets, coverage and, unless they
// are nil in one of them, gaps.
func (e *estate) compare(f *problems, what string, o *estate) {
	compareKeys(f, what, e.assets, o.assets)
	compareKeys(f, what, e.coverage, o.coverage)
	if e.gaps != nil && o.gaps != nil {
		compareKeys(f, what, e.gaps, o.gaps)
	}
	for _, k := range slices.Sorted(maps.Keys(e.assets)) {
		if b, ok := o.assets[k]; ok {
			if err := same(e.assets[k], b, exactly); err != nil {
				f.add("%s: %s: %w", what, k, err)
			}
		}
	}
}

func compareKeys[K comparable, V any](f *problems, what string, a, b map[K]V) {
	for _, side := range []struct {
		a, b map[K]V
		says string
	}{{a, b, "no longer there"}, {b, a, "there only now"}} {
		for k := range side.a {
			if _, ok := side.b[k]; !ok {
				f.add("%s: %s: %v", what, side.says, k)
				return // one is enough
			}
		}
	}
}
