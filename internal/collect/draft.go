package collect

import (
	"time"

	"github.com/openstance/stance/asset"
)

// Doc is a map in a document of a draft. Its members may be values of an SDK: scalars,
// strings, times, bytes, structs, slices and maps, and pointers to them. Nil pointers and
// empty enumerations are omitted, as are fields of structs that the schema lacks; names
// of fields are those of the schema, whatever their case. Members of a Doc itself are
// kept even if the schema lacks them.
//
// A member that is in a Doc, even as nil, was read. In the map of a whole document a
// member that the schema has, that no read provides and that is not there was not.
type Doc map[string]any

// Pairs is a map that stands in a document as a list of maps with a Key and a Value each,
// sorted by the keys, as tags often do.
type Pairs map[string]string

// Draft is an asset that is being collected. A list makes it, reads complete it.
type Draft struct {
	asset.Ref
	Name        string
	Page        string            // the id whose page in the console shows it, as NewDraft sets it: its own; "": there is none
	Region      string            // where the id does not name it and it is not the unit's
	Key         string            // what the reads of the asset need to request it, as the list sets it
	Tags        map[string]string // nil: not read, or not by the list
	Created     time.Time
	Incarnation string
	Links       []asset.Link
	Observers   []string // accounts to which it is visible as to its owner, and its owner; sorted

	Config, Status Doc
	Access         any // an asset.Value, an *asset.Unread, or nil

	// Lost is why the list knows that an asset exists but not what it is, or where: gaps
	// of all types of the table take its place.
	Lost error

	unread      []mark
	unreadLinks map[string]*asset.Unread // by "links." and the relation, as assets have them
	failed      error
	gone        bool
}

// mark says why some parts were not read.
type mark struct {
	paths []asset.Path
	why   *asset.Unread
}

// NewDraft returns a draft.
func NewDraft(t asset.Type, id, name string) *Draft {
	return &Draft{
		Ref: asset.Ref{Type: t, ID: id}, Name: name, Page: id, Config: Doc{}, Status: Doc{},
		Links: make([]asset.Link, 0, 4), // most assets have links to their account and region, and to others
	}
}

// Link adds a link, unless the id is empty.
func (d *Draft) Link(rel string, t asset.Type, id string) {
	if id != "" {
		d.Links = append(d.Links, asset.Link{Rel: rel, To: asset.Ref{Type: t, ID: id}})
	}
}

// SetUnread says why parts were not read. Parts that are filled stay.
func (d *Draft) SetUnread(why *asset.Unread, paths ...asset.Path) {
	d.unread = append(d.unread, mark{paths, why})
}

// SetUnreadLinks says why the links of a relation are not known, or may lead elsewhere.
func (d *Draft) SetUnreadLinks(rel string, why *asset.Unread) {
	if d.unreadLinks == nil {
		d.unreadLinks = map[string]*asset.Unread{}
	}
	d.unreadLinks["links."+rel] = why
}

// Fail says, within a read of several assets together, why the read failed for this one.
func (d *Draft) Fail(err error) { d.failed = err }
