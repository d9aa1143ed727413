package remediate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// Reader reads an asset anew, and the assets that a policy looks up for it, with coverage and
// gaps. The error is ErrNotFound, under errors.Is, only if the asset does not exist. A Reader
// is safe for concurrent use.
type Reader func(ctx context.Context, of asset.Ref, p *policy.Policy) (*asset.Inventory, error)

// ReadFrom returns a Reader of providers. It reads the asset with [provider.Get], from the
// providers named like the cloud of its type or, if there are none, from all. For a policy that
// looks other assets up it discovers those types in the account of the asset, and reads the
// parents and the targets of links that are elsewhere one by one.
//
// A provider should be a [provider.Getter]: a discovery may use an index that is older than
// the last write.
func ReadFrom(ps ...provider.Provider) Reader {
	return func(ctx context.Context, of asset.Ref, p *policy.Policy) (*asset.Inventory, error) {
		a, from, err := getFrom(ctx, ps, of)
		if err != nil {
			return nil, err
		}
		inv := &asset.Inventory{}
		inv.Add(a)
		types, _ := p.Lookups() // a check in Go finds no coverage of what it looks up
		if len(types) == 0 {
			return inv, nil
		}
		if err := readRelated(ctx, inv, a, from, types, p.Reads()); err != nil {
			return nil, fmt.Errorf("read what policy %s looks up for %s: %w", p.ID, of, err)
		}
		return inv, nil
	}
}

// getFrom reads an asset from the first provider that has it.
func getFrom(ctx context.Context, ps []provider.Provider, of asset.Ref) (*asset.Asset, provider.Provider, error) {
	own := slices.DeleteFunc(slices.Clone(ps), func(p provider.Provider) bool { return p.Name() != of.Type.Provider() })
	if len(own) == 0 {
		own = ps
	}
	if len(own) == 0 {
		return nil, nil, fmt.Errorf("%w: read %s: no provider", ErrUnknown, of)
	}
	var failed []error
	for _, p := range own {
		a, err := provider.Get(ctx, p, of)
		switch {
		case err == nil:
			return asset.Derive(a, catalog.Schema), p, nil
		case !errors.Is(err, provider.ErrNotFound):
			failed = append(failed, err)
		}
		if err := context.Cause(ctx); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", of, err)
		}
	}
	if err := errors.Join(failed...); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", of, err)
	}
	return nil, nil, fmt.Errorf("%w: %s", ErrNotFound, of)
}

// readRelated adds the assets of the types that a policy looks up for an asset.
func readRelated(ctx context.Context, inv *asset.Inventory, a *asset.Asset, from provider.Provider, types []asset.Type, reads map[asset.Type][]asset.Path) error {
	q := provider.Query{Types: types, Reads: map[asset.Type][]asset.Path{}, Scopes: []asset.Scope{{Provider: a.Provider, Account: a.Account}}}
	for _, t := range types {
		q.Reads[t] = reads[t]
	}
	found, err := provider.Collect(ctx, q, from)
	if err != nil {
		return err
	}
	for _, g := range found.Gaps() {
		inv.Add(g)
	}
	for _, c := range found.AllCoverage() {
		inv.Add(c)
	}
	for o := range found.All() {
		if o.Ref != a.Ref { // the view of the list may be older
			inv.Add(o)
		}
	}
	elsewhere := slices.Clone(a.Parents)
	for _, l := range a.Links {
		elsewhere = append(elsewhere, l.To)
	}
	for _, r := range elsewhere {
		if _, ok := inv.Get(r); ok || !slices.Contains(types, r.Type) {
			continue
		}
		o, err := provider.Get(ctx, from, r)
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err == nil { // else it was not observed, which leaves the verdict unknown
			inv.Add(asset.Derive(o, catalog.Schema))
		}
	}
	return nil
}
