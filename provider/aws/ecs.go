package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// ecsTables read clusters, the services in each, and task definitions that are active.
func ecsTables(u *unit) []collect.Table {
	client := ecs.NewFromConfig(u.config("ecs"))
	return []collect.Table{ecsClusterTable(u, client), ecsTaskTable(u, client)}
}

func ecsClusterTable(u *unit, client *ecs.Client) collect.Table {
	return collect.Table{
		Op:    "ecs:ListClusters",
		Types: []asset.Type{ecsCluster},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			ids, next, err := ecsClusters(ctx, u, client, token)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, id := range ids {
				d := collect.NewDraft(ecsCluster, id, awsapi.Name(id))
				d.Config = collect.Doc{"Arn": id, "ClusterName": d.Name}
				ds = append(ds, d)
			}
			return ds, next, nil
		},
		Reads: []collect.Read{{
			Op:   "ecs:DescribeClusters",
			Size: 100,
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				out, err := client.DescribeClusters(ctx, &ecs.DescribeClustersInput{
					Clusters: ids(ds),
					Include:  []ecstypes.ClusterField{ecstypes.ClusterFieldConfigurations, ecstypes.ClusterFieldSettings, ecstypes.ClusterFieldTags},
				})
				if err != nil {
					return err
				}
				byID := map[string]ecstypes.Cluster{}
				for _, x := range out.Clusters {
					byID[aws.ToString(x.ClusterArn)] = x
				}
				for _, d := range ds {
					x, ok := byID[d.ID]
					if !ok {
						d.Fail(ecsFailure("ecs:DescribeClusters", d.ID, out.Failures))
						continue
					}
					d.Tags = tagMap(x.Tags, ecsTag)
					d.Config["CapacityProviders"] = x.CapacityProviders
					d.Config["ClusterSettings"] = x.Settings
					d.Config["Configuration"] = x.Configuration
					d.Config["DefaultCapacityProviderStrategy"] = x.DefaultCapacityProviderStrategy
					d.Config["ServiceConnectDefaults"] = x.ServiceConnectDefaults
					d.Status = collect.Doc{
						"Status":                            x.Status,
						"RunningTasksCount":                 x.RunningTasksCount,
						"ActiveServicesCount":               x.ActiveServicesCount,
						"RegisteredContainerInstancesCount": x.RegisteredContainerInstancesCount,
					}
				}
				return nil
			},
		}},
		Under: []collect.Table{ecsServiceTable(u, client)},
	}
}

// ecsClusters returns a page of the ARNs of clusters. One that is requested, itself or
// for a service in it, is described to know that it is there: a while after it was
// deleted it still is, as inactive.
func ecsClusters(ctx context.Context, u *unit, client *ecs.Client, token string) ([]string, string, error) {
	name := u.onlyName("cluster/", ecsCluster)
	if cluster, _, ok := strings.Cut(u.onlyName("service/", ecsService), "/"); ok {
		name = cluster // in older ARNs of services there is none
	}
	if name == "" {
		out, err := client.ListClusters(ctx, &ecs.ListClustersInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
		if err != nil {
			return nil, "", err
		}
		return out.ClusterArns, aws.ToString(out.NextToken), nil
	}
	out, err := client.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{name}})
	if err != nil {
		return nil, "", err
	}
	for _, f := range out.Failures {
		if aws.ToString(f.Reason) != "MISSING" {
			return nil, "", ecsFailure("ecs:DescribeClusters", aws.ToString(f.Arn), out.Failures)
		}
	}
	var arns []string
	for _, x := range out.Clusters {
		if aws.ToString(x.Status) != "INACTIVE" {
			arns = append(arns, aws.ToString(x.ClusterArn))
		}
	}
	return arns, "", nil
}

// ids returns the ids of drafts.
func ids(ds []*collect.Draft) []string {
	list := make([]string, len(ds))
	for i, d := range ds {
		list[i] = d.ID
	}
	return list
}

// ecsFailure says why ECS did not describe one of the requested resources.
func ecsFailure(op, id string, failures []ecstypes.Failure) *asset.Unread {
	for _, f := range failures {
		if aws.ToString(f.Arn) == id {
			return unread(op, aws.ToString(f.Reason), aws.ToString(f.Detail))
		}
	}
	return unread(op, codeNotListed, "it is not in the answer")
}

func ecsServiceTable(u *unit, client *ecs.Client) collect.Table {
	return collect.Table{
		Op:    "ecs:ListServices",
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{ecsService},
		Of:    ecsCluster,
		ListOf: func(ctx context.Context, cluster *collect.Draft, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListServices(ctx, &ecs.ListServicesInput{Cluster: &cluster.ID, NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, id := range out.ServiceArns {
				d := collect.NewDraft(ecsService, id, awsapi.Name(id))
				d.Key = cluster.ID
				d.Link("cluster", ecsCluster, cluster.ID)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op:   "ecs:DescribeServices",
			Size: 10,
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				out, err := client.DescribeServices(ctx, &ecs.DescribeServicesInput{
					Cluster: &ds[0].Key, Services: ids(ds), Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
				})
				if err != nil {
					return err
				}
				byID := map[string]ecstypes.Service{}
				for _, x := range out.Services {
					byID[aws.ToString(x.ServiceArn)] = x
				}
				for _, d := range ds {
					if x, ok := byID[d.ID]; ok {
						ecsServiceRead(ctx, u, d, x)
					} else {
						d.Fail(ecsFailure("ecs:DescribeServices", d.ID, out.Failures))
					}
				}
				return nil
			},
		}},
	}
}

func ecsServiceRead(ctx context.Context, u *unit, d *collect.Draft, x ecstypes.Service) {
	d.Created = aws.ToTime(x.CreatedAt)
	d.Incarnation = incarnationAt(d.Created)
	d.Tags = tagMap(x.Tags, ecsTag)
	// What belongs to a revision of the service comes with its deployments.
	var now ecstypes.Deployment
	for _, p := range x.Deployments {
		if aws.ToString(p.Status) == "PRIMARY" {
			now = p
		}
	}
	d.Config = collect.Doc{
		"AvailabilityZoneRebalancing":   x.AvailabilityZoneRebalancing,
		"CapacityProviderStrategy":      x.CapacityProviderStrategy,
		"Cluster":                       x.ClusterArn,
		"DeploymentConfiguration":       x.DeploymentConfiguration,
		"DeploymentController":          x.DeploymentController,
		"DesiredCount":                  x.DesiredCount,
		"EnableECSManagedTags":          x.EnableECSManagedTags,
		"EnableExecuteCommand":          x.EnableExecuteCommand,
		"HealthCheckGracePeriodSeconds": x.HealthCheckGracePeriodSeconds,
		"LaunchType":                    x.LaunchType,
		"LoadBalancers":                 x.LoadBalancers,
		"Monitoring":                    collect.NotCollected(),
		"Name":                          x.ServiceName,
		"NetworkConfiguration":          x.NetworkConfiguration,
		"PlacementConstraints":          x.PlacementConstraints,
		"PlacementStrategies":           x.PlacementStrategy,
		"PlatformVersion":               x.PlatformVersion,
		"PropagateTags":                 x.PropagateTags,
		"Role":                          x.RoleArn,
		"SchedulingStrategy":            x.SchedulingStrategy,
		"ServiceArn":                    x.ServiceArn,
		"ServiceConnectConfiguration":   now.ServiceConnectConfiguration,
		"ServiceName":                   x.ServiceName,
		"ServiceRegistries":             x.ServiceRegistries,
		"TaskDefinition":                x.TaskDefinition,
		"VolumeConfigurations":          now.VolumeConfigurations,
		"VpcLatticeConfigurations":      now.VpcLatticeConfigurations,
	}
	d.Status = collect.Doc{
		"Status":         x.Status,
		"CreatedAt":      x.CreatedAt,
		"CreatedBy":      x.CreatedBy,
		"RunningCount":   x.RunningCount,
		"PendingCount":   x.PendingCount,
		"PlatformFamily": x.PlatformFamily,
	}
	d.Link("task_definition", ecsTaskDefinition, aws.ToString(x.TaskDefinition))
	d.Link("role", iamRole, aws.ToString(x.RoleArn))
	for _, l := range x.LoadBalancers {
		d.Link("target_group", elbTargetGroup, aws.ToString(l.TargetGroupArn))
	}
	if n := x.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		linkNetwork(d, ctx, u, nil, n.AwsvpcConfiguration.Subnets, n.AwsvpcConfiguration.SecurityGroups)
	}
}

func ecsTaskTable(u *unit, client *ecs.Client) collect.Table {
	return collect.Table{
		Op:    "ecs:ListTaskDefinitions",
		Types: []asset.Type{ecsTaskDefinition},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			// What is called a prefix is the whole name of a family.
			family, _, _ := strings.Cut(u.onlyName("task-definition/", ecsTaskDefinition), ":")
			out, err := client.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{
				FamilyPrefix: optional(family), NextToken: optional(token), MaxResults: aws.Int32(100), Status: ecstypes.TaskDefinitionStatusActive,
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, id := range out.TaskDefinitionArns {
				_, name, _ := strings.Cut(id, "/")
				ds = append(ds, collect.NewDraft(ecsTaskDefinition, id, name))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ecs:DescribeTaskDefinition",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
					TaskDefinition: &d.ID, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
				})
				if err != nil {
					return err
				}
				if out.TaskDefinition == nil {
					return fmt.Errorf("no definition of %s in the answer", d.ID)
				}
				ecsTaskRead(d, out.TaskDefinition, out.Tags)
				return nil
			},
		}},
	}
}

func ecsTaskRead(d *collect.Draft, x *ecstypes.TaskDefinition, tags []ecstypes.Tag) {
	d.Created = aws.ToTime(x.RegisteredAt)
	d.Tags = tagMap(tags, ecsTag)
	var proxy collect.Doc
	if p := x.ProxyConfiguration; p != nil {
		proxy = collect.Doc{"ContainerName": p.ContainerName, "Type": p.Type, "ProxyConfigurationProperties": p.Properties}
	}
	d.Config = collect.Doc{
		"ContainerDefinitions":    x.ContainerDefinitions,
		"Cpu":                     x.Cpu,
		"EnableFaultInjection":    x.EnableFaultInjection,
		"EphemeralStorage":        x.EphemeralStorage,
		"ExecutionRoleArn":        x.ExecutionRoleArn,
		"Family":                  x.Family,
		"InferenceAccelerators":   x.InferenceAccelerators,
		"IpcMode":                 x.IpcMode,
		"Memory":                  x.Memory,
		"NetworkMode":             x.NetworkMode,
		"PidMode":                 x.PidMode,
		"PlacementConstraints":    x.PlacementConstraints,
		"ProxyConfiguration":      proxy,
		"RequiresCompatibilities": x.RequiresCompatibilities,
		"RuntimePlatform":         x.RuntimePlatform,
		"TaskDefinitionArn":       x.TaskDefinitionArn,
		"TaskRoleArn":             x.TaskRoleArn,
		"Volumes":                 x.Volumes,
	}
	d.Status = collect.Doc{
		"Status":          x.Status,
		"Revision":        x.Revision,
		"RegisteredAt":    x.RegisteredAt,
		"RegisteredBy":    x.RegisteredBy,
		"Compatibilities": x.Compatibilities,
	}
	d.Link("role", iamRole, aws.ToString(x.ExecutionRoleArn))
	d.Link("role", iamRole, aws.ToString(x.TaskRoleArn))
}

func ecsTag(t ecstypes.Tag) (key, value *string) { return t.Key, t.Value }
