package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// secretsManagerTables read what is known of secrets, and never a secret. Those that
// wait to be deleted are among them.
func secretsManagerTables(u *unit) []collect.Table {
	client := secretsmanager.NewFromConfig(u.config("secretsmanager"), func(o *secretsmanager.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:    "secretsmanager:ListSecrets",
		Types: []asset.Type{secretsManagerSecret},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &secretsmanager.ListSecretsInput{NextToken: optional(token), MaxResults: aws.Int32(100), IncludePlannedDeletion: aws.Bool(true)}
			if name := u.onlyName("secret:", secretsManagerSecret); name != "" {
				in.Filters = []secrettypes.Filter{{Key: secrettypes.FilterNameStringTypeName, Values: []string{secretName(name)}}}
			}
			out, err := client.ListSecrets(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.SecretList {
				ds = append(ds, secretDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "secretsmanager:DescribeSecret",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &d.ID})
				if err != nil {
					return err
				}
				replicas := []collect.Doc{}
				for _, r := range out.ReplicationStatus {
					replicas = append(replicas, collect.Doc{"Region": r.Region, "KmsKeyId": r.KmsKeyId})
				}
				d.Config["ReplicaRegions"] = replicas
				return nil
			},
		}, {
			Op: "secretsmanager:GetResourcePolicy",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &d.ID})
				if err != nil {
					return err
				}
				d.Access = policyDocument("secretsmanager:GetResourcePolicy", out.ResourcePolicy)
				return nil
			},
		}},
	}}
}

// secretName returns the name of a secret by the end of its ARN, which has a hyphen and
// six characters more. An exclamation mark at the beginning, which names do not have,
// would ask for all secrets but one.
func secretName(end string) string {
	if i := len(end) - len("-AbCdEf"); i > 0 && end[i] == '-' {
		end = end[:i]
	}
	return strings.TrimLeft(end, "!")
}

func secretDraft(u *unit, x secrettypes.SecretListEntry) *collect.Draft {
	d := collect.NewDraft(secretsManagerSecret, aws.ToString(x.ARN), aws.ToString(x.Name))
	d.Created = aws.ToTime(x.CreatedDate)
	d.Incarnation = incarnationAt(d.Created)
	d.Tags = tagMap(x.Tags, func(t secrettypes.Tag) (key, value *string) { return t.Key, t.Value })
	d.Config = collect.Doc{
		"Description": x.Description,
		"Id":          x.ARN,
		"KmsKeyId":    x.KmsKeyId,
		"Name":        x.Name,
		"Type":        x.Type,
	}
	d.Status = collect.Doc{
		"CreatedDate":       x.CreatedDate,
		"LastAccessedDate":  x.LastAccessedDate,
		"LastChangedDate":   x.LastChangedDate,
		"LastRotatedDate":   x.LastRotatedDate,
		"NextRotationDate":  x.NextRotationDate,
		"DeletedDate":       x.DeletedDate,
		"RotationEnabled":   x.RotationEnabled,
		"RotationLambdaARN": x.RotationLambdaARN,
		"RotationRules":     x.RotationRules,
		"OwningService":     x.OwningService,
		"PrimaryRegion":     x.PrimaryRegion,
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	d.Link("rotated_by", lambdaFunction, unqualified(aws.ToString(x.RotationLambdaARN)))
	return d
}
