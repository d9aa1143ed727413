package aws

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3controltypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

const (
	trust    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}]}`
	allowAll = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

func TestIdentities(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	client := iam.NewFromConfig(x.cfg)
	own, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("all"), PolicyDocument: aws.String(allowAll)})
	require.NoError(t, err)
	_, err = client.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("ops"), Path: aws.String("/team/")})
	require.NoError(t, err)
	_, err = client.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: aws.String("ops"), PolicyName: aws.String("inline"), PolicyDocument: aws.String(allowAll)})
	require.NoError(t, err)
	_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ann"), Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}}})
	require.NoError(t, err)
	_, err = client.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("ops"), UserName: aws.String("ann")})
	require.NoError(t, err)
	_, err = client.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("ann"), PolicyArn: own.Policy.Arn})
	require.NoError(t, err)
	key, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("ann")})
	require.NoError(t, err)
	_, err = client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("bob")})
	require.NoError(t, err)
	_, err = client.CreateLoginProfile(ctx, &iam.CreateLoginProfileInput{UserName: aws.String("bob"), Password: aws.String("hunter2-Hunter2"), PasswordResetRequired: true})
	require.NoError(t, err)
	_, err = client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("audit"), AssumeRolePolicyDocument: aws.String(trust), Description: aws.String("Reads")})
	require.NoError(t, err)

	inv := x.collect(t, iamUser, iamRole, iamGroup, iamManagedPolicy, iamAccessKey)
	assert.Empty(t, gapTexts(inv))

	ann := named(t, inv, iamUser, "ann")
	assert.Equal(t, "arn:aws:iam::123456789012:user/ann", ann.ID)
	assert.Empty(t, ann.Region)
	assertJSON(t, `["ops"]`, ann.Config.Get("Groups"))
	assert.Contains(t, ann.Links, asset.Link{Rel: "member_of", To: asset.Ref{Type: iamGroup, ID: "arn:aws:iam::123456789012:group/team/ops"}})
	assert.Contains(t, ann.Links, asset.Link{Rel: "attached_policy", To: asset.Ref{Type: iamManagedPolicy, ID: *own.Policy.Arn}})
	assert.Equal(t, map[string]string{"team": "web"}, ann.Tags)
	assertJSON(t, `false`, ann.Status.Get("CredentialReport", "password_enabled"))
	assertJSON(t, `true`, ann.Status.Get("CredentialReport", "access_key_1_active"))
	assert.True(t, ann.Status.Get("CredentialReport", "access_key_1_last_used_date").IsAbsent())
	assert.True(t, ann.Config.Get("LoginProfile").IsAbsent())
	assertJSON(t, `[]`, ann.Status.Get("MFADevices"))

	bob := named(t, inv, iamUser, "bob")
	assert.Equal(t, asset.Map, bob.Config.Get("LoginProfile").Kind())
	assertJSON(t, `true`, bob.Status.Get("CredentialReport", "password_enabled"))

	k := only(t, inv, iamAccessKey)
	assert.Equal(t, *key.AccessKey.AccessKeyId, k.ID)
	assertJSON(t, `"Active"`, k.Config.Get("Status"))
	assertJSON(t, `"ann"`, k.Config.Get("UserName"))
	assert.Equal(t, []asset.Link{{Rel: "owned_by", To: ann.Ref}}, k.Links)
	assert.False(t, k.Created.IsZero())

	role := named(t, inv, iamRole, "audit")
	assertJSON(t, trust, role.Access)
	assertJSON(t, trust, role.Config.Get("AssumeRolePolicyDocument"))
	assertJSON(t, `"Reads"`, role.Config.Get("Description"))
	assertJSON(t, `3600`, role.Config.Get("MaxSessionDuration"))

	group := only(t, inv, iamGroup)
	assertJSON(t, `[{"PolicyName":"inline","PolicyDocument":`+allowAll+`}]`, group.Config.Get("Policies"))

	ours := named(t, inv, iamManagedPolicy, "all")
	assertJSON(t, allowAll, ours.Config.Get("PolicyDocument"))
	assertJSON(t, `1`, ours.Config.Get("AttachmentCount"))
}

func TestIdentitiesOfOneKindOnly(t *testing.T) {
	x := newTester(t, nil)
	client := iam.NewFromConfig(x.cfg)
	_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("ann")})
	require.NoError(t, err)
	_, err = client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("ann")})
	require.NoError(t, err)
	inv := x.collectQuery(t, provider.Query{Types: []asset.Type{iamAccessKey}, Reads: map[asset.Type][]asset.Path{iamAccessKey: {"config.Status", "status.CreateDate"}}})
	assert.Equal(t, 1, inv.Len())
	only(t, inv, iamAccessKey)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "IAM:GetAccountAuthorizationDetails": 1, "IAM:ListAccessKeys": 1}, x.calls.n)
	require.Len(t, inv.AllCoverage(), 1)
}

func TestAccount(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	_, err := iam.NewFromConfig(x.cfg).UpdateAccountPasswordPolicy(ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(14), PasswordReusePrevention: aws.Int32(24)})
	require.NoError(t, err)

	a := only(t, x.collect(t, accountType), accountType)
	assert.Equal(t, "123456789012", a.ID)
	assertJSON(t, `14`, a.Config.Get("PasswordPolicy", "MinimumPasswordLength"))
	assertJSON(t, `0`, a.Status.Get("SummaryMap", "AccountMFAEnabled"))
	assert.True(t, a.Config.Get("PublicAccessBlockConfiguration").IsAbsent(), "%s", a.Config.Get("PublicAccessBlockConfiguration"))
	assertJSON(t, `[]`, a.Config.Get("AlternateContacts"))

	_, err = s3control.NewFromConfig(x.cfg, plainS3Control).PutPublicAccessBlock(ctx, &s3control.PutPublicAccessBlockInput{
		AccountId:                      aws.String("123456789012"),
		PublicAccessBlockConfiguration: &s3controltypes.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)},
	})
	require.NoError(t, err)
	a = only(t, x.collect(t, accountType), accountType)
	assertJSON(t, `true`, a.Config.Get("PublicAccessBlockConfiguration", "BlockPublicAcls"))
}

func TestRegions(t *testing.T) {
	x := newTester(t, nil)
	inv := x.collect(t, regionType)
	a := named(t, inv, regionType, "eu-west-1")
	assert.Equal(t, "123456789012/eu-west-1", a.ID)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-1"}, a.Scope)
	assertJSON(t, `false`, a.Config.Get("EbsEncryptionByDefault"))
	assert.Equal(t, []asset.Ref{accountRef("123456789012")}, a.Parents)
	assert.Equal(t, asset.Complete, inv.Coverage(a.Scope, regionType))
	assert.Equal(t, asset.NotAsked, inv.Coverage(asset.Scope{Provider: "aws", Account: "123456789012", Region: "eu-west-2"}, regionType))
}

func TestPolicyOfAWSIsOneAssetForAllAccounts(t *testing.T) {
	x := offline(t)
	x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{Policies: []iamtypes.ManagedPolicyDetail{{
		Arn: aws.String("arn:aws:iam::aws:policy/job-function/Billing"), PolicyName: aws.String("Billing"), AttachmentCount: aws.Int32(3),
		PolicyVersionList: []iamtypes.PolicyVersion{
			{Document: aws.String("%7B%22Version%22%3A%222008-10-17%22%7D")},
			{Document: aws.String("%7B%22Version%22%3A%222012-10-17%22%7D"), IsDefaultVersion: true},
		},
	}}})
	a := only(t, x.collect(t, iamManagedPolicy), iamManagedPolicy)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "aws"}, a.Scope)
	assert.Equal(t, []string{"123456789012"}, a.Observers)
	assert.Empty(t, a.Parents)
	assertJSON(t, `{"Version":"2012-10-17"}`, a.Config.Get("PolicyDocument"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("AttachmentCount"))
}

func TestReportThatIsOlderThanTheUser(t *testing.T) {
	x := offline(t)
	x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{
		userMade("ann", observed), userMade("bob", observed), userMade("eve", observed),
	}})
	x.fail(denied, "IAM:GetLoginProfile", "IAM:ListMFADevices", "IAM:ListAccessKeys")
	x.says("IAM:GenerateCredentialReport", &iam.GenerateCredentialReportOutput{State: iamtypes.ReportStateTypeComplete})
	x.says("IAM:GetCredentialReport", &iam.GetCredentialReportOutput{Content: []byte("user,arn,user_creation_time,mfa_active\n" +
		"ann,a," + observed.Format(time.RFC3339) + ",false\nbob,b," + observed.Add(-time.Hour).Format(time.RFC3339) + ",true\n")})
	inv := x.collect(t, iamUser, accountType)
	assertJSON(t, `false`, named(t, inv, iamUser, "ann").Status.Get("CredentialReport", "mfa_active"))
	for _, name := range []string{"bob", "eve"} {
		assertUnread(t, "iam:GetCredentialReport", codeNotInReport, named(t, inv, iamUser, name).Status.Get("CredentialReport", "mfa_active"))
	}
	assertUnread(t, "iam:GetCredentialReport", codeNotInReport, only(t, inv, accountType).Status.Get("CredentialReport", "mfa_active"))
}

// An odd row of the report is unread for its user alone, whichever way it is odd.
func TestOddRowsOfTheCredentialReport(t *testing.T) {
	for name, odd := range map[string]string{
		"too short":     "bob,b\n",
		"too long":      "bob,b,2026-01-01T00:00:00+00:00,true,true\n",
		"a lone quote":  "bob,b\"b,2026-01-01T00:00:00+00:00,true\n",
		"an open quote": "bob,\"b,2026-01-01T00:00:00+00:00,true\n",
		"twice":         "bob,b,2026-01-01T00:00:00+00:00,true\nbob,b,2026-01-01T00:00:00+00:00,false\n",
	} {
		report, err := parseCredentialReport([]byte("user,arn,user_creation_time,mfa_active\n<root_account>,r,2020-01-01T00:00:00+00:00,true\n" + odd + "\"a,nn\",a,2026-01-01T00:00:00+00:00,false\r\n"))
		require.NoError(t, err, name)
		_, err = report.of("bob", time.Time{})
		var why *asset.Unread
		require.ErrorAs(t, err, &why, name)
		assert.Equal(t, asset.Malformed, why.Reason, name)
		for user, mfa := range map[string]bool{"a,nn": false, rootRow: true} {
			row, err := report.of(user, time.Time{})
			require.NoError(t, err, "%s: %s", name, user)
			assert.Equal(t, mfa, row["mfa_active"], "%s: %s", name, user)
		}
	}
	for _, content := range []string{"", "\n", "no columns\n", "<html>", "\"user"} {
		_, err := parseCredentialReport([]byte(content))
		require.Error(t, err, content)
	}
}

func FuzzParseCredentialReport(f *testing.F) {
	f.Add([]byte("user,arn,mfa_active\nann,a,true\n"))
	f.Add([]byte("user\n\n\"a"))
	f.Fuzz(func(t *testing.T, content []byte) {
		report, err := parseCredentialReport(content)
		for user, row := range report {
			if err != nil || (row.doc == nil) == (row.why == nil) {
				t.Errorf("%q: %v %v", user, row, err)
			}
		}
	})
}

// A report that is never ready is unread for all, and does not hold up the scan.
func TestCredentialReportThatIsNeverReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(1)
		c.answers["IAM:GenerateCredentialReport"] = always("<State>INPROGRESS</State>")
		begin := time.Now()
		inv := (&tester{Provider: c.provider(t), calls: &calls{}}).collect(t, iamUser, accountType)
		assert.Less(t, time.Since(begin), 2*reportTimeout)
		assert.Empty(t, gapTexts(inv))
		for a := range inv.All() {
			why := a.Status.Get("CredentialReport").Unread()
			require.NotNil(t, why, a.Ref)
			assert.Equal(t, asset.TimedOut, why.Reason)
			assert.Equal(t, "iam:GenerateCredentialReport", why.Op)
		}
	})
}

func userMade(name string, at time.Time) iamtypes.UserDetail {
	return iamtypes.UserDetail{Arn: aws.String("arn:aws:iam::123456789012:user/" + name), UserName: &name, UserId: &name, CreateDate: &at}
}

func TestUserInAGroupThatIsNewer(t *testing.T) {
	x := offline(t)
	ann := userMade("ann", observed)
	ann.GroupList = []string{"old", "new"}
	x.answer("IAM:GetAccountAuthorizationDetails", func(in any) (any, error) {
		if slices.Contains(in.(*iam.GetAccountAuthorizationDetailsInput).Filter, iamtypes.EntityTypeUser) {
			return &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{ann}}, nil
		}
		return &iam.GetAccountAuthorizationDetailsOutput{GroupDetailList: []iamtypes.GroupDetail{
			{GroupName: aws.String("old"), Arn: aws.String("arn:aws:iam::123456789012:group/team/old")},
		}}, nil
	})
	a := only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{iamUser}, Reads: map[asset.Type][]asset.Path{iamUser: {"config.Groups"}}}), iamUser)
	assert.Equal(t, []asset.Link{
		link("member_of", iamGroup, "arn:aws:iam::123456789012:group/team/old"), link("member_of", iamGroup, "arn:aws:iam::123456789012:group/new"),
	}, a.Links)
}

func TestPagesOfMFADevices(t *testing.T) {
	x := offline(t)
	x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{userMade("ann", observed)}})
	x.answer("IAM:ListMFADevices", func(in any) (any, error) {
		if in.(*iam.ListMFADevicesInput).Marker == nil {
			return &iam.ListMFADevicesOutput{IsTruncated: true, Marker: aws.String("1")}, nil
		}
		return &iam.ListMFADevicesOutput{MFADevices: []iamtypes.MFADevice{{SerialNumber: aws.String("key")}}}, nil
	})
	read := func() asset.Value {
		return only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{iamUser}, Reads: map[asset.Type][]asset.Path{iamUser: {"status.MFADevices"}}}), iamUser).Status.Get("MFADevices")
	}
	assertJSON(t, `[{"SerialNumber":"key"}]`, read())
	x.says("IAM:ListMFADevices", &iam.ListMFADevicesOutput{IsTruncated: true, Marker: aws.String("1")})
	assert.NotNil(t, read().Unread(), "the pages go round")
}

func TestPolicyDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"plain":                      `{"Statement":"a+b %7B"}`,
		"encoded":                    "%7B%22Statement%22%3A%22a%2Bb%20%257B%22%7D",
		"encoded, after white space": "%0A%20%7B%22Statement%22%3A%22a%2Bb%20%257B%22%7D",
	} {
		t.Run(name, func(t *testing.T) {
			v, ok := policyDocument("op", &text).(asset.Value)
			require.True(t, ok)
			assertJSON(t, `{"Statement":"a+b %7B"}`, v)
		})
	}
}

// TestTagsThatListsLeaveOut are those of policies and instance profiles.
func TestTagsThatListsLeaveOut(t *testing.T) {
	x := newTester(t, nil)
	client := iam.NewFromConfig(x.cfg)
	ctx := t.Context()
	tags := []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("web")}}
	_, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("own"), PolicyDocument: aws.String(allowAll), Tags: tags})
	require.NoError(t, err)
	_, err = client.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web"), Tags: tags})
	require.NoError(t, err)

	// moto has no such operation.
	x.says("IAM:ListInstanceProfileTags", &iam.ListInstanceProfileTagsOutput{Tags: tags})
	inv := x.collect(t, iamManagedPolicy, iamInstanceProfile)
	require.Empty(t, gapTexts(inv))
	for _, a := range []*asset.Asset{named(t, inv, iamManagedPolicy, "own"), only(t, inv, iamInstanceProfile)} {
		assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
		assertJSON(t, `[{"Key": "team", "Value": "web"}]`, a.Config.Get("Tags"))
	}
	assert.Equal(t, 1, x.calls.n["IAM:ListPolicyTags"], "policies of AWS have none")

	x.fail(denied, "IAM:ListPolicyTags", "IAM:ListInstanceProfileTags")
	inv = x.collect(t, iamManagedPolicy, iamInstanceProfile)
	assertUnread(t, "iam:ListPolicyTags", "AccessDenied", named(t, inv, iamManagedPolicy, "own").Config.Get("Tags"))
	assertUnread(t, "iam:ListInstanceProfileTags", "AccessDenied", only(t, inv, iamInstanceProfile).Config.Get("Tags"))
}
