package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

func rdsClusterTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBClusters",
		Types:  []asset.Type{rdsCluster, neptuneCluster, docdbCluster},
		Absent: []string{(&rdstypes.DBClusterNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{
				DBClusterIdentifier: optional(u.onlyName("cluster:", rdsCluster, neptuneCluster, docdbCluster)),
				Marker:              optional(token), MaxRecords: aws.Int32(rdsPage),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBClusters {
				ds = append(ds, rdsClusterDraft(u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
	}
}

func rdsClusterDraft(u *unit, x rdstypes.DBCluster) *collect.Draft {
	d := collect.NewDraft(rdsClusterType(x.Engine), aws.ToString(x.DBClusterArn), aws.ToString(x.DBClusterIdentifier))
	d.Created, d.Incarnation = aws.ToTime(x.ClusterCreateTime), aws.ToString(x.DbClusterResourceId)
	d.Tags = tagMap(x.TagList, rdsTag)
	groups := rdsGroupIDs(x.VpcSecurityGroups)
	for _, g := range groups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	d.Config = collect.Doc{
		"AvailabilityZones":           x.AvailabilityZones,
		"BackupRetentionPeriod":       x.BackupRetentionPeriod,
		"CopyTagsToSnapshot":          x.CopyTagsToSnapshot,
		"DBClusterIdentifier":         x.DBClusterIdentifier,
		"DBClusterParameterGroupName": x.DBClusterParameterGroup,
		"DBSubnetGroupName":           x.DBSubnetGroup,
		"DeletionProtection":          x.DeletionProtection,
		"EnableCloudwatchLogsExports": x.EnabledCloudwatchLogsExports,
		"EngineVersion":               x.EngineVersion,
		"GlobalClusterIdentifier":     x.GlobalClusterIdentifier,
		"KmsKeyId":                    x.KmsKeyId,
		"NetworkType":                 x.NetworkType,
		"PreferredBackupWindow":       x.PreferredBackupWindow,
		"PreferredMaintenanceWindow":  x.PreferredMaintenanceWindow,
		"StorageEncrypted":            x.StorageEncrypted,
		"VpcSecurityGroupIds":         groups,
	}
	d.Status = collect.Doc{"Status": x.Status, "ClusterCreateTime": x.ClusterCreateTime}
	switch d.Type {
	case neptuneCluster:
		d.Config["AssociatedRoles"] = x.AssociatedRoles
		d.Config["ClusterResourceId"] = x.DbClusterResourceId
		d.Config["DBPort"] = x.Port
		d.Config["Endpoint"] = x.Endpoint
		d.Config["IamAuthEnabled"] = x.IAMDatabaseAuthenticationEnabled
		d.Config["Port"] = x.Port
		d.Config["ReadEndpoint"] = x.ReaderEndpoint
		d.Config["ServerlessScalingConfiguration"] = x.ServerlessV2ScalingConfiguration
		return d
	case docdbCluster:
		d.Config["ClusterResourceId"] = x.DbClusterResourceId
		d.Config["Endpoint"] = x.Endpoint
		d.Config["Id"] = x.DBClusterIdentifier
		d.Config["ManageMasterUserPassword"] = x.MasterUserSecret != nil
		d.Config["MasterUserSecretKmsKeyId"] = nil
		if x.MasterUserSecret != nil {
			d.Config["MasterUserSecretKmsKeyId"] = x.MasterUserSecret.KmsKeyId
		}
		d.Config["MasterUsername"] = x.MasterUsername
		d.Config["Port"] = x.Port
		d.Config["ReadEndpoint"] = x.ReaderEndpoint
		d.Config["ServerlessV2ScalingConfiguration"] = x.ServerlessV2ScalingConfiguration
		d.Config["StorageType"] = x.StorageType
		return d
	}
	rdsClusterConfig(d, x)
	d.Status["DBClusterMembers"] = x.DBClusterMembers
	if x.DBSubnetGroup != nil {
		d.Link("db_subnet_group", rdsSubnetGroup, u.arn("rds", "subgrp:"+*x.DBSubnetGroup))
	}
	for _, r := range x.AssociatedRoles {
		d.Link("role", iamRole, aws.ToString(r.RoleArn))
	}
	d.Link("role", iamRole, aws.ToString(x.MonitoringRoleArn))
	return d
}

// rdsClusterConfig adds what clusters of RDS alone have.
func rdsClusterConfig(d *collect.Draft, x rdstypes.DBCluster) {
	var domain rdstypes.DomainMembership
	if len(x.DomainMemberships) > 0 {
		domain = x.DomainMemberships[0]
	}
	forwards := []rdstypes.LocalWriteForwardingStatus{rdstypes.LocalWriteForwardingStatusEnabled, rdstypes.LocalWriteForwardingStatusEnabling, rdstypes.LocalWriteForwardingStatusRequested}
	for name, v := range (collect.Doc{
		"AllocatedStorage":                   x.AllocatedStorage,
		"AssociatedRoles":                    x.AssociatedRoles,
		"AutoMinorVersionUpgrade":            x.AutoMinorVersionUpgrade,
		"BacktrackWindow":                    x.BacktrackWindow,
		"ClusterScalabilityType":             x.ClusterScalabilityType,
		"DBClusterArn":                       x.DBClusterArn,
		"DBClusterInstanceClass":             x.DBClusterInstanceClass,
		"DBClusterResourceId":                x.DbClusterResourceId,
		"DBSystemId":                         x.DBSystemId,
		"DatabaseInsightsMode":               x.DatabaseInsightsMode,
		"DatabaseName":                       x.DatabaseName,
		"Domain":                             domain.Domain,
		"DomainIAMRoleName":                  domain.IAMRoleName,
		"EnableGlobalWriteForwarding":        x.GlobalWriteForwardingRequested,
		"EnableHttpEndpoint":                 x.HttpEndpointEnabled,
		"EnableIAMDatabaseAuthentication":    x.IAMDatabaseAuthenticationEnabled,
		"EnableLocalWriteForwarding":         slices.Contains(forwards, x.LocalWriteForwardingStatus),
		"Endpoint":                           collect.Doc{"Address": x.Endpoint, "Port": x.Port},
		"Engine":                             x.Engine,
		"EngineLifecycleSupport":             x.EngineLifecycleSupport,
		"EngineMode":                         x.EngineMode,
		"Iops":                               x.Iops,
		"ManageMasterUserPassword":           x.MasterUserSecret != nil,
		"MasterUserSecret":                   x.MasterUserSecret,
		"MasterUsername":                     x.MasterUsername,
		"MonitoringInterval":                 x.MonitoringInterval,
		"MonitoringRoleArn":                  x.MonitoringRoleArn,
		"PerformanceInsightsEnabled":         x.PerformanceInsightsEnabled,
		"PerformanceInsightsKmsKeyId":        x.PerformanceInsightsKMSKeyId,
		"PerformanceInsightsRetentionPeriod": x.PerformanceInsightsRetentionPeriod,
		"Port":                               x.Port,
		"PubliclyAccessible":                 x.PubliclyAccessible,
		"ReadEndpoint":                       collect.Doc{"Address": x.ReaderEndpoint},
		"ReplicationSourceIdentifier":        x.ReplicationSourceIdentifier,
		"ScalingConfiguration":               x.ScalingConfigurationInfo,
		"ServerlessV2ScalingConfiguration":   x.ServerlessV2ScalingConfiguration,
		"StorageEncryptionType":              x.StorageEncryptionType,
		"StorageThroughput":                  x.StorageThroughput,
		"StorageType":                        x.StorageType,
	}) {
		d.Config[name] = v
	}
}
