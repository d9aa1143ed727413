package packs_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

// mutant is a case that is being mutated. It shares with the case what it does not change.
type mutant struct {
	rng     *rand.Rand
	types   []asset.Type // that the policy needs
	subject *asset.Asset
	related []*asset.Asset
	others  []asset.Observation
}

func (c *guessCase) mutant(rng *rand.Rand) *mutant {
	return &mutant{rng: rng, types: c.set.Types(), subject: c.subject, related: slices.Clone(c.related), others: slices.Clone(c.others)}
}

func (m *mutant) inventory() *asset.Inventory {
	inv := &asset.Inventory{}
	for _, a := range m.related {
		inv.Add(a)
	}
	for _, o := range m.others {
		inv.Add(o)
	}
	inv.Add(m.subject)
	return inv
}

// mutator changes a mutant, and returns what it did, or "" if it found nothing to do.
type mutator struct {
	name     string
	spelling bool
	apply    func(*mutant) string
}

var mutators = []mutator{
	{"unread", false, (*mutant).unread},
	{"scalar", false, (*mutant).scalar},
	{"parents", false, (*mutant).parents},
	{"links", false, (*mutant).links},
	{"relation", false, (*mutant).relation},
	{"access", false, (*mutant).access},
	{"coverage", false, (*mutant).coverage},
	{"gap", false, (*mutant).gap},
	{"gap below", false, (*mutant).gapBelow},
	{"asset", false, (*mutant).asset},
	{"null", true, (*mutant).null},
	{"case of names", true, (*mutant).caseOfNames},
	{"case of values", true, (*mutant).caseOfValues},
	{"case of ids", true, (*mutant).caseOfIDs},
	{"reference", true, (*mutant).reference},
}

// mutate applies one to three mutators that remove or damage, or one that changes the
// spelling. It returns what they did, the kind first.
func (m *mutant) mutate() (done []string, spelling bool) {
	for range 20 {
		x := mutators[m.rng.IntN(len(mutators))]
		if x.spelling && done != nil {
			continue
		}
		what := x.apply(m)
		if what == "" {
			continue
		}
		if done == nil {
			done = append(done, x.name)
		}
		done = append(done, what)
		if x.spelling || m.rng.IntN(3) > 0 {
			return done, x.spelling
		}
	}
	return done, false
}

// pick returns a copy of one of the assets, which is in the mutant from now on, the
// subject half of the time.
func (m *mutant) pick() *asset.Asset {
	at := &m.subject
	if len(m.related) > 0 && m.rng.IntN(2) == 0 {
		at = &m.related[m.rng.IntN(len(m.related))]
	}
	a := **at
	a.Unread = maps.Clone(a.Unread)
	*at = &a
	return &a
}

var lost = asset.Unread{Op: "test:Read", Reason: asset.Denied, Code: "AccessDenied"}

// conformed returns an asset whose documents were brought to its schema, as sources do.
func conformed(a *asset.Asset) *asset.Asset {
	b := *a
	if s, ok := catalog.Schema(a.Type); ok {
		b.Config, b.Status, b.Access = s.Config.Conform(a.Config), s.Status.Conform(a.Status), s.Access.Conform(a.Access)
	}
	return &b
}

// place is a part of a document.
type place struct {
	path  asset.Path
	value asset.Value
	shape *asset.Shape
}

// places returns the parts of the documents of an asset that were read.
func places(a *asset.Asset) []place {
	var all []place
	schema, ok := catalog.Schema(a.Type)
	if !ok {
		schema = &asset.Schema{}
	}
	shapes := map[string]*asset.Shape{"config": schema.Config, "status": schema.Status, "access": schema.Access}
	var walk func(p asset.Path, v asset.Value, s *asset.Shape)
	walk = func(p asset.Path, v asset.Value, s *asset.Shape) {
		if v.IsAbsent() || v.Unread() != nil {
			return
		}
		all = append(all, place{p, v, s})
		if members, err := v.Members(); err == nil {
			for k, x := range members {
				walk(p.Key(k), x, below(s, k))
			}
		} else if elements, err := v.Elements(); err == nil {
			for i, x := range elements {
				walk(p.Index(i), x, below(s, ""))
			}
		}
	}
	for name, doc := range a.Documents() {
		walk(asset.Path(name), *doc, shapes[name])
	}
	return all
}

// below returns the shape of a member of an object or map, or of elements.
func below(s *asset.Shape, key string) *asset.Shape {
	if s == nil {
		return nil
	}
	if s.Kind == asset.ObjectShape {
		if f, ok := s.Field(key); ok {
			return f.Shape
		}
		return nil
	}
	return s.Elem
}

func (m *mutant) unread() string {
	a := m.pick()
	all := places(a)
	if len(all) == 0 {
		return ""
	}
	p := all[m.rng.IntN(len(all))].path
	if a.SetUnread(p, lost) != nil {
		return ""
	}
	return "unread " + string(p) + " of " + a.ID
}

// scalar puts a string where an object was.
func (m *mutant) scalar() string {
	a := m.pick()
	all := slices.DeleteFunc(places(a), func(p place) bool { return p.value.Kind() != asset.Map })
	if len(all) == 0 {
		return ""
	}
	p := all[m.rng.IntN(len(all))]
	text, err := asset.Of("x")
	if err != nil || a.SetPath(p.path, text) != nil {
		return ""
	}
	*a = *conformed(a)
	return "string at " + string(p.path) + " of " + a.ID
}

func (m *mutant) parents() string {
	a := m.pick()
	a.Parents = nil
	return m.part(a, "parents")
}

func (m *mutant) links() string {
	a := m.pick()
	a.Links = nil
	return m.part(a, "links")
}

// relation removes the links of one relation that the schema has.
func (m *mutant) relation() string {
	a := m.pick()
	schema, ok := catalog.Schema(a.Type)
	if !ok || len(schema.Links) == 0 {
		return ""
	}
	rel := schema.Links[m.rng.IntN(len(schema.Links))].Rel
	if len(a.Links) > 0 && m.rng.IntN(2) == 0 {
		rel = a.Links[m.rng.IntN(len(a.Links))].Rel
	}
	a.Links = slices.DeleteFunc(slices.Clone(a.Links), func(l asset.Link) bool { return l.Rel == rel })
	return m.part(a, asset.Path("links").Key(rel))
}

func (m *mutant) access() string { return m.part(m.pick(), "access") }

func (m *mutant) part(a *asset.Asset, part asset.Path) string {
	if a.SetUnread(part, lost) != nil {
		return ""
	}
	return "without " + string(part) + " of " + a.ID
}

func (m *mutant) coverage() string {
	typ := m.types[m.rng.IntN(len(m.types))]
	n := len(m.others)
	m.others = slices.DeleteFunc(m.others, func(o asset.Observation) bool {
		c, ok := o.(*asset.Coverage)
		return ok && c.Type == typ
	})
	if n == len(m.others) {
		return ""
	}
	return "without coverage of " + string(typ)
}

func (m *mutant) gap() string {
	typ := append(slices.Clone(m.types), "")[m.rng.IntN(len(m.types)+1)]
	m.others = append(m.others, &asset.Gap{Scope: m.subject.Scope, Type: typ, Cause: lost})
	return "gap of " + string(typ)
}

func (m *mutant) gapBelow() string {
	typ := append(slices.Clone(m.types), "")[m.rng.IntN(len(m.types)+1)]
	a := m.pick()
	m.others = append(m.others, &asset.Gap{Scope: a.Scope, Type: typ, Of: a.Ref, Cause: lost})
	return "gap of " + string(typ) + " below " + a.ID
}

// asset removes a related asset. The lists that had it are incomplete then.
func (m *mutant) asset() string {
	if len(m.related) == 0 {
		return ""
	}
	i := m.rng.IntN(len(m.related))
	a := m.related[i]
	if a.Ref == m.subject.Ref {
		return ""
	}
	m.related = slices.Delete(m.related, i, i+1)
	for _, account := range append(slices.Clone(a.Observers), a.Account, m.subject.Account) {
		for _, region := range []string{a.Region, ""} {
			m.others = append(m.others, &asset.Coverage{Scope: asset.Scope{Provider: a.Provider, Account: account, Region: region}, Type: a.Type, State: asset.Partial})
		}
	}
	return "without " + a.Ref.String()
}

// null adds a null where the schema has a field that is absent.
func (m *mutant) null() string {
	a := m.pick()
	var all []asset.Path
	for _, p := range places(a) {
		if p.shape == nil || p.shape.Kind != asset.ObjectShape || p.value.Kind() != asset.Map {
			continue
		}
		for _, f := range p.shape.Fields {
			if p.value.Get(f.Name).Kind() == asset.Absent {
				all = append(all, p.path.Key(f.Name))
			}
		}
	}
	if len(all) == 0 {
		return ""
	}
	p := all[m.rng.IntN(len(all))]
	null, err := asset.Of(nil)
	if err != nil || a.SetPath(p, null) != nil {
		return ""
	}
	*a = *conformed(a)
	return "null at " + string(p) + " of " + a.ID
}

func (m *mutant) caseOfNames() string { return m.respell("names", true, false) }

func (m *mutant) caseOfValues() string { return m.respell("values", false, true) }

// respell changes the case of names of fields, or of values of enumerations, of a document
// of a cloud that takes them in any case.
func (m *mutant) respell(what string, names, values bool) string {
	a := m.pick()
	schema, ok := catalog.Schema(a.Type)
	if !ok || schema.Config == nil || !schema.Config.AnyCase {
		return ""
	}
	for p := range a.Config.Marks() {
		_ = p
		return "" // marks do not stand in JSON
	}
	data, err := json.Marshal(a.Config)
	if err != nil {
		return ""
	}
	var doc any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		return ""
	}
	changed := false
	var walk func(x any, s *asset.Shape) any
	walk = func(x any, s *asset.Shape) any {
		switch x := x.(type) {
		case map[string]any:
			out := map[string]any{}
			for _, k := range slices.Sorted(maps.Keys(x)) {
				v := walk(x[k], below(s, k))
				if names && s != nil && s.Kind == asset.ObjectShape && below(s, k) != nil && m.rng.IntN(2) == 0 {
					other := m.other(k)
					changed = changed || other != k
					k = other
				}
				out[k] = v
			}
			return out
		case []any:
			for i := range x {
				x[i] = walk(x[i], below(s, ""))
			}
		case string:
			if values && s != nil && slices.Contains(s.Enum, x) {
				other := m.other(x)
				changed = changed || other != x
				return other
			}
		}
		return x
	}
	doc = walk(doc, schema.Config)
	if !changed {
		return ""
	}
	if data, err = json.Marshal(doc); err != nil {
		return ""
	}
	config, err := asset.Parse(data)
	if err != nil {
		return ""
	}
	a.Config = config
	*a = *conformed(a)
	return "case of " + what + " of " + a.ID
}

// other returns a text in another case.
func (m *mutant) other(s string) string {
	switch m.rng.IntN(3) {
	case 0:
		return strings.ToLower(s)
	case 1:
		return strings.ToUpper(s)
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// caseOfIDs changes the case of ids in a document of Azure.
func (m *mutant) caseOfIDs() string {
	return m.rewrite("ids", "azure", func(s string) string {
		if !strings.HasPrefix(s, "/subscriptions/") {
			return s
		}
		return m.other(s)
	})
}

// reference writes references of Google Cloud in another of their forms.
func (m *mutant) reference() string {
	forms := []string{
		"https://www.googleapis.com/compute/v1/", "https://compute.googleapis.com/compute/v1/", "https://www.googleapis.com/compute/beta/",
		"https://compute.googleapis.com/compute/beta/", "//compute.googleapis.com/",
	}
	return m.rewrite("references", "gcp", func(s string) string {
		for _, f := range forms {
			if rest, ok := strings.CutPrefix(s, f); ok && strings.HasPrefix(rest, "projects/") {
				return forms[m.rng.IntN(len(forms))] + rest
			}
		}
		return s
	})
}

// rewrite changes strings of the config of an asset of a cloud.
func (m *mutant) rewrite(what, cloud string, change func(string) string) string {
	a := m.pick()
	if a.Type.Provider() != cloud {
		return ""
	}
	changed := false
	for _, p := range places(a) {
		text, err := p.value.Str()
		other := change(text)
		if err != nil || !strings.HasPrefix(string(p.path), "config") || other == text {
			continue
		}
		x, err := asset.Of(other)
		if err != nil || a.SetPath(p.path, x) != nil {
			continue
		}
		changed = true
	}
	if !changed {
		return ""
	}
	*a = *conformed(a)
	return "form of " + what + " of " + a.ID
}
