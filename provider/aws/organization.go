package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// organization returns the accounts of the organization. Where its tree cannot be
// read the accounts have no units, and a gap tells so.
func (s *scan) organization(ctx context.Context, own *account) ([]Account, error) {
	client := organizations.NewFromConfig(own.session.Config("organizations", own.session.Home()))
	var list []Account
	fetch := func(ctx context.Context, token string) ([]orgtypes.Account, string, error) {
		out, err := client.ListAccounts(ctx, &organizations.ListAccountsInput{NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.Accounts, aws.ToString(out.NextToken), nil
	}
	for a, err := range collect.Pages(ctx, fetch) {
		if err != nil {
			return nil, err
		}
		if id, err := arn.Parse(aws.ToString(a.Arn)); err == nil {
			s.management = id.AccountID
		}
		// The state is to replace the status, which AWS retires.
		status := string(a.State)
		if status == "" {
			status = string(a.Status)
		}
		list = append(list, Account{
			ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Email: aws.ToString(a.Email), Status: status,
		})
	}
	units, err := organizationTree(ctx, client)
	if err != nil {
		why := awsapi.Unread("organizations:ListRoots", err)
		s.Gap(ctx, accountScope(own.ID), unitType, why)
	}
	for i := range list {
		a := &list[i]
		var placed bool
		switch a.Units, placed = units[a.ID]; {
		case placed:
		case err != nil:
			a.unitsUnread = awsapi.Unread("organizations:ListRoots", err)
		default: // it was moved meanwhile
			a.unitsUnread = unread("organizations:ListAccountsForParent", codeNotListed, "the account is in no unit that was listed")
		}
	}
	if s.provider.opts.byTag() {
		accountTags(ctx, client, list)
	}
	return list, nil
}

// tagsAtOnce is how many accounts have their tags read at once.
const tagsAtOnce = 4

// accountTags reads the tags of accounts.
func accountTags(ctx context.Context, client *organizations.Client, list []Account) {
	var g errgroup.Group
	g.SetLimit(tagsAtOnce)
	for i := range list {
		a := &list[i]
		g.Go(func() error {
			tags, err := orgTags(ctx, client, a.ID)
			if err != nil {
				a.tagsUnread = awsapi.Unread("organizations:ListTagsForResource", err)
			}
			a.Tags = tags
			return nil
		})
	}
	g.Wait()
}

// orgTags returns the tags of something in an organization.
func orgTags(ctx context.Context, client *organizations.Client, id string) (map[string]string, error) {
	tag := func(t orgtypes.Tag) (key, value *string) { return t.Key, t.Value }
	return pagedTags(ctx, tag, func(ctx context.Context, token string) ([]orgtypes.Tag, string, error) {
		out, err := client.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &id, NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.Tags, aws.ToString(out.NextToken), nil
	})
}

// orgRoots returns the roots of the organization.
func orgRoots(ctx context.Context, client *organizations.Client) ([]orgtypes.Root, error) {
	var all []orgtypes.Root
	for r, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.Root, string, error) {
		out, err := client.ListRoots(ctx, &organizations.ListRootsInput{NextToken: optional(token)})
		if err != nil {
			return nil, "", err
		}
		return out.Roots, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// organizationTree returns the units of each account, nearest first. Two calls for
// each unit are fewer than one for each account.
func organizationTree(ctx context.Context, client *organizations.Client) (map[string][]Unit, error) {
	type parent struct {
		id    string
		above []Unit
	}
	var queue []parent
	roots, err := orgRoots(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		queue = append(queue, parent{id: aws.ToString(r.Id)})
	}
	units := map[string][]Unit{}
	seen := map[string]bool{}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		for a, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.Account, string, error) {
			out, err := client.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: &p.id, NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			return out.Accounts, aws.ToString(out.NextToken), nil
		}) {
			if err != nil {
				return units, err
			}
			units[aws.ToString(a.Id)] = p.above
		}
		for u, err := range collect.Pages(ctx, func(ctx context.Context, token string) ([]orgtypes.OrganizationalUnit, string, error) {
			out, err := client.ListOrganizationalUnitsForParent(ctx, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &p.id, NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			return out.OrganizationalUnits, aws.ToString(out.NextToken), nil
		}) {
			if err != nil {
				return units, err
			}
			unit := Unit{ID: aws.ToString(u.Id), Name: aws.ToString(u.Name), ARN: aws.ToString(u.Arn)}
			if seen[unit.ID] {
				return units, fmt.Errorf("unit %q is in two places", unit.ID)
			}
			seen[unit.ID] = true
			queue = append(queue, parent{unit.ID, append([]Unit{unit}, p.above...)})
		}
	}
	return units, nil
}

// askedElsewhere returns the types that are not requested in an account, because others
// of the organization are looked at to which they are visible.
func (s *scan) askedElsewhere(a *account) []asset.Type {
	if s.provider.opts.Organization && a.assumed && a.ID != s.management {
		return []asset.Type{unitType, orgAccount, orgPolicy}
	}
	return nil
}

// toManagers returns a list that, when it is denied to an account that does not manage
// the organization, says so: it may be that nothing can be permitted in the account.
func toManagers(account, op string, list collect.ListFunc, describe func(context.Context) (*orgtypes.Organization, error)) collect.ListFunc {
	return func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
		ds, next, err := list(ctx, token)
		if err == nil || awsapi.Unread(op, err).Reason != asset.Denied {
			return ds, next, err
		}
		organization, other := describe(ctx)
		if other != nil {
			return nil, "", err
		}
		if manager := aws.ToString(organization.MasterAccountId); manager != account {
			why := *awsapi.Unread(op, err)
			why.Reason, why.Code, why.Message = asset.NotVisible, codeNotManager, awsapi.Clip("answered only to the management account "+manager+" of the organization and to accounts to which it delegates: "+why.Message)
			err = &why
		}
		return nil, "", err
	}
}
