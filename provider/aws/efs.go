package aws

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const (
	efsFileSystem  asset.Type = "AWS::EFS::FileSystem"
	efsMountTarget asset.Type = "AWS::EFS::MountTarget"
	efsAccessPoint asset.Type = "AWS::EFS::AccessPoint"
)

// efsTables read file systems, the interfaces under which they are mounted and the
// access points.
func efsTables(u *unit) []table {
	client := efs.NewFromConfig(u.config("efs"))
	return []table{{
		op:    "efs:DescribeFileSystems",
		types: []asset.Type{efsFileSystem},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.FileSystems {
				ds = append(ds, fileSystemDraft(u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		reads: fileSystemReads(client),
		under: []table{mountTargets(u, client)},
	}, accessPoints(u, client)}
}

func fileSystemDraft(u *unit, x efstypes.FileSystemDescription) *draft {
	id := aws.ToString(x.FileSystemId)
	arn := aws.ToString(x.FileSystemArn)
	if arn == "" {
		arn = u.arn("elasticfilesystem", "file-system/"+id)
	}
	name := aws.ToString(x.Name)
	if name == "" {
		name = id
	}
	d := newDraft(efsFileSystem, arn, name)
	d.key, d.incarnation, d.created = id, id, aws.ToTime(x.CreationTime)
	d.tags = tagMap(x.Tags, func(t efstypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.config = doc{
		"Arn":                          arn,
		"FileSystemId":                 id,
		"AvailabilityZoneName":         x.AvailabilityZoneName,
		"Encrypted":                    x.Encrypted,
		"FileSystemProtection":         x.FileSystemProtection,
		"FileSystemTags":               tagList(d.tags),
		"KmsKeyId":                     x.KmsKeyId,
		"PerformanceMode":              x.PerformanceMode,
		"ProvisionedThroughputInMibps": x.ProvisionedThroughputInMibps,
		"ThroughputMode":               x.ThroughputMode,
	}
	d.status = doc{"LifeCycleState": x.LifeCycleState, "CreationTime": x.CreationTime, "OwnerId": x.OwnerId}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func fileSystemReads(client *efs.Client) []read {
	return []read{{
		op:     "efs:DescribeFileSystemPolicy",
		absent: []string{"PolicyNotFound"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeFileSystemPolicy(ctx, &efs.DescribeFileSystemPolicyInput{FileSystemId: &d.key})
			if err != nil {
				return err
			}
			d.access = policyDocument("efs:DescribeFileSystemPolicy", out.Policy)
			d.config["FileSystemPolicy"] = d.access
			return nil
		},
	}, {
		op:     "efs:DescribeBackupPolicy",
		absent: []string{"PolicyNotFound"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeBackupPolicy(ctx, &efs.DescribeBackupPolicyInput{FileSystemId: &d.key})
			if err != nil {
				return err
			}
			d.config["BackupPolicy"] = out.BackupPolicy
			return nil
		},
	}, {
		op: "efs:DescribeLifecycleConfiguration",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeLifecycleConfiguration(ctx, &efs.DescribeLifecycleConfigurationInput{FileSystemId: &d.key})
			if err != nil {
				return err
			}
			d.config["LifecyclePolicies"] = append([]efstypes.LifecyclePolicy{}, out.LifecyclePolicies...)
			return nil
		},
	}, {
		op:     "efs:DescribeReplicationConfigurations",
		absent: []string{"ReplicationNotFound"},
		each: func(ctx context.Context, d *draft) error {
			var destinations []efstypes.Destination
			for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]efstypes.ReplicationConfigurationDescription, string, error) {
				out, err := client.DescribeReplicationConfigurations(ctx, &efs.DescribeReplicationConfigurationsInput{FileSystemId: &d.key, NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.Replications, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return err
				}
				// The destination of a replication answers it, too, and does not have it.
				if aws.ToString(r.SourceFileSystemId) == d.key {
					destinations = append(destinations, r.Destinations...)
				}
			}
			if len(destinations) > 0 {
				d.config["ReplicationConfiguration"] = doc{"Destinations": destinations}
				d.setUnread([]asset.Path{
					"config.ReplicationConfiguration.Destinations[*].AvailabilityZoneName",
					"config.ReplicationConfiguration.Destinations[*].KmsKeyId",
				}, notCollected())
			}
			return nil
		},
	}}
}

// mountTargets reads the mount targets of a file system, which have no ARN.
func mountTargets(u *unit, client *efs.Client) table {
	return table{
		op:    "efs:DescribeMountTargets",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{efsMountTarget},
		of:    efsFileSystem,
		listOf: func(ctx context.Context, fs *draft, token string) ([]*draft, string, error) {
			out, err := client.DescribeMountTargets(ctx, &efs.DescribeMountTargetsInput{FileSystemId: &fs.key, Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.MountTargets {
				id := aws.ToString(x.MountTargetId)
				d := newDraft(efsMountTarget, id, id)
				d.incarnation, d.page = id, fs.ID
				d.config = doc{
					"Id":           id,
					"FileSystemId": x.FileSystemId,
					"IpAddress":    x.IpAddress,
					"Ipv6Address":  x.Ipv6Address,
					"SubnetId":     x.SubnetId,
				}
				d.link("file_system", efsFileSystem, fs.ID)
				d.link("subnet", ec2Subnet, u.subnetARN(u.netOwners(ctx), x.SubnetId))
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		reads: []read{{
			op: "efs:DescribeMountTargetSecurityGroups",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeMountTargetSecurityGroups(ctx, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: &d.ID})
				if err != nil {
					return err
				}
				d.config["SecurityGroups"] = append([]string{}, out.SecurityGroups...)
				for _, g := range out.SecurityGroups {
					d.link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
				}
				return nil
			},
		}},
	}
}

// accessPoints reads the access points of a region, of whatever file system.
func accessPoints(u *unit, client *efs.Client) table {
	return table{
		op:    "efs:DescribeAccessPoints",
		types: []asset.Type{efsAccessPoint},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.AccessPoints {
				ds = append(ds, accessPointDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func accessPointDraft(u *unit, x efstypes.AccessPointDescription) *draft {
	id := aws.ToString(x.AccessPointId)
	d := newDraft(efsAccessPoint, aws.ToString(x.AccessPointArn), cmp.Or(aws.ToString(x.Name), id))
	d.incarnation = id
	d.tags = tagMap(x.Tags, func(t efstypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.config = doc{
		"AccessPointId":   id,
		"AccessPointTags": tagList(d.tags),
		"Arn":             x.AccessPointArn,
		"ClientToken":     x.ClientToken,
		"FileSystemId":    x.FileSystemId,
		"PosixUser":       x.PosixUser,
		"RootDirectory":   x.RootDirectory,
	}
	d.status = doc{"LifeCycleState": x.LifeCycleState, "OwnerId": x.OwnerId}
	if id := aws.ToString(x.FileSystemId); id != "" {
		d.link("file_system", efsFileSystem, u.arn("elasticfilesystem", "file-system/"+id))
	}
	return d
}
