package expr

import (
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
)

// Others is where policies find other assets. It serves evaluations over one inventory,
// on any number of goroutines, while that stays as it is.
type Others struct {
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

// doubt is that an asset may have links that nobody read.
type doubt struct {
	scope asset.Scope
	why   *asset.Unread
}

// NewOthers returns the others in an inventory, which may be nil: nothing is known of
// them then. Without schemas no link is known to lead to other accounts, or to be told
// with a part that was not read.
func NewOthers(inv *asset.Inventory, schemas func(asset.Type) (*asset.Schema, bool)) *Others {
	return &Others{inv: inv, schemas: schemas, doubt: map[relation][]doubt{}}
}

// Inventory returns the inventory, or nil.
func (o *Others) Inventory() *asset.Inventory { return o.inv }

var noSchema = &asset.Schema{}

func (o *Others) schema(t asset.Type) *asset.Schema {
	if o == nil || o.schemas == nil {
		return noSchema
	}
	if s, ok := o.schemas(t); ok {
		return s
	}
	return noSchema
}

// link returns the rule of a relation, an empty one if there is none.
func (o *Others) link(t asset.Type, rel string) asset.LinkRule {
	rule, _ := o.schema(t).Link(rel)
	return rule
}

// doubts returns the doubts about links of assets of a type, which it finds out once.
func (o *Others) doubts(t asset.Type, rel string) []doubt {
	from := o.link(t, rel).From
	if len(from) == 0 {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key := relation{t, rel}
	found, ok := o.doubt[key]
	if !ok {
		for a := range o.inv.OfType(t) {
			if why := whyNotTold(a, from); why != nil {
				found = append(found, doubt{a.Scope, why})
			}
		}
		o.doubt[key] = found
	}
	return found
}

// TagParts returns the parts of assets of a type that tags are read into, by their
// names: Tags, labels, UserPoolTags. Of a type that nothing is known of they are those
// that clouds have.
func TagParts(s *asset.Schema) []asset.Path {
	if s.Config == nil {
		return []asset.Path{"config.Tags", "config.tags", "config.labels"}
	}
	var parts []asset.Path
	for _, f := range s.Config.Fields {
		if f.Name == "tags" || f.Name == "labels" || strings.HasSuffix(f.Name, "Tags") {
			parts = append(parts, asset.Path("config").Key(f.Name))
		}
	}
	return parts
}

// whyNotTold returns why one of the parts of an asset, or something in it, was not read,
// or nil if all were.
func whyNotTold(a *asset.Asset, parts []asset.Path) *asset.Unread {
	for _, p := range parts {
		v, err := a.At(p)
		if err != nil {
			return &asset.Unread{Reason: asset.NotObserved, Code: asset.CodeNotObserved, Message: err.Error()}
		}
		if u := firstUnread(v); u != nil {
			return u
		}
	}
	return nil
}
