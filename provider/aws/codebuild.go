package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// codebuildTables read projects that build.
func codebuildTables(u *unit) []collect.Table {
	const describe = "codebuild:BatchGetProjects"
	client := codebuild.NewFromConfig(u.config("codebuild"))
	return []collect.Table{{
		Op:    "codebuild:ListProjects",
		Also:  []string{"ec2:DescribeSubnets"},
		Types: []asset.Type{codebuildProject},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListProjects(ctx, &codebuild.ListProjectsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, name := range out.Projects {
				ds = append(ds, collect.NewDraft(codebuildProject, u.arn("codebuild", "project/"+name), name))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op:   describe,
			Size: 100,
			Together: func(ctx context.Context, ds []*collect.Draft) error {
				names := make([]string, len(ds))
				for i, d := range ds {
					names[i] = d.Name
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
					if x, ok := byName[d.Name]; ok {
						codebuildRead(ctx, u, d, x)
					} else {
						d.Fail(unread(describe, codeNotListed, "the project is not in the answer"))
					}
				}
				return nil
			},
		}},
	}}
}

func codebuildRead(ctx context.Context, u *unit, d *collect.Draft, x buildtypes.Project) {
	d.Created = aws.ToTime(x.Created)
	d.Incarnation = incarnationAt(d.Created)
	d.Tags = tagMap(x.Tags, func(t buildtypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.Config = collect.Doc{
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
		d.SetUnread(collect.NotCollected(), "config.Environment.HostKernel")
	}
	if w := x.Webhook; w != nil {
		// The webhook has a secret too, which is not kept.
		d.Config["Triggers"] = collect.Doc{
			"Webhook":                true,
			"BuildType":              w.BuildType,
			"FilterGroups":           w.FilterGroups,
			"PullRequestBuildPolicy": w.PullRequestBuildPolicy,
			"ScopeConfiguration":     w.ScopeConfiguration,
		}
	}
	d.Status = collect.Doc{"Created": x.Created, "LastModified": x.LastModified}
	// A project outside of all VPCs may have an empty configuration.
	if v := x.VpcConfig; v != nil && aws.ToString(v.VpcId) != "" {
		d.Config["VpcConfig"] = v
		linkNetwork(d, ctx, u, v.VpcId, nil, v.SecurityGroupIds)
	}
	d.Link("role", iamRole, aws.ToString(x.ServiceRole))
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionKey)))
}
