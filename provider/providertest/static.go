package providertest

import (
	"context"
	"iter"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Static is a provider of observations that somebody made before: the reference
// implementation of the contract, and a stand-in for a cloud in tests. The zero
// Static has observed nothing and knows no type. The fields must not be changed
// while it is used.
type Static struct {
	Source       string // the name of the provider
	Observations []asset.Observation
}

// Name returns s.Source.
func (s *Static) Name() string { return s.Source }

// Discover yields those of the observations that match q, in their order. The
// assets are shared with s, unless q asks for parts of them. A type that none of
// the observations speaks of is a gap.
func (s *Static) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		unknown := slices.Clone(q.Types)
		for _, o := range s.Observations {
			if ctx.Err() != nil {
				yield(nil, context.Cause(ctx))
				return
			}
			var t asset.Type
			switch x := o.(type) {
			case *asset.Asset:
				t = x.Type
				narrow, err := q.Project(x)
				if err != nil {
					yield(nil, err)
					return
				}
				o = narrow
			case *asset.Gap:
				t = x.Type
			case *asset.Coverage:
				t = x.Type
			}
			unknown = slices.DeleteFunc(unknown, func(u asset.Type) bool { return u == t })
			// A gap without a type is one of every type.
			if t != "" && !q.Wants(t) {
				continue
			}
			if !yield(o, nil) {
				return
			}
		}
		for _, t := range unknown {
			g := &asset.Gap{Scope: asset.Scope{Provider: s.Source}, Type: t, Cause: asset.Unread{Op: "discover", Code: provider.CodeUnknownType}}
			if !yield(g, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
		}
	}
}
