package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// equal is CEL's equality, three-valued: false as soon as a part differs, else unknown
// if a part is unread. Parts that the values share are charged as often as they are
// compared.
func (b *Budget) equal(x, y ref.Val) ref.Val {
	b.Work(1)
	if types.IsUnknownOrError(x) {
		return x
	}
	if types.IsUnknownOrError(y) {
		return y
	}
	switch x := x.(type) {
	case traits.Mapper:
		y, ok := y.(traits.Mapper)
		if !ok {
			return types.False
		}
		return b.equalMaps(x, y)
	case traits.Lister:
		y, ok := y.(traits.Lister)
		if !ok {
			return types.False
		}
		return b.equalLists(x, y)
	case *types.Optional:
		y, ok := y.(*types.Optional)
		if !ok || x.HasValue() != y.HasValue() {
			return types.False
		}
		if !x.HasValue() {
			return types.True
		}
		return b.equal(x.GetValue(), y.GetValue())
	}
	b.Read(min(textLen(x), textLen(y)))
	return types.Equal(x, y)
}

func (b *Budget) equalLists(x, y traits.Lister) ref.Val {
	if longer(x, y) || longer(y, x) {
		return types.False
	}
	sizes := b.equal(x.Size(), y.Size())
	if sizes != types.True {
		return sizes
	}
	n := x.Size().(types.Int)
	var unknown *types.Unknown
	for i := types.Int(0); i < n; i++ {
		switch e := b.equal(x.Get(i), y.Get(i)).(type) {
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

func (b *Budget) equalMaps(x, y traits.Mapper) ref.Val {
	sizes := b.equal(x.Size(), y.Size())
	if sizes == types.False {
		return types.False
	}
	unknown, _ := sizes.(*types.Unknown)
	for _, k := range b.keysOf(x) {
		v := x.Get(k)
		other, ok := y.Find(k)
		if !ok {
			if u, may := v.(*types.Unknown); may { // it may be absent
				unknown = types.MergeUnknowns(unknown, u)
				continue
			}
			return types.False
		}
		switch e := b.equal(v, other).(type) {
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
func (b *Budget) contains(l traits.Lister, x ref.Val) ref.Val {
	if types.IsUnknownOrError(x) {
		return x
	}
	var unknown *types.Unknown
	for it := l.Iterator(); it.HasNext() == types.True; {
		switch e := b.equal(it.Next(), x).(type) {
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
