package alert

import (
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// assetCounter counts the assets of a scan, each once. The findings about one asset come
// together; of an asset that comes again only the first findings count.
type assetCounter struct {
	counts   map[countKey]*ScanCount
	accounts map[string]bool
	seen     map[[8]byte]bool

	ref      asset.Ref
	asset    *asset.Asset
	worst    policy.Status
	severity policy.Severity
	sections map[string]sectionState
}

type countKey struct {
	account string
	typ     asset.Type
	class   string
	section string
}

type sectionState struct {
	worst    policy.Status
	severity policy.Severity
}

func newAssetCounter() *assetCounter {
	return &assetCounter{counts: map[countKey]*ScanCount{}, accounts: map[string]bool{}, seen: map[[8]byte]bool{}, sections: map[string]sectionState{}}
}

// rank orders statuses from the best to the worst.
func rank(s policy.Status) int {
	switch s {
	case policy.Fail:
		return 3
	case policy.Unknown:
		return 2
	case policy.Pass:
		return 1
	}
	return 0
}

// add counts a finding. One that an exception accepts still fails.
func (c *assetCounter) add(f policy.Finding) {
	a := f.Asset()
	if a == nil {
		return
	}
	if a.Ref != c.ref {
		c.end()
		c.ref, c.asset, c.worst, c.severity = a.Ref, a, policy.NotApplicable, 0
		c.accounts[accountOf(a.Scope)] = true
	}
	if rank(f.Status) > rank(c.worst) {
		c.worst = f.Status
	}
	failed := func(s policy.Status) policy.Severity {
		if s == policy.Fail {
			return f.Policy.Severity
		}
		return 0
	}
	c.severity = max(c.severity, failed(f.Status))
	for _, control := range f.Policy.Controls {
		s, ok := c.sections[control]
		if !ok {
			s.worst = policy.NotApplicable
		}
		status := f.Control(control)
		if rank(status) > rank(s.worst) {
			s.worst = status
		}
		s.severity = max(s.severity, failed(status))
		c.sections[control] = s
	}
}

// end counts the asset whose findings have come.
func (c *assetCounter) end() {
	if c.asset == nil {
		return
	}
	sum := sha256.Sum256([]byte(string(c.ref.Type) + "\x00" + c.ref.ID))
	if hash := [8]byte(sum[:8]); !c.seen[hash] {
		c.seen[hash] = true
		account := accountOf(c.asset.Scope)
		c.count(countKey{account: account, typ: c.ref.Type, class: c.asset.Class}, c.worst, c.severity)
		for section, s := range c.sections {
			c.count(countKey{account: account, section: section}, s.worst, s.severity)
		}
	}
	clear(c.sections)
	c.asset, c.ref = nil, asset.Ref{}
}

func (c *assetCounter) count(k countKey, worst policy.Status, severity policy.Severity) {
	n := c.counts[k]
	if n == nil {
		n = &ScanCount{Account: k.account, Type: k.typ, Class: k.class, Section: k.section}
		c.counts[k] = n
	}
	switch worst {
	case policy.Fail:
		if n.Failed == nil {
			n.Failed = map[policy.Severity]int{}
		}
		n.Failed[severity]++
	case policy.Unknown:
		n.Unknown++
	case policy.Pass:
		n.Passed++
	default:
		n.NotApplicable++
	}
}

// sorted returns the counts by account, type, class and section.
func (c *assetCounter) sorted() []ScanCount {
	c.end()
	all := make([]ScanCount, 0, len(c.counts))
	for _, n := range c.counts {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b ScanCount) int {
		return cmp.Or(strings.Compare(a.Account, b.Account), cmp.Compare(a.Type, b.Type), strings.Compare(a.Class, b.Class), strings.Compare(a.Section, b.Section))
	})
	return all
}

// digestAlerts is the number of alerts that a digest lists.
const digestAlerts = 50

// opened counts an alert that opened.
func (d *Digest) opened(a *Alert) {
	d.Opened++
	if d.Severity == nil {
		d.Severity, d.Accounts = map[policy.Severity]int{}, map[string]int{}
	}
	d.Severity[a.Policy.Severity]++
	d.Accounts[accountOf(a.Asset.Scope())]++
	at, _ := slices.BinarySearchFunc(d.Alerts, a, func(x, y *Alert) int {
		return cmp.Or(cmp.Compare(y.Policy.Severity, x.Policy.Severity), cmp.Compare(x.ID, y.ID))
	})
	if at < digestAlerts {
		d.Alerts = slices.Insert(d.Alerts, at, a)
	}
	if len(d.Alerts) > digestAlerts {
		d.Alerts = d.Alerts[:digestAlerts]
	}
	d.More = d.Opened - len(d.Alerts)
}

// clone returns a copy that can be counted on.
func (d *Digest) clone() *Digest {
	c := *d
	c.Severity, c.Accounts, c.Alerts = maps.Clone(d.Severity), maps.Clone(d.Accounts), slices.Clone(d.Alerts)
	return &c
}
