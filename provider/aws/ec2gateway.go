package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func internetGatewayTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeInternetGateways",
		Types: []asset.Type{ec2InternetGateway},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: u.ec2Only("internet-gateway-id", "internet-gateway/", ec2InternetGateway), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.InternetGateways {
				id := aws.ToString(x.InternetGatewayId)
				owner := aws.ToString(x.OwnerId)
				tags := tagMap(x.Tags, ec2Tag)
				d := collect.NewDraft(ec2InternetGateway, u.ec2ARN(owner, "internet-gateway", id), ec2Name(tags, id))
				d.Tags, d.Incarnation = tags, id
				d.Config = collect.Doc{"InternetGatewayId": id}
				d.Status = collect.Doc{
					"OwnerId":     x.OwnerId,
					"Attachments": append([]ec2types.InternetGatewayAttachment{}, x.Attachments...),
				}
				for _, a := range x.Attachments {
					d.Link("vpc", ec2VPC, u.ec2ARN(owner, "vpc", aws.ToString(a.VpcId)))
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

// natGatewayTable reads NAT gateways. Those that are deleted, which the API still tells
// of for an hour, are not there any more.
func natGatewayTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeNatGateways",
		Types: []asset.Type{ec2NATGateway},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: u.ec2Only("nat-gateway-id", "natgateway/", ec2NATGateway), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.NatGateways {
				if x.State != ec2types.NatGatewayStateDeleted {
					ds = append(ds, natGatewayDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func natGatewayDraft(u *unit, x ec2types.NatGateway) *collect.Draft {
	id := aws.ToString(x.NatGatewayId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2NATGateway, u.ec2ARN("", "natgateway", id), ec2Name(tags, id))
	d.Tags, d.Incarnation, d.Created = tags, id, aws.ToTime(x.CreateTime)
	d.Config = collect.Doc{
		"NatGatewayId":       id,
		"VpcId":              x.VpcId,
		"SubnetId":           x.SubnetId,
		"ConnectivityType":   x.ConnectivityType,
		"AvailabilityMode":   x.AvailabilityMode,
		"AutoProvisionZones": x.AutoProvisionZones,
		"AutoScalingIps":     x.AutoScalingIps,
		"RouteTableId":       x.RouteTableId,
		"AllocationId":       nil,
		"EniId":              nil,
		"PrivateIpAddress":   nil,
	}
	allocations, addresses := []*string{}, []*string{}
	for _, a := range x.NatGatewayAddresses {
		// A gateway without secondary addresses may not say which one is primary.
		if aws.ToBool(a.IsPrimary) || len(x.NatGatewayAddresses) == 1 {
			d.Config["AllocationId"], d.Config["EniId"], d.Config["PrivateIpAddress"] = a.AllocationId, a.NetworkInterfaceId, a.PrivateIp
			continue
		}
		if a.AllocationId != nil {
			allocations = append(allocations, a.AllocationId)
		}
		addresses = append(addresses, a.PrivateIp)
	}
	d.Config["SecondaryAllocationIds"] = allocations
	d.Config["SecondaryPrivateIpAddresses"] = addresses
	d.Config["SecondaryPrivateIpAddressCount"] = len(addresses)
	d.Status = collect.Doc{"State": x.State, "CreateTime": x.CreateTime}
	d.Link("vpc", ec2VPC, u.ec2ARN("", "vpc", aws.ToString(x.VpcId)))
	d.Link("subnet", ec2Subnet, u.ec2ARN("", "subnet", aws.ToString(x.SubnetId)))
	return d
}

// addressTable reads elastic IP addresses, which come in one page.
func addressTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeAddresses",
		Types: []asset.Type{ec2Address},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: u.ec2Only("allocation-id", "elastic-ip/", ec2Address)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Addresses {
				id := aws.ToString(x.AllocationId)
				if id == "" { // an address of the time before VPCs
					id = aws.ToString(x.PublicIp)
				}
				tags := tagMap(x.Tags, ec2Tag)
				d := collect.NewDraft(ec2Address, u.ec2ARN("", "elastic-ip", id), ec2Name(tags, aws.ToString(x.PublicIp)))
				d.Tags, d.Incarnation = tags, id
				d.Config = collect.Doc{
					"AllocationId":       x.AllocationId,
					"PublicIp":           x.PublicIp,
					"Address":            x.PublicIp,
					"Domain":             x.Domain,
					"InstanceId":         optional(aws.ToString(x.InstanceId)),
					"NetworkBorderGroup": x.NetworkBorderGroup,
					"PublicIpv4Pool":     x.PublicIpv4Pool,
				}
				d.Status = collect.Doc{
					"AssociationId":           x.AssociationId,
					"NetworkInterfaceId":      x.NetworkInterfaceId,
					"NetworkInterfaceOwnerId": x.NetworkInterfaceOwnerId,
					"PrivateIpAddress":        x.PrivateIpAddress,
				}
				d.Link("instance", ec2Instance, u.ec2ARN("", "instance", aws.ToString(x.InstanceId)))
				d.Link("network_interface", ec2NetworkInterface, u.ec2ARN(aws.ToString(x.NetworkInterfaceOwnerId), "network-interface", aws.ToString(x.NetworkInterfaceId)))
				ds = append(ds, d)
			}
			return ds, "", nil
		},
	}
}
