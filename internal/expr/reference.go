package expr

import (
	"slices"
	"strings"
)

// Function documents an operator, macro, function or lookup of an environment.
type Function struct {
	Name       string // as expressions spell it; of an operator, the symbol
	Kind       string // "operator", "macro", "function" or "lookup"
	Group      string // what it is about: "Strings"
	Signatures []string
	Doc        string // one sentence
	Example    string // an expression
	Result     string // of Example, as [Text] writes it
}

// Functions returns everything that expressions of the environment can call, by group.
func (e *Env) Functions() []Function {
	all := slices.Concat(operatorDocs, macroDocs, functionDocs, helperDocs)
	for _, l := range e.lookups {
		all = append(all, Function{l.Name, "lookup", "Other assets", []string{l.signature()}, l.Doc, l.Example, l.Result})
	}
	for i := range all {
		if all[i].Signatures == nil {
			all[i].Signatures = e.signatures(all[i].Name)
		}
	}
	return all
}

// signatures returns those of the overloads of a function.
func (e *Env) signatures(name string) []string {
	f, ok := e.base.Functions()[name]
	if !ok {
		return nil
	}
	var all []string
	for _, overload := range f.Documentation().Children {
		all = append(all, signatureText.Replace(overload.Signature))
	}
	return all
}

// signatureText writes types as this project does.
var signatureText = strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration",
	"optional_type(", "optional(", "<", "", ">", "", " -> ", " -> ", "net.CIDR", "CIDR", "net.IP", "IP")

func (l *Lookup) signature() string {
	if l.Answer != nil {
		return l.Signature
	}
	if l.Relation {
		return l.Name + "('relation', 'Type') -> list(Type)"
	}
	return l.Name + "('Type') -> list(Type)"
}

// names returns the functions and macros that the environment has, without those
// that macros and operators expand to.
func (e *Env) names() []string {
	var names []string
	add := func(name string) {
		first := name[0]
		if name != "in" && !strings.Contains(name, "@") && (first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z') {
			names = append(names, name)
		}
	}
	for name := range e.base.Functions() {
		add(name)
	}
	for _, m := range e.base.Macros() {
		add(macroName(m.Function()))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// macroName returns the name with which a macro is called: those of the namespaces of
// extensions are declared without it.
func macroName(name string) string {
	if space, ok := macroSpaces[name]; ok {
		return space + "." + name
	}
	for _, f := range helpers {
		if f.isTimed() && strings.HasSuffix(f.name, "."+name) {
			return f.name[1:]
		}
	}
	return name
}

var macroSpaces = map[string]string{"bind": "cel", "least": "math", "greatest": "math"}

// operators returns the symbols of the operators. A function that is neither one nor
// known to be internal stands by itself.
func (e *Env) operators() []string {
	var symbols []string
	for name := range e.base.Functions() {
		symbol, ok := operatorSymbols[name]
		switch {
		case ok:
			symbols = append(symbols, symbol)
		case strings.ContainsRune("@_!-", rune(name[0])) && !slices.Contains(internalFunctions, name) && !isHelper(name) && !e.isLookup(name):
			symbols = append(symbols, name)
		}
	}
	slices.Sort(symbols)
	return slices.Compact(symbols)
}

// internalFunctions are those that macros expand to, and old names of operators.
var internalFunctions = []string{"@not_strictly_false", "__not_strictly_false__", "@sortByAssociatedKeys", "_in_"}

func isHelper(name string) bool {
	return slices.ContainsFunc(helpers, func(f helper) bool { return f.name == name })
}
