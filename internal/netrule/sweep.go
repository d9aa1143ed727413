package netrule

import (
	"cmp"
	"math/bits"
	"net/netip"
	"slices"
)

// A filter is judged in one pass over its rules in their order. The ends of all ranges
// divide the addresses into cells, whose sizes are summed up in a tree. A rule that stops
// packets blocks the cells that are not blocked yet, so that each cell is blocked once for
// each level, and what a rule admits is a difference of sums.

// number is an unsigned number of 128 bits: an address, or a number of addresses.
type number struct{ high, low uint64 }

func (a number) plus(b number) number {
	low, carry := bits.Add64(a.low, b.low, 0)
	high, _ := bits.Add64(a.high, b.high, carry)
	return number{high, low}
}

func (a number) minus(b number) number {
	low, borrow := bits.Sub64(a.low, b.low, 0)
	high, _ := bits.Sub64(a.high, b.high, borrow)
	return number{high, low}
}

func (a number) compare(b number) int {
	return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low))
}

// The halves of the internet, as the package comment defines it.
var (
	half4 = number{0, 1 << 31}
	half6 = number{1 << 60, 0}
)

// span is a range of addresses without its end. IPv4 addresses are below all others.
type span struct{ from, to number }

// spansOf returns ranges as spans in order that do not touch, without addresses that are
// not of the internet.
func spansOf(a addresses) []span {
	global := global6()
	spans := make([]span, 0, len(a))
	for _, r := range a {
		from, to := r.From(), r.To()
		if !from.Is4() {
			if from.Less(global.From()) {
				from = global.From()
			}
			if global.To().Less(to) {
				to = global.To()
			}
			if to.Less(from) {
				continue
			}
		}
		spans = append(spans, span{numberOf(from), numberOf(to).plus(number{0, 1})})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.compare(b.from) })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.from.compare(merged[n-1].to) <= 0 {
			if merged[n-1].to.compare(s.to) < 0 {
				merged[n-1].to = s.to
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

func numberOf(a netip.Addr) number {
	b := a.As16()
	n := number{}
	if !a.Is4() {
		for _, x := range b[:8] {
			n.high = n.high<<8 | uint64(x)
		}
		for _, x := range b[8:] {
			n.low = n.low<<8 | uint64(x)
		}
		return n
	}
	for _, x := range a.As4() {
		n.low = n.low<<8 | uint64(x)
	}
	return n
}

// cells are the ranges of addresses that the sources of rules do not divide.
type cells struct {
	ends []number // of cell i, from ends[i] to ends[i+1]
}

// size is a number of addresses of each family.
type size struct{ v4, v6 number }

func (s size) plus(o size) size  { return size{s.v4.plus(o.v4), s.v6.plus(o.v6)} }
func (s size) minus(o size) size { return size{s.v4.minus(o.v4), s.v6.minus(o.v6)} }
func (s size) isAnywhere() bool  { return s.v4.compare(half4) >= 0 || s.v6.compare(half6) >= 0 }

func (s span) size() size {
	n := s.to.minus(s.from)
	if s.from.high == 0 {
		return size{v4: n}
	}
	return size{v6: n}
}

// of returns the cells of a span: from the first, without the second.
func (c *cells) of(s span) (int, int) {
	from, _ := slices.BinarySearchFunc(c.ends, s.from, number.compare)
	to, _ := slices.BinarySearchFunc(c.ends, s.to, number.compare)
	return from, to
}

func (c *cells) size(i int) size { return span{c.ends[i], c.ends[i+1]}.size() }

// cover is a set of cells to which cells are added.
type cover struct {
	*cells
	free []int  // the next cell at or after i that is not in the set, by way of others
	sums []size // a tree of the sizes of those in the set
}

func newCover(c *cells) *cover {
	v := &cover{cells: c, free: make([]int, len(c.ends)+1), sums: make([]size, len(c.ends)+1)}
	for i := range v.free {
		v.free[i] = i
	}
	return v
}

// next returns the first cell at or after i that is not in the set.
func (v *cover) next(i int) int {
	root := i
	for v.free[root] != root {
		root = v.free[root]
	}
	for v.free[i] != root {
		i, v.free[i] = v.free[i], root
	}
	return root
}

func (v *cover) add(i int) {
	v.free[i] = i + 1
	s := v.cells.size(i)
	for j := i + 1; j < len(v.sums); j += j & -j {
		v.sums[j] = v.sums[j].plus(s)
	}
}

// below returns the size of the cells below i in the set.
func (v *cover) below(i int) size {
	var s size
	for ; i > 0; i -= i & -i {
		s = s.plus(v.sums[i])
	}
	return s
}

// addAll adds the cells of spans, and calls added for each that was not in the set.
func (v *cover) addAll(spans []span, added func(int)) {
	for _, s := range spans {
		from, to := v.of(s)
		for i := v.next(from); i < to; i = v.next(i) {
			v.add(i)
			if added != nil {
				added(i)
			}
		}
	}
}

// outside returns the size of spans without the cells in the set.
func (v *cover) outside(spans []span) size {
	var all size
	for _, s := range spans {
		from, to := v.of(s)
		all = all.plus(s.size()).minus(v.below(to).minus(v.below(from)))
	}
	return all
}

// sweep is the state of judging a view.
type sweep struct {
	*view
	*cells
	opening, closing map[int][]span // sources of rules: as admitting or sparing, and as stopping ones
	alone, together  []int
	sum              []bool // cells that rules admit which open nothing alone
	opened           size   // of them
	work             int
}

// judge judges the view.
func (v *view) judge() verdict {
	s := &sweep{view: v, cells: &cells{}, opening: map[int][]span{}, closing: map[int][]span{}}
	for _, i := range slices.Concat(v.admits, v.nexts) {
		s.opening[i] = spansOf(v.sources(i, v.most))
	}
	for _, i := range v.stoppers {
		s.closing[i] = spansOf(v.sources(i, !v.most))
	}
	for _, all := range []map[int][]span{s.opening, s.closing} {
		for _, spans := range all {
			for _, x := range spans {
				s.ends = append(s.ends, x.from, x.to)
			}
		}
	}
	slices.SortFunc(s.ends, number.compare)
	s.ends = slices.Compact(s.ends)
	s.sum = make([]bool, len(s.ends))
	for _, g := range v.groups() {
		if s.group(g); s.work > maxWork {
			return verdict{work: s.work}
		}
	}
	slices.Sort(s.alone)
	slices.Sort(s.together)
	opening := s.alone
	if len(s.together) > 1 && s.opened.isAnywhere() {
		opening = append(opening, s.together...)
	}
	return verdict{len(opening) > 0, opening, s.work}
}

// step is what a rule does at its place in a level.
type step struct {
	rule  int
	place place
	admit bool // else it stops
}

// place is a place in the order of a level.
type place struct {
	end      int // -1: before all others; 1: after them
	priority int64
	action   int // rules with an unknown action come first at their priority
	index    int
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(a.end, b.end), cmp.Compare(a.priority, b.priority), cmp.Compare(a.action, b.action), cmp.Compare(a.index, b.index))
}

// placeOf returns the place of rule i; end is that of a rule whose order is unknown.
func (s *sweep) placeOf(i, end int) place {
	r := s.filter[i]
	p := place{priority: r.priority, index: i}
	if r.action != unknown {
		p.action = 1
	}
	if r.anyOrder {
		p = place{end: end, index: i}
	}
	return p
}

// group judges admitting rules that the same rules stop.
func (s *sweep) group(admits []int) {
	like := s.filter[admits[0]]
	s.work += len(admits) + len(s.stoppers) + len(s.nexts)
	levels := map[int][2][]step{} // in the level itself, and for later levels
	add := func(which int, x step) {
		l := levels[s.filter[x.rule].level]
		l[which] = append(l[which], x)
		levels[s.filter[x.rule].level] = l
	}
	for _, i := range admits {
		end := 1 // all rules of the level may come before it
		if s.most {
			end = -1
		}
		add(0, step{i, s.placeOf(i, end), true})
	}
	for _, i := range s.stoppers {
		e := s.filter[i]
		if !s.blocks(e, like) {
			continue
		}
		if !e.anyOrder || !s.most {
			add(0, step{i, s.placeOf(i, -1), false})
		}
		if e.action != next {
			end := -1 // before all that continues
			if s.most {
				end = 1
			}
			add(1, step{i, s.placeOf(i, end), false})
		}
	}
	for _, i := range s.nexts {
		if !s.spares(s.filter[i], like) {
			continue
		}
		end := 1
		if s.most {
			end = -1
		}
		add(1, step{i, s.placeOf(i, end), true})
	}
	var order []int
	for l := range levels {
		order = append(order, l)
	}
	slices.Sort(order)
	var stopped []int // cells that earlier levels stop
	for n, l := range order {
		for _, steps := range levels[l] {
			slices.SortFunc(steps, func(a, b step) int { return a.place.compare(b.place) })
		}
		s.level(levels[l][0], stopped)
		if n < len(order)-1 {
			stopped = s.after(levels[l][1], stopped)
		}
	}
}

// level judges the rules of one level.
func (s *sweep) level(steps []step, stopped []int) {
	last := -1
	for i, x := range steps {
		if x.admit {
			last = i
		}
	}
	if last < 0 {
		return
	}
	s.work += len(steps) + 2*len(s.ends)
	blocked, counted := newCover(s.cells), newCover(s.cells)
	for _, i := range stopped {
		blocked.add(i)
		counted.add(i)
	}
	for i, sum := range s.sum {
		if sum && counted.next(i) == i {
			counted.add(i)
		}
	}
	for _, x := range steps[:last+1] {
		if !x.admit {
			blocked.addAll(s.closing[x.rule], nil)
			counted.addAll(s.closing[x.rule], nil)
			continue
		}
		spans := s.opening[x.rule]
		switch open := blocked.outside(spans); {
		case open == size{}:
		case open.isAnywhere():
			s.alone = append(s.alone, x.rule)
		default:
			s.together = append(s.together, x.rule)
			counted.addAll(spans, func(i int) {
				s.sum[i] = true
				s.opened = s.opened.plus(s.cells.size(i))
			})
		}
	}
}

// after returns the cells that are stopped after a level: those before it and those that
// the level stops before it lets them continue.
func (s *sweep) after(steps []step, stopped []int) []int {
	s.work += len(steps) + len(s.ends)
	decided := newCover(s.cells)
	for _, i := range stopped {
		decided.add(i)
	}
	for _, x := range steps {
		if x.admit {
			decided.addAll(s.opening[x.rule], nil)
			continue
		}
		decided.addAll(s.closing[x.rule], func(i int) { stopped = append(stopped, i) })
	}
	return stopped
}
