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

// maxRules bounds the rules that are judged together.
const maxRules = 5000

// filter is a list of rules in the order in which they are applied.
type filter []rule

// verdict is what a filter says of one port.
type verdict struct {
	open  bool
	rules []int // that open it
}

// judge tells what the filter does with packets from the internet to a port. Of
// what is not known of its rules it assumes the most, or else the least, that
// could be open.
func (f filter) judge(p protocol, port int64, most bool) verdict {
	var alone, together []int
	var sum netipx.IPSetBuilder
	for i, r := range f {
		if r.action != allow && !(r.action == unknown && most) || !r.about(p, port, most) {
			continue
		}
		set := f.admitted(i, p, port, most)
		switch {
		case set == nil || len(set.Ranges()) == 0:
		case isAnywhere(set):
			alone = append(alone, i)
		default:
			together = append(together, i)
			sum.AddSet(set)
		}
	}
	if len(alone) > 0 {
		return verdict{true, alone}
	}
	if len(together) > 1 {
		if set, err := sum.IPSet(); err == nil && isAnywhere(set) {
			return verdict{true, together}
		}
	}
	return verdict{}
}

// admitted returns the sources that rule i admits to a port: its own without those
// that rules before it stop. Nil is none.
func (f filter) admitted(i int, p protocol, port int64, most bool) *netipx.IPSet {
	r := f[i]
	set := r.source
	if r.anySource && most {
		set = setOf(all4(), all6())
	}
	var b netipx.IPSetBuilder
	stopped := false
	for j, e := range f {
		before := j < i
		if (e.anyOrder || r.anyOrder) && e.level == r.level {
			before = j != i && !most
		}
		if !before || !e.stops(r, p, port, most) {
			continue
		}
		if !stopped {
			stopped = true
			b.AddSet(set)
		}
		b.RemoveSet(f.reached(j, r, p, port, most))
	}
	if !stopped {
		return set
	}
	left, err := b.IPSet()
	if err != nil {
		return nil
	}
	return left
}

// reached returns the sources that rule i, which stops r, matches: without those
// that went on to the next level before.
func (f filter) reached(i int, r rule, p protocol, port int64, most bool) *netipx.IPSet {
	e := f[i]
	set := e.source
	if e.anySource && !most {
		set = setOf(all4(), all6())
	}
	if e.level == r.level {
		return set // what goes on from here comes to r no more than e
	}
	var b netipx.IPSetBuilder
	spared := false
	for j, n := range f {
		before := j < i
		if (e.anyOrder || n.anyOrder) && e.level == n.level {
			before = j != i && most
		}
		if !before || n.level != e.level || n.action != next && !(n.action == unknown && most) || !n.about(p, port, most) {
			continue
		}
		// Opening some destinations is enough.
		if n.anyTarget && !most || !n.anyTarget && !n.targets.meet(r.targets) {
			continue
		}
		if n.anySource && most {
			return &netipx.IPSet{}
		}
		if !spared {
			spared = true
			b.AddSet(set)
		}
		b.RemoveSet(n.source)
	}
	if !spared {
		return set
	}
	left, err := b.IPSet()
	if err != nil {
		return set
	}
	return left
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

// stops reports whether e, if it is applied before r, keeps from r what it matches.
func (e rule) stops(r rule, p protocol, port int64, most bool) bool {
	if e.partial {
		return false
	}
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
	return e.about(p, port, !most)
}

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

// opens returns the names of the rules that certainly open one of the ports to the
// internet, in the order of the filter. The error is nil if there is one, and
// otherwise tells why some might.
func (f filter) opens(protocolName string, wanted []int64) ([]string, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return nil, err
	}
	opening := map[int]bool{}
	for _, p := range protocols {
		for _, port := range wanted {
			if port < 0 || port > lastPort {
				return nil, fmt.Errorf("%d is no port", port)
			}
			for _, i := range f.judge(p, port, false).rules {
				opening[i] = true
			}
			if fault := f.fault(); fault != nil && f.judge(p, port, true).open {
				err = fault
			}
		}
	}
	var names []string
	for i, r := range f {
		if opening[i] {
			names = append(names, r.name)
		}
	}
	if len(names) > 0 {
		err = nil
	}
	return names, err
}

// opensAll tells whether every port of one of the protocols is open to the
// internet.
func (f filter) opensAll(protocolName string) (bool, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(protocols, func(p protocol) bool { return f.opensEvery(p, false) }) {
		return true, nil
	}
	if fault := f.fault(); fault != nil && slices.ContainsFunc(protocols, func(p protocol) bool { return f.opensEvery(p, true) }) {
		return false, fault
	}
	return false, nil
}

// opensEvery looks at one port of each range in which all ports are treated alike.
func (f filter) opensEvery(p protocol, most bool) bool {
	starts := []int64{1} // nobody listens on port 0
	for _, r := range f {
		for _, m := range slices.Concat(r.matches, r.possible) {
			for _, r := range m.ports {
				starts = append(starts, max(r.from, 1), r.to+1)
			}
		}
	}
	slices.Sort(starts)
	for _, port := range slices.Compact(starts) {
		if port <= lastPort && !f.judge(p, port, most).open {
			return false
		}
	}
	return true
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
