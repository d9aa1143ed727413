// Package yamlfile reads YAML files that people write by hand: every problem has its
// place, and reading goes on after one to find the others.
package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/internal/nearest"
	"github.com/openstance/stance/internal/printable"
)

// maxNodes bounds what aliases can make of a file.
const maxNodes = 200_000

// MaxProblems is how many problems of a file are reported at most.
const MaxProblems = 100

// File is a file that is being read.
type File struct {
	// Report takes a problem. Lines and columns count from 1.
	Report func(line, column int, what string)

	nodes, problems int
}

// Problem reports a problem at a node. It omits those after [MaxProblems].
func (f *File) Problem(n *yaml.Node, format string, args ...any) {
	f.problems++
	switch {
	case f.problems <= MaxProblems:
		f.Report(n.Line, n.Column, printable.Short(fmt.Sprintf(format, args...)))
	case f.problems == MaxProblems+1:
		f.Report(n.Line, n.Column, fmt.Sprintf("more than %d problems", MaxProblems))
	}
}

// Read returns the bytes of a regular file of at most limit bytes. It looks at the file
// before it opens it, because to open a pipe is to wait for its writer.
func Read(fsys fs.FS, name string, limit int) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > int64(limit):
		return nil, fmt.Errorf("file of %d bytes, more than %d", info.Size(), limit)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)+1)) // Document refuses what has grown since
}

// Document returns the root of the only document in source, or nil after a problem. More
// than limit bytes are refused.
func (f *File) Document(source []byte, limit int) *yaml.Node {
	if len(source) > limit {
		f.Report(1, 1, fmt.Sprintf("file of %d bytes, more than %d", len(source), limit))
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(source))
	var doc, second yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		f.Report(1, 1, "file is empty")
		return nil
	case err != nil:
		f.malformed(err)
		return nil
	}
	if err := d.Decode(&second); err == nil {
		f.Problem(&second, "more than one document in the file")
		return nil
	} else if !errors.Is(err, io.EOF) {
		f.malformed(err)
		return nil
	}
	return Resolve(doc.Content[0])
}

// malformed reports an error of the parser, which begins "yaml: line N: ".
func (f *File) malformed(err error) {
	line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, text = n, what
			}
		}
	}
	f.Report(line, 1, printable.Short(text))
}

// Resolve returns what a node stands for, if it is an alias.
func Resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// Count counts a node that is read, as often as aliases lead to it. It reports false,
// after a problem the first time, when there are too many, and when too many problems were
// found.
func (f *File) Count(n *yaml.Node) bool {
	f.nodes++
	if f.nodes == maxNodes+1 {
		f.Problem(n, "document is too large")
	}
	return f.nodes <= maxNodes && f.problems <= MaxProblems
}

// Mapping calls the function of each key of a mapping, and returns what stands at
// them. A key without a function is a problem, and so is one that occurs twice.
func (f *File) Mapping(n *yaml.Node, keys map[string]func(*yaml.Node)) map[string]*yaml.Node {
	n = Resolve(n)
	seen := map[string]*yaml.Node{}
	if n.Kind != yaml.MappingNode {
		f.Problem(n, "want a mapping")
		return seen
	}
	for k, v := range f.Members(n) {
		if !f.Count(k) {
			break
		}
		read, ok := keys[k.Value]
		switch {
		case !ok:
			f.Problem(k, "unknown key %q%s", k.Value, known(k.Value, keys))
		case seen[k.Value] != nil:
			f.Problem(k, "duplicate key %q", k.Value)
		default:
			seen[k.Value] = v
			read(v)
		}
	}
	return seen
}

// Members yields the keys of a mapping with what stands at them. A key that is not a
// scalar is a problem, and so is a merge key, which stands for members of another mapping.
func (f *File) Members(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(k, v *yaml.Node) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := Resolve(n.Content[i])
			switch {
			case k.Kind != yaml.ScalarNode:
				f.Problem(n.Content[i], "invalid key (want a string)")
			case k.ShortTag() == "!!merge":
				f.Problem(k, "merge key << is not supported (write out the members)")
			case !yield(k, Resolve(n.Content[i+1])):
				return
			}
		}
	}
}

// known returns the suffix of the error about an unknown key: the key that was probably
// meant, or else all keys.
func known(name string, keys map[string]func(*yaml.Node)) string {
	names := slices.Sorted(maps.Keys(keys))
	for _, k := range names {
		if strings.HasPrefix(k, name) || strings.HasPrefix(name, k) {
			return fmt.Sprintf("; did you mean %q?", k)
		}
	}
	if n := nearest.Name(name, names); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	return " (has " + strings.Join(names, ", ") + ")"
}

// List calls the function for each element of a list.
func (f *File) List(n *yaml.Node, each func(*yaml.Node)) {
	n = Resolve(n)
	if n.Kind != yaml.SequenceNode {
		f.Problem(n, "want a list")
		return
	}
	for _, el := range n.Content {
		if !f.Count(el) {
			return
		}
		each(Resolve(el))
	}
}
