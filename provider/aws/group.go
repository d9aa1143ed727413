package aws

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/openstance/stance/asset"
)

// Group is a named set of accounts: those that have all of what it names.
type Group struct {
	Name     string
	Accounts []string          // one of these ids
	Names    []string          // a name that is one of these patterns, as in package path
	Units    []string          // somewhere below one of these organisational units, named by id, name or ARN
	Tags     map[string]string // all of these tags
}

// Has reports whether an account is in the group. A group that names nothing has every
// account. What is not known of an account it does not have.
func (g Group) Has(a Account) bool {
	return (len(g.Accounts) == 0 || slices.Contains(g.Accounts, a.ID)) &&
		(len(g.Names) == 0 || a.Name != "" && slices.ContainsFunc(g.Names, func(p string) bool { ok, _ := path.Match(p, a.Name); return ok })) &&
		(len(g.Units) == 0 || slices.ContainsFunc(a.Units, func(u Unit) bool {
			return slices.Contains(g.Units, u.ID) || slices.Contains(g.Units, u.Name) || slices.Contains(g.Units, u.ARN)
		})) &&
		hasTags(a.Tags, g.Tags)
}

func hasTags(have, want map[string]string) bool {
	for k, v := range want {
		if x, ok := have[k]; !ok || x != v {
			return false
		}
	}
	return true
}

// Accounts returns the accounts that a discovery looks at, sorted by id, without
// entering them, and the gaps for those that are asked for and cannot be looked at or
// told. The error is that the credentials cannot be used at all.
func (p *Provider) Accounts(ctx context.Context) ([]Account, []*asset.Gap, error) {
	var list []Account
	var gaps []*asset.Gap
	s := &scan{provider: p}
	find := func(ctx context.Context) error {
		accounts, err := s.accounts(ctx)
		for _, a := range accounts {
			list = append(list, a.Account)
		}
		return err
	}
	err := s.drive(ctx, find, func(o asset.Observation) bool {
		if g, ok := o.(*asset.Gap); ok {
			gaps = append(gaps, g)
		}
		return true
	})
	if err != nil {
		return nil, nil, err
	}
	return list, gaps, nil
}

// grouped notes in which of the groups an account is, and returns whether to look at
// it, or why that cannot be told.
func (o *Options) grouped(a *Account) (bool, *asset.Unread) {
	if len(o.Groups) == 0 {
		return true, nil
	}
	var why *asset.Unread
	for _, g := range o.Groups {
		switch {
		case g.Has(*a):
			a.Groups = append(a.Groups, g.Name)
		case why == nil:
			why = g.unread(*a)
		}
	}
	if len(a.Groups) > 0 {
		return true, nil
	}
	return false, why
}

// unread returns why it cannot be told whether an account is in the group, which Has
// denies; nil if it can be.
func (g Group) unread(a Account) *asset.Unread {
	var why *asset.Unread
	if len(g.Names) > 0 && a.nameUnread != nil {
		g.Names, why = nil, a.nameUnread
	}
	if len(g.Units) > 0 && a.unitsUnread != nil {
		g.Units, why = nil, a.unitsUnread
	}
	if len(g.Tags) > 0 && a.tagsUnread != nil {
		g.Tags, why = nil, a.tagsUnread
	}
	if !g.Has(a) {
		return nil
	}
	return why
}

// checkGroups returns an error for a pattern that is malformed, which no name matches.
func (o *Options) checkGroups() error {
	for _, g := range o.Groups {
		for _, pattern := range g.Names {
			if _, err := path.Match(pattern, ""); err != nil {
				return fmt.Errorf("group %q: pattern %q: %w", g.Name, pattern, err)
			}
		}
	}
	return nil
}

// byTag reports whether tags of accounts have to be read.
func (o *Options) byTag() bool {
	return slices.ContainsFunc(o.Groups, func(g Group) bool { return len(g.Tags) > 0 })
}
