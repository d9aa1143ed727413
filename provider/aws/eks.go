package aws

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// eksTables read clusters of Kubernetes, and the groups of nodes in each.
func eksTables(u *unit) []collect.Table {
	client := eks.NewFromConfig(u.config("eks"))
	return []collect.Table{{
		Op:     "eks:ListClusters",
		Gone:   []string{"ResourceNotFoundException"},
		Also:   []string{"ec2:DescribeSubnets"},
		Types:  []asset.Type{eksCluster},
		Absent: []string{(&ekstypes.ResourceNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			name := u.onlyName("cluster/", eksCluster)
			if group := u.onlyName("nodegroup/", eksNodegroup); group != "" {
				name, _, _ = strings.Cut(group, "/")
			}
			if name != "" {
				_, err := client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
				if err != nil {
					return nil, "", err
				}
				return []*collect.Draft{eksClusterDraft(u, name)}, "", nil
			}
			out, err := client.ListClusters(ctx, &eks.ListClustersInput{NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, name := range out.Clusters {
				ds = append(ds, eksClusterDraft(u, name))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "eks:DescribeCluster",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &d.Name})
				if err != nil {
					return err
				}
				if out.Cluster == nil {
					return fmt.Errorf("no description of %s in the answer", d.Name)
				}
				eksClusterRead(ctx, u, d, out.Cluster)
				return nil
			},
		}},
		Under: []collect.Table{eksNodegroupTable(u, client)},
	}}
}

func eksClusterDraft(u *unit, name string) *collect.Draft {
	return collect.NewDraft(eksCluster, u.arn("eks", "cluster/"+name), name)
}

func eksClusterRead(ctx context.Context, u *unit, d *collect.Draft, x *ekstypes.Cluster) {
	d.Created, d.Tags = aws.ToTime(x.CreatedAt), tagsOr(x.Tags)
	d.Incarnation = incarnationAt(d.Created)
	var issuer, authority, activeAuthority, vpc, group, encryptionKey *string
	if x.Identity != nil && x.Identity.Oidc != nil {
		issuer = x.Identity.Oidc.Issuer
	}
	if c := x.CertificateAuthority; c != nil {
		if authority = c.Data; c.Active != nil {
			activeAuthority = c.Active.Id
		}
	}
	for _, e := range x.EncryptionConfig {
		if e.Provider != nil {
			encryptionKey = e.Provider.KeyArn
			d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(encryptionKey)))
		}
	}
	if v := x.ResourcesVpcConfig; v != nil {
		vpc, group = v.VpcId, v.ClusterSecurityGroupId
		linkNetwork(d, ctx, u, vpc, v.SubnetIds, v.SecurityGroupIds)
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", aws.ToString(group)))
	}
	d.Link("role", iamRole, aws.ToString(x.RoleArn))
	d.Config = collect.Doc{
		"AccessConfig":                 x.AccessConfig,
		"ActiveCertificateAuthorityId": activeAuthority,
		"Arn":                          x.Arn,
		"CertificateAuthority":         x.CertificateAuthority,
		"CertificateAuthorityData":     authority,
		"ClusterSecurityGroupId":       group,
		"ComputeConfig":                x.ComputeConfig,
		"ControlPlaneScalingConfig":    x.ControlPlaneScalingConfig,
		"DeletionProtection":           x.DeletionProtection,
		"EncryptionConfig":             x.EncryptionConfig,
		"EncryptionConfigKeyArn":       encryptionKey,
		"Endpoint":                     x.Endpoint,
		"Id":                           x.Id,
		"KubeApiServerConfig":          x.KubeApiServerConfig,
		"KubeControllerManagerConfig":  x.KubeControllerManagerConfig,
		"KubeSchedulerConfig":          x.KubeSchedulerConfig,
		"KubernetesNetworkConfig":      x.KubernetesNetworkConfig,
		"Logging":                      eksLogging(x.Logging),
		"Name":                         x.Name,
		"OpenIdConnectIssuerUrl":       issuer,
		"OutpostConfig":                x.OutpostConfig,
		"RemoteNetworkConfig":          x.RemoteNetworkConfig,
		"ResourcesVpcConfig":           x.ResourcesVpcConfig,
		"RoleArn":                      x.RoleArn,
		"StorageConfig":                x.StorageConfig,
		"UpgradePolicy":                x.UpgradePolicy,
		"Version":                      x.Version,
		"ZonalShiftConfig":             x.ZonalShiftConfig,
	}
	d.Status = collect.Doc{"Status": x.Status, "CreatedAt": x.CreatedAt, "PlatformVersion": x.PlatformVersion, "VpcId": vpc}
}

// eksLogging returns the kinds of logs that are on. The API lists those that are off
// too.
func eksLogging(l *ekstypes.Logging) any {
	if l == nil {
		return nil
	}
	on := []collect.Doc{}
	for _, s := range l.ClusterLogging {
		if aws.ToBool(s.Enabled) {
			for _, t := range s.Types {
				on = append(on, collect.Doc{"Type": t})
			}
		}
	}
	return collect.Doc{"ClusterLogging": collect.Doc{"EnabledTypes": on}}
}

// eksNodegroupTable describes the groups while it lists them, since their ARNs end in
// an id that the list does not tell.
func eksNodegroupTable(u *unit, client *eks.Client) collect.Table {
	return collect.Table{
		Op:    "eks:ListNodegroups",
		Gone:  []string{"ResourceNotFoundException"},
		Also:  []string{"eks:DescribeNodegroup", "ec2:DescribeSubnets"},
		Types: []asset.Type{eksNodegroup},
		Of:    eksCluster,
		ListOf: func(ctx context.Context, cluster *collect.Draft, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListNodegroups(ctx, &eks.ListNodegroupsInput{ClusterName: &cluster.Name, NextToken: optional(token), MaxResults: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, name := range out.Nodegroups {
				one, err := client.DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster.Name, NodegroupName: &name})
				switch {
				case awsapi.HasCode(err, []string{(&ekstypes.ResourceNotFoundException{}).ErrorCode()}):
					continue // it was deleted since it was listed
				case err != nil:
					return nil, "", err
				case one.Nodegroup == nil:
					return nil, "", fmt.Errorf("no description of %s in the answer", name)
				}
				ds = append(ds, eksNodegroupDraft(ctx, u, cluster, one.Nodegroup))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}
}

func eksNodegroupDraft(ctx context.Context, u *unit, cluster *collect.Draft, x *ekstypes.Nodegroup) *collect.Draft {
	d := collect.NewDraft(eksNodegroup, aws.ToString(x.NodegroupArn), aws.ToString(x.NodegroupName))
	d.Created, d.Incarnation, d.Tags = aws.ToTime(x.CreatedAt), awsapi.Name(d.ID), tagsOr(x.Tags)
	d.Config = collect.Doc{
		"AmiType":          x.AmiType,
		"Arn":              x.NodegroupArn,
		"CapacityType":     x.CapacityType,
		"ClusterName":      x.ClusterName,
		"DiskSize":         x.DiskSize,
		"Id":               aws.ToString(x.ClusterName) + "/" + aws.ToString(x.NodegroupName),
		"InstanceTypes":    x.InstanceTypes,
		"Labels":           x.Labels,
		"LaunchTemplate":   x.LaunchTemplate,
		"NodeRepairConfig": x.NodeRepairConfig,
		"NodeRole":         x.NodeRole,
		"NodegroupName":    x.NodegroupName,
		"ReleaseVersion":   x.ReleaseVersion,
		"RemoteAccess":     x.RemoteAccess,
		"ScalingConfig":    x.ScalingConfig,
		"Subnets":          x.Subnets,
		"Taints":           x.Taints,
		"UpdateConfig":     x.UpdateConfig,
		"Version":          x.Version,
		"WarmPoolConfig":   x.WarmPoolConfig,
	}
	d.Status = collect.Doc{"Status": x.Status, "CreatedAt": x.CreatedAt, "ModifiedAt": x.ModifiedAt}
	d.Link("parent", eksCluster, cluster.ID)
	d.Link("role", iamRole, aws.ToString(x.NodeRole))
	linkNetwork(d, ctx, u, nil, x.Subnets, nil)
	if x.LaunchTemplate != nil {
		d.Link("launch_template", ec2LaunchTemplate, u.ec2ARN("", "launch-template", aws.ToString(x.LaunchTemplate.Id)))
	}
	return d
}
