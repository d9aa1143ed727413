package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// equal is CEL's equality, three-valued: false as soon as a part differs, else unknown
// if a part is unread.
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

// longer reports whether x certainly has more elements than y, although its size may be
// unknown.
func longer(x, y traits.Lister) bool {
	open, ok := x.(*List)
	n, known := y.Size().(types.Int)
	return ok && known && len(open.Items) > int(n)
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
			if u, may := v.(*types.Unknown); may { // it may be absent
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
