package expr

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/openstance/stance/internal/printable"
)

// Expr is a compiled expression. It is immutable and may be shared.
type Expr struct {
	Source string
	Type   *cel.Type
	scope  *Scope
	ast    *cel.Ast
	plan   planInfo
	pass   pass
}

// Compile parses and checks a source, and returns the expression or all diagnostics.
// The result must be of type want, or dynamic; nil allows any.
func (s *Scope) Compile(source string, want *cel.Type) (*Expr, []Diagnostic) {
	s.env.types.misses = nil
	if len(source) > MaxSource {
		return nil, []Diagnostic{{-1, fmt.Sprintf("expression of %d bytes, more than %d", len(source), MaxSource), ""}}
	}
	d := &diagnoser{scope: s, text: common.NewTextSource(source)}
	parsed, iss := s.cel.ParseSource(d.text)
	if iss.Err() != nil {
		d.syntax(iss.Errors())
		return nil, d.found
	}
	d.parsed = parsed.NativeRep()
	d.lookups()
	checked, iss := s.cel.Check(parsed)
	if iss.Err() != nil {
		d.check(iss.Errors())
	}
	if d.found != nil {
		return nil, d.found
	}
	x := &Expr{Source: source, Type: checked.OutputType(), scope: s, ast: checked}
	if want != nil && !want.IsAssignableType(x.Type) && x.Type.Kind() != types.DynKind {
		d.add(x.root().ID(), fmt.Sprintf("is of type %s, not %s", cel.FormatCELType(x.Type), cel.FormatCELType(want)))
	}
	for _, g := range x.unguarded() {
		if d.full() {
			break
		}
		d.add(g.id, g.what)
	}
	if cost := s.env.costOf(x.root()); cost > MaxCost {
		d.add(x.root().ID(), fmt.Sprintf("takes %.0f steps for lists of %d elements, more than %d: use fewer nested comprehensions",
			cost, assumedList, MaxCost))
	}
	if d.found != nil {
		return nil, d.found
	}
	x.plan, x.pass = planOf(x), passOf(x.root())
	if _, err := NewMachine(Limits{}).program(x); err != nil { // an invalid constant: a pattern, a number
		d.add(x.root().ID(), err.Error())
		return nil, d.found
	}
	return x, nil
}

func (x *Expr) root() ast.Expr        { return x.ast.NativeRep().Expr() }
func (x *Expr) info() *ast.SourceInfo { return x.ast.NativeRep().SourceInfo() }

func (x *Expr) typeOf(e ast.Expr) *types.Type { return x.ast.NativeRep().GetType(e.ID()) }

// lookups resolves the lookups of the parsed expression.
func (d *diagnoser) lookups() {
	calls := d.parsed.SourceInfo().MacroCalls()
	ast.PostOrderVisit(d.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		call, ok := d.scope.env.lookupOf(e)
		if !ok || d.full() {
			return
		}
		var relation, typ error
		switch {
		case d.scope.resolve != nil:
			relation, typ = d.scope.resolve(call)
		case !d.scope.env.types.has(string(call.Type)):
			typ = fmt.Errorf("unknown type '%s'", call.Type)
			d.skip = append(d.skip, string(call.Type))
		}
		// The macro's own arguments have the places that its expansion lacks.
		written := slices.Clone(calls[e.ID()].AsCall().Args())
		if relation != nil {
			d.add(written[0].ID(), relation.Error())
		}
		if typ != nil {
			d.add(written[len(written)-1].ID(), typ.Error())
		}
	}))
}

// Diagnostic is something wrong with an expression.
type Diagnostic struct {
	Offset  int    // bytes before it in the source, or -1
	Message string // one line
	Snippet string // the line of the source with a caret under the place
}

// diagnosticAt returns a diagnostic for a place in a source.
func diagnosticAt(text common.Source, loc common.Location, message string) Diagnostic {
	d := Diagnostic{Offset: -1, Message: printable.Short(message)}
	if loc == nil || loc.Line() < 1 || loc.Column() < 0 { // what a macro made may have no place
		return d
	}
	line, ok := text.Snippet(loc.Line())
	if !ok {
		return d
	}
	offset := 0
	for i := 1; i < loc.Line(); i++ {
		before, _ := text.Snippet(i)
		offset += len(before) + 1
	}
	runes := []rune(line)
	column := min(loc.Column(), len(runes))
	d.Offset = offset + len(string(runes[:column]))
	d.Snippet = snippet(runes, column)
	return d
}

// maxSnippet is the number of characters of a line in a diagnostic.
const maxSnippet = 200

// snippet returns the part of a line around a column with a caret under the column. Every
// character keeps its place: those that may not be printed have a sign in theirs.
func snippet(line []rune, column int) string {
	from := 0
	if len(line) > maxSnippet {
		from = min(max(0, column-maxSnippet/2), len(line)-maxSnippet)
		line = line[from : from+maxSnippet]
	}
	shown := make([]rune, len(line))
	for i, r := range line {
		switch {
		case r == '\t':
			shown[i] = ' '
		case !printable.Rune(r):
			shown[i] = utf8.RuneError
		default:
			shown[i] = r
		}
	}
	return string(shown) + "\n" + strings.Repeat(" ", column-from) + "^"
}
