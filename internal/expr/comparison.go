package expr

import (
	"math"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// comparison compares the end of a chain with a constant.
type comparison struct {
	of      int64             // the chain
	text    func(string) bool // for a string; nil: cel-go's node decides
	integer func(int64) bool  // the same for integers
	read    int               // at most so many bytes of a string are charged
}

// chainComparison is the node of a comparison.
type chainComparison struct {
	interpreter.InterpretableV2
	comparison
	chain *chainRead
}

// comparisonOf returns the function's result for a string or an integer and a constant,
// or nil where cel-go's node decides.
func comparisonOf(function string, with ast.Expr) (text func(string) bool, integer func(int64) bool) {
	switch with.Kind() {
	case ast.LiteralKind:
		switch want := with.AsLiteral().(type) {
		case types.String:
			return stringComparison(function, string(want)), nil
		case types.Int:
			return nil, integerComparison(function, int64(want))
		}
	case ast.ListKind:
		var set []string
		for _, el := range with.AsList().Elements() {
			s, ok := literalString(el)
			if !ok {
				return nil, nil
			}
			set = append(set, s)
		}
		if function == operators.In && set != nil { // nothing is in an empty list, whatever it is
			return func(s string) bool { return slices.Contains(set, s) }, nil
		}
	}
	return nil, nil
}

// readBy returns how many bytes of a string the function reads at most to compare it with
// a constant. Equality and sets read no more than the constants have.
func readBy(function string, with ast.Expr) int {
	want, _ := literalString(with)
	switch function {
	case "contains":
		return math.MaxInt
	case "startsWith", "endsWith":
		return len(want)
	}
	return 0
}

func stringComparison(function, want string) func(string) bool {
	switch function {
	case operators.Equals:
		return func(s string) bool { return s == want }
	case operators.NotEquals:
		return func(s string) bool { return s != want }
	case "startsWith":
		return func(s string) bool { return strings.HasPrefix(s, want) }
	case "endsWith":
		return func(s string) bool { return strings.HasSuffix(s, want) }
	case "contains":
		return func(s string) bool { return strings.Contains(s, want) }
	}
	return nil
}

func integerComparison(function string, want int64) func(int64) bool {
	switch function {
	case operators.Equals:
		return func(n int64) bool { return n == want }
	case operators.NotEquals:
		return func(n int64) bool { return n != want }
	case operators.Less:
		return func(n int64) bool { return n < want }
	case operators.LessEquals:
		return func(n int64) bool { return n <= want }
	case operators.Greater:
		return func(n int64) bool { return n > want }
	case operators.GreaterEquals:
		return func(n int64) bool { return n >= want }
	}
	return nil
}

// Exec implements interpreter.InterpretableV2.
func (t *chainComparison) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v, found := t.chain.find(frame)
	switch found {
	case present:
		if t.text != nil {
			if s, err := v.Str(); err == nil {
				t.chain.m.run.budget.Read(min(len(s), t.read))
				return types.Bool(t.text(s))
			}
		} else if n, err := v.Int(); err == nil {
			return types.Bool(t.integer(n))
		}
	case absent:
		switch d := t.chain.otherwise.(type) {
		case types.String:
			if t.text != nil {
				t.chain.m.run.budget.Read(min(len(d), t.read))
				return types.Bool(t.text(string(d)))
			}
		case types.Int:
			if t.integer != nil {
				return types.Bool(t.integer(int64(d)))
			}
		}
	}
	return t.InterpretableV2.Exec(frame)
}

// Eval implements interpreter.Interpretable.
func (t *chainComparison) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, t.Exec)
}

// constantSet returns the node of a membership in a list of constants, which the nodes of
// the list are charged for, or any other node as it is.
func constantSet(i interpreter.InterpretableV2) interpreter.InterpretableV2 {
	call, ok := i.(interpreter.InterpretableCall)
	if !ok || call.Function() != operators.In {
		return i
	}
	c, ok := call.Args()[1].(interpreter.InterpretableConst)
	if !ok {
		return i
	}
	list, ok := c.Value().(traits.Lister)
	if !ok {
		return i
	}
	return &setMembership{i, call.Args()[0], list}
}

type setMembership struct {
	interpreter.InterpretableV2
	of   interpreter.InterpretableV2
	list traits.Lister
}

// Exec implements interpreter.InterpretableV2.
func (s *setMembership) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v := s.of.Exec(frame)
	if types.IsUnknownOrError(v) {
		return v
	}
	for it := s.list.Iterator(); it.HasNext() == types.True; {
		if it.Next().Equal(v) == types.True {
			return types.True
		}
	}
	return types.False
}

// Eval implements interpreter.Interpretable.
func (s *setMembership) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, s.Exec)
}
