package snapshot

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Provider discovers the observations of a snapshot. It conforms to [provider.Provider]:
// the snapshot is read anew each time a sequence is ranged over.
//
// After the observations of the snapshot, it states partial coverage for the type of
// an asset in each scope without a statement in the snapshot. It holds one line, the
// scopes and types that it has seen and, with [Options.Summary] or [Options.Strict],
// 8 bytes for each asset.
type Provider struct {
	open func() (io.ReadCloser, error)
	opts Options
}

// File returns a provider of the snapshot in a file. Errors name the file, unless the
// options do.
func File(name string, opts *Options) *Provider {
	return newProvider(name, opts, func() (io.ReadCloser, error) { return os.Open(name) })
}

// FS returns a provider of the snapshot in a file of fsys, as [File] does.
func FS(fsys fs.FS, name string, opts *Options) *Provider {
	return newProvider(name, opts, func() (io.ReadCloser, error) { return fsys.Open(name) })
}

// Bytes returns a provider of a snapshot in memory, which must not be changed.
func Bytes(data []byte, opts *Options) *Provider {
	return newProvider("", opts, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil })
}

func newProvider(name string, opts *Options, open func() (io.ReadCloser, error)) *Provider {
	p := &Provider{open: open}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Name == "" {
		p.opts.Name = name
	}
	return p
}

// Name returns "snapshot". The scopes of observations name the clouds.
func (p *Provider) Name() string { return "snapshot" }

// Discover yields the observations of the snapshot that match q, in their order. Of a
// line that does not match it reads no more than the JSON, the type and the scope. Parts
// of documents that q.Reads does not request are unread (asset.NotKept). A requested type
// or scope without an observation is a gap. The error is an *[Error], one of
// opening the file or of a path in q.Reads, or the context's cause.
func (p *Provider) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		if ctx.Err() != nil {
			yield(nil, context.Cause(ctx))
			return
		}
		for _, t := range slices.Sorted(maps.Keys(q.Reads)) {
			// An invalid query must not be reported as an error of the snapshot.
			if _, err := q.Project(&asset.Asset{Ref: asset.Ref{Type: t}}); err != nil {
				yield(nil, fmt.Errorf("discover: %w", err))
				return
			}
		}
		in, err := p.open()
		if err != nil {
			yield(nil, fmt.Errorf("open snapshot: %w", err))
			return
		}
		defer in.Close() // only read, so that nothing can be lost
		d := newDecoder(&p.opts, q)
		var seen summary
		for o, err := range d.read(ctx, in) {
			if err == nil {
				seen.add(o)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
		for _, s := range d.unknown {
			if !yield(provider.UnknownScope(s), nil) {
				return
			}
		}
		for o := range seen.rest(d.query) {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// summary is the scopes and types of a snapshot.
type summary struct {
	held, stated map[place]bool
	types        map[asset.Type]bool
}

type place struct {
	scope asset.Scope
	typ   asset.Type
}

func (s *summary) add(o asset.Observation) {
	if s.types == nil {
		s.held, s.stated, s.types = map[place]bool{}, map[place]bool{}, map[asset.Type]bool{}
	}
	switch o := o.(type) {
	case *asset.Asset:
		if k := (place{o.Scope, o.Type}); !s.held[k] {
			s.held[k.clone()] = true
		}
	case *asset.Coverage:
		s.stated[place{o.Scope, o.Type}] = true
	case *asset.Gap:
		s.types[o.Type] = true
	}
}

// rest returns the observations that follow the last line, in a stable order.
func (s *summary) rest(q provider.Query) iter.Seq[asset.Observation] {
	return func(yield func(asset.Observation) bool) {
		var silent []place
		for k := range s.held {
			s.types[k.typ] = true
			account := k
			account.scope.Region = ""
			if !s.stated[k] && !s.stated[account] {
				silent = append(silent, k)
			}
		}
		slices.SortFunc(silent, place.compare)
		for _, k := range silent {
			// Of an asset that an account only observes, the scope is not a requested one.
			for _, o := range q.Restrict(&asset.Coverage{Scope: k.scope, Type: k.typ, State: asset.Partial}) {
				if !yield(o) {
					return
				}
			}
		}
		for k := range s.stated {
			s.types[k.typ] = true
		}
		scopes := q.Scopes
		if len(scopes) == 0 {
			scopes = []asset.Scope{{Provider: "snapshot"}}
		}
		for i, t := range q.Types {
			if s.types[t] || slices.Contains(q.Types[:i], t) {
				continue
			}
			for _, scope := range scopes {
				if !yield(provider.UnknownType(scope, t)) {
					return
				}
			}
		}
	}
}

// clone returns a place whose strings do not keep a line in memory.
func (k place) clone() place {
	return place{
		asset.Scope{Provider: strings.Clone(k.scope.Provider), Account: strings.Clone(k.scope.Account), Region: strings.Clone(k.scope.Region)},
		asset.Type(strings.Clone(string(k.typ))),
	}
}

func (k place) compare(o place) int {
	return cmp.Or(k.scope.Compare(o.scope), cmp.Compare(k.typ, o.typ))
}
