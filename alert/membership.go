package alert

import (
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
)

// membership is which groups have an account.
type membership struct {
	names   []string                 // of the groups that have it, sorted
	unknown map[string]*asset.Unread // why it is unknown whether a group has it, by name
	more    *asset.Unread            // one of these; nil: none is unknown
}

// membersOf returns the membership of an account.
func membersOf(groups asset.Groups, a asset.Account) membership {
	m := membership{unknown: map[string]*asset.Unread{}}
	byDefault := false
	var visit func(gs []asset.Group)
	visit = func(gs []asset.Group) {
		for _, g := range gs {
			if g.Name == asset.DefaultGroup {
				byDefault = true
				continue
			}
			switch in, why := g.Has(a); {
			case in:
				m.names = append(m.names, g.Name)
			case why != nil:
				m.unknown[g.Name] = why
				if m.more == nil {
					m.more = why
				}
			}
			visit(g.Children)
		}
	}
	visit(groups)
	if byDefault && len(m.names) == 0 {
		if m.more == nil {
			m.names = []string{asset.DefaultGroup}
		} else {
			m.unknown[asset.DefaultGroup] = m.more
		}
	}
	slices.Sort(m.names)
	m.names = slices.Compact(m.names)
	return m
}

// any reports whether one of the groups has the account, or why that is unknown: then it
// returns true. No groups stand for any.
func (m membership) any(groups []string) (bool, error) {
	if len(groups) == 0 {
		return true, nil
	}
	var why *asset.Unread
	for _, g := range groups {
		if slices.Contains(m.names, g) {
			return true, nil
		}
		if why == nil {
			why = m.unknown[g]
		}
	}
	if why == nil {
		return false, nil
	}
	return true, fmt.Errorf("account group %s: %w", strings.Join(groups, " or "), why)
}

// membership returns the membership of the account of an alert.
func (r *Rules) membership(a *Alert) membership {
	if r.options.Groups == nil {
		return membership{names: a.Asset.Groups}
	}
	if m, ok := r.members[a.Asset.Account]; ok {
		return m
	}
	unlisted := &asset.Unread{Reason: asset.NotRequested, Code: asset.CodeNotObserved, Message: "the account is not listed"}
	account := asset.Account{ID: a.Asset.Account, Name: a.Asset.AccountName, ParentsUnread: unlisted, TagsUnread: unlisted}
	if account.Name == "" {
		account.NameUnread = unlisted
	}
	return membersOf(r.options.Groups, account)
}

// groupNames returns the names of groups and their children.
func groupNames(groups []asset.Group) []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.Name)
		names = append(names, groupNames(g.Children)...)
	}
	return names
}

// groupOwner returns the owner of the innermost of the named groups that has one, the first
// of several.
func groupOwner(groups []asset.Group, names []string) string {
	for _, g := range groups {
		if owner := groupOwner(g.Children, names); owner != "" {
			return owner
		}
	}
	for _, g := range groups {
		if g.Owner != "" && slices.Contains(names, g.Name) {
			return g.Owner
		}
	}
	return ""
}

// Groups returns the names of the groups that have the account of an alert, sorted, and why
// it is unknown whether another has it; nil if it is known.
func (r *Rules) Groups(a *Alert) ([]string, *asset.Unread) {
	if r == nil {
		return nil, nil
	}
	m := r.membership(a)
	return slices.Clone(m.names), m.more
}
