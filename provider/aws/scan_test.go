package aws

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/provider"
)

// fail makes calls of the operations, named as the SDK does, end in an error.
func (x *tester) fail(err error, operations ...string) {
	for _, op := range operations {
		x.answer(op, func(any) (any, error) { return nil, err })
	}
}

var denied = &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"}

func TestDeniedListIsAGapAndPartial(t *testing.T) {
	x := newTester(t, nil)
	x.fail(denied, "IAM:GetAccountAuthorizationDetails")
	inv := x.collect(t, iamUser, iamAccessKey, iamInstanceProfile)
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	assert.Equal(t, asset.Partial, inv.Coverage(account, iamUser))
	assert.Equal(t, asset.Partial, inv.Coverage(account, iamAccessKey))
	assert.Equal(t, asset.Complete, inv.Coverage(account, iamInstanceProfile))
	require.Len(t, inv.Gaps(), 2)
	assert.Equal(t, &asset.Gap{Scope: account, Type: iamAccessKey, Cause: asset.Unread{Op: "iam:GetAccountAuthorizationDetails", Reason: asset.Denied, Code: "AccessDenied", Message: "not authorized"}}, inv.Gaps()[0])
}

func TestDeniedReadIsUnread(t *testing.T) {
	x := newTester(t, nil)
	_, err := s3.NewFromConfig(x.cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")})
	require.NoError(t, err)
	x.fail(denied, "S3:GetBucketPolicy", "S3:GetPublicAccessBlock")
	inv := x.collect(t, s3Bucket)
	b := only(t, inv, s3Bucket)
	assertUnread(t, "s3:GetBucketPolicy", "AccessDenied", b.Access)
	assertUnread(t, "s3:GetPublicAccessBlock", "AccessDenied", b.Config.Get("PublicAccessBlockConfiguration", "BlockPublicAcls"))
	assert.True(t, b.Config.Get("VersioningConfiguration").IsAbsent())
	assert.Empty(t, inv.Gaps())
	assert.Equal(t, asset.Complete, inv.Coverage(b.Scope, s3Bucket))
}

func TestDeniedChildrenAreAGapOfTheirParent(t *testing.T) {
	x := newTester(t, nil)
	_, err := iam.NewFromConfig(x.cfg).CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("ann")})
	require.NoError(t, err)
	x.fail(denied, "IAM:ListAccessKeys")
	inv := x.collect(t, iamUser, iamAccessKey)
	ann := only(t, inv, iamUser)
	require.Len(t, inv.GapsOf(ann.Ref), 1)
	assert.Equal(t, "iam:ListAccessKeys", inv.GapsOf(ann.Ref)[0].Cause.Op)
	account := asset.Scope{Provider: "aws", Account: "123456789012"}
	assert.Equal(t, asset.Partial, inv.Coverage(account, iamAccessKey))
	assert.Equal(t, asset.Complete, inv.Coverage(account, iamUser))
}

func TestUnknownTypeIsAGap(t *testing.T) {
	x := newTester(t, nil)
	inv := x.collect(t, "AWS::Nothing::AtAll")
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, codeUnknownType, inv.Gaps()[0].Cause.Code)
	assert.Empty(t, x.calls.n)
}

func TestCredentialsThatCannotBeUsed(t *testing.T) {
	x := newTester(t, nil)
	x.fail(&smithy.GenericAPIError{Code: "ExpiredToken", Message: "The security token included in the request is expired"}, "STS:GetCallerIdentity")
	var err error
	for o, last := range x.Discover(t.Context(), provider.Query{}) {
		assert.Nil(t, o)
		err = last
	}
	require.EqualError(t, err, "account of the credentials, region us-east-1, sts:GetCallerIdentity: ExpiredToken: The security token included in the request is expired")
}

func TestRegionsThatAreNotThere(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"eu-west-1", "mars-north-1", "ap-east-1"}})
	inv := x.collect(t, regionType)
	only(t, inv, regionType)
	var codes []string
	for _, g := range inv.Gaps() {
		codes = append(codes, g.Scope.Region+" "+g.Cause.Code)
	}
	assert.Equal(t, []string{"ap-east-1 RegionNotEnabled", "mars-north-1 RegionUnknown"}, codes)
}

func TestCancelledDiscoveryDoesNotLookComplete(t *testing.T) {
	x := newTester(t, nil)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last error
	for o, err := range x.Discover(ctx, provider.Query{}) {
		if o != nil {
			cancel(why)
		}
		last = err
	}
	assert.Equal(t, why, last)
}

func TestCancelledListIsNotComplete(t *testing.T) {
	for range 20 { // whoever is read from first is left to chance
		x := offline(t)
		ctx, cancel := context.WithCancel(t.Context())
		x.answer("IAM:ListInstanceProfiles", func(any) (any, error) {
			cancel()
			return nil, context.Canceled
		})
		for o, err := range x.Discover(ctx, provider.Query{Types: []asset.Type{iamInstanceProfile}}) {
			require.Nil(t, o)
			require.ErrorIs(t, err, context.Canceled)
		}
	}
}

func TestGet(t *testing.T) {
	x := newTester(t, nil)
	client := s3.NewFromConfig(x.cfg)
	for _, name := range []string{"one", "two"} {
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
		require.NoError(t, err)
	}
	a, err := x.Get(t.Context(), asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::two"})
	require.NoError(t, err)
	assert.Equal(t, "two", a.Name)
	assert.Equal(t, 1, x.calls.n["S3:GetBucketPolicy"])
	_, err = x.Get(t.Context(), asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::three"})
	require.ErrorIs(t, err, provider.ErrNotFound)
	x.fail(denied, "S3:ListBuckets")
	_, err = x.Get(t.Context(), asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::three"})
	require.ErrorContains(t, err, "s3:ListBuckets: AccessDenied")
	require.NotErrorIs(t, err, provider.ErrNotFound)
}

func TestOrganization(t *testing.T) {
	var mu sync.Mutex
	var matched []Account
	x := newTester(t, &Options{
		Organization: true,
		Role:         Role{Name: "audit", ExternalID: "secret"},
		Match: func(a Account) bool {
			mu.Lock()
			defer mu.Unlock()
			matched = append(matched, a)
			return a.Name != "left-out"
		},
	})
	ctx := t.Context()
	org := organizations.NewFromConfig(x.cfg)
	_, err := org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	require.NoError(t, err)
	roots, err := org.ListRoots(ctx, &organizations.ListRootsInput{})
	require.NoError(t, err)
	ou, err := org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: aws.String("prod"), ParentId: roots.Roots[0].Id})
	require.NoError(t, err)
	ids := map[string]string{}
	for _, name := range []string{"shop", "left-out"} {
		out, err := org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@example.com")})
		require.NoError(t, err)
		ids[name] = aws.ToString(out.CreateAccountStatus.AccountId)
	}
	_, err = org.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: aws.String(ids["shop"]), SourceParentId: roots.Roots[0].Id, DestinationParentId: ou.OrganizationalUnit.Id})
	require.NoError(t, err)
	inShop := awsapi.Assume(x.cfg, awsapi.RoleARN("aws", ids["shop"], "setup"), awsapi.Role{})
	_, err = iam.NewFromConfig(inShop).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("clerk")})
	require.NoError(t, err)
	caller, err := sts.NewFromConfig(inShop).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	require.NoError(t, err)
	require.Equal(t, ids["shop"], aws.ToString(caller.Account))

	inv := x.collect(t, iamUser, accountType)
	assert.Empty(t, gapTexts(inv))
	clerk := only(t, inv, iamUser)
	assert.Equal(t, ids["shop"], clerk.Account)
	assert.Equal(t, []asset.Ref{accountRef(ids["shop"]), {Type: unitType, ID: aws.ToString(ou.OrganizationalUnit.Arn)}}, clerk.Parents)
	assert.Equal(t, "shop", named(t, inv, accountType, "shop").Name)
	assert.Equal(t, 2, len(slices.Collect(inv.OfType(accountType))))
	assert.Len(t, matched, 3)
	assert.Equal(t, 1, x.calls.n["STS:AssumeRole"])
}
