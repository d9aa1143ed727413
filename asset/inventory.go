package asset

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Inventory collects observations and answers questions about them. The zero
// value is ready to use. Add must not be called at the same time as any other
// method; the other methods are safe for concurrent use. Sequences are in
// the order of refs and can be ranged over again.
type Inventory struct {
	assets   map[Ref]*Asset
	gaps     []*Gap
	coverage map[coverageKey]CoverageState
	least    map[providerKey]CoverageState // of all statements for a type
	regions  map[accountKey][]string       // regions that statements name, sorted
	global   map[providerKey]bool          // types of which there are assets in no region

	size int64

	mu    sync.Mutex            // held while an index is made
	index atomic.Pointer[index] // nil until first needed, and after Add
}

type accountKey struct{ provider, account string }

type providerKey struct {
	provider string
	typ      Type
}

type coverageKey struct {
	scope Scope
	typ   Type
}

// Add takes an observation into the inventory, which then owns it. Of two views of
// one asset the owner's account's is kept, then the one observed later; the
// observers of both are. Of two statements of coverage the less complete holds.
func (inv *Inventory) Add(o Observation) {
	if inv.assets == nil {
		inv.assets = map[Ref]*Asset{}
		inv.coverage = map[coverageKey]CoverageState{}
		inv.least = map[providerKey]CoverageState{}
		inv.regions = map[accountKey][]string{}
		inv.global = map[providerKey]bool{}
	}
	inv.index.Store(nil)
	switch o := o.(type) {
	case *Asset:
		inv.addAsset(o)
	case *Gap:
		inv.size += observationSize + int64(len(o.Of.ID)+len(o.Cause.Message))
		inv.gaps = append(inv.gaps, o)
	case *Coverage:
		inv.size += observationSize
		inv.addRegion(o.Scope)
		k := coverageKey{o.Scope, o.Type}
		if old, ok := inv.coverage[k]; !ok || o.State < old {
			inv.coverage[k] = o.State
		}
		p := providerKey{o.Scope.Provider, o.Type}
		if old, ok := inv.least[p]; !ok || o.State < old {
			inv.least[p] = o.State
		}
	}
}

func (inv *Inventory) addRegion(s Scope) {
	if s.Region == "" {
		return
	}
	k := accountKey{s.Provider, s.Account}
	if i, ok := slices.BinarySearch(inv.regions[k], s.Region); !ok {
		inv.regions[k] = slices.Insert(inv.regions[k], i, s.Region)
	}
}

func (inv *Inventory) addAsset(a *Asset) {
	if a.Region == "" {
		inv.global[providerKey{a.Provider, a.Type}] = true
	}
	old, ok := inv.assets[a.Ref]
	if !ok {
		inv.size += a.Size()
		inv.assets[a.Ref] = a
		return
	}
	keep, other := old, a
	if betterView(a, old) {
		keep, other = a, old
	}
	merged := *keep
	merged.Observers = mergeObservers(keep, other)
	inv.size += merged.Size() - old.Size()
	inv.assets[a.Ref] = &merged
}

// betterView reports whether a is to be kept rather than b, in whatever order they
// come. It must not look at the observers but for the owner: views that were merged
// before have those of both.
func betterView(a, b *Asset) bool {
	if x, y := a.owned(), b.owned(); x != y {
		return x
	}
	if c := a.Observed.Compare(b.Observed); c != 0 {
		return c > 0
	}
	for _, v := range [][2]Value{{a.Config, b.Config}, {a.Status, b.Status}, {a.Access, b.Access}} {
		if c := strings.Compare(v[0].String(), v[1].String()); c != 0 {
			return c > 0
		}
	}
	return a.beside() > b.beside()
}

// beside returns a text of what tells two views with equal documents apart.
func (a *Asset) beside() string {
	text := fmt.Sprint(a.Scope, a.Name, a.Tags, a.Links, a.Parents)
	for _, part := range slices.Sorted(maps.Keys(a.Unread)) {
		text += fmt.Sprint(part, *a.Unread[part])
	}
	return text
}

// owned reports whether the owner's account is among those who saw a.
func (a *Asset) owned() bool {
	return len(a.Observers) == 0 || slices.Contains(a.Observers, a.Account)
}

func mergeObservers(a, b *Asset) []string {
	var all []string
	for _, x := range []*Asset{a, b} {
		if len(x.Observers) == 0 {
			all = append(all, x.Account)
		}
		all = append(all, x.Observers...)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) == 1 && all[0] == a.Account {
		return nil
	}
	return all
}

// index is what questions need, made of an inventory when it is first asked one.
type index struct {
	assets    []*Asset          // sorted by ref
	referrers map[Link][]*Asset // who has the link
	gaps      []*Gap            // sorted
	gapsOf    map[Ref][]*Gap
	gapsAmong map[Type][]*Gap       // with Of of the type
	gapsIn    map[accountKey][]*Gap // without Of
	numbered  numbered
}

func (inv *Inventory) indexed() *index {
	if x := inv.index.Load(); x != nil {
		return x
	}
	inv.mu.Lock()
	defer inv.mu.Unlock()
	if x := inv.index.Load(); x != nil {
		return x
	}
	x := &index{
		assets:    slices.SortedFunc(maps.Values(inv.assets), func(a, b *Asset) int { return a.Ref.Compare(b.Ref) }),
		referrers: map[Link][]*Asset{},
		gaps:      slices.SortedFunc(slices.Values(inv.gaps), compareGaps),
		gapsOf:    map[Ref][]*Gap{},
		gapsAmong: map[Type][]*Gap{},
		gapsIn:    map[accountKey][]*Gap{},
	}
	for _, a := range x.assets {
		x.numbered.add(a)
	}
	for _, a := range x.assets {
		if r := x.numbered.canonical(a.Ref); r != a.Ref {
			if x.numbered.assets == nil {
				x.numbered.assets = map[Ref]*Asset{}
			}
			x.numbered.assets[r] = a
		}
		for _, l := range a.Links {
			l.To = x.numbered.canonical(l.To)
			if who := x.referrers[l]; len(who) == 0 || who[len(who)-1] != a {
				x.referrers[l] = append(who, a)
			}
		}
	}
	for _, g := range x.gaps {
		if !g.Of.IsZero() {
			of := x.numbered.canonical(g.Of)
			x.gapsOf[of] = append(x.gapsOf[of], g)
			x.gapsAmong[g.Of.Type] = append(x.gapsAmong[g.Of.Type], g)
			continue
		}
		k := accountKey{g.Scope.Provider, g.Scope.Account}
		x.gapsIn[k] = append(x.gapsIn[k], g)
	}
	inv.index.Store(x)
	return x
}

func compareGaps(a, b *Gap) int {
	return cmp.Or(a.Scope.Compare(b.Scope), cmp.Compare(a.Type, b.Type), a.Of.Compare(b.Of),
		cmp.Compare(a.Cause.Op, b.Cause.Op), cmp.Compare(a.Cause.Reason, b.Cause.Reason), cmp.Compare(a.Cause.Code, b.Cause.Code), cmp.Compare(a.Cause.Message, b.Cause.Message),
		cmp.Compare(a.Cause.RequestID, b.Cause.RequestID))
}

// Compare orders scopes by provider, account and region.
func (s Scope) Compare(o Scope) int {
	return cmp.Or(strings.Compare(s.Provider, o.Provider), strings.Compare(s.Account, o.Account), strings.Compare(s.Region, o.Region))
}

// Len returns the number of assets.
func (inv *Inventory) Len() int { return len(inv.assets) }

// Get returns the asset with the ref. Names in Google Cloud may have the number or the
// id of a project that the inventory has.
func (inv *Inventory) Get(r Ref) (*Asset, bool) { return inv.find(r) }

// All yields every asset.
func (inv *Inventory) All() iter.Seq[*Asset] {
	return func(yield func(*Asset) bool) {
		for _, a := range inv.indexed().assets {
			if !yield(a) {
				return
			}
		}
	}
}

// OfType yields the assets of a type.
func (inv *Inventory) OfType(t Type) iter.Seq[*Asset] {
	return func(yield func(*Asset) bool) {
		all := inv.indexed().assets
		from, _ := slices.BinarySearchFunc(all, t, func(a *Asset, t Type) int { return cmp.Compare(a.Type, t) })
		for _, a := range all[from:] {
			if a.Type != t || !yield(a) {
				return
			}
		}
	}
}

// Follow yields the assets that links of a lead to, in the order of the links. For
// one that was not observed, for links of the relation that were not read, and for each
// gap in the links of a, it yields an *[Unread] instead of an asset, and goes on.
func (inv *Inventory) Follow(a *Asset, rel string) iter.Seq2[*Asset, error] {
	return func(yield func(*Asset, error) bool) {
		for _, l := range a.Links {
			if l.Rel != rel {
				continue
			}
			to, ok := inv.find(l.To)
			if !ok && !yield(nil, &Unread{Reason: NotObserved, Code: CodeNotObserved, Message: l.To.String()}) {
				return
			}
			if ok && !yield(to, nil) {
				return
			}
		}
		if u := a.UnreadLinks(rel); u != nil && !yield(nil, u) {
			return
		}
		for _, g := range inv.GapsOf(a.Ref) {
			if !yield(nil, &g.Cause) {
				return
			}
		}
	}
}

// Referrers yields the assets that have a link of the relation to r, in whatever
// account they are. It says nothing of those that were not observed, see
// [Inventory.Coverage], nor of assets whose links were not read, see [Asset.UnreadLinks].
func (inv *Inventory) Referrers(r Ref, rel string) iter.Seq[*Asset] {
	return func(yield func(*Asset) bool) {
		x := inv.indexed()
		for _, a := range x.referrers[Link{rel, x.numbered.canonical(r)}] {
			if !yield(a) {
				return
			}
		}
	}
}

// Gaps returns all gaps, sorted by scope, type and what follows.
func (inv *Inventory) Gaps() []*Gap {
	return slices.Clone(inv.indexed().gaps)
}

// GapsOf returns the gaps that concern the children and links of one asset, sorted.
// The slice belongs to the inventory.
func (inv *Inventory) GapsOf(r Ref) []*Gap {
	x := inv.indexed()
	return x.gapsOf[x.numbered.canonical(r)]
}

// GapsAmong returns the gaps that concern the children and links of single assets of
// a type, sorted. The slice belongs to the inventory.
func (inv *Inventory) GapsAmong(t Type) []*Gap {
	return inv.indexed().gapsAmong[t]
}

// AllCoverage returns every statement of coverage, sorted by scope and type.
func (inv *Inventory) AllCoverage() []*Coverage {
	all := make([]*Coverage, 0, len(inv.coverage))
	for k, s := range inv.coverage {
		all = append(all, &Coverage{k.scope, k.typ, s})
	}
	slices.SortFunc(all, func(a, b *Coverage) int {
		return cmp.Or(a.Scope.Compare(b.Scope), cmp.Compare(a.Type, b.Type))
	})
	return all
}

// Regions returns the regions of an account that statements of coverage name, sorted. The
// slice belongs to the inventory.
func (inv *Inventory) Regions(account Scope) []string {
	return inv.regions[accountKey{account.Provider, account.Account}]
}

// Coverage returns how completely a scope was searched for a type. In a region that is
// as the statement for it says, or the one for the whole account if there is none. Of
// a whole account it is as the statement for it says, but not complete if one for a
// region is not; without a statement of its own it is complete when there is one for
// every region that statements name, and all are complete. Of a whole provider it is
// that of the scope in it that was searched least, of those that statements name. A gap
// in the scope that is not limited to one asset makes it partial at most.
func (inv *Inventory) Coverage(s Scope, t Type) CoverageState {
	state, _ := inv.coverageOf(s, t)
	return state
}

// IncompleteReason returns the reason why the coverage of a scope is not complete: a gap, if
// there is one, else a plain statement. It returns nil if the coverage is complete.
func (inv *Inventory) IncompleteReason(s Scope, t Type) *Unread {
	state, gap := inv.coverageOf(s, t)
	switch {
	case state == Complete:
		return nil
	case gap != nil:
		return &gap.Cause
	}
	return incomplete(s, t, state)
}

func incomplete(s Scope, t Type, state CoverageState) *Unread {
	return &Unread{Reason: Incomplete, Code: CodeIncomplete, Message: "coverage of " + string(t) + " in " + s.String() + " is " + state.String()}
}

// IncompleteReasonFrom returns the reason why assets of a type may be missing that are seen from
// a scope: those in it and, if it is a region, those in no region, whose coverage the
// statement for the account itself gives. Without that statement, nobody searched for
// them on their own: if there are such assets nonetheless, any region may have more.
// It returns nil if none is missing.
func (inv *Inventory) IncompleteReasonFrom(s Scope, t Type) *Unread {
	if why := inv.IncompleteReason(s, t); why != nil || s.Region == "" {
		return why
	}
	account := Scope{Provider: s.Provider, Account: s.Account}
	switch state, stated := inv.coverage[coverageKey{account, t}]; {
	case stated && state != Complete:
		return incomplete(account, t, state)
	case !stated && inv.global[providerKey{s.Provider, t}]:
		return inv.IncompleteReason(account, t)
	}
	return nil
}

func (inv *Inventory) coverageOf(s Scope, t Type) (CoverageState, *Gap) {
	x := inv.indexed()
	near := [][]*Gap{x.gaps} // a scope wider than an account: all may lie in it
	if s.Account != "" {
		near = [][]*Gap{
			x.gapsIn[accountKey{s.Provider, s.Account}],
			x.gapsIn[accountKey{s.Provider, ""}],
			x.gapsIn[accountKey{}],
		}
	}
	state := inv.stated(s, t)
	for _, gaps := range near {
		for _, g := range gaps {
			if g.Of.IsZero() && (g.Type == t || g.Type == "") && (g.Scope.Contains(s) || s.Contains(g.Scope)) {
				return min(state, Partial), g
			}
		}
	}
	return state, nil
}

func (inv *Inventory) stated(s Scope, t Type) CoverageState {
	if s.Account == "" && s.Region == "" {
		return inv.least[providerKey{s.Provider, t}]
	}
	state, stated := inv.coverage[coverageKey{s, t}]
	if s.Region != "" {
		if !stated {
			state = inv.coverage[coverageKey{Scope{s.Provider, s.Account, ""}, t}]
		}
		return state
	}
	// Statements for regions that say nothing of the type count only where there is
	// none for the whole account.
	least, asked := Complete, false
	for _, r := range inv.regions[accountKey{s.Provider, s.Account}] {
		of, ok := inv.coverage[coverageKey{Scope{s.Provider, s.Account, r}, t}]
		if ok || !stated {
			least = min(least, of)
		}
		asked = asked || of != NotAsked
	}
	switch {
	case stated && least == Complete:
		return state
	case stated:
		return min(state, Partial)
	case !asked:
		return NotAsked
	case least == NotAsked:
		return Partial
	}
	return least
}
