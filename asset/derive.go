package asset

import "slices"

// Derive returns the asset with the parents that its id names, and with the links that its
// id and its documents name, as far as the asset does not state them. The rules are those of
// the built-in clouds and of the schemas: see [LinkRule]. It returns a itself if it has
// nothing to add, and else a copy that shares the documents. A nil schemas adds nothing.
//
// Parents and links that the source does not state ([CodeNotStated]) remain unread where the
// id and the documents do not tell all of them.
func Derive(a *Asset, schemas func(Type) (*Schema, bool)) *Asset {
	if schemas == nil {
		return a
	}
	s, ok := schemas(a.Type)
	if !ok {
		return a
	}
	row, _ := Clouds(nil).find(a.Type)
	if row.refer == nil {
		return a
	}
	d := deriver{from: a, to: a, cloud: row.refer, schemas: schemas}
	d.parents(s)
	d.links(s)
	for _, rel := range d.over {
		// The path is one of a relation.
		_ = d.change().SetUnread(linksOf(rel), Unread{Reason: Incomplete, Code: CodeIncomplete, Message: "too many references to other assets"})
	}
	return d.to
}

// references are the rules of a cloud for ids in ids and in documents.
type references interface {
	// within returns the asset of the type that contains a by its id, if the id names one. An
	// empty type stands for whatever the id names. The result may lack the spelling of the type.
	within(a *Asset, of Type) (Ref, bool)
	// resolve returns the asset of one of the types that a string in a document of a refers to.
	resolve(a *Asset, to []Type, text string) (Ref, bool)
	// same reports whether two refs of one type are of one asset, in another form.
	same(a, b string) bool
}

// deriver adds to a copy of an asset, which it makes for the first addition.
type deriver struct {
	from, to *Asset
	cloud    references
	schemas  func(Type) (*Schema, bool)
	derived  int      // links
	over     []string // relations with more references than are derived
}

// maxDerived bounds the links that are derived for an asset: each is compared with those
// before it.
const maxDerived = 1000

func (d *deriver) change() *Asset {
	if d.to == d.from {
		a := *d.from
		a.Links, a.Parents = slices.Clone(a.Links), slices.Clone(a.Parents)
		d.to = &a
	}
	return d.to
}

// parents adds parents of types of which an asset has one at most, each before those that
// may contain it.
func (d *deriver) parents(s *Schema) {
	for i, of := range s.Parents {
		if slices.ContainsFunc(d.to.Parents, func(r Ref) bool { return r.Type == of }) {
			continue
		}
		r, ok := d.cloud.within(d.from, of)
		if !ok || r == d.from.Ref {
			continue
		}
		a := d.change()
		at := slices.IndexFunc(a.Parents, func(p Ref) bool { return slices.Contains(s.Parents[i:], p.Type) })
		if at < 0 {
			at = len(a.Parents)
		}
		a.Parents = slices.Insert(a.Parents, at, r)
	}
}

func (d *deriver) links(s *Schema) {
	unread := len(d.from.Unread) > 0
	var known []string
	for i := range s.Links {
		if rule := &s.Links[i]; d.link(rule) && unread {
			known = append(known, rule.Rel)
		}
	}
	if unread {
		d.known(s, known)
	}
}

func notStated(u *Unread) bool { return u != nil && u.Code == CodeNotStated }

// link adds the links of a relation. It reports whether they are all there are.
func (d *deriver) link(rule *LinkRule) (all bool) {
	if rule.Within {
		to := rule.To
		if len(to) == 0 {
			to = []Type{""}
		}
		for _, of := range to {
			if r, ok := d.cloud.within(d.from, of); ok && d.spell(rule, &r) {
				d.add(rule.Rel, r)
				return true
			}
		}
		return false
	}
	all = len(rule.At) > 0
	for _, p := range rule.At {
		name, rest := p.Document()
		steps, err := rest.Steps()
		doc := d.from.document(name)
		if err != nil || doc == nil || !d.refer(rule, *doc, steps) {
			all = false
		}
	}
	return all
}

// refer adds a link for each reference in the parts that steps from v lead to, which are
// strings or lists of them. It reports whether the parts were read and every reference is of
// a form of the cloud.
func (d *deriver) refer(rule *LinkRule, v Value, steps []Step) (all bool) {
	if v.IsAbsent() { // or null
		return true
	}
	if len(steps) > 0 && !steps[0].Any {
		return v.Kind() == Map && !v.IsPartial() && d.refer(rule, v.member(steps[0].Key), steps[1:])
	}
	if v.Kind() == List {
		if len(steps) > 0 {
			steps = steps[1:]
		}
		all = true
		for i := range v.Len() {
			all = d.refer(rule, v.Index(i), steps) && all
		}
		return all
	}
	text, err := v.Str()
	if err != nil || text == "" {
		return err == nil
	}
	r, ok := d.cloud.resolve(d.from, rule.To, text)
	if !ok || !d.spell(rule, &r) {
		return false
	}
	if r, err = ParseRef(r.Type, r.ID); err != nil { // the text may hold anything
		return false
	}
	d.add(rule.Rel, r)
	return true
}

// spell gives a ref the spelling of its type that assets have, unless the rule has it.
func (d *deriver) spell(rule *LinkRule, r *Ref) bool {
	if len(rule.To) > 0 {
		return true
	}
	s, ok := d.schemas(r.Type)
	if ok && s.Type != "" {
		r.Type = s.Type
	}
	return ok
}

func (d *deriver) add(rel string, to Ref) {
	if to == d.from.Ref || slices.ContainsFunc(d.to.Links, func(l Link) bool {
		return l.Rel == rel && l.To.Type == to.Type && d.cloud.same(l.To.ID, to.ID)
	}) {
		return
	}
	if d.derived++; d.derived > maxDerived {
		if !slices.Contains(d.over, rel) {
			d.over = append(d.over, rel)
		}
		return
	}
	a := d.change()
	a.Links = append(a.Links, Link{rel, to})
}

// known takes back that relations are not stated, of which all links are derived.
func (d *deriver) known(s *Schema, rels []string) {
	every := notStated(d.from.Unread[partLinks])
	if !every && !slices.ContainsFunc(rels, func(rel string) bool { return notStated(d.from.Unread[string(linksOf(rel))]) }) {
		return
	}
	a := d.change()
	marks := map[string]*Unread{}
	for part, u := range d.from.Unread {
		if part != partLinks || !every {
			marks[part] = u
		}
	}
	for _, rule := range s.Links {
		part := string(linksOf(rule.Rel))
		switch {
		case slices.Contains(rels, rule.Rel):
			if notStated(marks[part]) {
				delete(marks, part)
			}
		case every && marks[part] == nil:
			marks[part] = d.from.Unread[partLinks]
		}
	}
	if len(marks) == 0 {
		marks = nil
	}
	a.Unread = marks
}
