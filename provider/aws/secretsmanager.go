package aws

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// secretsManagerTables read what is known of secrets, and never a secret. Those that
// are marked for deletion are omitted: nobody can use one, and its policy is not returned.
func secretsManagerTables(u *unit) []collect.Table {
	client := secretsmanager.NewFromConfig(u.config("secretsmanager"), func(o *secretsmanager.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:    "secretsmanager:ListSecrets",
		Gone:  []string{"ResourceNotFoundException"},
		Types: []asset.Type{secretsManagerSecret},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			in := &secretsmanager.ListSecretsInput{NextToken: optional(token), MaxResults: aws.Int32(100)}
			if name := u.onlyName("secret:", secretsManagerSecret); name != "" {
				in.Filters = []secrettypes.Filter{{Key: secrettypes.FilterNameStringTypeName, Values: []string{secretName(name)}}}
			}
			out, err := client.ListSecrets(ctx, in)
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.SecretList {
				if x.DeletedDate != nil {
					continue
				}
				ds = append(ds, secretDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "secretsmanager:DescribeSecret",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &d.ID})
				switch {
				case err != nil:
					return err
				case out.DeletedDate != nil: // since it was listed
					return collect.ErrGone
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
				if markedForDeletion(err) {
					return collect.ErrGone
				}
				if err != nil {
					return err
				}
				d.Access = policyDocument("secretsmanager:GetResourcePolicy", out.ResourcePolicy)
				return nil
			},
		}},
	}}
}

// markedForDeletion reports whether an error says that a secret was marked for deletion
// since it was listed. The code stands for other requests that are refused, too.
func markedForDeletion(err error) bool {
	var refused *secrettypes.InvalidRequestException
	return errors.As(err, &refused) && strings.Contains(refused.ErrorMessage(), "marked for deletion")
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
