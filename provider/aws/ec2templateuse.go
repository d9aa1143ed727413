package aws

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// templateUses are the versions of launch templates that instances and Auto Scaling groups
// use, by the id or the name of the template: numbers, $Latest and $Default.
type templateUses map[string]map[string]bool

func (t templateUses) add(template, version *string) {
	key := aws.ToString(template)
	if key == "" || aws.ToString(version) == "" {
		return // no version is the default one
	}
	if t[key] == nil {
		t[key] = map[string]bool{}
	}
	t[key][*version] = true
}

func (t templateUses) addSpecification(s *autoscalingtypes.LaunchTemplateSpecification) {
	if s == nil {
		return
	}
	if s.LaunchTemplateId != nil {
		t.add(s.LaunchTemplateId, s.Version)
	} else {
		t.add(s.LaunchTemplateName, s.Version)
	}
}

// of returns the versions of a template that are used, apart from the default one, sorted.
func (t templateUses) of(d *collect.Draft) []string {
	versions := map[string]bool{}
	maps.Copy(versions, t[d.Key])
	maps.Copy(versions, t[d.Name])
	delete(versions, "$Default")
	if number, ok := d.Config["DefaultVersionNumber"].(*int64); ok && number != nil {
		delete(versions, strconv.FormatInt(*number, 10))
	}
	return slices.Sorted(maps.Keys(versions))
}

// versionData returns the parts of a version that decide what it exposes.
func versionData(x *ec2types.ResponseLaunchTemplateData) any {
	if x == nil {
		return nil
	}
	return collect.Doc{
		"BlockDeviceMappings": x.BlockDeviceMappings,
		"IamInstanceProfile":  x.IamInstanceProfile,
		"ImageId":             x.ImageId,
		"MetadataOptions":     x.MetadataOptions,
		"NetworkInterfaces":   x.NetworkInterfaces,
		"SecurityGroupIds":    x.SecurityGroupIds,
		"SecurityGroups":      x.SecurityGroups,
		"UserData":            x.UserData,
	}
}

// versionGone are the error codes for versions that do not exist.
func versionGone() []string { return []string{"InvalidLaunchTemplateId.VersionNotFound"} }

// templateUses asks the instances of the region, whose tags say what launched them, and the
// Auto Scaling groups.
func (u *unit) templateUses(ctx context.Context, client *ec2.Client) (templateUses, error) {
	const idTag, versionTag = "aws:ec2launchtemplate:id", "aws:ec2launchtemplate:version"
	uses := templateUses{}
	launched := []ec2types.Filter{{Name: aws.String("tag-key"), Values: []string{versionTag}}}
	for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]ec2types.Reservation, string, error) {
		out, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{Filters: launched, IncludeManagedResources: aws.Bool(true), NextToken: optional(token), MaxResults: aws.Int32(ec2Page)})
		if err != nil {
			return nil, "", err
		}
		return out.Reservations, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		for _, x := range r.Instances {
			tags := tagMap(x.Tags, ec2Tag)
			template, version := tags[idTag], tags[versionTag]
			uses.add(&template, &version)
		}
	}
	groups := autoscaling.NewFromConfig(u.config("autoscaling"))
	for g, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]autoscalingtypes.AutoScalingGroup, string, error) {
		out, err := groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: optional(token), MaxRecords: aws.Int32(100)})
		if err != nil {
			return nil, "", err
		}
		return out.AutoScalingGroups, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, awsapi.Unread("autoscaling:DescribeAutoScalingGroups", err)
		}
		uses.addSpecification(g.LaunchTemplate)
		if p := g.MixedInstancesPolicy; p != nil && p.LaunchTemplate != nil {
			uses.addSpecification(p.LaunchTemplate.LaunchTemplateSpecification)
			for _, o := range p.LaunchTemplate.Overrides {
				uses.addSpecification(o.LaunchTemplateSpecification)
			}
		}
		for _, i := range g.Instances {
			uses.addSpecification(i.LaunchTemplate)
		}
	}
	return uses, nil
}

// usedVersions reads versions of a template other than the default one. A version that was
// deleted launches nothing any more.
func usedVersions(ctx context.Context, client *ec2.Client, d *collect.Draft, versions []string) ([]collect.Doc, error) {
	read := func(versions ...string) ([]collect.Doc, error) {
		out, err := client.DescribeLaunchTemplateVersions(ctx, &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: &d.Key, Versions: versions})
		if err != nil {
			return nil, err
		}
		var docs []collect.Doc
		for _, v := range out.LaunchTemplateVersions {
			if !aws.ToBool(v.DefaultVersion) {
				docs = append(docs, collect.Doc{"VersionNumber": v.VersionNumber, "VersionDescription": v.VersionDescription, "LaunchTemplateData": versionData(v.LaunchTemplateData)})
			}
		}
		return docs, nil
	}
	all := []collect.Doc{}
	for some := range slices.Chunk(versions, 100) {
		docs, err := read(some...)
		if awsapi.HasCode(err, versionGone()) {
			docs, err = nil, nil
			for _, v := range some {
				one, failed := read(v)
				if failed != nil && !awsapi.HasCode(failed, versionGone()) {
					return nil, failed
				}
				docs = append(docs, one...)
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, docs...)
	}
	seen := map[int64]bool{} // a number and $Latest may be the same
	return slices.DeleteFunc(all, func(doc collect.Doc) bool {
		number := aws.ToInt64(doc["VersionNumber"].(*int64))
		twice := seen[number]
		seen[number] = true
		return twice
	}), nil
}
