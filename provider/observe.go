package provider

import (
	"context"
	"iter"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
)

// Observe discovers with one provider, and yields what it observes as [Collect] would add it
// to an inventory: redacted, and with the parents and links that ids and documents name. It
// is for programs that judge assets while they arrive. If the context ends, so does the
// sequence, in its cause, whatever the provider makes of that.
//
// The sequence may be ranged over again, which discovers again.
func Observe(ctx context.Context, p Provider, q Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		filter := secret.Filter{Redactor: q.Redactor, Schemas: q.Schemas}
		schemas := q.Schemas
		if schemas == nil {
			schemas = catalog.Schema
		}
		for o, err := range p.Discover(ctx, q) {
			if err == nil && ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			if err == nil && asset.IsNil(o) {
				err = errNilObservation
			}
			if err == nil {
				o, err = filter.Pass(o)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if a, ok := o.(*asset.Asset); ok {
				o = asset.Derive(a, schemas)
			}
			if !yield(o, nil) {
				return
			}
		}
		// A provider that takes a cancelled context for the end of the assets must not make a
		// shortened sequence look complete.
		if err := context.Cause(ctx); err != nil {
			yield(nil, err)
		}
	}
}
