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

// assetCounter counts the assets that findings are about. Findings of one asset follow
// each other.
type assetCounter struct {
	n    int
	last asset.Ref
}

func (c *assetCounter) add(f policy.Finding) {
	if ref := f.Subject.Ref(); f.Subject.Kind() == policy.OfAsset && (c.n == 0 || ref != c.last) {
		c.n, c.last = c.n+1, ref
	}
}
