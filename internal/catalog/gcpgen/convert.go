package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/internal/catalog"
)

// converter makes the schema of one resource.
type converter struct {
	models map[string]*discovered
	defs   map[string]any
}

func (c *converter) object(name string) (map[string]any, error) {
	m, ok := c.models[name]
	if !ok {
		return nil, fmt.Errorf("no schema %s", name)
	}
	return c.fields(m)
}

func (c *converter) fields(m *discovered) (map[string]any, error) {
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(m.Properties)) {
		p := m.Properties[name]
		shape, err := c.shape(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if catalog.IsEnvironment(name) {
			shape = c.environment(shape)
		}
		marks := ""
		if holdsSecret(name, shape) {
			marks += "s"
		}
		if p.ReadOnly || strings.HasPrefix(p.Description, "Output only") || strings.HasPrefix(p.Description, "[Output Only]") {
			marks += "r"
		}
		if marks != "" {
			name += ":" + marks
		}
		fields[name] = shape
	}
	return fields, nil
}

func holdsSecret(name string, shape any) bool {
	m, isMap := shape.(map[string]any)
	return isMap && m["*"] == "s" && catalog.IsEnvironment(name) || shape == "s" && catalog.HoldsSecret(name)
}

// environment marks the values of a list of environment variables. The objects are
// written out where they stand, since others may use the definition too.
func (c *converter) environment(shape any) any {
	list, ok := shape.([]any)
	if !ok {
		return shape
	}
	if ref, ok := list[0].(string); ok && strings.HasPrefix(ref, "#") {
		if fields, ok := c.defs[ref[1:]].(map[string]any); ok && fields["value"] == "s" {
			fields = maps.Clone(fields)
			delete(fields, "value")
			fields["value:s"] = "s"
			return []any{fields}
		}
	}
	return shape
}

// shape converts a JSON schema. Integers of 64 bits are strings in Google's JSON;
// they are brought to the integers that they mean when they are read in.
func (c *converter) shape(m *discovered) (any, error) {
	if m.Ref != "" {
		if _, ok := c.defs[m.Ref]; !ok {
			target, ok := c.models[m.Ref]
			if !ok {
				return nil, fmt.Errorf("no schema %s", m.Ref)
			}
			c.defs[m.Ref] = nil // taken, for what refers to itself
			shape, err := c.shape(target)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.Ref, err)
			}
			c.defs[m.Ref] = shape
		}
		return "#" + m.Ref, nil
	}
	switch m.Type {
	case "string":
		if m.Format == "int64" || m.Format == "uint64" {
			return "i", nil
		}
		if len(m.Enum) > 0 {
			return catalog.Enum(m.Enum), nil
		}
		return "s", nil
	case "integer":
		return "i", nil
	case "boolean":
		return "b", nil
	case "number", "any":
		return "a", nil
	case "array":
		elem, err := c.shape(m.Items)
		return []any{elem}, err
	case "object":
		switch {
		case len(m.Properties) > 0:
			return c.fields(m)
		case m.AdditionalProperties != nil:
			elem, err := c.shape(m.AdditionalProperties)
			return map[string]any{"*": elem}, err
		}
		return "a", nil
	}
	return nil, fmt.Errorf("unknown type %q", m.Type)
}
