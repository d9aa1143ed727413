package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// changes compares findings with those of an earlier report, by their keys.
type changes struct {
	failed map[string]Finding // of the earlier report, that were not found again so far
	still  int
	lists  map[changeKind][]changeItem
}

// changeKind says what became of a failure.
type changeKind int

const (
	changeNew changeKind = iota
	changeFixed
	changeUnknown
	changeGone
)

type changeItem struct{ Text, Where, Link string }

// newChanges reads the earlier report. It returns nil if there is none.
func newChanges(o Options) (*changes, error) {
	if o.Earlier == nil {
		return nil, nil
	}
	c := &changes{failed: map[string]Finding{}, lists: map[changeKind][]changeItem{}}
	for f, err := range o.Earlier {
		if err != nil {
			return nil, fmt.Errorf("earlier report: %w", err)
		}
		if f.Status == policy.Fail {
			c.failed[f.Key] = Finding{
				Policy: f.Policy, Provider: f.Provider, Account: f.Account, Region: f.Region,
				Type: f.Type, ID: f.ID, Name: f.Name, Title: f.Title, Severity: f.Severity,
			}
		}
	}
	return c, nil
}

// add compares a finding, which has an entry of the page if link is not empty. It returns
// "new" for a failure that the earlier report did not have.
func (c *changes) add(f policy.Finding, link string) string {
	if c == nil {
		return ""
	}
	key := f.Key()
	_, failed := c.failed[key]
	delete(c.failed, key)
	kind := changeFixed
	switch {
	case f.Status == policy.Fail && failed:
		c.still++
		return ""
	case f.Status == policy.Fail:
		kind = changeNew
	case !failed:
		return ""
	case f.Status == policy.Unknown:
		kind = changeUnknown
	}
	c.lists[kind] = append(c.lists[kind], changeItem{nameOf(f) + ": " + sentence(f.Policy.Title), visible(f.Scope().String()), link})
	if kind == changeNew {
		return "new"
	}
	return ""
}

// htmlChange is a kind of changes on a page.
type htmlChange struct {
	Class, Name, What string
	Count, More       int
	Open              bool
	Items             []changeItem
}

// html returns the changes, once all findings were added. What failed and has no finding
// now is unknown if there is a problem that may hide it.
func (c *changes) html(p *problems) []htmlChange {
	if c == nil {
		return nil
	}
	rest := make([]Finding, 0, len(c.failed))
	for _, f := range c.failed {
		rest = append(rest, f)
	}
	slices.SortFunc(rest, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
	for _, f := range rest {
		scope := asset.Scope{Provider: f.Provider, Account: f.Account, Region: f.Region}
		kind := changeGone
		if p.hides(f.Type, scope) {
			kind = changeUnknown
		}
		item := changeItem{Text: visible(cmp.Or(f.Name, f.ID, f.Policy)) + ": " + sentence(f.Title), Where: visible(scope.String())}
		c.lists[kind] = append(c.lists[kind], item)
	}
	var all []htmlChange
	for _, x := range []struct {
		kind              changeKind
		class, name, what string
	}{
		{changeNew, "fail", "new", "fail now, and did not in the earlier report"},
		{changeFixed, "pass", "fixed", "failed, and pass or do not apply now"},
		{changeUnknown, "unknown", "no longer observed", "failed; whether they still do is unknown"},
		{changeGone, "dim", "gone", "failed, and have no finding now: the asset or the policy is no longer there"},
	} {
		items := c.lists[x.kind]
		h := htmlChange{Class: x.class, Name: x.name, What: x.what, Count: len(items), Items: items[:min(len(items), maxRows)]}
		h.More = len(items) - len(h.Items)
		h.Open = h.Count > 0 && h.Count <= 10
		all = append(all, h)
	}
	return all
}

// hides reports whether assets of a type in a scope may be missing.
func (p *problems) hides(t asset.Type, s asset.Scope) bool {
	for g := range p.gaps {
		if (g.Type == t || g.Type == "" && g.Of.IsZero()) && g.Scope.Contains(s) {
			return true
		}
	}
	a := p.coverage[t][asset.Scope{Provider: s.Provider, Account: s.Account}]
	if a == nil {
		return false
	}
	_, whole := a.states[""]
	_, region := a.states[s.Region]
	return whole || region
}
