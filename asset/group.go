package asset

import (
	"fmt"
	"path"
	"slices"
)

// DefaultGroup is the name of the group that holds the accounts that are in no other
// group of the same [Groups].
const DefaultGroup = "default"

// Group is a named set of accounts: those that meet all of its conditions, and those
// of its children. A group without conditions and children has every account.
type Group struct {
	Name        string
	Description string
	Owner       string // who is responsible, such as a team or an address

	// The conditions.
	Accounts []string          // the account's id is one of these
	Names    []string          // its name matches one of these patterns, as path.Match does
	Parents  []string          // it is somewhere below one of these, named by id, name or the id of a ref
	Tags     map[string]string // it has all of these tags

	Children []Group
}

// Account describes an account to groups: an AWS account, an Azure subscription, a
// Google Cloud project.
type Account struct {
	ID      string
	Name    string
	Parents []AccountParent // nearest first
	Tags    map[string]string

	// Why a part is not known; nil if it is.
	NameUnread, ParentsUnread, TagsUnread *Unread
}

// AccountParent is an organizational unit, a management group or a folder.
type AccountParent struct {
	Ref  Ref
	ID   string // the short form of the ref's id, such as "ou-ab12-cdef"
	Name string
}

// Has reports whether an account is in the group. If a part of the account that
// decides is not known, it returns false and the reason.
func (g Group) Has(a Account) (bool, *Unread) {
	why := (*Unread)(nil)
	if !g.empty() || len(g.Children) == 0 {
		if g.meets(a) {
			return true, nil
		}
		why = g.unknown(a)
	}
	for _, child := range g.Children {
		in, unknown := child.Has(a)
		if in {
			return true, nil
		}
		if why == nil {
			why = unknown
		}
	}
	return false, why
}

func (g Group) empty() bool {
	return len(g.Accounts)+len(g.Names)+len(g.Parents)+len(g.Tags) == 0
}

// meets reports whether an account meets the conditions, as far as it is known.
func (g Group) meets(a Account) bool {
	matches := func(pattern string) bool { ok, _ := path.Match(pattern, a.Name); return ok }
	named := func(p AccountParent) bool {
		return slices.ContainsFunc(g.Parents, func(s string) bool { return s != "" && (s == p.ID || s == p.Name || s == p.Ref.ID) })
	}
	for k, v := range g.Tags {
		if x, ok := a.Tags[k]; !ok || x != v {
			return false
		}
	}
	return (len(g.Accounts) == 0 || slices.Contains(g.Accounts, a.ID)) &&
		(len(g.Names) == 0 || a.Name != "" && slices.ContainsFunc(g.Names, matches)) &&
		(len(g.Parents) == 0 || slices.ContainsFunc(a.Parents, named))
}

// unknown returns the reason why it is not known whether an account meets the
// conditions, which meets denies; nil if it is known.
func (g Group) unknown(a Account) *Unread {
	var why *Unread
	if len(g.Names) > 0 && a.NameUnread != nil {
		g.Names, why = nil, a.NameUnread
	}
	if len(g.Parents) > 0 && a.ParentsUnread != nil {
		g.Parents, why = nil, a.ParentsUnread
	}
	if len(g.Tags) > 0 && a.TagsUnread != nil {
		g.Tags, why = nil, a.TagsUnread
	}
	if !g.meets(a) {
		return nil
	}
	return why
}

// Groups are the groups that accounts are sorted into. An account may be in several.
type Groups []Group

// Of returns the names of the groups that have an account, children after their
// parents, each name once, and the first reason why it is not known whether another
// has it. An account in no other group is in the one named [DefaultGroup], if there is
// one, unless it is not known whether another has it.
func (gs Groups) Of(a Account) ([]string, *Unread) {
	var names []string
	var why *Unread
	var visit func(gs []Group)
	visit = func(gs []Group) {
		for _, g := range gs {
			if g.Name == DefaultGroup {
				continue
			}
			in, unknown := g.Has(a)
			if in && !slices.Contains(names, g.Name) {
				names = append(names, g.Name)
			}
			if why == nil {
				why = unknown
			}
			visit(g.Children)
		}
	}
	visit(gs)
	if len(names) == 0 && why == nil && slices.ContainsFunc(gs, func(g Group) bool { return g.Name == DefaultGroup }) {
		names = []string{DefaultGroup}
	}
	return names, why
}

// Validate returns an error for a malformed pattern, for two groups of one name, and
// for a [DefaultGroup] that has conditions or children or is a child.
func (gs Groups) Validate() error {
	seen := map[string]bool{}
	var visit func(gs []Group, child bool) error
	visit = func(gs []Group, child bool) error {
		for _, g := range gs {
			switch {
			case g.Name != "" && seen[g.Name]:
				return fmt.Errorf("duplicate group %q", g.Name)
			case g.Name == DefaultGroup && child:
				return fmt.Errorf("group %q: is a child of another", g.Name)
			case g.Name == DefaultGroup && (!g.empty() || len(g.Children) > 0):
				return fmt.Errorf("group %q: has conditions or children (want none: it holds the accounts in no other group)", g.Name)
			}
			seen[g.Name] = true
			for _, pattern := range g.Names {
				if _, err := path.Match(pattern, ""); err != nil {
					return fmt.Errorf("group %q: pattern %q: %w", g.Name, pattern, err)
				}
			}
			if err := visit(g.Children, true); err != nil {
				return err
			}
		}
		return nil
	}
	return visit(gs, false)
}
