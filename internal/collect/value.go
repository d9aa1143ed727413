package collect

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

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
		before := e.enterAny()
		for i := range v.Len() {
			e.value(v.Index(i), p.elem)
		}
		e.leave(before)
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
		before := e.enter(k.String())
		e.Key(k.String())
		e.value(x, inside)
		e.leave(before)
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
		before := e.enter(f.name)
		e.Key(f.name)
		e.value(x, f.plan)
		e.leave(before)
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
