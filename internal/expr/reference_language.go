package expr

// operatorSymbols are the operators by the names of their functions. [Env.Functions]
// has one entry for a symbol.
var operatorSymbols = map[string]string{
	"!_": "!", "-_": "-", "_-_": "-", "_%_": "%", "_&&_": "&&", "_*_": "*", "_+_": "+", "_/_": "/", "_<_": "<", "_<=_": "<=",
	"_==_": "==", "_>_": ">", "_>=_": ">=", "_!=_": "!=", "_?_:_": "?:", "_[_]": "[]", "_[?_]": "[?]", "_?._": ".?", "_||_": "||", "@in": "in",
}

func operator(symbol, group, doc, example, result string, signatures ...string) Function {
	return Function{symbol, "operator", group, signatures, doc, example, result}
}

var operatorDocs = []Function{
	operator("&&", "Logic", "True if both operands are true; false as soon as one is false, even if the other is unknown.", "true && false", "false", "bool && bool -> bool"),
	operator("||", "Logic", "True as soon as one operand is true, even if the other is unknown.", "false || true", "true", "bool || bool -> bool"),
	operator("!", "Logic", "True if the operand is false.", "!false", "true", "!bool -> bool"),
	operator("?:", "Logic", "The second operand if the first is true, else the third.", "2 > 1 ? 'more' : 'less'", `"more"`, "bool ? A : A -> A"),
	operator("==", "Comparison", "Whether the operands are equal; numbers of different types compare by value.", "[1, 2] == [1, 2]", "true", "A == A -> bool"),
	operator("!=", "Comparison", "Whether the operands differ.", "'a' != 'A'", "true", "A != A -> bool"),
	operator("<", "Comparison", "Whether the first operand is less.", "1 < 2", "true", "A < A -> bool"),
	operator("<=", "Comparison", "Whether the first operand is less than or equal to the second.", "2 <= 2", "true", "A <= A -> bool"),
	operator(">", "Comparison", "Whether the first operand is greater.", "duration('2h') > duration('90m')", "true", "A > A -> bool"),
	operator(">=", "Comparison", "Whether the first operand is greater than or equal to the second.", "'b' >= 'a'", "true", "A >= A -> bool"),
	operator("in", "Comparison", "Whether a list contains an element or a map contains a key.", "'b' in ['a', 'b']", "true", "A in list(A) -> bool", "A in map(A, B) -> bool"),
	operator("+", "Arithmetic", "The sum of numbers, of times and durations, or the concatenation of strings, bytes or lists.", "[1] + [2]", "[1,2]",
		"int + int -> int", "uint + uint -> uint", "double + double -> double", "string + string -> string", "bytes + bytes -> bytes", "list(A) + list(A) -> list(A)",
		"duration + duration -> duration", "timestamp + duration -> timestamp", "duration + timestamp -> timestamp"),
	operator("-", "Arithmetic", "The difference, or with one operand the negative.", "5 - 7", "-2",
		"int - int -> int", "uint - uint -> uint", "double - double -> double", "duration - duration -> duration", "timestamp - duration -> timestamp",
		"timestamp - timestamp -> duration", "-int -> int", "-double -> double"),
	operator("*", "Arithmetic", "The product.", "3 * 4", "12", "int * int -> int", "uint * uint -> uint", "double * double -> double"),
	operator("/", "Arithmetic", "The quotient; that of integers is truncated.", "7 / 2", "3", "int / int -> int", "uint / uint -> uint", "double / double -> double"),
	operator("%", "Arithmetic", "The remainder of the division of integers.", "7 % 2", "1", "int % int -> int", "uint % uint -> uint"),
	operator("[]", "Access", "The element of a list at an index, or the value of a map at a key; an error if there is none.", "[1, 2][1]", "2", "list(A)[int] -> A", "map(A, B)[A] -> B"),
	operator("[?]", "Access", "The element or value as an optional, which is empty if there is none.", "[1, 2][?5].orValue(0)", "0", "list(A)[?int] -> optional(A)", "map(A, B)[?A] -> optional(B)"),
	operator(".?", "Access", "A field as an optional, which is empty if the field or the object is absent.", "{'a': {'b': 1}}.?c.?b.orValue(7)", "7", "object.?field -> optional(A)"),
}

func macro(name, group, doc, example, result string, signatures ...string) Function {
	return Function{name, "macro", group, signatures, doc, example, result}
}

var macroDocs = []Function{
	macro("has", "Access", "Whether a field is present.", "has({'a': 1}.b)", "false", "has(object.field) -> bool"),
	macro("all", "Elements", "Whether a condition holds for all elements of a list or keys of a map.", "[1, 2].all(x, x > 0)", "true",
		"list(A).all(x, bool) -> bool", "map(A, B).all(key, bool) -> bool", "list(A).all(index, x, bool) -> bool", "map(A, B).all(key, value, bool) -> bool"),
	macro("exists", "Elements", "Whether a condition holds for at least one element of a list or key of a map.", "{'a': 1, 'b': 2}.exists(k, v, v == 2)", "true",
		"list(A).exists(x, bool) -> bool", "map(A, B).exists(key, bool) -> bool", "list(A).exists(index, x, bool) -> bool", "map(A, B).exists(key, value, bool) -> bool"),
	macro("exists_one", "Elements", "Whether a condition holds for exactly one element.", "[1, 2].exists_one(x, x > 1)", "true",
		"list(A).exists_one(x, bool) -> bool", "map(A, B).exists_one(key, bool) -> bool", "list(A).exists_one(index, x, bool) -> bool", "map(A, B).exists_one(key, value, bool) -> bool"),
	macro("existsOne", "Elements", "The form of exists_one with two variables.", "['a', 'b'].existsOne(i, x, i == 0)", "true",
		"list(A).existsOne(index, x, bool) -> bool", "map(A, B).existsOne(key, value, bool) -> bool"),
	macro("filter", "Elements", "The elements of a list, or the keys of a map, for which a condition holds.", "[1, 2, 3].filter(x, x > 1)", "[2,3]",
		"list(A).filter(x, bool) -> list(A)", "map(A, B).filter(key, bool) -> list(A)"),
	macro("map", "Elements", "The results of an expression for the elements, or for those for which a condition holds.", "[1, 2].map(x, x * 10)", "[10,20]",
		"list(A).map(x, B) -> list(B)", "list(A).map(x, bool, B) -> list(B)", "map(A, B).map(key, C) -> list(C)"),
	macro("transformList", "Elements", "The results of an expression for indexes and elements, or keys and values, as a list.", "['a', 'b'].transformList(i, x, i > 0, x)", `["b"]`,
		"list(A).transformList(index, x, B) -> list(B)", "map(A, B).transformList(key, value, C) -> list(C)", "list(A).transformList(index, x, bool, B) -> list(B)"),
	macro("transformMap", "Elements", "A map with the same keys, or indexes, and the results of an expression.", "{'a': 1, 'b': 2}.transformMap(k, v, v > 1, v * 10)", `{"b":20}`,
		"map(A, B).transformMap(key, value, C) -> map(A, C)", "list(A).transformMap(index, x, B) -> map(int, B)", "map(A, B).transformMap(key, value, bool, C) -> map(A, C)"),
	macro("transformMapEntry", "Elements", "A map of the entries that an expression makes, whose keys must differ.", "['a', 'b'].transformMapEntry(i, x, {x: i})", `{"a":0,"b":1}`,
		"list(A).transformMapEntry(index, x, map(B, C)) -> map(B, C)", "map(A, B).transformMapEntry(key, value, map(C, D)) -> map(C, D)", "list(A).transformMapEntry(index, x, bool, map(B, C)) -> map(B, C)"),
	macro("sortBy", "Lists", "The elements of a list in the order of an expression of each.", "['bb', 'a'].sortBy(x, x.size())", `["a","bb"]`, "list(A).sortBy(x, B) -> list(A)"),
	macro("optMap", "Optional values", "The result of an expression of the value as an optional, empty if there is no value.", "optional.of(2).optMap(x, x * 10).orValue(0)", "20", "optional(A).optMap(x, B) -> optional(B)"),
	macro("optFlatMap", "Optional values", "The result of an expression of the value, which is an optional itself; empty if there is no value.", "optional.of({'a': 1}).optFlatMap(x, x[?'b']).hasValue()", "false", "optional(A).optFlatMap(x, optional(B)) -> optional(B)"),
	macro("cel.bind", "Logic", "An expression with a variable that stands for another, evaluated once.", "cel.bind(x, 2 + 3, x * x)", "25", "cel.bind(x, A, B) -> B"),
	macro("math.least", "Math", "The least of numbers, or of a list of them.", "math.least(3, 1, 2)", "1", "math.least(number, ...) -> number", "math.least(list(number)) -> number"),
	macro("math.greatest", "Math", "The greatest of numbers, or of a list of them.", "math.greatest([3, 1, 2])", "3", "math.greatest(number, ...) -> number", "math.greatest(list(number)) -> number"),
	macro("age", "Time", "The time from an instant to now: a timestamp, a string (RFC 3339 or a date), or seconds since 1970.", "age(now - days(3)) == days(3)", "true",
		"age(timestamp) -> duration", "age(string) -> duration", "age(int) -> duration"),
}
