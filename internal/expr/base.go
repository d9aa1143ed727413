package expr

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Opaque has the methods of ref.Val for values that expressions can only pass on.
// Other values embed it and replace what they support.
type Opaque struct{}

// ConvertToNative implements ref.Val.
func (Opaque) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("no conversion to %s", t)
}

// ConvertToType implements ref.Val.
func (Opaque) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("no conversion to %s", t.TypeName())
}

// Equal implements ref.Val.
func (Opaque) Equal(ref.Val) ref.Val { return types.False }

// Type implements ref.Val.
func (Opaque) Type() ref.Type { return types.DynType }

// Value implements ref.Val.
func (Opaque) Value() any { return nil }

// Fields are the fields of a [Struct].
type Fields interface {
	// Field returns the value of a field, or false if it is absent.
	Field(name string) (ref.Val, bool)
	// Len returns the number of fields.
	Len() int
}

// Struct is a map with known keys, whose values are made when they are read. It cannot
// be iterated over.
type Struct[F Fields] struct {
	Opaque
	Fields F
}

// FindStringKey is cel-go's fast way to a field. It leaves unknown fields to Find.
func (s *Struct[F]) FindStringKey(key string) (any, bool) {
	v, ok := s.Fields.Field(key)
	if ok && types.IsUnknown(v) {
		return nil, false
	}
	return anyOf(v, ok)
}

// Find implements traits.Mapper.
func (s *Struct[F]) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	return s.Fields.Field(string(name))
}

// Get implements traits.Indexer.
func (s *Struct[F]) Get(key ref.Val) ref.Val {
	v, ok := s.Find(key)
	if !ok {
		return types.NewErr("no such key: %v", key)
	}
	return v
}

// Contains implements traits.Container.
func (s *Struct[F]) Contains(key ref.Val) ref.Val {
	_, ok := s.Find(key)
	return types.Bool(ok)
}

// Size implements traits.Sizer.
func (s *Struct[F]) Size() ref.Val { return types.Int(s.Fields.Len()) }

// Iterator implements traits.Iterable.
func (s *Struct[F]) Iterator() traits.Iterator { return &iterator{} }

// Type implements ref.Val.
func (s *Struct[F]) Type() ref.Type { return types.MapType }

// iterator goes through items that are already made.
type iterator struct {
	Opaque
	items []ref.Val
	next  int
}

// HasNext implements traits.Iterator.
func (it *iterator) HasNext() ref.Val { return types.Bool(it.next < len(it.items)) }

// Next implements traits.Iterator.
func (it *iterator) Next() ref.Val {
	if it.next >= len(it.items) {
		return nil
	}
	it.next++
	return it.items[it.next-1]
}

// anyOf returns a value and whether it is present as cel-go's fast ways want them.
func anyOf(v ref.Val, ok bool) (any, bool) { return v, ok }
