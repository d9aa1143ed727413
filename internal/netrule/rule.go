package netrule

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
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
	form     *form
	doc      asset.Value
	place    int // in its list
	name     string
	level    int // of rules that are applied one level after the other
	priority int64
	action   action
	matches  []match
	possible []match // what it matches beside, perhaps
	err      error   // why something of the rule is not known; the rest of it is

	left    bool // what follows is yet to be read
	source  addresses
	reach   share // that source does not exceed
	targets targets
	partial bool // about some destinations, so that it keeps nothing from a rule for others

	// What is not known of the rule: more than what is there, or another order.
	anySource, anyTarget, anyOrder bool
	maybe                          bool // whether it is in force
}

// match is a protocol with ports of it that a rule is about.
type match struct {
	protocol protocol
	ports
}

// everything matches every packet.
func everything() match { return match{anyProtocol, allPorts()} }

func (m match) has(p protocol, port int64) bool {
	return (m.protocol == anyProtocol || m.protocol == p) && m.ports.has(port)
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
type filter []*rule

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
	if !f.mayOpen(p, port, most) {
		return verdict{}
	}
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
	var sum addresses
	for i, r := range f {
		if !r.admits(p, port, most) {
			continue
		}
		admitted := v.admitted(i)
		switch {
		case len(admitted) == 0:
		case admitted.isAnywhere():
			alone = append(alone, i)
		default:
			together = append(together, i)
			sum = append(sum, admitted...)
		}
	}
	opening := alone
	if len(together) > 1 && sum.isAnywhere() {
		opening = append(opening, together...)
	}
	return verdict{len(opening) > 0, opening}
}

// mayOpen reports whether what the rules that admit to a port match would be the
// internet if all of it came in and no two matched the same. In most filters it would
// not, and then it need not be looked at what is kept from whom.
func (f filter) mayOpen(p protocol, port int64, most bool) bool {
	var sum share
	for _, r := range f {
		if !r.admits(p, port, most) {
			continue
		}
		if r.anySource && most {
			return true
		}
		sum = sum.plus(r.reach)
	}
	return sum.isAnywhere()
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
func (v view) sources(i int, wide bool) addresses {
	if v.filter[i].anySource && wide {
		return everywhere()
	}
	return v.filter[i].source
}

// admitted returns the sources that rule i admits: its own without those that rules
// before it stop.
func (v view) admitted(i int) addresses {
	var stopped addresses
	for _, j := range v.stoppers {
		if v.before(j, i, !v.most) && v.filter[j].stops(v.filter[i], v.most) {
			stopped = append(stopped, v.stopped(j, i)...)
		}
	}
	admitted := v.sources(i, v.most)
	if len(stopped) > 0 {
		return admitted.without(stopped)
	}
	return admitted
}

// stopped returns the sources that rule j keeps from rule i: what it matches without
// what went on to the next level before.
func (v view) stopped(j, i int) addresses {
	e, r := v.filter[j], v.filter[i]
	stopped := v.sources(j, !v.most)
	if e.level == r.level {
		return stopped // what goes on from here comes to r no more than to e
	}
	var spared addresses
	for _, k := range v.nexts {
		n := v.filter[k]
		if n.level != e.level || !v.before(k, j, v.most) {
			continue
		}
		// Opening some destinations is enough.
		if n.anyTarget && !v.most || !n.anyTarget && !n.targets.meet(r.targets) {
			continue
		}
		spared = append(spared, v.sources(k, v.most)...)
	}
	if len(spared) > 0 {
		return stopped.without(spared)
	}
	return stopped
}

// about reports whether the rule matches packets to the port, and what is not known
// of that taken as given.
func (r *rule) about(p protocol, port int64, given bool) bool {
	if r.maybe && !given {
		return false
	}
	return anyHas(r.matches, p, port) || given && anyHas(r.possible, p, port)
}

// anyHas reports whether one of the matches has a port.
func anyHas(all []match, p protocol, port int64) bool {
	for _, m := range all {
		if m.has(p, port) {
			return true
		}
	}
	return false
}

// admits reports whether the rule lets packets to the port in, and what is not known
// of it taken as given for the most.
func (r *rule) admits(p protocol, port int64, most bool) bool {
	return (r.action == allow || r.action == unknown && most) && r.about(p, port, most)
}

// stops reports whether e, if it is applied before r, keeps from r what both match.
func (e *rule) stops(r *rule, most bool) bool {
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
	slices.SortStableFunc(f, func(a, b *rule) int {
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
	if i := slices.IndexFunc(wanted, func(port int64) bool { return port < 0 || port > lastPort }); i >= 0 {
		return nil, fmt.Errorf("%d is no port", wanted[i])
	}
	some := f.concerning(protocols, wanted)
	unsure := some.unsure()
	opening, perhaps := make([]bool, len(some)), make([]bool, len(some))
	for _, p := range protocols {
		for _, port := range wanted {
			least := some.judge(p, port, false).rules
			most := least
			if unsure {
				most = some.judge(p, port, true).rules
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
	for i, r := range some {
		switch {
		case opening[i]:
			names = append(names, r.name)
		case perhaps[i]:
			err = f.fault()
		}
	}
	return names, err
}

// concerning returns the rules that may be about one of the ports, read as a whole.
func (f filter) concerning(protocols []protocol, wanted []int64) filter {
	var some filter
	for _, r := range f {
		if r.concerns(protocols, wanted) {
			r.whole()
			some = append(some, r)
		}
	}
	return some
}

// unsure reports whether something of the rules, as far as they are read, is not known.
func (f filter) unsure() bool {
	return slices.ContainsFunc(f, func(r *rule) bool { return r.err != nil })
}

func (r *rule) concerns(protocols []protocol, wanted []int64) bool {
	for _, p := range protocols {
		for _, port := range wanted {
			if r.about(p, port, true) {
				return true
			}
		}
	}
	return false
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
	unsure := false
	every := func(most bool) bool {
		return slices.ContainsFunc(protocols, func(p protocol) bool {
			return !slices.ContainsFunc(ports, func(port int64) bool {
				some := f.concerning([]protocol{p}, []int64{port})
				unsure = unsure || some.unsure()
				return !some.judge(p, port, most).open
			})
		})
	}
	if every(false) {
		return true, nil
	}
	if unsure && every(true) {
		return false, f.fault()
	}
	return false, nil
}

// samples returns one port of each range in which the rules treat all ports alike.
func (f filter) samples() []int64 {
	starts := []int64{1} // nobody listens on port 0
	for _, r := range f {
		for _, all := range [][]match{r.matches, r.possible} {
			for _, m := range all {
				starts = append(starts, max(m.from, 1), m.to+1)
			}
		}
	}
	slices.Sort(starts)
	return slices.DeleteFunc(slices.Compact(starts), func(port int64) bool { return port > lastPort })
}

// fault returns the first reason why something of the rules is not known, or nil.
func (f filter) fault() error {
	for _, r := range f {
		if r.whole(); r.err != nil {
			return r.err
		}
	}
	return nil
}
