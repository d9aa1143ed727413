package snapshot

import (
	"strings"

	"github.com/openstance/stance/asset"
)

// blocks returns the memory of each document.
func blocks(a *asset.Asset) (b [3]string) {
	i := 0
	for _, doc := range a.Documents() {
		b[i] = doc.Block()
		i++
	}
	return b
}

// detach copies the strings of an asset whose documents are copies already. The asset
// then keeps no part of the line in memory, with its omitted parts and its secrets.
func detach(a *asset.Asset) {
	clone := strings.Clone
	ref := func(r asset.Ref) asset.Ref {
		return asset.Ref{Type: asset.Type(clone(string(r.Type))), ID: clone(r.ID)}
	}
	a.Ref = ref(a.Ref)
	a.Scope = asset.Scope{Provider: clone(a.Provider), Account: clone(a.Account), Region: clone(a.Region)}
	a.Name, a.Class, a.URL, a.Incarnation = clone(a.Name), clone(a.Class), clone(a.URL), clone(a.Incarnation)
	a.Origin.File = clone(a.Origin.File)
	for i, l := range a.Links {
		a.Links[i] = asset.Link{Rel: clone(l.Rel), To: ref(l.To)}
	}
	for i, r := range a.Parents {
		a.Parents[i] = ref(r)
	}
	for i, o := range a.Observers {
		a.Observers[i] = clone(o)
	}
	if a.Tags != nil {
		tags := make(map[string]string, len(a.Tags))
		for k, v := range a.Tags {
			tags[clone(k)] = clone(v)
		}
		a.Tags = tags
	}
}
