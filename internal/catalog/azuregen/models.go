package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/openstance/stance/internal/catalog"
)

// models are the types of one package of the SDK.
type models struct {
	types   map[string]ast.Expr          // by name
	names   map[string]map[string]string // JSON name to field, by type
	numbers map[string]bool              // Type.Field of the times that are numbers in JSON
	values  map[string][]string          // of enumerations, by type
}

// parse reads the sources of a package.
func parse(dir string) (*models, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	m := &models{types: map[string]ast.Expr{}, names: map[string]map[string]string{}, numbers: map[string]bool{}, values: map[string][]string{}}
	fset := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "_client.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						m.types[s.Name.Name] = s.Type
					case *ast.ValueSpec:
						m.value(s)
					}
				}
			case *ast.FuncDecl:
				if d.Name.Name == "UnmarshalJSON" && d.Recv != nil {
					m.unmarshal(d)
				}
			}
		}
	}
	return m, nil
}

// value takes a value of an enumeration out of a constant.
func (m *models) value(s *ast.ValueSpec) {
	typ, ok := s.Type.(*ast.Ident)
	if !ok || len(s.Values) != 1 {
		return
	}
	if lit, ok := s.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if v, err := strconv.Unquote(lit.Value); err == nil {
			m.values[typ.Name] = append(m.values[typ.Name], v)
		}
	}
}

// unmarshal takes the JSON names out of an UnmarshalJSON method: they are the cases
// of its switch, and in each the first field of the receiver is the one that is set.
func (m *models) unmarshal(d *ast.FuncDecl) {
	star, ok := d.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return
	}
	typ, receiver := star.X.(*ast.Ident).Name, d.Recv.List[0].Names[0].Name
	names := map[string]string{}
	ast.Inspect(d.Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CaseClause)
		if !ok || len(c.List) != 1 {
			return true
		}
		lit, ok := c.List[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		name, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		ast.Inspect(c, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == receiver && names[name] == "" {
					names[name] = n.Sel.Name
				}
			case *ast.Ident:
				if n.Name == "unpopulateTimeUnix" {
					m.numbers[typ+"."+name] = true
				}
			}
			return true
		})
		return false
	})
	m.names[typ] = names
}

// schema makes the schema of a resource from the model of what a GET answers.
func (m *models) schema(model string) (*catalog.Schema, error) {
	c := converter{models: m, defs: map[string]any{}}
	config, err := c.object(model)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"id", "name", "type", "properties"} {
		if shape, ok := config[name+":r"]; ok {
			delete(config, name+":r")
			config[name+":ar"] = shape
		} else if shape, ok := config[name]; ok {
			delete(config, name)
			config[name+":a"] = shape
		}
	}
	return &catalog.Schema{Config: config, Defs: c.defs}, nil
}

// converter makes the schema of one resource.
type converter struct {
	*models
	defs map[string]any
}

func (c *converter) object(typ string) (map[string]any, error) {
	s, ok := c.types[typ].(*ast.StructType)
	if !ok {
		return nil, fmt.Errorf("%s is no struct", typ)
	}
	if c.names[typ] == nil {
		return nil, fmt.Errorf("%s has no UnmarshalJSON", typ)
	}
	json := map[string]string{}
	for name, field := range c.names[typ] {
		json[field] = name
	}
	fields := map[string]any{}
	for _, f := range s.Fields.List {
		for _, ident := range f.Names {
			name, ok := json[ident.Name]
			if !ok {
				continue // never answered, or the rest of the members
			}
			shape, err := c.shape(f.Type)
			if err != nil {
				return nil, fmt.Errorf("%s.%s: %w", typ, ident.Name, err)
			}
			if c.numbers[typ+"."+name] {
				shape = "i"
			}
			marks := ""
			if catalog.HoldsSecret(name) && shape == "s" {
				marks += "s"
			}
			if strings.HasPrefix(f.Doc.Text(), "READ-ONLY") {
				marks += "r"
			}
			if marks != "" {
				name += ":" + marks
			}
			fields[name] = shape
		}
	}
	return fields, nil
}

// isOpen reports whether a model keeps members without a name of their own.
func isOpen(s *ast.StructType) bool {
	for _, f := range s.Fields.List {
		for _, ident := range f.Names {
			if ident.Name == "AdditionalProperties" {
				return true
			}
		}
	}
	return false
}

// shape converts a Go type. What may be one of several models is anything.
func (c *converter) shape(t ast.Expr) (any, error) {
	switch t := t.(type) {
	case *ast.StarExpr:
		return c.shape(t.X)
	case *ast.ArrayType:
		if x, ok := t.Elt.(*ast.Ident); ok && x.Name == "byte" {
			return "s", nil // base64
		}
		elem, err := c.shape(t.Elt)
		return []any{elem}, err
	case *ast.MapType:
		elem, err := c.shape(t.Value)
		return map[string]any{"*": elem}, err
	case *ast.InterfaceType:
		return "a", nil
	case *ast.SelectorExpr:
		switch t.Sel.Name {
		case "Time", "ETag":
			return "s", nil
		}
		return nil, fmt.Errorf("unknown type %s", t.Sel.Name)
	case *ast.Ident:
		return c.named(t.Name)
	}
	return nil, fmt.Errorf("unknown type %T", t)
}

func (c *converter) named(name string) (any, error) {
	switch name {
	case "string":
		return "s", nil
	case "bool":
		return "b", nil
	case "int", "int32", "int64":
		return "i", nil
	case "float32", "float64", "any":
		return "a", nil
	}
	switch t := c.types[name].(type) {
	case *ast.StructType:
		if _, ok := c.defs[name]; !ok {
			if len(c.names[name]) == 0 || isOpen(t) {
				c.defs[name] = "a" // it may have any member
				return "#" + name, nil
			}
			c.defs[name] = nil // taken, for what refers to itself
			fields, err := c.object(name)
			if err != nil {
				return nil, err
			}
			c.defs[name] = fields
		}
		return "#" + name, nil
	case nil:
		return nil, fmt.Errorf("unknown type %s", name)
	default:
		if values := c.values[name]; len(values) > 0 {
			c.defs[name] = catalog.Enum(values)
			return "#" + name, nil
		}
		return c.shape(t) // another name of a type, or an interface over several models
	}
}
