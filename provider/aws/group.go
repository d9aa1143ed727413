package aws

import (
	"context"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// Accounts returns the accounts that a discovery covers, sorted by id, without
// entering them, and the gaps for those that are requested and cannot be discovered.
// The error is the reason why the credentials cannot be used at all.
func (p *Provider) Accounts(ctx context.Context) ([]Account, []*asset.Gap, error) {
	var list []Account
	var gaps []*asset.Gap
	s := p.scan(provider.Query{})
	find := func(ctx context.Context) error {
		accounts, err := s.accounts(ctx)
		for _, a := range accounts {
			list = append(list, a.Account)
		}
		return err
	}
	err := s.Drive(ctx, find, func(o asset.Observation) bool {
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

// grouped notes the groups of an account, and returns whether to look at the account, or
// the reason why that is not known.
func (o *Options) grouped(a *Account) (bool, *asset.Unread) {
	if len(o.Groups) == 0 {
		return true, nil
	}
	names, why := o.Groups.Of(a.described())
	if a.Groups = names; len(names) > 0 {
		return true, nil
	}
	return false, why
}

// described returns the account as groups see it.
func (a *Account) described() asset.Account {
	d := asset.Account{ID: a.ID, Name: a.Name, Tags: a.Tags, NameUnread: a.nameUnread, ParentsUnread: a.unitsUnread, TagsUnread: a.tagsUnread}
	for _, u := range a.Units {
		d.Parents = append(d.Parents, asset.AccountParent{Ref: asset.Ref{Type: unitType, ID: u.ARN}, ID: u.ID, Name: u.Name})
	}
	return d
}

// byTag reports whether tags of accounts have to be read.
func (o *Options) byTag() bool { return anyByTag(o.Groups) }

func anyByTag(groups []asset.Group) bool {
	return slices.ContainsFunc(groups, func(g asset.Group) bool { return len(g.Tags) > 0 || anyByTag(g.Children) })
}
