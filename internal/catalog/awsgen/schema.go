package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/internal/catalog"
)

// tagName is the name of the definition of a tag, which the package has no entity for.
const tagName = "Tag"

func (db *database) schemas() (map[string]*catalog.Schema, error) {
	all := map[string]*catalog.Schema{}
	for i := range db.Schema.Resource.Entities {
		r := &db.Schema.Resource.Entities[i]
		c := converter{db: db, names: map[string]string{}, defs: map[string]any{}}
		s, err := c.resource(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.CloudFormationType, err)
		}
		all[r.CloudFormationType] = s
	}
	return all, nil
}

// converter makes the schema of one resource.
type converter struct {
	db    *database
	names map[string]string // of definitions, by the id of the entity
	defs  map[string]any
}

func (c *converter) resource(r *entity) (*catalog.Schema, error) {
	config, err := c.object(r.Properties)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		if _, ok := r.Properties[name]; ok {
			continue // declared, so not read-only
		}
		shape, err := c.shape(r.Attributes[name].Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if err := c.attribute(config, strings.Split(name, "."), shape); err != nil {
			return nil, fmt.Errorf("attribute %s: %w", name, err)
		}
	}
	return &catalog.Schema{Config: config, Defs: c.defs}, nil
}

func (c *converter) object(properties map[string]property) (map[string]any, error) {
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		shape, err := c.shape(properties[name].Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		key, shape := c.secret(name, shape)
		fields[key] = shape
	}
	return fields, nil
}

// secret marks a field whose name says that it holds secrets.
func (c *converter) secret(name string, shape any) (string, any) {
	if list, ok := shape.([]any); ok && catalog.IsEnvironment(name) {
		if ref, ok := list[0].(string); ok && strings.HasPrefix(ref, "#") {
			if fields, ok := c.defs[ref[1:]].(map[string]any); ok && fields["Value"] == "s" {
				fields = maps.Clone(fields) // others may use the definition too
				delete(fields, "Value")
				fields["Value:s"] = "s"
				return name, []any{fields}
			}
		}
	}
	m, isMap := shape.(map[string]any)
	if isMap && m["*"] == "s" && catalog.IsEnvironment(name) || shape == "s" && catalog.HoldsSecret(name) {
		return name + ":s", shape
	}
	if list, ok := shape.([]any); ok && list[0] == "s" && catalog.HoldsSecret(name) {
		return name + ":s", shape
	}
	return name, shape
}

// attribute adds a read-only field at the end of a path of names. What is on the
// way is written out where it stands, so that a definition that is used in two
// places does not get the field in both.
func (c *converter) attribute(object map[string]any, path []string, shape any) error {
	name, rest := path[0], path[1:]
	key, at, ok := catalog.Field(object, name)
	if len(rest) == 0 {
		if ok {
			delete(object, key)
			object[readOnly(key)] = at
		} else {
			key, shape := c.secret(name, shape)
			object[readOnly(key)] = shape
		}
		return nil
	}
	if ref, isRef := at.(string); isRef && strings.HasPrefix(ref, "#") {
		at = c.defs[ref[1:]]
	}
	if !ok {
		key, at = readOnly(name), map[string]any{}
	}
	if at == "a" {
		return nil // it may hold that too
	}
	inner, ok := at.(map[string]any)
	if !ok || inner["*"] != nil {
		return fmt.Errorf("%s is no object", name)
	}
	inner = maps.Clone(inner)
	object[key] = inner
	return c.attribute(inner, rest, shape)
}

func readOnly(key string) string {
	name, marks, _ := strings.Cut(key, ":")
	return name + ":" + strings.ReplaceAll(marks, "r", "") + "r"
}

// shape converts a type. What may be several things, or a number that need not be
// an integer, is anything.
func (c *converter) shape(t valueType) (any, error) {
	switch t.Type {
	case "string", "date-time":
		return "s", nil
	case "integer":
		return "i", nil
	case "boolean":
		return "b", nil
	case "number", "json", "union":
		return "a", nil
	case "tag":
		c.defs[tagName] = map[string]any{"Key": "s", "Value": "s"}
		return "#" + tagName, nil
	case "array", "map":
		if t.Element == nil {
			return nil, fmt.Errorf("%s of nothing", t.Type)
		}
		elem, err := c.shape(*t.Element)
		if t.Type == "array" {
			return []any{elem}, err
		}
		return map[string]any{"*": elem}, err
	case "ref":
		return c.ref(t.Reference.Ref)
	}
	return nil, fmt.Errorf("unknown type %q", t.Type)
}

func (c *converter) ref(id string) (any, error) {
	if name, ok := c.names[id]; ok {
		return "#" + name, nil
	}
	e, ok := c.db.byID[id]
	if !ok {
		return nil, fmt.Errorf("no type definition %s", id)
	}
	name := e.Name
	for n := 2; c.taken(name); n++ {
		name = fmt.Sprintf("%s%d", e.Name, n)
	}
	c.names[id] = name // before its fields, which may refer to it
	if len(e.Properties) == 0 {
		c.defs[name] = "a" // nothing is known of it
		return "#" + name, nil
	}
	fields, err := c.object(e.Properties)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Name, err)
	}
	c.defs[name] = fields
	return "#" + name, nil
}

func (c *converter) taken(name string) bool {
	if name == tagName {
		return true // kept for tags
	}
	for _, n := range c.names {
		if n == name {
			return true
		}
	}
	return false
}
