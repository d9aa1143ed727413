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
	"github.com/openstance/stance/provider"
)

const (
	orgOrganization asset.Type = "AWS::Organizations::Organization"
	orgAccount      asset.Type = "AWS::Organizations::Account"
	orgPolicy       asset.Type = "AWS::Organizations::Policy"
)

// noOrganization is what is answered to an account that is in none.
const noOrganization = "AWSOrganizationsNotInUseException"

// organizationsTables read the organisation that the account is in. Accounts, units
// and policies are told to its management account and to delegated ones only, so that
// in a scan of the organisation they are not asked for in the other accounts.
func organizationsTables(u *unit) []table {
	client := organizations.NewFromConfig(u.config("organizations"))
	describe := once(func(ctx context.Context) (*orgtypes.Organization, error) {
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
	roots := once(func(ctx context.Context) ([]orgtypes.Root, error) {
		if member {
			return nil, &asset.Unread{Op: "organizations:ListRoots", Code: codeNotAsked, Message: "the account does not manage the organisation"}
		}
		return orgRoots(ctx, client)
	})
	tags := read{
		op: "organizations:ListTagsForResource",
		each: func(ctx context.Context, d *draft) (err error) {
			if d.key == "" {
				d.tags = map[string]string{} // what AWS manages has none
				return nil
			}
			d.tags, err = orgTags(ctx, client, d.key)
			return err
		},
	}
	tables := []table{orgTable(describe, roots), orgUnitTable(client, roots, tags), orgAccountTable(client, tags), orgPolicyTable(client, tags)}
	for i := range tables {
		t := &tables[i]
		t.global, t.absent = true, []string{noOrganization}
		if i > 0 {
			t.also = append(t.also, "organizations:DescribeOrganization")
			t.list = toManagers(u.account.ID, t.op, t.list, describe)
		}
	}
	if member {
		return tables[:1]
	}
	return tables
}

func orgTable(describe func(context.Context) (*orgtypes.Organization, error), roots func(context.Context) ([]orgtypes.Root, error)) table {
	return table{
		op:    "organizations:DescribeOrganization",
		types: []asset.Type{orgOrganization},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			x, err := describe(ctx)
			if err != nil {
				return nil, "", err
			}
			d := newDraft(orgOrganization, aws.ToString(x.Arn), aws.ToString(x.Id))
			d.incarnation = d.name
			d.config = doc{
				"Arn":                    x.Arn,
				"FeatureSet":             x.FeatureSet,
				"Id":                     x.Id,
				"ManagementAccountArn":   x.MasterAccountArn,
				"ManagementAccountEmail": x.MasterAccountEmail,
				"ManagementAccountId":    x.MasterAccountId,
			}
			return []*draft{d}, "", nil
		},
		reads: []read{{
			op: "organizations:ListRoots",
			each: func(ctx context.Context, d *draft) error {
				all, err := roots(ctx)
				if err != nil {
					return err
				}
				if len(all) > 0 {
					d.config["RootId"] = all[0].Id
				}
				return nil
			},
		}},
	}
}

// orgUnitTable walks the tree from its roots, a page for each parent.
func orgUnitTable(client *organizations.Client, roots func(context.Context) ([]orgtypes.Root, error), tags read) table {
	type parent struct{ id, arn string }
	var queue []parent
	return table{
		op:    "organizations:ListOrganizationalUnitsForParent",
		also:  []string{"organizations:ListRoots"},
		types: []asset.Type{unitType},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
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
			var ds []*draft
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
				d := newDraft(unitType, aws.ToString(x.Arn), aws.ToString(x.Name))
				d.key = aws.ToString(x.Id)
				if slices.ContainsFunc(queue, func(p parent) bool { return p.id == d.key }) {
					return nil, "", fmt.Errorf("unit %q is in two places", d.key)
				}
				d.incarnation = d.key
				d.config = doc{"Arn": x.Arn, "Id": x.Id, "Name": x.Name, "ParentId": p.id, "Path": x.Path}
				d.linkParent(p.arn)
				ds = append(ds, d)
				queue = append(queue, parent{d.key, d.ID})
			}
			if n+1 < len(queue) {
				return ds, strconv.Itoa(n + 1), nil
			}
			return ds, "", nil
		},
		reads: []read{tags},
	}
}

func orgAccountTable(client *organizations.Client, tags read) table {
	return table{
		op:    "organizations:ListAccounts",
		types: []asset.Type{orgAccount},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Accounts {
				d := newDraft(orgAccount, aws.ToString(x.Arn), aws.ToString(x.Name))
				d.key = aws.ToString(x.Id)
				d.incarnation, d.created = d.key, aws.ToTime(x.JoinedTimestamp)
				d.config = doc{
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
				d.link("member", accountType, d.key)
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "organizations:ListParents",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListParents(ctx, &organizations.ListParentsInput{ChildId: &d.key})
				if err != nil {
					return err
				}
				parents := []*string{}
				for _, p := range out.Parents {
					parents = append(parents, p.Id)
					d.linkParent(orgParentARN(d.ID, aws.ToString(p.Id)))
				}
				d.config["ParentIds"] = parents
				return nil
			},
		}, tags},
	}
}

// orgParentARN returns the ARN of a unit by its id, and for a root, which is no asset,
// that of the organisation. Like is the ARN of anything else in the organisation:
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

// linkParent adds a link to a unit or to the organisation.
func (d *draft) linkParent(id string) {
	t := unitType
	if strings.Contains(id, ":organization/") {
		t = orgOrganization
	}
	d.link("parent", t, id)
}
