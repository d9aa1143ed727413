package aws

import (
	"slices"

	"github.com/openstance/stance/asset"
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
	if o, ok := p.operation(t, op); ok && len(o.Fills) > 0 {
		return o.Fills
	}
	return documents
}

// quiet reports whether a list of a table may leave things out.
func (p *Provider) quiet(typ asset.Type, t *table) bool {
	o, _ := p.operation(typ, t.op)
	return o.Quiet || slices.ContainsFunc(t.under, func(below table) bool { return p.quiet(typ, &below) })
}

// filled reports whether the catalogue has an operation that fills the part or
// something in it, so that it is unread when that was not called.
func (p *Provider) filled(t asset.Type, part asset.Path) bool {
	for _, o := range p.schema(t).Operations {
		if slices.ContainsFunc(o.Fills, func(f asset.Path) bool { return part.Covers(f) || f.Covers(part) }) {
			return true
		}
	}
	return false
}
