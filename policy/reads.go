package policy

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

// Types returns the types that the policies of the set need, sorted: those of their
// checks, and those that they look up.
func (s *Set) Types() []asset.Type {
	var all []asset.Type
	for t := range s.Reads() {
		all = append(all, t)
	}
	slices.Sort(all)
	return all
}

// Reads returns the parts of assets that the policies of the set may read, by type: the
// value for provider.Query. The paths are sorted, and none covers another. A type has no
// paths if policies only need to know whether there are assets of it.
func (s *Set) Reads() map[asset.Type][]asset.Path {
	own, other := s.reads()
	for t, paths := range other {
		own[t] = append(own[t], paths...)
	}
	return compact(own)
}

// reads returns what is read of subjects, of which exceptions may want tags, and of
// assets that are looked up.
func (s *Set) reads() (subjects, related map[asset.Type][]asset.Path) {
	subjects, related = map[asset.Type][]asset.Path{}, map[asset.Type][]asset.Path{}
	for _, checks := range s.byType {
		for _, c := range checks {
			s.addReads(c, subjects, related)
		}
	}
	for id, indexes := range s.exempt {
		if !slices.ContainsFunc(indexes, func(i int) bool { return len(s.exceptions[i].Tags) > 0 }) {
			continue
		}
		for _, c := range s.byID[id].checks {
			subjects[c.typ] = append(subjects[c.typ], s.knownFrom(c.typ, "tags")...)
		}
	}
	return subjects, related
}

// addReads adds what a check reads of its subject, and of assets that it looks up.
func (s *Set) addReads(c *compiledCheck, subjects, related map[asset.Type][]asset.Path) {
	var whole []asset.Path
	for name := range new(asset.Asset).Documents() {
		whole = append(whole, asset.Path(name))
	}
	t := c.typ
	subjects[t] = append(subjects[t], []asset.Path{}...)
	if c.require == nil {
		if c.check.Reads == nil {
			subjects[t] = append(subjects[t], whole...)
		}
		subjects[t] = append(subjects[t], c.check.Reads...)
		return
	}
	for _, place := range c.reads() {
		to, of := subjects, t
		if place.Type != "" {
			to, of = related, place.Type
		}
		if _, ok := to[of]; !ok {
			to[of] = []asset.Path{}
		}
		name, rest := place.Path.Document()
		switch {
		case place.Rel != "":
			rule, _ := s.schema(of).Link(place.Rel)
			to[of] = append(to[of], rule.From...)
		case name == "asset":
			to[of] = append(to[of], s.knownFrom(of, rest)...)
		case place.Path != "":
			to[of] = append(to[of], place.Path)
		case place.Type == "" || place.Whole: // and not only that there is one
			to[of] = append(to[of], whole...)
		}
	}
}

// Reads returns the parts of assets that the policy may read, by type, as [Set.Reads] does.
// It is nil for a policy that is not from a set. The caller must not change it.
func (p *Policy) Reads() map[asset.Type][]asset.Path {
	if p.reads == nil {
		return nil
	}
	return p.reads()
}

// setReads sets what the policy in the set reads, which few programs want to know.
func (s *Set) setReads(p *compiled) {
	p.Policy.reads = sync.OnceValue(func() map[asset.Type][]asset.Path {
		own := map[asset.Type][]asset.Path{}
		for _, c := range p.checks {
			s.addReads(c, own, own)
		}
		return compact(own)
	})
}

// knownFrom returns the parts of documents that a field of the variable asset, or any of
// them, is known from.
func (s *Set) knownFrom(t asset.Type, field asset.Path) []asset.Path {
	var parts []asset.Path
	schema := s.schema(t)
	if field.Covers("created") || asset.Path("created").Covers(field) {
		parts = append(parts, schema.Created...)
	}
	if field.Covers("tags") || asset.Path("tags").Covers(field) {
		parts = append(parts, assetexpr.TagParts(schema)...)
	}
	return parts
}

// Schema returns the schema of a type that the set checks policies against, and whether there
// is one.
func (s *Set) Schema(t asset.Type) (*asset.Schema, bool) { return s.opts.Schemas(t) }

// schema returns the schema of a type, an empty one if there is none.
func (s *Set) schema(t asset.Type) *asset.Schema {
	if schema, ok := s.opts.Schemas(t); ok {
		return schema
	}
	return &asset.Schema{Type: t}
}

// reads returns the places that the expressions of a check may read.
func (c *compiledCheck) reads() []expr.Place {
	lets := map[string][]expr.Place{}
	var all []expr.Place
	add := func(x *expr.Expr) []expr.Place {
		read, value := x.Reads(lets)
		all = append(all, read...)
		return value
	}
	for _, l := range c.lets {
		lets[l.Name] = add(l.Expr)
		all = append(all, lets[l.Name]...)
	}
	for _, x := range []*expr.Expr{c.when, c.require, c.message} {
		if x != nil {
			all = append(all, add(x)...)
		}
	}
	for _, claim := range c.claims {
		for _, x := range []*expr.Expr{claim.when, claim.require} {
			if x != nil {
				all = append(all, add(x)...)
			}
		}
	}
	return all
}

func compact(m map[asset.Type][]asset.Path) map[asset.Type][]asset.Path {
	for t, paths := range m {
		slices.Sort(paths)
		paths = slices.Compact(paths)
		kept := []asset.Path{}
		for _, p := range paths {
			if !slices.ContainsFunc(paths, func(q asset.Path) bool { return q != p && q.Covers(p) }) {
				kept = append(kept, p)
			}
		}
		m[t] = kept
	}
	return m
}

// Index reads a sequence of observations and returns an inventory for the lookups of the
// set: all gaps and coverage, and the assets of types that policies look up, with the parts
// of their documents that policies read. The other parts are marked as not kept. It is the
// inventory for [Set.EvaluateEach] where a whole one would be too large.
func (s *Set) Index(ctx context.Context, obs iter.Seq2[asset.Observation, error]) (*asset.Inventory, error) {
	_, related := s.reads()
	related = compact(related)
	inv, texts := &asset.Inventory{}, interner{}
	var waiting []*asset.Asset
	add := func() {
		pack(waiting)
		for _, a := range waiting {
			inv.Add(a)
		}
		waiting = waiting[:0]
	}
	for o, err := range obs {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		a, ok := o.(*asset.Asset)
		if !ok {
			inv.Add(o)
			continue
		}
		paths, wanted := related[a.Type]
		if !wanted {
			continue
		}
		slim, err := project(texts, a, paths)
		if err != nil {
			return nil, fmt.Errorf("index %s: %w", a.Ref, err)
		}
		if waiting = append(waiting, slim); len(waiting) == packed {
			add()
		}
	}
	add()
	return inv, nil
}

// packed is how many assets have their documents in one block.
const packed = 256

// pack makes the documents of assets parts of one, in which they share keys. They are
// small and many, and all are kept as long as the index is.
func pack(assets []*asset.Asset) {
	var docs []asset.Value
	var places []*asset.Value
	for _, a := range assets {
		for _, v := range a.Documents() {
			if v.Kind() != asset.Absent {
				docs, places = append(docs, *v), append(places, v)
			}
		}
	}
	all, err := asset.Of(docs)
	if err != nil {
		return // one is so deep, or all so large, that they cannot be one: they stay apart
	}
	for i, v := range places {
		*v = all.Index(i)
	}
}

// interner keeps one copy of texts that many assets have. Its copies do not keep alive
// what they were part of, as a text of a document does.
type interner map[string]string

func (in interner) text(s string) string {
	if own, ok := in[s]; ok {
		return own
	}
	own := strings.Clone(s)
	in[own] = own
	return own
}

func (in interner) ref(r asset.Ref) asset.Ref {
	return asset.Ref{Type: asset.Type(in.text(string(r.Type))), ID: strings.Clone(r.ID)}
}

// project returns a copy of an asset with only those parts of its documents.
func project(in interner, a *asset.Asset, paths []asset.Path) (*asset.Asset, error) {
	slim := &asset.Asset{
		Ref:   in.ref(a.Ref),
		Scope: asset.Scope{Provider: in.text(a.Provider), Account: in.text(a.Account), Region: in.text(a.Region)},
		Name:  strings.Clone(a.Name), Class: in.text(a.Class), Links: make([]asset.Link, len(a.Links)), Parents: make([]asset.Ref, len(a.Parents)),
		Origin: asset.Origin{File: in.text(a.Origin.File), Line: a.Origin.Line}, Created: a.Created, Observed: a.Observed,
		Unread: a.Unread,
	}
	if len(a.Tags) > 0 {
		slim.Tags = make(map[string]string, len(a.Tags))
		for k, v := range a.Tags {
			slim.Tags[in.text(k)] = strings.Clone(v)
		}
	}
	for _, o := range a.Observers {
		slim.Observers = append(slim.Observers, in.text(o))
	}
	for i, l := range a.Links {
		slim.Links[i] = asset.Link{Rel: in.text(l.Rel), To: in.ref(l.To)}
	}
	for i, p := range a.Parents {
		slim.Parents[i] = in.ref(p)
	}
	slim.Config, slim.Status, slim.Access = a.Config, a.Status, a.Access
	for name, doc := range slim.Documents() {
		if doc.Kind() == asset.Absent {
			continue
		}
		var within []asset.Path
		for _, p := range paths {
			if of, rest := p.Document(); of == name {
				within = append(within, rest)
			}
		}
		kept, err := doc.Project(within...)
		if err != nil {
			return nil, err
		}
		*doc = kept
	}
	return slim, nil
}
