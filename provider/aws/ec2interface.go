package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func networkInterfaceTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeNetworkInterfaces",
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{ec2NetworkInterface},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{IncludeManagedResources: aws.Bool(true), Filters: u.ec2Only("network-interface-id", "network-interface/", ec2NetworkInterface), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.NetworkInterfaces {
				ds = append(ds, networkInterfaceDraft(u, u.netOwners(ctx), x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func networkInterfaceDraft(u *unit, owners *netOwners, x ec2types.NetworkInterface) *collect.Draft {
	id := aws.ToString(x.NetworkInterfaceId)
	tags := tagMap(x.TagSet, ec2Tag)
	d := collect.NewDraft(ec2NetworkInterface, u.ec2ARN(aws.ToString(x.OwnerId), "network-interface", id), ec2Name(tags, id))
	d.Tags, d.Incarnation = tags, id
	d.Config = collect.Doc{
		"Id":                                   id,
		"ConnectionTrackingSpecification":      x.ConnectionTrackingConfiguration,
		"Description":                          x.Description,
		"GroupSet":                             linkGroups(d, u, x.Groups),
		"InterfaceType":                        x.InterfaceType,
		"Ipv4Prefixes":                         x.Ipv4Prefixes,
		"Ipv6Addresses":                        x.Ipv6Addresses,
		"Ipv6Prefixes":                         x.Ipv6Prefixes,
		"EnablePrimaryIpv6":                    false,
		"PrimaryIpv6Address":                   nil,
		"PrimaryPrivateIpAddress":              x.PrivateIpAddress,
		"PrivateIpAddress":                     x.PrivateIpAddress,
		"PrivateIpAddresses":                   x.PrivateIpAddresses,
		"PublicIpDnsHostnameTypeSpecification": nil,
		"PublicIpDnsNameOptions":               x.PublicIpDnsNameOptions,
		"SourceDestCheck":                      x.SourceDestCheck,
		"SubnetId":                             x.SubnetId,
		"VpcId":                                x.VpcId,
	}
	for _, a := range x.Ipv6Addresses {
		if aws.ToBool(a.IsPrimaryIpv6) {
			d.Config["EnablePrimaryIpv6"], d.Config["PrimaryIpv6Address"] = true, a.Ipv6Address
		}
	}
	if o := x.PublicIpDnsNameOptions; o != nil {
		d.Config["PublicIpDnsHostnameTypeSpecification"] = o.DnsHostnameType
	}
	secondary := []*string{}
	for _, a := range x.PrivateIpAddresses {
		if !aws.ToBool(a.Primary) {
			secondary = append(secondary, a.PrivateIpAddress)
		}
	}
	d.Config["SecondaryPrivateIpAddresses"] = secondary
	d.Status = collect.Doc{
		"Status":           x.Status,
		"AvailabilityZone": x.AvailabilityZone,
		"OwnerId":          x.OwnerId,
		"RequesterId":      x.RequesterId,
		"RequesterManaged": x.RequesterManaged,
		"PrivateDnsName":   x.PrivateDnsName,
		"MacAddress":       x.MacAddress,
		"Association":      x.Association,
		"Attachment":       x.Attachment,
	}
	owners.linkVPC(d, x.VpcId)
	owners.linkSubnet(d, x.SubnetId)
	if a := x.Attachment; a != nil {
		d.Link("attached_to", ec2Instance, u.ec2ARN(aws.ToString(a.InstanceOwnerId), "instance", aws.ToString(a.InstanceId)))
	}
	return d
}
