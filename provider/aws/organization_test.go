package aws

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// estate is an organization: accounts by name, of which shop and lab are below units
// and old is closed, each with a bucket.
type estate struct {
	*tester
	ids map[string]string
}

// newEstate makes an organization in which roles ask for the external id "right".
// refuse may be nil.
func newEstate(t *testing.T, opts *Options, refuse func(moto.Call) (code, message string)) *estate {
	t.Helper()
	e := &estate{tester: newTester(t, opts), ids: map[string]string{"management": moto.Account}}
	front := &moto.Front{Refuse: func(c moto.Call) (string, string) {
		if c.Operation == "AssumeRole" && c.ExternalID != "right" {
			return "AccessDenied", "not authorized to perform: sts:AssumeRole"
		}
		if refuse != nil {
			return refuse(c)
		}
		return "", ""
	}}
	url := front.URL(t, *e.cfg.BaseEndpoint)
	e.Provider.cfg.BaseEndpoint = &url

	ctx := t.Context()
	org := organizations.NewFromConfig(e.cfg)
	_, err := org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	require.NoError(t, err)
	roots, err := org.ListRoots(ctx, &organizations.ListRootsInput{})
	require.NoError(t, err)
	root := roots.Roots[0].Id
	unit := func(name string, parent *string) *string {
		out, err := org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: &name, ParentId: parent})
		require.NoError(t, err)
		return out.OrganizationalUnit.Id
	}
	prod := unit("prod", root)
	for _, a := range []struct {
		name, team string
		unit       *string
	}{{"shop", "web", unit("web", prod)}, {"lab", "data", unit("test", root)}, {"old", "web", nil}} {
		out, err := org.CreateAccount(ctx, &organizations.CreateAccountInput{
			AccountName: &a.name, Email: aws.String(a.name + "@example.com"),
			Tags: []orgtypes.Tag{{Key: aws.String("team"), Value: &a.team}},
		})
		require.NoError(t, err)
		id := aws.ToString(out.CreateAccountStatus.AccountId)
		e.ids[a.name] = id
		if a.unit != nil {
			_, err = org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: root, DestinationParentId: a.unit})
			require.NoError(t, err)
		}
		inside := s3.NewFromConfig(awsapi.Assume(e.cfg, awsapi.RoleARN("aws", id, "setup"), awsapi.Role{}), func(o *s3.Options) { o.UsePathStyle = true })
		_, err = inside.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("of-" + a.name)})
		require.NoError(t, err)
	}
	_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: aws.String(e.ids["old"])})
	require.NoError(t, err)
	return e
}

var entered = Role{Name: "path/audit", ExternalID: "right"}

// seen returns the names of the buckets.
func seen(inv *asset.Inventory) []string {
	var names []string
	for a := range inv.OfType(s3Bucket) {
		names = append(names, a.Name)
	}
	return names
}

func TestOrganizationOfThreeAccounts(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, nil)
	inv := e.collect(t, s3Bucket, accountType)
	assert.Equal(t, []string{"of-lab", "of-shop"}, seen(inv))
	for _, name := range []string{"shop", "lab", "management"} {
		assert.Equal(t, asset.Complete, inv.Coverage(asset.Scope{Provider: "aws", Account: e.ids[name]}, s3Bucket), name)
	}
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, &asset.Gap{
		Scope: asset.Scope{Provider: "aws", Account: e.ids["old"]}, Cause: asset.Unread{Reason: asset.Disabled, Code: codeNotActive, Message: "the account is suspended"},
	}, inv.Gaps()[0])
	assert.NotEqual(t, asset.Complete, inv.Coverage(asset.Scope{Provider: "aws"}, s3Bucket))
}

func TestDeniedRoleAndThrottledOperationAreGaps(t *testing.T) {
	var e *estate
	e = newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, func(c moto.Call) (string, string) {
		switch {
		case c.Operation == "AssumeRole" && strings.HasPrefix(c.Role, "arn:aws:iam::"+e.ids["lab"]+":role/path/audit"):
			return "AccessDenied", "no"
		case c.Account == e.ids["shop"] && c.Operation == "GetAccountAuthorizationDetails":
			return "Throttling", "Rate exceeded"
		}
		return "", ""
	})
	inv := e.collect(t, s3Bucket, iamUser)
	assert.Equal(t, []string{"of-shop"}, seen(inv))
	got := map[string]*asset.Gap{}
	for _, g := range inv.Gaps() {
		got[g.Scope.Account] = g
	}
	require.Len(t, got, 3, gapTexts(inv))
	lab := asset.Scope{Provider: "aws", Account: e.ids["lab"]}
	assert.Equal(t, &asset.Gap{Scope: lab, Cause: asset.Unread{Op: "sts:AssumeRole", Reason: asset.Denied, Code: "AccessDenied", Message: "no", RequestID: "refused"}}, got[e.ids["lab"]])
	shop := asset.Scope{Provider: "aws", Account: e.ids["shop"]}
	assert.Equal(t, &asset.Gap{Scope: shop, Type: iamUser, Cause: asset.Unread{Op: "iam:GetAccountAuthorizationDetails", Reason: asset.Throttled, Code: "Throttling", Message: "Rate exceeded", RequestID: "refused"}}, got[e.ids["shop"]])
	assert.Equal(t, asset.Partial, inv.Coverage(shop, iamUser))
	assert.Equal(t, asset.Complete, inv.Coverage(shop, s3Bucket))
	assert.NotEqual(t, asset.Complete, inv.Coverage(lab, s3Bucket))
}

func TestWrongExternalIDIsAGapOfEachAccount(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: Role{Name: "audit", ExternalID: "wrong"}, Regions: []string{"us-east-1"}}, nil)
	inv := e.collect(t, s3Bucket, accountType)
	assert.Empty(t, seen(inv))
	assert.Equal(t, e.ids["management"], only(t, inv, accountType).ID)
	ops := map[string]string{}
	for _, g := range inv.Gaps() {
		ops[g.Scope.Account] = g.Cause.Op + " " + g.Cause.Code
	}
	assert.Equal(t, map[string]string{
		e.ids["shop"]: "sts:AssumeRole AccessDenied", e.ids["lab"]: "sts:AssumeRole AccessDenied", e.ids["old"]: " " + codeNotActive,
	}, ops)
}

func TestAccountsOfGroups(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Groups: asset.Groups{
		{Name: "prod", Parents: []string{"prod"}},
		{Name: "web", Tags: map[string]string{"team": "web"}},
		{Name: "shops", Names: []string{"shop*"}},
	}}, nil)
	list, gaps, err := e.Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, gaps)
	groups := map[string][]string{}
	for _, a := range list {
		groups[a.Name] = a.Groups
	}
	assert.Equal(t, map[string][]string{"shop": {"prod", "web", "shops"}, "old": {"web"}}, groups)
	assert.Zero(t, e.calls.n["STS:AssumeRole"])
}

func TestGroupsThatCannotBeTold(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Groups: asset.Groups{{Name: "web", Tags: map[string]string{"team": "web"}}}}, func(c moto.Call) (string, string) {
		if c.Operation == "ListTagsForResource" {
			return "AccessDeniedException", "no"
		}
		return "", ""
	})
	list, gaps, err := e.Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	require.Len(t, gaps, 4)
	for _, g := range gaps {
		assert.Equal(t, "organizations:ListTagsForResource", g.Cause.Op)
		assert.Equal(t, "cannot tell whether the account is in a group: no", g.Cause.Message)
	}
}

// silent is a client that never answers calls of a service.
type silent struct {
	aws.HTTPClient
	service string
}

func (c silent) Do(r *http.Request) (*http.Response, error) {
	if awsmiddleware.GetServiceID(r.Context()) == c.service {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	return c.HTTPClient.Do(r)
}

func TestOrganizationThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newCloud(1).provider(t)
		p.opts.Organization = true
		p.cfg.HTTPClient = silent{p.cfg.HTTPClient, "Organizations"}
		x := &tester{Provider: p}
		inv := x.collect(t, accountType)
		require.Len(t, inv.Gaps(), 1)
		assert.Equal(t, "organizations:ListAccounts", inv.Gaps()[0].Cause.Op)
		assert.Equal(t, awsapi.CodeTimeout, inv.Gaps()[0].Cause.Code)
		only(t, inv, accountType)
	})
}

func TestStateOfAccountsComesBeforeTheirStatus(t *testing.T) {
	x := offline(t)
	x.Provider.opts.Organization = true
	account := func(id string, state orgtypes.AccountState, status orgtypes.AccountStatus) orgtypes.Account {
		return orgtypes.Account{Id: &id, Name: &id, State: state, Status: status}
	}
	x.says("Organizations:ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{
		account("111111111111", orgtypes.AccountStateClosed, ""),
		account("222222222222", orgtypes.AccountStatePendingClosure, orgtypes.AccountStatusActive),
		account("333333333333", "", orgtypes.AccountStatusSuspended),
	}})
	x.says("Organizations:ListRoots", &organizations.ListRootsOutput{})
	inv := x.collect(t, s3Bucket)
	messages := map[string]string{}
	for _, g := range inv.Gaps() {
		assert.Equal(t, codeNotActive, g.Cause.Code)
		messages[g.Scope.Account] = g.Cause.Message
	}
	assert.Equal(t, map[string]string{
		"111111111111": "the account is closed", "222222222222": "the account is pending closure", "333333333333": "the account is suspended",
	}, messages)
}

func TestTagsOfAccountsThatAreNotRead(t *testing.T) {
	x := offline(t)
	account := func() *asset.Asset {
		return only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{accountType}, Reads: map[asset.Type][]asset.Path{accountType: {"config.Id"}}}), accountType)
	}
	assertUnread(t, "", codeNotAsked, account().Config.Get("Tags"))

	x.Provider.opts.Organization = true
	x.says("Organizations:ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Id: aws.String(moto.Account), Name: aws.String("shop")}}})
	x.says("Organizations:ListRoots", &organizations.ListRootsOutput{})
	assertUnread(t, "", collect.CodeNotCollected, account().Config.Get("Tags"))

	x.Provider.opts.Groups = asset.Groups{{Name: "shops", Accounts: []string{moto.Account}}, {Name: "web", Tags: map[string]string{"team": "web"}}}
	x.fail(denied, "Organizations:ListTagsForResource")
	assertUnread(t, "organizations:ListTagsForResource", "AccessDenied", account().Config.Get("Tags"))

	x.says("Organizations:ListTagsForResource", &organizations.ListTagsForResourceOutput{Tags: []orgtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}}})
	a := account()
	assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
	assertJSON(t, `[{"Key":"team","Value":"web"}]`, a.Config.Get("Tags"))
}

func TestAccountThatIsMovedMeanwhile(t *testing.T) {
	x := offline(t)
	x.Provider.opts.Organization = true
	x.Provider.opts.Groups = asset.Groups{{Name: "prod", Parents: []string{"prod"}}}
	x.says("Organizations:ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Id: aws.String(moto.Account)}}})
	x.says("Organizations:ListRoots", &organizations.ListRootsOutput{Roots: []orgtypes.Root{{Id: aws.String("r-1")}}})
	x.says("Organizations:ListAccountsForParent", &organizations.ListAccountsForParentOutput{})
	x.says("Organizations:ListOrganizationalUnitsForParent", &organizations.ListOrganizationalUnitsForParentOutput{})
	list, gaps, err := x.Accounts(t.Context())
	require.NoError(t, err)
	assert.Empty(t, list)
	require.Len(t, gaps, 1)
	assert.Equal(t, moto.Account, gaps[0].Scope.Account)
	assert.Equal(t, codeNotListed, gaps[0].Cause.Code)
}

func TestUnitsThatGoRound(t *testing.T) {
	x := offline(t)
	x.Provider.opts.Organization = true
	x.says("Organizations:ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Id: aws.String(moto.Account)}}})
	x.says("Organizations:ListRoots", &organizations.ListRootsOutput{Roots: []orgtypes.Root{{Id: aws.String("r-1")}}})
	x.says("Organizations:ListAccountsForParent", &organizations.ListAccountsForParentOutput{})
	x.says("Organizations:ListOrganizationalUnitsForParent", &organizations.ListOrganizationalUnitsForParentOutput{
		OrganizationalUnits: []orgtypes.OrganizationalUnit{{Id: aws.String("ou-1"), Arn: aws.String("arn:aws:organizations::123456789012:ou/o-1/ou-1"), Name: aws.String("prod")}},
	})
	list, gaps, err := x.Accounts(t.Context())
	require.NoError(t, err)
	assert.Len(t, list, 1)
	require.Len(t, gaps, 1)
	assert.Equal(t, `unit "ou-1" is in two places`, gaps[0].Cause.Message)
	assert.Equal(t, 2, x.calls.n["Organizations:ListOrganizationalUnitsForParent"])

	inv := x.collect(t, unitType)
	assert.Equal(t, asset.Partial, inv.Coverage(asset.Scope{Provider: "aws", Account: moto.Account}, unitType))
	assert.Contains(t, gapTexts(inv)[1], `unit "ou-1" is in two places`)
}
