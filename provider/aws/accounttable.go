package aws

import (
	"context"
	"errors"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/openstance/stance/asset"
)

// accountTable describes the account itself.
func accountTable(u *unit, client *iam.Client, report func(context.Context) (credentialReport, error)) table {
	blocks := s3control.NewFromConfig(u.config("s3control"), plainS3Control)
	contacts := accountapi.NewFromConfig(u.config("account"))
	return table{
		op:     "sts:GetCallerIdentity",
		types:  []asset.Type{accountType},
		global: true,
		list: func(context.Context, string) ([]*draft, string, error) {
			// That the account is there was seen when it was entered.
			name := u.account.Name
			if name == "" {
				name = u.account.ID
			}
			d := newDraft(accountType, u.account.ID, name)
			d.config["Id"] = u.account.ID
			if d.tags = u.account.Tags; d.tags == nil && u.account.tagsUnread != nil {
				d.config["Tags"] = u.account.tagsUnread
			}
			return []*draft{d}, "", nil
		},
		reads: []read{{
			op: "iam:GetAccountSummary",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
				if err != nil {
					return err
				}
				d.status["SummaryMap"] = out.SummaryMap
				return nil
			},
		}, {
			op:     "iam:GetAccountPasswordPolicy",
			absent: []string{"NoSuchEntity"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
				if err != nil {
					return err
				}
				d.config["PasswordPolicy"] = out.PasswordPolicy
				return nil
			},
		}, {
			op: "iam:GetCredentialReport",
			each: func(ctx context.Context, d *draft) error {
				rows, err := report(ctx)
				if err != nil {
					return err
				}
				row, ok := rows[rootRow]
				if !ok {
					return &asset.Unread{Op: "iam:GetCredentialReport", Code: codeNotInReport, Message: "the report has no row of the root user"}
				}
				d.status["CredentialReport"] = row
				return nil
			},
		}, {
			op: "iam:ListAccountAliases",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
				if err != nil {
					return err
				}
				d.status["AccountAliases"] = out.AccountAliases
				return nil
			},
		}, {
			op:     "s3control:GetPublicAccessBlock",
			absent: []string{"NoSuchPublicAccessBlockConfiguration"},
			each: func(ctx context.Context, d *draft) error {
				out, err := blocks.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &d.ID})
				if err != nil {
					return err
				}
				d.config["PublicAccessBlockConfiguration"] = out.PublicAccessBlockConfiguration
				return nil
			},
		}, {
			op: "account:GetAlternateContact",
			each: func(ctx context.Context, d *draft) error {
				list := []*accounttypes.AlternateContact{}
				for _, kind := range accounttypes.AlternateContactType("").Values() {
					out, err := contacts.GetAlternateContact(ctx, &accountapi.GetAlternateContactInput{AlternateContactType: kind})
					var none *accounttypes.ResourceNotFoundException
					switch {
					case errors.As(err, &none):
					case err != nil:
						return err
					case out.AlternateContact != nil:
						list = append(list, out.AlternateContact)
					}
				}
				d.config["AlternateContacts"] = list
				return nil
			},
		}},
	}
}

// plainS3Control calls an endpoint that the configuration names as it is, where the
// client would put the number of the account before its name.
func plainS3Control(o *s3control.Options) {
	if o.BaseEndpoint != nil {
		o.EndpointResolverV2 = fixedEndpoint(aws.ToString(o.BaseEndpoint))
	}
}

type fixedEndpoint string

func (e fixedEndpoint) ResolveEndpoint(context.Context, s3control.EndpointParameters) (smithyendpoints.Endpoint, error) {
	uri, err := url.Parse(string(e))
	if err != nil {
		return smithyendpoints.Endpoint{}, err
	}
	return smithyendpoints.Endpoint{URI: *uri}, nil
}
