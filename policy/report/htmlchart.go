package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/openstance/stance/policy"
)

// charts returns bars of findings that fail or are unknown.
func (h *htmlPage) charts() []htmlChart {
	severities := map[string]counts{}
	var order []string
	for s := policy.Critical; s > 0; s-- {
		order = append(order, s.String())
	}
	for k, c := range h.tally {
		severities[k.severity.String()] = severities[k.severity.String()].plus(c)
	}
	var all []htmlChart
	for _, c := range []htmlChart{
		h.chart("by-severity", "By severity", severities, order, ""),
		h.chart("by-service", "By service", h.services, worst(h.services), ""),
		h.chart("by-account", "By account", h.accounts, worst(h.accounts), "account"),
	} {
		if len(c.Bars) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func (h *htmlPage) chart(id, title string, of map[string]counts, order []string, kind string) htmlChart {
	c := htmlChart{ID: id, Title: title}
	top := 0
	for _, x := range of {
		top = max(top, x.fail+x.unknown)
	}
	for _, name := range order {
		x := of[name]
		if x.fail+x.unknown == 0 {
			continue
		}
		if len(c.Bars) == maxBars {
			c.More++
			continue
		}
		link := ""
		if e := h.links[kind+" "+name]; e != nil {
			link = e.ID
		}
		text := countsText(counts{fail: x.fail, unknown: x.unknown})
		c.Bars = append(c.Bars, newBar(cmp.Or(name, "(none)"), link, text, top, part{"fail", x.fail}, part{"unknown", x.unknown}))
	}
	return c
}

// worst returns the keys by the number of findings that fail, then those unknown.
func worst(of map[string]counts) []string {
	return slices.SortedFunc(maps.Keys(of), func(a, b string) int {
		x, y := of[a], of[b]
		return cmp.Or(cmp.Compare(y.fail, x.fail), cmp.Compare(y.unknown, x.unknown), cmp.Compare(a, b))
	})
}
