package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// redshiftTables read clusters and their parameter groups.
func redshiftTables(u *unit) []collect.Table {
	client := redshift.NewFromConfig(u.config("redshift"))
	return []collect.Table{{
		Op:     "redshift:DescribeClusters",
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{redshiftCluster},
		Absent: []string{(&redshifttypes.ClusterNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeClusters(ctx, &redshift.DescribeClustersInput{ClusterIdentifier: optional(u.onlyName("cluster:", redshiftCluster)), Marker: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Clusters {
				ds = append(ds, redshiftDraft(ctx, u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "redshift:DescribeLoggingStatus",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeLoggingStatus(ctx, &redshift.DescribeLoggingStatusInput{ClusterIdentifier: &d.Name})
				if err != nil {
					return err
				}
				if aws.ToBool(out.LoggingEnabled) {
					d.Config["LoggingProperties"] = collect.Doc{
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
		Op:     "redshift:DescribeClusterParameterGroups",
		Types:  []asset.Type{redshiftParameterGroup},
		Absent: []string{(&redshifttypes.ClusterParameterGroupNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeClusterParameterGroups(ctx, &redshift.DescribeClusterParameterGroupsInput{ParameterGroupName: optional(u.onlyName("parametergroup:", redshiftParameterGroup)), Marker: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.ParameterGroups {
				name := aws.ToString(x.ParameterGroupName)
				d := collect.NewDraft(redshiftParameterGroup, u.arn("redshift", "parametergroup:"+name), name)
				d.Tags = tagMap(x.Tags, redshiftTag)
				d.Config = collect.Doc{"Description": x.Description, "ParameterGroupFamily": x.ParameterGroupFamily, "ParameterGroupName": x.ParameterGroupName}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "redshift:DescribeClusterParameters",
			Each: func(ctx context.Context, d *collect.Draft) error {
				// All of them: what nobody has set differs between the families of groups.
				list := []collect.Doc{}
				for p, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]redshifttypes.Parameter, string, error) {
					out, err := client.DescribeClusterParameters(ctx, &redshift.DescribeClusterParametersInput{ParameterGroupName: &d.Name, Marker: optional(token), MaxRecords: aws.Int32(100)})
					if err != nil {
						return nil, "", err
					}
					return out.Parameters, aws.ToString(out.Marker), nil
				}) {
					if err != nil {
						return err
					}
					list = append(list, collect.Doc{"ParameterName": p.ParameterName, "ParameterValue": p.ParameterValue})
				}
				d.Config["Parameters"] = list
				return nil
			},
		}},
	}}
}

func redshiftDraft(ctx context.Context, u *unit, x redshifttypes.Cluster) *collect.Draft {
	name := aws.ToString(x.ClusterIdentifier)
	d := collect.NewDraft(redshiftCluster, u.arn("redshift", "cluster:"+name), name)
	d.Created, d.Incarnation = aws.ToTime(x.ClusterCreateTime), aws.ToString(x.ClusterNamespaceArn)
	d.Tags = tagMap(x.Tags, redshiftTag)
	var parameterGroup, elasticIP *string
	for _, g := range x.ClusterParameterGroups {
		parameterGroup = g.ParameterGroupName
		d.Link("parameter_group", redshiftParameterGroup, u.arn("redshift", "parametergroup:"+aws.ToString(parameterGroup)))
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
		d.Link("role", iamRole, aws.ToString(r.IamRoleArn))
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
	d.Config = collect.Doc{
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
	d.Status = collect.Doc{"ClusterStatus": x.ClusterStatus, "ClusterCreateTime": x.ClusterCreateTime, "VpcId": x.VpcId}
	linkNetwork(d, ctx, u, x.VpcId, nil, groups)
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func redshiftTag(t redshifttypes.Tag) (key, value *string) { return t.Key, t.Value }
