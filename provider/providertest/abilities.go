package providertest

import (
	"context"
	"errors"
	"slices"

	"github.com/openstance/stance/provider"
)

// first returns a query for the first of the types.
func (e *estate) first() provider.Query {
	return provider.Query{Types: e.types[:min(1, len(e.types))]}
}

func checkTypesListed(s *suite) (f problems) {
	types, err := provider.Types(s.p)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		f.add("list types: %w", err)
	}
	sortedOnce(&f, "types", types)
	for _, t := range s.all(&f).types {
		if !slices.Contains(types, t) {
			f.add("%s is discovered and not listed", t)
		}
	}
	return f
}

func checkPermissions(s *suite) (f problems) {
	all, err := provider.Permissions(s.p, provider.Query{})
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		f.add("list permissions: %w", err)
	}
	sortedOnce(&f, "permissions", all)
	q := s.all(&f).first()
	some, err := provider.Permissions(s.p, q)
	if err != nil {
		f.add("list permissions for %v: %w", q.Types, err)
	}
	sortedOnce(&f, "permissions", some)
	for _, p := range some {
		if !slices.Contains(all, p) {
			f.add("%s is needed for %v, and not for everything", p, q.Types)
		}
	}
	return f
}

func sortedOnce[S ~string](f *problems, what string, list []S) {
	for i, x := range list {
		switch {
		case x == "":
			f.add("%s: empty name", what)
		case i > 0 && x <= list[i-1]:
			f.add("%s: %q after %q", what, x, list[i-1])
		}
	}
}

func checkCheck(s *suite) (f problems) {
	q := s.all(&f).first()
	trees, err := provider.Check(s.ctx, s.p, q)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		f.add("check %v: %w", q.Types, err)
	}
	if len(trees) == 0 {
		f.add("check %v: no result", q.Types)
	}
	for _, r := range trees {
		checkResult(&f, "", r)
	}

	cause := errors.New("cancelled by the test")
	ctx, cancel := context.WithCancelCause(s.ctx)
	cancel(cause)
	if _, err := provider.Check(ctx, s.p, q); !errors.Is(err, cause) {
		f.add("check, cancelled: %w", err)
	}
	return f
}

func checkResult(f *problems, above string, r provider.CheckResult) {
	name := above + "/" + r.Name
	if r.Name == "" {
		f.add("%s: no name", name)
	}
	if r.Level < provider.CheckFailed || r.Level > provider.CheckOK {
		f.add("%s: no level %d", name, r.Level)
	}
	worst := provider.CheckOK
	for _, c := range r.Children {
		worst = min(worst, c.Level)
		checkResult(f, name, c)
	}
	if len(r.Children) > 0 && r.Level != worst {
		f.add("%s is %s, and its worst child %s", name, r.Level, worst)
	}
}
