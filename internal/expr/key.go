package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"cel.dev/cel-go/interpreter"
)

// A filter over what a lookup finds is decided for most elements by conditions that do not
// depend on the subject, and by comparisons of a string of the element with one that does
// not depend on the element. The first are the same for all subjects, and the strings of
// elements too, so that a lookup can keep an index of them. Elements that the index rules
// out make a condition of the filter false, whatever the others are.

// Key is the part of a filter that an index can decide.
type Key struct {
	x          *Expr
	call       LookupCall
	element    string        // the variable that stands for an element
	conditions []ast.Expr    // on the element alone
	equal      []equalString // comparisons with strings that do not depend on the element
}

// equalString is "of == with" or, if in, "of in with".
type equalString struct {
	of, with ast.Expr
	in       bool
}

// Keyed is a filter over what a lookup finds.
type Keyed struct {
	Key *Key // the same for all evaluations of an expression
	// Values are the keys of elements for which the filter may be true.
	Values []string
	// Others is how many of the other elements are wanted as well, to show them.
	Others int
	// Of returns the key of an element. An element that is not possible makes the filter
	// false for every subject. The key of one that is not known may be any.
	Of func(element ref.Val) (key string, known, possible bool)
}

// keyOf returns the part of the filter of a comprehension that an index can decide, or nil.
func (x *Expr) keyOf(c ast.ComprehensionExpr) *Key {
	call, ok := x.scope.env.lookupOf(c.IterRange())
	if !ok || call.Lookup.FindKeyed == nil || c.HasIterVar2() {
		return nil
	}
	filter, decides, logical := quantifierOf(c)
	if filter == nil || logical && decides != True {
		return nil
	}
	k := &Key{x: x, call: call, element: c.IterVar()}
	k.add(filter, c.AccuVar())
	if len(k.conditions)+len(k.equal) == 0 {
		return nil
	}
	return k
}

// add adds what e consists of, if it must be true.
func (k *Key) add(e ast.Expr, accumulator string) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.LogicalAnd {
		for _, a := range e.AsCall().Args() {
			k.add(a, accumulator)
		}
		return
	}
	free := map[string]bool{}
	freeVars(e, nil, free)
	if free[k.element] && len(free) == 1 {
		k.conditions = append(k.conditions, e)
		return
	}
	if e.Kind() != ast.CallKind || len(e.AsCall().Args()) != 2 {
		return
	}
	args := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.Equals:
		if !k.compares(args[0], args[1], accumulator, false) {
			k.compares(args[1], args[0], accumulator, false)
		}
	case operators.In:
		k.compares(args[0], args[1], accumulator, true)
	}
}

// compares adds a comparison if of depends on the element alone and with does not. There is
// at most one with a list.
func (k *Key) compares(of, with ast.Expr, accumulator string, in bool) bool {
	ofElement, others := map[string]bool{}, map[string]bool{}
	freeVars(of, nil, ofElement)
	freeVars(with, nil, others)
	if !ofElement[k.element] || len(ofElement) != 1 || others[k.element] || others[accumulator] {
		return false
	}
	if in {
		for _, other := range k.equal {
			if other.in {
				return false
			}
		}
	}
	k.equal = append(k.equal, equalString{of, with, in})
	return true
}

// freeVars notes the variables of e but those in bound.
func freeVars(e ast.Expr, bound []string, free map[string]bool) {
	switch e.Kind() {
	case ast.IdentKind:
		for _, b := range bound {
			if b == e.AsIdent() {
				return
			}
		}
		free[e.AsIdent()] = true
	case ast.SelectKind:
		freeVars(e.AsSelect().Operand(), bound, free)
	case ast.CallKind:
		if e.AsCall().IsMemberFunction() {
			freeVars(e.AsCall().Target(), bound, free)
		}
		for _, a := range e.AsCall().Args() {
			freeVars(a, bound, free)
		}
	case ast.ListKind:
		for _, el := range e.AsList().Elements() {
			freeVars(el, bound, free)
		}
	case ast.MapKind:
		for _, entry := range e.AsMap().Entries() {
			freeVars(entry.AsMapEntry().Key(), bound, free)
			freeVars(entry.AsMapEntry().Value(), bound, free)
		}
	case ast.StructKind:
		for _, f := range e.AsStruct().Fields() {
			freeVars(f.AsStructField().Value(), bound, free)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		freeVars(c.IterRange(), bound, free)
		freeVars(c.AccuInit(), bound, free)
		inner := append(bound[:len(bound):len(bound)], c.IterVar(), c.AccuVar())
		if c.HasIterVar2() {
			inner = append(inner, c.IterVar2())
		}
		freeVars(c.LoopCondition(), inner, free)
		freeVars(c.LoopStep(), inner, free)
		freeVars(c.Result(), inner, free)
	}
}

// keyed is the node of a lookup whose elements are filtered.
type keyed struct {
	interpreter.InterpretableV2 // finds all
	d                           *director
	key                         *Key
}

// Exec implements interpreter.InterpretableV2.
func (n *keyed) Exec(frame *interpreter.ExecutionFrame) ref.Val {
	subject, ok := frame.ResolveName(SubjectVar)
	if !ok {
		return n.InterpretableV2.Exec(frame)
	}
	found := n.d.m.findKeyed(n.key, subject, func(e ast.Expr) ref.Val {
		if node := n.d.nodes[e.ID()]; node != nil { // planned after this one, as a part of the filter
			return node.Exec(frame)
		}
		return n.d.m.partOf(n.key.x, e) // an explanation of the lookup alone
	})
	if found == nil {
		return n.InterpretableV2.Exec(frame)
	}
	return found
}

// Eval implements interpreter.Interpretable.
func (n *keyed) Eval(a interpreter.Activation) ref.Val {
	return interpreter.EvalActivation(a, n.Exec)
}

// findKeyed finds the subjects for which a filter may be true, or returns nil if an index
// cannot tell. Value returns the value of a part that elements are compared with.
func (m *Machine) findKeyed(k *Key, subject any, value func(ast.Expr) ref.Val) ref.Val {
	from, ok := subject.(ref.Val)
	if !ok || types.IsUnknownOrError(from) {
		return nil
	}
	values := []string{""}
	for _, e := range k.equal {
		with, ok := m.stringsOf(value(e.with), e.in)
		if !ok {
			return nil
		}
		product := make([]string, 0, len(values)*len(with))
		for _, v := range values {
			for _, s := range with {
				product = append(product, keyText(v, s))
			}
		}
		values = product
	}
	keyed := Keyed{Key: k, Values: values, Of: func(el ref.Val) (string, bool, bool) { return m.keyOf(k, el) }}
	if m.run.track {
		keyed.Others = maxElements
	}
	return k.call.Lookup.FindKeyed(from, k.call.Type, keyed)
}

// keyText appends a string to a key, so that keys of equal strings are equal.
func keyText(key, s string) string { return key + s + "\x00" }

// stringsOf returns a string or, if in, the strings of a list.
func (m *Machine) stringsOf(v ref.Val, in bool) ([]string, bool) {
	if s, ok := v.(types.String); ok && !in {
		return []string{string(s)}, true
	}
	list, ok := v.(traits.Lister)
	if !ok || !in {
		return nil, false
	}
	var all []string
	for it := list.Iterator(); it.HasNext() == types.True; {
		m.run.budget.Work(1)
		s, ok := it.Next().(types.String)
		if !ok {
			return nil, false
		}
		all = append(all, string(s))
	}
	return all, true
}

// keyOf returns the key of an element. What an evaluation for an index reads, and what of
// it is unknown, is not noted.
func (m *Machine) keyOf(k *Key, el ref.Val) (key string, known, possible bool) {
	r := &m.run
	track, unread, objects, lists := r.track, len(r.unread), r.objects.used, r.lists.used
	r.track = false
	m.locals = append(m.locals, local{k.element, el})
	defer func() {
		m.locals = m.locals[:len(m.locals)-1]
		r.track, r.unread, r.objects.used, r.lists.used = track, r.unread[:unread], objects, lists
	}()
	known = true
	for _, e := range k.conditions {
		switch m.partOf(k.x, e) {
		case types.True:
		case types.False:
			return "", true, false
		default:
			known = false
		}
	}
	for _, e := range k.equal {
		s, ok := m.partOf(k.x, e.of).(types.String)
		known = known && ok
		key = keyText(key, string(s))
	}
	return key, known, true
}

// partOf returns the value of a part of x.
func (m *Machine) partOf(x *Expr, e ast.Expr) ref.Val {
	v, err := m.eval(m.part(x, e))
	if err != nil {
		m.run.budget.look() // what ended the part ends the evaluation
		return nil
	}
	return v
}
