package expr

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"cel.dev/cel-go/common/types/traits"

	"github.com/openstance/stance/asset"
)

// List is the list that a lookup or a function returns. It may be incomplete: the
// evaluation then treats everything that further items could change as unknown.
type List struct {
	Opaque
	Run   *Run
	Items []ref.Val     // *types.Unknown for one that was not observed
	More  *asset.Unread // why there may be further items; nil: the list is complete
}

// Size implements traits.Sizer: unknown while there may be more.
func (l *List) Size() ref.Val {
	if l.More != nil {
		return l.Run.Unknown(l.More)
	}
	return types.Int(len(l.Items))
}

// Get implements traits.Indexer.
func (l *List) Get(index ref.Val) ref.Val {
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	if x, ok := l.at(int64(i)); ok {
		return x
	}
	return types.NewErr("index out of bounds: %d", i)
}

// GetInt64Index is cel-go's fast way to an element.
func (l *List) GetInt64Index(i int64) (any, bool) { return anyOf(l.at(i)) }

// at returns an element. While there may be more it is unknown: what is missing may
// belong before it.
func (l *List) at(i int64) (ref.Val, bool) {
	switch {
	case i >= 0 && l.More != nil:
		return l.Run.Unknown(l.More), true
	case i >= 0 && i < int64(len(l.Items)):
		return l.Items[i], true
	}
	return nil, false
}

// Contains implements traits.Container.
func (l *List) Contains(x ref.Val) ref.Val {
	found := l.Run.budget.contains(l, x)
	if found == types.False && l.More != nil {
		return l.Run.Unknown(l.More)
	}
	return found
}

// Fold implements traits.Foldable. What may be missing is a last, unknown element, and
// then the indexes of the others are unknown, too.
func (l *List) Fold(f traits.Folder) {
	for i, x := range l.Items {
		index := ref.Val(types.Int(i))
		if l.More != nil {
			index = l.Run.Unknown(l.More)
		}
		if !f.FoldEntry(index, x) {
			return
		}
	}
	if l.More != nil {
		more := l.Run.maybeElement(l.More)
		f.FoldEntry(more, more)
	}
}

// Iterator implements traits.Iterable, with the same last element.
func (l *List) Iterator() traits.Iterator {
	items := l.Items
	if l.More != nil {
		items = append(items[:len(items):len(items)], l.Run.Unknown(l.More))
	}
	return &iterator{items: items}
}

// Add implements traits.Adder.
func (l *List) Add(other ref.Val) ref.Val {
	o, ok := other.(*List)
	if !ok {
		if l.More != nil {
			return l.Run.Unknown(l.More)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, l.Items).Add(other)
	}
	sum := &List{Run: l.Run, More: l.More, Items: append(l.Items[:len(l.Items):len(l.Items)], o.Items...)}
	if sum.More == nil {
		sum.More = o.More
	}
	return sum
}

// Type implements ref.Val.
func (l *List) Type() ref.Type { return types.ListType }

// Equal implements ref.Val.
func (l *List) Equal(other ref.Val) ref.Val { return l.Run.budget.equal(l, other) }
