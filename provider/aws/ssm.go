package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// ssmTables read what is known of parameters, and never their values.
func ssmTables(u *unit) []collect.Table {
	client := ssm.NewFromConfig(u.config("ssm"))
	return []collect.Table{{
		Op:    "ssm:DescribeParameters",
		Types: []asset.Type{ssmParameter},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &ssm.DescribeParametersInput{NextToken: optional(token), MaxResults: aws.Int32(50)}
			if name := u.onlyName("parameter/", ssmParameter); name != "" {
				// The slash that paths begin with is not in the ARN.
				in.ParameterFilters = []ssmtypes.ParameterStringFilter{{Key: aws.String("Name"), Option: aws.String("Equals"), Values: []string{name, "/" + name}}}
			}
			out, err := client.DescribeParameters(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Parameters {
				ds = append(ds, parameterDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "ssm:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: ssmtypes.ResourceTypeForTaggingParameter, ResourceId: &d.Name})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.TagList, func(t ssmtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func parameterDraft(u *unit, x ssmtypes.ParameterMetadata) *collect.Draft {
	name := aws.ToString(x.Name)
	id := aws.ToString(x.ARN)
	if id == "" {
		id = u.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
	}
	d := collect.NewDraft(ssmParameter, id, name)
	var policies any
	if len(x.Policies) > 0 {
		texts := make([]string, 0, len(x.Policies))
		for _, p := range x.Policies {
			texts = append(texts, aws.ToString(p.PolicyText))
		}
		policies = "[" + strings.Join(texts, ",") + "]"
	}
	d.Config = collect.Doc{
		"AllowedPattern": x.AllowedPattern,
		"Arn":            id,
		"DataType":       x.DataType,
		"Description":    x.Description,
		"Name":           x.Name,
		"Policies":       policies,
		"Tier":           x.Tier,
		"Type":           x.Type,
	}
	d.Status = collect.Doc{"KeyId": x.KeyId, "LastModifiedDate": x.LastModifiedDate, "LastModifiedUser": x.LastModifiedUser, "Version": x.Version}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KeyId)))
	return d
}
