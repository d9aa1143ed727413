package aws

import (
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// documents are the paths of everything in an asset.
var documents = []asset.Path{"config", "status", "access"}

// schema returns the schema of a type, an empty one if the catalogue has none.
func (p *Provider) schema(t asset.Type) *asset.Schema {
	if s, ok := p.schemas(t); ok {
		return s
	}
	return &asset.Schema{Type: t}
}

// operation returns what the catalogue says of an operation of a type.
func (p *Provider) operation(t asset.Type, op string) (asset.Operation, bool) {
	ops := p.schema(t).Operations
	if i := slices.IndexFunc(ops, func(o asset.Operation) bool { return o.Name == op }); i >= 0 {
		return ops[i], true
	}
	return asset.Operation{}, false
}

// fills returns the paths that an operation fills. Of one that the catalogue does not
// know it is everything, so that nothing looks absent when it fails.
func (p *Provider) fills(t asset.Type, op string) []asset.Path {
	if o, ok := p.operation(t, op); ok && len(o.Provides) > 0 {
		return o.Provides
	}
	return documents
}

// quiet reports whether a list of a table may leave things out.
func (p *Provider) quiet(typ asset.Type, t *table) bool {
	o, _ := p.operation(typ, t.op)
	return o.MayOmit || slices.ContainsFunc(t.under, func(below table) bool { return p.quiet(typ, &below) })
}

// known is what a scan knows of a type.
type known struct {
	schema *asset.Schema
	secret []asset.Path

	// configRest and statusRest are the members that no operation is there for: they
	// come with the list or not at all.
	configRest, statusRest []string
}

func (s *scan) known(t asset.Type) *known {
	if k, ok := s.types.Load(t); ok {
		return k.(*known)
	}
	schema := s.provider.schema(t)
	k := &known{
		schema:     schema,
		secret:     secret.Paths(schema),
		configRest: rest(schema, "config"),
		statusRest: rest(schema, "status"),
	}
	s.types.Store(t, k)
	return k
}

func (k *known) rest(document string) []string {
	switch document {
	case "config":
		return k.configRest
	case "status":
		return k.statusRest
	}
	return nil
}

// rest returns the members of a document, apart from those that are never answered,
// that the catalogue has no operation for.
func rest(schema *asset.Schema, document string) []string {
	shape := schema.Document(document)
	if shape == nil || shape.Kind != asset.ObjectShape {
		return nil
	}
	var names []string
	for _, f := range shape.Fields {
		part := asset.Path(document).Key(f.Name)
		fills := func(o asset.Operation) bool {
			return slices.ContainsFunc(o.Provides, func(p asset.Path) bool { return part.Covers(p) || p.Covers(part) })
		}
		if !f.Mark.Has(asset.WriteOnly) && !slices.ContainsFunc(schema.Operations, fills) {
			names = append(names, f.Name)
		}
	}
	return names
}
