package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/openstance/stance/asset"
)

const codebuildProject asset.Type = "AWS::CodeBuild::Project"

// codebuildTables read projects that build.
func codebuildTables(u *unit) []table {
	const describe = "codebuild:BatchGetProjects"
	client := codebuild.NewFromConfig(u.config("codebuild"))
	return []table{{
		op:    "codebuild:ListProjects",
		also:  []string{"ec2:DescribeSubnets"},
		types: []asset.Type{codebuildProject},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListProjects(ctx, &codebuild.ListProjectsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, name := range out.Projects {
				ds = append(ds, newDraft(codebuildProject, u.arn("codebuild", "project/"+name), name))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op:   describe,
			size: 100,
			together: func(ctx context.Context, ds []*draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.name
				}
				out, err := client.BatchGetProjects(ctx, &codebuild.BatchGetProjectsInput{Names: names})
				if err != nil {
					return err
				}
				byName := map[string]buildtypes.Project{}
				for _, x := range out.Projects {
					byName[aws.ToString(x.Name)] = x
				}
				for _, d := range ds {
					if x, ok := byName[d.name]; ok {
						codebuildRead(ctx, u, d, x)
					} else {
						d.setUnread(u.scan.provider.fills(d.Type, describe), &asset.Unread{Op: describe, Code: codeNotListed, Message: "the project is not in the answer"})
					}
				}
				return nil
			},
		}},
	}}
}

func codebuildRead(ctx context.Context, u *unit, d *draft, x buildtypes.Project) {
	d.created = aws.ToTime(x.Created)
	d.incarnation = incarnationAt(d.created)
	d.tags = tagMap(x.Tags, func(t buildtypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.config = doc{
		"Arn":                     x.Arn,
		"Artifacts":               x.Artifacts,
		"AutoRetryLimit":          x.AutoRetryLimit,
		"BadgeEnabled":            x.Badge != nil && x.Badge.BadgeEnabled,
		"BuildBatchConfig":        x.BuildBatchConfig,
		"Cache":                   x.Cache,
		"ConcurrentBuildLimit":    x.ConcurrentBuildLimit,
		"Description":             x.Description,
		"EncryptionKey":           x.EncryptionKey,
		"Environment":             x.Environment,
		"FileSystemLocations":     x.FileSystemLocations,
		"Id":                      x.Name,
		"LogsConfig":              x.LogsConfig,
		"Name":                    x.Name,
		"QueuedTimeoutInMinutes":  x.QueuedTimeoutInMinutes,
		"ResourceAccessRole":      x.ResourceAccessRole,
		"SecondaryArtifacts":      x.SecondaryArtifacts,
		"SecondarySourceVersions": x.SecondarySourceVersions,
		"SecondarySources":        x.SecondarySources,
		"ServiceRole":             x.ServiceRole,
		"Source":                  x.Source,
		"SourceVersion":           x.SourceVersion,
		"TimeoutInMinutes":        x.TimeoutInMinutes,
		"Triggers":                nil,
		"Visibility":              x.ProjectVisibility,
		"VpcConfig":               nil,
	}
	if x.Environment != nil {
		d.setUnread([]asset.Path{"config.Environment.HostKernel"}, notCollected())
	}
	if w := x.Webhook; w != nil {
		// The webhook has a secret too, which is not kept.
		d.config["Triggers"] = doc{
			"Webhook":                true,
			"BuildType":              w.BuildType,
			"FilterGroups":           w.FilterGroups,
			"PullRequestBuildPolicy": w.PullRequestBuildPolicy,
			"ScopeConfiguration":     w.ScopeConfiguration,
		}
	}
	d.status = doc{"Created": x.Created, "LastModified": x.LastModified}
	// A project outside of all VPCs may have an empty configuration.
	if v := x.VpcConfig; v != nil && aws.ToString(v.VpcId) != "" {
		d.config["VpcConfig"] = v
		d.linkNetwork(ctx, u, v.VpcId, nil, v.SecurityGroupIds)
	}
	d.link("role", iamRole, aws.ToString(x.ServiceRole))
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionKey)))
}
