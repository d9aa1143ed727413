package aws

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// autoScalingTables read groups and what their instances are started from.
func autoScalingTables(u *unit) []collect.Table {
	client := autoscaling.NewFromConfig(u.config("autoscaling"))
	return []collect.Table{autoScalingGroups(u, client), launchConfigurations(u, client)}
}

func autoScalingGroups(u *unit, client *autoscaling.Client) collect.Table {
	notifications := collect.Once(func(ctx context.Context) (map[string][]autoscalingtypes.NotificationConfiguration, error) {
		return groupNotifications(ctx, client)
	})
	configurations := collect.Once(func(ctx context.Context) (map[string]string, error) { return launchConfigurationARNs(ctx, client) })
	return collect.Table{
		Op:    "autoscaling:DescribeAutoScalingGroups",
		Also:  []string{"ec2:DescribeSubnets", "autoscaling:DescribeLaunchConfigurations"},
		Types: []asset.Type{autoScalingGroup},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			// Of a group that does not exist the list is empty.
			names := nameIn(u.onlyID(autoScalingGroup), ":autoScalingGroupName/")
			out, err := client.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: names, NextToken: optional(token), MaxRecords: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.AutoScalingGroups {
				d := autoScalingGroupDraft(u, u.netOwners(ctx), x)
				if x.LaunchConfigurationName != nil {
					// If the configurations are denied, the link leads to nothing.
					arns, _ := configurations(ctx)
					to, ok := arns[*x.LaunchConfigurationName]
					if !ok {
						to = u.arn("autoscaling", "launchConfiguration::launchConfigurationName/"+*x.LaunchConfigurationName)
					}
					d.Link("launch_configuration", launchConfiguration, to)
				}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "autoscaling:DescribeLifecycleHooks",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeLifecycleHooks(ctx, &autoscaling.DescribeLifecycleHooksInput{AutoScalingGroupName: &d.Name})
				if err != nil {
					return err
				}
				d.Config["LifecycleHookSpecificationList"] = append([]autoscalingtypes.LifecycleHook{}, out.LifecycleHooks...)
				return nil
			},
		}, {
			Op: "autoscaling:DescribeNotificationConfigurations",
			Each: func(ctx context.Context, d *collect.Draft) error {
				byGroup, err := notifications(ctx)
				if err != nil {
					return err
				}
				d.Config["NotificationConfigurations"] = notificationDocs(byGroup[d.Name])
				return nil
			},
		}},
	}
}

// groupNotifications returns which events of each group are sent to which topics.
func groupNotifications(ctx context.Context, client *autoscaling.Client) (map[string][]autoscalingtypes.NotificationConfiguration, error) {
	byGroup := map[string][]autoscalingtypes.NotificationConfiguration{}
	for n, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]autoscalingtypes.NotificationConfiguration, string, error) {
		out, err := client.DescribeNotificationConfigurations(ctx, &autoscaling.DescribeNotificationConfigurationsInput{NextToken: optional(token), MaxRecords: aws.Int32(100)})
		if err != nil {
			return nil, "", err
		}
		return out.NotificationConfigurations, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		group := aws.ToString(n.AutoScalingGroupName)
		byGroup[group] = append(byGroup[group], n)
	}
	return byGroup, nil
}

// notificationDocs makes one entry of each topic, where the API has one of each event.
func notificationDocs(list []autoscalingtypes.NotificationConfiguration) []collect.Doc {
	docs := []collect.Doc{}
	byTopic := map[string]collect.Doc{}
	for _, n := range list {
		topic := aws.ToString(n.TopicARN)
		d, ok := byTopic[topic]
		if !ok {
			d = collect.Doc{"TopicARN": topic, "NotificationTypes": []*string{}}
			byTopic[topic] = d
			docs = append(docs, d)
		}
		d["NotificationTypes"] = append(d["NotificationTypes"].([]*string), n.NotificationType)
	}
	return docs
}

func autoScalingGroupDraft(u *unit, owners *netOwners, x autoscalingtypes.AutoScalingGroup) *collect.Draft {
	d := collect.NewDraft(autoScalingGroup, aws.ToString(x.AutoScalingGroupARN), aws.ToString(x.AutoScalingGroupName))
	d.Created, d.Incarnation = aws.ToTime(x.CreatedTime), d.ID
	d.Tags = tagMap(x.Tags, func(t autoscalingtypes.TagDescription) (key, value *string) { return t.Key, t.Value })
	var subnets []string
	if zone := aws.ToString(x.VPCZoneIdentifier); zone != "" {
		subnets = strings.Split(zone, ",")
	}
	d.Config = collect.Doc{
		"AutoScalingGroupARN":              x.AutoScalingGroupARN,
		"AutoScalingGroupName":             x.AutoScalingGroupName,
		"AvailabilityZoneDistribution":     x.AvailabilityZoneDistribution,
		"AvailabilityZoneIds":              x.AvailabilityZoneIds,
		"AvailabilityZoneImpairmentPolicy": nil,
		"AvailabilityZones":                x.AvailabilityZones,
		"CapacityRebalance":                x.CapacityRebalance,
		"CapacityReservationSpecification": x.CapacityReservationSpecification,
		"Context":                          x.Context,
		"Cooldown":                         decimal(x.DefaultCooldown),
		"DefaultInstanceWarmup":            x.DefaultInstanceWarmup,
		"DeletionProtection":               x.DeletionProtection,
		"DesiredCapacity":                  decimal(x.DesiredCapacity),
		"DesiredCapacityType":              x.DesiredCapacityType,
		"HealthCheckGracePeriod":           x.HealthCheckGracePeriod,
		"HealthCheckType":                  x.HealthCheckType,
		"InstanceLifecyclePolicy":          x.InstanceLifecyclePolicy,
		"InstanceMaintenancePolicy":        x.InstanceMaintenancePolicy,
		"LaunchConfigurationName":          x.LaunchConfigurationName,
		"LaunchTemplate":                   x.LaunchTemplate,
		"LoadBalancerNames":                x.LoadBalancerNames,
		"MaxInstanceLifetime":              x.MaxInstanceLifetime,
		"MaxSize":                          decimal(x.MaxSize),
		"MetricsCollection":                metricsCollection(x.EnabledMetrics),
		"MinSize":                          decimal(x.MinSize),
		"MixedInstancesPolicy":             x.MixedInstancesPolicy,
		"NewInstancesProtectedFromScaleIn": x.NewInstancesProtectedFromScaleIn,
		"PlacementGroup":                   x.PlacementGroup,
		"ServiceLinkedRoleARN":             x.ServiceLinkedRoleARN,
		"Tags":                             x.Tags,
		"TargetGroupARNs":                  x.TargetGroupARNs,
		"TerminationPolicies":              x.TerminationPolicies,
		"TrafficSources":                   x.TrafficSources,
		"VPCZoneIdentifier":                subnets,
	}
	if p := x.AvailabilityZoneImpairmentPolicy; p != nil {
		d.Config["AvailabilityZoneImpairmentPolicy"] = collect.Doc{
			"ZonalShiftEnabled": p.ZonalShiftEnabled, "ImpairedZoneHealthCheckBehavior": p.ImpairedZoneHealthCheckBehavior,
		}
	}
	d.Status = collect.Doc{
		"CreatedTime":        x.CreatedTime,
		"Status":             x.Status,
		"SuspendedProcesses": x.SuspendedProcesses,
		"Instances":          append([]autoscalingtypes.Instance{}, x.Instances...),
	}
	for _, s := range subnets {
		owners.linkSubnet(d, &s)
	}
	for _, i := range x.Instances {
		d.Link("instance", ec2Instance, u.ec2ARN("", "instance", aws.ToString(i.InstanceId)))
	}
	template := x.LaunchTemplate
	if m := x.MixedInstancesPolicy; m != nil && m.LaunchTemplate != nil {
		template = m.LaunchTemplate.LaunchTemplateSpecification
	}
	if template != nil {
		d.Link("launch_template", ec2LaunchTemplate, u.ec2ARN("", "launch-template", aws.ToString(template.LaunchTemplateId)))
	}
	for _, g := range x.TargetGroupARNs {
		d.Link("target_group", elbTargetGroup, g)
	}
	d.Link("role", iamRole, aws.ToString(x.ServiceLinkedRoleARN))
	return d
}

// decimal returns a number as text, which CloudFormation has where the API has a number.
func decimal(n *int32) *string {
	if n == nil {
		return nil
	}
	return aws.String(strconv.Itoa(int(*n)))
}

// metricsCollection makes one entry of each granularity, where the API has one of each
// metric.
func metricsCollection(enabled []autoscalingtypes.EnabledMetric) []collect.Doc {
	docs := []collect.Doc{}
	byGranularity := map[string]collect.Doc{}
	for _, m := range enabled {
		granularity := aws.ToString(m.Granularity)
		d, ok := byGranularity[granularity]
		if !ok {
			d = collect.Doc{"Granularity": granularity, "Metrics": []*string{}}
			byGranularity[granularity] = d
			docs = append(docs, d)
		}
		d["Metrics"] = append(d["Metrics"].([]*string), m.Metric)
	}
	return docs
}

// nameIn returns the name that follows a part of an id, and none if the id has no such part.
func nameIn(id, after string) []string {
	if _, name, ok := strings.Cut(id, after); ok && name != "" {
		return []string{name}
	}
	return nil
}

func launchConfigurationPage(ctx context.Context, client *autoscaling.Client, names []string, token string) ([]autoscalingtypes.LaunchConfiguration, string, error) {
	out, err := client.DescribeLaunchConfigurations(ctx, &autoscaling.DescribeLaunchConfigurationsInput{LaunchConfigurationNames: names, NextToken: optional(token), MaxRecords: aws.Int32(100)})
	if err != nil {
		return nil, "", err
	}
	return out.LaunchConfigurations, aws.ToString(out.NextToken), nil
}

// launchConfigurationARNs returns the ARNs of launch configurations by the names that
// groups know them by: there is more in an ARN than the name.
func launchConfigurationARNs(ctx context.Context, client *autoscaling.Client) (map[string]string, error) {
	arns := map[string]string{}
	for x, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]autoscalingtypes.LaunchConfiguration, string, error) {
		return launchConfigurationPage(ctx, client, nil, token)
	}) {
		if err != nil {
			return nil, err
		}
		arns[aws.ToString(x.LaunchConfigurationName)] = aws.ToString(x.LaunchConfigurationARN)
	}
	return arns, nil
}

func launchConfigurations(u *unit, client *autoscaling.Client) collect.Table {
	return collect.Table{
		Op:    "autoscaling:DescribeLaunchConfigurations",
		Types: []asset.Type{launchConfiguration},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			page, next, err := launchConfigurationPage(ctx, client, nameIn(u.onlyID(launchConfiguration), ":launchConfigurationName/"), token)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range page {
				ds = append(ds, launchConfigurationDraft(u, x))
			}
			return ds, next, nil
		},
	}
}

func launchConfigurationDraft(u *unit, x autoscalingtypes.LaunchConfiguration) *collect.Draft {
	d := collect.NewDraft(launchConfiguration, aws.ToString(x.LaunchConfigurationARN), aws.ToString(x.LaunchConfigurationName))
	d.Created, d.Incarnation = aws.ToTime(x.CreatedTime), d.ID
	d.Config = collect.Doc{
		"LaunchConfigurationName":      x.LaunchConfigurationName,
		"AssociatePublicIpAddress":     x.AssociatePublicIpAddress,
		"BlockDeviceMappings":          x.BlockDeviceMappings,
		"ClassicLinkVPCId":             optional(aws.ToString(x.ClassicLinkVPCId)),
		"ClassicLinkVPCSecurityGroups": x.ClassicLinkVPCSecurityGroups,
		"EbsOptimized":                 x.EbsOptimized,
		"IamInstanceProfile":           optional(aws.ToString(x.IamInstanceProfile)),
		"ImageId":                      x.ImageId,
		"InstanceMonitoring":           nil,
		"InstanceType":                 x.InstanceType,
		"KernelId":                     optional(aws.ToString(x.KernelId)),
		"KeyName":                      optional(aws.ToString(x.KeyName)),
		"MetadataOptions":              x.MetadataOptions,
		"PlacementTenancy":             x.PlacementTenancy,
		"RamDiskId":                    optional(aws.ToString(x.RamdiskId)),
		"SecurityGroups":               x.SecurityGroups,
		"SpotPrice":                    x.SpotPrice,
		"UserData":                     optional(aws.ToString(x.UserData)),
	}
	if m := x.InstanceMonitoring; m != nil {
		d.Config["InstanceMonitoring"] = m.Enabled
	}
	d.Status = collect.Doc{"CreatedTime": x.CreatedTime}
	for _, g := range x.SecurityGroups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	d.Link("image", ec2Image, u.ec2OpenARN("image", aws.ToString(x.ImageId)))
	d.Link("instance_profile", iamInstanceProfile, u.instanceProfileARN("", aws.ToString(x.IamInstanceProfile)))
	return d
}
