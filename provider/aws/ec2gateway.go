package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
)

func internetGatewayTable(u *unit, client *ec2.Client) table {
	return table{
		op:    "ec2:DescribeInternetGateways",
		types: []asset.Type{ec2InternetGateway},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeInternetGateways(ctx, &ec2.DescribeInternetGatewaysInput{Filters: u.ec2Only("internet-gateway-id", "internet-gateway/", ec2InternetGateway), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.InternetGateways {
				id := aws.ToString(x.InternetGatewayId)
				owner := aws.ToString(x.OwnerId)
				tags := tagMap(x.Tags, ec2Tag)
				d := newDraft(ec2InternetGateway, u.ec2ARN(owner, "internet-gateway", id), ec2Name(tags, id))
				d.tags, d.incarnation = tags, id
				d.config = doc{"InternetGatewayId": id}
				d.status = doc{
					"OwnerId":     x.OwnerId,
					"Attachments": append([]ec2types.InternetGatewayAttachment{}, x.Attachments...),
				}
				for _, a := range x.Attachments {
					d.link("vpc", ec2VPC, u.ec2ARN(owner, "vpc", aws.ToString(a.VpcId)))
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

// natGatewayTable reads NAT gateways. Those that are deleted, which the API still tells
// of for an hour, are not there any more.
func natGatewayTable(u *unit, client *ec2.Client) table {
	return table{
		op:    "ec2:DescribeNatGateways",
		types: []asset.Type{ec2NATGateway},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{Filter: u.ec2Only("nat-gateway-id", "natgateway/", ec2NATGateway), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.NatGateways {
				if x.State != ec2types.NatGatewayStateDeleted {
					ds = append(ds, natGatewayDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func natGatewayDraft(u *unit, x ec2types.NatGateway) *draft {
	id := aws.ToString(x.NatGatewayId)
	tags := tagMap(x.Tags, ec2Tag)
	d := newDraft(ec2NATGateway, u.ec2ARN("", "natgateway", id), ec2Name(tags, id))
	d.tags, d.incarnation, d.created = tags, id, aws.ToTime(x.CreateTime)
	d.config = doc{
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
			d.config["AllocationId"], d.config["EniId"], d.config["PrivateIpAddress"] = a.AllocationId, a.NetworkInterfaceId, a.PrivateIp
			continue
		}
		if a.AllocationId != nil {
			allocations = append(allocations, a.AllocationId)
		}
		addresses = append(addresses, a.PrivateIp)
	}
	d.config["SecondaryAllocationIds"] = allocations
	d.config["SecondaryPrivateIpAddresses"] = addresses
	d.config["SecondaryPrivateIpAddressCount"] = len(addresses)
	d.status = doc{"State": x.State, "CreateTime": x.CreateTime}
	d.link("vpc", ec2VPC, u.ec2ARN("", "vpc", aws.ToString(x.VpcId)))
	d.link("subnet", ec2Subnet, u.ec2ARN("", "subnet", aws.ToString(x.SubnetId)))
	return d
}

// addressTable reads elastic IP addresses, which come in one page.
func addressTable(u *unit, client *ec2.Client) table {
	return table{
		op:    "ec2:DescribeAddresses",
		types: []asset.Type{ec2Address},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Addresses {
				id := aws.ToString(x.AllocationId)
				if id == "" { // an address of the time before VPCs
					id = aws.ToString(x.PublicIp)
				}
				tags := tagMap(x.Tags, ec2Tag)
				d := newDraft(ec2Address, u.ec2ARN("", "elastic-ip", id), ec2Name(tags, aws.ToString(x.PublicIp)))
				d.tags, d.incarnation = tags, id
				d.config = doc{
					"AllocationId":       x.AllocationId,
					"PublicIp":           x.PublicIp,
					"Address":            x.PublicIp,
					"Domain":             x.Domain,
					"InstanceId":         optional(aws.ToString(x.InstanceId)),
					"NetworkBorderGroup": x.NetworkBorderGroup,
					"PublicIpv4Pool":     x.PublicIpv4Pool,
				}
				d.status = doc{
					"AssociationId":           x.AssociationId,
					"NetworkInterfaceId":      x.NetworkInterfaceId,
					"NetworkInterfaceOwnerId": x.NetworkInterfaceOwnerId,
					"PrivateIpAddress":        x.PrivateIpAddress,
				}
				d.link("instance", ec2Instance, u.ec2ARN("", "instance", aws.ToString(x.InstanceId)))
				d.link("network_interface", ec2NetworkInterface, u.ec2ARN(aws.ToString(x.NetworkInterfaceOwnerId), "network-interface", aws.ToString(x.NetworkInterfaceId)))
				ds = append(ds, d)
			}
			return ds, "", nil
		},
	}
}
