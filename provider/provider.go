// Package provider is the contract of what discovers assets, and the few verbs
// that work on every provider.
package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/openstance/stance/asset"
)

// Provider discovers what exists in some part of the clouds. Implementations are
// safe for use by many goroutines at once and prove themselves with package
// providertest.
type Provider interface {
	// Name is "aws", "azure", "gcp" or what else names the source in messages.
	Name() string

	// Discover yields what it observes that matches q. What could not be observed
	// is an observation too (*asset.Gap), and the sequence goes on after it. An
	// error ends the sequence: it is the context's cause, or says that nothing can
	// be observed at all. For every type asked for there is a statement of coverage
	// in every scope that was looked at, and a type that the provider does not know
	// is a gap. Gaps and coverage that concern an asset may come before or after it.
	//
	// The sequence may be ranged over again, which discovers again. It holds nothing
	// once the loop ends.
	Discover(ctx context.Context, q Query) iter.Seq2[asset.Observation, error]
}

// Query says what to look for. The zero Query asks for everything.
type Query struct {
	// Types asked for. Empty: every type that the provider discovers by itself.
	Types []asset.Type
	// Reads are the parts of the documents asked for, by type, as paths from the
	// asset. A type that is not in the map is asked for whole. What was not asked
	// for is unread in the assets (asset.CodeNotRequested, or asset.CodeNotKept
	// where it came with the rest and was let go) or there all the same, and never absent.
	// Tags, links, the time of creation and the incarnation that come with such a part
	// may be missing with it.
	Reads map[asset.Type][]asset.Path
}

// Wants reports whether q asks for a type.
func (q Query) Wants(t asset.Type) bool {
	if len(q.Types) == 0 {
		return true
	}
	for _, x := range q.Types {
		if x == t {
			return true
		}
	}
	return false
}

// WantsPath reports whether q asks for a part of the documents of a type, or for
// something in it or around it.
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

// Project returns the asset with no more of its documents than q asks for, for
// providers that get assets whole. It returns a itself if q asks for all of it,
// and else a copy with documents that share nothing with those of a, though the
// texts beside them do. What was left out is unread (asset.CodeNotKept). The error
// tells of a path in q.Reads that is malformed or begins with no document.
func (q Query) Project(a *asset.Asset) (*asset.Asset, error) {
	reads, limited := q.Reads[a.Type]
	if !limited {
		return a, nil
	}
	var config, status, access []asset.Path
	for _, p := range reads {
		name, rest := p.Document()
		switch name {
		case "config":
			config = append(config, rest)
		case "status":
			status = append(status, rest)
		case "access":
			access = append(access, rest)
		default:
			return nil, fmt.Errorf("read of %s: path %q begins with none of config, status and access", a.Type, p)
		}
	}
	b := *a
	for _, d := range []struct {
		doc   *asset.Value
		paths []asset.Path
	}{{&b.Config, config}, {&b.Status, status}, {&b.Access, access}} {
		v, err := d.doc.Project(d.paths...)
		if err != nil {
			return nil, fmt.Errorf("read of %s: %w", a.Type, err)
		}
		*d.doc = v
	}
	return &b, nil
}

// CodeUnknownType is the code of the gap that stands for a type that was asked for
// and that the provider does not know.
const CodeUnknownType = "UnknownType"

// ErrNotFound is reported by [Get] for an asset that was looked for and is not there.
var ErrNotFound = errors.New("not found")

// Getter is a provider that can read one asset.
type Getter interface {
	Provider
	// Get reads one asset anew, whole. The error is ErrNotFound, under errors.Is,
	// if the cloud says that there is no such asset, and any other if it could not
	// be read. What of its documents could not be read is unread.
	Get(ctx context.Context, ref asset.Ref) (*asset.Asset, error)
}
