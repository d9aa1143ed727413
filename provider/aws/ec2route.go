package aws

import (
	"context"
	"iter"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func networkACLPage(ctx context.Context, client *ec2.Client, token string, filters ...ec2types.Filter) ([]ec2types.NetworkAcl, string, error) {
	out, err := client.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: filters, NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
	if err != nil {
		return nil, "", err
	}
	return out.NetworkAcls, aws.ToString(out.NextToken), nil
}

// networkACLs yields the network ACLs that the filters let pass.
func networkACLs(ctx context.Context, client *ec2.Client, filters ...ec2types.Filter) iter.Seq2[ec2types.NetworkAcl, error] {
	return provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.NetworkAcl, string, error) {
		return networkACLPage(ctx, client, token, filters...)
	})
}

// networkACLTable reads network ACLs and, as assets of their own, their entries.
func networkACLTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeNetworkAcls",
		Types: []asset.Type{ec2NetworkACL, ec2NetworkACLEntry},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			acls, next, err := networkACLPage(ctx, client, token, u.ec2Only("network-acl-id", "network-acl/", ec2NetworkACL, ec2NetworkACLEntry)...)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range acls {
				acl := networkACLDraft(u, x)
				ds = append(ds, acl)
				for _, e := range x.Entries {
					ds = append(ds, networkACLEntryDraft(acl, e))
				}
			}
			return ds, next, nil
		},
	}
}

func networkACLDraft(u *unit, x ec2types.NetworkAcl) *collect.Draft {
	id := aws.ToString(x.NetworkAclId)
	owner := aws.ToString(x.OwnerId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2NetworkACL, u.ec2ARN(owner, "network-acl", id), ec2Name(tags, id))
	d.Key, d.Tags, d.Incarnation = id, tags, id
	d.Config = collect.Doc{"Id": id, "VpcId": x.VpcId}
	d.Status = collect.Doc{
		"IsDefault":    x.IsDefault,
		"OwnerId":      x.OwnerId,
		"Associations": append([]ec2types.NetworkAclAssociation{}, x.Associations...),
	}
	d.Link("vpc", ec2VPC, u.ec2ARN(owner, "vpc", aws.ToString(x.VpcId)))
	for _, a := range x.Associations {
		d.Link("subnet", ec2Subnet, u.ec2ARN(owner, "subnet", aws.ToString(a.SubnetId)))
	}
	return d
}

func networkACLEntryDraft(acl *collect.Draft, e ec2types.NetworkAclEntry) *collect.Draft {
	direction := "ingress"
	if aws.ToBool(e.Egress) {
		direction = "egress"
	}
	place := "/" + direction + "/" + strconv.Itoa(int(aws.ToInt32(e.RuleNumber)))
	d := collect.NewDraft(ec2NetworkACLEntry, acl.ID+place, acl.Key+place)
	d.Page = acl.ID
	d.Config = collect.Doc{
		"NetworkAclId":  acl.Key,
		"RuleNumber":    e.RuleNumber,
		"Egress":        e.Egress,
		"Protocol":      e.Protocol,
		"RuleAction":    e.RuleAction,
		"CidrBlock":     e.CidrBlock,
		"Ipv6CidrBlock": e.Ipv6CidrBlock,
		"PortRange":     e.PortRange,
		"Icmp":          e.IcmpTypeCode,
	}
	d.Link("network_acl", ec2NetworkACL, acl.ID)
	return d
}

// routeTable reads route tables and, as assets of their own, their routes.
func routeTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeRouteTables",
		Types: []asset.Type{ec2RouteTable, ec2Route},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: u.ec2Only("route-table-id", "route-table/", ec2RouteTable, ec2Route), NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.RouteTables {
				rt := routeTableDraft(u, x)
				ds = append(ds, rt)
				for _, r := range x.Routes {
					ds = append(ds, routeDraft(u, rt, aws.ToString(x.OwnerId), r))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func routeTableDraft(u *unit, x ec2types.RouteTable) *collect.Draft {
	id := aws.ToString(x.RouteTableId)
	owner := aws.ToString(x.OwnerId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2RouteTable, u.ec2ARN(owner, "route-table", id), ec2Name(tags, id))
	d.Key, d.Tags, d.Incarnation = id, tags, id
	d.Config = collect.Doc{"RouteTableId": id, "VpcId": x.VpcId}
	d.Status = collect.Doc{
		"OwnerId":      x.OwnerId,
		"Associations": append([]ec2types.RouteTableAssociation{}, x.Associations...),
	}
	d.Link("vpc", ec2VPC, u.ec2ARN(owner, "vpc", aws.ToString(x.VpcId)))
	for _, a := range x.Associations {
		d.Link("subnet", ec2Subnet, u.ec2ARN(owner, "subnet", aws.ToString(a.SubnetId)))
	}
	return d
}

func routeDraft(u *unit, rt *collect.Draft, owner string, x ec2types.Route) *collect.Draft {
	destination := aws.ToString(x.DestinationCidrBlock) + aws.ToString(x.DestinationIpv6CidrBlock) + aws.ToString(x.DestinationPrefixListId)
	d := collect.NewDraft(ec2Route, rt.ID+"/"+destination, rt.Key+"/"+destination)
	d.Page = rt.ID
	d.Config = collect.Doc{
		"RouteTableId":                rt.Key,
		"CidrBlock":                   destination,
		"DestinationCidrBlock":        x.DestinationCidrBlock,
		"DestinationIpv6CidrBlock":    x.DestinationIpv6CidrBlock,
		"DestinationPrefixListId":     x.DestinationPrefixListId,
		"CarrierGatewayId":            x.CarrierGatewayId,
		"CoreNetworkArn":              x.CoreNetworkArn,
		"EgressOnlyInternetGatewayId": x.EgressOnlyInternetGatewayId,
		"GatewayId":                   x.GatewayId,
		"InstanceId":                  x.InstanceId,
		"LocalGatewayId":              x.LocalGatewayId,
		"NatGatewayId":                x.NatGatewayId,
		"NetworkInterfaceId":          x.NetworkInterfaceId,
		"OdbNetworkArn":               x.OdbNetworkArn,
		"TransitGatewayId":            x.TransitGatewayId,
		"VpcEndpointId":               nil,
		"VpcPeeringConnectionId":      x.VpcPeeringConnectionId,
	}
	gateway := aws.ToString(x.GatewayId)
	if strings.HasPrefix(gateway, "vpce-") {
		// The API has endpoints among the gateways.
		d.Config["VpcEndpointId"], d.Config["GatewayId"] = gateway, nil
	}
	d.Status = collect.Doc{"State": x.State, "Origin": x.Origin}
	d.Link("route_table", ec2RouteTable, rt.ID)
	instanceOwner := aws.ToString(x.InstanceOwnerId)
	for _, to := range []struct {
		kind  string
		typ   asset.Type
		owner string
		id    *string
	}{
		{"natgateway", ec2NATGateway, owner, x.NatGatewayId},
		{"network-interface", ec2NetworkInterface, instanceOwner, x.NetworkInterfaceId},
		{"instance", ec2Instance, instanceOwner, x.InstanceId},
		{"transit-gateway", "AWS::EC2::TransitGateway", owner, x.TransitGatewayId},
		{"egress-only-internet-gateway", "AWS::EC2::EgressOnlyInternetGateway", owner, x.EgressOnlyInternetGatewayId},
		{"carrier-gateway", "AWS::EC2::CarrierGateway", owner, x.CarrierGatewayId},
		{"vpc-peering-connection", ec2Peering, owner, x.VpcPeeringConnectionId},
	} {
		d.Link("target", to.typ, u.ec2ARN(to.owner, to.kind, aws.ToString(to.id)))
	}
	switch kind, _, _ := strings.Cut(gateway, "-"); kind {
	case "igw":
		d.Link("target", ec2InternetGateway, u.ec2ARN(owner, "internet-gateway", gateway))
	case "vpce":
		d.Link("target", ec2VPCEndpoint, u.ec2ARN(owner, "vpc-endpoint", gateway))
	case "vgw":
		d.Link("target", "AWS::EC2::VPNGateway", u.ec2ARN(owner, "vpn-gateway", gateway))
	}
	return d
}
