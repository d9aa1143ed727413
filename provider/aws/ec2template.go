package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// launchTemplateTable reads launch templates, with what the default version says,
// which one list answers for all templates.
func launchTemplateTable(u *unit, client *ec2.Client) collect.Table {
	const versions = "ec2:DescribeLaunchTemplateVersions"
	defaults := collect.Once(func(ctx context.Context) (map[string]ec2types.LaunchTemplateVersion, error) {
		byID := map[string]ec2types.LaunchTemplateVersion{}
		for v, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.LaunchTemplateVersion, string, error) {
			out, err := client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{Versions: []string{"$Default"}, IncludeManagedResources: aws.Bool(true), NextToken: optional(token), MaxResults: aws.Int32(200)})
			if err != nil {
				return nil, "", err
			}
			return out.LaunchTemplateVersions, aws.ToString(out.NextToken), nil
		}) {
			if err != nil {
				return nil, err
			}
			byID[aws.ToString(v.LaunchTemplateId)] = v
		}
		return byID, nil
	})
	used := collect.Once(func(ctx context.Context) (templateUses, error) { return u.templateUses(ctx, client) })
	return collect.Table{
		Op:    "ec2:DescribeLaunchTemplates",
		Also:  []string{"ec2:DescribeInstances", "autoscaling:DescribeAutoScalingGroups"},
		Types: []asset.Type{ec2LaunchTemplate},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeLaunchTemplates(ctx, &ec2.DescribeLaunchTemplatesInput{IncludeManagedResources: aws.Bool(true), NextToken: optional(token), MaxResults: aws.Int32(200)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.LaunchTemplates {
				id := aws.ToString(x.LaunchTemplateId)
				d := collect.NewDraft(ec2LaunchTemplate, u.ec2ARN("", "launch-template", id), aws.ToString(x.LaunchTemplateName))
				d.Key, d.Tags, d.Incarnation, d.Created = id, tagMap(x.Tags, ec2Tag), id, aws.ToTime(x.CreateTime)
				d.Config = collect.Doc{
					"LaunchTemplateId":     id,
					"LaunchTemplateName":   x.LaunchTemplateName,
					"DefaultVersionNumber": x.DefaultVersionNumber,
					"LatestVersionNumber":  x.LatestVersionNumber,
					"TagSpecifications":    []collect.Doc{{"ResourceType": ec2types.ResourceTypeLaunchTemplate, "Tags": collect.Pairs(d.Tags)}},
				}
				d.Status = collect.Doc{"CreateTime": x.CreateTime, "CreatedBy": x.CreatedBy}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: versions,
			Each: func(ctx context.Context, d *collect.Draft) error {
				byID, err := defaults(ctx)
				if err != nil {
					return err
				}
				v, ok := byID[d.Key]
				if !ok || v.LaunchTemplateData == nil {
					return unread(versions, codeNotListed, "the default version is not in the list")
				}
				d.Config["VersionDescription"] = v.VersionDescription
				d.Config["LaunchTemplateData"] = v.LaunchTemplateData
				linkTemplate(d, u, *v.LaunchTemplateData)
				return nil
			},
		}, {
			Op: "ec2:DescribeLaunchTemplateVersions(used)",
			Each: func(ctx context.Context, d *collect.Draft) error {
				uses, err := used(ctx)
				if err != nil {
					return err
				}
				d.Status["UsedVersions"], err = usedVersions(ctx, client, d, uses.of(d))
				return err
			},
		}},
	}
}

// linkTemplate adds the links of a launch template.
func linkTemplate(d *collect.Draft, u *unit, x ec2types.ResponseLaunchTemplateData) {
	groups := x.SecurityGroupIds
	for _, n := range x.NetworkInterfaces {
		groups = append(groups[:len(groups):len(groups)], n.Groups...)
	}
	for _, g := range groups {
		d.Link("security_group", ec2SecurityGroup, u.ec2ARN("", "security-group", g))
	}
	// A template may name a parameter that holds the id of the image.
	if image := aws.ToString(x.ImageId); strings.HasPrefix(image, "ami-") {
		d.Link("image", ec2Image, u.ec2OpenARN("image", image))
	}
	if p := x.IamInstanceProfile; p != nil {
		d.Link("instance_profile", iamInstanceProfile, u.instanceProfileARN(aws.ToString(p.Arn), aws.ToString(p.Name)))
	}
}
