package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func vpcEndpointTable(u *unit, client *ec2.Client) collect.Table {
	const op = "ec2:DescribeVpcEndpoints"
	return collect.Table{
		Op:    op,
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{ec2VPCEndpoint},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: u.ec2Only("vpc-endpoint-id", "vpc-endpoint/", ec2VPCEndpoint), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.VpcEndpoints {
				// The API writes states in small letters, unlike its documentation.
				if !strings.EqualFold(string(x.State), string(ec2types.StateDeleted)) {
					ds = append(ds, vpcEndpointDraft(op, u, u.netOwners(ctx), x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func vpcEndpointDraft(op string, u *unit, owners *netOwners, x ec2types.VpcEndpoint) *collect.Draft {
	id := aws.ToString(x.VpcEndpointId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2VPCEndpoint, u.ec2ARN(aws.ToString(x.OwnerId), "vpc-endpoint", id), ec2Name(tags, id))
	d.Tags, d.Incarnation, d.Created = tags, id, aws.ToTime(x.CreationTimestamp)
	groups := []*string{}
	for _, g := range x.Groups {
		groups = append(groups, g.GroupId)
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", aws.ToString(g.GroupId)))
	}
	names := []string{}
	for _, e := range x.DnsEntries {
		// As CloudFormation joins them: the hosted zone, then the name in it.
		names = append(names, aws.ToString(e.HostedZoneId)+":"+aws.ToString(e.DnsName))
	}
	d.Config = collect.Doc{
		"Id":                       id,
		"CreationTimestamp":        x.CreationTimestamp,
		"DnsEntries":               names,
		"DnsOptions":               nil,
		"IpAddressType":            x.IpAddressType,
		"NetworkInterfaceIds":      append([]string{}, x.NetworkInterfaceIds...),
		"PolicyDocument":           policyDocument(op, x.PolicyDocument),
		"PrivateDnsEnabled":        x.PrivateDnsEnabled,
		"ResourceConfigurationArn": x.ResourceConfigurationArn,
		"RouteTableIds":            append([]string{}, x.RouteTableIds...),
		"SecurityGroupIds":         groups,
		"ServiceName":              x.ServiceName,
		"ServiceNetworkArn":        x.ServiceNetworkArn,
		"ServiceRegion":            x.ServiceRegion,
		"SubnetIds":                append([]string{}, x.SubnetIds...),
		"VpcEndpointType":          x.VpcEndpointType,
		"VpcId":                    x.VpcId,
	}
	if o := x.DnsOptions; o != nil {
		options := collect.Doc{
			"DnsRecordIpType":            o.DnsRecordIpType,
			"PrivateDnsPreference":       o.PrivateDnsPreference,
			"PrivateDnsSpecifiedDomains": o.PrivateDnsSpecifiedDomains,
		}
		// A boolean in the API, and the name of who is served in CloudFormation.
		if only := o.PrivateDnsOnlyForInboundResolverEndpoint; only != nil {
			options["PrivateDnsOnlyForInboundResolverEndpoint"] = "AllResolvers"
			if *only {
				options["PrivateDnsOnlyForInboundResolverEndpoint"] = "OnlyInboundResolver"
			}
		}
		d.Config["DnsOptions"] = options
	}
	d.Status = collect.Doc{"State": x.State, "OwnerId": x.OwnerId, "RequesterManaged": x.RequesterManaged}
	owners.linkVPC(d, x.VpcId)
	for _, s := range x.SubnetIds {
		owners.linkSubnet(d, &s)
	}
	for _, r := range x.RouteTableIds {
		d.Link("route_table", ec2RouteTable, u.ec2ARN("", "route-table", r))
	}
	return d
}

// peeringTable reads peering connections. One that leads to another region of the
// account is seen in both: it is reported in the region of the VPC that requested it,
// if that is looked at.
func peeringTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeVpcPeeringConnections",
		Types: []asset.Type{ec2Peering},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeVpcPeeringConnections(ctx, &ec2.DescribeVpcPeeringConnectionsInput{Filters: u.ec2Only("vpc-peering-connection-id", "vpc-peering-connection/", ec2Peering), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.VpcPeeringConnections {
				if x.Status != nil && x.Status.Code == ec2types.VpcPeeringConnectionStateReasonCodeDeleted {
					continue
				}
				if d := peeringDraft(u, x); d != nil {
					ds = append(ds, d)
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func peeringDraft(u *unit, x ec2types.VpcPeeringConnection) *collect.Draft {
	id := aws.ToString(x.VpcPeeringConnectionId)
	var from, to ec2types.VpcPeeringConnectionVpcInfo
	if x.RequesterVpcInfo != nil {
		from = *x.RequesterVpcInfo
	}
	if x.AccepterVpcInfo != nil {
		to = *x.AccepterVpcInfo
	}
	region := aws.ToString(from.Region)
	owner := aws.ToString(from.OwnerId)
	if region != u.region && owner == u.account.ID && slices.Contains(u.account.regions, region) {
		return nil
	}
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2Peering, u.ec2ARNIn(region, owner, "vpc-peering-connection", id), ec2Name(tags, id))
	d.Tags, d.Incarnation = tags, id
	d.Config = collect.Doc{
		"Id":          id,
		"VpcId":       from.VpcId,
		"PeerVpcId":   to.VpcId,
		"PeerOwnerId": to.OwnerId,
		"PeerRegion":  to.Region,
	}
	d.Status = collect.Doc{"Status": x.Status, "ExpirationTime": x.ExpirationTime}
	d.Link("vpc", ec2VPC, u.ec2ARNIn(region, owner, "vpc", aws.ToString(from.VpcId)))
	d.Link("peer_vpc", ec2VPC, u.ec2ARNIn(aws.ToString(to.Region), aws.ToString(to.OwnerId), "vpc", aws.ToString(to.VpcId)))
	return d
}
