package aws

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go/middleware"

	"github.com/openstance/stance/asset"
)

// tidier makes values for [asset.Of] of what collectors put in documents. Answers
// of the SDK hold a field for everything that a service may tell: those that it did
// not tell are left out (nil, and the empty string of an enumeration), and so are
// fields of its structs that the schema does not have. Members of a [doc] were
// written by hand and all stay.
type tidier struct {
	typ   asset.Type
	stray func(asset.Type, asset.Path) // told of members of a doc that the schema does not have; nil: nobody
}

// parts are what asset.Of takes as they are.
var parts = []reflect.Type{
	reflect.TypeFor[time.Time](),
	reflect.TypeFor[asset.Value](),
	reflect.TypeFor[*asset.Unread](),
	reflect.TypeFor[asset.Redacted](),
	reflect.TypeFor[[]byte](),
}

// value returns what goes into the document, and whether there is anything. The path
// is right only if there is somebody to tell of it.
func (t *tidier) value(v reflect.Value, s *asset.Shape, at asset.Path) (any, bool) {
	if !v.IsValid() {
		return nil, false
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		if v.IsNil() {
			return nil, false
		}
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Slice, reflect.Pointer:
		if slices.Contains(parts, v.Type()) {
			return v.Interface(), true
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return t.value(v.Elem(), s, at)
	case reflect.String:
		// An enumeration that was not sent is empty; a text that was not is nil.
		if v.Len() == 0 && v.Type().PkgPath() != "" {
			return nil, false
		}
		return v.String(), true
	case reflect.Slice, reflect.Array:
		var elem *asset.Shape
		if s != nil && s.Kind == asset.ListShape {
			elem = s.Elem
		}
		in := at
		if t.stray != nil {
			in = at.Any()
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			x, _ := t.value(v.Index(i), elem, in)
			list = append(list, x)
		}
		return list, true
	case reflect.Map:
		m := make(map[string]any, v.Len())
		for it := v.MapRange(); it.Next(); {
			key := it.Key().String()
			member, known := memberShape(s, key)
			if !known && t.stray != nil && v.Type() == reflect.TypeFor[doc]() {
				t.stray(t.typ, at.Key(key))
			}
			if x, ok := t.value(it.Value(), member, t.at(at, key)); ok {
				m[key] = x
			}
		}
		return m, true
	case reflect.Struct:
		// Lists of some services are counted: a struct of their items and how many.
		if items := v.FieldByName("Items"); s != nil && s.Kind == asset.ListShape && items.IsValid() {
			return t.value(items, s, at)
		}
		m := map[string]any{}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if !f.IsExported() || f.Type == reflect.TypeFor[middleware.Metadata]() {
				continue
			}
			name, member, known := fieldShape(s, f)
			if !known {
				continue
			}
			if x, ok := t.value(v.Field(i), member, t.at(at, name)); ok {
				m[name] = x
			}
		}
		return m, true
	}
	return v.Interface(), true
}

// at returns the path of a member, if anybody is told of paths.
func (t *tidier) at(p asset.Path, name string) asset.Path {
	if t.stray == nil {
		return p
	}
	return p.Key(name)
}

// memberShape returns the shape of a member, and false if the schema has no such member.
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

// fieldShape returns the name and the shape that the schema has for a field of the
// SDK, whose names have other capitals in places. Bytes stand under the name that the
// schema has for them in base64, where it has one.
func fieldShape(s *asset.Shape, field reflect.StructField) (string, *asset.Shape, bool) {
	if s != nil && field.Type == reflect.TypeFor[[]byte]() {
		if f, ok := s.Field(field.Name + "Base64"); ok {
			return f.Name, f.Shape, true
		}
	}
	if member, ok := memberShape(s, field.Name); ok {
		return field.Name, member, true
	}
	for _, f := range s.Fields {
		if strings.EqualFold(f.Name, field.Name) {
			return f.Name, f.Shape, true
		}
	}
	return "", nil, false
}
