package netrule

import (
	"cmp"
	"fmt"
	"slices"
)

// The limits of a filter, so that a hostile one cannot keep a scan busy.
const (
	maxRules = 5000
	maxPairs = 10_000_000 // of an admitting and a stopping rule, for each port and each rule that continues
)

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

// bound returns an error if an evaluation for so many ports would take too long.
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
		return fmt.Errorf("%d rules for %d ports, too many to evaluate", len(f), nports)
	}
	return nil
}

// opens returns the names of the rules that certainly open one of the ports to the
// internet, in the order of the filter. An error says why others may.
func (f filter) opens(protocolName string, wanted []int64) ([]string, error) {
	protocols, err := f.prepare(protocolName)
	if err != nil {
		return nil, err
	}
	if err := f.bound(len(wanted)); err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(wanted, func(port int64) bool { return port < 0 || port > lastPort }); i >= 0 {
		return nil, fmt.Errorf("invalid port %d", wanted[i])
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
				// A rule that opens the port only together with another may not be
				// needed if more of the other was known.
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
			err = f.firstError()
		}
	}
	return names, err
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
		return false, f.firstError()
	}
	return false, nil
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
