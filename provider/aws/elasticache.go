package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// elasticacheTables read caches. What the clusters of a replication group have in
// common comes with the clusters alone, which are listed once for all groups.
func elasticacheTables(u *unit) []collect.Table {
	client := elasticache.NewFromConfig(u.config("elasticache"))
	clusters := func(ctx context.Context, token string) ([]cachetypes.CacheCluster, string, error) {
		out, err := client.DescribeCacheClusters(ctx, &elasticache.DescribeCacheClustersInput{CacheClusterId: optional(u.onlyName("cluster:", cacheCluster)), Marker: optional(token), MaxRecords: aws.Int32(100), ShowCacheNodeInfo: aws.Bool(true)})
		if err != nil {
			return nil, "", err
		}
		return out.CacheClusters, aws.ToString(out.Marker), nil
	}
	members := collect.Once(func(ctx context.Context) (map[string]cachetypes.CacheCluster, error) {
		byGroup := map[string]cachetypes.CacheCluster{}
		for c, err := range provider.Pages(ctx, clusters) {
			if err != nil {
				return nil, err
			}
			byGroup[aws.ToString(c.ReplicationGroupId)] = c
		}
		return byGroup, nil
	})
	tags := collect.Read{
		Op: "elasticache:ListTagsForResource",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.ListTagsForResource(ctx, &elasticache.ListTagsForResourceInput{ResourceName: &d.ID})
			if err != nil {
				return err
			}
			d.Tags = tagMap(out.TagList, func(t cachetypes.Tag) (key, value *string) { return t.Key, t.Value })
			return nil
		},
	}
	return []collect.Table{{
		Op:     "elasticache:DescribeReplicationGroups",
		Types:  []asset.Type{replicationGroup},
		Absent: []string{(&cachetypes.ReplicationGroupNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: optional(u.onlyName("replicationgroup:", replicationGroup)), Marker: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.ReplicationGroups {
				ds = append(ds, replicationGroupDraft(u, x))
			}
			return ds, aws.ToString(out.Marker), nil
		},
		Reads: []collect.Read{{
			Op: "elasticache:DescribeCacheClusters",
			Each: func(ctx context.Context, d *collect.Draft) error {
				byGroup, err := members(ctx)
				if err != nil {
					return err
				}
				c, ok := byGroup[d.Name]
				if !ok {
					return unread("elasticache:DescribeCacheClusters", codeNotListed, "no cluster of the group is in the list")
				}
				d.Config["CacheSubnetGroupName"] = c.CacheSubnetGroupName
				d.Config["EngineVersion"] = c.EngineVersion
				d.Config["NotificationTopicArn"] = cacheTopic(c)
				d.Config["PreferredMaintenanceWindow"] = c.PreferredMaintenanceWindow
				d.Config["CacheParameterGroupName"] = cacheParameters(c)
				d.Config["CacheSecurityGroupNames"] = cacheOldGroups(c)
				d.Config["SecurityGroupIds"] = cacheGroups(d, u, c)
				return nil
			},
		}, tags},
	}, {
		Op:     "elasticache:DescribeCacheClusters",
		Types:  []asset.Type{cacheCluster},
		Absent: []string{(&cachetypes.CacheClusterNotFoundFault{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			page, next, err := clusters(ctx, token)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range page {
				ds = append(ds, cacheClusterDraft(u, x))
			}
			return ds, next, nil
		},
		Reads: []collect.Read{tags},
	}}
}

func replicationGroupDraft(u *unit, x cachetypes.ReplicationGroup) *collect.Draft {
	d := collect.NewDraft(replicationGroup, aws.ToString(x.ARN), aws.ToString(x.ReplicationGroupId))
	d.Created = aws.ToTime(x.ReplicationGroupCreateTime)
	d.Incarnation = incarnationAt(d.Created)
	var global *string
	if x.GlobalReplicationGroupInfo != nil {
		global = x.GlobalReplicationGroupInfo.GlobalReplicationGroupId
	}
	var shards []collect.Doc
	var primary *string
	var zones []*string
	replicas := 0
	var main, reader *cachetypes.Endpoint
	for i, g := range x.NodeGroups {
		shard := collect.Doc{"NodeGroupId": g.NodeGroupId, "Slots": g.Slots, "ReplicaCount": max(len(g.NodeGroupMembers)-1, 0), "PrimaryAvailabilityZone": nil}
		var others []*string
		for _, m := range g.NodeGroupMembers {
			zones = append(zones, m.PreferredAvailabilityZone)
			if aws.ToString(m.CurrentRole) == "primary" {
				primary = m.CacheClusterId
				shard["PrimaryAvailabilityZone"] = m.PreferredAvailabilityZone
			} else {
				others = append(others, m.PreferredAvailabilityZone)
			}
		}
		shard["ReplicaAvailabilityZones"] = others
		if len(others) == len(g.NodeGroupMembers) {
			// In cluster mode the API does not tell which of them is the primary.
			shard["PrimaryAvailabilityZone"], shard["ReplicaAvailabilityZones"] = collect.NotCollected(), collect.NotCollected()
		}
		shards = append(shards, shard)
		if i == 0 {
			replicas, main, reader = max(len(g.NodeGroupMembers)-1, 0), g.PrimaryEndpoint, g.ReaderEndpoint
		}
	}
	var port *int32
	for _, e := range []*cachetypes.Endpoint{main, x.ConfigurationEndpoint} {
		if e != nil {
			port = e.Port
		}
	}
	d.Config = collect.Doc{
		"AtRestEncryptionEnabled":     x.AtRestEncryptionEnabled,
		"AutoMinorVersionUpgrade":     x.AutoMinorVersionUpgrade,
		"AutomaticFailoverEnabled":    x.AutomaticFailover == cachetypes.AutomaticFailoverStatusEnabled || x.AutomaticFailover == cachetypes.AutomaticFailoverStatusEnabling,
		"CacheNodeType":               x.CacheNodeType,
		"ClusterMode":                 x.ClusterMode,
		"ConfigurationEndPoint":       x.ConfigurationEndpoint,
		"DataTieringEnabled":          x.DataTiering == cachetypes.DataTieringStatusEnabled,
		"Durability":                  x.Durability,
		"EffectiveDurability":         x.EffectiveDurability,
		"Engine":                      x.Engine,
		"GlobalReplicationGroupId":    global,
		"IpDiscovery":                 x.IpDiscovery,
		"KmsKeyId":                    x.KmsKeyId,
		"LogDeliveryConfigurations":   x.LogDeliveryConfigurations,
		"MultiAZEnabled":              x.MultiAZ == cachetypes.MultiAZStatusEnabled,
		"NetworkType":                 x.NetworkType,
		"NodeGroupConfiguration":      shards,
		"NumCacheClusters":            len(x.MemberClusters),
		"NumNodeGroups":               len(x.NodeGroups),
		"Port":                        port,
		"PreferredCacheClusterAZs":    zones,
		"PrimaryClusterId":            primary,
		"PrimaryEndPoint":             main,
		"ReaderEndPoint":              reader,
		"ReplicasPerNodeGroup":        replicas,
		"ReplicationGroupDescription": x.Description,
		"ReplicationGroupId":          x.ReplicationGroupId,
		"SnapshotRetentionLimit":      x.SnapshotRetentionLimit,
		"SnapshotWindow":              x.SnapshotWindow,
		"SnapshottingClusterId":       x.SnapshottingClusterId,
		"TransitEncryptionEnabled":    x.TransitEncryptionEnabled,
		"TransitEncryptionMode":       x.TransitEncryptionMode,
		"UserGroupIds":                x.UserGroupIds,
	}
	d.Status = collect.Doc{
		"Status":                     x.Status,
		"ReplicationGroupCreateTime": x.ReplicationGroupCreateTime,
		"AuthTokenEnabled":           x.AuthTokenEnabled,
		"MemberClusters":             x.MemberClusters,
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func cacheClusterDraft(u *unit, x cachetypes.CacheCluster) *collect.Draft {
	d := collect.NewDraft(cacheCluster, aws.ToString(x.ARN), aws.ToString(x.CacheClusterId))
	d.Created = aws.ToTime(x.CacheClusterCreateTime)
	d.Incarnation = incarnationAt(d.Created)
	var zones []*string
	var port *int32
	var node *cachetypes.Endpoint
	for _, n := range x.CacheNodes {
		zones = append(zones, n.CustomerAvailabilityZone)
		if n.Endpoint != nil {
			node, port = n.Endpoint, n.Endpoint.Port
		}
	}
	if x.ConfigurationEndpoint != nil {
		port, node = x.ConfigurationEndpoint.Port, nil // of Memcached, where nodes are found through it
	}
	spread := "single-az"
	if aws.ToString(x.PreferredAvailabilityZone) == "Multiple" {
		spread = "cross-az"
	}
	d.Config = collect.Doc{
		"AZMode":                     spread,
		"AutoMinorVersionUpgrade":    x.AutoMinorVersionUpgrade,
		"CacheNodeType":              x.CacheNodeType,
		"CacheParameterGroupName":    cacheParameters(x),
		"CacheSecurityGroupNames":    cacheOldGroups(x),
		"CacheSubnetGroupName":       x.CacheSubnetGroupName,
		"ClusterName":                x.CacheClusterId,
		"ConfigurationEndpoint":      x.ConfigurationEndpoint,
		"Engine":                     x.Engine,
		"EngineVersion":              x.EngineVersion,
		"IpDiscovery":                x.IpDiscovery,
		"LogDeliveryConfigurations":  x.LogDeliveryConfigurations,
		"NetworkType":                x.NetworkType,
		"NotificationTopicArn":       cacheTopic(x),
		"NumCacheNodes":              x.NumCacheNodes,
		"Port":                       port,
		"PreferredAvailabilityZone":  x.PreferredAvailabilityZone,
		"PreferredAvailabilityZones": zones,
		"PreferredMaintenanceWindow": x.PreferredMaintenanceWindow,
		"RedisEndpoint":              node,
		"SnapshotRetentionLimit":     x.SnapshotRetentionLimit,
		"SnapshotWindow":             x.SnapshotWindow,
		"TransitEncryptionEnabled":   x.TransitEncryptionEnabled,
		"VpcSecurityGroupIds":        cacheGroups(d, u, x),
	}
	d.Status = collect.Doc{
		"CacheClusterStatus":      x.CacheClusterStatus,
		"CacheClusterCreateTime":  x.CacheClusterCreateTime,
		"ReplicationGroupId":      x.ReplicationGroupId,
		"AuthTokenEnabled":        x.AuthTokenEnabled,
		"AtRestEncryptionEnabled": x.AtRestEncryptionEnabled,
	}
	if x.ReplicationGroupId != nil {
		d.Link("member_of", replicationGroup, u.arn("elasticache", "replicationgroup:"+*x.ReplicationGroupId))
	}
	return d
}

func cacheTopic(c cachetypes.CacheCluster) *string {
	if c.NotificationConfiguration == nil {
		return nil
	}
	return c.NotificationConfiguration.TopicArn
}

func cacheParameters(c cachetypes.CacheCluster) *string {
	if c.CacheParameterGroup == nil {
		return nil
	}
	return c.CacheParameterGroup.CacheParameterGroupName
}

// cacheOldGroups returns security groups from before there were VPCs.
func cacheOldGroups(c cachetypes.CacheCluster) []*string {
	var names []*string
	for _, g := range c.CacheSecurityGroups {
		names = append(names, g.CacheSecurityGroupName)
	}
	return names
}

// cacheGroups adds links to the security groups of a cluster, and returns their ids.
func cacheGroups(d *collect.Draft, u *unit, c cachetypes.CacheCluster) []*string {
	list := []*string{}
	for _, g := range c.SecurityGroups {
		list = append(list, g.SecurityGroupId)
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", aws.ToString(g.SecurityGroupId)))
	}
	return list
}
