package aws

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// orgPolicyTable lists the policies of each kind in turn: the service cannot be asked
// for all. The token is the number of the kind and the service's own.
func orgPolicyTable(client *organizations.Client, tags collect.Read) collect.Table {
	kinds := orgtypes.PolicyType("").Values()
	return collect.Table{
		Op:    "organizations:ListPolicies",
		Types: []asset.Type{orgPolicy},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			number, own, _ := strings.Cut(token, " ")
			n, _ := strconv.Atoi(number)
			out, err := client.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: kinds[n], NextToken: optional(own)})
			switch {
			case own == "" && awsapi.HasCode(err, []string{"InvalidInputException"}):
				// The service does not know the kind, as in partitions that get it later.
				out = &organizations.ListPoliciesOutput{}
			case err != nil:
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Policies {
				d := collect.NewDraft(orgPolicy, aws.ToString(x.Arn), aws.ToString(x.Name))
				if !x.AwsManaged {
					d.Key = aws.ToString(x.Id)
				}
				d.Incarnation = aws.ToString(x.Id)
				d.Config = collect.Doc{"Arn": x.Arn, "AwsManaged": x.AwsManaged, "Description": x.Description, "Id": x.Id, "Name": x.Name, "Type": x.Type}
				ds = append(ds, d)
			}
			if next := aws.ToString(out.NextToken); next != "" {
				return ds, number + " " + next, nil
			}
			if n+1 < len(kinds) {
				return ds, strconv.Itoa(n + 1), nil
			}
			return ds, "", nil
		},
		Reads: []collect.Read{{
			Op: "organizations:DescribePolicy",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &d.Incarnation})
				if err != nil {
					return err
				}
				if out.Policy == nil {
					return fmt.Errorf("no description of %s in the answer", d.Name)
				}
				d.Config["Content"] = parsed("organizations:DescribePolicy", out.Policy.Content)
				return nil
			},
		}, {
			Op: "organizations:ListTargetsForPolicy",
			Each: func(ctx context.Context, d *collect.Draft) error {
				targets := []*string{}
				var links []asset.Link
				for t, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.PolicyTargetSummary, string, error) {
					out, err := client.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &d.Incarnation, NextToken: optional(token)})
					if err != nil {
						return nil, "", err
					}
					return out.Targets, aws.ToString(out.NextToken), nil
				}) {
					if err != nil {
						return err
					}
					targets = append(targets, t.TargetId)
					to := asset.Ref{Type: orgAccount, ID: aws.ToString(t.Arn)}
					switch t.Type {
					case orgtypes.TargetTypeOrganizationalUnit:
						to.Type = unitType
					case orgtypes.TargetTypeRoot:
						to = asset.Ref{Type: orgOrganization, ID: orgParentARN(to.ID, aws.ToString(t.TargetId))}
					}
					links = append(links, asset.Link{Rel: "applies_to", To: to})
				}
				d.Config["TargetIds"] = targets
				d.Links = append(d.Links, links...)
				return nil
			},
		}, tags},
	}
}
