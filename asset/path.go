package asset

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Path leads from an asset or a value to a part of it: names joined by dots, names
// that are no identifiers as quoted strings in brackets, elements of lists by their
// number, and [*] for every element or member:
//
//	config.SecurityGroupIngress[0].CidrIp
//	config.SecurityGroupIngress[*].CidrIp
//	config.metadata.labels["app.kubernetes.io/name"]
//
// The first step of a path from an asset is config, status or access. The empty
// path leads nowhere: to the value itself.
type Path string

// Key returns the path to a member of the map that p leads to.
func (p Path) Key(name string) Path {
	switch {
	case !isIdent(name):
		return p + Path("["+string(appendQuoted(nil, name))+"]")
	case p == "":
		return Path(name)
	}
	return p + "." + Path(name)
}

// Index returns the path to an element of the list that p leads to.
func (p Path) Index(i int) Path { return p + Path("["+strconv.Itoa(i)+"]") }

// Any returns the path to every element or member of what p leads to.
func (p Path) Any() Path { return p + "[*]" }

func isIdent(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && c >= '0' && c <= '9') {
			return false
		}
	}
	return s != ""
}

// Step is one step of a [Path].
type Step struct {
	Key   string // of a member
	Index int    // of an element, if Key is empty; -1 in a step to a member
	Any   bool   // every element or member
}

// Steps returns the steps of p, or an error with the position at which p is malformed.
// It refuses more than [MaxDepth] steps after the first: no document is that deep.
func (p Path) Steps() ([]Step, error) {
	var steps []Step
	s := string(p)
	for i := 0; i < len(s); {
		if len(steps) > MaxDepth {
			return nil, fmt.Errorf("path %.80q...: more than %d steps", p, len(steps))
		}
		switch {
		case s[i] == '[':
			end := strings.IndexByte(s[i:], ']')
			if i+1 < len(s) && s[i+1] == '"' {
				quoted, n := quotedPrefix(s[i+1:])
				if n == 0 || !strings.HasPrefix(s[i+1+n:], "]") {
					return nil, fmt.Errorf("path %q: unclosed bracket at %d", p, i)
				}
				steps = append(steps, Step{Key: quoted, Index: -1})
				i += n + 2
				continue
			}
			if end < 0 {
				return nil, fmt.Errorf("path %q: unclosed bracket at %d", p, i)
			}
			inner := s[i+1 : i+end]
			if inner == "*" {
				steps = append(steps, Step{Any: true, Index: -1})
			} else {
				n, err := strconv.ParseUint(inner, 10, 31)
				if err != nil {
					return nil, fmt.Errorf("path %q: invalid index %q at %d", p, inner, i)
				}
				steps = append(steps, Step{Index: int(n)})
			}
			i += end + 1
		default:
			if i > 0 {
				if s[i] != '.' {
					return nil, fmt.Errorf("path %q: want a dot or a bracket at %d", p, i)
				}
				i++
			}
			end := strings.IndexAny(s[i:], ".[")
			if end < 0 {
				end = len(s) - i
			}
			if !isIdent(s[i : i+end]) {
				return nil, fmt.Errorf("path %q: invalid name %q at %d", p, s[i:i+end], i)
			}
			steps = append(steps, Step{Key: s[i : i+end], Index: -1})
			i += end
		}
	}
	return steps, nil
}

// quotedPrefix reads a JSON string at the start of s and returns its length in s.
func quotedPrefix(s string) (string, int) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			v, err := Parse([]byte(s[:i+1]))
			if err != nil {
				return "", 0
			}
			text, _ := v.Str()
			return text, i + 1
		}
	}
	return "", 0
}

// Covers reports whether q, or a part that contains q, is at p. [*] in p stands for
// every step. Malformed paths cover nothing.
func (p Path) Covers(q Path) bool {
	a, errA := p.Steps()
	b, errB := q.Steps()
	if errA != nil || errB != nil || len(a) > len(b) {
		return false
	}
	for i, s := range a {
		if !s.Any && s != b[i] {
			return false
		}
	}
	return true
}

// At returns the part of v that p leads to, as [Value.Get] and [Value.Index] do.
// The path must not have a [*]; a malformed path is an error.
func (v Value) At(p Path) (Value, error) {
	steps, err := p.Steps()
	if err != nil {
		return Value{}, err
	}
	for _, s := range steps {
		switch {
		case s.Any:
			return Value{}, fmt.Errorf("path %q: [*] is not one part", p)
		case s.Index >= 0:
			v = v.Index(s.Index)
		default:
			v = v.member(s.Key)
		}
	}
	return v.missing(p), nil
}

// missing notes the path in an absent part, for its error.
func (v Value) missing(p Path) Value {
	if v.node.tag() == tagAbsent && p != "" {
		return Value{doc: string(p), node: tagAbsent | flagPath}
	}
	return v
}

// Set returns a copy of v in which the part that p leads to is x. It makes missing maps
// on the way, and an absent x removes the part from its map. The path may have a [*] for
// every existing element or member. It is an error if p is malformed
// or leads through something that is neither a list nor a map, or past a list's end.
func (v Value) Set(p Path, x Value) (Value, error) {
	steps, err := p.Steps()
	if err != nil {
		return Value{}, err
	}
	b := newBlock()
	defer b.free()
	n, err := b.set(v, steps, x)
	if err != nil {
		return Value{}, fmt.Errorf("path %q: %w", p, err)
	}
	return b.value(n), nil
}

func (b *block) set(v Value, steps []Step, x Value) (node, error) {
	if len(steps) == 0 {
		return b.copy(x), nil
	}
	s, rest := steps[0], steps[1:]
	switch {
	case v.Kind() == List && (s.Any || s.Index >= 0):
		if !s.Any && s.Index >= v.count() {
			return 0, fmt.Errorf("element %d of %d", s.Index, v.count())
		}
		mark := len(b.stack)
		for i := range v.count() {
			n, err := node(0), error(nil)
			if s.Any || s.Index == i {
				n, err = b.set(v.Index(i), rest, x)
			} else {
				n = b.copy(v.Index(i))
			}
			if err != nil {
				return 0, err
			}
			if n.tag() == tagAbsent {
				n = tagNull // an element cannot be taken out of a list
			}
			b.stack = append(b.stack, n)
		}
		return b.list(mark), nil
	case s.Index >= 0, v.Kind() != Map && !v.IsAbsent():
		return 0, &KindError{Want: Map, Got: v.Kind()}
	case v.IsAbsent() && (s.Any || x.Kind() == Absent):
		return b.copy(v), nil // nothing is made for members that there are not
	}
	mark := len(b.stack)
	found := false
	for i := range v.Len() {
		k, m := v.MemberAt(i)
		n := node(0)
		if s.Any || k == s.Key {
			found = true
			var err error
			if n, err = b.set(m, rest, x); err != nil {
				return 0, err
			}
		} else {
			n = b.copy(m)
		}
		if n.tag() != tagAbsent {
			b.member(k, n)
		}
	}
	if !found && !s.Any {
		n, err := b.set(Value{}, rest, x)
		if err != nil {
			return 0, err
		}
		if n.tag() != tagAbsent {
			b.member(s.Key, n)
		}
	}
	n, _, _ := b.mapping(mark)
	return n | v.node&flagPartial, nil
}

// MarkDefault returns a copy of v as a documented default: see [Value.IsDefault].
func (v Value) MarkDefault() Value {
	var b block
	n := b.copy(v) | flagDefault
	return b.value(n).sanitizedAs(v)
}

// Project returns a copy of v with only the parts that the paths lead to, and the steps on
// the way. The omitted members of a map are unread in the copy, with [CodeNotKept]. A part
// that a path leads to and that is absent reads as absent.
func (v Value) Project(paths ...Path) (Value, error) {
	trees := make([][]Step, len(paths))
	for i, p := range paths {
		steps, err := p.Steps()
		if err != nil {
			return Value{}, err
		}
		trees[i] = steps
	}
	return v.project(trees), nil
}

func (v Value) project(trees [][]Step) Value {
	b := newBlock()
	defer b.free()
	n := b.project(v, trees)
	return b.value(n).sanitizedAs(v)
}

func (b *block) project(v Value, trees [][]Step) node {
	for _, t := range trees {
		if len(t) == 0 {
			return b.copy(v)
		}
	}
	if v.Kind() != Map && v.Kind() != List {
		if len(trees) == 0 {
			return b.copy(notKept)
		}
		return b.copy(v)
	}
	if len(trees) == 0 {
		return b.copy(notKept)
	}
	mark := len(b.stack)
	if v.Kind() == List {
		any := following(trees, func(s Step) bool { return s.Any })
		for i := range v.count() {
			rest := any // the same for all elements, in most queries
			if len(any) < len(trees) {
				rest = following(trees, func(s Step) bool { return s.Any || s.Index == i })
			}
			n := b.project(v.Index(i), rest)
			b.stack = append(b.stack, n)
		}
		return b.list(mark) | v.node&flagDefault
	}
	flags := v.node & (flagDefault | flagPartial)
	for i := range v.count() {
		k, x := v.MemberAt(i)
		rest := following(trees, func(s Step) bool { return s.Any || s.Index < 0 && s.Key == k })
		if len(rest) == 0 {
			flags |= flagPartial
			continue
		}
		b.member(k, b.project(x, rest))
	}
	// A member that was requested and is not there must read as absent, also
	// where others were left out.
	if flags&flagPartial != 0 && !v.IsPartial() {
		for _, t := range trees {
			if s := t[0]; !s.Any && s.Index < 0 && v.find(s.Key) < 0 && !b.hasKey(mark, s.Key) {
				b.member(s.Key, tagNull)
			}
		}
	}
	n, _, _ := b.mapping(mark)
	return n | flags
}

func (b *block) hasKey(mark int, key string) bool {
	for i := mark; i < len(b.stack); i += 2 {
		if string(b.bytesOf(b.stack[i])) == key {
			return true
		}
	}
	return false
}

// following returns what is left of the trees whose first step matches.
func following(trees [][]Step, match func(Step) bool) [][]Step {
	var rest [][]Step
	for _, t := range trees {
		if len(t) > 0 && match(t[0]) {
			rest = append(rest, t[1:])
		}
	}
	return rest
}

// Marks returns the parts of v that JSON cannot express: those that are unread,
// redacted, or marked as defaults, with the paths to them, in the order of the
// document. A map that [Value.Project] made partial is among them as an unread
// part under the path of its members, which ends in [*].
func (v Value) Marks() iter.Seq2[Path, Value] {
	return func(yield func(Path, Value) bool) {
		if v.marked() { // most documents are not, and cost no paths then
			v.marks("", yield)
		}
	}
}

// marked reports whether Marks has anything to yield.
func (v Value) marked() bool {
	switch v.node.tag() {
	case tagUnread, tagRedacted:
		return true
	case tagList:
		for i := range v.count() {
			if v.Index(i).marked() {
				return true
			}
		}
	case tagMap:
		for i := range v.count() {
			if v.nth(i).marked() {
				return true
			}
		}
	}
	return v.node.flag(flagDefault | flagPartial)
}

func (v Value) marks(p Path, yield func(Path, Value) bool) bool {
	switch tag := v.node.tag(); {
	case tag == tagUnread, tag == tagRedacted, v.node.flag(flagDefault):
		if !yield(p, v) {
			return false
		}
	}
	switch v.node.tag() {
	case tagList:
		for i := range v.count() {
			if x := v.Index(i); x.mayHoldMarks() && !x.marks(p.Index(i), yield) {
				return false
			}
		}
	case tagMap:
		for i := range v.count() {
			if k, x := v.MemberAt(i); x.mayHoldMarks() && !x.marks(p.Key(k), yield) {
				return false
			}
		}
		if v.node.flag(flagPartial) {
			return yield(p.Any(), notKept)
		}
	}
	return true
}

// mayHoldMarks tells what needs no look, so that no path to it is written.
func (v Value) mayHoldMarks() bool {
	switch v.node.tag() {
	case tagList, tagMap, tagUnread, tagRedacted:
		return true
	}
	return v.node.flag(flagDefault)
}
