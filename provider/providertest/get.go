package providertest

import (
	"errors"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

func checkGet(s *suite) (f problems) {
	all := s.all(&f)
	n := 0
	for a := range all.inventory().All() {
		if n++; n > s.Sample {
			break
		}
		got, err := provider.Get(s.ctx, s.p, a.Ref)
		switch {
		case err != nil:
			f.add("get %s: %w", a.Ref, err)
		case got == nil:
			f.add("get %s: neither an asset nor an error", a.Ref)
		default:
			view := *got
			view.Observers = a.Observers // Get may have looked from one account alone
			if err := same(a, &view, whereRead); err != nil {
				f.add("get %s: %w", a.Ref, err)
			}
		}
	}
	return f
}

func checkGetMissing(s *suite) (f problems) {
	all := s.all(&f)
	missing := s.Missing
	for _, a := range all.sorted() {
		if missing.IsZero() && all.complete(a.Type) {
			missing = asset.Ref{Type: a.Type, ID: a.ID + "-no-such"}
		}
	}
	if missing.IsZero() {
		return f // no type was searched completely, so that no asset is known to be missing
	}
	got, err := provider.Get(s.ctx, s.p, missing)
	switch {
	case got != nil:
		f.add("get %s: got %s", missing, got.Ref)
	case err == nil:
		f.add("get %s: neither an asset nor an error", missing)
	case all.complete(missing.Type) && !errors.Is(err, provider.ErrNotFound):
		f.add("get %s: %w", missing, err)
	}
	return f
}
