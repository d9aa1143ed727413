package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root is the root of the module. The tests stand here because the programs import AWS's
// SDK, which this package has built.
var root = filepath.Join("..", "..")

const module = "github.com/openstance/stance"

// goBlocks returns the blocks of Go in a page.
func goBlocks(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var blocks []string
	for i, part := range strings.Split(string(text), "```") {
		if code, ok := strings.CutPrefix(part, "go\n"); ok && i%2 == 1 {
			blocks = append(blocks, code)
		}
	}
	return blocks
}

// typeCheck checks a program with the packages that the go command has built.
func typeCheck(t *testing.T, name, source string) {
	t.Helper()
	if testing.Short() {
		t.Skip("asks the go command")
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, 0)
	require.NoError(t, err)
	var paths []string
	for _, spec := range file.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	out, err := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}={{.Export}}"}, paths...)...).Output()
	require.NoError(t, err)
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, export, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[path] = export
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	_, err = conf.Check("main", fset, []*ast.File{file}, nil)
	require.NoError(t, err)
}

// TestReadmeProgram compares the program of the README with the one that is tested, and
// checks the variant that the text proposes.
func TestReadmeProgram(t *testing.T) {
	blocks := goBlocks(t, filepath.Join(root, "README.md"))
	require.Len(t, blocks, 2)
	program, err := os.ReadFile(filepath.Join(root, "examples", "findings", "main.go"))
	require.NoError(t, err)
	_, code, _ := strings.Cut(string(program), "\npackage main\n")
	assert.Equal(t, "package main\n"+code, blocks[0])

	live := strings.Replace(blocks[0], "\tsource := snapshot.File(os.Args[1], nil)\n", blocks[1], 1)
	require.NotEqual(t, blocks[0], live)
	live = strings.Replace(live, "\t\"os\"\n", "", 1)
	live = strings.Replace(live, "provider/snapshot\"\n", "provider/aws\"\n\t\"github.com/aws/aws-sdk-go-v2/config\"\n", 1)
	typeCheck(t, "live.go", live)
}

func TestPackageDocumentation(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "doc.go"))
	require.NoError(t, err)
	var body strings.Builder
	for line := range strings.Lines(string(text)) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			body.WriteString("\t" + code)
		}
	}
	imports := []string{
		"context", "fmt", "log", "github.com/aws/aws-sdk-go-v2/config",
		module + "/policy", module + "/policy/packs", module + "/provider", module + "/provider/aws",
	}
	typeCheck(t, "doc.go", "package main\n\nimport (\n\t\""+strings.Join(imports, "\"\n\t\"")+"\"\n)\n\nfunc main() {\n\tctx := context.Background()\n"+body.String()+"}\n")
}
