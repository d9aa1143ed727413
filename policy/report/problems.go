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

// problems collects why findings may be missing from a report: gaps, and types whose
// coverage is not complete. Findings about them are counted, so that a report lists each
// once, and not for every policy.
type problems struct {
	gaps     map[asset.Gap]int                               // numbers of findings
	many     map[asset.Gap]policy.GapSubject                 // those that stand for many
	coverage map[asset.Type]map[asset.Scope]*coverageProblem // by account
}

// coverageProblem is the incomplete coverage of a type in an account.
type coverageProblem struct {
	states   map[string]asset.CoverageState // by region; "" for the account as a whole
	findings int
}

func newProblems(o Options) *problems {
	p := &problems{gaps: map[asset.Gap]int{}, many: map[asset.Gap]policy.GapSubject{}, coverage: map[asset.Type]map[asset.Scope]*coverageProblem{}}
	for _, g := range o.Gaps {
		masked := policy.Finding{Subject: policy.GapSubject{Gap: g}}.Masked()
		p.gap(masked.Subject.(policy.GapSubject).Gap, 0)
	}
	for _, c := range o.Coverage {
		hidden := slices.ContainsFunc(o.Gaps, func(g *asset.Gap) bool {
			return g.Of.IsZero() && (g.Type == "" || g.Type == c.Type) && g.Scope.Contains(c.Scope)
		})
		if c.State != asset.Complete && !hidden { // the line of the gap says it
			p.account(c.Type, c.Scope).state(c.Scope.Region, c.State)
		}
	}
	return p
}

func (p *problems) gap(g *asset.Gap, findings int) {
	k := *g
	k.Cause.RequestID = "" // differs between attempts at the same thing
	p.gaps[k] += findings
}

func (p *problems) account(t asset.Type, s asset.Scope) *coverageProblem {
	s.Region = ""
	if p.coverage[t] == nil {
		p.coverage[t] = map[asset.Scope]*coverageProblem{}
	}
	a := p.coverage[t][s]
	if a == nil {
		a = &coverageProblem{states: map[string]asset.CoverageState{}}
		p.coverage[t][s] = a
	}
	return a
}

// state records the state of a region, and keeps the worse of two.
func (a *coverageProblem) state(region string, s asset.CoverageState) {
	if old, ok := a.states[region]; !ok || s < old {
		a.states[region] = s
	}
}

// add counts a finding, and reports whether it is about a gap or coverage.
func (p *problems) add(f policy.Finding) bool {
	switch s := f.Subject.(type) {
	case policy.GapSubject:
		p.gap(s.Gap, max(1, len(s.Policies)))
		if s.Count > 0 {
			many := *s.Gap
			many.Cause.RequestID = ""
			p.many[many] = s
			for _, of := range s.Parents {
				g := *s.Gap
				g.Of = of
				p.gap(&g, 0)
			}
		}
	case policy.CoverageSubject:
		a := p.account(s.Type, s.Account)
		a.findings++
		for _, region := range s.Regions {
			if _, ok := a.states[region]; !ok {
				a.states[region] = s.State
			}
		}
		if len(s.Regions) == 0 {
			a.state("", s.State)
		}
	default:
		return false
	}
	return true
}

// sortedGaps returns the gaps by scope, type and what follows.
func (p *problems) sortedGaps() []asset.Gap {
	return slices.SortedFunc(maps.Keys(p.gaps), func(a, b asset.Gap) int {
		return cmp.Or(a.Scope.Compare(b.Scope), cmp.Compare(a.Type, b.Type), a.Of.Compare(b.Of),
			cmp.Compare(a.Cause.Op, b.Cause.Op), cmp.Compare(a.Cause.Code, b.Cause.Code), cmp.Compare(a.Cause.Message, b.Cause.Message))
	})
}

// problem is a reason why findings may be missing.
type problem struct {
	text   string   // one visible line
	places []string // a visible line each; empty if text says it all
}

// list returns the problems, gaps first, sorted.
func (p *problems) list() []problem { return append(p.gapList(), p.typeList()...) }

// maxPlaces bounds the lines of a problem in what belongs to single assets.
const maxPlaces = 100

// gapList returns a problem for gaps of the same type that the same call failed for.
func (p *problems) gapList() []problem {
	type call struct {
		typ, of  asset.Type
		op, code string
	}
	var order []call
	groups := map[call][]asset.Gap{}
	for _, g := range p.sortedGaps() {
		c := call{g.Type, g.Of.Type, g.Cause.Op, g.Cause.Code}
		if groups[c] == nil {
			order = append(order, c)
		}
		groups[c] = append(groups[c], g)
	}
	var all []problem
	for _, c := range order {
		x, findings, single, many := problem{}, 0, 0, 0
		var first *asset.Gap
		for _, g := range groups[c] {
			findings += p.gaps[g]
			if s, ok := p.many[g]; ok {
				many += s.Count
				continue
			}
			if first == nil {
				first = &g
			}
			single++
			place := scopeName(g.Scope)
			if !g.Of.IsZero() {
				place += ": " + visible(g.Of.String())
			}
			x.places = append(x.places, place+": "+causeText(&g))
		}
		if first == nil {
			first = &groups[c][0]
		}
		n := max(single, many)
		if len(x.places) > maxPlaces {
			x.places = append(x.places[:maxPlaces], fmt.Sprintf("and %d more", n-maxPlaces))
		}
		other := "other scope"
		if c.of != "" {
			other = "other asset"
		}
		x.text = gapText(first)
		if n == 1 {
			x.places = nil
		} else {
			x.text = fmt.Sprintf("%s and %s were not observed: %s", gapPlace(first), plural(n-1, other), causeText(first))
		}
		x.text += findingsText(findings)
		all = append(all, x)
	}
	return all
}

// typeList returns a problem for each type whose coverage is not complete.
func (p *problems) typeList() []problem {
	var all []problem
	for _, t := range slices.Sorted(maps.Keys(p.coverage)) {
		x, findings := problem{}, 0
		byState := map[asset.CoverageState][]string{}
		for _, s := range slices.SortedFunc(maps.Keys(p.coverage[t]), asset.Scope.Compare) {
			a := p.coverage[t][s]
			findings += a.findings
			worst := asset.Complete
			byRegion := map[asset.CoverageState][]string{}
			for _, region := range slices.Sorted(maps.Keys(a.states)) {
				state := a.states[region]
				worst = min(worst, state)
				byRegion[state] = append(byRegion[state], region)
			}
			byState[worst] = append(byState[worst], scopeName(s))
			x.places = append(x.places, scopeName(s)+": "+regionsText(byRegion))
		}
		var parts []string
		for _, state := range []asset.CoverageState{asset.Partial, asset.NotAsked} {
			if accounts := byState[state]; len(accounts) > 2 {
				parts = append(parts, fmt.Sprintf("%s in %d accounts", stateText(state), len(accounts)))
			} else if len(accounts) > 0 {
				parts = append(parts, stateText(state)+" in "+strings.Join(accounts, " and "))
			}
		}
		x.text = visible(string(t)) + ": " + strings.Join(parts, ", ") + findingsText(findings)
		all = append(all, x)
	}
	return all
}

func regionsText(byState map[asset.CoverageState][]string) string {
	var parts []string
	for _, state := range []asset.CoverageState{asset.Partial, asset.NotAsked} {
		regions := slices.DeleteFunc(byState[state], func(r string) bool { return r == "" })
		switch {
		case len(regions) > 0:
			parts = append(parts, stateText(state)+" in "+visible(strings.Join(regions, ", ")))
		case len(byState[state]) > 0:
			parts = append(parts, stateText(state))
		}
	}
	return strings.Join(parts, "; ")
}

// stateText says how a type was searched whose coverage is not complete.
func stateText(s asset.CoverageState) string {
	if s == asset.Partial {
		return "partial"
	}
	return "not searched"
}

// findingsText says how many findings are unknown because of a problem.
func findingsText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s unknown)", plural(n, "finding"))
}

// plural returns a number with a noun that takes an s.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// unknownTypesText says how many assets have types that are in no schema; it may be empty.
func unknownTypesText(types map[asset.Type]int) string {
	if len(types) == 0 {
		return ""
	}
	n := 0
	var list []string
	for _, t := range slices.Sorted(maps.Keys(types)) {
		n += types[t]
		list = append(list, fmt.Sprintf("%s (%d)", visible(string(t)), types[t]))
	}
	return fmt.Sprintf("%s of unknown types: %s", plural(n, "asset"), strings.Join(list, ", "))
}
