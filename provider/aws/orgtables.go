package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// noOrganization is what is answered to an account that is in none.
const noOrganization = "AWSOrganizationsNotInUseException"

// organizationsTables read the organization that the account is in. Accounts, units
// and policies are visible to its management account and to delegated ones only, so that
// in a scan of the organization they are not requested in the other accounts.
func organizationsTables(u *unit) []collect.Table {
	client := organizations.NewFromConfig(u.config("organizations"))
	describe := collect.Once(func(ctx context.Context) (*orgtypes.Organization, error) {
		out, err := client.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
		if err == nil && out.Organization == nil {
			err = errors.New("no organization in the answer")
		}
		if err != nil {
			return nil, err
		}
		return out.Organization, nil
	})
	member := u.scan.askedElsewhere(u.account) != nil
	roots := collect.Once(func(ctx context.Context) ([]orgtypes.Root, error) {
		if member {
			return nil, unread("organizations:ListRoots", codeNotAsked, "the account does not manage the organization")
		}
		return orgRoots(ctx, client)
	})
	tags := collect.Read{
		Op: "organizations:ListTagsForResource",
		Each: func(ctx context.Context, d *collect.Draft) (err error) {
			if d.Key == "" {
				d.Tags = map[string]string{} // what AWS manages has none
				return nil
			}
			d.Tags, err = orgTags(ctx, client, d.Key)
			return err
		},
	}
	tables := []collect.Table{orgTable(describe, roots), orgUnitTable(client, roots, tags), orgAccountTable(client, tags), orgPolicyTable(client, tags)}
	for i := range tables {
		t := &tables[i]
		t.Global, t.Absent = true, []string{noOrganization}
		if i > 0 {
			t.Also = append(t.Also, "organizations:DescribeOrganization")
			t.List = toManagers(u.account.ID, t.Op, t.List, describe)
		}
	}
	if member {
		return tables[:1]
	}
	return tables
}

func orgTable(describe func(context.Context) (*orgtypes.Organization, error), roots func(context.Context) ([]orgtypes.Root, error)) collect.Table {
	return collect.Table{
		Op:    "organizations:DescribeOrganization",
		Types: []asset.Type{orgOrganization},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			x, err := describe(ctx)
			if err != nil {
				return nil, "", err
			}
			d := collect.NewDraft(orgOrganization, aws.ToString(x.Arn), aws.ToString(x.Id))
			d.Incarnation = d.Name
			d.Config = collect.Doc{
				"Arn":                    x.Arn,
				"FeatureSet":             x.FeatureSet,
				"Id":                     x.Id,
				"ManagementAccountArn":   x.MasterAccountArn,
				"ManagementAccountEmail": x.MasterAccountEmail,
				"ManagementAccountId":    x.MasterAccountId,
			}
			return []*collect.Draft{d}, "", nil
		},
		Reads: []collect.Read{{
			Op: "organizations:ListRoots",
			Each: func(ctx context.Context, d *collect.Draft) error {
				all, err := roots(ctx)
				if err != nil {
					return err
				}
				if len(all) > 0 {
					d.Config["RootId"] = all[0].Id
				}
				return nil
			},
		}},
	}
}

// orgUnitTable walks the tree from its roots, a page for each parent.
func orgUnitTable(client *organizations.Client, roots func(context.Context) ([]orgtypes.Root, error), tags collect.Read) collect.Table {
	type parent struct{ id, arn string }
	var queue []parent
	return collect.Table{
		Op:    "organizations:ListOrganizationalUnitsForParent",
		Also:  []string{"organizations:ListRoots"},
		Types: []asset.Type{unitType},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			if token == "" {
				all, err := roots(ctx)
				if err != nil {
					return nil, "", err
				}
				for _, r := range all {
					queue = append(queue, parent{aws.ToString(r.Id), orgParentARN(aws.ToString(r.Arn), aws.ToString(r.Id))})
				}
			}
			n, _ := strconv.Atoi(token)
			if n >= len(queue) {
				return nil, "", nil
			}
			p := queue[n]
			var ds []*collect.Draft
			for x, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.OrganizationalUnit, string, error) {
				out, err := client.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &p.id, NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.OrganizationalUnits, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return nil, "", err
				}
				d := collect.NewDraft(unitType, aws.ToString(x.Arn), aws.ToString(x.Name))
				d.Key = aws.ToString(x.Id)
				if slices.ContainsFunc(queue, func(p parent) bool { return p.id == d.Key }) {
					return nil, "", fmt.Errorf("unit %q is in two places", d.Key)
				}
				d.Incarnation = d.Key
				d.Config = collect.Doc{"Arn": x.Arn, "Id": x.Id, "Name": x.Name, "ParentId": p.id, "Path": x.Path}
				linkParent(d, p.arn)
				ds = append(ds, d)
				queue = append(queue, parent{d.Key, d.ID})
			}
			if n+1 < len(queue) {
				return ds, strconv.Itoa(n + 1), nil
			}
			return ds, "", nil
		},
		Reads: []collect.Read{tags},
	}
}

func orgAccountTable(client *organizations.Client, tags collect.Read) collect.Table {
	return collect.Table{
		Op:    "organizations:ListAccounts",
		Types: []asset.Type{orgAccount},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Accounts {
				d := collect.NewDraft(orgAccount, aws.ToString(x.Arn), aws.ToString(x.Name))
				d.Key = aws.ToString(x.Id)
				d.Incarnation, d.Created = d.Key, aws.ToTime(x.JoinedTimestamp)
				d.Config = collect.Doc{
					"AccountId":       x.Id,
					"AccountName":     x.Name,
					"Arn":             x.Arn,
					"Email":           x.Email,
					"JoinedMethod":    x.JoinedMethod,
					"JoinedTimestamp": x.JoinedTimestamp,
					"Paths":           x.Paths,
					"State":           x.State,
					"Status":          x.Status,
				}
				d.Link("member", accountType, d.Key)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "organizations:ListParents",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListParents(ctx, &organizations.ListParentsInput{ChildId: &d.Key})
				if err != nil {
					return err
				}
				parents := []*string{}
				for _, p := range out.Parents {
					parents = append(parents, p.Id)
					linkParent(d, orgParentARN(d.ID, aws.ToString(p.Id)))
				}
				d.Config["ParentIds"] = parents
				return nil
			},
		}, tags},
	}
}

// orgParentARN returns the ARN of a unit by its id, and for a root, which is no asset,
// that of the organization. Like is the ARN of anything else in the organization:
// arn:aws:organizations::111122223333:account/o-example/444455556666.
func orgParentARN(like, id string) string {
	parts := strings.Split(like, "/")
	i := strings.LastIndexByte(parts[0], ':')
	if len(parts) < 2 || i < 0 {
		return ""
	}
	if strings.HasPrefix(id, "r-") {
		return parts[0][:i+1] + "organization/" + parts[1]
	}
	return parts[0][:i+1] + "ou/" + parts[1] + "/" + id
}

// linkParent adds a link to a unit or to the organization.
func linkParent(d *collect.Draft, id string) {
	t := unitType
	if strings.Contains(id, ":organization/") {
		t = orgOrganization
	}
	d.Link("parent", t, id)
}
