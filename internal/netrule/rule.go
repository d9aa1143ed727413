package netrule

import (
	"cmp"
	"fmt"
	"slices"

	"go4.org/netipx"
)

// action is what a rule does with the packets that it matches.
type action int

const (
	unknown action = iota // not read
	allow
	deny
	next // goes on after the last rule of the same level
)

// rule is one rule of a filter, as far as it could be read.
type rule struct {
	name     string
	level    int // of rules that are applied one level after the other
	priority int64
	action   action
	matches  []match
	possible []match // what it matches beside, perhaps
	source   *netipx.IPSet
	targets  targets
	partial  bool  // about some destinations, so that it keeps nothing from a rule for others
	err      error // why something of the rule is not known; the rest of it is

	// What is not known of the rule: more than what is there, or another order.
	anySource, anyTarget, anyOrder bool
	maybe                          bool // whether it is in force
}

// match is a protocol with the ports of it that a rule is about.
type match struct {
	protocol protocol
	ports    []ports
}

func (m match) has(p protocol, port int64) bool {
	return (m.protocol == anyProtocol || m.protocol == p) &&
		(len(m.ports) == 0 || slices.ContainsFunc(m.ports, func(r ports) bool { return r.has(port) }))
}

// targets are the destinations that a rule is limited to, in some form that can be
// compared; nil is every destination.
type targets []string

// include reports whether everything in o is in t.
func (t targets) include(o targets) bool {
	if t == nil {
		return true
	}
	return o != nil && !slices.ContainsFunc(o, func(s string) bool { return !slices.Contains(t, s) })
}

// meet reports whether something may be in both.
func (t targets) meet(o targets) bool {
	return t == nil || o == nil || slices.ContainsFunc(o, func(s string) bool { return slices.Contains(t, s) })
}

// filter is a list of rules in the order in which they are applied.
type filter []rule

// verdict is what a filter says of one port.
type verdict struct {
	open  bool
	rules []int // that open it, each alone or all together
}

// view is a filter as it is for one port, and for an assumption about what is not
// known of its rules: the most, or else the least, that could be open.
type view struct {
	filter
	protocol protocol
	port     int64
	most     bool
	stoppers []int // rules about the port that may keep something from later ones
	nexts    []int // rules about the port that go on to the next level
}

// judge tells what the filter does with packets from the internet to a port.
func (f filter) judge(p protocol, port int64, most bool) verdict {
	v := view{filter: f, protocol: p, port: port, most: most}
	for i, e := range f {
		if e.action != allow && !e.partial && e.about(p, port, !most) {
			v.stoppers = append(v.stoppers, i)
		}
		if (e.action == next || e.action == unknown && most) && e.about(p, port, most) {
			v.nexts = append(v.nexts, i)
		}
	}
	var alone, together []int
	var sum netipx.IPSetBuilder
	for i, r := range f {
		if r.action != allow && !(r.action == unknown && most) || !r.about(p, port, most) {
			continue
		}
		set := v.admitted(i)
		switch {
		case len(set.Ranges()) == 0:
		case isAnywhere(set):
			alone = append(alone, i)
		default:
			together = append(together, i)
			sum.AddSet(set)
		}
	}
	opening := alone
	if len(together) > 1 && isAnywhere(built(&sum)) {
		opening = append(opening, together...)
	}
	return verdict{len(opening) > 0, opening}
}

// built returns the set of a builder that was given valid prefixes only.
func built(b *netipx.IPSetBuilder) *netipx.IPSet {
	set, err := b.IPSet()
	if err != nil {
		panic("netrule: " + err.Error())
	}
	return set
}

// before reports whether rule i is applied before rule j. Of one level the order
// may not be known; then it is as assumed.
func (v view) before(i, j int, assumed bool) bool {
	a, b := v.filter[i], v.filter[j]
	// Of equal priority a rule that denies comes first, and one of them may be that.
	tied := a.priority == b.priority && (a.action == unknown || b.action == unknown)
	if (a.anyOrder || b.anyOrder || tied) && a.level == b.level {
		return i != j && assumed
	}
	return i < j
}

// sources returns what rule i matches, and everything if that is not known and
// wide.
func (v view) sources(i int, wide bool) *netipx.IPSet {
	if v.filter[i].anySource && wide {
		return setOf(all4(), all6())
	}
	return v.filter[i].source
}

// admitted returns the sources that rule i admits: its own without those that rules
// before it stop.
func (v view) admitted(i int) *netipx.IPSet {
	set := v.sources(i, v.most)
	var b netipx.IPSetBuilder
	stopped := false
	for _, j := range v.stoppers {
		if !v.before(j, i, !v.most) || !v.filter[j].stops(v.filter[i], v.most) {
			continue
		}
		if !stopped {
			stopped = true
			b.AddSet(set)
		}
		b.RemoveSet(v.stopped(j, i))
	}
	if !stopped {
		return set
	}
	return built(&b)
}

// stopped returns the sources that rule j keeps from rule i: what it matches without
// what went on to the next level before.
func (v view) stopped(j, i int) *netipx.IPSet {
	e, r := v.filter[j], v.filter[i]
	set := v.sources(j, !v.most)
	if e.level == r.level {
		return set // what goes on from here comes to r no more than to e
	}
	var b netipx.IPSetBuilder
	spared := false
	for _, k := range v.nexts {
		n := v.filter[k]
		if n.level != e.level || !v.before(k, j, v.most) {
			continue
		}
		// Opening some destinations is enough.
		if n.anyTarget && !v.most || !n.anyTarget && !n.targets.meet(r.targets) {
			continue
		}
		if !spared {
			spared = true
			b.AddSet(set)
		}
		b.RemoveSet(v.sources(k, v.most))
	}
	if !spared {
		return set
	}
	return built(&b)
}

// about reports whether the rule matches packets to the port, and what is not known
// of that taken as given.
func (r rule) about(p protocol, port int64, given bool) bool {
	if r.maybe && !given {
		return false
	}
	has := func(m match) bool { return m.has(p, port) }
	return slices.ContainsFunc(r.matches, has) || given && slices.ContainsFunc(r.possible, has)
}

// stops reports whether e, if it is applied before r, keeps from r what both match.
func (e rule) stops(r rule, most bool) bool {
	switch e.action {
	case allow:
		return false // what it admits is admitted
	case next:
		if e.level != r.level {
			return false
		}
	case unknown:
		if most {
			return false
		}
	}
	switch {
	case e.anyTarget, r.anyTarget && e.targets != nil:
		if most {
			return false
		}
	case !e.targets.include(r.targets):
		return false
	}
	return true
}

// Limits of what is judged together, so that a hostile filter cannot keep a scan
// busy.
const (
	maxRules = 5000
	maxPairs = 10_000_000 // of a rule that admits and one that stops, for each port and each that goes on
)

// prepare sorts the filter and returns the protocols of a question.
func (f filter) prepare(protocolName string) ([]protocol, error) {
	if len(f) > maxRules {
		return nil, fmt.Errorf("%d rules, more than %d", len(f), maxRules)
	}
	slices.SortStableFunc(f, func(a, b rule) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.priority, b.priority), cmp.Compare(b.action, a.action))
	})
	return asked(protocolName)
}

// bound refuses to look at so many ports that it would take too long.
func (f filter) bound(nports int) error {
	admitting, nexts := 0, 1
	for _, r := range f {
		switch r.action {
		case allow:
			admitting++
		case next:
			nexts++
		}
	}
	if pairs := nports * admitting * (len(f) - admitting) * nexts; pairs > maxPairs {
		return fmt.Errorf("%d rules for %d ports are too many to judge", len(f), nports)
	}
	return nil
}

// opens returns the names of the rules that certainly open one of the ports to the
// internet, in the order of the filter. The error tells why others might.
func (f filter) opens(protocolName string, wanted []int64) ([]string, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return nil, err
	}
	if err := f.bound(len(wanted)); err != nil {
		return nil, err
	}
	fault := f.fault()
	opening, perhaps := map[int]bool{}, map[int]bool{}
	for _, p := range protocols {
		for _, port := range wanted {
			if port < 0 || port > lastPort {
				return nil, fmt.Errorf("%d is no port", port)
			}
			least := f.judge(p, port, false).rules
			most := least
			if fault != nil {
				most = f.judge(p, port, true).rules
			}
			for _, i := range most {
				perhaps[i] = true
			}
			for _, i := range least {
				// What opens it only together with a rule may not be needed if more
				// of that rule was known.
				opening[i] = opening[i] || slices.Contains(most, i)
			}
		}
	}
	var names []string
	for i, r := range f {
		switch {
		case opening[i]:
			names = append(names, r.name)
		case perhaps[i]:
			err = fault
		}
	}
	return names, err
}

// any tells whether the filter certainly opens one of the ports. The error is nil if
// it does.
func (f filter) any(protocol string, ports []int64) (bool, error) {
	names, err := f.opens(protocol, ports)
	if len(names) > 0 {
		return true, nil
	}
	return false, err
}

// opensAll tells whether every port of one of the protocols is open to the
// internet.
func (f filter) opensAll(protocolName string) (bool, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return false, err
	}
	ports := f.samples()
	if err := f.bound(len(ports)); err != nil {
		return false, err
	}
	every := func(most bool) bool {
		return slices.ContainsFunc(protocols, func(p protocol) bool {
			return !slices.ContainsFunc(ports, func(port int64) bool { return !f.judge(p, port, most).open })
		})
	}
	if every(false) {
		return true, nil
	}
	if fault := f.fault(); fault != nil && every(true) {
		return false, fault
	}
	return false, nil
}

// samples returns one port of each range in which the rules treat all ports alike.
func (f filter) samples() []int64 {
	starts := []int64{1} // nobody listens on port 0
	for _, r := range f {
		for _, m := range slices.Concat(r.matches, r.possible) {
			for _, r := range m.ports {
				starts = append(starts, max(r.from, 1), r.to+1)
			}
		}
	}
	slices.Sort(starts)
	return slices.DeleteFunc(slices.Compact(starts), func(port int64) bool { return port > lastPort })
}

// fault returns the first reason why something of the rules is not known, or nil.
func (f filter) fault() error {
	for _, r := range f {
		if r.err != nil {
			return r.err
		}
	}
	return nil
}
