package policy

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/asset"
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

// Error returns "file:line:column: what", and the snippet on lines of its own.
func (f *Diagnostic) Error() string {
	s := f.File
	if f.Line > 0 {
		s += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	s += ": " + f.What
	if f.Snippet != "" {
		s += "\n    " + strings.ReplaceAll(f.Snippet, "\n", "\n    ")
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

// text reads a text.
func (f *file) text(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			f.Problem(n, "want a string")
			return
		}
		*to = n.Value
	}
}

// texts reads a list of texts, or a single one.
func (f *file) texts(to *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			*to = []string{n.Value}
			return
		}
		f.List(n, func(el *yaml.Node) {
			var s string
			f.text(&s)(el)
			*to = append(*to, s)
		})
	}
}

// tags reads a mapping of names to texts.
func (f *file) tags(to *map[string]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*to = map[string]string{}
		if n.Kind != yaml.MappingNode {
			f.Problem(n, "want a mapping")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			var v string
			f.text(&v)(yamlfile.Resolve(n.Content[i+1]))
			(*to)[n.Content[i].Value] = v
		}
	}
}

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
		for i := 0; i+1 < len(n.Content) && ok; i += 2 {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = quote(dst, n.Content[i].Value)
			dst = append(dst, ':')
			dst, ok = f.json(dst, n.Content[i+1], depth+1)
		}
		return append(dst, '}'), ok
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

// place returns the position in the file of an offset in the text of a scalar. YAML
// folds and indents; what it keeps are the characters that are no white space, so
// these are counted.
func (f *file) place(p position, offset int) (line, column int) {
	n := p.node
	if n == nil || offset < 0 || offset > len(n.Value) {
		return p.line, p.column
	}
	ink := inkOf(n.Value[:offset])
	end := ink > 0 && ink == inkOf(n.Value) // the place is behind the last character
	if end {
		ink--
	}
	line, column = n.Line, n.Column
	at := f.offsetOf(line, column)
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle: // the text begins on the next line
		next := bytes.IndexByte(f.source[at:], '\n')
		if next < 0 {
			return line, column
		}
		at, line, column = at+next+1, line+1, 1
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		at, column = at+1, column+1
		if n.Style == yaml.DoubleQuotedStyle && strings.ContainsAny(n.Value, "\"\\\n\t") {
			return n.Line, n.Column // escapes take more room than what they stand for
		}
	}
	for at < len(f.source) {
		r, size := utf8.DecodeRune(f.source[at:])
		if !unicode.IsSpace(r) {
			if ink == 0 && end {
				return line, column + 1
			}
			if ink == 0 {
				return line, column
			}
			ink--
			if n.Style == yaml.SingleQuotedStyle && r == '\'' { // doubled
				at += size
				column++
			}
		}
		at += size
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	return n.Line, n.Column
}

// inkOf counts the characters of a text that are no white space.
func inkOf(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

func (f *file) offsetOf(line, column int) int {
	at := 0
	for l := 1; l < line; l++ {
		next := bytes.IndexByte(f.source[at:], '\n')
		if next < 0 {
			return len(f.source)
		}
		at += next + 1
	}
	return min(at+column-1, len(f.source))
}

func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("invalid time %q (want 2006-01-02T15:04:05Z or 2006-01-02)", s)
}
