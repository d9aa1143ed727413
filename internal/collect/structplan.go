package collect

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openstance/stance/asset"
)

// plans holds how values of an SDK are written where a schema has a shape: which fields
// of a struct it has, under which names. They are made once, and not changed.
type plans struct {
	ignore func(reflect.StructField) bool
	mu     sync.RWMutex
	made   map[planKey]*plan
}

type planKey struct {
	typ   reflect.Type
	shape *asset.Shape
}

// plan writes values of a type where there is a shape.
type plan struct {
	kind    planKind
	shape   *asset.Shape
	elem    *plan       // of pointers, lists and maps
	fields  []fieldPlan // of structs, sorted by name
	omitted []string    // fields that the schema lacks
	enum    bool        // of strings: an empty one was not sent
	typ     reflect.Type
}

type fieldPlan struct {
	index int
	name  string
	plan  *plan
}

type planKind uint8

const (
	otherPlan planKind = iota
	stringPlan
	boolPlan
	intPlan
	uintPlan
	floatPlan
	pointerPlan
	dynamicPlan // an interface
	listPlan
	mapPlan
	structPlan
	itemsPlan // a struct of items and their number, where the schema has a list
)

var (
	bytesType = reflect.TypeFor[[]byte]()
	docType   = reflect.TypeFor[Doc]()
)

// verbatim are types that [encoder.any] writes by itself.
var verbatim = []reflect.Type{
	reflect.TypeFor[time.Time](), reflect.TypeFor[asset.Value](), reflect.TypeFor[*asset.Unread](), reflect.TypeFor[asset.Redacted](), reflect.TypeFor[Pairs](), bytesType, docType,
}

// of returns the plan for a type and a shape.
func (p *plans) of(t reflect.Type, s *asset.Shape) *plan {
	p.mu.RLock()
	made := p.made[planKey{t, s}]
	p.mu.RUnlock()
	if made != nil {
		return made
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil {
		p.made = map[planKey]*plan{}
	}
	return p.compile(t, s)
}

func (p *plans) compile(t reflect.Type, s *asset.Shape) *plan {
	if made := p.made[planKey{t, s}]; made != nil {
		return made // or is being made: types refer to themselves
	}
	made := &plan{shape: s, typ: t}
	p.made[planKey{t, s}] = made
	if slices.Contains(verbatim, t) {
		return made
	}
	switch t.Kind() {
	case reflect.String:
		made.kind, made.enum = stringPlan, t.PkgPath() != ""
	case reflect.Bool:
		made.kind = boolPlan
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		made.kind = intPlan
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		made.kind = uintPlan
	case reflect.Float32, reflect.Float64:
		made.kind = floatPlan
	case reflect.Pointer:
		made.kind, made.elem = pointerPlan, p.compile(t.Elem(), s)
	case reflect.Interface:
		made.kind = dynamicPlan
	case reflect.Slice, reflect.Array:
		var elem *asset.Shape
		if s != nil && s.Kind == asset.ListShape {
			elem = s.Elem
		}
		made.kind, made.elem = listPlan, p.compile(t.Elem(), elem)
	case reflect.Map:
		if t.Key().Kind() == reflect.String {
			made.kind = mapPlan // what is under a key depends on it
		}
	case reflect.Struct:
		p.compileStruct(made, t, s)
	}
	return made
}

func (p *plans) compileStruct(made *plan, t reflect.Type, s *asset.Shape) {
	if items, ok := t.FieldByName("Items"); ok && s != nil && s.Kind == asset.ListShape {
		made.kind = itemsPlan
		made.fields = []fieldPlan{{index: items.Index[0], plan: p.compile(items.Type, s)}}
		return
	}
	made.kind = structPlan
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || p.ignore != nil && p.ignore(f) {
			continue
		}
		name, member, known := fieldShape(s, f)
		if !known {
			made.omitted = append(made.omitted, f.Name)
			continue
		}
		made.fields = append(made.fields, fieldPlan{i, name, p.compile(f.Type, member)})
	}
	slices.SortStableFunc(made.fields, func(a, b fieldPlan) int { return strings.Compare(a.name, b.name) })
	made.fields = slices.CompactFunc(made.fields, func(a, b fieldPlan) bool { return a.name == b.name })
}

// fieldShape returns the name and the shape that the schema has for a field of the SDK,
// whose names differ in case in places. Bytes stand under the name that the schema has
// for them in base64, where it has one.
func fieldShape(s *asset.Shape, field reflect.StructField) (string, *asset.Shape, bool) {
	if member, ok := memberShape(s, field.Name); ok && (s == nil || field.Type != bytesType || s.Kind != asset.ObjectShape) {
		return field.Name, member, true
	}
	names := []string{field.Name}
	if field.Type == bytesType {
		names = []string{field.Name + "Base64", field.Name}
	}
	for _, name := range names {
		for _, f := range s.Fields {
			if strings.EqualFold(f.Name, name) {
				return f.Name, f.Shape, true
			}
		}
	}
	return "", nil, false
}
