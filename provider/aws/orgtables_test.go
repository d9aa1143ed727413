package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func TestOrganizationAsAssets(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	ctx := t.Context()
	client := organizations.NewFromConfig(x.cfg)
	org, err := client.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	require.NoError(t, err)
	roots, err := client.ListRoots(ctx, &organizations.ListRootsInput{})
	require.NoError(t, err)
	unit := func(parent *string, name string) *orgtypes.OrganizationalUnit {
		out, err := client.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: parent, Name: &name})
		require.NoError(t, err)
		return out.OrganizationalUnit
	}
	prod := unit(roots.Roots[0].Id, "prod")
	web := unit(prod.Id, "web")
	created, err := client.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("shop"), Email: aws.String("shop@example.com")})
	require.NoError(t, err)
	shop := created.CreateAccountStatus.AccountId
	_, err = client.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: shop, SourceParentId: roots.Roots[0].Id, DestinationParentId: web.Id})
	require.NoError(t, err)
	policy, err := client.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: aws.String("deny"), Description: aws.String("d"), Type: orgtypes.PolicyTypeServiceControlPolicy, Content: aws.String(`{"Version":"2012-10-17","Statement":[]}`)})
	require.NoError(t, err)
	_, err = client.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: policy.Policy.PolicySummary.Id, TargetId: web.Id})
	require.NoError(t, err)

	inv := x.collect(t, orgOrganization, unitType, orgAccount, orgPolicy)
	assert.Empty(t, gapTexts(inv))
	o := only(t, inv, orgOrganization)
	assert.Equal(t, *org.Organization.Arn, o.ID)
	assertJSON(t, `"`+*roots.Roots[0].Id+`"`, o.Config.Get("RootId"))
	assert.Contains(t, named(t, inv, unitType, "prod").Links, link("parent", orgOrganization, o.ID))
	assert.Contains(t, named(t, inv, unitType, "web").Links, link("parent", unitType, *prod.Arn))
	a := named(t, inv, orgAccount, "shop")
	assertJSON(t, `["`+*web.Id+`"]`, a.Config.Get("ParentIds"))
	assert.Contains(t, a.Links, link("parent", unitType, *web.Arn))
	assert.Contains(t, a.Links, link("member", accountType, *shop))
	assert.Contains(t, named(t, inv, orgAccount, "master").Links, link("parent", orgOrganization, o.ID))
	p := named(t, inv, orgPolicy, "deny")
	assertJSON(t, `{"Version":"2012-10-17","Statement":[]}`, p.Config.Get("Content"))
	assert.Contains(t, p.Links, link("applies_to", unitType, *web.Arn))
	assertJSON(t, `true`, named(t, inv, orgPolicy, "FullAWSAccess").Config.Get("AwsManaged"))
}

func TestPoliciesOfKindsThatAreNotOfferedAreNone(t *testing.T) {
	x := offline(t)
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	kinds := 0
	list := func(unknown error) *asset.Inventory {
		kinds = 0
		x.answer("Organizations:ListPolicies", func(in any) (any, error) {
			kinds++
			if in := in.(*organizations.ListPoliciesInput); in.Filter == orgtypes.PolicyTypeServiceControlPolicy {
				page := &organizations.ListPoliciesOutput{Policies: []orgtypes.PolicySummary{{
					Arn: aws.String("arn:aws:organizations::aws:policy/service_control_policy/p-" + aws.ToString(in.NextToken)), Id: aws.String("p-1"), AwsManaged: true,
				}}}
				if in.NextToken == nil {
					page.NextToken = aws.String("2")
				}
				return page, nil
			}
			return nil, unknown
		})
		x.says("Organizations:DescribePolicy", &organizations.DescribePolicyOutput{Policy: &orgtypes.Policy{Content: aws.String("{")}})
		x.says("Organizations:ListTargetsForPolicy", &organizations.ListTargetsForPolicyOutput{Targets: []orgtypes.PolicyTargetSummary{
			{Arn: aws.String("arn:aws:organizations::123456789012:root/o-1/r-1"), TargetId: aws.String("r-1"), Type: orgtypes.TargetTypeRoot},
		}})
		return x.collect(t, orgPolicy)
	}
	inv := list(code("InvalidInputException"))
	assert.Equal(t, len(orgtypes.PolicyType("").Values())+1, kinds, "each kind, and one more page")
	assert.Empty(t, gapTexts(inv))
	assert.Equal(t, asset.Complete, inv.Coverage(account, orgPolicy))
	found := 0
	for p := range inv.OfType(orgPolicy) {
		found++
		assert.Equal(t, "aws", p.Account)
		assert.True(t, p.Config.Get("Tags").IsAbsent(), "nothing is asked about tags of what AWS manages")
		assertUnread(t, "organizations:DescribePolicy", collect.CodeMalformed, p.Config.Get("Content"))
		assert.Contains(t, p.Links, link("applies_to", orgOrganization, "arn:aws:organizations::123456789012:organization/o-1"))
	}
	assert.Equal(t, 2, found)

	inv = list(denied)
	assert.NotEmpty(t, inv.Gaps())
	assert.Equal(t, asset.Partial, inv.Coverage(account, orgPolicy))
}

func TestOrganizationThatIsNotToldOf(t *testing.T) {
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	lists := []string{"Organizations:DescribeOrganization", "Organizations:ListRoots", "Organizations:ListAccounts", "Organizations:ListPolicies"}
	x := offline(t)
	x.fail(code(noOrganization), lists...)
	inv := x.collect(t, orgOrganization, unitType, orgAccount, orgPolicy)
	assert.Empty(t, gapTexts(inv))
	assert.Equal(t, asset.Complete, inv.Coverage(account, orgAccount))

	x.fail(denied, lists...)
	inv = x.collect(t, orgOrganization, unitType, orgAccount, orgPolicy)
	assert.Len(t, inv.Gaps(), 4)
	for _, typ := range []asset.Type{orgOrganization, unitType, orgAccount, orgPolicy} {
		assert.Equal(t, asset.Partial, inv.Coverage(account, typ), typ)
	}
}

func TestMembersAreNotAskedForTheOrganization(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, nil)
	clear(e.calls.n)
	inv := e.collect(t, orgOrganization, unitType, orgAccount, orgPolicy)
	for _, g := range inv.Gaps() {
		assert.Equal(t, e.ids["old"], g.Scope.Account, "%v", g)
	}
	shop, management := asset.Scope{Provider: "aws", Account: e.ids["shop"]}, asset.Scope{Provider: "aws", Account: e.ids["management"]}
	for _, typ := range []asset.Type{unitType, orgAccount, orgPolicy} {
		assert.Equal(t, asset.Complete, inv.Coverage(management, typ), typ)
		assert.Equal(t, asset.NotAsked, inv.Coverage(shop, typ), typ)
	}
	assert.Len(t, slices.Collect(inv.OfType(orgAccount)), 4)
	o := only(t, inv, orgOrganization)
	assert.Equal(t, management.Account, o.Account)
	assert.True(t, o.SeenBy(shop.Account), "every account sees which organization it is in")
	assert.Nil(t, o.Config.Get("RootId").Unread(), "the view of the account that manages it")
	// Before anything is looked at, the accounts and the tree are listed to find them.
	kinds, tree := len(orgtypes.PolicyType("").Values()), 4
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "STS:AssumeRole": 2,
		"Organizations:ListAccounts": 1 + 1, "Organizations:ListRoots": 1 + 1, "Organizations:ListAccountsForParent": tree, "Organizations:ListOrganizationalUnitsForParent": tree + tree,
		"Organizations:DescribeOrganization": 3, "Organizations:ListPolicies": kinds, "Organizations:DescribePolicy": 2, "Organizations:ListTargetsForPolicy": 2,
		"Organizations:ListParents": 4, "Organizations:ListTagsForResource": 3 + 4,
	}, e.calls.n)
}

// An account that is looked at by itself is called, and answers that it is the wrong one.
func TestMembersThatAskAreToldWhoManages(t *testing.T) {
	x := offline(t)
	lists := []string{"Organizations:ListRoots", "Organizations:ListAccounts", "Organizations:ListPolicies"}
	x.fail(denied, lists...)
	manager := func(id string) []string {
		x.says("Organizations:DescribeOrganization", &organizations.DescribeOrganizationOutput{Organization: &orgtypes.Organization{MasterAccountId: &id}})
		var texts []string
		for _, g := range x.collect(t, unitType, orgAccount, orgPolicy).Gaps() {
			texts = append(texts, g.Cause.Op+": "+g.Cause.Code+": "+g.Cause.Message)
		}
		return texts
	}
	why := ": NotManagementAccount: answered only to the management account 111122223333 of the organization and to accounts to which it delegates: not authorized"
	assert.Equal(t, []string{"organizations:ListAccounts" + why, "organizations:ListRoots" + why, "organizations:ListPolicies" + why}, manager("111122223333"))
	assert.Equal(t, 1, x.calls.n["Organizations:DescribeOrganization"])
	assert.Equal(t, "organizations:ListAccounts: AccessDenied: not authorized", manager("123456789012")[0])
	x.fail(denied, "Organizations:DescribeOrganization")
	assert.Equal(t, "AccessDenied", x.collect(t, orgAccount).Gaps()[0].Cause.Code, "who manages the organization is not known")
	x.fail(code("TooManyRequestsException"), lists...)
	clear(x.calls.n)
	assert.Equal(t, "TooManyRequestsException", x.collect(t, orgAccount).Gaps()[0].Cause.Code)
	assert.Zero(t, x.calls.n["Organizations:DescribeOrganization"], "it is no denial")
}

func TestCheckOfMembersLeavesOutWhatIsAskedElsewhere(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, nil)
	e.fail(denied, "IAM:SimulatePrincipalPolicy")
	trees, err := e.Check(t.Context(), provider.Query{Types: []asset.Type{orgAccount, s3Bucket}})
	require.NoError(t, err)
	for name, listed := range map[string]bool{"management": true, "shop": false} {
		var names []string
		for _, s := range below(t, trees, e.ids[name], "permissions").Children {
			names = append(names, s.Name)
		}
		assert.Equal(t, listed, slices.Contains(names, "organizations:ListAccounts"), name)
		assert.Contains(t, names, "s3:ListAllMyBuckets")
	}
}

// TestPolicyThatIsNotDescribed says that an answer without a policy tells nothing of it.
func TestPolicyThatIsNotDescribed(t *testing.T) {
	x := offline(t)
	x.says("Organizations:DescribeOrganization", &organizations.DescribeOrganizationOutput{Organization: &orgtypes.Organization{Id: aws.String("o-1"), MasterAccountId: aws.String("123456789012")}})
	x.answer("Organizations:ListPolicies", func(in any) (any, error) {
		out := &organizations.ListPoliciesOutput{}
		if in.(*organizations.ListPoliciesInput).Filter == orgtypes.PolicyTypeServiceControlPolicy {
			out.Policies = []orgtypes.PolicySummary{{Arn: aws.String("arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1"), Id: aws.String("p-1")}}
		}
		return out, nil
	})
	x.says("Organizations:DescribePolicy", &organizations.DescribePolicyOutput{})
	x.says("Organizations:ListTargetsForPolicy", &organizations.ListTargetsForPolicyOutput{})
	x.says("Organizations:ListTagsForResource", &organizations.ListTagsForResourceOutput{})
	assertUnread(t, "organizations:DescribePolicy", awsapi.CodeNoAnswer, only(t, x.collect(t, orgPolicy), orgPolicy).Config.Get("Content"))
}
