package provider

import (
	"context"
	"fmt"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// Get reads one asset, whole. If p, or a provider that it wraps, is a [Getter], Get
// calls its method. Else it discovers the type and picks the asset.
//
// The asset is redacted: by the Redactor that was given to p, if there is one, and else
// by one without a key.
//
// The error is [ErrNotFound], under errors.Is, only if the type was searched
// completely in every scope. If the asset was not seen and a gap, or incomplete
// coverage, may hide it, the error is an *asset.Unread with the reason.
func Get(ctx context.Context, p Provider, ref asset.Ref) (*asset.Asset, error) {
	a, err := get(ctx, p, ref)
	if err != nil {
		return nil, err
	}
	o, err := new(secret.Filter).Pass(a)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", ref, err)
	}
	return o.(*asset.Asset), nil
}

func get(ctx context.Context, p Provider, ref asset.Ref) (*asset.Asset, error) {
	if g, ok := find[Getter](p); ok {
		return g.Get(ctx, ref)
	}
	var inv asset.Inventory // of the views of this asset alone
	var why *asset.Unread   // the first reason why it may still exist
	stated := false
	for o, err := range p.Discover(ctx, Query{Types: []asset.Type{ref.Type}}) {
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", ref, err)
		}
		if asset.IsNil(o) {
			return nil, fmt.Errorf("get %s: %w", ref, errNilObservation)
		}
		switch o := o.(type) {
		case *asset.Asset:
			if o.Ref != ref {
				continue
			}
			if inv.Add(o); len(o.Observers) == 0 {
				return o, nil // the owner's view; no other is better
			}
		case *asset.Gap:
			if why == nil && (o.Type == ref.Type || o.Type == "") {
				why = &o.Cause
			}
		case *asset.Coverage:
			if o.Type != ref.Type {
				continue
			}
			stated = true
			if why == nil && o.State != asset.Complete {
				why = &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: fmt.Sprintf("coverage of %s in %s is %s", o.Type, o.Scope, o.State)}
			}
		}
	}
	if a, ok := inv.Get(ref); ok {
		return a, nil
	}
	if why == nil && !stated {
		why = &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: fmt.Sprintf("no statement of coverage of %s", ref.Type)}
	}
	if why != nil {
		return nil, fmt.Errorf("get %s: cannot tell whether it exists: %w", ref, why)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("get %s: %w", ref, err)
	}
	return nil, fmt.Errorf("get %s: %w", ref, ErrNotFound)
}
