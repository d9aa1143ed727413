package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
)

func rdsClusterTable(u *unit, client *rds.Client) table {
	return table{
		op:     "rds:DescribeDBClusters",
		types:  []asset.Type{rdsCluster, neptuneCluster, docdbCluster},
		absent: []string{(&rdstypes.DBClusterNotFoundFault{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{
				DBClusterIdentifier: optional(u.onlyName("cluster:", rdsCluster, neptuneCluster, docdbCluster)),
				Marker:              optional(token), MaxRecords: aws.Int32(rdsPage),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.DBClusters {
				ds = append(ds, rdsClusterDraft(u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
	}
}

func rdsClusterDraft(u *unit, x rdstypes.DBCluster) *draft {
	d := newDraft(rdsClusterType(x.Engine), aws.ToString(x.DBClusterArn), aws.ToString(x.DBClusterIdentifier))
	d.created, d.incarnation = aws.ToTime(x.ClusterCreateTime), aws.ToString(x.DbClusterResourceId)
	d.tags = tagMap(x.TagList, rdsTag)
	groups := rdsGroupIDs(x.VpcSecurityGroups)
	for _, g := range groups {
		d.link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	d.config = doc{
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
	d.status = doc{"Status": x.Status, "ClusterCreateTime": x.ClusterCreateTime}
	switch d.Type {
	case neptuneCluster:
		d.config["AssociatedRoles"] = x.AssociatedRoles
		d.config["ClusterResourceId"] = x.DbClusterResourceId
		d.config["DBPort"] = x.Port
		d.config["Endpoint"] = x.Endpoint
		d.config["IamAuthEnabled"] = x.IAMDatabaseAuthenticationEnabled
		d.config["Port"] = x.Port
		d.config["ReadEndpoint"] = x.ReaderEndpoint
		d.config["ServerlessScalingConfiguration"] = x.ServerlessV2ScalingConfiguration
		return d
	case docdbCluster:
		d.config["ClusterResourceId"] = x.DbClusterResourceId
		d.config["Endpoint"] = x.Endpoint
		d.config["Id"] = x.DBClusterIdentifier
		d.config["ManageMasterUserPassword"] = x.MasterUserSecret != nil
		d.config["MasterUserSecretKmsKeyId"] = nil
		if x.MasterUserSecret != nil {
			d.config["MasterUserSecretKmsKeyId"] = x.MasterUserSecret.KmsKeyId
		}
		d.config["MasterUsername"] = x.MasterUsername
		d.config["Port"] = x.Port
		d.config["ReadEndpoint"] = x.ReaderEndpoint
		d.config["ServerlessV2ScalingConfiguration"] = x.ServerlessV2ScalingConfiguration
		d.config["StorageType"] = x.StorageType
		return d
	}
	rdsClusterConfig(d, x)
	d.status["DBClusterMembers"] = x.DBClusterMembers
	if x.DBSubnetGroup != nil {
		d.link("db_subnet_group", rdsSubnetGroup, u.arn("rds", "subgrp:"+*x.DBSubnetGroup))
	}
	for _, r := range x.AssociatedRoles {
		d.link("role", iamRole, aws.ToString(r.RoleArn))
	}
	d.link("role", iamRole, aws.ToString(x.MonitoringRoleArn))
	return d
}

// rdsClusterConfig adds what clusters of RDS alone have.
func rdsClusterConfig(d *draft, x rdstypes.DBCluster) {
	var domain rdstypes.DomainMembership
	if len(x.DomainMemberships) > 0 {
		domain = x.DomainMemberships[0]
	}
	forwards := []rdstypes.LocalWriteForwardingStatus{rdstypes.LocalWriteForwardingStatusEnabled, rdstypes.LocalWriteForwardingStatusEnabling, rdstypes.LocalWriteForwardingStatusRequested}
	for name, v := range (doc{
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
		"Endpoint":                           doc{"Address": x.Endpoint, "Port": x.Port},
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
		"ReadEndpoint":                       doc{"Address": x.ReaderEndpoint},
		"ReplicationSourceIdentifier":        x.ReplicationSourceIdentifier,
		"ScalingConfiguration":               x.ScalingConfigurationInfo,
		"ServerlessV2ScalingConfiguration":   x.ServerlessV2ScalingConfiguration,
		"StorageEncryptionType":              x.StorageEncryptionType,
		"StorageThroughput":                  x.StorageThroughput,
		"StorageType":                        x.StorageType,
	}) {
		d.config[name] = v
	}
}
