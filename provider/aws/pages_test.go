package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// TestPages holds the lists of services to the contract of pages.
func TestPages(t *testing.T) {
	database := func(name string) any {
		return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{DBInstanceArn: inTestRegion("rds", "db:"+name)}}}
	}
	cluster := func(name string) any {
		return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{{DBClusterArn: inTestRegion("rds", "cluster:"+name)}}}
	}
	snapshot := func(name string) any {
		return &rds.DescribeDBSnapshotsOutput{DBSnapshots: []rdstypes.DBSnapshot{{DBSnapshotArn: inTestRegion("rds", "snapshot:"+name), SnapshotType: aws.String(automated)}}}
	}
	clusterSnapshot := func(name string) any {
		return &rds.DescribeDBClusterSnapshotsOutput{DBClusterSnapshots: []rdstypes.DBClusterSnapshot{{
			DBClusterSnapshotArn: inTestRegion("rds", "cluster-snapshot:"+name), DBClusterSnapshotIdentifier: &name, SnapshotType: aws.String(automated), StorageEncrypted: aws.Bool(true),
		}}}
	}
	for _, l := range []listing{
		{operation: "RDS:DescribeDBInstances", typ: rdsInstance, first: database("a"), last: database("b")},
		{operation: "RDS:DescribeDBClusters", typ: rdsCluster, first: cluster("a"), last: cluster("b")},
		{operation: "RDS:DescribeDBSnapshots", typ: rdsSnapshot, first: snapshot("a"), last: snapshot("b")},
		{operation: "RDS:DescribeDBClusterSnapshots", typ: rdsClusterSnapshot, first: clusterSnapshot("a"), last: clusterSnapshot("b")},
	} {
		t.Run(l.operation, func(t *testing.T) { testPages(t, l) })
	}
}
