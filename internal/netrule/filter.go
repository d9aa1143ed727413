package netrule

// filter is a list of rules in the order in which they apply.
type filter []*rule

// verdict is the result of a filter for one port.
type verdict struct {
	open  bool
	rules []int // that open it, alone or together
}

// view is a filter for one port under an assumption about unknown parts of its rules:
// that they open as much as possible, or as little.
type view struct {
	filter
	protocol protocol
	port     int64
	most     bool
	stoppers []int // rules for the port that may stop packets before later rules
	nexts    []int // rules for the port that continue at the next level
}

// judge returns whether the filter opens a port to the internet, and by which rules.
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

// before reports whether rule i applies before rule j. If their order within a level is
// unknown it is as assumed.
func (v view) before(i, j int, assumed bool) bool {
	a, b := v.filter[i], v.filter[j]
	// At equal priority a Deny comes first, and an unknown action may be one.
	tied := a.priority == b.priority && (a.action == unknown || b.action == unknown)
	if (a.anyOrder || b.anyOrder || tied) && a.level == b.level {
		return i != j && assumed
	}
	return i < j
}

// sources returns the sources of rule i, or all sources if they are unknown and wide is
// set.
func (v view) sources(i int, wide bool) addresses {
	if v.filter[i].anySource && wide {
		return everywhere()
	}
	return v.filter[i].source
}

// admitted returns the sources that rule i admits: its own without those that earlier
// rules stop.
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

// stopped returns the sources that rule j stops before rule i: its own without those
// that continued at the next level before.
func (v view) stopped(j, i int) addresses {
	e, r := v.filter[j], v.filter[i]
	stopped := v.sources(j, !v.most)
	if e.level == r.level {
		return stopped // packets that continue at the next level reach neither r nor e
	}
	var spared addresses
	for _, k := range v.nexts {
		n := v.filter[k]
		if n.level != e.level || !v.before(k, j, v.most) {
			continue
		}
		// A rule that opens some destinations counts.
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
