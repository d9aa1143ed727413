package yamlfile

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Text reads a string. Other scalars are read as they are written.
func (f *File) Text(to *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			f.Problem(n, "want a string")
			return
		}
		*to = n.Value
	}
}

// Texts reads a list of strings, or a single one.
func (f *File) Texts(to *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			*to = []string{n.Value}
			return
		}
		f.List(n, func(el *yaml.Node) {
			var s string
			f.Text(&s)(el)
			*to = append(*to, s)
		})
	}
}

// Tags reads a mapping of names to strings.
func (f *File) Tags(to *map[string]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*to = map[string]string{}
		if n.Kind != yaml.MappingNode {
			f.Problem(n, "want a mapping")
			return
		}
		for k, x := range f.Members(n) {
			var v string
			f.Text(&v)(x)
			(*to)[k.Value] = v
		}
	}
}

// Bool reads true or false.
func (f *File) Bool(to *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(to) != nil {
			f.Problem(n, "want true or false")
		}
	}
}

// Place returns the position in a source of an offset in the value of a scalar. YAML folds
// and indents; what it keeps are the characters that are no white space, so these are
// counted.
func Place(source []byte, n *yaml.Node, offset int) (line, column int) {
	ink := inkOf(n.Value[:offset])
	end := ink > 0 && ink == inkOf(n.Value) // the place is behind the last character
	if end {
		ink--
	}
	line, column = n.Line, n.Column
	at := offsetOf(source, line, column)
	switch n.Style {
	case yaml.LiteralStyle, yaml.FoldedStyle: // the text begins on the next line
		next := bytes.IndexByte(source[at:], '\n')
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
	for at < len(source) {
		r, size := utf8.DecodeRune(source[at:])
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

// inkOf counts the characters of a string that are no white space.
func inkOf(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// offsetOf returns the offset of a position.
func offsetOf(source []byte, line, column int) int {
	at := 0
	for l := 1; l < line; l++ {
		next := bytes.IndexByte(source[at:], '\n')
		if next < 0 {
			return len(source)
		}
		at += next + 1
	}
	return min(at+column-1, len(source))
}
