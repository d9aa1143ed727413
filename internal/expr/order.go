package expr

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/interpreter"
)

// cel-go's own maps have another order in each iteration. Everything that iterates over
// maps here does so by their sorted keys, so that an expression has the same value,
// reasons, explanation and charge in each evaluation.

// keysOf returns the keys of a map: those of a document in its order, others sorted.
func (b *Budget) keysOf(m traits.Mapper) []ref.Val {
	var keys []ref.Val
	var text int64
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		keys = append(keys, k)
		text += int64(textLen(k))
	}
	n := int64(len(keys))
	if _, document := m.(*object); document || n < 2 {
		return keys
	}
	// The number of comparisons depends on the order in which the keys came.
	rounds := int64(math.Ilogb(float64(n))) + 1
	b.Make(n * elementSize)
	b.Work(times(rounds, n+text/bytesPerOperation))
	slices.SortFunc(keys, func(x, y ref.Val) int {
		if c, ok := x.(traits.Comparer); ok && x.Type() == y.Type() {
			n, _ := c.Compare(y).(types.Int)
			return int(n)
		}
		return strings.Compare(x.Type().TypeName(), y.Type().TypeName())
	})
	return keys
}

// ordered makes a comprehension iterate over a map in the order of its keys.
type ordered struct {
	interpreter.InterpretableV2
	budget *Budget
}

// Exec implements interpreter.InterpretableV2.
func (o *ordered) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	return o.budget.inOrder(o.InterpretableV2.Exec(frame))
}

// Eval implements interpreter.Interpretable.
func (o *ordered) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, o.Exec)
}

// inOrder returns a value that is iterated over in the order of its keys if it is a map.
func (b *Budget) inOrder(v ref.Val) ref.Val {
	m, ok := v.(traits.Mapper)
	if _, document := v.(*object); !ok || document {
		return v
	}
	return orderedMap{m, b}
}

type orderedMap struct {
	traits.Mapper
	budget *Budget
}

// Fold implements traits.Foldable.
func (m orderedMap) Fold(f traits.Folder) {
	for _, k := range m.budget.keysOf(m.Mapper) {
		if !f.FoldEntry(k, m.Get(k)) {
			return
		}
	}
}

// insertAll is the insertion of the entries of a map into another, which cel-go does
// unless a key is there already. The error names the first of these.
func insertAll(m *Machine, args []ref.Val) ref.Val {
	if len(args) != 2 {
		return nil
	}
	to, ok := args[0].(traits.Mapper)
	if !ok {
		return nil
	}
	entries, ok := args[1].(traits.Mapper)
	if !ok {
		return nil
	}
	for _, k := range m.run.budget.keysOf(entries) {
		if _, found := to.Find(k); found {
			return types.NewErr("insert failed: key %v already exists", k)
		}
	}
	return nil
}

func encodeJSON(m *Machine, args []ref.Val) ref.Val { return m.encode(ext.JSONEncode, args[0]) }

func encodeYAML(m *Machine, args []ref.Val) ref.Val { return m.encode(ext.YAMLEncode, args[0]) }

// encode returns the string of a value, and charges it.
func (m *Machine) encode(f func(ref.Val) (string, error), v ref.Val) ref.Val {
	s, err := f(m.run.budget.partsInOrder(v))
	if err != nil {
		return types.NewErrFromString(err.Error())
	}
	m.run.budget.Make(int64(len(s)))
	return types.String(s)
}

// partsInOrder is inOrder for a value and its parts.
func (b *Budget) partsInOrder(v ref.Val) ref.Val {
	switch x := v.(type) {
	case *object, *list, *List:
		return v
	case traits.Mapper:
		return orderedParts{orderedMap{x, b}}
	case traits.Lister:
		return orderedItems{x, b}
	}
	return v
}

type orderedParts struct{ orderedMap }

// Iterator implements traits.Iterable.
func (p orderedParts) Iterator() traits.Iterator { return &iterator{items: p.budget.keysOf(p.Mapper)} }

// Get implements traits.Indexer.
func (p orderedParts) Get(key ref.Val) ref.Val { return p.budget.partsInOrder(p.Mapper.Get(key)) }

type orderedItems struct {
	traits.Lister
	budget *Budget
}

// Get implements traits.Indexer.
func (l orderedItems) Get(index ref.Val) ref.Val { return l.budget.partsInOrder(l.Lister.Get(index)) }
