package expr

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"

	"github.com/openstance/stance/internal/nearest"
)

// diagnoser collects the diagnostics of one source.
type diagnoser struct {
	scope  *Scope
	text   common.Source
	parsed *ast.AST
	skip   []string // names that were reported already
	found  []Diagnostic
}

func (d *diagnoser) add(id int64, message string) {
	d.found = append(d.found, diagnosticAt(d.text, d.parsed.SourceInfo().GetStartLocation(id), message))
}

// maxDiagnostics is how many diagnostics an expression has at most.
const maxDiagnostics = 100

// full reports whether no further diagnostic is wanted.
func (d *diagnoser) full() bool { return len(d.found) > maxDiagnostics }

// syntax adds the errors of the parser.
func (d *diagnoser) syntax(errs []*common.Error) {
	for _, err := range errs {
		if d.full() {
			return
		}
		d.found = append(d.found, diagnosticAt(d.text, err.Location, err.Message))
	}
}

// check adds the errors of the checker, with the nearest name for unknown ones.
func (d *diagnoser) check(errs []*common.Error) {
	errs = errs[:min(len(errs), maxDiagnostics)]
	unknown := map[int64]string{} // names by the ids of their expressions
	for _, err := range errs {
		if name, ok := quoted(err.Message, "undeclared reference to '"); ok {
			unknown[err.ExprID] = name
		}
	}
	calls := d.unknownCalls(unknown)
	for _, err := range errs {
		message, loc := err.Message, err.Location
		if field, ok := quoted(message, "undefined field '"); ok {
			message += d.scope.env.types.suggest(field)
		}
		if name, ok := unknown[err.ExprID]; ok {
			if call, ok := calls[err.ExprID]; ok {
				message = "unknown function '" + call + "'" + DidYouMean(call, d.scope.env.names())
				loc = d.beginning(loc, call)
				name = call + "()"
			} else {
				message = "unknown variable '" + name + "'" + DidYouMean(name, d.scope.names())
			}
			if slices.Contains(d.skip, name) {
				continue
			}
			d.skip = append(d.skip, name)
		}
		d.found = append(d.found, diagnosticAt(d.text, loc, message))
	}
}

// unknownCalls returns the names of the calls among unknown names. The checker reports
// the namespace of a function as a variable, and what a mistyped macro binds: both are
// skipped.
func (d *diagnoser) unknownCalls(unknown map[int64]string) map[int64]string {
	calls := map[int64]string{}
	ast.PostOrderVisit(d.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		name, ok := unknown[e.ID()]
		if !ok || e.Kind() != ast.CallKind {
			return
		}
		call := e.AsCall()
		if call.IsMemberFunction() {
			space := pathText(call.Target())
			root, _, _ := strings.Cut(space, ".")
			full := space + "." + name
			functions := d.scope.env.names()
			inSpace := func(f string) bool { return strings.HasPrefix(f, space+".") }
			if space != "" && slices.Contains(slices.Collect(maps.Values(unknown)), root) && (slices.ContainsFunc(functions, inSpace) || nearest.Name(full, functions) != "") {
				name = full
				d.skip = append(d.skip, root)
			}
		}
		calls[e.ID()] = name
		if len(call.Args()) > 1 {
			for _, a := range call.Args()[:len(call.Args())-1] {
				if a.Kind() == ast.IdentKind && unknown[a.ID()] != "" {
					d.skip = append(d.skip, a.AsIdent())
				}
			}
		}
	}))
	return calls
}

// beginning returns where a call begins whose opening parenthesis is at loc.
func (d *diagnoser) beginning(loc common.Location, name string) common.Location {
	line, ok := d.text.Snippet(loc.Line())
	runes := []rune(line)
	if !ok || loc.Column() < 0 || loc.Column() > len(runes) {
		return loc
	}
	before, found := strings.CutSuffix(strings.TrimRight(string(runes[:loc.Column()]), " \t"), name)
	if !found {
		return loc
	}
	return common.NewLocation(loc.Line(), len([]rune(before)))
}

// names returns the variables that an expression can name.
func (s *Scope) names() []string {
	names := make([]string, len(s.vars))
	for i, v := range s.vars {
		names[i] = v.Name
	}
	return names
}

// quoted returns what stands in quotes in a message that begins with a prefix.
func quoted(message, prefix string) (string, bool) {
	rest, ok := strings.CutPrefix(message, prefix)
	if !ok {
		return "", false
	}
	name, _, ok := strings.Cut(rest, "'")
	return name, ok
}

// DidYouMean returns what a message about an unknown name adds: the nearest one.
func DidYouMean(name string, names []string) string {
	if near := nearest.Name(name, names); near != "" {
		return fmt.Sprintf("; did you mean '%s'?", near)
	}
	return ""
}
