package collect

import (
	"reflect"
	"slices"
	"strconv"
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

// reflected adds a part of a type that any does not know by itself.
func (e *encoder) reflected(v any, s *asset.Shape) {
	r := reflect.ValueOf(v)
	e.value(r, e.plans.of(r.Type(), s))
}

// value adds a part. What is missing becomes null.
func (e *encoder) value(v reflect.Value, p *plan) {
	if e.absent(v, p) {
		e.Null()
		return
	}
	switch p.kind {
	case stringPlan:
		e.String(v.String(), p.shape)
	case boolPlan:
		e.Bool(v.Bool(), p.shape)
	case intPlan:
		e.Int(v.Int(), p.shape)
	case uintPlan:
		e.Uint(v.Uint(), p.shape)
	case floatPlan:
		f := v.Float()
		if v.Kind() == reflect.Float32 {
			f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
		}
		e.Float(f, p.shape)
	case pointerPlan:
		e.value(v.Elem(), p.elem)
	case dynamicPlan:
		inside := e.plans.of(v.Elem().Type(), p.shape)
		e.omissions(inside, e.at, nil)
		e.value(v.Elem(), inside)
	case listPlan:
		e.OpenList()
		before := e.at
		if e.watch != nil {
			e.at = before.Any()
		}
		for i := range v.Len() {
			e.value(v.Index(i), p.elem)
		}
		e.at = before
		e.CloseList()
	case mapPlan:
		e.mapping(v, p)
	case structPlan:
		e.structure(v, p)
	case itemsPlan:
		e.value(v.Field(p.fields[0].index), p.fields[0].plan)
	default:
		e.verbatim(v, p)
	}
}

// verbatim adds a part that any knows, or for which there is no plan, which is an error.
func (e *encoder) verbatim(v reflect.Value, p *plan) {
	if v.CanAddr() {
		switch x := v.Addr().Interface().(type) {
		case *time.Time:
			e.Time(*x)
			return
		case *asset.Value:
			e.Value(*x, p.shape)
			return
		case *[]byte:
			e.Bytes(*x)
			return
		}
	}
	if slices.Contains(verbatim, p.typ) {
		e.any(v.Interface(), p.shape)
		return
	}
	made, err := asset.Of(v.Interface())
	if err != nil && e.err == nil {
		e.err = err
	}
	e.Value(made, p.shape)
}

func (e *encoder) mapping(v reflect.Value, p *plan) {
	if m, ok := v.Interface().(map[string]string); ok {
		e.strings(m, p.shape)
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	e.OpenMap()
	for _, k := range keys {
		x := v.MapIndex(k)
		member, _ := memberShape(p.shape, k.String())
		inside := e.plans.of(p.typ.Elem(), member)
		if e.absent(x, inside) {
			continue
		}
		before := e.at
		if e.watch != nil {
			e.at = before.Key(k.String())
		}
		e.Key(k.String())
		e.value(x, inside)
		e.at = before
	}
	e.CloseMap()
}

func (e *encoder) structure(v reflect.Value, p *plan) {
	e.OpenMap()
	for i := range p.fields {
		f := &p.fields[i]
		x := v.Field(f.index)
		if e.absent(x, f.plan) {
			continue
		}
		before := e.at
		if e.watch != nil {
			e.at = before.Key(f.name)
		}
		e.Key(f.name)
		e.value(x, f.plan)
		e.at = before
	}
	e.CloseMap()
}

// absent reports whether a value is what SDKs have for what was not sent: nil, and the
// empty string of an enumeration.
func (e *encoder) absent(v reflect.Value, p *plan) bool {
	switch p.kind {
	case stringPlan:
		return p.enum && v.Len() == 0
	case pointerPlan:
		return v.IsNil() || e.absent(v.Elem(), p.elem)
	case dynamicPlan:
		return v.IsNil() || e.absent(v.Elem(), e.plans.of(v.Elem().Type(), p.shape))
	case itemsPlan:
		return e.absent(v.Field(p.fields[0].index), p.fields[0].plan)
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return v.IsNil()
	}
	return false
}

// missing reports whether there is nothing in a member of a [Doc].
func (e *encoder) missing(v any, s *asset.Shape) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string, bool, time.Time, asset.Redacted:
		return false
	case asset.Value:
		return v.Kind() == asset.Absent
	case *string:
		return v == nil
	case *bool:
		return v == nil
	case *time.Time:
		return v == nil
	case *asset.Unread:
		return v == nil
	case Doc:
		return v == nil
	case []Doc:
		return v == nil
	case []string:
		return v == nil
	case map[string]string:
		return v == nil
	case Pairs:
		return v == nil
	}
	r := reflect.ValueOf(v)
	return e.absent(r, e.plans.of(r.Type(), s))
}

// omissions tells the watch, if there is one, of the fields that the schema lacks in a
// type, be there a value or not. On are the plans around the one.
func (e *encoder) omissions(p *plan, at asset.Path, on []*plan) {
	if e.watch == nil || e.watch.Omitted == nil || slices.Contains(on, p) {
		return
	}
	on = append(on, p)
	switch p.kind {
	case pointerPlan:
		e.omissions(p.elem, at, on)
	case listPlan:
		e.omissions(p.elem, at.Any(), on)
	case mapPlan:
		member, _ := memberShape(p.shape, "")
		e.omissions(e.plans.of(p.typ.Elem(), member), at.Any(), on)
	case itemsPlan:
		e.omissions(p.fields[0].plan, at, on)
	case structPlan:
		for _, name := range p.omitted {
			e.watch.Omitted(e.typ, at, p.typ, name)
		}
		for _, f := range p.fields {
			e.omissions(f.plan, at.Key(f.name), on)
		}
	}
}
