package providertest

import (
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// checkAnswers holds the providers of Options.Broken to what the provider observes.
func checkAnswers(s *suite) (f problems) {
	all := s.all(&f)
	for _, mode := range slices.Sorted(maps.Keys(s.Broken)) {
		e := observe(s.Broken[mode]().Discover(s.ctx, provider.Query{}))
		if e.err != nil {
			continue // which says that nothing is known
		}
		for _, o := range e.odd {
			f.add("%s: %s", mode, o)
		}
		for _, t := range all.types {
			if !e.spokenOf(t) {
				f.add("%s: neither coverage nor a gap of %s", mode, t)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(all.assets)) {
			a := all.assets[key]
			b, ok := e.assets[key]
			if !ok {
				if e.complete(a.Type) {
					f.add("%s: %s is no longer there, and its type is complete without a gap", mode, a.Ref)
				}
				continue
			}
			for name, doc := range a.Documents() {
				other, err := b.At(asset.Path(name))
				if err == nil {
					err = sameValue(asset.Path(name), *doc, other, whereRead)
				}
				if err != nil {
					f.add("%s: %s: %w", mode, a.Ref, err)
				}
			}
		}
	}
	return f
}
