package aws

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// below returns the node that names lead to.
func below(t *testing.T, trees []provider.CheckResult, names ...string) provider.CheckResult {
	t.Helper()
	var found provider.CheckResult
	for _, name := range names {
		i := slices.IndexFunc(trees, func(s provider.CheckResult) bool { return s.Name == name })
		require.GreaterOrEqual(t, i, 0, "no %s among %v", name, trees)
		found, trees = trees[i], trees[i].Children
	}
	return found
}

// oneRead asks for buckets with their policy and versioning.
var oneRead = provider.Query{
	Types: []asset.Type{s3Bucket},
	Reads: map[asset.Type][]asset.Path{s3Bucket: {"access", "config.VersioningConfiguration.Status"}},
}

func TestPermissionsAreThoseOfWhatIsRead(t *testing.T) {
	p := New(aws.Config{}, nil)
	some := p.Permissions(oneRead)
	assert.Contains(t, some, "s3:GetBucketPolicy")
	assert.Contains(t, some, "s3:GetBucketVersioning")
	assert.Contains(t, some, "s3:ListAllMyBuckets")
	assert.NotContains(t, some, "s3:GetBucketAcl")
	assert.NotContains(t, some, identity, "everybody may")
	all := p.Permissions(provider.Query{})
	assert.Subset(t, all, some)
	assert.True(t, slices.IsSorted(all))
}

// simulating makes IAM answer with the decisions of permissions, and allow the others.
func (x *tester) simulating(t *testing.T, want string, decisions map[string]iamtypes.EvaluationResult) {
	x.answer("IAM:SimulatePrincipalPolicy", func(in any) (any, error) {
		input := in.(*iam.SimulatePrincipalPolicyInput)
		assert.Equal(t, want, aws.ToString(input.PolicySourceArn))
		// In pages of one, as IAM may answer.
		i := slices.Index(input.ActionNames, aws.ToString(input.Marker))
		name := input.ActionNames[i+1]
		r, ok := decisions[name]
		if !ok {
			r.EvalDecision = iamtypes.PolicyEvaluationDecisionTypeAllowed
		}
		r.EvalActionName = &name
		out := &iam.SimulatePrincipalPolicyOutput{EvaluationResults: []iamtypes.EvaluationResult{r}}
		if i+2 < len(input.ActionNames) {
			out.IsTruncated, out.Marker = true, &name
		}
		return out, nil
	})
}

func TestCheckBySimulation(t *testing.T) {
	x := newTester(t, &Options{Accounts: []string{"222222222222"}, Role: Role{Name: "audit"}, Regions: []string{"eu-west-1", "mars-north-1"}})
	x.simulating(t, "arn:aws:iam::222222222222:role/audit", map[string]iamtypes.EvaluationResult{
		"s3:GetBucketPolicy":     {EvalDecision: iamtypes.PolicyEvaluationDecisionTypeImplicitDeny},
		"s3:GetBucketVersioning": {EvalDecision: iamtypes.PolicyEvaluationDecisionTypeExplicitDeny},
		"s3:ListAllMyBuckets": {
			EvalDecision:                iamtypes.PolicyEvaluationDecisionTypeImplicitDeny,
			OrganizationsDecisionDetail: &iamtypes.OrganizationsDecisionDetail{AllowedByOrganizations: false},
		},
	})
	trees, err := x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	require.Len(t, trees, 1)
	assert.Equal(t, provider.CheckFailed, trees[0].Level)
	assert.Equal(t, provider.CheckResult{Name: "entry", Level: provider.CheckOK, Message: "by the role audit"}, below(t, trees, "222222222222", "entry"))
	assert.Equal(t, provider.CheckResult{Name: "eu-west-1", Level: provider.CheckOK}, below(t, trees, "222222222222", "regions", "eu-west-1"))
	assert.Equal(t, provider.CheckResult{Name: "mars-north-1", Message: "RegionUnknown: there is no such region", Action: "correct the name of the region"},
		below(t, trees, "222222222222", "regions", "mars-north-1"))
	permission := func(name string) provider.CheckResult { return below(t, trees, "222222222222", "permissions", name) }
	assert.Equal(t, provider.CheckResult{Name: "s3:GetBucketPolicy", Message: "no policy grants it", Action: "add s3:GetBucketPolicy to the policies of the role"}, permission("s3:GetBucketPolicy"))
	assert.Equal(t, "a policy denies it", permission("s3:GetBucketVersioning").Message)
	assert.Contains(t, permission("s3:ListAllMyBuckets").Message, "service control policy")
	assert.Equal(t, provider.CheckResult{Name: "ec2:DescribeRegions", Level: provider.CheckOK, Message: "granted"}, permission("ec2:DescribeRegions"))
	assert.Zero(t, x.calls.n["S3:ListBuckets"], "nothing is tried")

	b, err := json.Marshal(trees[0].Children[0])
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"entry","level":"ok","message":"by the role audit"}`, string(b))
}

func TestCheckByTrying(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.fail(denied, "IAM:SimulatePrincipalPolicy")
	trees, err := x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	permission := func(name string) provider.CheckResult { return below(t, trees, moto.Account, "permissions", name) }
	assert.Equal(t, provider.CheckOK, permission("s3:ListAllMyBuckets").Level)
	assert.Equal(t, provider.CheckWarning, permission("s3:GetBucketPolicy").Level, "no bucket to try it on")
	assert.Contains(t, permission("s3:GetBucketPolicy").Message, "nothing to try it on")
	assert.Equal(t, provider.CheckWarning, trees[0].Level)

	for _, name := range []string{"one", "two"} {
		_, err := s3.NewFromConfig(x.cfg).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name})
		require.NoError(t, err)
	}
	clear(x.calls.n)
	trees, err = x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	assert.Equal(t, provider.CheckOK, permission("s3:GetBucketPolicy").Level, "that there is none is an answer")
	assert.Equal(t, provider.CheckOK, permission("s3:GetBucketVersioning").Level)
	assert.Equal(t, 1, x.calls.n["S3:GetBucketPolicy"], "tried on one of the buckets")

	x.fail(denied, "S3:GetBucketPolicy", "EC2:DescribeRegions")
	x.fail(&smithy.GenericAPIError{Code: "SlowDown", Message: "later"}, "S3:GetBucketVersioning")
	trees, err = x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	assert.Equal(t, provider.CheckResult{
		Name: "s3:GetBucketPolicy", Message: "s3:GetBucketPolicy: AccessDenied: not authorized", Action: "add s3:GetBucketPolicy to the policies of the role",
	}, permission("s3:GetBucketPolicy"))
	assert.Equal(t, provider.CheckResult{
		Name: "s3:GetBucketVersioning", Level: provider.CheckWarning, Message: "s3:GetBucketVersioning: SlowDown: later", Action: "try again later",
	}, permission("s3:GetBucketVersioning"))
	assert.Equal(t, provider.CheckFailed, permission("ec2:DescribeRegions").Level)
	assert.Equal(t, provider.CheckFailed, trees[0].Level)

	x.fail(denied, "S3:GetBucketLocation")
	trees, err = x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	assert.Equal(t, provider.CheckOK, permission("s3:ListAllMyBuckets").Level)
	assert.Equal(t, provider.CheckFailed, permission("s3:GetBucketLocation").Level, "the list takes it for one bucket")
}

// Policies of the organization hold for the root user of an account, and IAM does not
// simulate it.
func TestCheckByTheRootUser(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.says("STS:GetCallerIdentity", &sts.GetCallerIdentityOutput{Account: aws.String(moto.Account), Arn: aws.String("arn:aws:iam::" + moto.Account + ":root")})
	x.fail(denied, "S3:ListBuckets")
	trees, err := x.Check(t.Context(), oneRead)
	require.NoError(t, err)
	assert.Equal(t, provider.CheckFailed, below(t, trees, moto.Account, "permissions", "s3:ListAllMyBuckets").Level)
	assert.Zero(t, x.calls.n["IAM:SimulatePrincipalPolicy"])
}

// What is denied for everything is reported for everything, by trying all that there is.
func TestCheckOfAllTypes(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.fail(denied, "IAM:SimulatePrincipalPolicy")
	trees, err := x.Check(t.Context(), provider.Query{})
	require.NoError(t, err)
	permissions := below(t, trees, moto.Account, "permissions")
	var names []string
	for _, s := range permissions.Children {
		names = append(names, s.Name)
		assert.NotEmpty(t, s.Message, s.Name)
		assert.Equal(t, s.Level == provider.CheckOK, s.Action == "", s.Name)
	}
	assert.Equal(t, x.Permissions(provider.Query{}), names)
	assert.Equal(t, provider.CheckOK, below(t, trees, moto.Account, "permissions", "iam:GetAccountAuthorizationDetails").Level)
}

func TestCheckOfAnOrganization(t *testing.T) {
	var e *estate
	e = newEstate(t, &Options{Organization: true, Role: entered, Regions: []string{"us-east-1"}}, func(c moto.Call) (string, string) {
		if c.Operation == "AssumeRole" && strings.Contains(c.Role, e.ids["lab"]) && strings.HasSuffix(c.Role, "/audit") {
			return "AccessDenied", "not authorized to perform: sts:AssumeRole"
		}
		return "", ""
	})
	e.fail(denied, "IAM:SimulatePrincipalPolicy", "Organizations:ListRoots")
	trees, err := e.Check(t.Context(), oneRead)
	require.NoError(t, err)
	assert.Len(t, trees, 5)
	assert.Equal(t, "accounts", trees[0].Name)
	assert.Equal(t, provider.CheckFailed, trees[0].Level)
	assert.Equal(t, provider.CheckOK, below(t, trees, e.ids["shop"], "entry").Level)
	entry := below(t, trees, e.ids["lab"], "entry")
	assert.Equal(t, provider.CheckFailed, entry.Level)
	assert.Contains(t, entry.Action, "external id")
	assert.Equal(t, "AccountNotActive: the account is suspended", below(t, trees, e.ids["old"], "entry").Message)
}

func TestCheckWithCredentialsThatCannotBeUsed(t *testing.T) {
	x := newTester(t, nil)
	x.fail(denied, "STS:GetCallerIdentity")
	trees, err := x.Check(t.Context(), oneRead)
	require.ErrorContains(t, err, "sts:GetCallerIdentity: AccessDenied")
	assert.Nil(t, trees)
}

func TestPrincipalThatIsSimulated(t *testing.T) {
	x := newTester(t, nil)
	client := iam.NewFromConfig(x.cfg)
	_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("deep"), Path: aws.String("/some/path/"), AssumeRolePolicyDocument: aws.String("{}")})
	require.NoError(t, err)
	s := x.Provider.scan(provider.Query{})
	for name, tt := range map[string]struct{ caller, want string }{
		"user":                {"arn:aws:iam::1:user/ann", "arn:aws:iam::1:user/ann"},
		"root":                {"arn:aws:iam::1:root", ""},
		"role with a path":    {"arn:aws:sts::123456789012:assumed-role/deep/session", "arn:aws:iam::123456789012:role/some/path/deep"},
		"role that is hidden": {"arn:aws:sts::123456789012:assumed-role/other/session", "arn:aws:iam::123456789012:role/other"},
		"federated user":      {"arn:aws:sts::123456789012:federated-user/bob", ""},
		"nobody":              {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(Account{ID: "123456789012"}, awsapi.NewAccount("123456789012", "aws", x.Provider.cfg, nil))
			a.session.Caller = tt.caller
			assert.Equal(t, tt.want, s.principal(t.Context(), a, client))
		})
	}
}
