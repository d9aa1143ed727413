package aws

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// efsTables read file systems, the interfaces under which they are mounted and the
// access points.
func efsTables(u *unit) []collect.Table {
	client := efs.NewFromConfig(u.config("efs"))
	return []collect.Table{{
		Op:     "efs:DescribeFileSystems",
		Gone:   []string{"FileSystemNotFound"},
		Types:  []asset.Type{efsFileSystem},
		Absent: []string{(&efstypes.FileSystemNotFound{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeFileSystems(ctx, &efs.DescribeFileSystemsInput{FileSystemId: optional(u.onlyName("file-system/", efsFileSystem)), Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.FileSystems {
				ds = append(ds, fileSystemDraft(u, x))
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: fileSystemReads(client),
		Under: []collect.Table{mountTargets(u, client)},
	}, accessPoints(u, client)}
}

func fileSystemDraft(u *unit, x efstypes.FileSystemDescription) *collect.Draft {
	id := aws.ToString(x.FileSystemId)
	arn := aws.ToString(x.FileSystemArn)
	if arn == "" {
		arn = u.arn("elasticfilesystem", "file-system/"+id)
	}
	name := aws.ToString(x.Name)
	if name == "" {
		name = id
	}
	d := collect.NewDraft(efsFileSystem, arn, name)
	d.Key, d.Incarnation, d.Created = id, id, aws.ToTime(x.CreationTime)
	d.Tags = tagMap(x.Tags, func(t efstypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.Config = collect.Doc{
		"Arn":                          arn,
		"FileSystemId":                 id,
		"AvailabilityZoneName":         x.AvailabilityZoneName,
		"Encrypted":                    x.Encrypted,
		"FileSystemProtection":         x.FileSystemProtection,
		"FileSystemTags":               collect.Pairs(d.Tags),
		"KmsKeyId":                     x.KmsKeyId,
		"PerformanceMode":              x.PerformanceMode,
		"ProvisionedThroughputInMibps": x.ProvisionedThroughputInMibps,
		"ThroughputMode":               x.ThroughputMode,
	}
	d.Status = collect.Doc{"LifeCycleState": x.LifeCycleState, "CreationTime": x.CreationTime, "OwnerId": x.OwnerId}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func fileSystemReads(client *efs.Client) []collect.Read {
	return []collect.Read{{
		Op:     "efs:DescribeFileSystemPolicy",
		Absent: []string{"PolicyNotFound"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeFileSystemPolicy(ctx, &efs.DescribeFileSystemPolicyInput{FileSystemId: &d.Key})
			if err != nil {
				return err
			}
			d.Access = policyDocument("efs:DescribeFileSystemPolicy", out.Policy)
			d.Config["FileSystemPolicy"] = d.Access
			return nil
		},
	}, {
		Op:     "efs:DescribeBackupPolicy",
		Absent: []string{"PolicyNotFound"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeBackupPolicy(ctx, &efs.DescribeBackupPolicyInput{FileSystemId: &d.Key})
			if err != nil {
				return err
			}
			d.Config["BackupPolicy"] = out.BackupPolicy
			return nil
		},
	}, {
		Op: "efs:DescribeLifecycleConfiguration",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeLifecycleConfiguration(ctx, &efs.DescribeLifecycleConfigurationInput{FileSystemId: &d.Key})
			if err != nil {
				return err
			}
			d.Config["LifecyclePolicies"] = append([]efstypes.LifecyclePolicy{}, out.LifecyclePolicies...)
			return nil
		},
	}, {
		Op:     "efs:DescribeReplicationConfigurations",
		Absent: []string{"ReplicationNotFound"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			var destinations []efstypes.Destination
			for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]efstypes.ReplicationConfigurationDescription, string, error) {
				out, err := client.DescribeReplicationConfigurations(ctx, &efs.DescribeReplicationConfigurationsInput{FileSystemId: &d.Key, NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.Replications, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return err
				}
				// The destination of a replication answers it, too, and does not have it.
				if aws.ToString(r.SourceFileSystemId) == d.Key {
					destinations = append(destinations, r.Destinations...)
				}
			}
			if len(destinations) > 0 {
				d.Config["ReplicationConfiguration"] = collect.Doc{"Destinations": destinations}
				d.SetUnread(collect.NotCollected(),
					"config.ReplicationConfiguration.Destinations[*].AvailabilityZoneName",
					"config.ReplicationConfiguration.Destinations[*].KmsKeyId",
				)
			}
			return nil
		},
	}}
}

// mountTargets reads the mount targets of a file system, which have no ARN.
func mountTargets(u *unit, client *efs.Client) collect.Table {
	return collect.Table{
		Op:    "efs:DescribeMountTargets",
		Gone:  []string{"MountTargetNotFound"},
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{efsMountTarget},
		Of:    efsFileSystem,
		ListOf: func(ctx context.Context, fs *collect.Draft, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeMountTargets(ctx, &efs.DescribeMountTargetsInput{FileSystemId: &fs.Key, Marker: optional(token), MaxItems: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.MountTargets {
				id := aws.ToString(x.MountTargetId)
				d := collect.NewDraft(efsMountTarget, id, id)
				d.Incarnation, d.Page = id, fs.ID
				d.Config = collect.Doc{
					"Id":           id,
					"FileSystemId": x.FileSystemId,
					"IpAddress":    x.IpAddress,
					"Ipv6Address":  x.Ipv6Address,
					"SubnetId":     x.SubnetId,
				}
				d.Link("file_system", efsFileSystem, fs.ID)
				u.netOwners(ctx).linkSubnet(d, x.SubnetId)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextMarker), nil
		},
		Reads: []collect.Read{{
			Op: "efs:DescribeMountTargetSecurityGroups",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeMountTargetSecurityGroups(ctx, &efs.DescribeMountTargetSecurityGroupsInput{MountTargetId: &d.ID})
				if err != nil {
					return err
				}
				d.Config["SecurityGroups"] = append([]string{}, out.SecurityGroups...)
				for _, g := range out.SecurityGroups {
					d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
				}
				return nil
			},
		}},
	}
}

// accessPoints reads the access points of a region, of whatever file system.
func accessPoints(u *unit, client *efs.Client) collect.Table {
	return collect.Table{
		Op:     "efs:DescribeAccessPoints",
		Types:  []asset.Type{efsAccessPoint},
		Absent: []string{(&efstypes.AccessPointNotFound{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeAccessPoints(ctx, &efs.DescribeAccessPointsInput{AccessPointId: optional(u.onlyName("access-point/", efsAccessPoint)), NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.AccessPoints {
				ds = append(ds, accessPointDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func accessPointDraft(u *unit, x efstypes.AccessPointDescription) *collect.Draft {
	id := aws.ToString(x.AccessPointId)
	d := collect.NewDraft(efsAccessPoint, aws.ToString(x.AccessPointArn), cmp.Or(aws.ToString(x.Name), id))
	d.Incarnation = id
	d.Tags = tagMap(x.Tags, func(t efstypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.Config = collect.Doc{
		"AccessPointId":   id,
		"AccessPointTags": collect.Pairs(d.Tags),
		"Arn":             x.AccessPointArn,
		"ClientToken":     x.ClientToken,
		"FileSystemId":    x.FileSystemId,
		"PosixUser":       x.PosixUser,
		"RootDirectory":   x.RootDirectory,
	}
	d.Status = collect.Doc{"LifeCycleState": x.LifeCycleState, "OwnerId": x.OwnerId}
	if id := aws.ToString(x.FileSystemId); id != "" {
		d.Link("file_system", efsFileSystem, u.arn("elasticfilesystem", "file-system/"+id))
	}
	return d
}
