package iam

import (
	"sync"
	"time"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/parser"

	"github.com/openstance/stance/asset"
)

// The limits of conditions, beyond those of Google Cloud (12,000 bytes for an attribute
// condition, 12 logical operators for the condition of a binding).
const (
	maxCondition      = 16 << 10 // bytes
	maxConditionDepth = 64
)

var conditionParser = sync.OnceValues(func() (*parser.Parser, error) {
	return parser.NewParser(parser.MaxRecursionDepth(maxConditionDepth), parser.ExpressionSizeCodePointLimit(maxCondition), parser.Macros(parser.AllMacros...))
})

// parseCondition parses a condition of Google Cloud, which is in CEL. It returns false if
// it is invalid.
func parseCondition(text string) (ast.Expr, bool) {
	if len(text) > maxCondition {
		return nil, false
	}
	p, err := conditionParser()
	if err != nil {
		return nil, false
	}
	tree, problems := p.Parse(common.NewTextSource(text))
	if len(problems.GetErrors()) > 0 {
		return nil, false
	}
	return tree.Expr(), true
}

// expired reports whether the condition of a binding is met by no request from an
// instant on.
func expired(condition asset.Value, now time.Time) truth {
	if condition.IsAbsent() || now.IsZero() {
		return known(false)
	}
	text, err := condition.Get("expression").Str()
	if err != nil {
		if u := condition.Get("expression").Unread(); u != nil {
			return undecided(u)
		}
		return known(false) // no condition that Google Cloud takes
	}
	e, ok := parseCondition(text)
	return known(ok && isOver(e, now))
}

// isOver reports whether the expression compares the time of the request so that it is
// false from an instant on.
func isOver(e ast.Expr, now time.Time) bool {
	if e.Kind() != ast.CallKind {
		return false
	}
	c := e.AsCall()
	args := c.Args()
	if len(args) != 2 {
		return false
	}
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd:
		return isOver(args[0], now) || isOver(args[1], now)
	case operators.LogicalOr:
		return isOver(args[0], now) && isOver(args[1], now)
	case operators.Less, operators.LessEquals:
		end, ok := instant(args[1])
		return ok && isRequestTime(args[0]) && !now.Before(end)
	case operators.Greater, operators.GreaterEquals:
		end, ok := instant(args[0])
		return ok && isRequestTime(args[1]) && !now.Before(end)
	}
	return false
}

func isRequestTime(e ast.Expr) bool {
	if e.Kind() != ast.SelectKind {
		return false
	}
	s := e.AsSelect()
	return s.FieldName() == "time" && s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "request"
}

// instant reads timestamp('2026-01-01T00:00:00Z').
func instant(e ast.Expr) (time.Time, bool) {
	if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "timestamp" || len(e.AsCall().Args()) != 1 {
		return time.Time{}, false
	}
	text, ok := textOf(e.AsCall().Args()[0])
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, text)
	return t, err == nil
}

// textOf returns the value of a string literal.
func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}
