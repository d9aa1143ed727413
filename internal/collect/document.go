package collect

import (
	"fmt"
	"strings"

	"github.com/openstance/stance/asset"
)

// documents stores the documents of a draft in an asset. Config is a map even if nothing
// is in it; the others are then absent.
func (e *encoder) documents(a *asset.Asset, d *Draft, p *typePlan) error {
	var deep []deepMark
	to := make([]*asset.Value, 0, 3)
	for _, doc := range [...]struct {
		name  string
		from  any
		shape *asset.Shape
		to    *asset.Value
	}{
		{"config", d.Config, p.schema.Config, &a.Config},
		{"status", d.Status, p.schema.Status, &a.Status},
		{"access", d.Access, p.schema.Access, &a.Access},
	} {
		if e.watch != nil {
			e.at = asset.Path(doc.name)
		}
		if e.document(doc.name, doc.from, doc.shape, p, d.unread, &deep) {
			to = append(to, doc.to)
		}
	}
	err := e.Documents(to...)
	if e.err != nil {
		err, e.err = e.err, nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", d.Ref, err)
	}
	for _, m := range deep {
		if err := m.set(a); err != nil {
			return fmt.Errorf("%s: %w", d.Ref, err)
		}
	}
	return nil
}

// document adds a document, and reports whether there is one. Marks of parts that are
// deep inside of it are left for later.
func (e *encoder) document(name string, from any, shape *asset.Shape, p *typePlan, unread []mark, deep *[]deepMark) bool {
	begin := len(e.entries)
	defer func() { e.entries = e.entries[:begin] }()
	given, isMap := from.(Doc)
	if isMap {
		e.gather(given, shape)
		for _, member := range p.rest(name) {
			if _, named := given[member]; !named {
				e.entries = append(e.entries, entry{name: member, v: notCollected, known: true})
			}
		}
	}
	something := len(e.entries) > begin || !isMap && !e.missing(from, shape)
	for i := range unread {
		n := len(unread) - i
		m := &unread[n-1]
		for _, path := range m.paths {
			rest, ok := strings.CutPrefix(string(path), name)
			switch {
			case !ok:
			case rest == "" && !something:
				e.Unread(m.why)
				return true
			case rest == "":
				// Another operation filled some of it.
				if isMap && shape != nil {
					for _, f := range shape.Fields {
						if !f.Mark.Has(asset.WriteOnly) {
							e.entries = append(e.entries, entry{name: f.Name, v: m.why, known: true, rank: ofDocument + i})
						}
					}
				}
			case isMap && !strings.ContainsAny(rest[1:], ".["):
				e.entries = append(e.entries, entry{name: rest[1:], v: m.why, known: true, rank: ofPart + i})
			default:
				*deep = append(*deep, deepMark{path, m.why})
			}
		}
	}
	switch {
	case isMap && (len(e.entries) > begin || name == "config"):
		e.members(e.entries[begin:])
		return true
	case !isMap && !e.missing(from, shape):
		e.any(from, shape)
		return true
	}
	return false
}

// deepMark is a part inside of a member of a document that was not read.
type deepMark struct {
	path asset.Path
	why  *asset.Unread
}

// set makes the part unread, unless something filled it. Of a list that is not there it
// makes the list unread.
func (m deepMark) set(a *asset.Asset) error {
	first, _, every := strings.Cut(string(m.path), "[*]")
	part, err := a.At(asset.Path(first))
	switch {
	case err != nil:
		return err
	case part.IsAbsent():
		return a.SetPath(asset.Path(first), m.why.Value())
	case every:
		return a.SetPath(m.path, m.why.Value())
	}
	return nil
}
