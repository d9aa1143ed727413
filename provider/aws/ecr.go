package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/openstance/stance/asset"
)

const ecrRepository asset.Type = "AWS::ECR::Repository"

// ecrTables read repositories of images.
func ecrTables(u *unit) []table {
	client := ecr.NewFromConfig(u.config("ecr"))
	return []table{{
		op:     "ecr:DescribeRepositories",
		types:  []asset.Type{ecrRepository},
		absent: []string{(&ecrtypes.RepositoryNotFoundException{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			in := &ecr.DescribeRepositoriesInput{NextToken: optional(token), MaxResults: aws.Int32(1000)}
			if name := u.onlyName("repository/", ecrRepository); name != "" {
				in = &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}}
			}
			out, err := client.DescribeRepositories(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Repositories {
				ds = append(ds, ecrDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op:     "ecr:GetRepositoryPolicy",
			absent: []string{"RepositoryPolicyNotFoundException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: &d.name, RegistryId: &d.key})
				if err != nil {
					return err
				}
				d.access = policyDocument("ecr:GetRepositoryPolicy", out.PolicyText)
				d.config["RepositoryPolicyText"] = d.access
				return nil
			},
		}, {
			op:     "ecr:GetLifecyclePolicy",
			absent: []string{"LifecyclePolicyNotFoundException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: &d.name, RegistryId: &d.key})
				if err != nil {
					return err
				}
				d.config["LifecyclePolicy"] = doc{"LifecyclePolicyText": out.LifecyclePolicyText, "RegistryId": out.RegistryId}
				return nil
			},
		}, {
			op: "ecr:ListTagsForResource",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &d.ID})
				if err != nil {
					return err
				}
				d.tags = tagMap(out.Tags, func(t ecrtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func ecrDraft(u *unit, x ecrtypes.Repository) *draft {
	d := newDraft(ecrRepository, aws.ToString(x.RepositoryArn), aws.ToString(x.RepositoryName))
	d.created, d.key = aws.ToTime(x.CreatedAt), aws.ToString(x.RegistryId)
	d.incarnation = incarnationAt(d.created)
	var filters []doc
	for _, f := range x.ImageTagMutabilityExclusionFilters {
		filters = append(filters, doc{"ImageTagMutabilityExclusionFilterType": f.FilterType, "ImageTagMutabilityExclusionFilterValue": f.Filter})
	}
	d.config = doc{
		"Arn":                                x.RepositoryArn,
		"EncryptionConfiguration":            x.EncryptionConfiguration,
		"ImageScanningConfiguration":         x.ImageScanningConfiguration,
		"ImageTagMutability":                 x.ImageTagMutability,
		"ImageTagMutabilityExclusionFilters": filters,
		"RepositoryName":                     x.RepositoryName,
		"RepositoryUri":                      x.RepositoryUri,
	}
	d.status = doc{"CreatedAt": x.CreatedAt, "RegistryId": x.RegistryId}
	if x.EncryptionConfiguration != nil {
		d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.EncryptionConfiguration.KmsKey)))
	}
	return d
}
