package asset

import (
	"strconv"
	"strings"
)

// Conform returns v with its parts converted to the kinds of the shape, where that loses
// nothing. Clouds and templates write one value in several ways:
//
//   - a string that is a decimal integer, or a number without a fraction, becomes
//     an integer where the shape is one ("22", Google's 64-bit integers),
//   - "true" and "false", in any case, become booleans,
//   - numbers and booleans become strings where the shape is one,
//   - a string that holds a JSON map or list becomes that where the shape is an
//     object, a map or a list, as policy documents in strings do.
//
// Other values stay as they are. Unread, redacted and default parts keep their marks. If
// nothing changes, Conform returns v itself and allocates nothing.
func (s *Shape) Conform(v Value) Value {
	if s.fits(v) {
		return v
	}
	b := newBlock()
	defer b.free()
	n := b.conform(v, s, 0)
	return b.value(n)
}

// fits reports whether nothing in v is to be changed. A string in place of a map
// or list, or of a number that it is not, counts as a change, for simplicity.
func (s *Shape) fits(v Value) bool {
	if s == nil || s.Kind == AnyShape {
		return true
	}
	switch v.node.tag() {
	case tagAbsent, tagNull, tagUnread, tagRedacted:
		return true
	case tagBool:
		return s.Kind != StringShape
	case tagInt32, tagInt64, tagUint64:
		return s.Kind != StringShape
	case tagFloat:
		return s.Kind != StringShape && s.Kind != IntShape
	case tagString:
		return s.Kind == StringShape
	case tagList:
		if s.Kind != ListShape || s.Elem == nil || s.Elem.Kind == AnyShape {
			return true
		}
		for i := range v.count() {
			if !s.Elem.fits(v.Index(i)) {
				return false
			}
		}
	case tagMap:
		if s.Kind == MapShape && (s.Elem == nil || s.Elem.Kind == AnyShape) {
			return true
		}
		for i := range v.count() {
			k, x := v.MemberAt(i)
			if !s.member(k).fits(x) {
				return false
			}
		}
	}
	return true
}

// member returns the shape of a member, nil if nothing is known of it.
func (s *Shape) member(key string) *Shape {
	switch s.Kind {
	case MapShape:
		return s.Elem
	case ObjectShape:
		f, _ := s.Field(key)
		return f.Shape
	}
	return nil
}

func (b *block) conform(v Value, s *Shape, depth int) node {
	if s == nil || s.Kind == AnyShape {
		return b.copy(v)
	}
	flags := v.node & (flagDefault | flagPartial)
	switch v.node.tag() {
	case tagBool, tagInt32, tagInt64, tagUint64, tagFloat:
		return b.conformScalar(v, s) | flags
	case tagString:
		return b.conformText(v.text(v.node), s, depth) | flags
	case tagList:
		if s.Kind != ListShape {
			break
		}
		mark := len(b.stack)
		for i := range v.count() {
			n := b.conform(v.Index(i), s.Elem, depth+1)
			b.stack = append(b.stack, n)
		}
		return b.list(mark) | flags
	case tagMap:
		mark := len(b.stack)
		for i := range v.count() {
			k, x := v.MemberAt(i)
			b.member(k, b.conform(x, s.member(k), depth+1))
		}
		n, _, _ := b.mapping(mark) // the keys of v differ
		return n | flags
	}
	return b.copy(v)
}

func (b *block) conformScalar(v Value, s *Shape) node {
	switch {
	case s.Kind == StringShape:
		return b.str(tagString, v.String())
	case s.Kind == IntShape && v.Kind() == Float:
		// Beyond 2^53 a float does not tell which integer was meant.
		if f, err := v.Float(); err == nil && f > -1<<53 && f < 1<<53 && f == float64(int64(f)) {
			return b.int(int64(f))
		}
	}
	return b.copy(v)
}

func (b *block) conformText(text string, s *Shape, depth int) node {
	switch s.Kind {
	case BoolShape:
		switch {
		case strings.EqualFold(text, "true"):
			return b.bool(true)
		case strings.EqualFold(text, "false"):
			return b.bool(false)
		}
	case IntShape:
		// Only the one spelling that the integer itself has: "007" is an id.
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
			return b.int(n)
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil && strconv.FormatUint(n, 10) == text {
			return b.uint(n)
		}
	case ListShape, MapShape, ObjectShape:
		trimmed := strings.TrimLeft(text, " \t\r\n")
		first, want := byte('{'), Map
		if s.Kind == ListShape {
			first, want = '[', List
		}
		if trimmed == "" || trimmed[0] != first {
			break
		}
		if x, err := Parse([]byte(text)); err == nil && x.Kind() == want && depth+x.depth() <= MaxDepth {
			return b.conform(x, s, depth)
		}
	}
	return b.str(tagString, text)
}

// depth returns how many lists and maps lie in each other in v.
func (v Value) depth() int {
	deepest := 0
	switch v.node.tag() {
	case tagList:
		for i := range v.count() {
			deepest = max(deepest, v.Index(i).depth())
		}
	case tagMap:
		for i := range v.count() {
			_, x := v.MemberAt(i)
			deepest = max(deepest, x.depth())
		}
	default:
		return 0
	}
	return deepest + 1
}
