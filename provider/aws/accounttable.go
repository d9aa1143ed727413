package aws

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	smithyendpoints "github.com/aws/smithy-go/endpoints"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// accountTable describes the account itself.
func accountTable(u *unit, client *iam.Client, report func(context.Context) (credentialReport, error)) collect.Table {
	blocks := s3control.NewFromConfig(u.config("s3control"), plainS3Control)
	contacts := accountapi.NewFromConfig(u.config("account"))
	return collect.Table{
		Op:     "sts:GetCallerIdentity",
		Types:  []asset.Type{accountType},
		Global: true,
		List: func(context.Context, string) ([]*collect.Draft, string, error) {
			// That the account is there was seen when it was entered.
			name := u.account.Name
			if name == "" {
				name = u.account.ID
			}
			d := collect.NewDraft(accountType, u.account.ID, name)
			d.Config["Id"] = u.account.ID
			if d.Tags = u.account.Tags; d.Tags == nil && u.account.tagsUnread != nil {
				d.Config["Tags"] = u.account.tagsUnread
			}
			return []*collect.Draft{d}, "", nil
		},
		Reads: []collect.Read{{
			Op: "iam:GetAccountSummary",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
				if err != nil {
					return err
				}
				d.Status["SummaryMap"] = out.SummaryMap
				return nil
			},
		}, {
			Op:     "iam:GetAccountPasswordPolicy",
			Absent: []string{"NoSuchEntity"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetAccountPasswordPolicy(ctx, &iam.GetAccountPasswordPolicyInput{})
				if err != nil {
					return err
				}
				d.Config["PasswordPolicy"] = out.PasswordPolicy
				return nil
			},
		}, {
			Op: "iam:GetCredentialReport",
			Each: func(ctx context.Context, d *collect.Draft) error {
				rows, err := report(ctx)
				if err != nil {
					return err
				}
				row, err := rows.of(rootRow, time.Time{})
				if err != nil {
					return err
				}
				d.Status["CredentialReport"] = row
				return nil
			},
		}, {
			Op: "iam:ListAccountAliases",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListAccountAliases(ctx, &iam.ListAccountAliasesInput{})
				if err != nil {
					return err
				}
				d.Status["AccountAliases"] = out.AccountAliases
				return nil
			},
		}, {
			Op:     "s3control:GetPublicAccessBlock",
			Absent: []string{"NoSuchPublicAccessBlockConfiguration"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := blocks.GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &d.ID})
				if err != nil {
					return err
				}
				d.Config["PublicAccessBlockConfiguration"] = out.PublicAccessBlockConfiguration
				return nil
			},
		}, {
			Op: "account:GetAlternateContact",
			Each: func(ctx context.Context, d *collect.Draft) error {
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
				d.Config["AlternateContacts"] = list
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
