package aws

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// lines returns the lines of a file in testdata that are not comments.
func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return slices.DeleteFunc(strings.Split(string(data), "\n"), func(l string) bool { return l == "" || strings.HasPrefix(l, "#") })
}

// omitted fails the test when a struct of the SDK that stands in a document has a field
// that the schema lacks, unless testdata/omitted.txt names it.
func omitted(t *testing.T) func(asset.Type, asset.Path, reflect.Type, string) {
	known := map[string]bool{}
	for _, l := range lines(t, "omitted.txt") {
		known[l] = true
	}
	return func(typ asset.Type, at asset.Path, sdk reflect.Type, field string) {
		if l := fmt.Sprintf("%s %s %s.%s", typ, at, sdk, field); !known[l] {
			t.Errorf("the schema lacks a field of the SDK: map it to status, or add the line to testdata/omitted.txt:\n%s", l)
		}
	}
}

// sdkPackage is a package of the SDK, by its path.
type sdkPackage map[string][]string // the exported fields of its structs

// parseSDK reads the structs of the packages.
func parseSDK(t *testing.T, paths []string) map[string]sdkPackage {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, paths...)...).Output()
	require.NoError(t, err)
	all := map[string]sdkPackage{}
	for l := range strings.Lines(string(out)) {
		name, dir, _ := strings.Cut(strings.TrimSpace(l), " ")
		structs := sdkPackage{}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, "types.go"), nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			gen, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range gen.Specs {
				if s, ok := s.(*ast.TypeSpec); ok {
					if st, ok := s.Type.(*ast.StructType); ok {
						for _, f := range st.Fields.List {
							for _, n := range f.Names {
								if n.IsExported() {
									structs[s.Name.Name] = append(structs[s.Name.Name], n.Name)
								}
							}
						}
					}
				}
			}
		}
		all[name] = structs
	}
	return all
}

// sdkUse is which fields of a struct the collectors select.
type sdkUse struct {
	selected map[string]bool
	whole    bool // it stands in a document as it is
}

// sdkUses returns the structs of the SDK that functions of this package take, by the path
// of their package and their name.
func sdkUses(t *testing.T) map[[2]string]*sdkUse {
	t.Helper()
	uses := map[[2]string]*sdkUse{}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		imports := map[string]string{}
		for _, i := range file.Imports {
			p := strings.Trim(i.Path.Value, `"`)
			if strings.Contains(p, "aws-sdk-go-v2/service/") && path.Base(p) == "types" {
				imports[i.Name.Name] = p
			}
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, param := range f.Type.Params.List {
				typ := param.Type
				if p, ok := typ.(*ast.StarExpr); ok {
					typ = p.X
				}
				sel, ok := typ.(*ast.SelectorExpr)
				if !ok {
					continue
				}
				pkg := imports[sel.X.(*ast.Ident).Name]
				if pkg == "" || len(param.Names) != 1 {
					continue
				}
				key := [2]string{pkg, sel.Sel.Name}
				if uses[key] == nil {
					uses[key] = &sdkUse{selected: map[string]bool{}}
				}
				selects(f.Body, param.Names[0].Name, uses[key])
			}
		}
	}
	return uses
}

// selects notes the fields of a variable that a function selects.
func selects(body *ast.BlockStmt, variable string, use *sdkUse) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && x.Name == variable {
				use.selected[n.Sel.Name] = true
			}
		case *ast.KeyValueExpr:
			if x, ok := n.Value.(*ast.Ident); ok && x.Name == variable {
				use.whole = true
			}
		}
		return true
	})
}

// TestFieldsOfTheSDKAreMapped names the fields that the SDK has and no collector looks at,
// such as new ones after an update.
func TestFieldsOfTheSDKAreMapped(t *testing.T) {
	uses := sdkUses(t)
	paths := map[string]bool{}
	for key := range uses {
		paths[key[0]] = true
	}
	sdk := parseSDK(t, slices.Sorted(maps.Keys(paths)))
	var unmapped []string
	for key, use := range uses {
		for _, f := range sdk[key[0]][key[1]] {
			if !use.selected[f] && !use.whole {
				unmapped = append(unmapped, path.Base(path.Dir(key[0]))+"."+key[1]+"."+f)
			}
		}
	}
	slices.Sort(unmapped)
	assert.Greater(t, len(uses), 80)
	known := lines(t, "unmapped.txt")
	for _, l := range unmapped {
		assert.True(t, slices.Contains(known, l), "%s: no collector looks at the field: map it, to status if the schema lacks it, or add it to testdata/unmapped.txt", l)
	}
	for _, l := range known {
		assert.True(t, slices.Contains(unmapped, l), "%s: testdata/unmapped.txt has a field that is mapped, or that the SDK does not have", l)
	}
}
