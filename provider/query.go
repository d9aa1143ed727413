package provider

import (
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// Query selects what a discovery observes. The zero Query selects everything.
type Query struct {
	// Types are the requested types. Empty: every type that the provider discovers
	// by default.
	Types []asset.Type

	// Reads are the requested parts of the documents, by type, as paths from the
	// asset. A type that is not in the map is requested whole. A part that was not
	// requested is unread (asset.NotRequested, or asset.NotKept if it came with the
	// rest) or present nonetheless, and never absent. Tags, links, the time of
	// creation and the incarnation that come with such a part may be missing with it.
	Reads map[asset.Type][]asset.Path

	// Scopes are the requested accounts and regions: an asset is requested if one of
	// them contains its scope, or the account of one of its observers in its region.
	// A scope without a region is a whole account, with its regions and what is in
	// none; a scope with one is that region alone. Empty: every scope that the
	// provider can see.
	//
	// Gaps and coverage are stated for the requested scopes only. A scope that the
	// provider does not know is a gap with [CodeUnknownScope]. A provider that does
	// not support Scopes yields one error, errors.ErrUnsupported under errors.Is, and
	// nothing else.
	Scopes []asset.Scope

	// Progress, if set, is called by providers that report progress, on the goroutine
	// that ranges over the discovery: see [Progress]. [Collect] ranges over several at
	// once, so that it must be safe for concurrent use there.
	Progress func(Progress)

	// MaxBytes bounds the inventory of [Collect], as [asset.Inventory.Size] counts it. Past
	// it the discoveries are cancelled, and the error is an [ErrTooLarge]. 0: no limit.
	MaxBytes int64

	// Redactor redacts the assets, unless a Redactor was given to the provider itself.
	// Nil redacts without a key. See [secret.Filter].
	Redactor *secret.Redactor

	// Schemas returns the schema of a type, which names the paths to its secrets
	// ([secret.Paths]). It must be safe for concurrent use. Nil: catalog.Schema.
	Schemas func(asset.Type) (*asset.Schema, bool)
}

// ErrTooLarge is the error, under errors.Is, of a discovery whose inventory would be larger
// than [Query.MaxBytes]. What was added before stays.
var ErrTooLarge = errors.New("inventory too large")

// Progress reports that a provider is done with one unit of a discovery, such as one
// service in one region of an account.
type Progress struct {
	Scope        asset.Scope // of the unit
	Unit         string      // a name, such as that of the service
	Assets, Gaps int         // that were found in the unit
	Done, Total  int         // units of the account
}

// Wants reports whether q requests a type.
func (q Query) Wants(t asset.Type) bool {
	return len(q.Types) == 0 || slices.Contains(q.Types, t)
}

// WantsPath reports whether q requests a part of the documents of a type, or
// a part of it, or one around it.
func (q Query) WantsPath(t asset.Type, p asset.Path) bool {
	reads, limited := q.Reads[t]
	if !limited {
		return true
	}
	for _, r := range reads {
		if r.Covers(p) || p.Covers(r) {
			return true
		}
	}
	return false
}

// WantsScope reports whether a requested scope contains s.
func (q Query) WantsScope(s asset.Scope) bool {
	return len(q.Scopes) == 0 || slices.ContainsFunc(q.Scopes, func(r asset.Scope) bool { return r.Contains(s) })
}

// Restrict returns the parts of an observation that lie in the requested scopes, for
// providers that observe more than was requested: the observation itself, none, or
// narrower ones. A gap around a requested scope becomes one for that scope. So does a
// statement of coverage, which is partial at most: that a whole account was searched
// does not say how its assets are spread over regions.
func (q Query) Restrict(o asset.Observation) []asset.Observation {
	if len(q.Scopes) == 0 {
		return []asset.Observation{o}
	}
	var scope asset.Scope
	var narrower func(asset.Scope) asset.Observation
	switch o := o.(type) {
	case *asset.Asset:
		if q.wantsAsset(o) {
			return []asset.Observation{o}
		}
		return nil
	case *asset.Gap:
		scope = o.Scope
		narrower = func(s asset.Scope) asset.Observation {
			g := *o
			g.Scope = s
			return &g
		}
	case *asset.Coverage:
		scope = o.Scope
		narrower = func(s asset.Scope) asset.Observation {
			return &asset.Coverage{Scope: s, Type: o.Type, State: min(o.State, asset.Partial)}
		}
	}
	if q.WantsScope(scope) {
		return []asset.Observation{o}
	}
	var parts []asset.Observation
	var done []asset.Scope
	for _, r := range q.Scopes {
		if s, ok := intersect(r, scope); ok && !slices.Contains(done, s) {
			parts, done = append(parts, narrower(s)), append(done, s)
		}
	}
	return parts
}

func (q Query) wantsAsset(a *asset.Asset) bool {
	if q.WantsScope(a.Scope) {
		return true
	}
	return slices.ContainsFunc(a.Observers, func(account string) bool {
		return q.WantsScope(asset.Scope{Provider: a.Provider, Account: account, Region: a.Region})
	})
}

// intersect returns the scope that lies in both, if there is one.
func intersect(a, b asset.Scope) (asset.Scope, bool) {
	agree := true
	part := func(x, y string) string {
		agree = agree && (x == y || x == "" || y == "")
		if x == "" {
			return y
		}
		return x
	}
	s := asset.Scope{Provider: part(a.Provider, b.Provider), Account: part(a.Account, b.Account), Region: part(a.Region, b.Region)}
	return s, agree
}

// UnknownType returns the gap of a requested type that a provider does not support, in
// the scopes of the provider or one that was requested.
func UnknownType(s asset.Scope, t asset.Type) *asset.Gap {
	return &asset.Gap{Scope: s, Type: t, Cause: asset.Unread{Op: "discover", Reason: asset.Unsupported, Code: CodeUnknownType, Message: "unknown type " + string(t)}}
}

// UnknownScope returns the gap of a requested scope that a provider does not know.
func UnknownScope(s asset.Scope) *asset.Gap {
	return &asset.Gap{Scope: s, Cause: asset.Unread{Op: "discover", Reason: asset.NotFound, Code: CodeUnknownScope, Message: "unknown scope " + s.String()}}
}

// Project returns the asset with no more of its documents than q requests, for
// providers that get assets whole. It returns a itself if q requests all of it, and
// else a copy with documents that share nothing with those of a, though the strings
// beside them do. Omitted parts are unread (asset.NotKept). The error reports a path
// in q.Reads that is malformed or does not begin with the name of a document.
func (q Query) Project(a *asset.Asset) (*asset.Asset, error) {
	reads, limited := q.Reads[a.Type]
	if !limited {
		return a, nil
	}
	for _, p := range reads {
		if name, _ := p.Document(); !isDocument(a, name) {
			return nil, fmt.Errorf("read of %s: path %q begins with none of config, status and access", a.Type, p)
		}
	}
	b := *a
	for name, doc := range b.Documents() {
		var paths []asset.Path
		for _, p := range reads {
			if of, rest := p.Document(); of == name {
				paths = append(paths, rest)
			}
		}
		v, err := doc.Project(paths...)
		if err != nil {
			return nil, fmt.Errorf("read of %s: %w", a.Type, err)
		}
		*doc = v
	}
	return &b, nil
}

func isDocument(a *asset.Asset, name string) bool {
	for n := range a.Documents() {
		if n == name {
			return true
		}
	}
	return false
}
