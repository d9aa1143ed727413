package provider

import (
	"errors"
	"slices"

	"github.com/openstance/stance/asset"
)

var errNilObservation = errors.New("the provider yielded neither an observation nor an error")

func scopeOf(o asset.Observation) asset.Scope {
	switch o := o.(type) {
	case *asset.Asset:
		return o.Scope
	case *asset.Gap:
		return o.Scope
	case *asset.Coverage:
		return o.Scope
	}
	return asset.Scope{}
}

// knowledge is which of the requested types and scopes several providers know.
type knowledge struct {
	query  Query
	held   []heldGap
	types  map[asset.Type]map[string]bool // clouds with a statement of coverage, by type
	scopes []bool                         // of the query, whether something was observed there
}

// heldGap is a gap of a provider that does not know a type or a scope.
type heldGap struct {
	from int
	gap  *asset.Gap
}

func newKnowledge(q Query) *knowledge {
	return &knowledge{query: q, types: map[asset.Type]map[string]bool{}, scopes: make([]bool, len(q.Scopes))}
}

// add takes note of an observation of a provider, and reports whether it keeps it
// until the end.
func (k *knowledge) add(from int, o asset.Observation) bool {
	switch o := o.(type) {
	case *asset.Gap:
		if o.Of.IsZero() && (o.Cause.Code == CodeUnknownType || o.Cause.Code == CodeUnknownScope) {
			k.held = append(k.held, heldGap{from, o})
			return true
		}
	case *asset.Coverage:
		if k.types[o.Type] == nil {
			k.types[o.Type] = map[string]bool{}
		}
		k.types[o.Type][o.Scope.Provider] = true
	}
	for i, s := range k.query.Scopes {
		k.scopes[i] = k.scopes[i] || len(Query{Scopes: []asset.Scope{s}}.Restrict(o)) > 0
	}
	return false
}

// unknown returns the gaps of types and scopes that no other provider knows. It takes
// the clouds that each provider observed.
func (k *knowledge) unknown(clouds []map[string]bool) []*asset.Gap {
	var all []*asset.Gap
	for _, h := range k.held {
		known := false
		if h.gap.Cause.Code == CodeUnknownScope {
			i := slices.Index(k.query.Scopes, h.gap.Scope)
			known = i >= 0 && k.scopes[i]
		} else if covered := k.types[h.gap.Type]; len(covered) > 0 {
			known = true
			for cloud := range covered {
				known = known && !clouds[h.from][cloud]
			}
		}
		if !known {
			all = append(all, h.gap)
		}
	}
	return all
}
