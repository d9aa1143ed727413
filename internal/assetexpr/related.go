package assetexpr

import (
	"sync"

	"github.com/openstance/stance/asset"
)

// Related finds other assets for expressions. It is safe for concurrent use by
// evaluations over one inventory, which must not change meanwhile.
type Related struct {
	inv     *asset.Inventory
	schemas func(asset.Type) (*asset.Schema, bool)

	mu    sync.Mutex
	doubt map[relation][]doubt
}

// relation is one that assets of a type have to others.
type relation struct {
	from asset.Type
	rel  string
}

// doubt is a reason why an asset may have further links.
type doubt struct {
	scope asset.Scope
	why   *asset.Unread
}

// NewRelated returns the assets of an inventory. With a nil inventory all lookups are
// unknown. A nil schemas stands for no schemas: then no link is known to lead to other
// accounts, or to come from a part that may be unread.
func NewRelated(inv *asset.Inventory, schemas func(asset.Type) (*asset.Schema, bool)) *Related {
	return &Related{inv: inv, schemas: schemas, doubt: map[relation][]doubt{}}
}

// Inventory returns the inventory, or nil.
func (r *Related) Inventory() *asset.Inventory { return r.inv }

var noSchema = &asset.Schema{}

func (r *Related) schema(t asset.Type) *asset.Schema {
	if r == nil || r.schemas == nil {
		return noSchema
	}
	if s, ok := r.schemas(t); ok {
		return s
	}
	return noSchema
}

// link returns the rule of a relation, an empty one if there is none.
func (r *Related) link(t asset.Type, rel string) asset.LinkRule {
	rule, _ := r.schema(t).Link(rel)
	return rule
}

// doubts returns the doubts about links of assets of a type. It computes them once.
func (r *Related) doubts(t asset.Type, rel string) []doubt {
	from := r.link(t, rel).From
	if len(from) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := relation{t, rel}
	found, ok := r.doubt[key]
	if !ok {
		for a := range r.inv.OfType(t) {
			if why := unreadPart(a, from); why != nil {
				found = append(found, doubt{a.Scope, why})
			}
		}
		r.doubt[key] = found
	}
	return found
}
