package asset

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
)

// Change is one difference between two inventories.
type Change struct {
	Ref  Ref
	Kind ChangeKind
	// Path leads from the asset to what changed, and is empty where the asset as a
	// whole came, went or was replaced. Beside config, status and access it begins
	// with tags, or with links and a relation.
	Path Path
	// Old and New are what is at the path. For Replaced they are the incarnations,
	// and for an asset that came or went they are absent, or unread where that
	// inventory cannot tell.
	Old, New Value
}

// ChangeKind is the kind of a change.
type ChangeKind int

// The kinds of changes. The zero kind claims nothing.
const (
	Obscured    ChangeKind = iota // was known, and is unknown now
	Revealed                      // is known, and was unknown before
	Appeared                      // an asset was created
	Disappeared                   // an asset was deleted: its scope was searched completely
	Replaced                      // an asset was deleted and created again under the same ref
	Changed                       // a part of an asset has another value
)

// String returns the kind in lower case.
func (k ChangeKind) String() string {
	names := [...]string{"obscured", "revealed", "appeared", "disappeared", "replaced", "changed"}
	if k >= 0 && int(k) < len(names) {
		return names[k]
	}
	return "change kind " + strconv.Itoa(int(k))
}

// Diff yields the differences of the later of two inventories, sorted by ref, then
// by the text of the path. It compares config, status, access, tags and links.
//
// What could not be read is never taken for a change. An asset that is not seen any
// more has disappeared only if the coverage of its type in its scope is complete (of
// one that only other accounts saw: in theirs), and no gap concerns the children of
// one of its parents; otherwise it is obscured. Likewise an asset has appeared only
// if the old inventory would have seen it. A part that is unread is obscured if it was
// read before. So are links that are missing if their relation is unread, or if there is a
// gap in the asset's links.
//
// Absent and null are the same here, as are two lists of the same elements in another
// order: clouds answer many lists in any order. A list of which elements differ in
// place is compared by element, any other one reported as a whole. Members of config
// that in both inventories say what access says are aliases of it and not compared.
//
// Neither inventory may be changed while the sequence is ranged over.
func Diff(old, new *Inventory) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		as, bs := old.indexed().assets, new.indexed().assets
		for len(as) > 0 || len(bs) > 0 {
			var a, b *Asset // the views of the next ref
			if len(bs) == 0 || len(as) > 0 && as[0].Ref.Compare(bs[0].Ref) <= 0 {
				a, as = as[0], as[1:]
			}
			if len(bs) > 0 && (a == nil || a.Ref == bs[0].Ref) {
				b, bs = bs[0], bs[1:]
			}
			for _, c := range diffAssets(old, new, a, b) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// diffAssets compares two views of one asset, one of which may be nil.
func diffAssets(old, new *Inventory, a, b *Asset) []Change {
	switch {
	case a == nil:
		if u := old.unseen(b); u != nil {
			return []Change{{Ref: b.Ref, Kind: Revealed, Old: u.Value()}}
		}
		return []Change{{Ref: b.Ref, Kind: Appeared}}
	case b == nil:
		if u := new.unseen(a); u != nil {
			return []Change{{Ref: a.Ref, Kind: Obscured, New: u.Value()}}
		}
		return []Change{{Ref: a.Ref, Kind: Disappeared}}
	case a == b:
		return nil
	}
	d := differ{ref: a.Ref}
	if a.Incarnation != b.Incarnation && a.Incarnation != "" && b.Incarnation != "" {
		d.add(Replaced, "", text(a.Incarnation), text(b.Incarnation))
	}
	if !a.Config.Equal(b.Config) {
		d.config(a, b)
	}
	d.value("status", a.Status, b.Status)
	d.value("access", a.Access, b.Access)
	for _, k := range union(maps.Keys(a.Tags), maps.Keys(b.Tags)) {
		d.value(Path("tags").Key(k), tag(a, k), tag(b, k))
	}
	d.links(a, b, len(old.GapsOf(a.Ref)) > 0, len(new.GapsOf(b.Ref)) > 0)
	slices.SortStableFunc(d.changes, func(x, y Change) int { return cmp.Compare(x.Path, y.Path) })
	return d.changes
}

// unseen returns the reason why an asset that is not in the inventory may exist all
// the same, or nil if it would have been seen.
func (inv *Inventory) unseen(a *Asset) *Unread {
	for _, near := range [][]Ref{a.Parents, targets(a.Links)} {
		for _, r := range near {
			for _, g := range inv.GapsOf(r) {
				if g.Type == a.Type || g.Type == "" {
					return &g.Cause
				}
			}
		}
	}
	if len(a.Unread) > 0 { // a gap may be of a parent or of an asset at a link that is not known
		for _, g := range inv.indexed().gaps {
			if !g.Of.IsZero() && (g.Type == a.Type || g.Type == "") && (g.Scope.Contains(a.Scope) || a.Scope.Contains(g.Scope)) {
				return &g.Cause
			}
		}
	}
	why := inv.IncompleteReason(a.Scope, a.Type)
	if why == nil || a.owned() {
		return why
	}
	for _, account := range a.Observers {
		if u := inv.IncompleteReason(Scope{a.Provider, account, a.Region}, a.Type); u != nil {
			return u
		}
	}
	return nil
}

func targets(links []Link) []Ref {
	refs := make([]Ref, len(links))
	for i, l := range links {
		refs[i] = l.To
	}
	return refs
}

// text makes a string value.
func text(s string) Value {
	var b block
	n := b.str(tagString, s)
	return b.value(n)
}

func tag(a *Asset, key string) Value {
	if s, ok := a.Tags[key]; ok {
		return text(s)
	}
	return Value{}
}

func union(a, b iter.Seq[string]) []string {
	return slices.Compact(slices.Sorted(func(yield func(string) bool) {
		for k := range a {
			if !yield(k) {
				return
			}
		}
		b(yield)
	}))
}

// differ collects the changes of one asset.
type differ struct {
	ref     Ref
	changes []Change
}

func (d *differ) add(k ChangeKind, p Path, old, new Value) {
	d.changes = append(d.changes, Change{Ref: d.ref, Kind: k, Path: p, Old: old, New: new})
}

// config compares the configs without aliases of access.
func (d *differ) config(a, b *Asset) {
	if a.Config.Kind() != Map || b.Config.Kind() != Map {
		d.value("config", a.Config, b.Config)
		return
	}
	for _, k := range memberKeys(a.Config, b.Config) {
		x, y := a.Config.member(k), b.Config.member(k)
		if same(x, a.Access) && same(y, b.Access) {
			continue
		}
		d.value(Path("config").Key(k), x, y)
	}
}

// memberKeys returns the keys of two maps, sorted.
func memberKeys(a, b Value) []string {
	keys := make([]string, 0, a.count()+b.count())
	for _, v := range []Value{a, b} {
		for i := range v.count() {
			k, _ := v.MemberAt(i)
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (d *differ) value(p Path, old, new Value) {
	if old.IsAbsent() && new.IsAbsent() || old.Equal(new) {
		return
	}
	a, b := old.Kind(), new.Kind()
	switch {
	case a == UnreadPart || b == UnreadPart:
		if b != UnreadPart {
			d.add(Revealed, p, old, new)
		} else if a != UnreadPart {
			d.add(Obscured, p, old, new)
		}
	case a == Map && b == Map:
		for _, k := range memberKeys(old, new) {
			d.value(p.Key(k), old.member(k), new.member(k))
		}
	case a == List && b == List:
		d.list(p, old, new)
	default:
		d.add(Changed, p, old, new)
	}
}

// list compares two lists: elements that the other list has as well, at whatever
// place, are the same.
func (d *differ) list(p Path, old, new Value) {
	olds, news := leftOver(old, new)
	if len(olds) == 0 && len(news) == 0 {
		return
	}
	if old.count() == new.count() && slices.Equal(olds, news) {
		for _, i := range olds {
			d.value(p.Index(i), old.Index(i), new.Index(i))
		}
		return
	}
	kind := Changed
	// Elements that are unread in part may be those that seem to be missing.
	switch {
	case slices.ContainsFunc(news, func(i int) bool { return new.Index(i).holdsUnread() }):
		kind = Obscured
	case slices.ContainsFunc(olds, func(i int) bool { return old.Index(i).holdsUnread() }):
		kind = Revealed
	}
	d.add(kind, p, old, new)
}

// leftOver returns the places of the elements of each list for which the other has
// none that says the same.
func leftOver(a, b Value) (as, bs []int) {
	places := map[string][]int{}
	for i := range b.count() {
		c := string(b.Index(i).canonical(nil))
		places[c] = append(places[c], i)
	}
	for i := range a.count() {
		c := string(a.Index(i).canonical(nil))
		if at := places[c]; len(at) > 0 {
			places[c] = at[1:]
		} else {
			as = append(as, i)
		}
	}
	for _, at := range places {
		bs = append(bs, at...)
	}
	slices.Sort(bs)
	return as, bs
}

func (v Value) holdsUnread() bool {
	for _, part := range v.Marks() {
		if part.Kind() == UnreadPart {
			return true
		}
	}
	return false
}

// same reports whether two values are unchanged in the sense of [Diff].
func same(a, b Value) bool {
	return a.Equal(b) || bytes.Equal(a.canonical(nil), b.canonical(nil))
}

// canonical appends a text that is the same for values that say the same: members
// that are absent or null are left out, members and elements sorted.
func (v Value) canonical(dst []byte) []byte {
	switch v.node.tag() {
	case tagAbsent, tagNull:
		return append(dst, '~')
	case tagFloat:
		switch f, _ := v.Float(); {
		case f == 0: // minus zero, too
			return append(dst, '0')
		case math.IsInf(f, 0):
			return append(dst, v.text(v.node)...)
		case f == math.Trunc(f) && math.Abs(f) < 1<<64:
			return strconv.AppendFloat(dst, f, 'f', 0, 64) // as the integer is written
		default:
			return strconv.AppendFloat(dst, f, 'g', -1, 64)
		}
	case tagRedacted:
		s, _ := v.Str()
		return appendQuoted(append(dst, '!'), s)
	case tagUnread:
		u := v.Unread()
		return appendQuoted(appendQuoted(append(dst, '?'), u.Op), u.Code)
	case tagList:
		parts := make([][]byte, v.count())
		for i := range parts {
			parts[i] = v.Index(i).canonical(nil)
		}
		return join(append(dst, '['), parts, ']')
	case tagMap:
		var parts [][]byte
		for i := range v.count() {
			if k, x := v.MemberAt(i); !x.IsAbsent() {
				parts = append(parts, x.canonical(append(appendQuoted(nil, k), ':')))
			}
		}
		if v.IsPartial() {
			dst = append(dst, '?')
		}
		return join(append(dst, '{'), parts, '}')
	}
	return v.AppendJSON(dst)
}

func join(dst []byte, parts [][]byte, end byte) []byte {
	slices.SortFunc(parts, bytes.Compare)
	for _, p := range parts {
		dst = append(append(dst, p...), ',')
	}
	return append(dst, end)
}

// links compares the links relation by relation; the flags tell whether there are
// gaps in the old and in the new ones.
func (d *differ) links(a, b *Asset, oldGaps, newGaps bool) {
	olds, news := relations(a), relations(b)
	for _, rel := range union(maps.Keys(olds), maps.Keys(news)) {
		x, y := olds[rel], news[rel]
		before, now := a.UnreadLinks(rel), b.UnreadLinks(rel)
		missing := slices.ContainsFunc(x, func(r Ref) bool { return !sortedHas(y, r) })
		more := slices.ContainsFunc(y, func(r Ref) bool { return !sortedHas(x, r) })
		kind := Changed
		switch {
		case missing && (newGaps || now != nil), !more && now != nil && before == nil:
			kind = Obscured
		case more && (oldGaps || before != nil), !missing && before != nil && now == nil:
			kind = Revealed
		case !missing && !more:
			continue
		}
		d.add(kind, linksOf(rel), linkList(x, before), linkList(y, now))
	}
	if olds, news := a.Unread[partLinks], b.Unread[partLinks]; len(a.Links)+len(b.Links) == 0 && (olds == nil) != (news == nil) {
		kind := Obscured
		if news == nil {
			kind = Revealed
		}
		d.add(kind, partLinks, linkList(nil, olds), linkList(nil, news))
	}
}

func sortedHas(refs []Ref, r Ref) bool {
	_, ok := slices.BinarySearchFunc(refs, r, Ref.Compare)
	return ok
}

// relations returns the targets of the links of an asset by relation, sorted, each once.
// Relations that are unread on their own are among them.
func relations(a *Asset) map[string][]Ref {
	rels := map[string][]Ref{}
	for _, l := range a.Links {
		rels[l.Rel] = append(rels[l.Rel], l.To)
	}
	for rel, to := range rels {
		slices.SortFunc(to, Ref.Compare)
		rels[rel] = slices.Compact(to)
	}
	for part := range a.Unread {
		if steps, err := Path(part).Steps(); err == nil && len(steps) == 2 && rels[steps[1].Key] == nil {
			rels[steps[1].Key] = nil
		}
	}
	return rels
}

// linkList returns the targets of links, or why there are none if they are unread.
func linkList(to []Ref, why *Unread) Value {
	if len(to) == 0 && why != nil {
		return why.Value()
	}
	return refList(to)
}

// refList makes a list of {"type", "id"}; it is absent if there are none.
func refList(refs []Ref) Value {
	if len(refs) == 0 {
		return Value{}
	}
	var b block
	for _, r := range refs {
		mark := len(b.stack)
		b.member("type", b.str(tagString, string(r.Type)))
		b.member("id", b.str(tagString, r.ID))
		n, _, _ := b.mapping(mark)
		b.stack = append(b.stack, n)
	}
	n := b.list(0)
	return b.value(n)
}
