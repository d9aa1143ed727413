package assetexpr

import (
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// MayBelong reports whether assets of a type may be missing because of a gap in what
// belongs to one asset: they are of the type of the gap or, if it names none, of a type
// whose schema says that its assets are parts of such an asset.
func MayBelong(g *asset.Gap, t asset.Type, schemas func(asset.Type) (*asset.Schema, bool)) bool {
	if g.Type != "" {
		return g.Type == t
	}
	if schemas == nil {
		return false
	}
	s, ok := schemas(t)
	return ok && s.ChildOf(g.Of.Type)
}

// belonging returns why assets of type t that are seen from a scope may be missing, if
// that is because of a gap in what belongs to one asset, or nil. For referrers it is given
// the asset that they refer to and the relation: what belongs to another asset of its type
// does not refer to it by the relation that says to whom it belongs.
func (r *Related) belonging(b *expr.Budget, t asset.Type, to *asset.Asset, relation string, seen asset.Scope) *asset.Unread {
	own := to != nil && r.schema(t).Contains(relation, to.Type)
	return r.hiddenOf(t).first(b, seen, func(parent asset.Type) bool { return !own || parent != to.Type })
}

// hiddenOf returns the gaps that may have hidden assets of a type, once for each scope and
// type of the parents. It computes them once.
func (r *Related) hiddenOf(t asset.Type) *reasons {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.hidden[t]
	if ok {
		return found
	}
	found = &reasons{}
	for _, g := range r.inv.Gaps() {
		if g.Of.IsZero() || !MayBelong(g, t, r.schemas) {
			continue
		}
		// What belongs to an asset is where the asset is, and in the scope of the gap.
		switch parent, ok := r.inv.Get(g.Of); {
		case !ok || parent.Scope.Contains(g.Scope):
			found.add(g.Scope, g.Of.Type, &g.Cause)
		case g.Scope.Contains(parent.Scope):
			found.add(parent.Scope, g.Of.Type, &g.Cause)
		default:
			found.add(g.Scope, g.Of.Type, &g.Cause)
			found.add(parent.Scope, g.Of.Type, &g.Cause)
		}
	}
	r.hidden[t] = found
	return found
}
