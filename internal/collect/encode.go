package collect

import (
	"cmp"
	"fmt"
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

// documents stores the documents of a draft in an asset. Config is a map even if nothing
// is in it; the others are then absent.
func (e *encoder) documents(a *asset.Asset, d *Draft, p *typePlan) error {
	var deep []deepMark
	to := make([]*asset.Value, 0, 3)
	for _, doc := range [...]struct {
		name  string
		from  any
		shape *asset.Shape
		to    *asset.Value
	}{
		{"config", d.Config, p.schema.Config, &a.Config},
		{"status", d.Status, p.schema.Status, &a.Status},
		{"access", d.Access, p.schema.Access, &a.Access},
	} {
		if e.watch != nil {
			e.at = asset.Path(doc.name)
		}
		if e.document(doc.name, doc.from, doc.shape, p, d.unread, &deep) {
			to = append(to, doc.to)
		}
	}
	err := e.Documents(to...)
	if e.err != nil {
		err, e.err = e.err, nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.Ref, err)
	}
	for _, m := range deep {
		if err := m.set(a); err != nil {
			return fmt.Errorf("%s: %w", d.Ref, err)
		}
	}
	return nil
}

// document adds a document, and reports whether there is one. Marks of parts that are
// deep inside of it are left for later.
func (e *encoder) document(name string, from any, shape *asset.Shape, p *typePlan, unread []mark, deep *[]deepMark) bool {
	begin := len(e.entries)
	defer func() { e.entries = e.entries[:begin] }()
	given, isMap := from.(Doc)
	if isMap {
		e.gather(given, shape)
		for _, member := range p.rest(name) {
			if _, named := given[member]; !named {
				e.entries = append(e.entries, entry{name: member, v: notCollected, known: true})
			}
		}
	}
	something := len(e.entries) > begin || !isMap && !e.missing(from, shape)
	for i := range unread {
		n := len(unread) - i
		m := &unread[n-1]
		for _, path := range m.paths {
			rest, ok := strings.CutPrefix(string(path), name)
			switch {
			case !ok:
			case rest == "" && !something:
				e.Unread(m.why)
				return true
			case rest == "":
				// Another operation filled some of it.
				if isMap && shape != nil {
					for _, f := range shape.Fields {
						if !f.Mark.Has(asset.WriteOnly) {
							e.entries = append(e.entries, entry{name: f.Name, v: m.why, known: true, rank: ofDocument + i})
						}
					}
				}
			case isMap && !strings.ContainsAny(rest[1:], ".["):
				e.entries = append(e.entries, entry{name: rest[1:], v: m.why, known: true, rank: ofPart + i})
			default:
				*deep = append(*deep, deepMark{path, m.why})
			}
		}
	}
	switch {
	case isMap && (len(e.entries) > begin || name == "config"):
		e.members(e.entries[begin:])
		return true
	case !isMap && !e.missing(from, shape):
		e.any(from, shape)
		return true
	}
	return false
}

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
		if c := strings.Compare(x.name, y.name); c != 0 {
			return c
		}
		return cmp.Compare(x.rank, y.rank)
	})
	e.OpenMap()
	for i := range entries {
		x := &entries[i]
		if i > 0 && x.name == entries[i-1].name {
			continue
		}
		before := e.at
		if e.watch != nil {
			e.at = before.Key(x.name)
			if !x.known && e.watch.Stray != nil {
				e.watch.Stray(e.typ, e.at)
			}
		}
		name, v, shape := x.name, x.v, x.shape
		e.Key(name)
		e.any(v, shape)
		e.at = before
	}
	e.CloseMap()
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
	before := e.at
	if e.watch != nil {
		e.at = before.Any()
	}
	for _, x := range all {
		add(x, elem)
	}
	e.at = before
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

// deepMark is a part inside of a member of a document that was not read.
type deepMark struct {
	path asset.Path
	why  *asset.Unread
}

// set makes the part unread, unless something filled it. Of a list that is not there it
// makes the list unread.
func (m deepMark) set(a *asset.Asset) error {
	first, _, every := strings.Cut(string(m.path), "[*]")
	part, err := a.At(asset.Path(first))
	switch {
	case err != nil:
		return err
	case part.IsAbsent():
		return a.SetPath(asset.Path(first), m.why.Value())
	case every:
		return a.SetPath(m.path, m.why.Value())
	}
	return nil
}
