package aws

import (
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// identity is the operation that everybody may call.
const identity = "sts:GetCallerIdentity"

// permissions returns the permissions that a discovery needs in an account, and for each
// the operations that need it, both as the catalogue names them. It needs no others, but
// for finding regions and entering the account. Types that are requested in other
// accounts need none.
func (p *Provider) permissions(q provider.Query, elsewhere []asset.Type) map[string][]string {
	types := q.Types
	if len(types) == 0 {
		types = p.Types()
	}
	types = slices.DeleteFunc(slices.Clone(types), func(t asset.Type) bool { return slices.Contains(elsewhere, t) })
	operations := p.engine.Permissions(q, types)
	delete(operations, identity)
	const regions = "ec2:DescribeRegions"
	if !slices.Contains(operations[regions], regions) {
		operations[regions] = append([]string{regions}, operations[regions]...)
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
