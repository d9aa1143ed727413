package expr

import (
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// trail is the path from a variable to a value. It is kept only while reads are tracked.
type trail struct {
	of   asset.Ref // the asset that the variable belongs to
	path asset.Path
}

func (t *trail) key(name string) *trail {
	if t == nil {
		return nil
	}
	return &trail{t.of, t.path.Key(name)}
}

func (t *trail) index(i int) *trail {
	if t == nil {
		return nil
	}
	return &trail{t.of, t.path.Index(i)}
}

// part is what object and list have in common: a map or list of a document as CEL
// sees it, which cel-go's interpreter reads without a conversion. It belongs to one run.
type part struct {
	run *Run
	v   asset.Value
	at  *trail
}

// object is a map of a document. An absent document is an empty one.
type object struct{ part }

// list is a list of a document. Unlike cel-go's own lists it is three-valued: an
// unread element makes what depends on it unknown.
type list struct{ part }

// Type implements ref.Val.
func (p *part) Type() ref.Type {
	if p.v.Kind() == asset.List {
		return types.ListType
	}
	return types.MapType
}

// Value implements ref.Val.
func (p *part) Value() any { return p.v }

// ConvertToType implements ref.Val for the part's own type and its type's name.
func (p *part) ConvertToType(t ref.Type) ref.Val {
	own := p.Type()
	switch t.TypeName() {
	case types.TypeType.TypeName():
		return own.(*types.Type)
	case own.TypeName():
		if own == types.ListType {
			return &list{*p}
		}
		return &object{*p}
	}
	return types.NewErr("no conversion from %s to %s", own.TypeName(), t.TypeName())
}

// ConvertToNative implements ref.Val for the types that cel-go's functions request.
func (p *part) ConvertToNative(t reflect.Type) (any, error) {
	if t == reflect.TypeFor[asset.Value]() {
		return p.v, nil
	}
	native := reflect.New(t)
	if err := p.v.Decode(native.Interface()); err != nil {
		return nil, err
	}
	return native.Elem().Interface(), nil
}

// IsZeroValue lets optional.ofNonZeroValue see an empty map or list.
func (p *part) IsZeroValue() bool { return p.v.Len() == 0 }

// wrap returns a part of a document as CEL sees it, or false if it is absent.
func (r *Run) wrap(v asset.Value, at *trail) (ref.Val, bool) {
	switch v.Kind() {
	case asset.Map:
		return r.object(v, at), true
	case asset.List:
		return r.list(v, at), true
	}
	if at != nil {
		r.note(at, v)
	}
	switch v.Kind() {
	case asset.String:
		s, _ := v.Str()
		return types.String(s), true
	case asset.Bool:
		b, _ := v.Bool()
		return types.Bool(b), true
	case asset.Int:
		if n, err := v.Int(); err == nil {
			return types.Int(n), true
		}
		n, _ := v.Uint()
		return types.Uint(n), true
	case asset.Float:
		f, _ := v.Float()
		return types.Double(f), true
	case asset.UnreadPart:
		return r.Unknown(v.Unread()), true
	case asset.Null:
		return types.NullValue, true
	}
	return nil, false
}

// member is wrap for members of maps, where null reads as absent.
func (r *Run) member(v asset.Value, at *trail) (ref.Val, bool) {
	if v.IsAbsent() {
		if at != nil {
			r.note(at, v)
		}
		return nil, false
	}
	return r.wrap(v, at)
}

// FindStringKey is cel-go's fast way to a member. It leaves unread members to
// Find, because a presence test asks here for no value.
func (o *object) FindStringKey(key string) (any, bool) {
	v := o.v.Get(key)
	if v.Kind() == asset.UnreadPart {
		return nil, false
	}
	return anyOf(o.run.member(v, o.at.key(key)))
}

// Find implements traits.Mapper.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	switch {
	case types.IsUnknownOrError(key):
		return key, false
	case !ok:
		return nil, false // keys are strings
	}
	return o.run.member(o.v.Get(string(k)), o.at.key(string(k)))
}

// Get implements traits.Indexer.
func (o *object) Get(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if ok || v != nil {
		return v
	}
	return types.NewErr("no such key: %v", key)
}

// Contains implements traits.Container.
func (o *object) Contains(key ref.Val) ref.Val {
	v, ok := o.Find(key)
	if v != nil && types.IsUnknownOrError(v) {
		return v
	}
	return types.Bool(ok)
}

// notKept is why members of a partial map are unread.
var notKept = &asset.Unread{Reason: asset.NotKept, Code: asset.CodeNotKept}

// Size implements traits.Sizer. The size of a map with unread members is unknown.
func (o *object) Size() ref.Val {
	n := 0
	o.run.budget.Work(int64(o.v.Len()))
	for i := range o.v.Len() {
		_, v := o.v.MemberAt(i)
		if u := v.Unread(); u != nil {
			return o.run.Unknown(u)
		}
		if !v.IsAbsent() {
			n++
		}
	}
	if o.v.IsPartial() {
		return o.run.Unknown(notKept)
	}
	o.run.noteAll(o.at, o.v)
	return types.Int(n)
}

// Fold implements traits.Foldable, for comprehensions. Whether an unread member is
// present is unknown too.
func (o *object) Fold(f traits.Folder) {
	o.run.noteEmpty(o.at, o.v)
	for i := range o.v.Len() {
		k, v := o.v.MemberAt(i)
		x, ok := o.run.member(v, o.at.key(k))
		if !ok {
			continue
		}
		key := ref.Val(types.String(k))
		if u := v.Unread(); u != nil {
			x = o.run.maybeElement(u)
			key = x
		}
		if !f.FoldEntry(key, x) {
			return
		}
	}
	if o.v.IsPartial() {
		u := o.run.maybeElement(notKept)
		f.FoldEntry(u, u)
	}
}

// Iterator implements traits.Iterable over the keys, including those of unread members.
func (o *object) Iterator() traits.Iterator {
	var keys []ref.Val
	o.run.budget.Work(int64(o.v.Len()))
	for i := range o.v.Len() {
		if k, v := o.v.MemberAt(i); !v.IsAbsent() {
			keys = append(keys, types.String(k))
		}
	}
	return &iterator{items: keys}
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val { return o.run.budget.equal(o, other) }

// GetInt64Index is cel-go's fast way to an element. An unread element is present.
func (l *list) GetInt64Index(i int64) (any, bool) {
	if i < 0 || i >= int64(l.v.Len()) {
		return nil, false
	}
	return anyOf(l.run.wrap(l.v.Index(int(i)), l.at.index(int(i))))
}

// Get implements traits.Indexer.
func (l *list) Get(index ref.Val) ref.Val {
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if i < 0 || i >= l.v.Len() {
		return types.NewErr("index out of bounds: %d", i)
	}
	v, _ := l.run.wrap(l.v.Index(i), l.at.index(i))
	return v
}

// Contains implements traits.Container: true if an element is equal, else unknown
// if one could be.
func (l *list) Contains(x ref.Val) ref.Val {
	l.run.noteAll(l.at, l.v)
	return l.run.budget.contains(l, x)
}

// Size implements traits.Sizer.
func (l *list) Size() ref.Val {
	l.run.noteEmpty(l.at, l.v)
	return types.Int(l.v.Len())
}

// Fold implements traits.Foldable, for comprehensions.
func (l *list) Fold(f traits.Folder) {
	l.run.noteEmpty(l.at, l.v)
	for i := range l.v.Len() {
		x, _ := l.run.wrap(l.v.Index(i), l.at.index(i))
		if !f.FoldEntry(types.Int(i), x) {
			return
		}
	}
}

// Iterator implements traits.Iterable.
func (l *list) Iterator() traits.Iterator {
	l.run.budget.Work(int64(l.v.Len()))
	items := make([]ref.Val, l.v.Len())
	for i := range items {
		items[i], _ = l.run.wrap(l.v.Index(i), l.at.index(i))
	}
	return &iterator{items: items}
}

// Add implements traits.Adder, list concatenation.
func (l *list) Add(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok {
		return types.MaybeNoSuchOverloadErr(other)
	}
	var items []ref.Val
	for _, x := range []traits.Lister{l, o} {
		for it := x.Iterator(); it.HasNext() == types.True; {
			items = append(items, it.Next())
		}
	}
	return types.NewRefValList(types.DefaultTypeAdapter, items)
}

// Equal implements ref.Val.
func (l *list) Equal(other ref.Val) ref.Val { return l.run.budget.equal(l, other) }
