package asset

// The bytes of memory that observations are taken to have beside strings and documents.
const (
	assetSize       = 512
	linkSize        = 48
	tagSize         = 48
	unreadSize      = 128
	observationSize = 256
)

// Size returns about how many bytes of memory an asset takes, with its documents. Documents
// that are parts of one block count once.
func (a *Asset) Size() int64 {
	n := assetSize + len(a.ID) + len(a.Name) + len(a.URL) + len(a.Incarnation) + len(a.Origin.File)
	block := ""
	for _, doc := range a.Documents() {
		if doc.doc != block {
			block = doc.doc
			n += len(block)
		}
	}
	for _, l := range a.Links {
		n += linkSize + len(l.To.ID)
	}
	for _, p := range a.Parents {
		n += linkSize + len(p.ID)
	}
	for _, o := range a.Observers {
		n += linkSize + len(o)
	}
	for k, v := range a.Tags {
		n += tagSize + len(k) + len(v)
	}
	for name, u := range a.Unread {
		n += unreadSize + len(name) + len(u.Message)
	}
	return int64(n)
}

// Size returns about how many bytes of memory the observations of the inventory take. It
// grows as they are added, so that a program can stop before memory ends: see
// provider.Query.MaxBytes.
func (inv *Inventory) Size() int64 { return inv.size }
