package report

import (
	"cmp"
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// counts are numbers of findings by what they say. Those that fail and are accepted
// are counted apart.
type counts struct {
	fail, accepted, unknown, pass, notApplicable int
}

func (c *counts) add(f policy.Finding) {
	switch {
	case accepted(f):
		c.accepted++
	case f.Status == policy.Fail:
		c.fail++
	case f.Status == policy.Pass:
		c.pass++
	case f.Status == policy.NotApplicable:
		c.notApplicable++
	default:
		c.unknown++
	}
}

func (c counts) plus(o counts) counts {
	return counts{c.fail + o.fail, c.accepted + o.accepted, c.unknown + o.unknown, c.pass + o.pass, c.notApplicable + o.notApplicable}
}

// tally counts findings by provider and severity.
type tally map[tallyKey]counts

type tallyKey struct {
	provider string
	severity policy.Severity
}

func (t tally) add(f policy.Finding) {
	k := tallyKey{f.Scope().Provider, f.Policy.Severity}
	c := t[k]
	c.add(f)
	t[k] = c
}

// keys returns the keys by provider, the worst severity first.
func (t tally) keys() []tallyKey {
	return slices.SortedFunc(maps.Keys(t), func(a, b tallyKey) int {
		return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(b.severity, a.severity))
	})
}

func (t tally) total() counts {
	var all counts
	for _, c := range t {
		all = all.plus(c)
	}
	return all
}

// gapList collects distinct gaps.
type gapList map[asset.Gap]bool

func (l gapList) add(g *asset.Gap) {
	if g != nil {
		k := *g
		k.Cause.RequestID = "" // differs between attempts at the same thing
		l[k] = true
	}
}

// sorted returns the gaps by scope, type and what follows.
func (l gapList) sorted() []asset.Gap {
	return slices.SortedFunc(maps.Keys(l), func(a, b asset.Gap) int {
		return cmp.Or(a.Scope.Compare(b.Scope), cmp.Compare(a.Type, b.Type), a.Of.Compare(b.Of),
			cmp.Compare(a.Cause.Op, b.Cause.Op), cmp.Compare(a.Cause.Code, b.Cause.Code), cmp.Compare(a.Cause.Message, b.Cause.Message))
	})
}

// coverageLine sums up the statements of coverage for one account.
type coverageLine struct {
	scope    asset.Scope // without a region
	complete int
	partial  []*asset.Coverage
	notAsked []*asset.Coverage
}

// coverageLines returns a line for each account, sorted.
func coverageLines(statements []*asset.Coverage) []*coverageLine {
	lines := map[asset.Scope]*coverageLine{}
	for _, c := range statements {
		scope := asset.Scope{Provider: c.Scope.Provider, Account: c.Scope.Account}
		l := lines[scope]
		if l == nil {
			l = &coverageLine{scope: scope}
			lines[scope] = l
		}
		switch c.State {
		case asset.Complete:
			l.complete++
		case asset.Partial:
			l.partial = append(l.partial, c)
		default:
			l.notAsked = append(l.notAsked, c)
		}
	}
	return slices.SortedFunc(maps.Values(lines), func(a, b *coverageLine) int { return a.scope.Compare(b.scope) })
}
