package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// netOwners says which accounts own VPCs and subnets, by their ids. A subnet can be
// shared with other accounts, in which resources name it by the id alone.
type netOwners map[string]string

// netOwners asks for all subnets that the account sees in the region, once for all
// services. Services that call it name ec2:DescribeSubnets among their operations. If
// that is denied it knows of none, and all are taken for the account's own: a link to
// a shared one then leads to nothing that was observed, so that nothing follows from it.
func (u *unit) netOwners(ctx context.Context) netOwners {
	ask, known := u.account.netOwners.Load(u.region)
	if !known {
		ask, _ = u.account.netOwners.LoadOrStore(u.region, collect.Once(u.readNetOwners))
	}
	owners, _ := ask.(func(context.Context) (netOwners, error))(ctx)
	return owners
}

// readNetOwners lists the subnets.
func (u *unit) readNetOwners(ctx context.Context) (netOwners, error) {
	client := ec2.NewFromConfig(u.config("ec2"))
	owners := netOwners{}
	for s, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.Subnet, string, error) {
		out, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
		if err != nil {
			return nil, "", err
		}
		return out.Subnets, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return owners, err
		}
		owners[aws.ToString(s.SubnetId)] = aws.ToString(s.OwnerId)
		owners[aws.ToString(s.VpcId)] = aws.ToString(s.OwnerId)
	}
	return owners, nil
}

// vpcARN returns the ARN of a VPC, or "" for no id.
func (u *unit) vpcARN(owners netOwners, id *string) string {
	return u.ec2ARN(owners[aws.ToString(id)], "vpc", aws.ToString(id))
}

// subnetARN returns the ARN of a subnet, or "" for no id.
func (u *unit) subnetARN(owners netOwners, id *string) string {
	return u.ec2ARN(owners[aws.ToString(id)], "subnet", aws.ToString(id))
}
