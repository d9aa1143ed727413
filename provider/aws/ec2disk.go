package aws

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func volumeTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeVolumes",
		Gone:  []string{"InvalidVolume.NotFound"},
		Types: []asset.Type{ec2Volume},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{IncludeManagedResources: aws.Bool(true), Filters: u.ec2Only("volume-id", "volume/", ec2Volume), NextToken: optional(token), MaxResults: aws.Int32(500)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Volumes {
				ds = append(ds, volumeDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ec2:DescribeVolumeAttribute(autoEnableIO)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeVolumeAttribute(ctx, &ec2.DescribeVolumeAttributeInput{VolumeId: &d.Key, Attribute: ec2types.VolumeAttributeNameAutoEnableIO})
				if err != nil {
					return err
				}
				if out.AutoEnableIO != nil {
					d.Config["AutoEnableIO"] = out.AutoEnableIO.Value
				}
				return nil
			},
		}},
	}
}

func volumeDraft(u *unit, x ec2types.Volume) *collect.Draft {
	id := aws.ToString(x.VolumeId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2Volume, u.ec2ARN("", "volume", id), ec2Name(tags, id))
	d.Key, d.Tags = id, tags
	d.Created, d.Incarnation = aws.ToTime(x.CreateTime), id
	d.Config = collect.Doc{
		"VolumeId":                 id,
		"AvailabilityZone":         x.AvailabilityZone,
		"AvailabilityZoneId":       x.AvailabilityZoneId,
		"Encrypted":                x.Encrypted,
		"Iops":                     x.Iops,
		"KmsKeyId":                 x.KmsKeyId,
		"MultiAttachEnabled":       x.MultiAttachEnabled,
		"OutpostArn":               x.OutpostArn,
		"Size":                     x.Size,
		"SnapshotId":               optional(aws.ToString(x.SnapshotId)),
		"Throughput":               x.Throughput,
		"VolumeInitializationRate": x.VolumeInitializationRate,
		"VolumeType":               x.VolumeType,
	}
	d.Status = collect.Doc{"State": x.State, "CreateTime": x.CreateTime, "Attachments": x.Attachments}
	for _, a := range x.Attachments {
		d.Link("attached_to", ec2Instance, u.ec2ARN("", "instance", aws.ToString(a.InstanceId)))
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	d.Link("snapshot", ec2Snapshot, u.ec2OpenARN("snapshot", aws.ToString(x.SnapshotId)))
	return d
}

// snapshotTable reads the snapshots of the account. Whether one is public is read
// all at once, by the list of those that everybody may restore.
func snapshotTable(u *unit, client *ec2.Client) collect.Table {
	page := func(ctx context.Context, token string, restorableBy []string) (*ec2.DescribeSnapshotsOutput, error) {
		return client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{
			OwnerIds: []string{"self"}, RestorableByUserIds: restorableBy, Filters: u.ec2Only("snapshot-id", "snapshot/", ec2Snapshot),
			NextToken: optional(token), MaxResults: aws.Int32(ec2Page),
		})
	}
	public := collect.Once(func(ctx context.Context) (map[string]bool, error) {
		ids := map[string]bool{}
		for x, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.Snapshot, string, error) {
			out, err := page(ctx, token, []string{"all"})
			if err != nil {
				return nil, "", err
			}
			return out.Snapshots, aws.ToString(out.NextToken), nil
		}) {
			if err != nil {
				return nil, err
			}
			ids[aws.ToString(x.SnapshotId)] = true
		}
		return ids, nil
	})
	return collect.Table{
		Op:    "ec2:DescribeSnapshots",
		Gone:  []string{"InvalidSnapshot.NotFound"},
		Types: []asset.Type{ec2Snapshot},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := page(ctx, token, nil)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Snapshots {
				if u.owns(x.OwnerId) {
					ds = append(ds, snapshotDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ec2:DescribeSnapshots(RestorableByUserIds=all)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				ids, err := public(ctx)
				if err != nil {
					return err
				}
				permissions := []collect.Doc{}
				if ids[d.Key] {
					permissions = append(permissions, collect.Doc{"Group": ec2types.PermissionGroupAll})
				}
				d.Config["CreateVolumePermissions"] = permissions
				return nil
			},
		}},
	}
}

// own reports whether the account is the owner. Servers that are not AWS answer lists
// of one's own things with those that AWS itself offers to everybody.

func snapshotDraft(u *unit, x ec2types.Snapshot) *collect.Draft {
	id := aws.ToString(x.SnapshotId)
	tags := tagMap(x.Tags, ec2Tag)
	d := collect.NewDraft(ec2Snapshot, u.ec2OpenARN("snapshot", id), ec2Name(tags, id))
	d.Key, d.Tags = id, tags
	d.Created, d.Incarnation = aws.ToTime(x.StartTime), id
	d.Config = collect.Doc{
		"SnapshotId":       id,
		"VolumeId":         x.VolumeId,
		"VolumeSize":       x.VolumeSize,
		"Encrypted":        x.Encrypted,
		"KmsKeyId":         x.KmsKeyId,
		"OwnerId":          x.OwnerId,
		"OwnerAlias":       x.OwnerAlias,
		"Description":      x.Description,
		"StorageTier":      x.StorageTier,
		"OutpostArn":       x.OutpostArn,
		"AvailabilityZone": x.AvailabilityZone,
	}
	d.Status = collect.Doc{
		"State":             x.State,
		"StateMessage":      x.StateMessage,
		"StartTime":         x.StartTime,
		"CompletionTime":    x.CompletionTime,
		"Progress":          x.Progress,
		"RestoreExpiryTime": x.RestoreExpiryTime,
	}
	// A copy names a volume that never was: the id is one of f only.
	if v := aws.ToString(x.VolumeId); v != "vol-ffffffff" && v != "vol-ffffffffffffffff" {
		d.Link("volume", ec2Volume, u.ec2ARN("", "volume", v))
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

// imageTable reads the images of the account, with those that are deprecated or
// disabled, since both can be enabled again. Those that are deregistered, which the API
// still tells of for a while, are not there any more.
func imageTable(u *unit, client *ec2.Client) collect.Table {
	return collect.Table{
		Op:    "ec2:DescribeImages",
		Gone:  []string{"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"},
		Types: []asset.Type{ec2Image},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeImages(ctx, &ec2.DescribeImagesInput{
				Owners: []string{"self"}, IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true),
				Filters: u.ec2Only("image-id", "image/", ec2Image), NextToken: optional(token), MaxResults: aws.Int32(ec2Page),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Images {
				if u.owns(x.OwnerId) && x.State != ec2types.ImageStateDeregistered {
					ds = append(ds, imageDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ec2:DescribeImageAttribute(launchPermission)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeImageAttribute(ctx, &ec2.DescribeImageAttributeInput{ImageId: &d.Key, Attribute: ec2types.ImageAttributeNameLaunchPermission})
				if err != nil {
					return err
				}
				d.Config["LaunchPermissions"] = append([]ec2types.LaunchPermission{}, out.LaunchPermissions...)
				return nil
			},
		}},
	}
}

func imageDraft(u *unit, x ec2types.Image) *collect.Draft {
	id := aws.ToString(x.ImageId)
	name := aws.ToString(x.Name)
	if name == "" {
		name = id
	}
	d := collect.NewDraft(ec2Image, u.ec2OpenARN("image", id), name)
	d.Key, d.Tags = id, tagMap(x.Tags, ec2Tag)
	d.Incarnation = id
	if at, err := time.Parse(time.RFC3339, aws.ToString(x.CreationDate)); err == nil {
		d.Created = at
	}
	d.Config = collect.Doc{
		"ImageId":                  id,
		"Name":                     x.Name,
		"Description":              x.Description,
		"OwnerId":                  x.OwnerId,
		"ImageOwnerAlias":          x.ImageOwnerAlias,
		"Public":                   x.Public,
		"ImageType":                x.ImageType,
		"Architecture":             x.Architecture,
		"Platform":                 x.Platform,
		"PlatformDetails":          x.PlatformDetails,
		"RootDeviceName":           x.RootDeviceName,
		"RootDeviceType":           x.RootDeviceType,
		"VirtualizationType":       x.VirtualizationType,
		"Hypervisor":               x.Hypervisor,
		"ImageLocation":            x.ImageLocation,
		"EnaSupport":               x.EnaSupport,
		"SriovNetSupport":          x.SriovNetSupport,
		"BootMode":                 x.BootMode,
		"TpmSupport":               x.TpmSupport,
		"ImdsSupport":              x.ImdsSupport,
		"SourceInstanceId":         x.SourceInstanceId,
		"SourceImageId":            x.SourceImageId,
		"SourceImageRegion":        x.SourceImageRegion,
		"DeregistrationProtection": x.DeregistrationProtection,
		"UsageOperation":           x.UsageOperation,
		"BlockDeviceMappings":      x.BlockDeviceMappings,
	}
	d.Status = collect.Doc{
		"State":            x.State,
		"StateReason":      x.StateReason,
		"CreationDate":     x.CreationDate,
		"DeprecationTime":  x.DeprecationTime,
		"LastLaunchedTime": x.LastLaunchedTime,
	}
	for _, m := range x.BlockDeviceMappings {
		if m.Ebs != nil {
			d.Link("snapshot", ec2Snapshot, u.ec2OpenARN("snapshot", aws.ToString(m.Ebs.SnapshotId)))
		}
	}
	return d
}
