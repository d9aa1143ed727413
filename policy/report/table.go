package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Table writes findings for people to read on a terminal: those that fail or are
// unknown grouped by severity, the worst first, and policy, each with its evidence
// and reason, then what could not be observed, how complete the search was, and
// counts by cloud and severity. No line is wider than Options.Width. Colors are
// used only if the options say so.
//
// What is listed is kept in memory, as text, until it is written.
func Table(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	t := &table{o: o, groups: map[string]*group{}, tally: tally{}, gaps: gapList{}, page: newPage(o)}
	for _, g := range o.Gaps {
		t.gaps.add(g)
	}
	return whole(w, "table", findings, t.add, t.render)
}

type table struct {
	o      Options
	groups map[string]*group // by policy
	tally  tally
	gaps   gapList
	page
}

// group is what there is to say of one policy.
type group struct {
	policy *policy.Policy
	counts counts
	rows   []row
}

type row struct {
	status                          policy.Status
	accepted                        bool
	name, provider, account, region string
	details                         []string
}

func (t *table) add(f policy.Finding) {
	t.tally.add(f)
	t.gaps.add(gapOf(f))
	if !t.o.shows(f) {
		return
	}
	g := t.groups[f.Policy.ID]
	if g == nil {
		g = &group{policy: f.Policy}
		t.groups[f.Policy.ID] = g
	}
	g.counts.add(f)
	s := f.Scope()
	r := row{
		status: f.Status, accepted: accepted(f),
		name: nameOf(f), provider: visible(s.Provider), account: visible(s.Account), region: visible(s.Region), details: details(f),
	}
	g.rows = append(g.rows, r)
}

func (t *table) render() ([]byte, error) {
	for s := policy.Critical; s >= 0; s-- {
		var groups []*group
		var c counts
		for _, g := range t.groups {
			if g.policy.Severity == s {
				groups = append(groups, g)
				c = c.plus(g.counts)
			}
		}
		if len(groups) == 0 {
			continue
		}
		slices.SortFunc(groups, func(a, b *group) int { return cmp.Compare(a.policy.ID, b.policy.ID) })
		t.line(t.paint(severityColor(s), strings.ToUpper(s.String())) + "  " + countsText(c))
		t.line("")
		for _, g := range groups {
			t.group(g)
		}
	}
	t.gapSection()
	t.coverageSection()
	t.summary()
	return t.b.Bytes(), nil
}

func (t *table) group(g *group) {
	t.text(visible(g.policy.ID)+"  "+visible(g.policy.Title), 2, bold)
	cells := [3]int{len("CLOUD"), len("ACCOUNT"), len("REGION")}
	for _, r := range g.rows {
		for i, s := range []string{r.provider, r.account, r.region} {
			cells[i] = min(max(cells[i], columns(s)), 36)
		}
	}
	const status = 14 // not_applicable
	name := t.width - 4 - status - 2 - cells[0] - 2 - cells[1] - 2 - cells[2] - 2
	if name < 12 { // a narrow terminal: what is cut off stands in the line below
		cells = [3]int{5, 8, 8}
		name = t.width - 4 - status - 2 - 5 - 2 - 8 - 2 - 8 - 2
	}
	for _, r := range g.rows {
		text, color := r.status.String(), statusColor(r.status)
		if r.accepted {
			text, color = "accepted", dim
		}
		t.line("    " + t.paint(color, fit(text, status)) + "  " + fit(r.name, name) + "  " +
			fit(r.provider, cells[0]) + "  " + fit(r.account, cells[1]) + "  " + fit(r.region, cells[2]))
		for _, d := range r.details {
			t.text(d, 4+status+2, "")
		}
	}
	t.line("")
}

func (t *table) gapSection() {
	gaps := t.gaps.sorted()
	if len(gaps) == 0 {
		return
	}
	t.text(fmt.Sprintf("GAPS  %d, of which nothing can be said", len(gaps)), 0, bold)
	for _, g := range gaps {
		t.text(gapText(&g), 4, "")
	}
	t.line("")
}

func (t *table) coverageSection() {
	lines := coverageLines(t.o.Coverage)
	if len(lines) == 0 {
		return
	}
	t.text("COVERAGE  searches for a type in an account or region", 0, bold)
	for _, l := range lines {
		t.text(fmt.Sprintf("%s: %d complete, %d partial, %d not asked", visible(l.scope.String()), l.complete, len(l.partial), len(l.notAsked)), 4, "")
		for _, c := range l.partial {
			t.text("partial: "+coverageText(c), 6, "")
		}
		for _, c := range l.notAsked {
			t.text("not asked: "+coverageText(c), 6, "")
		}
	}
	t.line("")
}

func coverageText(c *asset.Coverage) string {
	if c.Scope.Region == "" {
		return visible(string(c.Type))
	}
	return visible(string(c.Type) + " in " + c.Scope.Region)
}

func (t *table) summary() {
	t.line(t.paint(bold, "SUMMARY"))
	const format = "  %s %s %6s %8s %6s %6s %9s"
	t.line(fmt.Sprintf(format, fit("CLOUD", 6), fit("SEVERITY", 13), "FAIL", "UNKNOWN", "PASS", "N/A", "ACCEPTED"))
	put := func(cloud, severity string, c counts) {
		n := func(i int) string { return fmt.Sprint(i) }
		t.line(fmt.Sprintf(format, fit(cloud, 6), fit(severity, 13), n(c.fail), n(c.unknown), n(c.pass), n(c.notApplicable), n(c.accepted)))
	}
	for _, k := range t.tally.keys() {
		put(cmp.Or(visible(k.provider), "-"), k.severity.String(), t.tally[k])
	}
	put("total", "", t.tally.total())
}

func countsText(c counts) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{c.fail, "fail"}, {c.unknown, "unknown"}, {c.accepted, "accepted"}, {c.pass, "pass"}, {c.notApplicable, "not applicable"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, ", ")
}

func severityColor(s policy.Severity) string {
	switch s {
	case policy.Critical:
		return boldRed
	case policy.High:
		return red
	case policy.Medium:
		return yellow
	}
	return cyan
}

func statusColor(s policy.Status) string {
	switch s {
	case policy.Fail:
		return red
	case policy.Pass:
		return green
	case policy.NotApplicable:
		return dim
	}
	return yellow
}
