package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
)

// ledger records, while an evaluation ranges over observations, which accounts they
// speak of, and how completely each was searched for the types that the set needs. It
// keeps a byte for each account, region and type.
type ledger struct {
	set      *Set
	accounts map[asset.Scope]*accountLedger // by scope without a region
	wide     []*asset.Gap                   // of more than one account
	// providers are those that observations of a type name, for types of which no
	// provider is known.
	providers map[asset.Type]map[string]bool
	last      *accountLedger // assets of one account mostly follow each other
}

// accountLedger is what a ledger has of one account.
type accountLedger struct {
	scope   asset.Scope
	regions map[string]*regionLedger // "" for the account itself
}

// regionLedger is what a ledger has of one region.
type regionLedger struct {
	stated bool  // whether any coverage is stated, also of types that are not needed
	types  marks // by number of the need; nil while nothing is said of them
}

// marks say of each type what is known: 0 for nothing, else 1 + the least
// [asset.CoverageState] that was stated, and in any case hidden if there is a gap, or
// hiddenBelow if there is a gap in what belongs to one asset.
type marks []uint8

const (
	hidden      = 1 << 7
	hiddenBelow = 1 << 6
	stateBits   = hiddenBelow - 1
)

func (m marks) state(i int) (asset.CoverageState, bool) {
	if m == nil || m[i]&stateBits == 0 {
		return asset.NotAsked, false
	}
	return asset.CoverageState(m[i]&stateBits - 1), true
}

// has reports whether any of the bits is set.
func (m marks) has(i int, bits uint8) bool { return m != nil && m[i]&bits != 0 }

func newLedger(s *Set) *ledger {
	return &ledger{set: s, accounts: map[asset.Scope]*accountLedger{}, providers: map[asset.Type]map[string]bool{}}
}

// add records an observation.
func (l *ledger) add(o asset.Observation) {
	switch o := o.(type) {
	case *asset.Asset:
		l.asset(o)
	case *asset.Coverage:
		l.coverage(o)
	case *asset.Gap:
		l.gap(o)
	}
}

// asset records the account of an asset, unless only other accounts saw the asset: then
// nobody searched the account.
func (l *ledger) asset(a *asset.Asset) {
	if len(a.Observers) > 0 && !slices.Contains(a.Observers, a.Account) {
		return
	}
	if a.Account != "" {
		l.account(a.Scope)
	}
	l.seen(a.Type, a.Provider)
}

// seen records that there is something of a type in a provider.
func (l *ledger) seen(t asset.Type, provider string) {
	i, ok := l.set.needed[t]
	if !ok || l.set.needs[i].provider != "" || l.providers[t][provider] {
		return
	}
	if l.providers[t] == nil {
		l.providers[l.set.needs[i].typ] = map[string]bool{}
	}
	l.providers[t][strings.Clone(provider)] = true
}

// account returns the entry of the account of a scope.
func (l *ledger) account(s asset.Scope) *accountLedger {
	s.Region = ""
	if l.last != nil && l.last.scope == s {
		return l.last
	}
	a, ok := l.accounts[s]
	if !ok {
		// Strings of observations may be parts of larger ones, which must not be kept alive.
		s = asset.Scope{Provider: strings.Clone(s.Provider), Account: strings.Clone(s.Account)}
		a = &accountLedger{scope: s, regions: map[string]*regionLedger{}}
		l.accounts[s] = a
	}
	l.last = a
	return a
}

func (a *accountLedger) region(name string) *regionLedger {
	r, ok := a.regions[name]
	if !ok {
		r = &regionLedger{}
		a.regions[strings.Clone(name)] = r
	}
	return r
}

func (r *regionLedger) marks(n int) marks {
	if r.types == nil {
		r.types = make(marks, n)
	}
	return r.types
}

func (l *ledger) coverage(c *asset.Coverage) {
	r := l.account(c.Scope).region(c.Scope.Region)
	r.stated = true
	i, ok := l.set.needed[c.Type]
	if !ok {
		return
	}
	l.seen(c.Type, c.Scope.Provider)
	m := r.marks(len(l.set.needs))
	if old, stated := m.state(i); !stated || c.State < old {
		m[i] = m[i]&^stateBits | uint8(1+max(c.State, asset.NotAsked))
	}
}

func (l *ledger) gap(g *asset.Gap) {
	if g.Scope.Account != "" {
		l.account(g.Scope)
	}
	if !g.Of.IsZero() {
		l.below(g)
		return
	}
	if g.Scope.Account == "" || g.Scope.Provider == "" {
		l.wide = append(l.wide, g)
		return
	}
	if i, ok := l.set.needed[g.Type]; ok {
		l.seen(g.Type, g.Scope.Provider)
		l.account(g.Scope).region(g.Scope.Region).marks(len(l.set.needs))[i] |= hidden
	} else if g.Type == "" {
		m := l.account(g.Scope).region(g.Scope.Region).marks(len(l.set.needs))
		for i := range m {
			m[i] |= hidden
		}
	}
}

// below records a gap in what belongs to one asset.
func (l *ledger) below(g *asset.Gap) {
	if g.Scope.Account == "" {
		return
	}
	for i, n := range l.set.needs {
		if assetexpr.MayBelong(g, n.typ, l.set.opts.Schemas) {
			l.seen(n.typ, g.Scope.Provider)
			l.account(g.Scope).region(g.Scope.Region).marks(len(l.set.needs))[i] |= hiddenBelow
		}
	}
}

// concerns reports whether a type can be in an account.
func (l *ledger) concerns(n need, a *accountLedger) bool {
	switch {
	case n.provider != "":
		return a.scope.Provider == n.provider || a.scope.Provider == ""
	case len(l.providers[n.typ]) > 0:
		return l.providers[n.typ][a.scope.Provider]
	}
	return true
}

// findings returns a finding for each account and each policy that needs a type of which
// the coverage is not complete there, unless findings of gaps say so already. They are
// sorted by account, type and policy. Related answers where the observations state nothing.
func (l *ledger) findings(related *asset.Inventory) []Finding {
	var found []Finding
	order := make([]int, len(l.set.needs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(l.set.needs[i].typ, l.set.needs[j].typ) })
	for _, scope := range slices.SortedFunc(maps.Keys(l.accounts), asset.Scope.Compare) {
		a := l.accounts[scope]
		for _, i := range order {
			n := l.set.needs[i]
			if !l.concerns(n, a) {
				continue
			}
			s, ok := l.subject(a, i, related, hidden)
			if !ok {
				continue
			}
			// Gaps in what belongs to single assets have findings of the policies about the type.
			about, stays := l.subject(a, i, related, hidden|hiddenBelow)
			for _, p := range n.policies {
				s := s
				if slices.Contains(n.subjects, p) {
					if !stays {
						continue
					}
					s = about
				}
				why := s.unread()
				found = append(found, Finding{Policy: p, Subject: s, Status: Unknown, Message: why.Message, Err: why})
			}
		}
	}
	return found
}

// subject returns what of a type is not covered in an account. It returns false if all is,
// or gaps, which the bits say, hide what is not.
func (l *ledger) subject(a *accountLedger, need int, related *asset.Inventory, gaps uint8) (CoverageSubject, bool) {
	s := CoverageSubject{Type: l.set.needs[need].typ, Account: a.scope, State: asset.Complete}
	var whole marks
	if r := a.regions[""]; r != nil {
		whole = r.types
	}
	if whole.has(need, gaps) || l.hiddenByWide(s.Type, a.scope) {
		return s, false
	}
	state, stated := whole.state(need)
	incomplete, anywhere := stated && state < asset.Complete, stated
	for name, r := range a.regions {
		of, ok := r.types.state(need)
		anywhere = anywhere || ok || r.types.has(need, gaps)
		if name == "" || r.types.has(need, gaps) || !r.stated || !ok && stated || of == asset.Complete {
			continue
		}
		s.Regions = append(s.Regions, name)
		s.State = min(s.State, of)
	}
	switch {
	case !anywhere && related != nil:
		return s.from(related)
	case !anywhere && a.scope.Account == "":
		return s, false // nobody says that a type is to be found outside of accounts
	case !anywhere:
		s.State, s.Regions = asset.NotAsked, nil
		return s, true
	case incomplete:
		s.State = min(s.State, state)
	}
	slices.Sort(s.Regions)
	return s, incomplete || len(s.Regions) > 0
}

// from returns the subject as the coverage of an inventory has it.
func (s CoverageSubject) from(inv *asset.Inventory) (CoverageSubject, bool) {
	s.State, s.Regions = inv.Coverage(s.Account, s.Type), nil
	if s.State == asset.Complete {
		return s, false
	}
	anywhere := false
	for _, name := range inv.Regions(s.Account) {
		state := inv.Coverage(asset.Scope{Provider: s.Account.Provider, Account: s.Account.Account, Region: name}, s.Type)
		anywhere = anywhere || state != asset.NotAsked
		if state != asset.Complete {
			s.Regions = append(s.Regions, name)
		}
	}
	if !anywhere {
		s.Regions = nil
	}
	return s, s.Account.Account != "" || s.State != asset.NotAsked
}

func (l *ledger) hiddenByWide(t asset.Type, s asset.Scope) bool {
	return slices.ContainsFunc(l.wide, func(g *asset.Gap) bool {
		return (g.Type == t || g.Type == "") && g.Scope.Contains(s)
	})
}

// unread returns the reason of the findings of the subject.
func (s CoverageSubject) unread() *asset.Unread {
	message := "coverage of " + string(s.Type) + " in " + s.Account.String() + " is " + s.State.String()
	if len(s.Regions) > 0 {
		message += " in " + strings.Join(s.Regions, ", ")
	}
	return &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: message}
}
