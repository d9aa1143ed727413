package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func TestDatabases(t *testing.T) {
	x := one(t)
	ctx := t.Context()
	client := rds.NewFromConfig(x.cfg)
	_, err := client.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("web"), DBInstanceClass: aws.String("db.m5.large"), Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(20),
		MasterUsername: aws.String("root"), MasterUserPassword: aws.String("correct horse battery"), PubliclyAccessible: aws.Bool(true), StorageEncrypted: aws.Bool(true), KmsKeyId: aws.String(testKey),
		EnableIAMDatabaseAuthentication: aws.Bool(true), DeletionProtection: aws.Bool(true), Port: aws.Int32(5433), BackupRetentionPeriod: aws.Int32(7),
		Tags: []rdstypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}},
	})
	require.NoError(t, err)
	for _, engine := range []string{"aurora-mysql", "neptune"} { // moto knows no docdb
		_, err = client.CreateDBCluster(ctx, &rds.CreateDBClusterInput{
			DBClusterIdentifier: aws.String(engine + "-1"), Engine: aws.String(engine), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("correct horse battery"),
			StorageEncrypted: aws.Bool(true), KmsKeyId: aws.String(testKey),
		})
		require.NoError(t, err, engine)
	}

	inv := x.collect(t, rdsInstance, rdsCluster, neptuneCluster)
	assert.Empty(t, gapTexts(inv))
	db := only(t, inv, rdsInstance)
	assert.Equal(t, asset.Ref{Type: rdsInstance, ID: "arn:aws:rds:us-east-1:123456789012:db:web"}, db.Ref)
	assert.Equal(t, "database", db.Class)
	assert.Equal(t, map[string]string{"team": "web"}, db.Tags)
	assertJSON(t, `true`, db.Config.Get("PubliclyAccessible"))
	assertJSON(t, `true`, db.Config.Get("StorageEncrypted"))
	assertJSON(t, `"5433"`, db.Config.Get("Port"))
	assertJSON(t, `"20"`, db.Config.Get("AllocatedStorage"))
	assertJSON(t, `false`, db.Config.Get("ManageMasterUserPassword"))
	assertJSON(t, `true`, db.Config.Get("EnableIAMDatabaseAuthentication"))
	assert.True(t, db.Config.Get("MasterUserPassword").IsAbsent())
	assert.Contains(t, db.Links, link("encrypted_by", kmsKey, testKey))

	assert.Equal(t, "aurora-mysql-1", only(t, inv, rdsCluster).Name)
	neptune := only(t, inv, neptuneCluster)
	assert.Equal(t, "neptune-1", neptune.Name)
	assertJSON(t, `true`, neptune.Config.Get("StorageEncrypted"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "RDS:DescribeDBInstances": 1, "RDS:DescribeDBClusters": 1}, x.calls.n)
}

func TestDatabaseInstancesByEngine(t *testing.T) {
	x := one(t)
	instance := func(engine string) rdstypes.DBInstance {
		return rdstypes.DBInstance{
			DBInstanceArn: aws.String("arn:aws:rds:us-east-1:123456789012:db:" + engine), DBInstanceIdentifier: &engine, Engine: &engine, DbiResourceId: aws.String("db-" + engine),
			DBClusterIdentifier: aws.String("c"), DBSubnetGroup: &rdstypes.DBSubnetGroup{DBSubnetGroupName: aws.String("g"), VpcId: aws.String("vpc-1")},
			VpcSecurityGroups: []rdstypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: aws.String("sg-1")}},
			Endpoint:          &rdstypes.Endpoint{Address: aws.String("h"), Port: aws.Int32(8182)}, PendingModifiedValues: &rdstypes.PendingModifiedValues{MasterUserPassword: aws.String("hunter2"), Port: aws.Int32(1)},
			DBInstanceAutomatedBackupsReplications: []rdstypes.DBInstanceAutomatedBackupsReplication{{DBInstanceAutomatedBackupsArn: aws.String("arn:aws:rds:eu-west-1:123456789012:auto-backup:ab-1")}},
		}
	}
	x.says("RDS:DescribeDBInstances", &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{instance("mysql"), instance("neptune"), instance("docdb")}})
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	inv := x.collect(t, rdsInstance, neptuneInstance, docdbInstance)
	db := only(t, inv, rdsInstance)
	assert.Contains(t, db.Links, link("member_of", rdsCluster, "arn:aws:rds:us-east-1:123456789012:cluster:c"))
	assert.Contains(t, db.Links, link("db_subnet_group", rdsSubnetGroup, "arn:aws:rds:us-east-1:123456789012:subgrp:g"))
	assert.Contains(t, db.Links, link("security_group", ec2SecurityGroup, "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"))
	assert.Contains(t, db.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	assertJSON(t, `["sg-1"]`, db.Config.Get("VPCSecurityGroups"))
	assertJSON(t, `{"Address":"h","Port":"8182"}`, db.Config.Get("Endpoint"))
	assertJSON(t, `"eu-west-1"`, db.Config.Get("AutomaticBackupReplicationRegion"))
	assertUnread(t, "", collect.CodeNotCollected, db.Config.Get("AutomaticBackupReplicationRetentionPeriod"))
	assertUnread(t, "", collect.CodeNotCollected, db.Config.Get("MasterUserAuthenticationType"))
	assertJSON(t, `1`, db.Status.Get("PendingModifiedValues", "Port"))
	assert.True(t, db.Status.Get("PendingModifiedValues", "MasterUserPassword").IsAbsent())
	assert.Contains(t, only(t, inv, neptuneInstance).Links, link("member_of", neptuneCluster, "arn:aws:rds:us-east-1:123456789012:cluster:c"))
	x.says("RDS:DescribeDBClusters", &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{{
		DBClusterArn: inTestRegion("rds", "cluster:d"), DBClusterIdentifier: aws.String("d"), Engine: aws.String("docdb"), StorageEncrypted: aws.Bool(true), Port: aws.Int32(27017),
		MasterUserSecret: &rdstypes.MasterUserSecret{KmsKeyId: aws.String(testKey)},
	}}})
	cluster := only(t, x.collect(t, docdbCluster), docdbCluster)
	assertJSON(t, `27017`, cluster.Config.Get("Port"))
	assertJSON(t, `true`, cluster.Config.Get("ManageMasterUserPassword"))
	assertJSON(t, `"8182"`, only(t, inv, neptuneInstance).Config.Get("Port"))
	assert.Contains(t, only(t, inv, docdbInstance).Links, link("member_of", docdbCluster, "arn:aws:rds:us-east-1:123456789012:cluster:c"))

	unfinished := instance("mysql")
	unfinished.Endpoint, unfinished.DbInstancePort = nil, aws.Int32(0)
	x.says("RDS:DescribeDBInstances", &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{unfinished}})
	assert.True(t, only(t, x.collect(t, rdsInstance), rdsInstance).Config.Get("Port").IsAbsent(), "0 is no port")
}

func TestDatabaseSnapshots(t *testing.T) {
	x := one(t)
	ctx := t.Context()
	client := rds.NewFromConfig(x.cfg)
	_, err := client.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("web"), DBInstanceClass: aws.String("db.m5.large"), Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("correct horse battery")})
	require.NoError(t, err)
	_, err = client.CreateDBSnapshot(ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: aws.String("web"), DBSnapshotIdentifier: aws.String("open")})
	require.NoError(t, err)
	_, err = client.ModifyDBSnapshotAttribute(ctx, &rds.ModifyDBSnapshotAttributeInput{DBSnapshotIdentifier: aws.String("open"), AttributeName: aws.String("restore"), ValuesToAdd: []string{"all"}})
	require.NoError(t, err)
	_, err = client.CreateDBCluster(ctx, &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("c"), Engine: aws.String("aurora-mysql"), MasterUsername: aws.String("root"), MasterUserPassword: aws.String("correct horse battery")})
	require.NoError(t, err)
	_, err = client.CreateDBClusterSnapshot(ctx, &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: aws.String("c"), DBClusterSnapshotIdentifier: aws.String("own")})
	require.NoError(t, err)

	inv := x.collect(t, rdsSnapshot, rdsClusterSnapshot)
	assert.Empty(t, gapTexts(inv))
	open := named(t, inv, rdsSnapshot, "open")
	assertJSON(t, `["all"]`, open.Status.Get("Attributes", "restore"))
	assert.Contains(t, open.Links, link("source", rdsInstance, "arn:aws:rds:us-east-1:123456789012:db:web"))
	own := named(t, inv, rdsClusterSnapshot, "own")
	assert.Equal(t, 0, own.Status.Get("Attributes", "restore").Len())
	assert.Contains(t, own.Links, link("source", rdsCluster, "arn:aws:rds:us-east-1:123456789012:cluster:c"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "RDS:DescribeDBSnapshots": 2, "RDS:DescribeDBSnapshotAttributes": 1,
		"RDS:DescribeDBClusterSnapshots": 1, "RDS:DescribeDBClusterSnapshotAttributes": 1,
	}, x.calls.n)

	// Nobody can be given an automated snapshot, so that nobody asks.
	x = one(t)
	x.says("RDS:DescribeDBSnapshots", &rds.DescribeDBSnapshotsOutput{DBSnapshots: []rdstypes.DBSnapshot{
		{DBSnapshotArn: aws.String("arn:aws:rds:us-east-1:123456789012:snapshot:rds:web-1"), DBSnapshotIdentifier: aws.String("rds:web-1"), SnapshotType: aws.String("automated")},
		{DBSnapshotArn: aws.String("arn:aws:rds:us-east-1:123456789012:snapshot:by-hand"), DBSnapshotIdentifier: aws.String("by-hand"), SnapshotType: aws.String("manual")},
	}})
	x.fail(denied, "RDS:DescribeDBSnapshotAttributes")
	inv = x.collect(t, rdsSnapshot)
	assertJSON(t, `{}`, named(t, inv, rdsSnapshot, "rds:web-1").Status.Get("Attributes"))
	assertUnread(t, "rds:DescribeDBSnapshotAttributes", "AccessDenied", named(t, inv, rdsSnapshot, "by-hand").Status.Get("Attributes", "restore"))
	assert.Equal(t, 1, x.calls.n["RDS:DescribeDBSnapshotAttributes"])

	// An answer without what was requested does not say that nobody was given it.
	x = one(t)
	x.says("RDS:DescribeDBSnapshots", &rds.DescribeDBSnapshotsOutput{DBSnapshots: []rdstypes.DBSnapshot{{DBSnapshotArn: inTestRegion("rds", "snapshot:s"), SnapshotType: aws.String("manual")}}})
	x.says("RDS:DescribeDBSnapshotAttributes", &rds.DescribeDBSnapshotAttributesOutput{})
	x.says("RDS:DescribeDBClusterSnapshots", &rds.DescribeDBClusterSnapshotsOutput{DBClusterSnapshots: []rdstypes.DBClusterSnapshot{{
		DBClusterSnapshotArn: inTestRegion("rds", "cluster-snapshot:s"), DBClusterSnapshotIdentifier: aws.String("s"), SnapshotType: aws.String("manual"), StorageEncrypted: aws.Bool(true),
	}}})
	x.says("RDS:DescribeDBClusterSnapshotAttributes", &rds.DescribeDBClusterSnapshotAttributesOutput{})
	inv = x.collect(t, rdsSnapshot, rdsClusterSnapshot)
	assertUnread(t, "rds:DescribeDBSnapshotAttributes", awsapi.CodeNoAnswer, only(t, inv, rdsSnapshot).Status.Get("Attributes", "restore"))
	assertUnread(t, "rds:DescribeDBClusterSnapshotAttributes", awsapi.CodeNoAnswer, only(t, inv, rdsClusterSnapshot).Status.Get("Attributes", "restore"))
}

func TestSnapshotsOfBackup(t *testing.T) {
	snapshot := func(name, kind string) rdstypes.DBSnapshot {
		return rdstypes.DBSnapshot{DBSnapshotArn: inTestRegion("rds", "snapshot:"+name), DBSnapshotIdentifier: &name, SnapshotType: &kind}
	}
	pages := map[string]*rds.DescribeDBSnapshotsOutput{
		"":           {DBSnapshots: []rdstypes.DBSnapshot{snapshot("a", "manual"), snapshot("b", awsBackup)}, Marker: aws.String("1")},
		"1":          {DBSnapshots: []rdstypes.DBSnapshot{snapshot("c", automated)}},
		"awsbackup":  {DBSnapshots: []rdstypes.DBSnapshot{snapshot("b", awsBackup)}, Marker: aws.String("1")},
		"awsbackup1": {DBSnapshots: []rdstypes.DBSnapshot{snapshot("d", awsBackup)}},
	}
	x := offline(t)
	x.answer("RDS:DescribeDBSnapshots", func(in any) (any, error) {
		i := in.(*rds.DescribeDBSnapshotsInput)
		return pages[aws.ToString(i.SnapshotType)+aws.ToString(i.Marker)], nil
	})
	x.says("RDS:DescribeDBSnapshotAttributes", &rds.DescribeDBSnapshotAttributesOutput{DBSnapshotAttributesResult: &rdstypes.DBSnapshotAttributesResult{}})
	inv := x.collect(t, rdsSnapshot)
	assert.Empty(t, gapTexts(inv))
	var names []string
	for s := range inv.OfType(rdsSnapshot) {
		names = append(names, s.Name)
	}
	assert.ElementsMatch(t, []string{"a", "b", "c", "d"}, names)
	assert.Equal(t, 4, x.calls.n["RDS:DescribeDBSnapshots"])
	assert.Equal(t, 3, x.calls.n["RDS:DescribeDBSnapshotAttributes"], "each is read once")

	x.answer("RDS:DescribeDBSnapshots", func(in any) (any, error) {
		if in.(*rds.DescribeDBSnapshotsInput).SnapshotType != nil {
			return nil, denied
		}
		return pages["1"], nil
	})
	inv = x.collect(t, rdsSnapshot)
	assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}, rdsSnapshot))
}

func TestDatabaseGroups(t *testing.T) {
	x := one(t)
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("RDS:DescribeDBSubnetGroups", &rds.DescribeDBSubnetGroupsOutput{DBSubnetGroups: []rdstypes.DBSubnetGroup{{
		DBSubnetGroupArn: aws.String("arn:aws:rds:us-east-1:123456789012:subgrp:g"), DBSubnetGroupName: aws.String("g"), VpcId: aws.String("vpc-1"), Subnets: []rdstypes.Subnet{{SubnetIdentifier: aws.String("subnet-1")}},
	}}})
	x.says("RDS:DescribeDBParameterGroups", &rds.DescribeDBParameterGroupsOutput{DBParameterGroups: []rdstypes.DBParameterGroup{
		{DBParameterGroupArn: aws.String("arn:aws:rds:us-east-1:123456789012:pg:default.postgres17"), DBParameterGroupName: aws.String("default.postgres17")},
		{DBParameterGroupArn: aws.String("arn:aws:rds:us-east-1:123456789012:pg:own"), DBParameterGroupName: aws.String("own")},
	}})
	x.says("RDS:DescribeDBClusterParameterGroups", &rds.DescribeDBClusterParameterGroupsOutput{DBClusterParameterGroups: []rdstypes.DBClusterParameterGroup{
		{DBClusterParameterGroupArn: aws.String("arn:aws:rds:us-east-1:123456789012:cluster-pg:own"), DBClusterParameterGroupName: aws.String("own")},
	}})
	parameters := []rdstypes.Parameter{{ParameterName: aws.String("rds.force_ssl"), ParameterValue: aws.String("1")}}
	x.answer("RDS:DescribeDBParameters", func(in any) (any, error) {
		if in.(*rds.DescribeDBParametersInput).Marker == nil {
			return &rds.DescribeDBParametersOutput{Marker: aws.String("more")}, nil
		}
		return &rds.DescribeDBParametersOutput{Parameters: parameters}, nil
	})
	x.says("RDS:DescribeDBClusterParameters", &rds.DescribeDBClusterParametersOutput{Parameters: parameters})
	x.says("RDS:ListTagsForResource", &rds.ListTagsForResourceOutput{TagList: []rdstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})

	inv := x.collect(t, rdsSubnetGroup, rdsParameterGroup, rdsClusterParameterGroup)
	assert.Empty(t, gapTexts(inv))
	g := only(t, inv, rdsSubnetGroup)
	assertJSON(t, `["subnet-1"]`, g.Config.Get("SubnetIds"))
	assertJSON(t, `[{"Key":"a","Value":"b"}]`, g.Config.Get("Tags"))
	assert.Contains(t, g.Links, link("subnet", ec2Subnet, "arn:aws:ec2:us-east-1:999999999999:subnet/subnet-1"))
	assertJSON(t, `{"rds.force_ssl":"1"}`, named(t, inv, rdsParameterGroup, "own").Config.Get("Parameters"))
	assertJSON(t, `{}`, named(t, inv, rdsParameterGroup, "default.postgres17").Config.Get("Parameters"))
	assertJSON(t, `{"rds.force_ssl":"1"}`, only(t, inv, rdsClusterParameterGroup).Config.Get("Parameters"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "RDS:DescribeDBSubnetGroups": 1, "RDS:ListTagsForResource": 4,
		"RDS:DescribeDBParameterGroups": 1, "RDS:DescribeDBParameters": 2, "RDS:DescribeDBClusterParameterGroups": 1, "RDS:DescribeDBClusterParameters": 1,
	}, x.calls.n)

	x.fail(denied, "RDS:DescribeDBParameters")
	inv = x.collectQuery(t, provider.Query{Types: []asset.Type{rdsParameterGroup}, Reads: map[asset.Type][]asset.Path{rdsParameterGroup: {"config.Parameters"}}})
	own := named(t, inv, rdsParameterGroup, "own")
	assertUnread(t, "rds:DescribeDBParameters", "AccessDenied", own.Config.Get("Parameters", "rds.force_ssl"))
	assertUnread(t, "rds:ListTagsForResource", asset.CodeNotRequested, own.Config.Get("Tags"))
}
