package snapshot

import (
	"fmt"

	"github.com/openstance/stance/asset"
)

// parts is a set of the parts of an asset that a line states or omits. A part that is
// omitted is unread, if assets of the type have it.
type parts uint8

const (
	links parts = 1 << iota
	parents
	access
)

// defaults reads the line that states parts of the assets whose lines omit them.
func (d *decoder) defaults(v asset.Value) error {
	return members(v, func(name string, x asset.Value) error {
		want := asset.List
		switch name {
		case "links":
			d.stated |= links
		case "parents":
			d.stated |= parents
		case "access":
			d.stated |= access
			want = asset.Absent
		default:
			return errUnknown
		}
		if x.Kind() != want || x.Len() > 0 {
			return fmt.Errorf("is not empty (want [] of links and parents, null of access)")
		}
		return nil
	})
}

// omitted notes what is unread of assets whose lines omit it. Of a type without a schema
// that is every part.
func (k *kind) omitted() {
	k.hasAccess, k.access = k.schema == nil || k.schema.Access != nil, asset.NotStated("access").Value()
	for stated := range k.unread {
		m := map[string]*asset.Unread{}
		if parts(stated)&parents == 0 && (k.schema == nil || len(k.schema.Parents) > 0) {
			m["parents"] = asset.NotStated("parents")
		}
		if parts(stated)&links == 0 && (k.schema == nil || len(k.schema.Links) > 0) {
			m["links"] = asset.NotStated("links")
		}
		if len(m) > 0 {
			k.unread[stated] = m
		}
	}
}

// state marks the parts that neither the line of an asset nor the defaults state.
func (k *kind) state(a *asset.Asset, stated parts) {
	a.Unread = k.unread[stated&(links|parents)]
	if stated&access == 0 && k.hasAccess && a.Access.Kind() == asset.Absent {
		a.Access = k.access
	}
}
