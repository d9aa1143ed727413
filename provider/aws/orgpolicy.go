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
	"github.com/openstance/stance/provider"
)

// orgPolicyTable lists the policies of each kind in turn: the service cannot be asked
// for all. The token is the number of the kind and the service's own.
func orgPolicyTable(client *organizations.Client, tags read) table {
	kinds := orgtypes.PolicyType("").Values()
	return table{
		op:    "organizations:ListPolicies",
		types: []asset.Type{orgPolicy},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			number, own, _ := strings.Cut(token, " ")
			n, _ := strconv.Atoi(number)
			out, err := client.ListPolicies(ctx, &organizations.ListPoliciesInput{Filter: kinds[n], NextToken: optional(own)})
			switch {
			case own == "" && hasCode(err, []string{"InvalidInputException"}):
				// The service does not know the kind, as in partitions that get it later.
				out = &organizations.ListPoliciesOutput{}
			case err != nil:
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Policies {
				d := newDraft(orgPolicy, aws.ToString(x.Arn), aws.ToString(x.Name))
				if !x.AwsManaged {
					d.key = aws.ToString(x.Id)
				}
				d.incarnation = aws.ToString(x.Id)
				d.config = doc{"Arn": x.Arn, "AwsManaged": x.AwsManaged, "Description": x.Description, "Id": x.Id, "Name": x.Name, "Type": x.Type}
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
		reads: []read{{
			op: "organizations:DescribePolicy",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &d.incarnation})
				if err != nil {
					return err
				}
				if out.Policy == nil {
					return fmt.Errorf("no description of %s in the answer", d.name)
				}
				d.config["Content"] = parsed("organizations:DescribePolicy", out.Policy.Content)
				return nil
			},
		}, {
			op: "organizations:ListTargetsForPolicy",
			each: func(ctx context.Context, d *draft) error {
				targets := []*string{}
				var links []asset.Link
				for t, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.PolicyTargetSummary, string, error) {
					out, err := client.ListTargetsForPolicy(ctx, &organizations.ListTargetsForPolicyInput{PolicyId: &d.incarnation, NextToken: optional(token)})
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
				d.config["TargetIds"] = targets
				d.links = append(d.links, links...)
				return nil
			},
		}, tags},
	}
}
