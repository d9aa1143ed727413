package aws

import (
	"context"

	"github.com/openstance/stance/internal/collect"
)

// linkNetwork adds links to the VPC, the subnets and the security groups of a
// resource. VPCs and subnets may be those of another account; operations of a table
// that calls it with these name ec2:DescribeSubnets. The groups are the account's own.
func linkNetwork(d *collect.Draft, ctx context.Context, u *unit, vpc *string, subnets, groups []string) {
	if vpc != nil || len(subnets) > 0 {
		owners := u.netOwners(ctx)
		owners.linkVPC(d, vpc)
		for _, s := range subnets {
			owners.linkSubnet(d, &s)
		}
	}
	for _, g := range groups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
}
