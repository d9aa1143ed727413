package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// rules are the contract of provider.Provider and of the optional interfaces of package
// provider, sentence by sentence.
var rules = [...]rule{
	{"observes", "a provider has a name, and its sequence yields an observation or an error, each once, and nothing after an error", checkObserves},
	{"well formed", "assets, gaps and coverage name their subject", checkWellFormed},
	{"refs", "refs are canonical: asset.ParseRef leaves them as they are", checkRefs},
	{"links", "links and parents are whole, canonical and not repeated", checkLinks},
	{"coverage", "coverage is stated for the type of each asset in its scope or account, or in those of an observer", checkCoverage},
	{"repeats", "the sequence may be ranged over again, which discovers the same again", checkRepeats},
	{"types", "a query for types gets those types, whole, and nothing else", checkTypes},
	{"unknown type", "a type that the provider does not know is a gap, and the others are still discovered", checkUnknownType},
	{"reads", "a requested part is read; one that was not requested is unread or present, and never absent or different", checkReads},
	{"redacts", "a Redactor has passed each asset that Discover and Get return, and no secret is readable in it", checkRedacts},
	{"scopes", "a query for scopes gets their assets, gaps and coverage, and nothing else; a scope that the provider does not know is a gap; a provider that does not support scopes yields errors.ErrUnsupported and nothing else", checkScopes},
	{"cancel", "a cancelled sequence ends in the context's cause and never looks complete", checkCancel},
	{"early end", "the sequence holds nothing once the loop ends", checkEarlyEnd},
	{"concurrent", "a provider is safe for concurrent use", checkConcurrent},
	{"get", "Get reads the same asset that Discover yields", checkGet},
	{"types listed", "a provider that lists its types lists those it discovers, sorted", checkTypesListed},
	{"permissions", "a provider that lists permissions lists them sorted, and for one type no others than for all", checkPermissions},
	{"check", "a check returns trees whose nodes have names and the level of their worst child, and ends in a cancelled context's cause", checkCheck},
	{"answers", "an answer that is none leaves a gap, a part that is unread, or incomplete coverage, and never an asset or a part that seems absent", checkAnswers},
	{"get missing", "Get of an asset that does not exist is ErrNotFound where the type was searched completely", checkGetMissing},
}

func checkObserves(s *suite) (f problems) {
	first := s.p.Name()
	if again := s.p.Name(); first == "" || first != again {
		f.add("the name is empty, or another each time")
	}
	e := s.all(&f)
	for _, o := range e.odd {
		f.add("%s", o)
	}
	if len(e.assets) == 0 {
		f.add("no asset observed; the tests need one at least")
	}
	return f
}

func checkWellFormed(s *suite) (f problems) {
	e := s.all(&f)
	for _, a := range e.sorted() {
		switch {
		case a.Type == "" || a.ID == "":
			f.add("asset without type or id: %q", a.Ref)
		case a.Provider == "":
			f.add("%s: no provider in its scope", a.Ref)
		case !slices.IsSorted(a.Observers) || len(slices.Compact(slices.Clone(a.Observers))) < len(a.Observers) || slices.Contains(a.Observers, ""):
			f.add("%s: observers not sorted, repeated or empty: %q", a.Ref, a.Observers)
		}
	}
	for _, g := range e.gaps {
		if g.Cause.Reason == asset.UnknownReason && g.Cause.Code == "" && g.Cause.Message == "" {
			f.add("gap without a reason: %+v", *g)
		}
	}
	for c := range e.coverage {
		switch {
		case c.Type == "" || c.Scope.Provider == "":
			f.add("coverage without type or provider: %+v", c)
		case c.State < asset.NotAsked || c.State > asset.Complete:
			f.add("coverage of %s in %s has no state: %d", c.Type, c.Scope, c.State)
		}
	}
	return f
}

func (s *suite) canonical(f *problems, what string, r asset.Ref) {
	if got, err := s.Clouds.ParseRef(r.Type, r.ID); err != nil {
		f.add("%s: %w", what, err)
	} else if got != r {
		f.add("%s: %s is canonically %s", what, r, got)
	}
}

func checkRefs(s *suite) (f problems) {
	for _, a := range s.all(&f).sorted() {
		s.canonical(&f, "asset", a.Ref)
	}
	return f
}

func checkLinks(s *suite) (f problems) {
	for _, a := range s.all(&f).sorted() {
		for i, l := range a.Links {
			if l.Rel == "" {
				f.add("%s: link without a relation to %s", a.Ref, l.To)
			}
			s.canonical(&f, fmt.Sprintf("%s: link %q", a.Ref, l.Rel), l.To)
			if slices.Contains(a.Links[:i], l) {
				f.add("%s: link twice: %s to %s", a.Ref, l.Rel, l.To)
			}
		}
		for i, r := range a.Parents {
			s.canonical(&f, fmt.Sprintf("%s: parent", a.Ref), r)
			if r == a.Ref || slices.Contains(a.Parents[:i], r) {
				f.add("%s: parent twice, or the asset itself: %s", a.Ref, r)
			}
		}
	}
	return f
}

func checkCoverage(s *suite) (f problems) {
	e := s.all(&f)
	for _, a := range e.sorted() {
		stated := false
		for c := range e.coverage {
			stated = stated || c.Type == a.Type && c.State != asset.NotAsked && seenIn(a, c.Scope)
		}
		if !stated {
			f.add("%s: no coverage of its type in %s", a.Ref, a.Scope)
		}
	}
	return f
}

// seenIn reports whether an asset is in a scope, as its owner sees it or an observer,
// that is a region or an account.
func seenIn(a *asset.Asset, in asset.Scope) bool {
	return in.Provider == a.Provider && (in.Region == a.Region || in.Region == "") &&
		(in.Account == a.Account || in.Account != "" && slices.Contains(a.Observers, in.Account))
}

func checkRepeats(s *suite) (f problems) {
	seq := s.p.Discover(s.ctx, provider.Query{})
	first := observe(seq)
	if first.err != nil {
		f.add("discover everything: %w", first.err)
	}
	first.compare(&f, "ranged over again", observe(seq))
	first.compare(&f, "discovered again", observe(s.p.Discover(s.ctx, provider.Query{})))
	return f
}

func checkTypes(s *suite) (f problems) {
	all := s.all(&f)
	for _, t := range all.types[:min(s.Sample, len(all.types))] {
		e := observe(s.p.Discover(s.ctx, provider.Query{Types: []asset.Type{t}}))
		if e.err != nil {
			f.add("discover %s: %w", t, e.err)
		}
		for _, a := range e.sorted() {
			if a.Type != t {
				f.add("discover %s: got %s", t, a.Ref)
			}
		}
		for c := range e.coverage {
			if c.Type != t {
				f.add("discover %s: got coverage of %s", t, c.Type)
			}
		}
		for _, g := range e.gaps {
			if g.Type != t && g.Type != "" {
				f.add("discover %s: got a gap of %s", t, g.Type)
			}
		}
		if !e.spokenOf(t) {
			f.add("discover %s: neither coverage nor a gap", t)
		}
		all.only(t).compare(&f, fmt.Sprintf("discover %s alone", t), e.only(t))
	}
	return f
}

func checkUnknownType(s *suite) (f problems) {
	all := s.all(&f)
	for _, types := range [][]asset.Type{{s.Unknown}, append([]asset.Type{s.Unknown}, all.types[:min(1, len(all.types))]...)} {
		e := observe(s.p.Discover(s.ctx, provider.Query{Types: types}))
		if e.err != nil {
			f.add("discover %v: %w", types, e.err)
		}
		if !slices.ContainsFunc(e.sortedGaps(), func(g *asset.Gap) bool { return g.Type == s.Unknown && g.Of.IsZero() }) {
			f.add("discover %v: no gap of %s", types, s.Unknown)
		}
		for c := range e.coverage {
			if c.Type == s.Unknown && c.State == asset.Complete {
				f.add("discover %v: coverage of %s in %s is complete", types, c.Type, c.Scope)
			}
		}
		for _, t := range types[1:] {
			all.only(t).compare(&f, fmt.Sprintf("discover %v", types), e.only(t))
		}
	}
	return f
}

func checkReads(s *suite) (f problems) {
	all := s.all(&f)
	for _, t := range all.types[:min(s.Sample, len(all.types))] {
		whole := all.only(t)
		for _, read := range [][]asset.Path{nil, {firstMember(whole)}} {
			q := provider.Query{Types: []asset.Type{t}, Reads: map[asset.Type][]asset.Path{t: read}}
			e := observe(s.p.Discover(s.ctx, q))
			what := fmt.Sprintf("discover %s reading %q", t, read)
			if e.err != nil {
				f.add("%s: %w", what, e.err)
			}
			compareKeys(&f, what, whole.assets, e.assets)
			for key, a := range whole.assets {
				b, ok := e.assets[key]
				if !ok {
					continue
				}
				if err := same(a, b, narrowed); err != nil {
					f.add("%s: %s: %w", what, a.Ref, err)
				}
				for _, p := range read {
					x, errX := configAt(a, p)
					y, errY := configAt(b, p)
					// In reverse: the requested part must be read where the whole has it.
					if err := errors.Join(errX, errY, sameValue(p, y, x, wherePresent)); err != nil {
						f.add("%s: %s: %w", what, a.Ref, err)
					}
				}
			}
		}
	}
	return f
}

// firstMember returns the path to the first member of the config of an asset
// that has one.
func firstMember(e *estate) asset.Path {
	for _, a := range e.sorted() {
		if a.Config.Kind() == asset.Map && a.Config.Len() > 0 {
			k, _ := a.Config.MemberAt(0)
			return asset.Path("config").Key(k)
		}
	}
	return "config"
}

// configAt returns what a path that begins with config leads to.
func configAt(a *asset.Asset, p asset.Path) (asset.Value, error) {
	steps, err := p.Steps()
	if err != nil || len(steps) == 1 {
		return a.Config, err
	}
	return a.Config.Get(steps[1].Key), nil
}

func checkCancel(s *suite) (f problems) {
	cause := errors.New("cancelled by the test")
	all := s.all(&f)
	ctx, cancel := context.WithCancelCause(s.ctx)
	cancel(cause)
	if e := observe(s.p.Discover(ctx, provider.Query{})); !errors.Is(e.err, cause) {
		f.add("cancelled before the first observation: the sequence ends in %v", e.err)
	}
	for _, a := range all.sorted()[:min(1, len(all.assets))] {
		got, err := provider.Get(ctx, s.p, a.Ref)
		if err == nil && got == nil || errors.Is(err, provider.ErrNotFound) {
			f.add("get %s, cancelled: %v", a.Ref, err)
		}
	}

	ctx, cancel = context.WithCancelCause(s.ctx)
	defer cancel(nil)
	e := observe(func(yield func(asset.Observation, error) bool) {
		for o, err := range s.p.Discover(ctx, provider.Query{}) {
			cancel(cause)
			if !yield(o, err) {
				return
			}
		}
	})
	switch {
	case e.err == nil: // it may have been too late
		all.compare(&f, "cancelled after the first observation, and no error", e)
	case !errors.Is(e.err, cause):
		f.add("cancelled after the first observation: the sequence ends in %w", e.err)
	}
	return f
}

func checkEarlyEnd(s *suite) (f problems) {
	leaked := leaks(s.ctx, func(ctx context.Context) {
		for n := range 3 {
			seen := 0
			for range s.p.Discover(ctx, provider.Query{}) {
				if seen++; seen > n {
					break
				}
			}
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		observe(s.p.Discover(done, provider.Query{}))
	})
	for _, g := range leaked {
		f.add("a goroutine is left:\n%s", g)
	}
	return f
}

func checkConcurrent(s *suite) (f problems) {
	all := s.all(&f)
	var several [4]*estate
	var wg sync.WaitGroup
	for i := range several {
		wg.Go(func() { several[i] = observe(s.p.Discover(s.ctx, provider.Query{})) })
	}
	wg.Wait()
	for _, e := range several {
		if e.err != nil {
			f.add("discover, one of several at once: %w", e.err)
		}
		all.compare(&f, "one of several at once", e)
	}
	return f
}
