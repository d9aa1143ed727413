package assetexpr

import (
	"slices"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
)

// Related finds other assets for expressions. It is safe for concurrent use by
// evaluations over one inventory, which must not change meanwhile.
type Related struct {
	inv     *asset.Inventory
	schemas func(asset.Type) (*asset.Schema, bool)

	mu     sync.Mutex
	doubt  map[relation]*reasons
	hidden map[asset.Type]*reasons
	wide   map[asset.Type]map[asset.Scope]*asset.Unread // see incomplete

	places  map[place][]*asset.Asset
	placed  map[asset.Type]bool // in places, for each account
	indexes map[indexOf]*keyIndex
	above   map[asset.Type]bool // see aboveAccounts

	firewallsOnce sync.Once
	firewallIndex *firewallIndex
}

// relation is one that assets of a type have to others.
type relation struct {
	from asset.Type
	rel  string
	to   asset.Type
}

// NewRelated returns the assets of an inventory. With a nil inventory all lookups are
// unknown. A nil schemas stands for no schemas: then no link is known to lead to other
// accounts, or to come from a part that may be unread.
func NewRelated(inv *asset.Inventory, schemas func(asset.Type) (*asset.Schema, bool)) *Related {
	return &Related{
		inv: inv, schemas: schemas, doubt: map[relation]*reasons{}, hidden: map[asset.Type]*reasons{}, wide: map[asset.Type]map[asset.Scope]*asset.Unread{},
		places: map[place][]*asset.Asset{}, placed: map[asset.Type]bool{}, indexes: map[indexOf]*keyIndex{}, above: map[asset.Type]bool{},
	}
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

// aboveAccounts reports whether an organization or a folder of Google Cloud owns assets of a
// type.
func (r *Related) aboveAccounts(t asset.Type) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	above, ok := r.above[t]
	if !ok {
		for a := range r.inv.OfType(t) {
			above = above || strings.HasPrefix(a.Account, "organizations/") || strings.HasPrefix(a.Account, "folders/")
		}
		r.above[t] = above
	}
	return above
}

// unreadLinks returns why links of a relation may be missing, or nil if none are.
func (r *Related) unreadLinks(a *asset.Asset, rel string) *asset.Unread {
	if u := a.UnreadLinks(rel); u != nil {
		return u
	}
	return unreadPart(a, r.link(a.Type, rel).From)
}

// nests reports whether assets of a type may contain others of the type, as folders do.
func (r *Related) nests(t asset.Type) bool {
	s := r.schema(t)
	return s == noSchema || slices.Contains(s.Parents, t)
}

// doubts returns why assets of a type may have further links to assets of another. It
// computes them once.
func (r *Related) doubts(t asset.Type, rel string, to asset.Type) *reasons {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := relation{t, rel, to}
	found, ok := r.doubt[key]
	if !ok {
		found = &reasons{}
		for _, g := range r.inv.GapsAmong(t) {
			if g.Type == "" || g.Type == to {
				found.add(g.Scope, "", &g.Cause)
			}
		}
		for a := range r.inv.OfType(t) {
			if why := r.unreadLinks(a, rel); why != nil {
				found.add(a.Scope, "", why)
			}
		}
		r.doubt[key] = found
	}
	return found
}

// incomplete is IncompleteReason of the inventory for a scope that is wider than an account,
// for which it looks at every gap.
func (r *Related) incomplete(s asset.Scope, t asset.Type) *asset.Unread {
	r.mu.Lock()
	defer r.mu.Unlock()
	why, ok := r.wide[t][s]
	if !ok {
		why = r.inv.IncompleteReason(s, t)
		if r.wide[t] == nil {
			r.wide[t] = map[asset.Scope]*asset.Unread{}
		}
		r.wide[t][s] = why
	}
	return why
}
