package providertest

import (
	"context"
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
)

// Static is a provider of given observations: the reference implementation of the
// contract, and a stand-in for a cloud in tests. The zero Static has no observations and
// knows no type. The fields must not be changed while it is used.
type Static struct {
	Source       string // the name of the provider
	Observations []asset.Observation
}

// Name returns s.Source.
func (s *Static) Name() string { return s.Source }

// Discover yields those of the observations that match q, in their order. The
// assets are shared with s, unless q requests parts of them or no Redactor has passed
// them. A requested type or scope without an observation is a gap.
func (s *Static) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		types, scopes := slices.Clone(q.Types), slices.Clone(q.Scopes) // without an observation so far
		filter := secret.Filter{Redactor: q.Redactor, Schemas: q.Schemas}
		for _, given := range s.Observations {
			whole, err := filter.Pass(given)
			if err != nil {
				yield(nil, err)
				return
			}
			scopes = slices.DeleteFunc(scopes, func(s asset.Scope) bool {
				return len(provider.Query{Scopes: []asset.Scope{s}}.Restrict(whole)) > 0
			})
			for _, o := range q.Restrict(whole) {
				if ctx.Err() != nil {
					yield(nil, context.Cause(ctx))
					return
				}
				var t asset.Type
				switch x := o.(type) {
				case *asset.Asset:
					t = x.Type
					projected, err := q.Project(x)
					if err != nil {
						yield(nil, err)
						return
					}
					o = projected
				case *asset.Gap:
					t = x.Type
				case *asset.Coverage:
					t = x.Type
				}
				types = slices.DeleteFunc(types, func(u asset.Type) bool { return u == t })
				// A gap without a type is one of every type.
				if t != "" && !q.Wants(t) {
					continue
				}
				if !yield(o, nil) {
					return
				}
			}
		}
		in := q.Scopes
		if len(in) == 0 {
			in = []asset.Scope{{Provider: s.Source}}
		}
		for _, scope := range scopes {
			if !yield(provider.UnknownScope(scope), nil) {
				return
			}
		}
		for _, t := range types {
			for _, scope := range in {
				if !yield(provider.UnknownType(scope, t), nil) {
					return
				}
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}
