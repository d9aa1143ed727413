package aws

import (
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// identity is the operation that everybody may call.
const identity = "sts:GetCallerIdentity"

// permissions returns the permissions that a discovery takes in an account, and of
// each the operations that take it, both as the catalogue tells them. It takes no
// others, but for finding regions and entering the account. Types that are asked for
// in other accounts take none.
func (p *Provider) permissions(q provider.Query, elsewhere []asset.Type) map[string][]string {
	types := q.Types
	if len(types) == 0 {
		types = p.Types()
	}
	s := &scan{provider: p, query: q}
	operations := map[string][]string{"ec2:DescribeRegions": {"ec2:DescribeRegions"}}
	for _, t := range types {
		for _, o := range p.schema(t).Operations {
			if o.Name == identity || slices.Contains(elsewhere, t) || len(o.Provides) > 0 && !s.wants(t, o.Provides) {
				continue
			}
			needed := o.Permissions
			if len(needed) == 0 {
				needed = []string{o.Name}
			}
			for _, permission := range needed {
				if !slices.Contains(operations[permission], o.Name) {
					operations[permission] = append(operations[permission], o.Name)
				}
			}
		}
	}
	return operations
}

// organizationPermissions are what telling the accounts takes in the account that
// the credentials are of, with their tags or without.
func organizationPermissions(tags bool) []string {
	all := []string{
		"organizations:ListAccounts", "organizations:ListAccountsForParent",
		"organizations:ListOrganizationalUnitsForParent", "organizations:ListRoots",
	}
	if tags {
		all = append(all, "organizations:ListTagsForResource")
	}
	return all
}

// Permissions returns the permissions that a discovery takes in each account that is
// looked at, sorted. Where the credentials are for an organisation, the account that
// they are of needs those of Organizations besides.
func (p *Provider) Permissions(q provider.Query) []string {
	all := append(slices.Collect(maps.Keys(p.permissions(q, nil))), p.indexPermissions(q)...)
	slices.Sort(all)
	return slices.Compact(all)
}
