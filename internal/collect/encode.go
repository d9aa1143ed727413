package collect

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// encoder makes the documents of drafts.
type encoder struct {
	asset.Builder
	plans   *plans
	entries []entry // of the maps that are being made
	names   []string

	err error

	typ   asset.Type
	watch *Watch
	at    asset.Path // the part that is being made, if there is a watch
}

// entry is a member of a map, or why there is none. Of several with one name the one of
// the lowest rank holds.
type entry struct {
	name  string
	v     any
	shape *asset.Shape
	known bool // the schema has the member
	rank  int
}

// Ranks of members: those that are filled, and marks of a whole document and of a part,
// of which the last that was made holds.
const (
	filled     = 0
	ofDocument = 1 << 20
	ofPart     = 1 << 21
)

// gather puts the members of a map that are there among the entries.
func (e *encoder) gather(d Doc, shape *asset.Shape) {
	for name, v := range d {
		member, known := memberShape(shape, name)
		if e.watch != nil && v != nil {
			e.omissions(e.plans.of(reflect.TypeOf(v), member), e.at.Key(name), nil)
		}
		if !e.missing(v, member) {
			e.entries = append(e.entries, entry{name: name, v: v, shape: member, known: known})
		}
	}
}

var notCollected = NotCollected()

// members adds a map of entries.
func (e *encoder) members(entries []entry) {
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(strings.Compare(x.name, y.name), cmp.Compare(x.rank, y.rank))
	})
	e.OpenMap()
	for i := range entries {
		x := &entries[i]
		if i > 0 && x.name == entries[i-1].name {
			continue
		}
		before := e.enter(x.name)
		if e.watch != nil && !x.known && e.watch.Stray != nil {
			e.watch.Stray(e.typ, e.at)
		}
		e.Key(x.name)
		e.any(x.v, x.shape)
		e.leave(before)
	}
	e.CloseMap()
}

// enter notes, for the watch, that a member is made, and returns where the encoder was.
func (e *encoder) enter(name string) (before asset.Path) {
	if e.watch != nil {
		before, e.at = e.at, e.at.Key(name)
	}
	return before
}

// enterAny is enter for the elements of a list.
func (e *encoder) enterAny() (before asset.Path) {
	if e.watch != nil {
		before, e.at = e.at, e.at.Any()
	}
	return before
}

func (e *encoder) leave(before asset.Path) {
	if e.watch != nil {
		e.at = before
	}
}

// doc adds a map of a collector.
func (e *encoder) doc(d Doc, s *asset.Shape) {
	if d == nil {
		e.Null()
		return
	}
	begin := len(e.entries)
	e.gather(d, s)
	e.members(e.entries[begin:])
	e.entries = e.entries[:begin]
}

// list adds a list.
func list[T any](e *encoder, all []T, s *asset.Shape, add func(T, *asset.Shape)) {
	var elem *asset.Shape
	if s != nil && s.Kind == asset.ListShape {
		elem = s.Elem
	}
	e.OpenList()
	before := e.enterAny()
	for _, x := range all {
		add(x, elem)
	}
	e.leave(before)
	e.CloseList()
}

// any adds a part. What is missing becomes null.
func (e *encoder) any(v any, s *asset.Shape) {
	switch v := v.(type) {
	case nil:
		e.Null()
	case string:
		e.String(v, s)
	case *string:
		if v == nil {
			e.Null()
			return
		}
		e.String(*v, s)
	case bool:
		e.Bool(v, s)
	case *bool:
		if v == nil {
			e.Null()
			return
		}
		e.Bool(*v, s)
	case *asset.Unread:
		if v == nil {
			e.Null()
			return
		}
		e.Unread(v)
	case asset.Value:
		e.Value(v, s)
	case asset.Redacted:
		e.Redacted(v)
	case time.Time:
		e.Time(v)
	case *time.Time:
		if v == nil {
			e.Null()
			return
		}
		e.Time(*v)
	case []byte:
		e.Bytes(v)
	case Doc:
		e.doc(v, s)
	case []Doc:
		if v == nil {
			e.Null()
			return
		}
		list(e, v, s, e.doc)
	case []string:
		if v == nil {
			e.Null()
			return
		}
		list(e, v, s, e.String)
	case map[string]string:
		if v == nil {
			e.Null()
			return
		}
		e.strings(v, s)
	case Pairs:
		if v == nil {
			e.Null()
			return
		}
		e.pairs(v, s)
	default:
		e.reflected(v, s)
	}
}

// strings adds a map of strings.
func (e *encoder) strings(m map[string]string, s *asset.Shape) {
	begin := len(e.names)
	e.names = slices.AppendSeq(e.names, maps.Keys(m))
	slices.Sort(e.names[begin:])
	e.OpenMap()
	for _, name := range e.names[begin:] {
		member, _ := memberShape(s, name)
		e.Key(name)
		e.String(m[name], member)
	}
	e.CloseMap()
	e.names = e.names[:begin]
}

// pairs adds a list of keys and values.
func (e *encoder) pairs(m Pairs, s *asset.Shape) {
	var elem *asset.Shape
	if s != nil && s.Kind == asset.ListShape {
		elem = s.Elem
	}
	key, _ := memberShape(elem, "Key")
	value, _ := memberShape(elem, "Value")
	begin := len(e.names)
	e.names = slices.AppendSeq(e.names, maps.Keys(m))
	slices.Sort(e.names[begin:])
	e.OpenList()
	for _, name := range e.names[begin:] {
		e.OpenMap()
		e.Key("Key")
		e.String(name, key)
		e.Key("Value")
		e.String(m[name], value)
		e.CloseMap()
	}
	e.CloseList()
	e.names = e.names[:begin]
}

// memberShape returns the shape of a member, and false if the schema lacks the member.
func memberShape(s *asset.Shape, name string) (*asset.Shape, bool) {
	switch {
	case s == nil || s.Kind == asset.AnyShape:
		return nil, true
	case s.Kind == asset.MapShape:
		return s.Elem, true
	}
	f, ok := s.Field(name)
	return f.Shape, ok
}
