package aws

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// inScopes discovers an account of two regions, and returns what was found and called.
func inScopes(t *testing.T, opts func(*Options), q provider.Query) (*asset.Inventory, *cloud) {
	t.Helper()
	c := newCloud(1)
	p := c.provider(t)
	if opts != nil {
		opts(&p.opts)
	}
	x := &tester{Provider: p, cfg: aws.Config{}, calls: &calls{}}
	return x.collectQuery(t, q), c
}

func TestScopes(t *testing.T) {
	account := func(region string) asset.Scope {
		return asset.Scope{Provider: "aws", Account: moto.Account, Region: region}
	}
	types := []asset.Type{sqsQueue, iamUser, s3Bucket}
	for name, tt := range map[string]struct {
		scopes   []asset.Scope
		regions  []string // of the options
		queues   []string // the regions of queues that are found
		users    bool
		buckets  []string // their regions
		gaps     []string
		coverage []asset.Coverage
	}{
		"the account": {scopes: []asset.Scope{account("")}, queues: []string{"eu-west-1", "us-east-1"}, users: true, buckets: []string{"eu-west-1", "us-east-1"}, coverage: []asset.Coverage{
			{Scope: account(""), Type: iamUser, State: asset.Complete}, {Scope: account(""), Type: s3Bucket, State: asset.Complete},
			{Scope: account("eu-west-1"), Type: sqsQueue, State: asset.Complete}, {Scope: account("us-east-1"), Type: sqsQueue, State: asset.Complete},
		}},
		"a region": {scopes: []asset.Scope{account("eu-west-1")}, queues: []string{"eu-west-1"}, buckets: []string{"eu-west-1"}, coverage: []asset.Coverage{
			{Scope: account("eu-west-1"), Type: s3Bucket, State: asset.Partial}, {Scope: account("eu-west-1"), Type: sqsQueue, State: asset.Complete},
		}},
		"a region of every account": {scopes: []asset.Scope{{Provider: "aws", Region: "us-east-1"}}, queues: []string{"us-east-1"}, buckets: []string{"us-east-1"}, coverage: []asset.Coverage{
			{Scope: account("us-east-1"), Type: s3Bucket, State: asset.Partial}, {Scope: account("us-east-1"), Type: sqsQueue, State: asset.Complete},
		}},
		"another account": {scopes: []asset.Scope{{Provider: "aws", Account: "111111111111"}}, gaps: []string{"aws/111111111111  UnknownScope"}},
		"another cloud":   {scopes: []asset.Scope{{Provider: "gcp"}}, gaps: []string{"gcp  UnknownScope"}},
		"a region that does not exist": {scopes: []asset.Scope{account("mars-north-1")}, gaps: []string{"aws/" + moto.Account + "/mars-north-1  UnknownScope"}, coverage: []asset.Coverage{
			{Scope: account("mars-north-1"), Type: s3Bucket, State: asset.Partial},
		}},
		"a region that the options omit": {scopes: []asset.Scope{account("eu-west-1")}, regions: []string{"us-east-1"}, gaps: []string{"aws/" + moto.Account + "/eu-west-1  UnknownScope"}},
	} {
		t.Run(name, func(t *testing.T) {
			inv, c := inScopes(t, func(o *Options) { o.Regions = tt.regions }, provider.Query{Types: types, Scopes: tt.scopes})
			regions := func(typ asset.Type) []string {
				found := map[string]bool{}
				for a := range inv.OfType(typ) {
					found[a.Region] = true
				}
				return slices.Sorted(maps.Keys(found))
			}
			assert.Equal(t, tt.queues, regions(sqsQueue))
			assert.Equal(t, tt.buckets, regions(s3Bucket))
			assert.Equal(t, tt.users, len(slices.Collect(inv.OfType(iamUser))) > 0)
			assert.Equal(t, len(slices.Collect(inv.OfType(s3Bucket))), c.calls["S3:GetBucketPolicy"], "buckets of other regions are not read")
			var gaps []string
			for _, g := range inv.Gaps() {
				gaps = append(gaps, g.Scope.String()+" "+string(g.Type)+" "+g.Cause.Code)
			}
			assert.Equal(t, tt.gaps, gaps)
			var coverage []asset.Coverage
			for _, x := range inv.AllCoverage() {
				coverage = append(coverage, *x)
			}
			assert.ElementsMatch(t, tt.coverage, coverage)
		})
	}
}

// A region that is not enabled in the account is known, and a gap.
func TestScopeThatIsNotEnabled(t *testing.T) {
	x := newTester(t, &Options{})
	scope := asset.Scope{Provider: "aws", Account: moto.Account, Region: "ap-east-1"}
	inv := x.collectQuery(t, provider.Query{Types: []asset.Type{sqsQueue}, Scopes: []asset.Scope{scope}})
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, scope, inv.Gaps()[0].Scope)
	assert.Equal(t, codeNotEnabled, inv.Gaps()[0].Cause.Code)
	assert.Equal(t, asset.Disabled, inv.Gaps()[0].Cause.Reason)
}

func TestScopesOfAnOrganization(t *testing.T) {
	e := newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, nil)
	shop := asset.Scope{Provider: "aws", Account: e.ids["shop"]}
	clear(e.calls.n)
	inv := e.collectQuery(t, provider.Query{Types: []asset.Type{s3Bucket}, Scopes: []asset.Scope{shop, {Provider: "aws", Account: "999999999999"}}})
	assert.Equal(t, []string{"of-shop"}, seen(inv))
	assert.Equal(t, []string{"aws/999999999999  unread: discover: UnknownScope: unknown scope aws/999999999999"}, gapTexts(inv))
	assert.Equal(t, 1, e.calls.n["STS:AssumeRole"], "other accounts are not entered")
	assert.Len(t, inv.AllCoverage(), 1)

	e.fail(denied, "Organizations:ListAccounts")
	inv = e.collectQuery(t, provider.Query{Types: []asset.Type{s3Bucket}, Scopes: []asset.Scope{shop}})
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, shop, inv.Gaps()[0].Scope)
	assert.Equal(t, asset.Denied, inv.Gaps()[0].Cause.Reason, "whether the account exists is not known")
}

func TestCheckOfScopes(t *testing.T) {
	x := newTester(t, &Options{})
	_, err := s3.NewFromConfig(x.cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}})
	require.NoError(t, err)
	x.fail(denied, "IAM:SimulatePrincipalPolicy")
	q := provider.Query{Types: []asset.Type{sqsQueue}, Scopes: []asset.Scope{{Provider: "aws", Account: moto.Account, Region: "eu-west-1"}, {Provider: "aws", Account: "111111111111"}}}
	trees, err := x.Check(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, trees, 2)
	assert.Equal(t, "111111111111", trees[0].Name)
	assert.Equal(t, provider.CheckFailed, trees[0].Level)
	regions := below(t, trees, moto.Account, "regions")
	require.Len(t, regions.Children, 1)
	assert.Equal(t, "eu-west-1", regions.Children[0].Name)
}
