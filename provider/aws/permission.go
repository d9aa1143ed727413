package aws

import (
	"maps"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// identity is the operation that needs no permission.
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

// organizationPermissions returns the permissions that listing the accounts needs in the
// account of the credentials, with their tags or without.
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

// Permissions implements [provider.PermissionLister]. With Options.Organization the
// account of the credentials needs the permissions that [Onboarding.Permissions] adds for
// it as well.
func (p *Provider) Permissions(q provider.Query) []string {
	all := append(slices.Collect(maps.Keys(p.permissions(q, nil))), p.indexPermissions(q)...)
	slices.Sort(all)
	return slices.Compact(all)
}
