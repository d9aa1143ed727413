package expr

import (
	"maps"
	"slices"
	"sync"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/openstance/stance/asset"
)

// typeSet gives CEL's checker the shapes of schemas as object types with named
// fields. It adds to a provider that knows CEL's own types.
type typeSet struct {
	*types.Registry // CEL's own

	mu      sync.RWMutex
	byName  map[string]*objectType
	byShape map[*asset.Shape]*types.Type
	misses  []miss // fields looked up and not found, in the expression that is being compiled
}

type objectType struct {
	typ    *types.Type
	fields map[string]*types.FieldType
	always map[string]bool
	shaped bool // of a part of a document
}

type miss struct{ object, field string }

func newTypeSet(base *types.Registry) *typeSet {
	return &typeSet{Registry: base, byName: map[string]*objectType{}, byShape: map[*asset.Shape]*types.Type{}}
}

// declare declares an object type. The fields in always need no guard.
func (ts *typeSet) declare(name string, fields map[string]*types.Type, always ...string) *types.Type {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.declareLocked(name, fields, always...)
}

func (ts *typeSet) declareLocked(name string, fields map[string]*types.Type, always ...string) *types.Type {
	if o, ok := ts.byName[name]; ok {
		return o.typ
	}
	o := &objectType{typ: types.NewObjectType(name), fields: map[string]*types.FieldType{}, always: map[string]bool{}}
	for f, t := range fields {
		o.fields[f] = &types.FieldType{Type: t}
	}
	for _, f := range always {
		o.always[f] = true
	}
	ts.byName[name] = o
	return o.typ
}

// shape returns the CEL type of a shape. A new object type gets the name.
func (ts *typeSet) shape(name string, s *asset.Shape) *types.Type {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.shapeLocked(name, s)
}

func (ts *typeSet) shapeLocked(name string, s *asset.Shape) *types.Type {
	if s == nil {
		return types.DynType
	}
	switch s.Kind {
	case asset.BoolShape:
		return types.BoolType
	case asset.IntShape:
		return types.IntType
	case asset.StringShape:
		return types.StringType
	case asset.ListShape:
		return types.NewListType(ts.shapeLocked(name, s.Elem))
	case asset.MapShape:
		return types.NewMapType(types.StringType, ts.shapeLocked(name, s.Elem))
	case asset.ObjectShape:
		if len(s.Fields) == 0 {
			return types.NewMapType(types.StringType, types.DynType)
		}
		if t, ok := ts.byShape[s]; ok {
			return t
		}
		for _, taken := ts.byName[name]; taken; _, taken = ts.byName[name] {
			name += "'"
		}
		t := ts.declareLocked(name, nil)
		ts.byShape[s] = t
		o := ts.byName[name]
		o.shaped = true
		for _, f := range s.Fields {
			o.fields[f.Name] = &types.FieldType{Type: ts.shapeLocked(name+"."+f.Name, f.Shape)}
			if f.Mark.Has(asset.Always) {
				o.always[f.Name] = true
			}
		}
		return t
	}
	return types.DynType
}

// FindStructType implements types.Provider.
func (ts *typeSet) FindStructType(name string) (*types.Type, bool) {
	ts.mu.RLock()
	o, ok := ts.byName[name]
	ts.mu.RUnlock()
	if ok {
		return types.NewTypeTypeWithParam(o.typ), true
	}
	return ts.Registry.FindStructType(name)
}

// FindIdent implements types.Provider: the name of an object type is a value, its type.
func (ts *typeSet) FindIdent(name string) (ref.Val, bool) {
	ts.mu.RLock()
	o, ok := ts.byName[name]
	ts.mu.RUnlock()
	if ok {
		return o.typ, true
	}
	return ts.Registry.FindIdent(name)
}

// FindStructFieldNames implements types.Provider.
func (ts *typeSet) FindStructFieldNames(name string) ([]string, bool) {
	ts.mu.RLock()
	o, ok := ts.byName[name]
	ts.mu.RUnlock()
	if !ok {
		return ts.Registry.FindStructFieldNames(name)
	}
	names := make([]string, 0, len(o.fields))
	for f := range o.fields {
		names = append(names, f)
	}
	slices.Sort(names)
	return names, true
}

// FindStructFieldType implements types.Provider.
func (ts *typeSet) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	ts.mu.RLock()
	o, ok := ts.byName[name]
	ts.mu.RUnlock()
	if !ok {
		return ts.Registry.FindStructFieldType(name, field)
	}
	f, ok := o.fields[field]
	if !ok {
		ts.mu.Lock()
		ts.misses = append(ts.misses, miss{name, field})
		ts.mu.Unlock()
	}
	return f, ok
}

// NewValue implements types.Provider: no expression makes an object of a schema.
func (ts *typeSet) NewValue(name string, fields map[string]ref.Val) ref.Val {
	ts.mu.RLock()
	_, ok := ts.byName[name]
	ts.mu.RUnlock()
	if ok {
		return types.NewErr("%s cannot be made in an expression", name)
	}
	return ts.Registry.NewValue(name, fields)
}

// alwaysThere reports whether a field of an object type is in every value, or the
// type is not one of ours.
func (ts *typeSet) alwaysThere(t *types.Type, field string) bool {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	o, ok := ts.byName[t.TypeName()]
	return !ok || o.always[field]
}

// ofDocument reports whether values of a type can be parts of documents.
func (ts *typeSet) ofDocument(t *types.Type) bool {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	o, ok := ts.byName[t.TypeName()]
	return !ok || o.shaped
}

// suggest returns what a message about an unknown field adds: the object where a field
// of that name was last looked up, and its nearest field.
func (ts *typeSet) suggest(field string) string {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for i := len(ts.misses) - 1; i >= 0; i-- {
		if ts.misses[i].field == field {
			o := ts.byName[ts.misses[i].object]
			return " of " + o.typ.TypeName() + DidYouMean(field, slices.Sorted(maps.Keys(o.fields)))
		}
	}
	return ""
}

// has reports whether an object type of that name is declared.
func (ts *typeSet) has(name string) bool {
	ts.mu.RLock()
	defer ts.mu.RUnlock()
	_, ok := ts.byName[name]
	return ok
}
