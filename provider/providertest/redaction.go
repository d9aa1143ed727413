package providertest

import (
	"errors"
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
)

func checkRedacts(s *suite) (f problems) {
	all := s.all(&f)
	s.readable(&f, "discover everything", all)
	for _, t := range all.types[:min(s.Sample, len(all.types))] {
		q := provider.Query{Types: []asset.Type{t}, Reads: map[asset.Type][]asset.Path{t: {firstMember(all.only(t))}}}
		s.readable(&f, fmt.Sprintf("discover a part of %s", t), observe(s.p.Discover(s.ctx, q)))
	}
	if g := getterOf(s.p); g != nil {
		n := 0
		for a := range all.inventory().All() {
			if n++; n > s.Sample {
				break
			}
			// provider.Get would redact the asset.
			if got, err := g.Get(s.ctx, a.Ref); err == nil && got != nil {
				s.readableAsset(&f, "get", got)
			}
		}
	}
	collected, err := provider.Collect(s.ctx, provider.Query{}, s.p)
	if err != nil {
		f.add("collect: %w", err)
	}
	for a := range collected.All() {
		s.readableAsset(&f, "collect", a)
	}
	if len(s.Secrets) > 0 && !all.holdsSecrets() {
		f.add("no part of the estate is redacted, so that the provider has not observed the planted secrets")
	}
	return f
}

// getterOf returns the provider, or one that it wraps, that can read one asset.
func getterOf(p provider.Provider) provider.Getter {
	for {
		if g, ok := p.(provider.Getter); ok {
			return g
		}
		w, ok := p.(interface{ Unwrap() provider.Provider })
		if !ok {
			return nil
		}
		p = w.Unwrap()
	}
}

// readable adds what is readable of the secrets in an estate.
func (s *suite) readable(f *problems, what string, e *estate) {
	for _, a := range e.sorted() {
		s.readableAsset(f, what, a)
	}
	for _, g := range e.sortedGaps() {
		if s.planted(g.Cause.Message) || (*secret.Redactor)(nil).RedactGap(g) != g {
			f.add("%s: a secret is readable in the cause of a gap of %s", what, g.Type)
		}
	}
}

func (s *suite) readableAsset(f *problems, what string, a *asset.Asset) {
	bare := asset.Asset{Tags: a.Tags}
	for name, doc := range a.Documents() {
		if !doc.IsSanitized() {
			f.add("%s: %s: no Redactor has passed %s", what, a.Ref, name)
		}
		if s.plantedIn(*doc) {
			f.add("%s: %s: a planted secret is readable in %s", what, a.Ref, name)
		}
		// A copy without the mark, so that a false one hides nothing.
		unmarked, err := doc.Set("", *doc)
		if err == nil {
			err = bare.SetPath(asset.Path(name), unmarked)
		}
		if err != nil {
			f.add("%s: %s: %w", what, a.Ref, err)
		}
	}
	for k, v := range a.Tags {
		if s.planted(v) {
			f.add("%s: %s: a planted secret is readable in the tag %q", what, a.Ref, k)
		}
	}
	if !secret.Passed(&asset.Asset{Tags: a.Tags}) {
		f.add("%s: %s: a secret is readable in the tags", what, a.Ref)
	}
	beside := &asset.Asset{Name: a.Name, URL: a.URL, Origin: a.Origin, Incarnation: a.Incarnation, Unread: a.Unread}
	if !secret.Passed(beside) {
		f.add("%s: %s: a secret is readable in the name, the URL or another string beside the documents", what, a.Ref)
	}
	before := len(redactedPaths(&bare))
	if err := (*secret.Redactor)(nil).Redact(&bare); err != nil {
		f.add("%s: %s: %w", what, a.Ref, err)
	}
	if paths := redactedPaths(&bare); len(paths) > before {
		f.add("%s: %s: a secret is readable at one of %q", what, a.Ref, paths)
	}
}

// planted reports whether a planted secret is readable in a string.
func (s *suite) planted(text string) bool {
	for _, x := range s.Secrets {
		if x != "" && strings.Contains(text, x) {
			return true
		}
	}
	return false
}

// plantedIn reports whether a planted secret is readable in a document.
func (s *suite) plantedIn(v asset.Value) bool {
	switch v.Kind() {
	case asset.String:
		text, err := v.Str()
		return err != nil || s.planted(text)
	case asset.UnreadPart:
		var u *asset.Unread
		return errors.As(v.Err(), &u) && s.planted(u.Error())
	case asset.List:
		for i := range v.Len() {
			if s.plantedIn(v.Index(i)) {
				return true
			}
		}
	case asset.Map:
		for i := range v.Len() {
			if k, x := v.MemberAt(i); s.planted(k) || s.plantedIn(x) {
				return true
			}
		}
	}
	return false
}

// redactedPaths returns where the documents are redacted, for messages.
func redactedPaths(a *asset.Asset) []asset.Path {
	var paths []asset.Path
	for name, doc := range a.Documents() {
		for p, v := range doc.Marks() {
			if _, ok := v.Redacted(); ok {
				paths = append(paths, asset.Path(name+": ")+p)
			}
		}
	}
	return paths
}

// holdsSecrets reports whether a part or a tag of an asset is redacted.
func (e *estate) holdsSecrets() bool {
	for _, a := range e.assets {
		if len(redactedPaths(a)) > 0 {
			return true
		}
		for _, v := range a.Tags {
			if _, ok := asset.ParseRedacted(v); ok {
				return true
			}
		}
	}
	return false
}
