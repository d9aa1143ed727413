package compliance_test

import (
	"cmp"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/policytest"
)

// cloud is a pack of policies, the benchmarks of its cloud, and an estate that meets them.
type cloud struct {
	policies  *policy.Set
	standards []*compliance.Standard
	mapping   *compliance.Mapping
	estate    []*asset.Asset
	now       time.Time // of the next assessment
}

// clouds returns the three clouds by the names of their providers.
func clouds(t *testing.T) map[string]*cloud {
	t.Helper()
	all := map[string]*cloud{}
	estates, err := policy.Read(os.DirFS("testdata/sound"))
	require.NoError(t, err)
	for name, pack := range map[string]fs.FS{"aws": packs.AWS(), "azure": packs.Azure(), "gcp": packs.GCP()} {
		c := &cloud{standards: slices.DeleteFunc(cis(t), func(s *compliance.Standard) bool { return s.Provider != name })}
		c.policies, err = policy.Load(&policy.Options{Now: func() time.Time { return c.now }, NoEvidence: true}, pack)
		require.NoError(t, err)
		c.mapping, err = compliance.NewMapping(c.policies.Policies(), c.standards...)
		require.NoError(t, err)
		i := slices.IndexFunc(estates, func(p *policy.Policy) bool { return p.ID == "sound-"+name })
		for _, o := range estates[i].Tests[0].Related {
			c.estate = append(c.estate, o.(*asset.Asset))
		}
		all[name] = c
	}
	return all
}

// assess returns the statuses of the sections that policies cover, by their controls, for an
// estate of which everything was read.
func (c *cloud) assess(t *testing.T, estate []*asset.Asset, now time.Time) map[string]compliance.SectionStatus {
	t.Helper()
	inv := &asset.Inventory{}
	scopes := map[asset.Scope]bool{}
	for _, a := range estate {
		inv.Add(asset.Derive(a, catalog.Schema))
		scopes[a.Scope] = true
		scopes[asset.Scope{Provider: a.Provider, Account: a.Account}] = true
	}
	for scope := range scopes {
		for _, typ := range c.policies.Types() {
			inv.Add(&asset.Coverage{Scope: scope, Type: typ, State: asset.Complete})
		}
	}
	if c.now = now; now.IsZero() {
		c.now = policytest.Now()
	}
	postures, err := c.mapping.Assess(c.policies.Evaluate(t.Context(), inv))
	require.NoError(t, err)
	sections := map[string]compliance.SectionStatus{}
	for _, p := range postures {
		for _, q := range p.Requirements {
			for i := range q.Sections {
				if s := &q.Sections[i]; s.Status() != compliance.NotCovered {
					sections[s.Control] = s.Status()
				}
			}
		}
	}
	return sections
}

// rest tells what a blend has beside what a case says.
type rest int

const (
	everything rest = iota // that the estate has
	// unreadInStated leaves out, of the documents that the case states, the parts that the
	// policy reads, and the assets that it looks up.
	unreadInStated
	unread // the same of all documents
)

// blend returns the estate with the assets of a case in place of those that they are like.
// An asset has what the case says of it, and the rest of the one that it replaces.
func (c *cloud) blend(t *testing.T, p *policy.Policy, x *policy.Case, keep rest) []*asset.Asset {
	t.Helper()
	reads := map[asset.Type][]asset.Path{}
	if keep != everything {
		alone := *p
		alone.Tests = nil
		set, err := policy.NewSet(nil, &alone)
		require.NoError(t, err)
		reads = set.Reads()
	}
	of := []*asset.Asset{x.Asset}
	for _, o := range x.Related {
		if a, ok := o.(*asset.Asset); ok {
			of = append(of, a)
		}
	}
	estate, replaced, ids := slices.Clone(c.estate), make([]*asset.Asset, len(of)), map[string]string{}
	for n, a := range of {
		if i := like(estate, a); i >= 0 {
			replaced[n] = estate[i]
			ids[a.ID] = estate[i].ID
			estate = slices.Delete(estate, i, i+1)
		}
	}
	estate = slices.DeleteFunc(estate, func(a *asset.Asset) bool {
		_, looks := reads[a.Type]
		return looks && !slices.ContainsFunc(of, func(b *asset.Asset) bool { return a.Type == b.Type })
	})
	for n, a := range of {
		b := *a
		b.Links = slices.Clone(a.Links)
		for i, l := range b.Links {
			b.Links[i].To.ID = cmp.Or(ids[l.To.ID], l.To.ID)
		}
		if old := replaced[n]; old != nil {
			b.ID, b.Region = old.ID, cmp.Or(b.Region, old.Region)
			own := maps.Collect(old.Documents())
			for name, doc := range b.Documents() {
				base := *own[name]
				if keep == unread || doc.Kind() != asset.Absent {
					base = without(base, name, reads[a.Type])
				}
				*doc = over(base, *doc)
			}
			for _, l := range old.Links {
				known := slices.ContainsFunc(slices.Concat(estate, replaced), func(o *asset.Asset) bool { return o != nil && o.Ref == l.To })
				if known && !slices.ContainsFunc(b.Links, func(o asset.Link) bool { return o.Rel == l.Rel }) {
					b.Links = append(b.Links, l)
				}
			}
		}
		for _, doc := range b.Documents() {
			*doc = rename(t, *doc, ids)
		}
		estate = append(estate, &b)
	}
	return estate
}

// like returns the index of the asset that is most like a: of the same type and account, if
// possible of the same name in its document, or with a link to the same type. It returns -1
// if there is none.
func like(estate []*asset.Asset, a *asset.Asset) int {
	name := func(a *asset.Asset) string {
		s, _ := a.Config.Get("name").Str()
		return strings.ToLower(s)
	}
	best, at := 0, -1
	for i, o := range estate {
		score := 0
		if o.Type == a.Type && o.Account == a.Account {
			score = 1
			if name(a) != "" && name(a) == name(o) {
				score++
			}
			if len(a.Links) > 0 && len(o.Links) > 0 && a.Links[0].To.Type == o.Links[0].To.Type {
				score++
			}
		}
		if score > best {
			best, at = score, i
		}
	}
	return at
}

// without returns a document without the parts that paths of the asset lead to.
func without(doc asset.Value, name string, paths []asset.Path) asset.Value {
	for _, p := range paths {
		in, part := p.Document()
		if in != name {
			continue
		}
		if i := strings.IndexByte(string(part), '['); i >= 0 {
			part = part[:i]
		}
		if part == "" {
			return asset.Value{}
		}
		if less, err := doc.Set(part, asset.Value{}); err == nil {
			doc = less
		}
	}
	return doc
}

// over returns base with what v has, map by map. Lists of pairs of key and value are maps.
func over(base, v asset.Value) asset.Value {
	if v.Kind() == asset.Absent {
		return base
	}
	if elements, err := v.Elements(); err == nil && base.Kind() == asset.List {
		keyOf := func(v asset.Value) string { s, _ := v.Get("key").Str(); return s }
		var all []asset.Value
		for _, x := range elements {
			if keyOf(x) == "" {
				return v
			}
			all = append(all, x)
		}
		old, _ := base.Elements()
		for _, x := range old {
			if !slices.ContainsFunc(all, func(y asset.Value) bool { return keyOf(x) == keyOf(y) }) {
				all = append(all, x)
			}
		}
		if list, err := asset.Of(all); err == nil {
			return list
		}
		return v
	}
	members, err := v.Members()
	if err != nil || base.Kind() != asset.Map {
		return v
	}
	for key, m := range members {
		if base, err = base.Set(asset.Path("").Key(key), over(base.Get(key), m)); err != nil {
			return v
		}
	}
	return base
}

// rename replaces ids in the strings of a document.
func rename(t *testing.T, v asset.Value, ids map[string]string) asset.Value {
	t.Helper()
	text := func(s string) string {
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			if strings.ContainsAny(id, "/:") {
				s = strings.ReplaceAll(s, id, ids[id])
			} else {
				s = strings.ReplaceAll(s, `"`+id+`"`, `"`+ids[id]+`"`)
			}
		}
		return s
	}
	if text(v.String()) == v.String() {
		return v
	}
	data, err := v.MarshalJSON()
	if err != nil {
		return v // a part is unread
	}
	v, err = asset.Parse([]byte(text(string(data))))
	require.NoError(t, err)
	return v
}
