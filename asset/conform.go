package asset

import (
	"slices"
	"strconv"
	"strings"
)

// Conform returns v with its parts brought to the kinds of the shape. Clouds and templates
// write one value in several ways:
//
//   - a string that is a decimal integer, or a number without a fraction, becomes
//     an integer where the shape is one ("22", Google's 64-bit integers),
//   - "true" and "false", in any case, become booleans,
//   - numbers and booleans become strings where the shape is one,
//   - a string that holds a JSON map or list becomes that where the shape is an
//     object, a map or a list, as policy documents in strings do,
//   - a scalar becomes a list of one where the shape is a list of scalars, unless it is a
//     string that may hold several, and a list of one scalar becomes that scalar,
//   - an object without unknown fields becomes a list of one where the shape is a list of
//     objects, as the statement of a policy document may.
//
// Where the cloud compares names and values without regard to case (AnyCase), fields get
// the names that the shape has, and strings the spelling of the documented value that they
// are equal to. Keys of maps and other strings stay as they are.
//
// A part of another kind, an object with two members that are one field, and an object
// that is always present and missing, become unread, for the reason [Malformed] with the
// code [CodeMalformed]: nothing can be said of what they should hold. Unread, redacted and default parts keep their marks. If
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

// fits reports whether nothing in v is to be changed.
func (s *Shape) fits(v Value) bool {
	if s == nil || s.Kind == AnyShape {
		return true
	}
	switch v.node.tag() {
	case tagBool:
		return s.Kind == BoolShape
	case tagInt32, tagInt64, tagUint64:
		return s.Kind == IntShape
	case tagFloat:
		return false
	case tagString:
		return s.Kind == StringShape && (!s.AnyCase || s.spelling(v.text(v.node)) == v.text(v.node))
	case tagList:
		if s.Kind != ListShape {
			return false
		}
		if s.Elem == nil || s.Elem.Kind == AnyShape {
			return true
		}
		for i := range v.count() {
			if !s.Elem.fits(v.Index(i)) {
				return false
			}
		}
	case tagMap:
		if s.Kind == ObjectShape {
			return s.fitsObject(v)
		}
		if s.Kind != MapShape {
			return false
		}
		if s.Elem == nil || s.Elem.Kind == AnyShape {
			return true
		}
		for i := range v.count() {
			if _, x := v.MemberAt(i); !s.Elem.fits(x) {
				return false
			}
		}
	}
	return true
}

func (s *Shape) fitsObject(v Value) bool {
	for i := range v.count() {
		k, x := v.MemberAt(i)
		f, ok := s.Field(k)
		if !ok && s.AnyCase && s.name(k) != k || !f.Shape.fits(x) {
			return false
		}
	}
	for i := range s.Fields {
		if f := &s.Fields[i]; f.isNeeded() && v.Get(f.Name).IsAbsent() {
			return false
		}
	}
	return true
}

// isNeeded reports whether the field is an object that is always present.
func (f *Field) isNeeded() bool {
	return f.Mark.Has(Always) && f.Shape != nil && f.Shape.Kind == ObjectShape
}

// name returns the name of the field that a key is equal to, or the key.
func (s *Shape) name(key string) string {
	if _, ok := s.Field(key); !ok && s.AnyCase {
		for i := range s.Fields {
			if name := s.Fields[i].Name; len(name) == len(key) && strings.EqualFold(name, key) {
				return name
			}
		}
	}
	return key
}

// spelling returns the documented value that a string is equal to, or the string.
func (s *Shape) spelling(text string) string {
	if len(s.Enum) == 0 || !s.AnyCase {
		return text
	}
	if _, ok := slices.BinarySearch(s.Enum, text); !ok {
		for _, value := range s.Enum {
			if len(value) == len(text) && strings.EqualFold(value, text) {
				return value
			}
		}
	}
	return text
}

func (b *block) conform(v Value, s *Shape, depth int) node {
	if s == nil || s.Kind == AnyShape {
		return b.copy(v)
	}
	flags := v.node & (flagDefault | flagPartial)
	switch v.node.tag() {
	case tagBool, tagInt32, tagInt64, tagUint64, tagFloat:
		return b.conformScalar(v, s, depth) | flags
	case tagString:
		return b.conformText(v.text(v.node), s, depth) | flags
	case tagList:
		switch {
		case s.isScalar() && v.count() == 1 && v.Index(0).isScalar():
			return b.conform(v.Index(0), s, depth) | flags
		case s.Kind != ListShape:
			return b.malformed(List, s)
		}
		mark := len(b.stack)
		for i := range v.count() {
			n := b.conform(v.Index(i), s.Elem, depth+1)
			b.stack = append(b.stack, n)
		}
		return b.list(mark) | flags
	case tagMap:
		if s.Kind == ListShape && s.Elem.hasFieldsOf(v) && depth < MaxDepth {
			return b.single(b.conform(v, s.Elem, depth+1)) | flags&flagDefault
		}
		mark := len(b.stack)
		switch s.Kind {
		case MapShape:
			for i := range v.count() {
				k, x := v.MemberAt(i)
				b.member(k, b.conform(x, s.Elem, depth+1))
			}
		case ObjectShape:
			if twice, ok := b.conformObject(v, s, depth); !ok {
				b.stack = b.stack[:mark]
				return b.unread(malformed("has two spellings of " + twice))
			}
		default:
			return b.malformed(Map, s)
		}
		n, _, _ := b.mapping(mark) // the keys differ
		return n | flags
	}
	return b.copy(v)
}

// conformObject puts the members of an object on the stack. It returns the name of a field
// that two members are, if there is one.
func (b *block) conformObject(v Value, s *Shape, depth int) (twice string, ok bool) {
	mark := len(b.stack)
	for i := range v.count() {
		k, x := v.MemberAt(i)
		name := s.name(k)
		if name != k && (b.hasMember(mark, name) || v.find(name) >= 0) {
			return name, false
		}
		f, _ := s.Field(name)
		if f.isNeeded() && x.IsAbsent() {
			continue
		}
		b.member(name, b.conform(x, f.Shape, depth+1))
	}
	if v.node.flag(flagPartial) {
		return "", true
	}
	for _, f := range s.Fields {
		if f.isNeeded() && !b.hasMember(mark, f.Name) {
			b.member(f.Name, b.unread(malformed("is absent, want "+f.Shape.Kind.String())))
		}
	}
	return "", true
}

// hasMember reports whether a key is on the stack above mark.
func (b *block) hasMember(mark int, key string) bool {
	for i := mark; i < len(b.stack); i += 2 {
		if string(b.bytesOf(b.stack[i])) == key {
			return true
		}
	}
	return false
}

// malformed returns the unread part that stands in place of one of the wrong kind.
func (b *block) malformed(got Kind, want *Shape) node {
	return b.unread(malformed("is " + got.String() + ", want " + want.Kind.String()))
}

func malformed(what string) *Unread {
	return &Unread{Reason: Malformed, Code: CodeMalformed, Message: what}
}

// isScalar reports whether parts of the shape are scalars.
func (s *Shape) isScalar() bool {
	return s.Kind == BoolShape || s.Kind == IntShape || s.Kind == StringShape
}

// isScalar reports whether v is a scalar that was read.
func (v Value) isScalar() bool {
	switch v.Kind() {
	case Bool, Int, Float, String:
		return true
	}
	return false
}

// conformScalar writes a boolean or number.
func (b *block) conformScalar(v Value, s *Shape, depth int) node {
	k := v.Kind()
	switch s.Kind {
	case StringShape:
		return b.str(tagString, s.spelling(v.String()))
	case BoolShape:
		if k == Bool {
			return b.copy(v)
		}
	case IntShape:
		if k == Int {
			return b.copy(v)
		}
		// Beyond 2^53 a float does not tell which integer was meant.
		if f, err := v.Float(); err == nil && f > -1<<53 && f < 1<<53 && f == float64(int64(f)) {
			return b.int(int64(f))
		}
	case ListShape:
		if s.Elem.isScalarOrAny() && depth < MaxDepth {
			return b.single(b.conform(v, s.Elem, depth+1))
		}
	}
	return b.malformed(k, s)
}

func (s *Shape) isScalarOrAny() bool { return s == nil || s.Kind == AnyShape || s.isScalar() }

// hasFieldsOf reports whether v has members, all of which are fields of the object s.
func (s *Shape) hasFieldsOf(v Value) bool {
	if s == nil || s.Kind != ObjectShape {
		return false
	}
	for i := range v.count() {
		k, _ := v.MemberAt(i)
		if _, ok := s.Field(s.name(k)); !ok {
			return false
		}
	}
	return v.count() > 0
}

// single returns a list of one element.
func (b *block) single(n node) node {
	mark := len(b.stack)
	b.stack = append(b.stack, n)
	return b.list(mark)
}

func (b *block) conformText(text string, s *Shape, depth int) node {
	switch s.Kind {
	case AnyShape, StringShape:
		return b.str(tagString, s.spelling(text))
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
		if trimmed != "" && trimmed[0] == first {
			x, err := Parse([]byte(text))
			if _, _, nested := x.Size(); err == nil && x.Kind() == want && depth+nested <= MaxDepth {
				return b.conform(x, s, depth)
			}
		} else if s.Kind == ListShape && s.Elem.isScalarOrAny() && isSingle(text) && depth < MaxDepth {
			if s.Elem == nil {
				return b.single(b.str(tagString, text))
			}
			return b.single(b.conformText(text, s.Elem, depth+1))
		}
	}
	return b.malformed(String, s)
}

// isSingle reports whether a string is one element of a list and no list written out.
func isSingle(text string) bool {
	return text != "" && !strings.ContainsAny(text, ",;{}[] \t\r\n")
}
