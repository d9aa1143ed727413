package asset

import (
	"fmt"
	"slices"
	"strings"
)

// Limits of what Lint returns for one asset.
const (
	maxMisfits    = 100 // misfits
	maxMisfitName = 200 // bytes of the name of an unknown field
)

// Misfit is a part of a document that its schema does not describe: a field that the
// object does not have, or a part of another kind.
type Misfit struct {
	// Path leads from the asset to the part, with [*] for every element of a list and
	// every member of a map. The name of an unknown field is cut after 200 bytes.
	Path Path
	// Unknown reports whether the part is a field that the object does not have.
	Unknown bool
	// Want is the shape that the schema has for the part; if Unknown, that of the object.
	Want *Shape
	// Got is the kind of the part.
	Got Kind
	// Unread is what [Shape.Conform] put in place of the part; nil if it is still there.
	Unread *Unread
}

// String returns the path and the problem, such as "config.Port: is a string, want an
// integer".
func (m Misfit) String() string {
	switch {
	case m.Unknown:
		return fmt.Sprintf("%s: unknown field", m.Path)
	case m.Unread != nil:
		return fmt.Sprintf("%s: %s", m.Path, m.Unread.Message)
	}
	return fmt.Sprintf("%s: is %s, want %s", m.Path, m.Got, m.Want.Kind)
}

// Lint returns the parts of the documents of a that do not fit the schema, in the
// order of the documents, each path once. It returns at most 100.
//
// Lint checks documents as they are: call [Shape.Conform] first if numbers and booleans
// may stand in strings. The parts that Conform makes unread are misfits. Parts that the
// schema does not describe fit: a document without a shape, everything below [AnyShape],
// the keys of a [MapShape]. Null, redacted and other unread parts fit every shape. With a
// nil schema everything fits.
func Lint(a *Asset, s *Schema) []Misfit {
	if s == nil {
		return nil
	}
	var l linter
	for name, doc := range a.Documents() {
		l.at = append(l.at[:0], name)
		if !l.fits(*doc, s.Document(name)) {
			break
		}
	}
	return l.found
}

type linter struct {
	at    []string // the steps from the asset; "" for [*], as no field has that name
	found []Misfit
}

// fits notes the misfits in v. It returns false once there are enough.
func (l *linter) fits(v Value, s *Shape) bool {
	if s == nil || s.Kind == AnyShape {
		return true
	}
	switch v.node.tag() {
	case tagAbsent, tagNull, tagRedacted:
		return true
	case tagUnread:
		u := v.Unread()
		return !u.isMalformed() || l.note(Misfit{Path: l.path(), Want: s, Got: UnreadPart, Unread: u})
	case tagList:
		if s.Kind != ListShape {
			break
		}
		if s.Elem == nil || s.Elem.Kind == AnyShape {
			return true
		}
		for i := range v.count() {
			if !l.below("", v.nth(i), s.Elem) {
				return false
			}
		}
		return true
	case tagMap:
		switch s.Kind {
		case MapShape:
			for i := range v.count() {
				if !l.below("", v.nth(i), s.Elem) {
					return false
				}
			}
			return true
		case ObjectShape:
			return l.object(v, s)
		}
	default:
		if s.Kind.holds(v.Kind()) {
			return true
		}
	}
	return l.note(Misfit{Path: l.path(), Want: s, Got: v.Kind()})
}

func (l *linter) object(v Value, s *Shape) bool {
	for i := range v.count() {
		name, x := v.MemberAt(i)
		f, ok := s.Field(name)
		switch {
		case ok && !l.below(name, x, f.Shape):
			return false
		case !ok:
			path := l.path().Key(strings.ToValidUTF8(name[:min(len(name), maxMisfitName)], ""))
			if !l.note(Misfit{Path: path, Unknown: true, Want: s, Got: x.Kind()}) {
				return false
			}
		}
	}
	return true
}

// below looks at the part that one step leads to.
func (l *linter) below(step string, v Value, s *Shape) bool {
	l.at = append(l.at, step)
	more := l.fits(v, s)
	l.at = l.at[:len(l.at)-1]
	return more
}

func (l *linter) path() Path {
	var p Path
	for _, step := range l.at {
		if step == "" {
			p = p.Any()
		} else {
			p = p.Key(step)
		}
	}
	return p
}

func (l *linter) note(m Misfit) bool {
	if !slices.ContainsFunc(l.found, func(o Misfit) bool { return o.Path == m.Path }) {
		l.found = append(l.found, m)
	}
	return len(l.found) < maxMisfits
}

// holds reports whether a scalar of the kind is what the shape describes.
func (k ShapeKind) holds(v Kind) bool {
	switch k {
	case BoolShape:
		return v == Bool
	case IntShape:
		return v == Int
	case StringShape:
		return v == String
	}
	return false
}
