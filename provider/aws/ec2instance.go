package aws

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// instanceTable reads instances. Those that are terminated, which the API still tells
// of for an hour, are not there any more.
func instanceTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeInstances",
		Gone:  []string{"InvalidInstanceID.NotFound"},
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{ec2Instance},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{IncludeManagedResources: aws.Bool(true), Filters: u.ec2Only("instance-id", "instance/", ec2Instance), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, r := range out.Reservations {
				for _, x := range r.Instances {
					if x.State == nil || x.State.Name != ec2types.InstanceStateNameTerminated {
						ds = append(ds, instanceDraft(u, u.netOwners(ctx), aws.ToString(r.OwnerId), x))
					}
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: instanceReads(client),
	}
}

func instanceDraft(u *unit, owners *netOwners, owner string, x ec2types.Instance) *collect.Draft {
	id := aws.ToString(x.InstanceId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2Instance, u.ec2ARN(owner, "instance", id), ec2Name(tags, id))
	d.Key, d.Tags = id, tags
	d.Created, d.Incarnation = firstLaunch(x), id
	d.Config = collect.Doc{
		"InstanceId":            id,
		"ImageId":               x.ImageId,
		"InstanceType":          x.InstanceType,
		"CpuOptions":            x.CpuOptions,
		"EbsOptimized":          x.EbsOptimized,
		"EnclaveOptions":        x.EnclaveOptions,
		"HibernationOptions":    x.HibernationOptions,
		"KernelId":              x.KernelId,
		"KeyName":               x.KeyName,
		"MetadataOptions":       x.MetadataOptions,
		"PrivateDnsName":        x.PrivateDnsName,
		"PrivateDnsNameOptions": x.PrivateDnsNameOptions,
		"PrivateIp":             x.PrivateIpAddress,
		"PrivateIpAddress":      x.PrivateIpAddress,
		"PublicDnsName":         x.PublicDnsName,
		"PublicIp":              x.PublicIpAddress,
		"RamdiskId":             x.RamdiskId,
		"SourceDestCheck":       x.SourceDestCheck,
		"SubnetId":              x.SubnetId,
		"VpcId":                 x.VpcId,
		"SecurityGroupIds":      linkGroups(d, u, x.SecurityGroups),
		"Affinity":              nil,
		"AvailabilityZone":      nil,
		"HostId":                nil,
		"HostResourceGroupArn":  nil,
		"IamInstanceProfile":    nil,
		"Monitoring":            nil,
		"PlacementGroupName":    nil,
		"State":                 x.State,
		"Tenancy":               nil,
	}
	names := make([]*string, 0, len(x.SecurityGroups))
	for _, g := range x.SecurityGroups {
		names = append(names, g.GroupName)
	}
	d.Config["SecurityGroups"] = names
	if p := x.Placement; p != nil {
		d.Config["Affinity"] = p.Affinity
		d.Config["AvailabilityZone"] = p.AvailabilityZone
		d.Config["HostId"] = p.HostId
		d.Config["HostResourceGroupArn"] = p.HostResourceGroupArn
		d.Config["PlacementGroupName"] = optional(aws.ToString(p.GroupName))
		d.Config["Tenancy"] = p.Tenancy
	}
	if p := x.IamInstanceProfile; p != nil && p.Arn != nil {
		d.Config["IamInstanceProfile"] = awsapi.Name(*p.Arn)
		d.Link("instance_profile", iamInstanceProfile, *p.Arn)
	}
	if m := x.Monitoring; m != nil {
		d.Config["Monitoring"] = m.State == ec2types.MonitoringStateEnabled || m.State == ec2types.MonitoringStatePending
	}
	volumes := []collect.Doc{}
	for _, m := range x.BlockDeviceMappings {
		if m.Ebs != nil {
			volumes = append(volumes, collect.Doc{"Device": m.DeviceName, "VolumeId": m.Ebs.VolumeId})
			d.Link("volume", ec2Volume, u.ec2ARN(owner, "volume", aws.ToString(m.Ebs.VolumeId)))
		}
	}
	d.Config["Volumes"] = volumes
	var addresses []ec2types.InstanceIpv6Address
	interfaces := []collect.Doc{}
	for _, n := range x.NetworkInterfaces {
		addresses = append(addresses, n.Ipv6Addresses...)
		interfaces = append(interfaces, instanceInterface(n))
		d.Link("network_interface", ec2NetworkInterface, u.ec2ARN(aws.ToString(n.OwnerId), "network-interface", aws.ToString(n.NetworkInterfaceId)))
	}
	d.Config["NetworkInterfaces"] = interfaces
	d.Config["Ipv6Addresses"] = addresses
	d.Config["Ipv6AddressCount"] = len(addresses)
	d.Status = collect.Doc{
		"LaunchTime":               x.LaunchTime,
		"OwnerId":                  optional(owner),
		"Platform":                 x.Platform,
		"PlatformDetails":          x.PlatformDetails,
		"Architecture":             x.Architecture,
		"RootDeviceName":           x.RootDeviceName,
		"RootDeviceType":           x.RootDeviceType,
		"StateTransitionReason":    optional(aws.ToString(x.StateTransitionReason)),
		"UsageOperationUpdateTime": x.UsageOperationUpdateTime,
		"MetadataOptions":          nil,
		"IamInstanceProfile":       x.IamInstanceProfile,
		"BlockDeviceMappings":      x.BlockDeviceMappings,
	}
	if m := x.MetadataOptions; m != nil {
		d.Status["MetadataOptions"] = collect.Doc{"State": m.State}
	}
	owners.linkVPC(d, x.VpcId)
	owners.linkSubnet(d, x.SubnetId)
	d.Link("image", ec2Image, u.ec2OpenARN("image", aws.ToString(x.ImageId)))
	d.Link("launch_template", ec2LaunchTemplate, u.ec2ARN("", "launch-template", tags["aws:ec2launchtemplate:id"]))
	return d
}

// firstLaunch returns when an instance was launched first. The launch time is that of its
// last start; the primary network interface is attached from the beginning to the end.
func firstLaunch(x ec2types.Instance) time.Time {
	for _, n := range x.NetworkInterfaces {
		if a := n.Attachment; a != nil && aws.ToInt32(a.DeviceIndex) == 0 && aws.ToInt32(a.NetworkCardIndex) == 0 {
			return aws.ToTime(a.AttachTime)
		}
	}
	return time.Time{}
}

// instanceInterface returns an interface as CloudFormation's property of an instance
// has it.
func instanceInterface(n ec2types.InstanceNetworkInterface) collect.Doc {
	groups := make([]*string, 0, len(n.Groups))
	for _, g := range n.Groups {
		groups = append(groups, g.GroupId)
	}
	m := collect.Doc{
		"AssociatePublicIpAddress":       n.Association != nil && n.Association.PublicIp != nil,
		"Description":                    n.Description,
		"GroupSet":                       groups,
		"Ipv6AddressCount":               len(n.Ipv6Addresses),
		"Ipv6Addresses":                  n.Ipv6Addresses,
		"NetworkInterfaceId":             n.NetworkInterfaceId,
		"PrivateIpAddress":               n.PrivateIpAddress,
		"PrivateIpAddresses":             n.PrivateIpAddresses,
		"SecondaryPrivateIpAddressCount": max(0, len(n.PrivateIpAddresses)-1),
		"SubnetId":                       n.SubnetId,
	}
	if a := n.Attachment; a != nil {
		m["DeleteOnTermination"] = a.DeleteOnTermination
		m["EnaSrdSpecification"] = a.EnaSrdSpecification
		if a.DeviceIndex != nil {
			m["DeviceIndex"] = strconv.Itoa(int(*a.DeviceIndex))
		}
	}
	return m
}

// instanceReads read the attributes of an instance that the API answers one by one.
func instanceReads(client *ec2.Client) []collect.Read {
	attribute := func(ctx context.Context, d *collect.Draft, name ec2types.InstanceAttributeName) (*ec2.DescribeInstanceAttributeOutput, error) {
		return client.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: &d.Key, Attribute: name})
	}
	return []collect.Read{{
		Op: "ec2:DescribeInstanceAttribute(userData)",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := attribute(ctx, d, ec2types.InstanceAttributeNameUserData)
			if err != nil {
				return err
			}
			if out.UserData != nil {
				d.Config["UserData"] = out.UserData.Value
			}
			return nil
		},
	}, {
		Op: "ec2:DescribeInstanceAttribute(disableApiTermination)",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := attribute(ctx, d, ec2types.InstanceAttributeNameDisableApiTermination)
			if err != nil {
				return err
			}
			if out.DisableApiTermination != nil {
				d.Config["DisableApiTermination"] = out.DisableApiTermination.Value
			}
			return nil
		},
	}, {
		Op: "ec2:DescribeInstanceAttribute(instanceInitiatedShutdownBehavior)",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := attribute(ctx, d, ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior)
			if err != nil {
				return err
			}
			if out.InstanceInitiatedShutdownBehavior != nil {
				d.Config["InstanceInitiatedShutdownBehavior"] = out.InstanceInitiatedShutdownBehavior.Value
			}
			return nil
		},
	}, {
		Op:   "ec2:DescribeInstanceCreditSpecifications",
		Size: ec2Page,
		Together: func(ctx context.Context, ds []*collect.Draft) error {
			byID := map[string]*collect.Draft{}
			var ids []string
			for _, d := range ds {
				if burstable(d.Config["InstanceType"].(ec2types.InstanceType)) {
					byID[d.Key] = d
					ids = append(ids, d.Key)
				}
			}
			if len(ids) == 0 {
				return nil
			}
			out, err := client.DescribeInstanceCreditSpecifications(ctx, &ec2.DescribeInstanceCreditSpecificationsInput{InstanceIds: ids})
			if err != nil {
				return err
			}
			for _, c := range out.InstanceCreditSpecifications {
				if d := byID[aws.ToString(c.InstanceId)]; d != nil {
					d.Config["CreditSpecification"] = collect.Doc{"CPUCredits": c.CpuCredits}
				}
			}
			return nil
		},
	}}
}

// burstable reports whether instances of a type have CPU credits that can be
// configured. The API refuses a request that names another.
func burstable(t ec2types.InstanceType) bool {
	family, _, _ := strings.Cut(string(t), ".")
	switch family {
	case "t2", "t3", "t3a", "t4g":
		return true
	}
	return false
}
