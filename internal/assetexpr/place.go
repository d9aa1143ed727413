package assetexpr

import (
	"slices"
	"sync"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// place is where assets of a type are looked up.
type place struct {
	typ               asset.Type
	provider, account string
	region            string // and those in no region; empty: all
	owned             bool   // by the account, and not only observed by it
}

// at returns the assets of a place, in the order of the inventory.
func (r *Related) at(p place) []*asset.Asset {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.placed[p.typ] {
		r.placed[p.typ] = true
		add := func(account string, a *asset.Asset) {
			p := place{typ: a.Type, provider: a.Provider, account: account}
			r.places[p] = append(r.places[p], a)
		}
		for a := range r.inv.OfType(p.typ) {
			add(a.Account, a)
			for i, o := range a.Observers {
				if o != a.Account && !slices.Contains(a.Observers[:i], o) {
					add(o, a)
				}
			}
		}
	}
	found, ok := r.places[p]
	if !ok && (p.region != "" || p.owned) {
		for _, a := range r.places[place{typ: p.typ, provider: p.provider, account: p.account}] {
			if (!p.owned || a.Account == p.account) && (p.region == "" || a.Region == "" || a.Region == p.region) {
				found = append(found, a)
			}
		}
		r.places[p] = found
	}
	return found
}

// indexOf identifies the index of a filter over the assets of a place.
type indexOf struct {
	place
	key *expr.Key
}

// keyIndex are the assets of a place by their keys: their positions.
type keyIndex struct {
	mu   sync.Mutex
	made bool
	of   map[string][]int
	any  []int          // whose keys are not known
	read []*asset.Asset // those that were read first and last
}

// keyed returns the index of a filter over all assets of a place. The evaluation that needs
// it first makes it, and is charged for it.
func (r *Related) keyed(run *expr.Run, at place, all []*asset.Asset, filter *expr.Keyed) *keyIndex {
	r.mu.Lock()
	x := r.indexes[indexOf{at, filter.Key}]
	if x == nil {
		x = &keyIndex{}
		r.indexes[indexOf{at, filter.Key}] = x
	}
	r.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock() // also where the budget ends the evaluation
	if x.made {
		return x
	}
	x.of, x.any, x.read = map[string][]int{}, nil, nil
	for i, a := range all {
		run.Budget().Work(1)
		x.read = firstAndLast(x.read, a)
		switch key, known, possible := filter.Of(newRecord(run, a, r)); {
		case !possible:
		case known:
			x.of[key] = append(x.of[key], i)
		default:
			x.any = append(x.any, i)
		}
	}
	x.made = true
	return x
}

// find returns the positions of assets that a filter may be true for, and of others, sorted.
func (x *keyIndex) find(run *expr.Run, all int, filter *expr.Keyed) []int {
	found := slices.Clone(x.any)
	for _, key := range filter.Values {
		run.Budget().Work(1)
		found = append(found, x.of[key]...)
	}
	slices.Sort(found)
	found = slices.Compact(found)
	for i, others := 0, filter.Others; i < all && others > 0; i++ {
		if at, ok := slices.BinarySearch(found, i); !ok {
			found = slices.Insert(found, at, i)
			others--
		}
	}
	return found
}

// firstAndLast adds an asset to those that were read first and last.
func firstAndLast(read []*asset.Asset, a *asset.Asset) []*asset.Asset {
	switch {
	case a.Observed.IsZero():
	case read == nil:
		return []*asset.Asset{a, a}
	case a.Observed.Before(read[0].Observed):
		read[0] = a
	case a.Observed.After(read[1].Observed):
		read[1] = a
	}
	return read
}
