package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/member"
	"github.com/openstance/stance/provider"
)

// maxTypes bounds the types that are remembered: a hostile snapshot may have a new one
// in each line.
const maxTypes = 10_000

const maxLine = 1<<31 - 1 // of a template

// decoder makes observations of lines.
type decoder struct {
	opts    Options
	query   provider.Query
	counts  counts
	kinds   map[asset.Type]kind
	spelled map[asset.Type]asset.Type
	stated  parts                                  // that lines of assets may omit
	begun   bool                                   // whether a line was read
	schemas func(asset.Type) (*asset.Schema, bool) // the method schema
	unknown []asset.Scope                          // requested scopes without an observation so far

	inspector *inspector // nil if assets are not checked
	problems  []error    // of the last line
}

func newDecoder(opts *Options, q provider.Query) *decoder {
	d := &decoder{query: q, unknown: slices.Clone(q.Scopes)}
	if opts != nil {
		d.opts = *opts
	}
	if d.opts.Name == "" {
		d.opts.Name = "snapshot"
	}
	if d.opts.Redactor == nil {
		d.opts.Redactor = q.Redactor
	}
	if d.opts.Schemas == nil {
		d.opts.Schemas = q.Schemas
	}
	if d.opts.Schemas == nil {
		d.opts.Schemas = catalog.Schema
	}
	for i, t := range d.query.Types {
		if spelled := d.spell(t); spelled != t {
			d.query.Types = slices.Clone(d.query.Types)
			d.query.Types[i] = spelled
		}
	}
	d.schemas = d.schema
	if d.opts.Strict || d.opts.Summary != nil {
		d.inspector = newInspector()
	}
	return d
}

// note takes note of the requested scopes in which an observation lies.
func (d *decoder) note(o asset.Observation) {
	d.unknown = slices.DeleteFunc(d.unknown, func(s asset.Scope) bool {
		return len(provider.Query{Scopes: []asset.Scope{s}}.Restrict(o)) > 0
	})
}

type counts struct{ assets, gaps, coverage int64 }

// line decodes one line. The observation is nil if it was not requested.
func (d *decoder) line(data []byte) (o asset.Observation, end bool, err error) {
	d.problems = nil
	v, err := asset.Parse(data)
	if err != nil {
		return nil, false, err
	}
	if v.Kind() != asset.Map {
		return nil, false, kindError(asset.Map, v)
	}
	if first := !d.begun; first {
		d.begun = true
		if v.Len() == 1 {
			if name, x := v.MemberAt(0); name == "defaults" {
				if err := d.defaults(x); err != nil {
					return nil, false, fmt.Errorf("defaults: %w", err)
				}
				return nil, false, nil
			}
		}
	}
	what, m := "", marks{}
	var body asset.Value
	for i := range v.Len() {
		name, x := v.MemberAt(i)
		switch name {
		case "asset", "gap", "coverage", "end":
			if what != "" {
				return nil, false, fmt.Errorf("both %s and %s in one line", what, name)
			}
			what, body = name, x
		case "unread":
			m.unread = x
		case "redacted":
			m.redacted = x
		case "defaults":
			m.defaults = x
		default:
			return nil, false, fmt.Errorf("%.80q: %w", name, errUnknown)
		}
	}
	switch {
	case what == "":
		return nil, false, errors.New("none of asset, gap, coverage and end in the line")
	case body.Kind() != asset.Map:
		return nil, false, fmt.Errorf("%s: %w", what, kindError(asset.Map, body))
	case what != "asset" && m != marks{}:
		return nil, false, fmt.Errorf("marks beside %s, where only an asset has them", what)
	}
	switch what {
	case "asset":
		d.counts.assets++
		o, err = d.asset(body, m)
	case "gap":
		d.counts.gaps++
		o, err = d.gap(body)
	case "coverage":
		d.counts.coverage++
		o, err = d.coverage(body)
	case "end":
		end, err = true, d.end(body)
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", what, err)
	}
	return o, end, nil
}

func (d *decoder) end(v asset.Value) error {
	got := counts{-1, -1, -1}
	err := members(v, func(name string, x asset.Value) (err error) {
		switch name {
		case "assets":
			got.assets, err = integer(x)
		case "gaps":
			got.gaps, err = integer(x)
		case "coverage":
			got.coverage, err = integer(x)
		default:
			err = errUnknown
		}
		return err
	})
	if err == nil && got != d.counts {
		err = fmt.Errorf("counts do not agree: %d assets, %d gaps, %d coverage in the closing line, %d, %d, %d before it",
			got.assets, got.gaps, got.coverage, d.counts.assets, d.counts.gaps, d.counts.coverage)
	}
	return err
}

func (d *decoder) asset(v asset.Value, m marks) (asset.Observation, error) {
	name, err := text(v.Get("type"))
	if err != nil {
		return nil, fmt.Errorf("type: %w", err)
	}
	if len(d.query.Scopes) > 0 {
		where, err := placeOf(v)
		if err != nil {
			return nil, err
		}
		d.note(where)
		if len(d.query.Restrict(where)) == 0 {
			return nil, nil
		}
	}
	typ := d.spell(asset.Type(name))
	if !d.query.Wants(typ) {
		return nil, nil
	}
	// The documents are still parts of one value, so that all edits together
	// cost one copy, and the strings beside them do not keep the original in memory.
	var beside []mark
	if m != (marks{}) {
		if v, beside, err = m.apply(v); err != nil {
			return nil, err
		}
	}
	kind, err := d.kind(typ)
	if err != nil {
		return nil, err
	}
	v = kind.shape.Conform(v)
	a := new(asset.Asset)
	stated, err := d.fill(a, v)
	if err != nil {
		return nil, err
	}
	if a.Provider == "" {
		return nil, errors.New("no provider")
	}
	if a.Ref, err = d.opts.Clouds.ParseRef(typ, a.ID); err != nil {
		return nil, err
	}
	if err := kind.schema.FillAliases(a); err != nil {
		return nil, fmt.Errorf("alias: %w", err)
	}
	kind.state(a, stated|d.stated)
	for _, m := range beside {
		if err := a.SetUnread(m.path, *m.v.Unread()); err != nil {
			return nil, fmt.Errorf("unread: %w", err)
		}
	}
	a = asset.Derive(a, d.schemas)
	if d.inspector != nil {
		d.problems = d.inspector.inspect(a, kind.schema)
	}
	before := blocks(a)
	d.opts.Redactor.RedactCompiled(a, kind.secret)
	narrow, err := d.query.Project(a)
	if err != nil {
		return nil, err
	}
	switch {
	case narrow != a:
		detach(narrow)
	case blocks(a) != before:
		// The strings and the documents without secrets are still parts of the line.
		for _, doc := range a.Documents() {
			if *doc, err = doc.Project(""); err != nil {
				return nil, err
			}
		}
		detach(a)
	}
	return narrow, nil
}

// placeOf returns an asset with its scope and observers alone.
func placeOf(v asset.Value) (*asset.Asset, error) {
	a := new(asset.Asset)
	scope := member.Scope(&a.Scope)
	for i := range v.Len() {
		name, x := v.MemberAt(i)
		if x.Kind() == asset.Null {
			continue
		}
		var err error
		if to := member.Find(scope[:], name); to != nil {
			err = set(to, x)
		} else if name == "observers" {
			a.Observers, err = listOf(x, text)
		}
		if err != nil {
			return nil, fmt.Errorf("%.80q: %w", name, err)
		}
	}
	return a, nil
}

// kind is the knowledge of a type from its schema.
type kind struct {
	schema *asset.Schema // nil if there is none
	shape  *asset.Shape  // of an asset as it stands in a line
	secret secret.Compiled

	unread    [4]map[string]*asset.Unread // of an asset that states neither, links, parents, and both
	hasAccess bool
	access    asset.Value // of an asset that does not state it
}

func (d *decoder) kind(t asset.Type) (kind, error) {
	if k, ok := d.kinds[t]; ok {
		return k, nil
	}
	s, ok := d.opts.Schemas(t)
	if !ok {
		s = nil
	}
	paths, err := secret.CompileSchema(s)
	if err != nil {
		return kind{}, fmt.Errorf("schema of %s: %w", t, err)
	}
	k := kind{schema: s, secret: paths}
	if s != nil {
		k.shape = &asset.Shape{Kind: asset.ObjectShape}
		for name := range new(asset.Asset).Documents() {
			k.shape.Fields = append(k.shape.Fields, asset.Field{Name: name, Shape: s.Document(name)})
		}
		slices.SortFunc(k.shape.Fields, func(a, b asset.Field) int { return strings.Compare(a.Name, b.Name) })
	}
	k.omitted()
	if d.kinds == nil || len(d.kinds) >= maxTypes {
		d.kinds = map[asset.Type]kind{}
	}
	d.kinds[asset.Type(strings.Clone(string(t)))] = k
	return k, nil
}

// spell returns the canonical spelling of a type.
func (d *decoder) spell(t asset.Type) asset.Type {
	if s, ok := d.spelled[t]; ok {
		return s
	}
	s := asset.Type(strings.Clone(string(d.opts.Clouds.Spell(t, d.opts.Schemas))))
	if d.spelled == nil || len(d.spelled) >= maxTypes {
		d.spelled = map[asset.Type]asset.Type{}
	}
	d.spelled[asset.Type(strings.Clone(string(t)))] = s
	return s
}

// schema returns the schema of a type.
func (d *decoder) schema(t asset.Type) (*asset.Schema, bool) {
	k, err := d.kind(t)
	return k.schema, err == nil && k.schema != nil
}

func (d *decoder) gap(v asset.Value) (asset.Observation, error) {
	g := new(asset.Gap)
	fields := member.Gap(g)
	err := members(v, func(name string, x asset.Value) (err error) {
		switch name {
		case "of":
			if x.Kind() != asset.Absent {
				g.Of, err = d.refOf(x)
			}
			return err
		case "reason":
			return setReason(&g.Cause.Reason, x)
		}
		return set(member.Find(fields[:], name), x)
	})
	if err != nil {
		return nil, err
	}
	g.Type = d.spell(g.Type)
	d.note(g)
	if g.Type != "" && !d.query.Wants(g.Type) {
		return nil, nil
	}
	return d.opts.Redactor.RedactGap(g), nil
}

func (d *decoder) coverage(v asset.Value) (asset.Observation, error) {
	c, state := new(asset.Coverage), ""
	fields := member.Coverage(c)
	err := members(v, func(name string, x asset.Value) error {
		if name == "state" {
			return set(&state, x)
		}
		return set(member.Find(fields[:], name), x)
	})
	switch {
	case err != nil:
		return nil, err
	case c.Type == "":
		return nil, errors.New("no type")
	case c.Scope.Provider == "":
		return nil, errors.New("no provider")
	}
	var ok bool
	if c.State, ok = member.State(state); !ok {
		return nil, fmt.Errorf("state: %.40q is none of complete, partial and not_asked", state)
	}
	c.Type = d.spell(c.Type)
	d.note(c)
	if !d.query.Wants(c.Type) {
		return nil, nil
	}
	return c, nil
}
