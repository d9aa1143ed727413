package expr

import (
	"fmt"
	"reflect"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// trail is the way from a variable to a value, kept only while reads are tracked.
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

// object is a map of a document as CEL sees it: cel-go's interpreter reads it
// without a conversion. It belongs to one run.
type object struct {
	run *Run
	v   asset.Value
	at  *trail
}

// list is a list of a document as CEL sees it. Unlike cel-go's own lists it is
// three-valued: an element that was not read makes what depends on it unknown.
type list struct {
	run *Run
	v   asset.Value
	at  *trail
}

// wrap returns a part of a document as CEL sees it, and false if it is absent.
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

func anyOf(v ref.Val, ok bool) (any, bool) { return v, ok }

// Find implements traits.Mapper.
func (o *object) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	switch {
	case types.IsUnknownOrError(key):
		return key, false
	case !ok:
		return nil, false // keys are texts
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

// Size implements traits.Sizer. The size of a map of which some was not read is unknown.
func (o *object) Size() ref.Val {
	n := 0
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
		return o.run.Unknown(&asset.Unread{Reason: asset.NotKept, Code: asset.CodeNotKept})
	}
	o.run.noteAll(o.at, o.v)
	return types.Int(n)
}

// Fold implements traits.Foldable, for comprehensions. Of a member that was not read
// it is not known either whether it is there.
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
			x = o.run.perhapsMore(u)
			key = x
		}
		if !f.FoldEntry(key, x) {
			return
		}
	}
	if o.v.IsPartial() {
		u := o.run.perhapsMore(&asset.Unread{Reason: asset.NotKept, Code: asset.CodeNotKept})
		f.FoldEntry(u, u)
	}
}

// Iterator implements traits.Iterable over the keys, also of members that were not read.
func (o *object) Iterator() traits.Iterator {
	var keys []ref.Val
	for i := range o.v.Len() {
		if k, v := o.v.MemberAt(i); !v.IsAbsent() {
			keys = append(keys, types.String(k))
		}
	}
	return &iterator{items: keys}
}

// Equal implements ref.Val.
func (o *object) Equal(other ref.Val) ref.Val { return equal(o, other) }

// Type implements ref.Val.
func (o *object) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (o *object) Value() any { return o.v }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val { return convert(o, types.MapType, t) }

// ConvertToNative implements ref.Val for the types that cel-go's functions ask for.
func (o *object) ConvertToNative(t reflect.Type) (any, error) { return native(o.v, t) }

// IsZeroValue lets optional.ofNonZeroValue see an empty map.
func (o *object) IsZeroValue() bool { return o.v.Len() == 0 }

// GetInt64Index is cel-go's fast way to an element. An element that was not read is
// there nevertheless.
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
	return contains(l, x)
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
func (l *list) Equal(other ref.Val) ref.Val { return equal(l, other) }

// Type implements ref.Val.
func (l *list) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (l *list) Value() any { return l.v }

// ConvertToType implements ref.Val.
func (l *list) ConvertToType(t ref.Type) ref.Val { return convert(l, types.ListType, t) }

// ConvertToNative implements ref.Val for the types that cel-go's functions ask for.
func (l *list) ConvertToNative(t reflect.Type) (any, error) { return native(l.v, t) }

// IsZeroValue lets optional.ofNonZeroValue see an empty list.
func (l *list) IsZeroValue() bool { return l.v.Len() == 0 }

type iterator struct {
	items []ref.Val
	next  int
	opaque
}

func (it *iterator) HasNext() ref.Val { return types.Bool(it.next < len(it.items)) }

func (it *iterator) Next() ref.Val {
	if it.next >= len(it.items) {
		return nil
	}
	it.next++
	return it.items[it.next-1]
}

// opaque is the part of ref.Val of values that no expression can name.
type opaque struct{}

func (opaque) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("no conversion to %s", t)
}
func (opaque) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("no conversion to %s", t.TypeName())
}
func (opaque) Equal(ref.Val) ref.Val { return types.False }
func (opaque) Type() ref.Type        { return types.DynType }
func (opaque) Value() any            { return nil }

func convert(v ref.Val, own *types.Type, t ref.Type) ref.Val {
	switch t.TypeName() {
	case own.TypeName():
		return v
	case types.TypeType.TypeName():
		return own
	}
	return types.NewErr("no conversion from %s to %s", own.TypeName(), t.TypeName())
}

func native(v asset.Value, t reflect.Type) (any, error) {
	if t == reflect.TypeFor[asset.Value]() {
		return v, nil
	}
	p := reflect.New(t)
	if err := v.Decode(p.Interface()); err != nil {
		return nil, err
	}
	return p.Elem().Interface(), nil
}

// equal is CEL's equality, three-valued: false as soon as something differs, else
// unknown if something was not read.
func equal(a, b ref.Val) ref.Val {
	if types.IsUnknownOrError(a) {
		return a
	}
	if types.IsUnknownOrError(b) {
		return b
	}
	switch x := a.(type) {
	case traits.Mapper:
		y, ok := b.(traits.Mapper)
		if !ok {
			return types.False
		}
		return equalMaps(x, y)
	case traits.Lister:
		y, ok := b.(traits.Lister)
		if !ok {
			return types.False
		}
		return equalLists(x, y)
	case *types.Optional:
		y, ok := b.(*types.Optional)
		if !ok || x.HasValue() != y.HasValue() {
			return types.False
		}
		if !x.HasValue() {
			return types.True
		}
		return equal(x.GetValue(), y.GetValue())
	}
	return types.Equal(a, b)
}

func equalLists(x, y traits.Lister) ref.Val {
	if longer(x, y) || longer(y, x) {
		return types.False
	}
	sizes := equal(x.Size(), y.Size())
	if sizes != types.True {
		return sizes
	}
	n := x.Size().(types.Int)
	var unknown *types.Unknown
	for i := types.Int(0); i < n; i++ {
		switch e := equal(x.Get(i), y.Get(i)).(type) {
		case types.Bool:
			if !e {
				return types.False
			}
		case *types.Unknown:
			unknown = types.MergeUnknowns(unknown, e)
		default:
			return e
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.True
}

// longer reports whether x has more elements than y for certain, though how many
// there are may not be known.
func longer(x, y traits.Lister) bool {
	open, ok := x.(*openList)
	n, known := y.Size().(types.Int)
	return ok && known && len(open.items) > int(n)
}

func equalMaps(x, y traits.Mapper) ref.Val {
	sizes := equal(x.Size(), y.Size())
	if sizes == types.False {
		return types.False
	}
	unknown, _ := sizes.(*types.Unknown)
	for it := x.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		v := x.Get(k)
		other, ok := y.Find(k)
		if !ok {
			if u, may := v.(*types.Unknown); may { // perhaps it is not there
				unknown = types.MergeUnknowns(unknown, u)
				continue
			}
			return types.False
		}
		switch e := equal(v, other).(type) {
		case types.Bool:
			if !e {
				return types.False
			}
		case *types.Unknown:
			unknown = types.MergeUnknowns(unknown, e)
		default:
			return e
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.True
}

// contains is CEL's membership of lists, three-valued.
func contains(l traits.Lister, x ref.Val) ref.Val {
	if types.IsUnknownOrError(x) {
		return x
	}
	var unknown *types.Unknown
	for it := l.Iterator(); it.HasNext() == types.True; {
		switch e := equal(it.Next(), x).(type) {
		case types.Bool:
			if e {
				return types.True
			}
		case *types.Unknown:
			unknown = types.MergeUnknowns(unknown, e)
		}
	}
	if unknown != nil {
		return unknown
	}
	return types.False
}

// ToValue returns what a CEL value stands for as a document; its unread parts
// stay in it.
func ToValue(v ref.Val) (asset.Value, error) {
	switch x := v.(type) {
	case *object:
		x.run.noteAll(x.at, x.v)
		return x.v, nil
	case *list:
		x.run.noteAll(x.at, x.v)
		return x.v, nil
	case *types.Optional:
		if !x.HasValue() {
			return asset.Value{}, nil
		}
		return ToValue(x.GetValue())
	}
	plain, err := toPlain(v)
	if err != nil {
		return asset.Value{}, err
	}
	return asset.Of(plain)
}

func toPlain(v ref.Val) (any, error) {
	switch x := v.(type) {
	case *object:
		return x.v, nil
	case *list:
		return x.v, nil
	case types.String, types.Int, types.Uint, types.Double, types.Bool, types.Bytes, types.Timestamp:
		return x.Value(), nil
	case types.Duration:
		return x.Duration.String(), nil
	case types.Null:
		return nil, nil
	case *types.Unknown, *types.Err:
		return nil, fmt.Errorf("%v", x)
	case traits.Mapper:
		m := map[string]any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			k := it.Next()
			switch k.(type) {
			case types.String, types.Int, types.Uint, types.Bool:
			default:
				return nil, fmt.Errorf("a %s is no key of a document", k.Type().TypeName())
			}
			p, err := toPlain(x.Get(k))
			if err != nil {
				return nil, err
			}
			m[fmt.Sprint(k.Value())] = p
		}
		return m, nil
	case traits.Lister:
		l := []any{}
		for it := x.Iterator(); it.HasNext() == types.True; {
			p, err := toPlain(it.Next())
			if err != nil {
				return nil, err
			}
			l = append(l, p)
		}
		return l, nil
	}
	return nil, fmt.Errorf("a %s is no part of a document", v.Type().TypeName())
}

// unreadIn returns an unknown if something in v was not read, and nil otherwise.
// Functions that are not our own walk values without minding unread parts; what
// they are given is looked through first.
func (r *Run) unreadIn(v ref.Val) ref.Val {
	switch x := v.(type) {
	case *object:
		return r.marksIn(x.v)
	case *list:
		return r.marksIn(x.v)
	case *openList:
		if x.open != nil {
			return r.Unknown(x.open)
		}
		return nil
	case *types.Optional:
		if x.HasValue() {
			return r.unreadIn(x.GetValue())
		}
	case *types.Unknown:
		return x
	case traits.Lister:
		for it := x.Iterator(); it.HasNext() == types.True; {
			if u := r.unreadIn(it.Next()); u != nil {
				return u
			}
		}
	case traits.Mapper:
		for it := x.Iterator(); it.HasNext() == types.True; {
			if u := r.unreadIn(x.Get(it.Next())); u != nil {
				return u
			}
		}
	}
	return nil
}

func (r *Run) marksIn(v asset.Value) ref.Val {
	if u := firstUnread(v); u != nil {
		return r.Unknown(u)
	}
	return nil
}

// firstUnread returns why the first part of v that was not read is unread, or nil if all
// of it was read.
func firstUnread(v asset.Value) *asset.Unread {
	for _, part := range v.Marks() {
		if u := part.Unread(); u != nil {
			return u
		}
	}
	return nil
}

// Text returns a value of an expression as a person would write it, bounded.
func Text(v ref.Val) string {
	const limit = 400
	var s string
	switch x := v.(type) {
	case nil:
		s = "nothing"
	case *types.Err:
		s = "error: " + x.String()
	case *types.Unknown:
		s = "unknown"
	case *openList:
		s = fmt.Sprintf("%d elements", len(x.items))
	case *record:
		s = x.String()
	case *types.Optional:
		if x.HasValue() {
			return Text(x.GetValue())
		}
		s = "none"
	case types.Timestamp, types.Duration:
		s = fmt.Sprint(x.ConvertToType(types.StringType).Value())
	default:
		if doc, err := ToValue(v); err == nil {
			s = doc.String()
		} else {
			s = fmt.Sprint(v.Value())
		}
	}
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return s
}
