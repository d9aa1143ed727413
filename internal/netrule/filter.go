package netrule

import (
	"slices"
	"strings"
)

// filter is a list of rules in the order in which they apply.
type filter []*rule

// verdict is the result of a filter for one port.
type verdict struct {
	open  bool
	rules []int // that open it, alone or together
	work  int   // rules and cells that were looked at; more than maxWork: it is not known
}

// view is a filter for one port under an assumption about unknown parts of its rules:
// that they open as much as possible, or as little.
type view struct {
	filter
	protocol protocol
	port     int64
	most     bool
	admits   []int // rules that admit packets to the port
	stoppers []int // rules for the port that may stop packets before later rules
	nexts    []int // rules for the port that continue at the next level
}

// view returns the rules of a filter that matter for a port.
func (f filter) view(p protocol, port int64, most bool) *view {
	v := &view{filter: f, protocol: p, port: port, most: most}
	for i, e := range f {
		if e.admits(p, port, most) {
			v.admits = append(v.admits, i)
		}
		if e.action != allow && !e.partial && e.about(p, port, !most) {
			v.stoppers = append(v.stoppers, i)
		}
		if (e.action == next || e.action == unknown && most) && e.about(p, port, most) {
			v.nexts = append(v.nexts, i)
		}
	}
	return v
}

// judge returns whether the filter opens a port to the internet, and by which rules.
func (f filter) judge(p protocol, port int64, most bool) verdict {
	if !f.mayOpen(p, port, most) {
		return verdict{}
	}
	return f.view(p, port, most).judge()
}

// mayOpen reports whether the sum of the sources that rules admit to a port is as large
// as the internet. It is a cheap test that excludes most filters.
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

// sources returns the sources of rule i, or all sources if they are unknown and wide is
// set.
func (v *view) sources(i int, wide bool) addresses {
	if v.filter[i].anySource && wide {
		return everywhere()
	}
	return v.filter[i].source
}

// groups returns the admitting rules that the same rules stop, by their targets. Targets
// that no stopping rule names are alike.
func (v *view) groups() [][]int {
	named := map[string]bool{}
	for _, list := range [][]int{v.stoppers, v.nexts} {
		for _, i := range list {
			for _, t := range v.filter[i].targets {
				named[t] = true
			}
		}
	}
	key := func(r *rule) string {
		suffix := ""
		if r.anyTarget {
			suffix = "?"
		}
		switch {
		case r.targets == nil:
			return "all" + suffix
		case len(r.targets) > 0 && !slices.ContainsFunc(r.targets, func(t string) bool { return named[t] }):
			return "others" + suffix
		}
		sorted := slices.Clone(r.targets)
		slices.Sort(sorted)
		return "of " + strings.Join(slices.Compact(sorted), "\x00") + suffix
	}
	numbers := map[string]int{}
	var groups [][]int
	for _, i := range v.admits {
		k := key(v.filter[i])
		n, ok := numbers[k]
		if !ok {
			n = len(groups)
			numbers[k] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], i)
	}
	return groups
}

// blocks reports whether rule e, if it applies before r, stops the packets for the
// targets of r.
func (v *view) blocks(e, r *rule) bool {
	if e.action == unknown && v.most {
		return false
	}
	if e.anyTarget || r.anyTarget && e.targets != nil {
		return !v.most
	}
	return e.targets.include(r.targets)
}

// spares reports whether rule n, which continues at the next level, does so for some of
// the targets of r.
func (v *view) spares(n, r *rule) bool {
	if n.anyTarget {
		return v.most
	}
	return n.targets.meet(r.targets)
}
