package aws

import (
	"context"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// scopesOf returns the requested scopes that contain an account or lie in it.
func (s *scan) scopesOf(account string) []asset.Scope {
	return slices.DeleteFunc(slices.Clone(s.Query.Scopes), func(r asset.Scope) bool {
		return r.Provider != "" && r.Provider != providerName || r.Account != "" && r.Account != account
	})
}

// wantsAccount reports whether an account, or a region of it, is requested.
func (s *scan) wantsAccount(id string) bool {
	return len(s.Query.Scopes) == 0 || len(s.scopesOf(id)) > 0
}

// requestedRegions returns the regions of an account that the options and the query name,
// sorted, and whether one of them names any: otherwise it is all of them. A region that
// the query names and the options omit is a gap.
func (s *scan) requestedRegions(ctx context.Context, a *account) (regions []string, limited bool) {
	configured := slices.Compact(slices.Sorted(slices.Values(s.provider.opts.Regions)))
	scopes := s.scopesOf(a.ID)
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(r asset.Scope) bool { return r.Region == "" }) {
		return configured, len(configured) > 0
	}
	for _, r := range scopes {
		if len(configured) > 0 && !slices.Contains(configured, r.Region) {
			s.Emit(ctx, provider.UnknownScope(asset.Scope{Provider: providerName, Account: a.ID, Region: r.Region}))
			continue
		}
		regions = append(regions, r.Region)
	}
	slices.Sort(regions)
	return slices.Compact(regions), true
}

// unknownScopes emits a gap for each requested scope in which there is nothing that the
// provider scans. Reported holds the accounts for which there is a gap already.
func (s *scan) unknownScopes(ctx context.Context, accounts []*account, reported map[string]bool) {
	for _, r := range s.Query.Scopes {
		known := (r.Provider == "" || r.Provider == providerName) &&
			(r.Account == "" || reported[r.Account] || slices.ContainsFunc(accounts, func(a *account) bool { return a.ID == r.Account }))
		if !known {
			s.Emit(ctx, provider.UnknownScope(r))
		}
	}
}

// ofAccount returns the types of a plan that are listed once for an account and of which
// assets may lie in a requested scope: if that is a region, those that have one.
func (s *scan) ofAccount(p plan, account string) []asset.Type {
	if s.Query.WantsScope(accountScope(account)) {
		return p.global
	}
	return slices.DeleteFunc(slices.Clone(p.global), isGlobal)
}
