package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/policy"
)

// Table writes findings as text for a terminal. Counts by cloud and severity come first,
// then the reasons why findings may be missing: one line for each failed call and each
// type whose coverage is incomplete. The findings follow, one line each, grouped by
// policy, the highest severity first. Options.Verbose adds the rationale and
// remediation of each policy, and the ref, evidence and reason of each finding.
//
// No line is wider than Options.Width. Without Verbose, text that does not fit ends in an
// ellipsis. Findings are kept in memory, as text, until the end of the sequence.
func Table(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	t := &table{o: o, groups: map[string]*group{}, tally: tally{}, problems: newProblems(o), page: newPage(o)}
	return whole(w, "table", findings, t.add, t.render)
}

type table struct {
	o        Options
	groups   map[string]*group // by policy
	tally    tally
	assets   assetCounter
	problems *problems
	page
}

// group holds the findings of one policy.
type group struct {
	policy *policy.Policy
	counts counts
	rows   []row
}

type row struct {
	rank                 int
	status, color        string
	name, scope, message string
	details              []string
}

func (t *table) add(f policy.Finding) {
	t.tally.add(f)
	t.assets.add(f)
	if t.problems.add(f) || !t.o.shows(f) {
		return
	}
	g := t.groups[f.Policy.ID]
	if g == nil {
		g = &group{policy: f.Policy}
		t.groups[f.Policy.ID] = g
	}
	g.counts.add(f)
	r := row{rank: rankOf(f), status: statusText(f), color: statusColor(f), name: nameOf(f), scope: visible(f.Scope().String())}
	if f.Status == policy.Fail || f.Status == policy.Unknown {
		r.message = rowText(f)
	}
	if t.o.Verbose {
		r.details = details(f)
	}
	g.rows = append(g.rows, r)
}

func (t *table) render() ([]byte, error) {
	t.head()
	t.summary()
	t.problemSection()
	for s := policy.Critical; s >= 0; s-- {
		for _, g := range slices.SortedFunc(maps.Values(t.groups), func(a, b *group) int { return cmp.Compare(a.policy.ID, b.policy.ID) }) {
			if g.policy.Severity == s {
				t.group(g)
			}
		}
	}
	return bytes.TrimSuffix(t.b.Bytes(), []byte("\n")), nil
}

func (t *table) head() {
	var parts []string
	if t.o.Source != "" {
		parts = append(parts, sentence(t.o.Source))
	}
	if !t.o.Time.IsZero() {
		parts = append(parts, timeText(t.o.Time))
	}
	if len(parts) > 0 {
		t.text(strings.Join(parts, ", "), 0, "")
		t.line("")
	}
}

func (t *table) summary() {
	all := t.tally.total()
	if t.assets.n == 0 {
		t.text("SUMMARY  "+nothingJudged, 0, bold)
	} else {
		t.text(fmt.Sprintf("SUMMARY  %s: %s", plural(t.assets.n, "asset"), countsText(all)), 0, bold)
	}
	if len(t.tally) > 0 {
		const format = "  %s %s %6s %8s %6s %6s %9s"
		t.line(fmt.Sprintf(format, fit("CLOUD", 6), fit("SEVERITY", 13), "FAIL", "UNKNOWN", "PASS", "N/A", "ACCEPTED"))
		put := func(cloud, severity string, c counts) {
			n := func(i int) string { return fmt.Sprint(i) }
			t.line(fmt.Sprintf(format, fit(cloud, 6), fit(severity, 13), n(c.fail), n(c.unknown), n(c.pass), n(c.notApplicable), n(c.accepted)))
		}
		for _, k := range t.tally.keys() {
			put(cmp.Or(visible(k.provider), "-"), k.severity.String(), t.tally[k])
		}
		if len(t.tally) > 1 {
			put("total", "", all)
		}
	}
	t.line("")
}

// problemSection says why findings may be missing.
func (t *table) problemSection() {
	list := t.problems.list()
	if unknown := unknownTypesText(t.o.UnknownTypes); unknown != "" {
		list = append(list, problem{text: unknown})
	}
	if len(list) == 0 {
		return
	}
	t.text("COVERAGE  "+plural(len(list), "problem")+": findings may be missing", 0, bold)
	for _, p := range list {
		t.text(p.text, 2, "")
		for _, place := range p.places {
			if t.o.Verbose {
				t.text(place, 4, "")
			}
		}
	}
	t.line("")
}

// Widths of a line of a finding.
const (
	statusWidth  = 8  // accepted
	nameWidth    = 40 // at most
	messageWidth = 24 // at least, if there is a message
)

func (t *table) group(g *group) {
	severity := strings.ToUpper(g.policy.Severity.String())
	title := fmt.Sprintf("%s  %s  %s (%s)", severity, visible(g.policy.ID), sentence(g.policy.Title), countsText(g.counts))
	for i, l := range wrap(title, t.width-4) {
		if i == 0 {
			l = t.paint(severityColor(g.policy.Severity), severity) + t.paint(bold, strings.TrimPrefix(l, severity))
		} else {
			l = "  " + t.paint(bold, l)
		}
		t.line(l)
	}
	if t.o.Verbose {
		t.about(g.policy)
	}
	slices.SortStableFunc(g.rows, func(a, b row) int { return cmp.Compare(a.rank, b.rank) })
	name, scope := 0, 0
	for _, r := range g.rows {
		name, scope = min(max(name, columns(r.name)), nameWidth), max(scope, columns(r.scope))
	}
	room := t.width - 2 - statusWidth - 2 // for name, scope and message
	scope = min(scope, max(room-name-2-messageWidth-2, 24))
	name = min(name, room-2-scope)
	message := room - name - 2 - scope - 2
	for _, r := range g.rows {
		line := "  " + t.paint(r.color, fit(r.status, statusWidth)) + "  " + fit(r.name, name) + "  " + fit(r.scope, scope)
		if message >= 8 && !t.o.Verbose {
			line += "  " + clip(r.message, message)
		}
		t.line(line)
		for _, d := range r.details {
			t.text(d, 2+statusWidth+2, "")
		}
	}
	t.line("")
}

// about writes why a policy matters and how to repair what breaks it.
func (t *table) about(p *policy.Policy) {
	r := p.Remediation
	repair := "repair: "
	if r.Class != "" {
		repair = "repair (" + visible(string(r.Class)) + "): "
	}
	for _, part := range []struct{ label, text string }{{"why: ", p.Rationale}, {repair, r.Text}} {
		for i, s := range paragraphs(part.text) {
			if i == 0 {
				s = part.label + s
			}
			t.text(s, 2, "")
		}
	}
	for _, c := range r.PreChecks {
		t.text("before: "+sentence(c.Text), 2, "")
	}
	if s := sentence(r.CLI); s != "" {
		t.text("command: "+s, 2, "")
	}
	if len(p.Controls) > 0 {
		t.text("controls: "+visible(strings.Join(p.Controls, ", ")), 2, "")
	}
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

func statusColor(f policy.Finding) string {
	switch {
	case accepted(f), f.Status == policy.NotApplicable:
		return dim
	case f.Status == policy.Fail:
		return red
	case f.Status == policy.Pass:
		return green
	}
	return yellow
}
