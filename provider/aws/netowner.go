package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// netOwners says which accounts own VPCs and subnets, by their ids. A subnet can be
// shared with other accounts, in which resources name it by the id alone.
type netOwners struct {
	unit *unit
	byID map[string]string
	why  *asset.Unread // why not all are known
}

// netOwners asks for all subnets that the account sees in the region, once for all
// services. Services that call it name ec2:DescribeSubnets among their operations. If
// that is denied it knows of none: links are made as if all were the account's own, and
// marked as unread, since one that is shared is elsewhere.
func (u *unit) netOwners(ctx context.Context) *netOwners {
	ask, known := u.account.netOwners.Load(u.region)
	if !known {
		ask, _ = u.account.netOwners.LoadOrStore(u.region, collect.Once(u.readNetOwners))
	}
	owners, err := ask.(func(context.Context) (*netOwners, error))(ctx)
	if err != nil { // the wait for the list was too long
		return &netOwners{unit: u, why: awsapi.Unread("ec2:DescribeSubnets", err)}
	}
	return owners
}

// readNetOwners lists the subnets. An error is in what it returns.
func (u *unit) readNetOwners(ctx context.Context) (*netOwners, error) {
	client := ec2.NewFromConfig(u.config("ec2"))
	owners := &netOwners{unit: u, byID: map[string]string{}}
	for s, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.Subnet, string, error) {
		out, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
		if err != nil {
			return nil, "", err
		}
		return out.Subnets, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			owners.why = awsapi.Unread("ec2:DescribeSubnets", err)
			break
		}
		owners.byID[aws.ToString(s.SubnetId)] = aws.ToString(s.OwnerId)
		owners.byID[aws.ToString(s.VpcId)] = aws.ToString(s.OwnerId)
	}
	return owners, nil
}

// linkVPC adds the link to a VPC, unless there is no id.
func (o *netOwners) linkVPC(d *collect.Draft, id *string) { o.link(d, "vpc", ec2VPC, "vpc", id) }

// linkSubnet adds the link to a subnet, unless there is no id.
func (o *netOwners) linkSubnet(d *collect.Draft, id *string) {
	o.link(d, "subnet", ec2Subnet, "subnet", id)
}

func (o *netOwners) link(d *collect.Draft, rel string, t asset.Type, kind string, id *string) {
	if aws.ToString(id) == "" {
		return
	}
	owner, known := o.byID[*id]
	d.Link(rel, t, o.unit.ec2ARN(owner, kind, *id))
	if !known && o.why != nil {
		d.SetUnreadLinks(rel, o.why)
	}
}
