package netrule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// The limits of a filter, so that a hostile one cannot keep a scan busy.
const (
	maxRules = 100_000
	maxWork  = 20_000_000 // rules and cells that are looked at, for all ports
)

// errTooMuch says that a filter takes more than maxWork.
var errTooMuch = errors.New("too many different rules to evaluate")

// prepare sorts the filter and returns the protocols to evaluate.
func (f filter) prepare(protocolName string) ([]protocol, error) {
	if len(f) > maxRules {
		return nil, fmt.Errorf("%d rules, more than %d", len(f), maxRules)
	}
	slices.SortStableFunc(f, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.priority, b.priority), cmp.Compare(b.action, a.action))
	})
	return protocolsOf(protocolName)
}

// opens returns the names of the rules that certainly open one of the ports to the
// internet, in the order of the filter. An error says why others may.
func (f filter) opens(protocolName string, wanted []int64) ([]string, error) {
	rules, err := f.opening(protocolName, wanted)
	var names []string
	for _, r := range rules {
		names = append(names, r.name)
	}
	return names, err
}

// opening is like opens, and returns the rules.
func (f filter) opening(protocolName string, wanted []int64) ([]*rule, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(wanted, func(port int64) bool { return port < 0 || port > lastPort }); i >= 0 {
		return nil, fmt.Errorf("invalid port %d", wanted[i])
	}
	some := f.concerning(protocols, wanted)
	unsure := some.unsure()
	opening, perhaps, both := make([]bool, len(some)), make([]bool, len(some)), make([]bool, len(some))
	work := 0
	for _, p := range protocols {
		for _, port := range slices.Compact(slices.Sorted(slices.Values(wanted))) {
			verdict := some.judge(p, port, false)
			least := verdict.rules
			most := least
			work += verdict.work
			if unsure {
				verdict = some.judge(p, port, true)
				most = verdict.rules
				work += verdict.work
			}
			if work > maxWork {
				return nil, errTooMuch
			}
			clear(both)
			for _, i := range most {
				perhaps[i], both[i] = true, true
			}
			for _, i := range least {
				// A rule that opens the port only together with another may not be
				// needed if more of the other was known.
				opening[i] = opening[i] || both[i]
			}
		}
	}
	var open []*rule
	for i, r := range some {
		switch {
		case opening[i]:
			open = append(open, r)
		case perhaps[i]:
			err = f.firstError()
		}
	}
	return open, err
}

// concerning returns the rules that may match one of the ports, read completely.
func (f filter) concerning(protocols []protocol, wanted []int64) filter {
	var some filter
	for _, r := range f {
		if r.concerns(protocols, wanted) {
			r.complete()
			some = append(some, r)
		}
	}
	return some
}

// unsure reports whether a part of the rules that was read is unknown.
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

// any reports whether the filter certainly opens one of the ports. The error is nil if
// it does.
func (f filter) any(protocol string, ports []int64) (bool, error) {
	names, err := f.opens(protocol, ports)
	if len(names) > 0 {
		return true, nil
	}
	return false, err
}

// opensAll reports whether every port of one of the protocols is open to the
// internet.
func (f filter) opensAll(protocolName string) (bool, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return false, err
	}
	ports := f.samples()
	unsure, work := false, 0
	every := func(most bool) bool {
		return slices.ContainsFunc(protocols, func(p protocol) bool {
			if !f.mayOpenAll(p, most) {
				unsure = unsure || f.mayOpenAll(p, true)
				return false
			}
			var before filter // the same rules are judged once
			return !slices.ContainsFunc(ports, func(port int64) bool {
				if work += len(f); work > maxWork {
					return true
				}
				some := f.concerning([]protocol{p}, []int64{port})
				if slices.Equal(some, before) {
					return false
				}
				before = some
				unsure = unsure || some.unsure()
				verdict := some.judge(p, port, most)
				work += verdict.work
				return !verdict.open
			})
		})
	}
	if every(false) {
		return true, nil
	}
	open := unsure && every(true)
	if work > maxWork {
		return false, errTooMuch
	}
	if open {
		return false, f.firstError()
	}
	return false, nil
}

// mayOpenAll reports whether the rules that may admit packets have all ports together. It
// is a cheap test that excludes most filters.
func (f filter) mayOpenAll(p protocol, most bool) bool {
	var all []ports
	for _, r := range f {
		if r.action != allow && !(r.action == unknown && most) {
			continue
		}
		for _, list := range [][]match{r.matches, r.possible} {
			for _, m := range list {
				if m.protocol == anyProtocol || m.protocol == p {
					all = append(all, m.ports)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b ports) int { return cmp.Compare(a.from, b.from) })
	last := int64(0) // port 0 is not used
	for _, r := range all {
		if r.from > last+1 {
			return false
		}
		last = max(last, r.to)
	}
	return last == lastPort
}

// samples returns one port of each range whose ports the rules do not distinguish.
func (f filter) samples() []int64 {
	starts := []int64{1} // port 0 is not used
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

// firstError returns the first error in the rules, or nil.
func (f filter) firstError() error {
	for _, r := range f {
		if r.complete(); r.err != nil {
			return r.err
		}
	}
	return nil
}
