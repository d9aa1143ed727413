package collect

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/openstance/stance/asset"
)

// finish makes an asset of a draft. The documents are brought to the schema, marked and
// redacted. An asset without an id would be taken for every other one without.
func (r *run) finish(d *Draft) (*asset.Asset, error) {
	if d.ID == "" {
		return nil, errors.New("an asset without an id was returned")
	}
	p := r.scan.plan(d.Type)
	if p.err != nil {
		return nil, p.err
	}
	a := &asset.Asset{
		Ref:         d.Ref,
		Name:        d.Name,
		Class:       p.schema.Class,
		Links:       d.Links,
		Observers:   d.Observers,
		Incarnation: d.Incarnation,
		Unread:      d.unreadLinks,
		Created:     d.Created,
		Observed:    r.scan.Now().UTC(),
	}
	var owned bool
	if a.Scope, owned = r.place(d); !owned {
		a.Observers = []string{r.Scope.Account}
	} else if r.Parents != nil {
		a.Parents = slices.Clip(r.Parents(d.Type))
	}
	if r.Finish != nil {
		r.Finish(d, owned)
	}
	a.Tags = d.Tags
	if r.URL != nil {
		a.URL = r.URL(d.Page)
	}
	if place := r.scan.Place; place != nil {
		if p.account {
			a.Links = append(a.Links, asset.Link{Rel: "account", To: place(asset.Scope{Provider: a.Provider, Account: a.Account})})
		}
		if p.region && a.Region != "" {
			a.Links = append(a.Links, asset.Link{Rel: "region", To: place(a.Scope)})
		}
	}
	e := r.scan.encoders.Get().(*encoder)
	defer r.scan.encoders.Put(e)
	e.typ, e.watch = d.Type, r.scan.Watch
	if err := e.documents(a, d, p); err != nil {
		return nil, err
	}
	r.scan.redactor().RedactCompiled(a, p.secret)
	return a, nil
}

// maxMessage bounds what is kept of a message.
const maxMessage = 500

// Clip bounds a string from a cloud and removes control characters from it.
func Clip(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == unicode.ReplacementChar:
			return -1
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > maxMessage {
		s = strings.ToValidUTF8(s[:maxMessage], "") + "…"
	}
	return s
}

// Value makes a part of a document of a value, as it is made of a member of a [Doc].
func (e *Engine) Value(v any, s *asset.Shape) (asset.Value, error) {
	enc := e.encoders.Get().(*encoder)
	defer e.encoders.Put(enc)
	enc.watch, enc.err = nil, nil
	var made asset.Value
	if enc.missing(v, s) {
		return made, nil
	}
	enc.any(v, s)
	err := enc.Documents(&made)
	if enc.err != nil {
		err, enc.err = enc.err, nil
	}
	return made, err
}
