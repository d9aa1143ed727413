package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// rdsPage is how many things the lists of RDS answer at most in one page.
const rdsPage = 100

// rdsTables read databases. Those of Neptune and DocumentDB, which have APIs of their
// own, are in the answers of RDS too, which is called for all three.
func rdsTables(u *unit) []collect.Table {
	client := rds.NewFromConfig(u.config("rds"))
	return []collect.Table{
		rdsInstanceTable(u, client),
		rdsClusterTable(u, client),
		rdsSnapshotTable(u, client),
		rdsClusterSnapshotTable(u, client),
		rdsSubnetGroupTable(u, client),
		rdsParameterGroupTable(u, client),
		rdsClusterParameterGroupTable(u, client),
	}
}

// engineType returns the type of what RDS answers by the engine.
func engineType(engine *string, other, neptune, docdb asset.Type) asset.Type {
	switch aws.ToString(engine) {
	case "neptune":
		return neptune
	case "docdb":
		return docdb
	}
	return other
}

func rdsClusterType(engine *string) asset.Type {
	return engineType(engine, rdsCluster, neptuneCluster, docdbCluster)
}

func rdsInstanceTable(u *unit, client *rds.Client) collect.Table {
	return collect.Table{
		Op:     "rds:DescribeDBInstances",
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{rdsInstance, neptuneInstance, docdbInstance},
		Absent: []string{(&rdstypes.DBInstanceNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{
				DBInstanceIdentifier: optional(u.onlyName("db:", rdsInstance, neptuneInstance, docdbInstance)),
				Marker:               optional(token), MaxRecords: aws.Int32(rdsPage),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.DBInstances {
				ds = append(ds, rdsInstanceDraft(ctx, u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
	}
}

func rdsInstanceDraft(ctx context.Context, u *unit, x rdstypes.DBInstance) *collect.Draft {
	d := collect.NewDraft(engineType(x.Engine, rdsInstance, neptuneInstance, docdbInstance), aws.ToString(x.DBInstanceArn), aws.ToString(x.DBInstanceIdentifier))
	d.Created, d.Incarnation = aws.ToTime(x.InstanceCreateTime), aws.ToString(x.DbiResourceId)
	d.Tags = tagMap(x.TagList, rdsTag)
	port := x.DbInstancePort
	if aws.ToInt32(port) == 0 { // where RDS tells the one of the endpoint
		port = nil
	}
	if x.Endpoint != nil && x.Endpoint.Port != nil {
		port = x.Endpoint.Port
	}
	var address, vpc, subnetGroup, parameterGroup *string
	if x.Endpoint != nil {
		address = x.Endpoint.Address
	}
	if x.DBSubnetGroup != nil {
		vpc, subnetGroup = x.DBSubnetGroup.VpcId, x.DBSubnetGroup.DBSubnetGroupName
	}
	if len(x.DBParameterGroups) > 0 {
		parameterGroup = x.DBParameterGroups[0].DBParameterGroupName
	}
	groups := rdsGroupIDs(x.VpcSecurityGroups)
	linkNetwork(d, ctx, u, vpc, nil, groups)
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	if subnetGroup != nil {
		d.Link("db_subnet_group", rdsSubnetGroup, u.arn("rds", "subgrp:"+*subnetGroup))
	}
	if x.DBClusterIdentifier != nil {
		d.Link("member_of", rdsClusterType(x.Engine), u.arn("rds", "cluster:"+*x.DBClusterIdentifier))
	}
	d.Config = collect.Doc{
		"AutoMinorVersionUpgrade":    x.AutoMinorVersionUpgrade,
		"AvailabilityZone":           x.AvailabilityZone,
		"DBClusterIdentifier":        x.DBClusterIdentifier,
		"DBInstanceClass":            x.DBInstanceClass,
		"DBInstanceIdentifier":       x.DBInstanceIdentifier,
		"PreferredMaintenanceWindow": x.PreferredMaintenanceWindow,
	}
	switch d.Type {
	case neptuneInstance:
		d.Config["DBParameterGroupName"] = parameterGroup
		d.Config["DBSubnetGroupName"] = subnetGroup
		d.Config["Endpoint"] = address
		d.Config["Port"] = port
		d.Config["PubliclyAccessible"] = x.PubliclyAccessible
		return d
	case docdbInstance:
		d.Config["CACertificateIdentifier"] = x.CACertificateIdentifier
		d.Config["EnablePerformanceInsights"] = x.PerformanceInsightsEnabled
		d.Config["Endpoint"] = address
		d.Config["Id"] = x.DBInstanceIdentifier
		d.Config["Port"] = port
		return d
	}
	d.Config["DBInstanceArn"] = x.DBInstanceArn
	d.Config["DBParameterGroupName"] = parameterGroup
	d.Config["DBSubnetGroupName"] = subnetGroup
	d.Config["Port"] = port
	d.Config["VPCSecurityGroups"] = groups
	rdsInstanceConfig(d, x)
	d.Status["PendingModifiedValues"] = rdsPending(x.PendingModifiedValues)
	d.Link("role", iamRole, aws.ToString(x.MonitoringRoleArn))
	for _, r := range x.AssociatedRoles {
		d.Link("role", iamRole, aws.ToString(r.RoleArn))
	}
	return d
}

// rdsInstanceConfig adds what instances of RDS alone have.
func rdsInstanceConfig(d *collect.Draft, x rdstypes.DBInstance) {
	var volumes []collect.Doc
	for _, v := range x.AdditionalStorageVolumes {
		volumes = append(volumes, collect.Doc{
			"AllocatedStorage":                v.AllocatedStorage,
			"Iops":                            v.IOPS,
			"MaxAllocatedStorage":             v.MaxAllocatedStorage,
			"StorageOperationPercentProgress": v.StorageOperationPercentProgress,
			"StorageOperationStatus":          v.StorageOperationStatus,
			"StorageThroughput":               v.StorageThroughput,
			"StorageType":                     v.StorageType,
			"VolumeName":                      v.VolumeName,
		})
	}
	var oldGroups []*string
	for _, g := range x.DBSecurityGroups {
		oldGroups = append(oldGroups, g.DBSecurityGroupName)
	}
	var domain rdstypes.DomainMembership
	if len(x.DomainMemberships) > 0 {
		domain = x.DomainMemberships[0]
	}
	var optionGroup *string
	if len(x.OptionGroupMemberships) > 0 {
		optionGroup = x.OptionGroupMemberships[0].OptionGroupName
	}
	for name, v := range (collect.Doc{
		"AdditionalStorageVolumes":           volumes,
		"AllocatedStorage":                   x.AllocatedStorage,
		"AssociatedRoles":                    x.AssociatedRoles,
		"AutomaticRestartTime":               x.AutomaticRestartTime,
		"BackupRetentionPeriod":              x.BackupRetentionPeriod,
		"BackupTarget":                       x.BackupTarget,
		"CACertificateIdentifier":            x.CACertificateIdentifier,
		"CertificateDetails":                 x.CertificateDetails,
		"CharacterSetName":                   x.CharacterSetName,
		"CopyTagsToSnapshot":                 x.CopyTagsToSnapshot,
		"CustomIAMInstanceProfile":           x.CustomIamInstanceProfile,
		"DBInstanceStatus":                   x.DBInstanceStatus,
		"DBName":                             x.DBName,
		"DBSecurityGroups":                   oldGroups,
		"DBSystemId":                         x.DBSystemId,
		"DatabaseInsightsMode":               x.DatabaseInsightsMode,
		"DbiResourceId":                      x.DbiResourceId,
		"DedicatedLogVolume":                 x.DedicatedLogVolume,
		"DeletionProtection":                 x.DeletionProtection,
		"Domain":                             domain.Domain,
		"DomainAuthSecretArn":                domain.AuthSecretArn,
		"DomainDnsIps":                       domain.DnsIps,
		"DomainFqdn":                         domain.FQDN,
		"DomainIAMRoleName":                  domain.IAMRoleName,
		"DomainOu":                           domain.OU,
		"EnableCloudwatchLogsExports":        x.EnabledCloudwatchLogsExports,
		"EnableIAMDatabaseAuthentication":    x.IAMDatabaseAuthenticationEnabled,
		"EnablePerformanceInsights":          x.PerformanceInsightsEnabled,
		"Endpoint":                           x.Endpoint,
		"Engine":                             x.Engine,
		"EngineLifecycleSupport":             x.EngineLifecycleSupport,
		"EngineVersion":                      x.EngineVersion,
		"InstanceCreateTime":                 x.InstanceCreateTime,
		"Iops":                               x.Iops,
		"IsStorageConfigUpgradeAvailable":    x.IsStorageConfigUpgradeAvailable,
		"KmsKeyId":                           x.KmsKeyId,
		"LatestRestorableTime":               x.LatestRestorableTime,
		"LicenseModel":                       x.LicenseModel,
		"ListenerEndpoint":                   x.ListenerEndpoint,
		"ManageMasterUserPassword":           x.MasterUserSecret != nil,
		"MasterUserSecret":                   x.MasterUserSecret,
		"MasterUsername":                     x.MasterUsername,
		"MaxAllocatedStorage":                x.MaxAllocatedStorage,
		"MonitoringInterval":                 x.MonitoringInterval,
		"MonitoringRoleArn":                  x.MonitoringRoleArn,
		"MultiAZ":                            x.MultiAZ,
		"NcharCharacterSetName":              x.NcharCharacterSetName,
		"NetworkType":                        x.NetworkType,
		"OptionGroupName":                    optionGroup,
		"PercentProgress":                    x.PercentProgress,
		"PerformanceInsightsKMSKeyId":        x.PerformanceInsightsKMSKeyId,
		"PerformanceInsightsRetentionPeriod": x.PerformanceInsightsRetentionPeriod,
		"PreferredBackupWindow":              x.PreferredBackupWindow,
		"ProcessorFeatures":                  x.ProcessorFeatures,
		"PromotionTier":                      x.PromotionTier,
		"PubliclyAccessible":                 x.PubliclyAccessible,
		"ReadReplicaDBClusterIdentifiers":    x.ReadReplicaDBClusterIdentifiers,
		"ReadReplicaDBInstanceIdentifiers":   x.ReadReplicaDBInstanceIdentifiers,
		"ReplicaMode":                        x.ReplicaMode,
		"ResumeFullAutomationModeTime":       x.ResumeFullAutomationModeTime,
		"SecondaryAvailabilityZone":          x.SecondaryAvailabilityZone,
		"SourceDBInstanceIdentifier":         x.ReadReplicaSourceDBInstanceIdentifier,
		"StatusInfos":                        x.StatusInfos,
		"StorageEncrypted":                   x.StorageEncrypted,
		"StorageOperationPercentProgress":    x.StorageOperationPercentProgress,
		"StorageOperationStatus":             x.StorageOperationStatus,
		"StorageThroughput":                  x.StorageThroughput,
		"StorageType":                        x.StorageType,
		"TdeCredentialArn":                   x.TdeCredentialArn,
		"Timezone":                           x.Timezone,
	}) {
		d.Config[name] = v
	}
	// Of a replication of the backups the instance tells no more than where it goes.
	replicated := x.DBInstanceAutomatedBackupsReplications
	if len(replicated) == 0 {
		d.Config["AutomaticBackupReplicationRegion"] = nil
		d.Config["AutomaticBackupReplicationKmsKeyId"] = nil
		d.Config["AutomaticBackupReplicationRetentionPeriod"] = nil
	} else if id, err := arn.Parse(aws.ToString(replicated[0].DBInstanceAutomatedBackupsArn)); err == nil {
		d.Config["AutomaticBackupReplicationRegion"] = id.Region
	}
}

// rdsPending returns what is yet to be changed. The new password of the master user,
// of which RDS tells that there is one, is not kept.
func rdsPending(p *rdstypes.PendingModifiedValues) *rdstypes.PendingModifiedValues {
	if p == nil {
		return nil
	}
	c := *p
	c.MasterUserPassword = nil
	return &c
}

func rdsGroupIDs(groups []rdstypes.VpcSecurityGroupMembership) []string {
	ids := []string{}
	for _, g := range groups {
		ids = append(ids, aws.ToString(g.VpcSecurityGroupId))
	}
	return ids
}

func rdsTag(t rdstypes.Tag) (key, value *string) { return t.Key, t.Value }
