package collect

import (
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

// documents are the paths of everything in an asset.
var documents = []asset.Path{"config", "status", "access"}

// typePlan is what a scan knows of a type: what each operation provides, and whether
// the query requests it.
type typePlan struct {
	schema     *asset.Schema
	secret     secret.Compiled
	err        error // of the secret paths: then there are no assets
	wanted     bool  // the query requests assets of the type
	account    bool  // assets have links to their account,
	region     bool  // and to their region
	operations map[string]*operationPlan

	// unread are the members of config and status that no operation provides: they
	// come with the list or not at all.
	configRest, statusRest []string
}

type operationPlan struct {
	asset.Operation
	provides []asset.Path
	wanted   bool // the query requests one of them
	skipped  *asset.Unread
}

// plan returns what the scan knows of a type.
func (s *Scan) plan(t asset.Type) *typePlan {
	s.planMu.RLock()
	p := s.plans[t]
	s.planMu.RUnlock()
	if p != nil {
		return p
	}
	p = s.compile(t)
	s.planMu.Lock()
	defer s.planMu.Unlock()
	if s.plans == nil {
		s.plans = map[asset.Type]*typePlan{}
	}
	s.plans[t] = p
	return p
}

func (s *Scan) compile(t asset.Type) *typePlan {
	schema := s.schema(t)
	p := &typePlan{
		schema:     schema,
		wanted:     s.Query.Wants(t),
		operations: make(map[string]*operationPlan, len(schema.Operations)),
		configRest: rest(schema, "config"),
		statusRest: rest(schema, "status"),
	}
	p.secret, p.err = secret.CompileSchema(schema)
	_, p.account = schema.Link("account")
	_, p.region = schema.Link("region")
	for _, o := range schema.Operations {
		if _, twice := p.operations[o.Name]; !twice {
			p.operations[o.Name] = s.operation(t, o)
		}
	}
	return p
}

// operation plans an operation. One that the catalogue does not know provides everything,
// so that nothing seems absent when it fails.
func (s *Scan) operation(t asset.Type, o asset.Operation) *operationPlan {
	p := &operationPlan{Operation: o, provides: o.Provides}
	if len(p.provides) == 0 {
		p.provides = documents
	}
	p.wanted = slices.ContainsFunc(p.provides, func(path asset.Path) bool { return s.Query.WantsPath(t, path) })
	p.skipped = &asset.Unread{Op: o.Name, Reason: asset.NotRequested, Code: asset.CodeNotRequested}
	return p
}

// step is a read of a table for assets of one type.
type step struct {
	*Read
	*operationPlan
	gone []string // of the table
}

// steps returns the reads of a table that apply to a type, in their order.
func (s *Scan) steps(t *Table, typ asset.Type) []step {
	p := s.plan(typ)
	steps := make([]step, 0, len(t.Reads))
	for i := range t.Reads {
		r := &t.Reads[i]
		if !r.applies(typ) {
			continue
		}
		o := p.operations[r.Op]
		if o == nil {
			o = s.operation(typ, asset.Operation{Name: r.Op})
		}
		steps = append(steps, step{r, o, t.Gone})
	}
	return steps
}

// mayOmit reports whether a list of a table may omit assets of a type.
func (s *Scan) mayOmit(typ asset.Type, t *Table) bool {
	if o := s.plan(typ).operations[t.Op]; o != nil && o.MayOmit {
		return true
	}
	return slices.ContainsFunc(t.Under, func(below Table) bool { return s.mayOmit(typ, &below) })
}

// rest returns the members of a document, apart from those that are never returned,
// that no operation of the schema provides.
func rest(schema *asset.Schema, document string) []string {
	shape := schema.Document(document)
	if shape == nil || shape.Kind != asset.ObjectShape {
		return nil
	}
	provided := map[string]bool{}
	for _, o := range schema.Operations {
		for _, p := range o.Provides {
			name, inside := p.Document()
			if name != document {
				continue
			}
			steps, err := inside.Steps()
			if err != nil || len(steps) == 0 {
				return nil // all of it
			}
			provided[steps[0].Key] = true
		}
	}
	var names []string
	for _, f := range shape.Fields {
		if !f.Mark.Has(asset.WriteOnly) && !provided[f.Name] {
			names = append(names, f.Name)
		}
	}
	return names
}

// rest returns the members of a document that come with the list or not at all.
func (p *typePlan) rest(document string) []string {
	switch document {
	case "config":
		return p.configRest
	case "status":
		return p.statusRest
	}
	return nil
}

// Listed reports whether a member of config comes with the list of a type or not at all:
// no other operation provides it.
func (s *Scan) Listed(t asset.Type, member string) bool {
	_, listed := slices.BinarySearch(s.plan(t).configRest, member)
	return listed
}
