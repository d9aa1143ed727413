package expr

import (
	"strings"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"go.yaml.in/yaml/v3"
)

// A charge charges the sizes of the arguments of a function, and of its result where the
// function makes a value, before the function is called.
type charge func(b *Budget, args []ref.Val)

// work is what a function costs beside the operation of its node.
type work struct {
	charge charge                                   // nil: the sizes of the arguments do not matter
	call   func(m *Machine, args []ref.Val) ref.Val // in place of cel-go's function; nil as a result or here: cel-go's
	result bool                                     // the string that it returns is charged as well
}

// fixed is the work of functions that take the same time for all arguments, and of
// operators that the plan charges: comparisons, conditions, keys and indexes.
var fixed = work{}

// works is the work of all functions and operators, by their names.
var works = map[string]work{
	"!_": fixed, "_&&_": fixed, "_||_": fixed, "_?_:_": fixed, "@not_strictly_false": fixed, "__not_strictly_false__": fixed,
	"_[_]": fixed, "_[?_]": fixed, "_?._": fixed,
	"_==_": fixed, "_!=_": fixed,
	"-_": fixed, "_-_": fixed, "_*_": fixed, "_/_": fixed, "_%_": fixed,
	"_<_": {charge: shorter}, "_<=_": {charge: shorter}, "_>_": {charge: shorter}, "_>=_": {charge: shorter},
	"@in": {charge: texts, call: in}, "_in_": {charge: texts, call: in}, "in": {charge: texts, call: in},
	"_+_": {charge: sum, call: concatenate},

	"dyn": fixed, "type": fixed, "size": {charge: texts},
	"bool": {charge: texts}, "int": {charge: texts}, "uint": {charge: texts}, "double": {charge: texts},
	"timestamp": {charge: texts}, "duration": {charge: texts},
	"string": {charge: copied}, "bytes": {charge: copied},
	"getFullYear": {charge: zone}, "getMonth": {charge: zone}, "getDate": {charge: zone}, "getDayOfMonth": {charge: zone},
	"getDayOfWeek": {charge: zone}, "getDayOfYear": {charge: zone}, "getHours": {charge: zone}, "getMinutes": {charge: zone},
	"getSeconds": {charge: zone}, "getMilliseconds": {charge: zone},
	"@age": {charge: texts}, "days": fixed,

	"optional.of": fixed, "optional.none": fixed, "optional.ofNonZeroValue": fixed, "optional.unwrap": {charge: elements},
	"unwrapOpt": {charge: elements}, "or": fixed, "orValue": fixed, "value": fixed, "hasValue": fixed,

	"contains": {charge: texts}, "startsWith": {charge: shorter}, "endsWith": {charge: shorter},
	"charAt": {charge: runes}, "substring": {charge: runes}, "indexOf": {charge: product}, "lastIndexOf": {charge: product},
	"lowerAscii": {charge: copied}, "upperAscii": {charge: copied}, "trim": {charge: copied}, "strings.quote": {charge: doubled},
	"reverse": {charge: reversed}, "replace": {charge: replaced}, "split": {charge: split}, "join": {charge: joined},
	"format": {charge: formatted, result: true},

	"matches": {call: matches}, "regex.extract": {call: extract}, "regex.extractAll": {call: extractAll}, "regex.replace": {call: replaceMatches},

	"base64.encode": {charge: doubled}, "base64.encodeUrl": {charge: doubled}, "base64.decode": {charge: copied}, "base64.decodeUrl": {charge: copied},
	"json.encode": {charge: encoded, call: encodeJSON}, "yaml.encode": {charge: encoded, call: encodeYAML},
	"json.parse": {charge: parsedJSON}, "yaml.parse": {charge: parsedYAML},

	"slice": {charge: elements}, "first": fixed, "last": fixed, "lists.range": {charge: ranged},
	"flatten": {call: flatten}, "distinct": {call: distinct}, "sort": {call: sortList}, "@sortByAssociatedKeys": {call: sortBy},
	"hasAll": {call: containsAll}, "sets.contains": {call: containsAll}, "hasAny": {call: containsAny}, "sets.intersects": {call: containsAny},
	"hasExactly": {call: containsExactly}, "sets.equivalent": {call: containsExactly}, "hasOnly": {call: containsOnly},
	"cel.@mapInsert": {charge: inserted, call: insertAll}, "cel.@block": fixed,

	"math.@max": {charge: elements}, "math.@min": {charge: elements},
	"math.abs": fixed, "math.ceil": fixed, "math.floor": fixed, "math.round": fixed, "math.trunc": fixed,
	"math.sign": fixed, "math.sqrt": fixed, "math.isFinite": fixed, "math.isInf": fixed, "math.isNaN": fixed,
	"math.bitAnd": fixed, "math.bitOr": fixed, "math.bitXor": fixed, "math.bitNot": fixed,
	"math.bitShiftLeft": fixed, "math.bitShiftRight": fixed,

	"ip": {charge: texts}, "isIP": {charge: texts}, "ip.isCanonical": {charge: texts}, "cidr": {charge: texts}, "isCIDR": {charge: texts},
	"containsIP": {charge: texts}, "containsCIDR": {charge: texts},
	"family": fixed, "isGlobalUnicast": fixed, "isLinkLocalMulticast": fixed, "isLinkLocalUnicast": fixed,
	"isLoopback": fixed, "isUnspecified": fixed, "prefixLength": fixed, "masked": fixed, "isMask": fixed,
}

// workOf returns the work of a function, and whether it is known. Helpers walk their
// arguments; lookups charge what they find themselves.
func (e *Env) workOf(function string) (work, bool) {
	if w, ok := works[function]; ok {
		return w, true
	}
	for _, h := range helpers {
		if h.name == function {
			return work{charge: judged}, true
		}
	}
	return fixed, e.isLookup(function)
}

// overloads returns the functions that x calls and that charge the machine's budget.
func (m *Machine) overloads(x *Expr) []*functions.Overload {
	var all []*functions.Overload
	for name := range x.plan.functions {
		w, _ := x.scope.env.workOf(name)
		if w.charge == nil && w.call == nil {
			continue
		}
		for _, o := range x.scope.env.bindings[name] {
			all = append(all, m.charging(o, w))
		}
	}
	return all
}

func (m *Machine) charging(o *functions.Overload, w work) *functions.Overload {
	charging := *o
	if f := o.Unary; f != nil {
		charging.Unary = func(v ref.Val) ref.Val {
			m.args[0] = v
			if made := m.before(&w, m.args[:1]); made != nil {
				return made
			}
			return m.after(&w, f(v))
		}
	}
	if f := o.Binary; f != nil {
		charging.Binary = func(l, r ref.Val) ref.Val {
			m.args[0], m.args[1] = l, r
			if made := m.before(&w, m.args[:2]); made != nil {
				return made
			}
			return m.after(&w, f(l, r))
		}
	}
	if f := o.Function; f != nil {
		charging.Function = func(args ...ref.Val) ref.Val {
			if made := m.before(&w, args); made != nil {
				return made
			}
			return m.after(&w, f(args...))
		}
	}
	return &charging
}

// before charges a call, and returns its result if it is not cel-go that makes it.
func (m *Machine) before(w *work, args []ref.Val) ref.Val {
	if w.charge != nil {
		w.charge(&m.run.budget, args)
	}
	if w.call != nil {
		return w.call(m, args)
	}
	return nil
}

// after charges a result of cel-go.
func (m *Machine) after(w *work, v ref.Val) ref.Val {
	if w.result {
		m.run.budget.Make(int64(textLen(v)))
	}
	return v
}

// texts charges the strings among the arguments.
func texts(b *Budget, args []ref.Val) {
	for _, a := range args {
		b.Read(textLen(a))
	}
}

// shorter charges the shorter of two strings.
func shorter(b *Budget, args []ref.Val) {
	if len(args) == 2 {
		b.Read(min(textLen(args[0]), textLen(args[1])))
	}
}

// runes charges a string that is read by characters, in memory of its own.
func runes(b *Budget, args []ref.Val) { b.Read(4 * textLen(args[0])) }

// product charges the search for a string at every place of another.
func product(b *Budget, args []ref.Val) {
	n := int64(textLen(args[0]))
	b.Work(times(n, int64(textLen(args[1]))+4) / bytesPerOperation)
}

// copied charges a copy of the string.
func copied(b *Budget, args []ref.Val) { b.Make(int64(textLen(args[0]))) }

// doubled charges a string of up to twice the length.
func doubled(b *Budget, args []ref.Val) { b.Make(2 * int64(textLen(args[0]))) }

// elements charges the elements of lists.
func elements(b *Budget, args []ref.Val) {
	for _, a := range args {
		n := lengthOf(a)
		b.Work(n)
		b.Make(n * elementSize)
	}
}

// zone charges the file of a time zone.
func zone(b *Budget, args []ref.Val) {
	if len(args) == 2 {
		b.Work(lookEvery)
	}
}

func reversed(b *Budget, args []ref.Val) {
	copied(b, args)
	elements(b, args)
}

// sum charges the concatenation of strings.
func sum(b *Budget, args []ref.Val) {
	if n := textLen(args[0]); n > 0 {
		b.Make(int64(n + textLen(args[1])))
	}
}

func replaced(b *Budget, args []ref.Val) {
	s, old, new := stringOf(args[0]), stringOf(args[1]), stringOf(args[2])
	b.Read(len(s))
	b.Make(int64(len(s)) + times(int64(strings.Count(s, old)), int64(len(new))))
}

func split(b *Budget, args []ref.Val) {
	s := stringOf(args[0])
	b.Read(len(s))
	b.Make(elementSize * int64(strings.Count(s, stringOf(args[1]))+1))
}

func joined(b *Budget, args []ref.Val) {
	n := lengthOf(args[0])
	if len(args) == 2 {
		b.Make(times(n, int64(textLen(args[1]))))
	}
	b.Make(b.walk(args[0], 1).text)
}

// formatted makes room for the strings of all arguments; a number takes up to 512 bytes.
func formatted(b *Budget, args []ref.Val) {
	s := b.walk(args[1], 1)
	b.Fit(int64(textLen(args[0])) + 6*s.text + 512*s.nodes)
}

// encoded makes room for strings in which every byte is escaped, and for lines that are
// indented by their depth.
func encoded(b *Budget, args []ref.Val) {
	s := b.walk(args[0], 1)
	b.Work(s.nodes)
	b.Fit(6*s.text + times(s.nodes, 32+4*s.depth))
}

// parsedJSON charges a value of eight bytes for a byte of JSON.
func parsedJSON(b *Budget, args []ref.Val) { b.Make(8 * int64(textLen(args[0]))) }

// parsedYAML charges what the aliases of the document expand to as well.
func parsedYAML(b *Budget, args []ref.Val) {
	s := stringOf(args[0])
	b.Make(16 * int64(len(s)))
	var node yaml.Node
	if strings.ContainsRune(s, '*') && yaml.Unmarshal([]byte(s), &node) == nil {
		b.expand(&node)
	}
}

func (b *Budget) expand(n *yaml.Node) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	b.Work(1)
	b.Make(entrySize + int64(len(n.Value)))
	for _, child := range n.Content {
		b.expand(child)
	}
}

func ranged(b *Budget, args []ref.Val) {
	if n, ok := args[0].(types.Int); ok && n > 0 {
		b.Make(min(int64(n), maxRange) * elementSize)
	}
}

// inserted charges an entry of a map that a loop builds, and all entries of one that is
// copied.
func inserted(b *Budget, args []ref.Val) {
	n := int64(1)
	if _, ok := args[0].(traits.MutableMapper); !ok {
		n += lengthOf(args[0])
	}
	if len(args) == 2 {
		n += lengthOf(args[1])
	}
	b.Work(n)
	b.Make(n * entrySize)
}

// judged charges documents that a helper judges: it looks at their parts several times.
func judged(b *Budget, args []ref.Val) {
	for _, a := range args {
		s := b.walk(a, 4)
		if _, document := a.(*object); !document {
			b.Make(s.nodes*elementSize + s.text)
		}
	}
}

func stringOf(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}
