package expr

import (
	"errors"
	"math"
	"slices"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The functions of this file do what cel-go's of the same names do, and charge the
// budget at each step. They return nil for arguments that cel-go has to refuse.

// itemsOf returns the elements of a list, or false if v is not one.
func itemsOf(b *Budget, v ref.Val) ([]ref.Val, bool) {
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, false
	}
	n := lengthOf(v)
	b.Work(n)
	b.Make(n * elementSize)
	items := make([]ref.Val, 0, n)
	for it := l.Iterator(); it.HasNext() == types.True; {
		items = append(items, it.Next())
	}
	return items, true
}

func newList(items []ref.Val) ref.Val { return types.NewRefValList(types.DefaultTypeAdapter, items) }

// in is the operator for lists.
func in(m *Machine, args []ref.Val) ref.Val {
	if l, ok := args[1].(traits.Lister); ok {
		return m.run.budget.holds(l, args[0])
	}
	return nil
}

// holds reports whether a list contains a value.
func (b *Budget) holds(l traits.Lister, x ref.Val) ref.Val {
	switch l := l.(type) {
	case *list:
		return l.Contains(x)
	case *List:
		return l.Contains(x)
	}
	return b.contains(l, x)
}

// concatenate adds two lists to one that does not refer to them, so that reading an
// element takes the same time however it was made. A list that a loop builds grows in
// place.
func concatenate(m *Machine, args []ref.Val) ref.Val {
	l, ok := args[0].(traits.Lister)
	if !ok {
		return nil
	}
	r, ok := args[1].(traits.Lister)
	if !ok {
		return nil
	}
	b := &m.run.budget
	if _, grows := l.(traits.MutableLister); grows {
		n := lengthOf(r)
		b.Work(n)
		b.Make(2 * n * elementSize)
		return nil
	}
	if _, open := l.(*List); open {
		elements(b, args)
		return nil
	}
	items, _ := itemsOf(b, l)
	more, _ := itemsOf(b, r)
	return newList(append(items, more...))
}

func containsAll(m *Machine, args []ref.Val) ref.Val {
	return m.run.budget.containsAll(args[0], args[1])
}

func containsOnly(m *Machine, args []ref.Val) ref.Val {
	return m.run.budget.containsAll(args[1], args[0])
}

func containsExactly(m *Machine, args []ref.Val) ref.Val {
	if all := m.run.budget.containsAll(args[0], args[1]); all != types.True {
		return all
	}
	return m.run.budget.containsAll(args[1], args[0])
}

func (b *Budget) containsAll(list, part ref.Val) ref.Val {
	l, ok := list.(traits.Lister)
	if !ok {
		return nil
	}
	items, ok := itemsOf(b, part)
	if !ok {
		return nil
	}
	for _, x := range items {
		if found := b.holds(l, x); found != types.True {
			return found
		}
	}
	return types.True
}

func containsAny(m *Machine, args []ref.Val) ref.Val {
	l, ok := args[1].(traits.Lister)
	if !ok {
		return nil
	}
	items, ok := itemsOf(&m.run.budget, args[0])
	if !ok {
		return nil
	}
	for _, x := range items {
		if m.run.budget.holds(l, x) == types.True {
			return types.True
		}
	}
	return types.False
}

func distinct(m *Machine, args []ref.Val) ref.Val {
	items, ok := itemsOf(&m.run.budget, args[0])
	if !ok {
		return nil
	}
	var unique []ref.Val
	for _, x := range items {
		if !slices.ContainsFunc(unique, func(other ref.Val) bool { return m.run.budget.equal(x, other) == types.True }) {
			unique = append(unique, x)
		}
	}
	return newList(unique)
}

func flatten(m *Machine, args []ref.Val) ref.Val {
	depth := types.Int(1)
	if len(args) == 2 {
		var ok bool
		if depth, ok = args[1].(types.Int); !ok {
			return nil
		}
	}
	l, ok := args[0].(traits.Lister)
	if !ok {
		return nil
	}
	if depth < 0 {
		return types.WrapErr(errors.New("level must be non-negative"))
	}
	return newList(flattenTo(&m.run.budget, nil, l, depth))
}

func flattenTo(b *Budget, to []ref.Val, l ref.Val, depth types.Int) []ref.Val {
	items, _ := itemsOf(b, l)
	for _, x := range items {
		if nested, ok := x.(traits.Lister); ok && depth > 0 {
			to = flattenTo(b, to, nested, depth-1)
			continue
		}
		to = append(to, x)
	}
	return to
}

func sortList(m *Machine, args []ref.Val) ref.Val { return m.run.budget.sort(args[0], args[0]) }

func sortBy(m *Machine, args []ref.Val) ref.Val { return m.run.budget.sort(args[0], args[1]) }

// sort returns the elements of a list in the order of their keys.
func (b *Budget) sort(list, by ref.Val) ref.Val {
	items, ok := itemsOf(b, list)
	if !ok {
		return nil
	}
	keys, ok := itemsOf(b, by)
	if !ok || len(keys) != len(items) || len(items) == 0 {
		return nil
	}
	for _, k := range keys {
		if _, ok := k.(traits.Comparer); !ok || k.Type() != keys[0].Type() {
			b.Work(sortWork(len(keys)))
			return nil // an error, after comparisons
		}
	}
	b.Make(int64(len(items)) * 2 * elementSize)
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		b.Work(1)
		b.Read(min(textLen(keys[i]), textLen(keys[j])))
		n, _ := keys[i].(traits.Comparer).Compare(keys[j]).(types.Int)
		return int(n)
	})
	sorted := make([]ref.Val, len(items))
	for i, at := range order {
		sorted[i] = items[at]
	}
	return newList(sorted)
}

// sortWork is the number of comparisons of a sort.
func sortWork(n int) int64 { return times(int64(n), int64(math.Ilogb(float64(n+1)))+1) }
