package yamlfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/internal/yamlfile"
)

// read reads a mapping of a name, a number and children, which are such mappings, and
// returns the names and the problems.
func read(source string, limit int) (names, problems []string) {
	f := &yamlfile.File{Report: func(line, column int, what string) {
		problems = append(problems, fmt.Sprintf("%d:%d: %s", line, column, what))
	}}
	var node func(n *yaml.Node)
	node = func(n *yaml.Node) {
		f.Mapping(n, map[string]func(*yaml.Node){
			"name":     func(n *yaml.Node) { names = append(names, n.Value) },
			"number":   func(*yaml.Node) {},
			"children": func(n *yaml.Node) { f.List(n, node) },
		})
	}
	if root := f.Document([]byte(source), limit); root != nil {
		node(root)
	}
	return names, problems
}

func TestFile(t *testing.T) {
	for _, c := range []struct {
		name, source    string
		names, problems []string
	}{
		{"nested", "name: a\nchildren:\n  - name: b\n  - {name: c}\n", []string{"a", "b", "c"}, nil},
		{"aliases", "name: &n a\nchildren:\n  - &c {name: *n}\n  - *c\n", []string{"a", "a", "a"}, nil},
		{"problems do not end it", "nam: x\nchildren: [{name: b, name: c}, d, {name: e}]\n", []string{"b", "e"},
			[]string{`1:1: unknown key "nam"; did you mean "name"?`, `2:22: duplicate key "name"`, "2:32: want a mapping"}},
		{"nothing near", "x: 1\n", nil, []string{`1:1: unknown key "x" (has children, name, number)`}},
		{"merge key", "children: [&b {number: 1}, {<<: *b, name: c}]\n", []string{"c"}, []string{"1:29: merge key << is not supported (write out the members)"}},
		{"a key named so", "\"<<\": 1\n", nil, []string{`1:1: unknown key "<<" (has children, name, number)`}},
		{"alias as a key", "name: &n number\n*n : 1\n", []string{"number"}, nil},
		{"key that is a list", "? [name]\n: a\n", nil, []string{"1:3: invalid key (want a string)"}},
		{"no list", "children: 1\n", nil, []string{"1:11: want a list"}},
		{"no mapping", "- name: a\n", nil, []string{"1:1: want a mapping"}},
		{"empty", "# nothing\n", nil, []string{"1:1: file is empty"}},
		{"two documents", "name: a\n---\nname: b\n", nil, []string{"2:1: more than one document in the file"}},
		{"second malformed", "name: a\n---\nname: [\n", nil, []string{"3:1: did not find expected node content"}},
		{"malformed", "name: a\n b: [\n", nil, []string{"2:1: mapping values are not allowed in this context"}},
		{"too long", strings.Repeat("#", 101), nil, []string{"1:1: file of 101 bytes, more than 100"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, problems := read(c.source, 100)
			assert.Equal(t, c.names, names)
			assert.Equal(t, c.problems, problems)
		})
	}
}

// A small file whose aliases stand for a billion names is read in part, and says so
// once.
func TestAliasesAreBounded(t *testing.T) {
	source := "name: a\nchildren:\n  - &a0 {name: b}\n"
	for i := range 9 {
		source += fmt.Sprintf("  - &a%d {children: [%s]}\n", i+1, strings.Repeat(fmt.Sprintf(", *a%d", i), 10)[2:])
	}
	names, problems := read(source, 1<<20)
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0], "document is too large")
	assert.Less(t, len(names), 200_000)
}
