package expr

import (
	"maps"
	"slices"
	"strings"
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
	misses  []miss // fields looked up and not found, since the last call of takeMisses
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

// fields declares an object type; every field in always needs no guard.
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

// shape returns the CEL type of a shape, which is named name if it is an object
// that was not met before.
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

// always reports whether a field of an object type is in every answer, or the
// type is none of ours.
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

// suggest returns what a message about an unknown field adds: the nearest name
// there is in the object where a field of that name was last looked up.
func (ts *typeSet) suggest(field string) string {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for i := len(ts.misses) - 1; i >= 0; i-- {
		if ts.misses[i].field != field {
			continue
		}
		best, least := "", max(2, len(field)/3)+1
		o := ts.byName[ts.misses[i].object]
		for _, f := range slices.Sorted(maps.Keys(o.fields)) {
			if d := distance(strings.ToLower(field), strings.ToLower(f)); d < least {
				best, least = f, d
			}
		}
		if best == "" {
			return " of " + o.typ.TypeName()
		}
		return " of " + o.typ.TypeName() + "; did you mean '" + best + "'?"
	}
	return ""
}

// distance is the number of letters to insert, remove, replace or swap.
func distance(a, b string) int {
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j]+cost, prev[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
