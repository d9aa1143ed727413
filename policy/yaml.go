package policy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/internal/yamlfile"
)

// Diagnostic is something wrong with a policy: in a file with a position, or in a Go
// value without one.
type Diagnostic struct {
	File         string // name, or "policy" and its id
	Line, Column int    // from 1; 0 if there is none
	What         string // one line
	Snippet      string // the line of an expression, and under it a caret; may be empty
}

// Error returns "file:line:column: what", and the snippet on lines of its own. Characters
// with an effect on a terminal are escaped.
func (f *Diagnostic) Error() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	s = printable.Line(s + ": " + f.What)
	if f.Snippet != "" {
		s += "\n    " + strings.ReplaceAll(printable.Lines(f.Snippet), "\n", "\n    ")
	}
	return s
}

// position is where something stands in a file.
type position struct {
	line, column int
	node         *yaml.Node
}

// MaxFile is the size of the largest policy file, in bytes.
const MaxFile = 1 << 20

// file is a YAML file that is being read.
type file struct {
	yamlfile.File
	name     string
	source   []byte
	problems []error
}

func newFile(name string, source []byte) *file {
	f := &file{name: name, source: source}
	f.Report = func(line, column int, what string) {
		f.problems = append(f.problems, &Diagnostic{File: name, Line: line, Column: column, What: what})
	}
	return f
}

// document returns the root of the file, or nil with a problem.
func (f *file) document() *yaml.Node { return f.Document(f.source, MaxFile) }

// leadingZero matches digits that YAML takes for a number and that no JSON number has.
var leadingZero = regexp.MustCompile(`^0[0-9]+$`)

// value reads any YAML as a JSON document, in the order of its keys.
func (f *file) value(to *asset.Value) func(*yaml.Node) {
	return func(n *yaml.Node) {
		b, ok := f.json(nil, n, 0)
		if !ok {
			return
		}
		v, err := asset.Parse(b)
		if err != nil {
			f.Problem(n, "%v", err)
			return
		}
		*to = v
	}
}

func (f *file) json(dst []byte, n *yaml.Node, depth int) ([]byte, bool) {
	n = yamlfile.Resolve(n)
	if depth > asset.MaxDepth {
		f.Problem(n, "document is nested too deeply (want at most %d levels)", asset.MaxDepth)
		return dst, false
	}
	if !f.Count(n) {
		return dst, false
	}
	ok := true
	switch n.Kind {
	case yaml.MappingNode:
		dst = append(dst, '{')
		problems := len(f.problems)
		for k, x := range f.Members(n) {
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = quote(dst, k.Value)
			dst = append(dst, ':')
			if dst, ok = f.json(dst, x, depth+1); !ok {
				break
			}
		}
		return append(dst, '}'), ok && len(f.problems) == problems
	case yaml.SequenceNode:
		dst = append(dst, '[')
		for i := 0; i < len(n.Content) && ok; i++ {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst, ok = f.json(dst, n.Content[i], depth+1)
		}
		return append(dst, ']'), ok
	}
	if n.Style == 0 && leadingZero.MatchString(n.Value) {
		return quote(dst, n.Value), true // an account id, which is no octal number
	}
	switch n.Tag {
	case "!!null":
		return append(dst, "null"...), true
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			f.Problem(n, "%v", err)
			return dst, false
		}
		return strconv.AppendBool(dst, b), true
	case "!!int":
		var i int64
		if err := n.Decode(&i); err == nil {
			return strconv.AppendInt(dst, i, 10), true
		}
		var u uint64
		if err := n.Decode(&u); err != nil {
			f.Problem(n, "%v", err)
			return dst, false
		}
		return strconv.AppendUint(dst, u, 10), true
	case "!!float":
		var x float64
		if err := n.Decode(&x); err != nil || x != x || x-x != 0 {
			f.Problem(n, "invalid number %q (want a finite one)", n.Value)
			return dst, false
		}
		return strconv.AppendFloat(dst, x, 'g', -1, 64), true
	}
	return quote(dst, n.Value), true // texts, and timestamps as they are written
}

func quote(dst []byte, s string) []byte {
	v, err := asset.Of(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		return append(dst, `""`...)
	}
	return v.AppendJSON(dst)
}

// place returns the position in the file of an offset in the text of a scalar.
func (f *file) place(p position, offset int) (line, column int) {
	if p.node == nil || offset < 0 || offset > len(p.node.Value) {
		return p.line, p.column
	}
	return yamlfile.Place(f.source, p.node, offset)
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("invalid time %q (want 2006-01-02T15:04:05Z or 2006-01-02)", s)
}
