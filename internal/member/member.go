// Package member names the members by which files spell assets, gaps and coverage: the
// lines of snapshots and the cases of policies. Both read and write by it, so that a
// member has one name.
package member

import "github.com/openstance/stance/asset"

// Member is a member that holds a string, with the field that it fills. Lists of them
// are in the order in which they are written.
type Member struct {
	Name string
	Text *string
}

// Scope returns the members of a scope.
func Scope(s *asset.Scope) [3]Member {
	return [...]Member{{"provider", &s.Provider}, {"account", &s.Account}, {"region", &s.Region}}
}

// Ref returns the members of a ref.
func Ref(r *asset.Ref) [2]Member {
	return [...]Member{{"type", (*string)(&r.Type)}, {"id", &r.ID}}
}

// Link returns the members of a link.
func Link(l *asset.Link) [3]Member {
	return [...]Member{{"rel", &l.Rel}, {"type", (*string)(&l.To.Type)}, {"id", &l.To.ID}}
}

// Gap returns the members of a gap, but for the asset that it is limited to and the
// reason of its cause.
func Gap(g *asset.Gap) [8]Member {
	s, c := Scope(&g.Scope), Cause(&g.Cause)
	return [...]Member{s[0], s[1], s[2], {"type", (*string)(&g.Type)}, c[0], c[1], c[2], c[3]}
}

// Coverage returns the members of a statement of coverage, but for its state.
func Coverage(c *asset.Coverage) [4]Member {
	s := Scope(&c.Scope)
	return [...]Member{s[0], s[1], s[2], {"type", (*string)(&c.Type)}}
}

// Cause returns the members that say why a part was not read, but for the reason.
func Cause(u *asset.Unread) [4]Member {
	return [...]Member{{"op", &u.Op}, {"code", &u.Code}, {"message", &u.Message}, {"request_id", &u.RequestID}}
}

// Asset returns the members of an asset that hold strings.
func Asset(a *asset.Asset) [9]Member {
	r, s := Ref(&a.Ref), Scope(&a.Scope)
	return [...]Member{r[0], r[1], s[0], s[1], s[2], {"name", &a.Name}, {"class", &a.Class}, {"url", &a.URL}, {"incarnation", &a.Incarnation}}
}

// Find returns the field that the member with the name fills, nil if there is none.
func Find(all []Member, name string) *string {
	for i := range all {
		if all[i].Name == name {
			return all[i].Text
		}
	}
	return nil
}

// State returns the state of coverage with the name.
func State(name string) (asset.CoverageState, bool) {
	for s := range asset.Complete + 1 {
		if s.String() == name {
			return s, true
		}
	}
	return asset.NotAsked, false
}
