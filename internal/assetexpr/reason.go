package assetexpr

import (
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/expr"
)

// reasons are why something may be missing, in the order in which they were added: the first
// of each scope and kind. Estates can have one for each asset.
type reasons struct {
	all   []reason
	in    map[asset.Scope][]int // by provider and account
	wide  []int                 // of scopes that are not in one account
	known map[reason]bool       // without why
}

// reason is why something in a scope may be missing.
type reason struct {
	scope asset.Scope
	kind  asset.Type
	why   *asset.Unread
}

func (rs *reasons) add(s asset.Scope, kind asset.Type, why *asset.Unread) {
	r := reason{scope: s, kind: kind}
	if rs.known[r] {
		return
	}
	if rs.known == nil {
		rs.known, rs.in = map[reason]bool{}, map[asset.Scope][]int{}
	}
	rs.known[r] = true
	if r.scope.Account == "" {
		rs.wide = append(rs.wide, len(rs.all))
	} else {
		account := asset.Scope{Provider: s.Provider, Account: s.Account}
		rs.in[account] = append(rs.in[account], len(rs.all))
	}
	r.why = why
	rs.all = append(rs.all, r)
}

// first returns the first reason that concerns a part of a scope and is of one of the
// kinds, or nil.
func (rs *reasons) first(b *expr.Budget, searched asset.Scope, of func(kind asset.Type) bool) *asset.Unread {
	concerns := func(i int) bool {
		b.Work(1)
		return overlap(searched, rs.all[i].scope) && of(rs.all[i].kind)
	}
	if searched.Account == "" {
		for i := range rs.all {
			if concerns(i) {
				return rs.all[i].why
			}
		}
		return nil
	}
	found := len(rs.all)
	for _, some := range [][]int{rs.in[asset.Scope{Provider: searched.Provider, Account: searched.Account}], rs.wide} {
		for _, i := range some {
			if i < found && concerns(i) {
				found = i
			}
		}
	}
	if found == len(rs.all) {
		return nil
	}
	return rs.all[found].why
}

func overlap(a, b asset.Scope) bool { return a.Contains(b) || b.Contains(a) }

func anyKind(asset.Type) bool { return true }
