package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

const (
	// automated is the type of snapshots that RDS makes itself. They cannot be shared,
	// and have no attributes to ask for.
	automated = "automated"
	// awsBackup is the type of those that AWS Backup makes.
	awsBackup = "awsbackup"
)

// rdsOnly returns the filter by which a list answers the one requested snapshot,
// and none if all are. By its identifier alone RDS does not find one that is automated.
func (u *unit) rdsOnly(filter, prefix string, t asset.Type) []rdstypes.Filter {
	name := u.onlyName(prefix, t)
	if name == "" {
		return nil
	}
	return []rdstypes.Filter{{Name: &filter, Values: []string{name}}}
}

// rdsSnapshotTable reads snapshots of instances. Without a type RDS promises those that
// are automated or manual alone, so that those of AWS Backup are requested separately: the
// token is the type and RDS's own.
func rdsSnapshotTable(u *unit, client *rds.Client) collect.Table {
	seen := map[string]bool{} // of AWS Backup, among the others
	return collect.Table{
		Op:     "rds:DescribeDBSnapshots",
		Types:  []asset.Type{rdsSnapshot},
		Absent: []string{(&rdstypes.DBSnapshotNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			kind, marker, _ := strings.Cut(token, " ")
			out, err := client.DescribeDBSnapshots(ctx, &rds.DescribeDBSnapshotsInput{
				Filters:      u.rdsOnly("db-snapshot-id", "snapshot:", rdsSnapshot),
				SnapshotType: optional(kind), Marker: optional(marker), MaxRecords: aws.Int32(rdsPage),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBSnapshots {
				id, ofBackup := aws.ToString(x.DBSnapshotArn), aws.ToString(x.SnapshotType) == awsBackup
				if kind != "" && (!ofBackup || seen[id]) {
					continue
				}
				if ofBackup {
					seen[id] = true
				}
				d := collect.NewDraft(rdsSnapshot, id, aws.ToString(x.DBSnapshotIdentifier))
				d.Created = aws.ToTime(x.SnapshotCreateTime)
				d.Incarnation = incarnationAt(d.Created)
				d.Tags = tagMap(x.TagList, rdsTag)
				d.Config = collect.Doc{
					"AllocatedStorage":                 x.AllocatedStorage,
					"AvailabilityZone":                 x.AvailabilityZone,
					"DBInstanceIdentifier":             x.DBInstanceIdentifier,
					"DBSnapshotArn":                    x.DBSnapshotArn,
					"DBSnapshotIdentifier":             x.DBSnapshotIdentifier,
					"DbiResourceId":                    x.DbiResourceId,
					"Encrypted":                        x.Encrypted,
					"Engine":                           x.Engine,
					"EngineVersion":                    x.EngineVersion,
					"IAMDatabaseAuthenticationEnabled": x.IAMDatabaseAuthenticationEnabled,
					"InstanceCreateTime":               x.InstanceCreateTime,
					"Iops":                             x.Iops,
					"KmsKeyId":                         x.KmsKeyId,
					"LicenseModel":                     x.LicenseModel,
					"MasterUsername":                   x.MasterUsername,
					"OptionGroupName":                  x.OptionGroupName,
					"OriginalSnapshotCreateTime":       x.OriginalSnapshotCreateTime,
					"Port":                             x.Port,
					"SnapshotCreateTime":               x.SnapshotCreateTime,
					"SnapshotType":                     x.SnapshotType,
					"Status":                           x.Status,
					"StorageThroughput":                x.StorageThroughput,
					"StorageType":                      x.StorageType,
					"VpcId":                            x.VpcId,
				}
				d.Key = aws.ToString(x.SnapshotType)
				d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
				if x.DBInstanceIdentifier != nil {
					d.Link("source", rdsInstance, u.arn("rds", "db:"+*x.DBInstanceIdentifier))
				}
				ds = append(ds, d)
			}
			next := aws.ToString(out.Marker)
			switch {
			case next != "":
				return ds, kind + " " + next, nil
			case kind == "" && (len(ds) == 0 || u.onlyID(rdsSnapshot) == ""):
				return ds, awsBackup, nil
			}
			return ds, "", nil
		},
		Reads: []collect.Read{{
			Op: "rds:DescribeDBSnapshotAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				attributes := collect.Doc{}
				if d.Key != automated {
					out, err := client.DescribeDBSnapshotAttributes(ctx, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: &d.Name})
					if err != nil {
						return err
					}
					if out.DBSnapshotAttributesResult == nil {
						return fmt.Errorf("no attributes of %s in the answer", d.Name)
					}
					for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
						attributes[aws.ToString(a.AttributeName)] = a.AttributeValues
					}
				}
				d.Status["Attributes"] = attributes
				return nil
			},
		}},
	}
}

// rdsClusterSnapshotTable reads snapshots of clusters, those of Neptune and DocumentDB
// among them, which the engine tells apart.
func rdsClusterSnapshotTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBClusterSnapshots",
		Types:  []asset.Type{rdsClusterSnapshot},
		Absent: []string{(&rdstypes.DBClusterSnapshotNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{
				Filters: u.rdsOnly("db-cluster-snapshot-id", "cluster-snapshot:", rdsClusterSnapshot),
				Marker:  optional(token), MaxRecords: aws.Int32(rdsPage),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBClusterSnapshots {
				d := collect.NewDraft(rdsClusterSnapshot, aws.ToString(x.DBClusterSnapshotArn), aws.ToString(x.DBClusterSnapshotIdentifier))
				d.Created = aws.ToTime(x.SnapshotCreateTime)
				d.Incarnation = incarnationAt(d.Created)
				d.Tags = tagMap(x.TagList, rdsTag)
				d.Config = collect.Doc{
					"AllocatedStorage":                 x.AllocatedStorage,
					"AvailabilityZones":                x.AvailabilityZones,
					"DBClusterIdentifier":              x.DBClusterIdentifier,
					"DBClusterSnapshotArn":             x.DBClusterSnapshotArn,
					"DBClusterSnapshotIdentifier":      x.DBClusterSnapshotIdentifier,
					"DBSystemId":                       x.DBSystemId,
					"DbClusterResourceId":              x.DbClusterResourceId,
					"Engine":                           x.Engine,
					"EngineMode":                       x.EngineMode,
					"EngineVersion":                    x.EngineVersion,
					"IAMDatabaseAuthenticationEnabled": x.IAMDatabaseAuthenticationEnabled,
					"KmsKeyId":                         x.KmsKeyId,
					"LicenseModel":                     x.LicenseModel,
					"MasterUsername":                   x.MasterUsername,
					"Port":                             x.Port,
					"SnapshotType":                     x.SnapshotType,
					"SourceDBClusterSnapshotArn":       x.SourceDBClusterSnapshotArn,
					"StorageEncrypted":                 x.StorageEncrypted,
					"StorageThroughput":                x.StorageThroughput,
					"StorageType":                      x.StorageType,
					"VpcId":                            x.VpcId,
				}
				d.Status = collect.Doc{
					"Status":             x.Status,
					"ClusterCreateTime":  x.ClusterCreateTime,
					"SnapshotCreateTime": x.SnapshotCreateTime,
					"PercentProgress":    x.PercentProgress,
				}
				d.Key = aws.ToString(x.SnapshotType)
				d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
				if x.DBClusterIdentifier != nil {
					d.Link("source", rdsClusterType(x.Engine), u.arn("rds", "cluster:"+*x.DBClusterIdentifier))
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "rds:DescribeDBClusterSnapshotAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				attributes := collect.Doc{}
				if d.Key != automated {
					out, err := client.DescribeDBClusterSnapshotAttributes(ctx, &rds.DescribeDBClusterSnapshotAttributesInput{DBClusterSnapshotIdentifier: &d.Name})
					if err != nil {
						return err
					}
					if out.DBClusterSnapshotAttributesResult == nil {
						return fmt.Errorf("no attributes of %s in the answer", d.Name)
					}
					for _, a := range out.DBClusterSnapshotAttributesResult.DBClusterSnapshotAttributes {
						attributes[aws.ToString(a.AttributeName)] = a.AttributeValues
					}
				}
				d.Status["Attributes"] = attributes
				return nil
			},
		}},
	}
}
