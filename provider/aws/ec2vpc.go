package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// Operations that tell what VPCs and subnets have.
const (
	opGroups = "ec2:DescribeSecurityGroups"
	opACLs   = "ec2:DescribeNetworkAcls"
)

// listed sets a property to what the list of an operation has for the asset. In a network
// that another account shares the list leaves it out.
func listed(d *collect.Draft, property, op string, byID map[string]*string) error {
	id, ok := byID[d.Key]
	if !ok {
		return unread(op, codeNotListed, "the list has none of the network")
	}
	d.Config[property] = id
	return nil
}

// vpcTable reads VPCs. What a VPC has by default is read once for all.
func vpcTable(u *unit, client *ec2.Client) collect.Table {
	only := u.ec2Only("vpc-id", "vpc/", ec2VPC)
	attribute := func(ctx context.Context, d *collect.Draft, name ec2types.VpcAttributeName) (*ec2.DescribeVpcAttributeOutput, error) {
		return client.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &d.Key, Attribute: name})
	}
	groups := collect.Once(func(ctx context.Context) (map[string]*string, error) { return defaultGroups(ctx, client, only...) })
	acls := collect.Once(func(ctx context.Context) (map[string]*string, error) { return defaultACLs(ctx, client, only...) })
	controls := collect.Once(func(ctx context.Context) (map[string]ec2types.VpcEncryptionControl, error) {
		return encryptionControls(ctx, client, only...)
	})
	return collect.Table{
		Op:    "ec2:DescribeVpcs",
		Gone:  []string{"InvalidVpcID.NotFound"},
		Types: []asset.Type{ec2VPC},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: only, NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Vpcs {
				ds = append(ds, vpcDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ec2:DescribeVpcAttribute(enableDnsHostnames)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := attribute(ctx, d, ec2types.VpcAttributeNameEnableDnsHostnames)
				if err != nil {
					return err
				}
				if out.EnableDnsHostnames != nil {
					d.Config["EnableDnsHostnames"] = out.EnableDnsHostnames.Value
				}
				return nil
			},
		}, {
			Op: "ec2:DescribeVpcAttribute(enableDnsSupport)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := attribute(ctx, d, ec2types.VpcAttributeNameEnableDnsSupport)
				if err != nil {
					return err
				}
				if out.EnableDnsSupport != nil {
					d.Config["EnableDnsSupport"] = out.EnableDnsSupport.Value
				}
				return nil
			},
		}, {
			Op: "ec2:DescribeVpcEncryptionControls",
			Each: func(ctx context.Context, d *collect.Draft) error {
				all, err := controls(ctx)
				if err != nil {
					return err
				}
				if c, ok := all[d.Key]; ok {
					d.Config["VpcEncryptionControl"] = encryptionControl(c)
				}
				return nil
			},
		}, {
			Op: opGroups,
			Each: func(ctx context.Context, d *collect.Draft) error {
				all, err := groups(ctx)
				if err != nil {
					return err
				}
				return listed(d, "DefaultSecurityGroup", opGroups, all)
			},
		}, {
			Op: opACLs,
			Each: func(ctx context.Context, d *collect.Draft) error {
				all, err := acls(ctx)
				if err != nil {
					return err
				}
				return listed(d, "DefaultNetworkAcl", opACLs, all)
			},
		}},
	}
}

func vpcDraft(u *unit, x ec2types.Vpc) *collect.Draft {
	id := aws.ToString(x.VpcId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2VPC, u.ec2ARN(aws.ToString(x.OwnerId), "vpc", id), ec2Name(tags, id))
	d.Key, d.Tags, d.Incarnation = id, tags, id
	associations := []*string{}
	for _, a := range x.CidrBlockAssociationSet {
		associations = append(associations, a.AssociationId)
	}
	blocks := []*string{}
	for _, a := range x.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState == nil || a.Ipv6CidrBlockState.State == ec2types.VpcCidrBlockStateCodeAssociated {
			blocks = append(blocks, a.Ipv6CidrBlock)
		}
	}
	d.Config = collect.Doc{
		"VpcId":                 id,
		"CidrBlock":             x.CidrBlock,
		"CidrBlockAssociations": associations,
		"InstanceTenancy":       x.InstanceTenancy,
		"Ipv6CidrBlocks":        blocks,
	}
	d.Status = collect.Doc{"IsDefault": x.IsDefault, "State": x.State, "OwnerId": x.OwnerId, "DhcpOptionsId": x.DhcpOptionsId}
	return d
}

// encryptionControl returns the encryption control of a VPC as CloudFormation has it:
// what is excluded is a setting by itself there, and a state in the API.
func encryptionControl(c ec2types.VpcEncryptionControl) collect.Doc {
	m := collect.Doc{
		"VpcEncryptionControlId": c.VpcEncryptionControlId,
		"VpcId":                  c.VpcId,
		"Mode":                   c.Mode,
		"State":                  c.State,
		"StateMessage":           c.StateMessage,
		"ResourceExclusions":     c.ResourceExclusions,
	}
	if x := c.ResourceExclusions; x != nil {
		for name, e := range map[string]*ec2types.VpcEncryptionControlExclusion{
			"EgressOnlyInternetGatewayExclusion": x.EgressOnlyInternetGateway,
			"ElasticFileSystemExclusion":         x.ElasticFileSystem,
			"InternetGatewayExclusion":           x.InternetGateway,
			"LambdaExclusion":                    x.Lambda,
			"NatGatewayExclusion":                x.NatGateway,
			"VirtualPrivateGatewayExclusion":     x.VirtualPrivateGateway,
			"VpcLatticeExclusion":                x.VpcLattice,
			"VpcPeeringExclusion":                x.VpcPeering,
		} {
			if e == nil {
				continue
			}
			switch e.State {
			case ec2types.VpcEncryptionControlExclusionStateEnabled, ec2types.VpcEncryptionControlExclusionStateEnabling:
				m[name] = "enable"
			default:
				m[name] = "disable"
			}
		}
	}
	return m
}

func encryptionControls(ctx context.Context, client *ec2.Client, filters ...ec2types.Filter) (map[string]ec2types.VpcEncryptionControl, error) {
	byVPC := map[string]ec2types.VpcEncryptionControl{}
	for c, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.VpcEncryptionControl, string, error) {
		out, err := client.DescribeVpcEncryptionControls(ctx, &ec2.DescribeVpcEncryptionControlsInput{Filters: filters, NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
		if err != nil {
			return nil, "", err
		}
		return out.VpcEncryptionControls, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		byVPC[aws.ToString(c.VpcId)] = c
	}
	return byVPC, nil
}

// defaultGroups returns the ids of the default security groups by VPC.
func defaultGroups(ctx context.Context, client *ec2.Client, filters ...ec2types.Filter) (map[string]*string, error) {
	filters = append(filters, ec2types.Filter{Name: aws.String("group-name"), Values: []string{"default"}})
	byVPC := map[string]*string{}
	for g, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.SecurityGroup, string, error) {
		out, err := client.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: filters, NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
		if err != nil {
			return nil, "", err
		}
		return out.SecurityGroups, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		byVPC[aws.ToString(g.VpcId)] = g.GroupId
	}
	return byVPC, nil
}

// defaultACLs returns the ids of the default network ACLs by VPC.
func defaultACLs(ctx context.Context, client *ec2.Client, filters ...ec2types.Filter) (map[string]*string, error) {
	filters = append(filters, ec2types.Filter{Name: aws.String("default"), Values: []string{"true"}})
	byVPC := map[string]*string{}
	for a, err := range networkACLs(ctx, client, filters...) {
		if err != nil {
			return nil, err
		}
		byVPC[aws.ToString(a.VpcId)] = a.NetworkAclId
	}
	return byVPC, nil
}

func subnetTable(u *unit, client *ec2.Client) collect.Table {
	associations := collect.Once(func(ctx context.Context) (map[string]*string, error) {
		bySubnet := map[string]*string{}
		for acl, err := range networkACLs(ctx, client, u.ec2Only("association.subnet-id", "subnet/", ec2Subnet)...) {
			if err != nil {
				return nil, err
			}
			for _, a := range acl.Associations {
				bySubnet[aws.ToString(a.SubnetId)] = a.NetworkAclAssociationId
			}
		}
		return bySubnet, nil
	})
	return collect.Table{
		Op:    "ec2:DescribeSubnets",
		Types: []asset.Type{ec2Subnet},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: u.ec2Only("subnet-id", "subnet/", ec2Subnet), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Subnets {
				ds = append(ds, subnetDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: opACLs,
			Each: func(ctx context.Context, d *collect.Draft) error {
				all, err := associations(ctx)
				if err != nil {
					return err
				}
				return listed(d, "NetworkAclAssociationId", opACLs, all)
			},
		}},
	}
}

func subnetDraft(u *unit, x ec2types.Subnet) *collect.Draft {
	id := aws.ToString(x.SubnetId)
	owner := aws.ToString(x.OwnerId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2Subnet, u.ec2ARN(owner, "subnet", id), ec2Name(tags, id))
	d.Key, d.Tags, d.Incarnation = id, tags, id
	blocks := []*string{}
	for _, a := range x.Ipv6CidrBlockAssociationSet {
		if a.Ipv6CidrBlockState == nil || a.Ipv6CidrBlockState.State == ec2types.SubnetCidrBlockStateCodeAssociated {
			blocks = append(blocks, a.Ipv6CidrBlock)
		}
	}
	d.Config = collect.Doc{
		"SubnetId":                      id,
		"VpcId":                         x.VpcId,
		"AssignIpv6AddressOnCreation":   x.AssignIpv6AddressOnCreation,
		"AvailabilityZone":              x.AvailabilityZone,
		"AvailabilityZoneId":            x.AvailabilityZoneId,
		"BlockPublicAccessStates":       x.BlockPublicAccessStates,
		"CidrBlock":                     x.CidrBlock,
		"EnableDns64":                   x.EnableDns64,
		"EnableLniAtDeviceIndex":        x.EnableLniAtDeviceIndex,
		"Ipv6CidrBlock":                 nil,
		"Ipv6CidrBlocks":                blocks,
		"Ipv6Native":                    x.Ipv6Native,
		"MapPublicIpOnLaunch":           x.MapPublicIpOnLaunch,
		"OutpostArn":                    x.OutpostArn,
		"PrivateDnsNameOptionsOnLaunch": x.PrivateDnsNameOptionsOnLaunch,
	}
	if len(blocks) > 0 {
		d.Config["Ipv6CidrBlock"] = blocks[0]
	}
	d.Status = collect.Doc{"State": x.State, "DefaultForAz": x.DefaultForAz, "AvailableIpAddressCount": x.AvailableIpAddressCount, "OwnerId": x.OwnerId}
	d.Link("vpc", ec2VPC, u.ec2ARN(owner, "vpc", aws.ToString(x.VpcId)))
	return d
}
