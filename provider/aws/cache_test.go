package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/opensearch"
	searchtypes "github.com/aws/aws-sdk-go-v2/service/opensearch/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/collect"
)

func TestDomains(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	var names []searchtypes.DomainInfo
	for _, n := range []string{"a", "b", "c", "d", "e", "f"} {
		names = append(names, searchtypes.DomainInfo{DomainName: &n})
	}
	x.says("OpenSearch:ListDomainNames", &opensearch.ListDomainNamesOutput{DomainNames: names})
	x.answer("OpenSearch:DescribeDomains", func(in any) (any, error) {
		out := &opensearch.DescribeDomainsOutput{}
		for _, n := range in.(*opensearch.DescribeDomainsInput).DomainNames {
			if n != "f" {
				out.DomainStatusList = append(out.DomainStatusList, searchtypes.DomainStatus{
					DomainName: &n, ARN: inTestRegion("es", "domain/"+n), DomainId: aws.String("123456789012/" + n), AccessPolicies: aws.String(publicPolicy), Created: aws.Bool(true),
					VPCOptions:              &searchtypes.VPCDerivedInfo{VPCId: aws.String("vpc-1"), SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}},
					EncryptionAtRestOptions: &searchtypes.EncryptionAtRestOptions{Enabled: aws.Bool(true), KmsKeyId: aws.String(testKey)},
					AdvancedSecurityOptions: &searchtypes.AdvancedSecurityOptions{Enabled: aws.Bool(true)},
				})
			}
		}
		return out, nil
	})
	x.says("OpenSearch:ListTags", &opensearch.ListTagsOutput{TagList: []searchtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	inv := x.collect(t, searchDomain)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, searchDomain, "a")
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, `{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}`, a.Config.Get("VPCOptions"))
	assertJSON(t, `true`, a.Config.Get("AdvancedSecurityOptions", "Enabled"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("AdvancedSecurityOptions", "MasterUserOptions"))
	assert.Contains(t, a.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	// Tags were read of the domain that is not described, and nothing else.
	f := named(t, inv, searchDomain, "f")
	assertJSON(t, `[{"Key":"k","Value":"v"}]`, f.Config.Get("Tags"))
	assertUnread(t, "opensearch:DescribeDomains", codeNotListed, f.Config.Get("NodeToNodeEncryptionOptions", "Enabled"))
	assertUnread(t, "opensearch:DescribeDomains", codeNotListed, f.Access)
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "OpenSearch:ListDomainNames": 1, "OpenSearch:DescribeDomains": 2, "OpenSearch:ListTags": 6,
	}, x.calls.n)
	x.fail(denied, "OpenSearch:DescribeDomains")
	assertUnread(t, "opensearch:DescribeDomains", "AccessDenied", named(t, x.collect(t, searchDomain), searchDomain, "a").Config.Get("EncryptionAtRestOptions"))
}

func TestWarehouses(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("Redshift:DescribeClusters", &redshift.DescribeClustersOutput{Clusters: []redshifttypes.Cluster{{
		ClusterIdentifier: aws.String("w"), Encrypted: aws.Bool(true), KmsKeyId: aws.String(testKey), PubliclyAccessible: aws.Bool(true), VpcId: aws.String("vpc-1"), NumberOfNodes: aws.Int32(2), MultiAZ: aws.String("enabled"),
		ClusterParameterGroups: []redshifttypes.ClusterParameterGroupStatus{{ParameterGroupName: aws.String("own")}}, Endpoint: &redshifttypes.Endpoint{Address: aws.String("h"), Port: aws.Int32(5439)},
		VpcSecurityGroups: []redshifttypes.VpcSecurityGroupMembership{{VpcSecurityGroupId: aws.String("sg-1")}}, IamRoles: []redshifttypes.ClusterIamRole{{IamRoleArn: aws.String("arn:aws:iam::123456789012:role/copy")}},
		Tags: []redshifttypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
	}}})
	x.says("Redshift:DescribeLoggingStatus", &redshift.DescribeLoggingStatusOutput{LoggingEnabled: aws.Bool(true), BucketName: aws.String("logs")})
	x.says("Redshift:DescribeClusterParameterGroups", &redshift.DescribeClusterParameterGroupsOutput{ParameterGroups: []redshifttypes.ClusterParameterGroup{{ParameterGroupName: aws.String("own")}}})
	x.says("Redshift:DescribeClusterParameters", &redshift.DescribeClusterParametersOutput{Parameters: []redshifttypes.Parameter{{ParameterName: aws.String("require_ssl"), ParameterValue: aws.String("false")}}})
	inv := x.collect(t, redshiftCluster, redshiftParameterGroup)
	a := only(t, inv, redshiftCluster)
	assertJSON(t, `{"BucketName":"logs"}`, a.Config.Get("LoggingProperties"))
	assertJSON(t, `"multi-node"`, a.Config.Get("ClusterType"))
	assertJSON(t, `true`, a.Config.Get("MultiAZ"))
	assertJSON(t, `5439`, a.Config.Get("Port"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("SnapshotCopyManual"))
	assert.Contains(t, a.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	assert.Contains(t, a.Links, link("role", iamRole, "arn:aws:iam::123456789012:role/copy"))
	g := only(t, inv, redshiftParameterGroup)
	assert.Contains(t, a.Links, link("parameter_group", redshiftParameterGroup, g.ID))
	assertJSON(t, `[{"ParameterName":"require_ssl","ParameterValue":"false"}]`, g.Config.Get("Parameters"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "Redshift:DescribeClusters": 1, "Redshift:DescribeLoggingStatus": 1,
		"Redshift:DescribeClusterParameterGroups": 1, "Redshift:DescribeClusterParameters": 1,
	}, x.calls.n)
	x.says("Redshift:DescribeLoggingStatus", &redshift.DescribeLoggingStatusOutput{LoggingEnabled: aws.Bool(false)})
	assert.True(t, only(t, x.collect(t, redshiftCluster), redshiftCluster).Config.Get("LoggingProperties").IsAbsent())
	x.fail(denied, "Redshift:DescribeLoggingStatus", "Redshift:DescribeClusterParameters")
	inv = x.collect(t, redshiftCluster, redshiftParameterGroup)
	assertUnread(t, "redshift:DescribeLoggingStatus", "AccessDenied", only(t, inv, redshiftCluster).Config.Get("LoggingProperties"))
	assertUnread(t, "redshift:DescribeClusterParameters", "AccessDenied", only(t, inv, redshiftParameterGroup).Config.Get("Parameters"))
}

func TestCaches(t *testing.T) {
	x := offline(t)
	x.says("ElastiCache:DescribeReplicationGroups", &elasticache.DescribeReplicationGroupsOutput{ReplicationGroups: []cachetypes.ReplicationGroup{
		{
			ARN: inTestRegion("elasticache", "replicationgroup:r"), ReplicationGroupId: aws.String("r"), AtRestEncryptionEnabled: aws.Bool(true), TransitEncryptionEnabled: aws.Bool(false), AutomaticFailover: cachetypes.AutomaticFailoverStatusEnabled,
			MemberClusters: []string{"r-001", "r-002"}, KmsKeyId: aws.String(testKey), AuthTokenEnabled: aws.Bool(false),
			NodeGroups: []cachetypes.NodeGroup{{
				NodeGroupId: aws.String("0001"), PrimaryEndpoint: &cachetypes.Endpoint{Address: aws.String("h"), Port: aws.Int32(6379)},
				NodeGroupMembers: []cachetypes.NodeGroupMember{{CacheClusterId: aws.String("r-001"), CurrentRole: aws.String("primary"), PreferredAvailabilityZone: aws.String("us-east-1a")}, {CacheClusterId: aws.String("r-002"), CurrentRole: aws.String("replica"), PreferredAvailabilityZone: aws.String("us-east-1b")}},
			}},
		},
		{ARN: inTestRegion("elasticache", "replicationgroup:new"), ReplicationGroupId: aws.String("new")},
		{ARN: inTestRegion("elasticache", "replicationgroup:sharded"), ReplicationGroupId: aws.String("sharded"), NodeGroups: []cachetypes.NodeGroup{{
			NodeGroupMembers: []cachetypes.NodeGroupMember{{PreferredAvailabilityZone: aws.String("us-east-1a")}, {PreferredAvailabilityZone: aws.String("us-east-1b")}},
		}}},
	}})
	x.says("ElastiCache:DescribeCacheClusters", &elasticache.DescribeCacheClustersOutput{CacheClusters: []cachetypes.CacheCluster{
		{
			ARN: inTestRegion("elasticache", "cluster:r-001"), CacheClusterId: aws.String("r-001"), ReplicationGroupId: aws.String("r"), Engine: aws.String("redis"), EngineVersion: aws.String("7.1"),
			SecurityGroups: []cachetypes.SecurityGroupMembership{{SecurityGroupId: aws.String("sg-1")}}, CacheSubnetGroupName: aws.String("g"), CacheNodes: []cachetypes.CacheNode{{Endpoint: &cachetypes.Endpoint{Address: aws.String("n"), Port: aws.Int32(6379)}}},
		},
		{ARN: inTestRegion("elasticache", "cluster:m"), CacheClusterId: aws.String("m"), Engine: aws.String("memcached"), PreferredAvailabilityZone: aws.String("Multiple"), ConfigurationEndpoint: &cachetypes.Endpoint{Address: aws.String("c"), Port: aws.Int32(11211)}},
	}})
	x.fail(denied, "ElastiCache:ListTagsForResource")
	inv := x.collect(t, replicationGroup, cacheCluster)
	assert.Empty(t, gapTexts(inv))
	r := named(t, inv, replicationGroup, "r")
	assertJSON(t, `true`, r.Config.Get("AutomaticFailoverEnabled"))
	assertJSON(t, `1`, r.Config.Get("ReplicasPerNodeGroup"))
	assertJSON(t, `"r-001"`, r.Config.Get("PrimaryClusterId"))
	assertJSON(t, `["sg-1"]`, r.Config.Get("SecurityGroupIds"))
	assertJSON(t, `"7.1"`, r.Config.Get("EngineVersion"))
	assertJSON(t, `[{"NodeGroupId":"0001","PrimaryAvailabilityZone":"us-east-1a","ReplicaAvailabilityZones":["us-east-1b"],"ReplicaCount":1}]`, r.Config.Get("NodeGroupConfiguration"))
	assert.Contains(t, r.Links, link("security_group", ec2SecurityGroup, "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"))
	assertUnread(t, "elasticache:ListTagsForResource", "AccessDenied", r.Config.Get("Tags"))
	assert.Empty(t, r.Incarnation, "when it was made is not known yet")
	assertUnread(t, "elasticache:DescribeCacheClusters", codeNotListed, named(t, inv, replicationGroup, "new").Config.Get("SecurityGroupIds"))
	shard := named(t, inv, replicationGroup, "sharded").Config.Get("NodeGroupConfiguration").Index(0)
	assertUnread(t, "", collect.CodeNotCollected, shard.Get("PrimaryAvailabilityZone"))
	assertUnread(t, "", collect.CodeNotCollected, shard.Get("ReplicaAvailabilityZones"))
	c := named(t, inv, cacheCluster, "r-001")
	assert.Contains(t, c.Links, link("member_of", replicationGroup, r.ID))
	assertJSON(t, `{"Address":"n","Port":"6379"}`, c.Config.Get("RedisEndpoint"))
	m := named(t, inv, cacheCluster, "m")
	assertJSON(t, `"cross-az"`, m.Config.Get("AZMode"))
	assertJSON(t, `11211`, m.Config.Get("Port"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "ElastiCache:DescribeReplicationGroups": 1, "ElastiCache:DescribeCacheClusters": 2, "ElastiCache:ListTagsForResource": 5,
	}, x.calls.n)
	x.fail(denied, "ElastiCache:DescribeCacheClusters")
	assertUnread(t, "elasticache:DescribeCacheClusters", "AccessDenied", named(t, x.collect(t, replicationGroup), replicationGroup, "r").Config.Get("SecurityGroupIds"))
}
