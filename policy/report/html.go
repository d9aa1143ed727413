package report

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/policy"
)

//go:embed templates
var templates embed.FS

// execute makes a page of a template. The pages load nothing from elsewhere and run no
// scripts, and tell the browser so.
func execute(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, data)
	return b.Bytes(), err
}

func style() (template.CSS, error) {
	b, err := templates.ReadFile("templates/style.css")
	return template.CSS(b), err
}

// maxRows bounds the findings of one policy on a page, which a browser has to show.
const maxRows = 1000

// HTML writes findings as a page for a browser: counts, then what [Table] has, policy
// by policy. The page stands for itself, without scripts and without anything from
// elsewhere, and is readable on a telephone and in the dark. Of a policy with more
// than 1000 findings to list it lists as many and says how many are missing. What is
// listed is kept in memory, as text.
func HTML(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	h := &htmlPage{o: opts.orZero(), groups: map[string]*htmlGroup{}, tally: tally{}}
	h.problems = newProblems(h.o)
	return whole(w, "HTML", findings, h.add, h.render)
}

type htmlPage struct {
	o        Options
	groups   map[string]*htmlGroup
	tally    tally
	problems *problems
	assets   assetCounter
}

type htmlGroup struct {
	policy                 *policy.Policy
	counts                 counts
	ID, Title, Remediation string
	Rows                   []htmlRow
	More                   int
}

// Counts says in words how many findings there are of each kind.
func (g *htmlGroup) Counts() string { return countsText(g.counts) }

type htmlRow struct {
	Status, Name, Where string
	Details             []string
}

// htmlCounts are counts with a name or two.
type htmlCounts struct {
	Cloud, Severity                              string
	Fail, Unknown, Accepted, Pass, NotApplicable int
}

func (c counts) html(cloud, severity string) htmlCounts {
	return htmlCounts{cloud, severity, c.fail, c.unknown, c.accepted, c.pass, c.notApplicable}
}

func (h *htmlPage) add(f policy.Finding) {
	h.tally.add(f)
	h.assets.add(f)
	if h.problems.add(f) || !h.o.shows(f) {
		return
	}
	g := h.groups[f.Policy.ID]
	if g == nil {
		g = &htmlGroup{
			policy: f.Policy, ID: visible(f.Policy.ID), Title: visible(f.Policy.Title),
			Remediation: prose(f.Policy.Remediation.Text),
		}
		h.groups[f.Policy.ID] = g
	}
	g.counts.add(f)
	if len(g.Rows) == maxRows {
		g.More++
		return
	}
	r := htmlRow{Status: f.Status.String(), Name: nameOf(f), Where: visible(f.Scope().String())}
	for _, d := range details(f) {
		r.Details = append(r.Details, strings.TrimPrefix(d, "· ")) // the page has marks of its own
	}
	if accepted(f) {
		r.Status = "accepted"
	}
	g.Rows = append(g.Rows, r)
}

func (h *htmlPage) render() ([]byte, error) {
	type severity struct {
		Name, Counts string
		Groups       []*htmlGroup
	}
	var data struct {
		Style      template.CSS
		Total      htmlCounts
		Tally      []htmlCounts
		Severities []severity
		Gaps       []string
		Judged     string
		Coverage   []string
	}
	var err error
	if data.Style, err = style(); err != nil {
		return nil, err
	}
	if h.assets.n == 0 {
		data.Judged = nothingJudged
	}
	data.Total = h.tally.total().html("", "")
	for _, k := range h.tally.keys() {
		data.Tally = append(data.Tally, h.tally[k].html(cmp.Or(visible(k.provider), "-"), k.severity.String()))
	}
	for s := policy.Critical; s >= 0; s-- {
		x := severity{Name: s.String()}
		var c counts
		for _, g := range slices.SortedFunc(maps.Values(h.groups), func(a, b *htmlGroup) int { return cmp.Compare(a.ID, b.ID) }) {
			if g.policy.Severity == s {
				x.Groups = append(x.Groups, g)
				c = c.plus(g.counts)
			}
		}
		if x.Counts = countsText(c); len(x.Groups) > 0 {
			data.Severities = append(data.Severities, x)
		}
	}
	for _, g := range h.problems.gapList() {
		data.Gaps = append(data.Gaps, g.text)
	}
	for _, t := range h.problems.typeList() {
		data.Coverage = append(data.Coverage, t.text)
	}
	return execute("findings.html", data)
}
