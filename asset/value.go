package asset

import (
	"iter"
	"math"
	"strconv"
	"strings"
)

// Kind is the kind of a [Value].
type Kind uint8

// The kinds. The zero value of Value is Absent.
const (
	Absent Kind = iota
	Null
	Bool
	Int    // an integer of 64 bits, signed or unsigned
	Float  // any other number
	String // also in place of a redacted secret
	List
	Map
	UnreadPart // was not read
)

var kindNames = [...]string{"absent", "null", "a boolean", "an integer", "a number", "a string", "a list", "a map", "unread"}

// String names the kind, with an article where one belongs.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// Value is an immutable JSON tree, or a part of one. The zero Value is absent.
//
// A document made by [Parse] or [Of] is one block of memory without pointers;
// its parts share that block and keep it alive. Reading strings and numbers
// copies nothing. A Value is safe for concurrent use.
//
// Keys keep the spelling and the order of the JSON. Integers are exact to 64
// bits. Use [Value.Equal] rather than == to compare.
type Value struct {
	doc  string // the block; see block.go
	node node
}

// Kind returns the kind of v. A redacted secret is a String.
func (v Value) Kind() Kind { return v.node.kind() }

// IsAbsent reports whether v was read and does not exist. Null counts as absent.
func (v Value) IsAbsent() bool { k := v.Kind(); return k == Absent || k == Null }

// IsDefault reports whether v is a documented default that a reader of templates
// inserted, and was not declared.
func (v Value) IsDefault() bool { return v.node.flag(flagDefault) }

// Unread returns the reason why v is unread, or nil if it is not.
func (v Value) Unread() *Unread {
	if v.node.tag() != tagUnread {
		return nil
	}
	var u Unread
	for i, p := range []*string{&u.Op, &u.Code, &u.Message, &u.RequestID} {
		*p = v.text(v.load(v.node.payload() + 8*uint32(i)))
	}
	u.Reason = Reason(v.load(v.node.payload() + 32))
	return &u
}

// Redacted returns what is kept of a redacted secret, and whether v is one.
func (v Value) Redacted() (Redacted, bool) {
	if v.node.tag() != tagRedacted {
		return Redacted{}, false
	}
	r := Redacted{Hash: v.text(v.load(v.node.payload() + 8))}
	if d := v.text(v.load(v.node.payload() + 16)); d != "" {
		r.Detectors = strings.Split(d, ",")
	}
	return r, true
}

// Err returns nil if there is a value to read, and otherwise the error of every accessor,
// which names the part and wraps [ErrAbsent] if v is absent or null, an *[Unread] if it
// is unread.
func (v Value) Err() error {
	switch v.node.tag() {
	case tagAbsent:
		return v.about(ErrAbsent)
	case tagNull:
		return v.about(errNull)
	case tagUnread:
		return v.about(v.Unread())
	}
	return nil
}

func (v Value) wrong(want Kind) error {
	if err := v.Err(); err != nil {
		return err
	}
	return &KindError{Want: want, Got: v.Kind(), part: v}
}

// Get returns the part of v that the keys lead to, one map after the other. A part below
// an unread part is unread, and one below a value that is not a map is absent.
func (v Value) Get(keys ...string) Value {
	for _, k := range keys {
		v = v.member(k)
	}
	return v
}

func (v Value) member(key string) Value {
	switch v.node.tag() {
	case tagMap:
		if i := v.find(key); i >= 0 {
			return v.nth(i)
		}
		if v.node.flag(flagPartial) {
			return notKept
		}
	case tagUnread:
		return v
	case tagAbsent:
		if v.doc != "" {
			return v // the first that is missing is the one to name
		}
	}
	return Value{doc: key}
}

// Index returns element i of a list, counted from 0. An element of an unread list is
// unread. An element past the end, or of a value that is not a list, is absent.
func (v Value) Index(i int) Value {
	switch v.node.tag() {
	case tagList:
		if i >= 0 && i < v.size() {
			return v.nth(i)
		}
	case tagUnread:
		return v
	}
	return Value{}
}

// Len returns the number of elements or members, or of bytes of a string. It is 0
// for every other kind, including unread.
func (v Value) Len() int {
	switch v.node.tag() {
	case tagList, tagMap:
		return v.count()
	case tagString, tagRedacted:
		s, _ := v.Str()
		return len(s)
	}
	return 0
}

// Size measures a value: the number of its parts, itself included, the bytes of their
// strings and keys, and how many lists and maps lie in each other. It reads no text.
func (v Value) Size() (parts, bytes, depth int) {
	var s valueSize
	s.add(v, 0)
	return s.parts, s.bytes, s.depth
}

type valueSize struct{ parts, bytes, depth int }

func (s *valueSize) add(v Value, depth int) {
	s.parts++
	switch v.node.tag() {
	case tagString:
		s.bytes += v.length(v.node)
	case tagRedacted:
		s.bytes += v.Len()
	case tagList:
		s.depth = max(s.depth, depth+1)
		for i := range v.size() {
			s.add(v.nth(i), depth+1)
		}
	case tagMap:
		s.depth = max(s.depth, depth+1)
		n, keys := v.keys()
		for i := range n {
			s.bytes += v.length(v.load(keys + 8*uint32(i)))
			s.add(v.nth(i), depth+1)
		}
	}
}

// Str returns a string without copying it. For a redacted secret it returns
// [Redacted.String]. The error is that of [Value.Err], or a *[KindError].
func (v Value) Str() (string, error) {
	switch v.node.tag() {
	case tagString:
		return v.text(v.node), nil
	case tagRedacted:
		return v.text(v.load(v.node.payload())), nil
	}
	return "", v.wrong(String)
}

// Bool returns a boolean. The error is as of [Value.Str].
func (v Value) Bool() (bool, error) {
	if v.node.tag() == tagBool {
		return v.node.payload() != 0, nil
	}
	return false, v.wrong(Bool)
}

// Int returns an integer. The error is as of [Value.Str], and one of package
// strconv for an unsigned integer that does not fit.
func (v Value) Int() (int64, error) {
	switch v.node.tag() {
	case tagInt32:
		return int64(int32(v.node.payload())), nil
	case tagInt64:
		return int64(le64(v.doc, v.node.payload())), nil
	case tagUint64:
		n := le64(v.doc, v.node.payload())
		return 0, &strconv.NumError{Func: "Int", Num: strconv.FormatUint(n, 10), Err: strconv.ErrRange}
	}
	return 0, v.wrong(Int)
}

// Uint returns an integer that is not negative. The error is as of [Value.Int].
func (v Value) Uint() (uint64, error) {
	if v.node.tag() == tagUint64 {
		return le64(v.doc, v.node.payload()), nil
	}
	n, err := v.Int()
	if err == nil && n < 0 {
		return 0, &strconv.NumError{Func: "Uint", Num: strconv.FormatInt(n, 10), Err: strconv.ErrRange}
	}
	return uint64(n), err
}

// Float returns any number as the nearest float64; one too large is an infinity.
// The error is as of [Value.Str].
func (v Value) Float() (float64, error) {
	switch v.node.tag() {
	case tagInt32, tagInt64:
		n, err := v.Int()
		return float64(n), err
	case tagUint64:
		return float64(le64(v.doc, v.node.payload())), nil
	case tagFloat:
		f, err := strconv.ParseFloat(v.text(v.node), 64)
		if err != nil && !math.IsInf(f, 0) {
			return 0, err
		}
		return f, nil
	}
	return 0, v.wrong(Float)
}

// Elements returns the elements of a list, in order. The error is as of
// [Value.Str], and the sequence is then empty.
func (v Value) Elements() (iter.Seq2[int, Value], error) {
	if v.node.tag() != tagList {
		return func(func(int, Value) bool) {}, v.wrong(List)
	}
	return func(yield func(int, Value) bool) {
		for i := range v.size() {
			if !yield(i, v.nth(i)) {
				return
			}
		}
	}, nil
}

// Members returns the members of a map, in the order of the JSON. The error is as
// of [Value.Elements].
func (v Value) Members() (iter.Seq2[string, Value], error) {
	if v.node.tag() != tagMap {
		return func(func(string, Value) bool) {}, v.wrong(Map)
	}
	return func(yield func(string, Value) bool) {
		n, keys := v.keys()
		for i := range n {
			if !yield(v.text(v.load(keys+8*uint32(i))), v.nth(i)) {
				return
			}
		}
	}, nil
}

// MemberAt returns member i of a map, counted from 0 in the order of the JSON. It
// panics if v is not a map or has fewer members; see [Value.Len].
func (v Value) MemberAt(i int) (string, Value) {
	if v.node.tag() == tagMap {
		if n, keys := v.keys(); i >= 0 && i < n {
			return v.text(v.load(keys + 8*uint32(i))), v.nth(i)
		}
	}
	panic("asset: MemberAt out of range")
}

// IsPartial reports whether v is a map of which [Value.Project] kept only some members.
// The other members are unread.
func (v Value) IsPartial() bool { return v.node.tag() == tagMap && v.node.flag(flagPartial) }

// Equal reports whether two values have the same content. It compares numbers by their
// value, and maps in any order of their members. Absent equals only absent, null only
// null, and a partial map only a partial one. Redacted secrets are equal if
// [Redacted.String] is. Unread parts are equal if operation, reason, code and message are.
func (v Value) Equal(o Value) bool {
	// Equal parts of one block are quickly found, but only here: to compare two
	// blocks at every level would take the square of their length.
	return v.node == o.node && v.doc == o.doc || v.equal(o)
}

func (v Value) equal(o Value) bool {
	if v.Kind() != o.Kind() {
		return v.isNumber() && o.isNumber() && v.equalNumber(o)
	}
	switch v.Kind() {
	case Int, Float:
		return v.equalNumber(o)
	case String:
		a, _ := v.Str()
		b, _ := o.Str()
		return a == b && (v.node.tag() == tagRedacted) == (o.node.tag() == tagRedacted)
	case Bool:
		return v.node.payload() == o.node.payload()
	case List:
		if v.count() != o.count() {
			return false
		}
		for i := range v.count() {
			if !v.Index(i).equal(o.Index(i)) {
				return false
			}
		}
		return true
	case Map:
		if v.count() != o.count() || v.IsPartial() != o.IsPartial() {
			return false
		}
		for i := range v.count() {
			k, x := v.MemberAt(i)
			at := o.find(k)
			if at < 0 {
				return false
			}
			if _, y := o.MemberAt(at); !x.equal(y) {
				return false
			}
		}
		return true
	case UnreadPart:
		a, b := v.Unread(), o.Unread()
		return a.Op == b.Op && a.Reason == b.Reason && a.Code == b.Code && a.Message == b.Message
	}
	return true
}

func (v Value) isNumber() bool { k := v.Kind(); return k == Int || k == Float }

// equalNumber compares exactly: 1<<53 + 1 is no float64, and so equal to none.
func (v Value) equalNumber(o Value) bool {
	if v.Kind() == Float {
		v, o = o, v
	}
	if v.Kind() == Float {
		a, _ := v.Float()
		b, _ := o.Float()
		return a == b && !math.IsInf(a, 0) || v.text(v.node) == o.text(o.node)
	}
	a, unsigned := v.bits()
	if o.Kind() == Int {
		b, also := o.bits()
		return a == b && unsigned == also
	}
	f, _ := o.Float()
	switch {
	case f != math.Trunc(f):
		return false
	case unsigned:
		return f >= 1<<63 && f < 1<<64 && uint64(f) == a
	}
	return f >= -1<<63 && f < 1<<63 && int64(f) == int64(a)
}

// bits returns the 64 bits of an integer, and whether it is one over math.MaxInt64.
func (v Value) bits() (n uint64, unsigned bool) {
	if v.node.tag() == tagInt32 {
		return uint64(int32(v.node.payload())), false
	}
	return le64(v.doc, v.node.payload()), v.node.tag() == tagUint64
}

// String returns v as JSON, with unread parts as <unread> and an absent value as
// <absent>, for messages and debugging. Use Str for the content of a string.
func (v Value) String() string {
	if v.Kind() == Absent {
		return "<absent>"
	}
	return string(v.appendJSON(nil, func(dst []byte, _ Value) []byte { return append(dst, "<unread>"...) }))
}
