package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const (
	redshiftCluster        asset.Type = "AWS::Redshift::Cluster"
	redshiftParameterGroup asset.Type = "AWS::Redshift::ClusterParameterGroup"
)

// redshiftTables read clusters and their parameter groups.
func redshiftTables(u *unit) []table {
	client := redshift.NewFromConfig(u.config("redshift"))
	return []table{{
		op:    "redshift:DescribeClusters",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{redshiftCluster},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeClusters(ctx, &redshift.DescribeClustersInput{Marker: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Clusters {
				ds = append(ds, redshiftDraft(ctx, u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "redshift:DescribeLoggingStatus",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: &d.name})
				if err != nil {
					return err
				}
				if aws.ToBool(out.LoggingEnabled) {
					d.config["LoggingProperties"] = doc{
						"BucketName":         out.BucketName,
						"LogDestinationType": out.LogDestinationType,
						"LogExports":         out.LogExports,
						"S3KeyPrefix":        out.S3KeyPrefix,
					}
				}
				return nil
			},
		}},
	}, {
		op:    "redshift:DescribeClusterParameterGroups",
		types: []asset.Type{redshiftParameterGroup},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeClusterParameterGroups(ctx, &redshift.DescribeClusterParameterGroupsInput{Marker: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.ParameterGroups {
				name := aws.ToString(x.ParameterGroupName)
				d := newDraft(redshiftParameterGroup, u.arn("redshift", "parametergroup:"+name), name)
				d.tags = tagMap(x.Tags, redshiftTag)
				d.config = doc{"Description": x.Description, "ParameterGroupFamily": x.ParameterGroupFamily, "ParameterGroupName": x.ParameterGroupName}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		reads: []read{{
			op: "redshift:DescribeClusterParameters",
			each: func(ctx context.Context, d *draft) error {
				// All of them: what nobody has set differs between the families of groups.
				list := []doc{}
				for p, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]redshifttypes.Parameter, string, error) {
					out, err := client.DescribeClusterParameters(ctx, &redshift.DescribeClusterParametersInput{ParameterGroupName: &d.name, Marker: optional(token), MaxRecords: aws.Int32(100)})
					if err != nil {
						return nil, "", err
					}
					return out.Parameters, aws.ToString(out.Marker), nil
				}) {
					if err != nil {
						return err
					}
					list = append(list, doc{"ParameterName": p.ParameterName, "ParameterValue": p.ParameterValue})
				}
				d.config["Parameters"] = list
				return nil
			},
		}},
	}}
}

func redshiftDraft(ctx context.Context, u *unit, x redshifttypes.Cluster) *draft {
	name := aws.ToString(x.ClusterIdentifier)
	d := newDraft(redshiftCluster, u.arn("redshift", "cluster:"+name), name)
	d.created, d.incarnation = aws.ToTime(x.ClusterCreateTime), aws.ToString(x.ClusterNamespaceArn)
	d.tags = tagMap(x.Tags, redshiftTag)
	var parameterGroup, elasticIP *string
	for _, g := range x.ClusterParameterGroups {
		parameterGroup = g.ParameterGroupName
		d.link("parameter_group", redshiftParameterGroup, u.arn("redshift", "parametergroup:"+aws.ToString(parameterGroup)))
	}
	if x.ElasticIpStatus != nil {
		elasticIP = x.ElasticIpStatus.ElasticIp
	}
	var oldGroups []*string
	for _, g := range x.ClusterSecurityGroups {
		oldGroups = append(oldGroups, g.ClusterSecurityGroupName)
	}
	groups := []string{}
	for _, g := range x.VpcSecurityGroups {
		groups = append(groups, aws.ToString(g.VpcSecurityGroupId))
	}
	roles := []*string{}
	for _, r := range x.IamRoles {
		roles = append(roles, r.IamRoleArn)
		d.link("role", iamRole, aws.ToString(r.IamRoleArn))
	}
	var hsm redshifttypes.HsmStatus
	if x.HsmStatus != nil {
		hsm = *x.HsmStatus
	}
	var deferred redshifttypes.DeferredMaintenanceWindow
	if len(x.DeferredMaintenanceWindows) > 0 {
		deferred = x.DeferredMaintenanceWindows[0]
	}
	var snapshots redshifttypes.ClusterSnapshotCopyStatus
	if x.ClusterSnapshotCopyStatus != nil {
		snapshots = *x.ClusterSnapshotCopyStatus
	}
	var aqua any
	if x.AquaConfiguration != nil {
		aqua = x.AquaConfiguration.AquaConfigurationStatus
	}
	var port *int32
	if x.Endpoint != nil {
		port = x.Endpoint.Port
	}
	kind := "single-node"
	if aws.ToInt32(x.NumberOfNodes) > 1 {
		kind = "multi-node"
	}
	d.config = doc{
		"AllowVersionUpgrade":              x.AllowVersionUpgrade,
		"AquaConfigurationStatus":          aqua,
		"AutomatedSnapshotRetentionPeriod": x.AutomatedSnapshotRetentionPeriod,
		"AvailabilityZone":                 x.AvailabilityZone,
		"AvailabilityZoneRelocation":       aws.ToString(x.AvailabilityZoneRelocationStatus) == "enabled",
		"AvailabilityZoneRelocationStatus": x.AvailabilityZoneRelocationStatus,
		"ClusterIdentifier":                x.ClusterIdentifier,
		"ClusterNamespaceArn":              x.ClusterNamespaceArn,
		"ClusterParameterGroupName":        parameterGroup,
		"ClusterSecurityGroups":            oldGroups,
		"ClusterSubnetGroupName":           x.ClusterSubnetGroupName,
		"ClusterType":                      kind,
		"ClusterVersion":                   x.ClusterVersion,
		"DBName":                           x.DBName,
		"DeferMaintenance":                 len(x.DeferredMaintenanceWindows) > 0,
		"DeferMaintenanceEndTime":          deferred.DeferMaintenanceEndTime,
		"DeferMaintenanceIdentifier":       deferred.DeferMaintenanceIdentifier,
		"DeferMaintenanceStartTime":        deferred.DeferMaintenanceStartTime,
		"DestinationRegion":                snapshots.DestinationRegion,
		"ElasticIp":                        elasticIP,
		"Encrypted":                        x.Encrypted,
		"Endpoint":                         x.Endpoint,
		"EnhancedVpcRouting":               x.EnhancedVpcRouting,
		"HsmClientCertificateIdentifier":   hsm.HsmClientCertificateIdentifier,
		"HsmConfigurationIdentifier":       hsm.HsmConfigurationIdentifier,
		"IamRoles":                         roles,
		"Id":                               x.ClusterIdentifier,
		"KmsKeyId":                         x.KmsKeyId,
		"MaintenanceTrackName":             x.MaintenanceTrackName,
		"ManageMasterPassword":             x.MasterPasswordSecretArn != nil,
		"ManualSnapshotRetentionPeriod":    x.ManualSnapshotRetentionPeriod,
		"MasterPasswordSecretArn":          x.MasterPasswordSecretArn,
		"MasterPasswordSecretKmsKeyId":     x.MasterPasswordSecretKmsKeyId,
		"MasterUsername":                   x.MasterUsername,
		"MultiAZ":                          strings.EqualFold(aws.ToString(x.MultiAZ), "enabled"),
		"NodeType":                         x.NodeType,
		"NumberOfNodes":                    x.NumberOfNodes,
		"Port":                             port,
		"PreferredMaintenanceWindow":       x.PreferredMaintenanceWindow,
		"PubliclyAccessible":               x.PubliclyAccessible,
		"SnapshotCopyGrantName":            snapshots.SnapshotCopyGrantName,
		"SnapshotCopyRetentionPeriod":      snapshots.RetentionPeriod,
		"VpcSecurityGroupIds":              groups,
	}
	d.status = doc{"ClusterStatus": x.ClusterStatus, "ClusterCreateTime": x.ClusterCreateTime, "VpcId": x.VpcId}
	d.linkNetwork(ctx, u, x.VpcId, nil, groups)
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func redshiftTag(t redshifttypes.Tag) (key, value *string) { return t.Key, t.Value }
