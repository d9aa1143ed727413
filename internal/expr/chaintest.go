package expr

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// test compares what a chain leads to with a constant.
type test struct {
	of      int64             // the chain
	text    func(string) bool // if it is a text; nil: left to cel-go
	integer func(int64) bool  // the same for integers
}

// chainTest is a test of a chain that is read.
type chainTest struct {
	interpreter.InterpretableV2
	test
	chain *chainRead
}

// testOf returns what a function says of a text or an integer and a constant: nil
// where that is left to cel-go.
func testOf(function string, with ast.Expr) (text func(string) bool, integer func(int64) bool) {
	switch with.Kind() {
	case ast.LiteralKind:
		switch want := with.AsLiteral().(type) {
		case types.String:
			return textTest(function, string(want)), nil
		case types.Int:
			return nil, integerTest(function, int64(want))
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

func textTest(function, want string) func(string) bool {
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

func integerTest(function string, want int64) func(int64) bool {
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
func (t *chainTest) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v, found := t.chain.find(frame)
	switch found {
	case there:
		if t.text != nil {
			if s, err := v.Str(); err == nil {
				return types.Bool(t.text(s))
			}
		} else if n, err := v.Int(); err == nil {
			return types.Bool(t.integer(n))
		}
	case missing:
		switch d := t.chain.otherwise.(type) {
		case types.String:
			if t.text != nil {
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
func (t *chainTest) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, t.Exec)
}
