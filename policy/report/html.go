package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const (
	maxRows  = 1000 // findings of one policy on a page
	maxLinks = 200  // links of one account or owner
	maxBars  = 10   // bars of one chart
)

// HTML writes findings as one page for a browser. The head has the date, source, version
// and scope, and how complete the search was. Counts, charts by severity, service and
// account, the changes since Options.Earlier, and the reasons why findings may be missing
// follow. The findings come last, grouped by policy, with evidence, rationale,
// remediation, controls, and links to the consoles of the clouds.
//
// The page loads nothing: its content security policy allows the script and the style of
// this package and no others. Without scripts, a reader can read everything and filter
// by severity and status. With scripts, a reader can also search, filter by account and
// owner, sort, and group. The page fits small screens and follows the color scheme of the
// browser.
//
// The page lists at most 1000 findings of one policy and states how many it omits.
// Findings are kept in memory, as text, until the end of the sequence.
func HTML(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error {
	o := opts.orZero()
	h := &htmlPage{o: o, groups: map[string]*htmlGroup{}, tally: tally{}, problems: newProblems(o),
		services: map[string]counts{}, accounts: map[string]counts{}, scopes: map[asset.Scope]bool{}, owners: map[string]counts{}, links: map[string]*htmlEntry{}}
	var err error
	if h.changes, err = newChanges(o); err != nil {
		return fmt.Errorf("write HTML: %w", err)
	}
	return whole(w, "HTML", findings, h.add, h.render)
}

type htmlPage struct {
	o        Options
	groups   map[string]*htmlGroup // by policy
	rows     int
	tally    tally
	assets   assetCounter
	read     readTimes
	problems *problems
	changes  *changes

	services map[string]counts
	accounts map[string]counts
	scopes   map[asset.Scope]bool // without regions
	owners   map[string]counts
	links    map[string]*htmlEntry // of accounts and owners
	statuses [5]bool               // by rank
}

// htmlGroup holds the findings of one policy.
type htmlGroup struct {
	policy *policy.Policy
	counts counts

	ID, Policy, Title, Severity, Counts string
	Rationale, Repair, Before, Controls []string
	RepairClass, Command                string
	Rows                                []*htmlRow
	More                                int
}

type htmlRow struct {
	rank                                             int
	ID, Class, Status, Severity, Change              string
	Name, Where, Account, Owner, Message, Ref, Title string
	Origin, Console                                  string
	Details                                          []string
}

// htmlEntry is an account or an owner with its findings.
type htmlEntry struct {
	ID, Name, Counts string
	Items            []htmlLink
	More             int
}

type htmlLink struct{ Class, Status, Link, Text, Title string }

func (h *htmlPage) add(f policy.Finding) {
	h.tally.add(f)
	h.assets.add(f)
	h.read.add(f.Read)
	a := f.Asset()
	owner := ownerOf(a, h.o)
	scope := f.Scope()
	scope.Region = ""
	if f.Subject.Kind() != policy.OfException {
		countIn(h.accounts, accountName(scope), f)
		h.scopes[scope] = true
		countIn(h.services, visible(strings.TrimSpace(scope.Provider+" "+f.Subject.Ref().Type.Service())), f)
	}
	if a != nil {
		countIn(h.owners, owner, f)
	}
	if h.problems.add(f) || !h.o.shows(f) {
		h.changes.add(f, "")
		return
	}
	g := h.group(f.Policy)
	g.counts.add(f)
	h.statuses[rankOf(f)] = true
	if len(g.Rows) == maxRows {
		g.More++
		h.changes.add(f, "")
		return
	}
	h.rows++
	r := &htmlRow{
		rank: rankOf(f), ID: fmt.Sprintf("f%d", h.rows), Class: statusClass(f), Status: words(statusClass(f)), Severity: f.Policy.Severity.String(),
		Name: nameOf(f), Where: visible(f.Scope().String()), Account: accountName(scope), Owner: owner, Title: g.Title,
		Ref: strings.TrimSpace(visible(f.Subject.Ref().String())), Details: htmlDetails(f),
	}
	r.Change = h.changes.add(f, r.ID)
	r.Message = rowText(f)
	if a != nil {
		r.Console = consoleURL(a.URL)
		if a.Origin.File != "" {
			r.Origin = originText(a.Origin)
		}
	}
	g.Rows = append(g.Rows, r)
	link := htmlLink{r.Class, r.Status, r.ID, r.Name, g.Title}
	h.link("account", accountName(scope), link)
	if a != nil && owner != "" {
		h.link("owner", owner, link)
	}
}

func (h *htmlPage) group(p *policy.Policy) *htmlGroup {
	g := h.groups[p.ID]
	if g != nil {
		return g
	}
	g = &htmlGroup{
		policy: p, ID: fmt.Sprintf("p%d", len(h.groups)+1), Policy: visible(p.ID), Title: sentence(p.Title), Severity: p.Severity.String(),
		Rationale: paragraphs(p.Rationale), Repair: paragraphs(p.Remediation.Text), RepairClass: visible(string(p.Remediation.Class)),
		Command: sentence(p.Remediation.CLI),
	}
	for _, c := range p.Remediation.PreChecks {
		g.Before = append(g.Before, sentence(c.Text))
	}
	for _, c := range p.Controls {
		g.Controls = append(g.Controls, visible(c))
	}
	h.groups[p.ID] = g
	return g
}

// link adds a finding to the index of an account or owner.
func (h *htmlPage) link(kind, name string, l htmlLink) {
	key := kind + " " + name
	e := h.links[key]
	if e == nil {
		e = &htmlEntry{ID: fmt.Sprintf("%s%d", kind, len(h.links)+1), Name: name}
		h.links[key] = e
	}
	if len(e.Items) == maxLinks {
		e.More++
		return
	}
	e.Items = append(e.Items, l)
}

// htmlDetails returns what the summary of a row does not say.
func htmlDetails(f policy.Finding) []string {
	lines := grounds(f, "", false)
	if x := exceptionOf(f); x != nil {
		lines = append(lines, acceptedText(x))
	}
	return lines
}

// statusClass returns the status of a finding, or "accepted".
func statusClass(f policy.Finding) string {
	if accepted(f) {
		return "accepted"
	}
	return f.Status.String()
}

func accountName(s asset.Scope) string {
	if s == (asset.Scope{}) {
		return ""
	}
	return scopeName(s)
}

func countIn[K comparable](m map[K]counts, k K, f policy.Finding) {
	c := m[k]
	c.add(f)
	m[k] = c
}

func (h *htmlPage) render() ([]byte, error) {
	script, err := templates.ReadFile("templates/script.js")
	if err != nil {
		return nil, err
	}
	var data struct {
		Page       webPage
		Judged     string
		Total      htmlCounts
		Tally      []htmlCounts
		Charts     []htmlChart
		Changes    []htmlChange
		Still      int
		Problems   []htmlProblem
		Severities []string
		Statuses   []htmlStatus
		Groups     []*htmlGroup
		Indexes    []htmlIndex
		Accounts   bool
		Owners     bool
		Script     template.JS
	}
	data.Page.Title, data.Script = "Findings", template.JS(script)
	h.facts(&data.Page)
	if h.assets.n == 0 {
		data.Judged = nothingJudged
	}
	data.Total = h.tally.total().html("", "")
	for _, k := range h.tally.keys() {
		data.Tally = append(data.Tally, h.tally[k].html(cmp.Or(visible(k.provider), "-"), k.severity.String()))
	}
	data.Charts = h.charts()
	if data.Changes = h.changes.html(h.problems); h.changes != nil {
		data.Still = h.changes.still
	}
	for _, p := range h.allProblems() {
		data.Problems = append(data.Problems, htmlProblem{p.text, p.places})
	}
	for s := policy.Critical; s >= 0; s-- {
		for _, g := range slices.SortedFunc(maps.Values(h.groups), func(a, b *htmlGroup) int { return cmp.Compare(a.Policy, b.Policy) }) {
			if g.policy.Severity != s {
				continue
			}
			g.Counts = countsText(g.counts)
			slices.SortStableFunc(g.Rows, func(a, b *htmlRow) int { return cmp.Compare(a.rank, b.rank) })
			data.Groups = append(data.Groups, g)
			if !slices.Contains(data.Severities, g.Severity) {
				data.Severities = append(data.Severities, g.Severity)
			}
		}
	}
	for i, class := range []string{"fail", "unknown", "accepted", "pass", "not_applicable"} {
		if h.statuses[i] {
			data.Statuses = append(data.Statuses, htmlStatus{class, words(class)})
		}
	}
	accounts, owners := h.indexes()
	data.Accounts, data.Owners = len(accounts) > 0, len(owners) > 0
	for _, x := range []htmlIndex{{"accounts", "Findings by account", accounts}, {"owners", "Findings by owner", owners}} {
		if len(x.Entries) > 0 {
			data.Indexes = append(data.Indexes, x)
		}
	}
	if len(data.Groups) == 0 {
		script = nil
	}
	return data.Page.execute("findings.html", string(script), &data)
}

type (
	// htmlCounts are counts with a name or two.
	htmlCounts struct {
		Cloud, Severity                              string
		Fail, Unknown, Accepted, Pass, NotApplicable int
	}
	htmlStatus  struct{ Class, Name string }
	htmlProblem struct {
		Text   string
		Places []string
	}
	htmlChart struct {
		ID, Title string
		Bars      []bar
		More      int
	}
	htmlIndex struct {
		ID, Title string
		Entries   []*htmlEntry
	}
)

func (c counts) html(cloud, severity string) htmlCounts {
	return htmlCounts{cloud, severity, c.fail, c.unknown, c.accepted, c.pass, c.notApplicable}
}

func (h *htmlPage) allProblems() []problem {
	list := h.problems.list()
	if text := unknownTypesText(h.o.UnknownTypes); text != "" {
		list = append(list, problem{text: text})
	}
	return list
}

// indexes returns the accounts and the owners that have rows, sorted by name.
func (h *htmlPage) indexes() (accounts, owners []*htmlEntry) {
	for name, c := range h.accounts {
		if e := h.links["account "+name]; e != nil {
			e.Counts = countsText(c)
			accounts = append(accounts, e)
		}
	}
	for name, c := range h.owners {
		if e := h.links["owner "+name]; e != nil {
			e.Counts = countsText(c)
			owners = append(owners, e)
		}
	}
	byName := func(a, b *htmlEntry) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }
	slices.SortFunc(accounts, byName)
	slices.SortFunc(owners, byName)
	return accounts, owners
}
