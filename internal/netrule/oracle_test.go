package netrule

// The rules of a filter one by one: what the sweep must return.

// slowly judges a filter with every pair of rules.
func (f filter) slowly(p protocol, port int64, most bool) verdict {
	v := f.view(p, port, most)
	var alone, together []int
	var sum addresses
	for _, i := range v.admits {
		admitted := v.admitted(i)
		switch {
		case len(spansOf(admitted)) == 0:
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
	return verdict{open: len(opening) > 0, rules: opening}
}

// before reports whether rule i applies before rule j. If their order within a level is
// unknown it is as assumed.
func (v *view) before(i, j int, assumed bool) bool {
	a, b := v.filter[i], v.filter[j]
	// At equal priority a Deny comes first, and an unknown action may be one.
	tied := a.priority == b.priority && (a.action == unknown || b.action == unknown)
	if (a.anyOrder || b.anyOrder || tied) && a.level == b.level {
		return i != j && assumed
	}
	return i < j
}

// stops reports whether e, if it applies before r, stops the packets that both match.
func (e *rule) stops(r *rule, most bool) bool {
	switch e.action {
	case allow:
		return false // it admits them
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

// admitted returns the sources that rule i admits: its own without those that earlier
// rules stop.
func (v *view) admitted(i int) addresses {
	var stopped addresses
	for _, j := range v.stoppers {
		if v.before(j, i, !v.most) && v.filter[j].stops(v.filter[i], v.most) {
			stopped = append(stopped, v.stopped(j, i)...)
		}
	}
	return v.sources(i, v.most).without(stopped)
}

// stopped returns the sources that rule j stops before rule i: its own without those
// that continued at the next level before.
func (v *view) stopped(j, i int) addresses {
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
	return stopped.without(spared)
}
