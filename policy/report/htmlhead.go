package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// facts fills the head of the page.
func (h *htmlPage) facts(p *webPage) {
	p.about(h.o)
	p.fact("Assets read", h.read.text())
	accounts, regions := map[string]int{}, map[asset.Scope]bool{}
	for s := range h.scopes {
		if s.Provider != "" || s.Account != "" {
			accounts[s.Provider]++
		}
	}
	for _, c := range h.o.Coverage {
		if c.Scope.Region != "" {
			regions[asset.Scope{Provider: c.Scope.Provider, Region: c.Scope.Region}] = true
		}
	}
	var scope []string
	for _, provider := range slices.Sorted(maps.Keys(accounts)) {
		n := 0
		for r := range regions {
			if r.Provider == provider {
				n++
			}
		}
		text := cmp.Or(visible(provider), "other") + ": " + plural(accounts[provider], "account")
		if n > 0 {
			text += ", " + plural(n, "region")
		}
		scope = append(scope, text)
	}
	p.fact("Scope", strings.Join(append(scope, plural(h.assets.n, "asset")), "; "))
	n := len(h.allProblems())
	switch {
	case n > 0:
		p.Facts = append(p.Facts, fact{"Completeness", plural(n, "problem") + ": findings may be missing", "coverage"})
	case len(h.o.Coverage) > 0:
		p.fact("Completeness", fmt.Sprintf("complete: %d searches for a type in an account or region", len(h.o.Coverage)))
	default:
		p.fact("Completeness", "no problem is known; the source does not state its coverage")
	}
}

// readTimes are the earliest and the latest time at which an asset of a report was read.
type readTimes policy.ReadTimes

func (t *readTimes) add(r policy.ReadTimes) {
	if r.Latest.IsZero() {
		return
	}
	if t.Latest.IsZero() || r.Earliest.Before(t.Earliest) {
		t.Earliest = r.Earliest
	}
	if r.Latest.After(t.Latest) {
		t.Latest = r.Latest
	}
}

// text returns the times to the minute, or "" if they are not known.
func (t *readTimes) text() string {
	from, to := timeText(t.Earliest), timeText(t.Latest)
	switch {
	case t.Latest.IsZero():
		return ""
	case from == to:
		return to
	}
	return "from " + from + " to " + to
}
