package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// ecrTables read repositories of images.
func ecrTables(u *unit) []collect.Table {
	client := ecr.NewFromConfig(u.config("ecr"), func(o *ecr.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:     "ecr:DescribeRepositories",
		Gone:   []string{"RepositoryNotFoundException"},
		Types:  []asset.Type{ecrRepository},
		Absent: []string{(&ecrtypes.RepositoryNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &ecr.DescribeRepositoriesInput{NextToken: optional(token), MaxResults: aws.Int32(1000)}
			if name := u.onlyName("repository/", ecrRepository); name != "" {
				in = &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}}
			}
			out, err := client.DescribeRepositories(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Repositories {
				ds = append(ds, ecrDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op:     "ecr:GetRepositoryPolicy",
			Absent: []string{"RepositoryPolicyNotFoundException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &d.Name, RegistryId: &d.Key})
				if err != nil {
					return err
				}
				d.Access = policyDocument("ecr:GetRepositoryPolicy", out.PolicyText)
				d.Config["RepositoryPolicyText"] = d.Access
				return nil
			},
		}, {
			Op:     "ecr:GetLifecyclePolicy",
			Absent: []string{"LifecyclePolicyNotFoundException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &d.Name, RegistryId: &d.Key})
				if err != nil {
					return err
				}
				d.Config["LifecyclePolicy"] = collect.Doc{"LifecyclePolicyText": out.LifecyclePolicyText, "RegistryId": out.RegistryId}
				return nil
			},
		}, {
			Op: "ecr:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &d.ID})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.Tags, func(t ecrtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func ecrDraft(u *unit, x ecrtypes.Repository) *collect.Draft {
	d := collect.NewDraft(ecrRepository, aws.ToString(x.RepositoryArn), aws.ToString(x.RepositoryName))
	d.Created, d.Key = aws.ToTime(x.CreatedAt), aws.ToString(x.RegistryId)
	d.Incarnation = incarnationAt(d.Created)
	var filters []collect.Doc
	for _, f := range x.ImageTagMutabilityExclusionFilters {
		filters = append(filters, collect.Doc{"ImageTagMutabilityExclusionFilterType": f.FilterType, "ImageTagMutabilityExclusionFilterValue": f.Filter})
	}
	d.Config = collect.Doc{
		"Arn":                                x.RepositoryArn,
		"EncryptionConfiguration":            x.EncryptionConfiguration,
		"ImageScanningConfiguration":         x.ImageScanningConfiguration,
		"ImageTagMutability":                 x.ImageTagMutability,
		"ImageTagMutabilityExclusionFilters": filters,
		"RepositoryName":                     x.RepositoryName,
		"RepositoryUri":                      x.RepositoryUri,
	}
	d.Status = collect.Doc{"CreatedAt": x.CreatedAt, "RegistryId": x.RegistryId}
	if x.EncryptionConfiguration != nil {
		d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionConfiguration.KmsKey)))
	}
	return d
}
