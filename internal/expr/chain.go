package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/openstance/stance/asset"
)

// chain is a variable and the keys that lead from it to a part of a document.
type chain struct {
	root      string
	loop      int64 // the comprehension whose element root is, or 0
	keys      []string
	must      int     // so many keys have to be present; what follows may be absent
	has       bool    // the question is whether the last key is present
	otherwise ref.Val // value in place of an absent part, or nil
}

// chainOf returns e as a chain if it is a complete one.
func (x *Expr) chainOf(e ast.NavigableExpr) (chain, bool) {
	if extended(e) {
		return chain{}, false
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "orValue" {
		c, ok := x.keysOf(e.AsCall().Target())
		c.otherwise = constantOf(e.AsCall().Args()[0])
		return c, ok && c.otherwise != nil && c.must < len(c.keys)
	}
	c, ok := x.keysOf(e)
	if c.has {
		return c, ok && c.must == len(c.keys)-1
	}
	return c, ok && c.must == len(c.keys) && (len(c.keys) > 0 || c.loop != 0)
}

// extended reports whether the parent of e reads a key of it.
func extended(e ast.NavigableExpr) bool {
	parent, ok := e.Parent()
	if !ok {
		return false
	}
	switch parent.Kind() {
	case ast.SelectKind:
		return true
	case ast.CallKind:
		switch parent.AsCall().FunctionName() {
		case operators.Index, operators.OptIndex, operators.OptSelect:
			return parent.AsCall().Args()[0].ID() == e.ID()
		}
	}
	return false
}

func (x *Expr) keysOf(e ast.Expr) (c chain, ok bool) {
	switch e.Kind() {
	case ast.IdentKind:
		c = chain{root: e.AsIdent(), loop: loopOf(e.(ast.NavigableExpr))}
		return c, x.scope.env.types.ofDocument(x.typeOf(e))
	case ast.SelectKind:
		s := e.AsSelect()
		c, ok = x.keysOf(s.Operand())
		c.has = s.IsTestOnly()
		return c.to(s.FieldName(), c.has), ok
	case ast.CallKind:
		f, args := e.AsCall().FunctionName(), e.AsCall().Args()
		optional := f == operators.OptSelect || f == operators.OptIndex
		if !optional && f != operators.Index {
			break
		}
		key, constant := literalString(args[1])
		c, ok = x.keysOf(args[0])
		return c.to(key, optional), ok && constant
	}
	return chain{}, false
}

// to returns c with a further key. A key after one that may be absent may be absent.
func (c chain) to(key string, optional bool) chain {
	if !optional && c.must == len(c.keys) {
		c.must++
	}
	c.keys = append(c.keys, key)
	return c
}

// constantOf returns the value of a constant or an empty list, or nil.
func constantOf(e ast.Expr) ref.Val {
	switch {
	case e.Kind() == ast.LiteralKind:
		return e.AsLiteral()
	case e.Kind() == ast.ListKind && e.AsList().Size() == 0:
		return types.NewRefValList(types.DefaultTypeAdapter, nil)
	}
	return nil
}

// chainRead is the node that reads a chain.
type chainRead struct {
	interpreter.InterpretableV2 // cel-go's node for the same
	chain
	m    *Machine
	loop *loop // whose element root is, or nil
}

// found is the outcome of following a chain.
type found int8

const (
	fallback found = iota // cel-go's node decides
	absent                // absent or null where it may be
	present
)

// find follows the keys. A chain without keys leads to an element of a list, which is
// present even if it is null.
func (c *chainRead) find(frame *interpreter.ExecutionFrame) (asset.Value, found) {
	var v asset.Value
	if c.loop != nil && c.loop.running {
		v = c.loop.element
	} else {
		root, _ := frame.ResolveName(c.root)
		o, ok := root.(*object)
		if !ok || o.at != nil {
			return v, fallback
		}
		v = o.v
	}
	for i, key := range c.keys {
		// An absent document is an empty map. A null element of a list is none.
		if k := v.Kind(); k != asset.Map && k != asset.Absent {
			return v, fallback
		}
		if v = v.Get(key); v.IsAbsent() {
			if i < c.must {
				return v, fallback
			}
			return v, absent
		}
	}
	if v.Kind() == asset.UnreadPart {
		return v, fallback
	}
	return v, present
}

// Exec implements interpreter.InterpretableV2.
func (c *chainRead) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	v, found := c.find(frame)
	switch {
	case found == fallback:
	case c.has:
		return types.Bool(found == present)
	case found == present:
		x, _ := c.m.run.wrap(v, nil)
		return x
	case c.otherwise != nil:
		return c.otherwise
	}
	return c.InterpretableV2.Exec(frame)
}

// Eval implements interpreter.Interpretable.
func (c *chainRead) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, c.Exec)
}
