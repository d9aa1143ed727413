package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
)

func TestKeys(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	client := kms.NewFromConfig(x.cfg)
	create := func(in *kms.CreateKeyInput) string {
		out, err := client.CreateKey(ctx, in)
		require.NoError(t, err)
		return *out.KeyMetadata.Arn
	}
	plain := create(&kms.CreateKeyInput{Description: aws.String("plain"), Tags: []kmstypes.Tag{{TagKey: aws.String("team"), TagValue: aws.String("web")}}})
	signing := create(&kms.CreateKeyInput{KeySpec: kmstypes.KeySpecRsa2048, KeyUsage: kmstypes.KeyUsageTypeSignVerify})
	primary := create(&kms.CreateKeyInput{MultiRegion: aws.Bool(true)})
	_, err := client.EnableKeyRotation(ctx, &kms.EnableKeyRotationInput{KeyId: &plain})
	require.NoError(t, err)
	_, err = client.CreateAlias(ctx, &kms.CreateAliasInput{AliasName: aws.String("alias/web"), TargetKeyId: &plain})
	require.NoError(t, err)

	byARN := func(inv *asset.Inventory, typ asset.Type, id string) *asset.Asset {
		for a := range inv.OfType(typ) {
			if a.ID == id {
				return a
			}
		}
		require.Fail(t, "no asset", "%s %s", typ, id)
		return nil
	}
	inv := x.collect(t, kmsKey, kmsReplicaKey, kmsAlias)
	assert.Empty(t, gapTexts(inv))
	a := byARN(inv, kmsKey, plain)
	assert.Equal(t, map[string]string{"team": "web"}, a.Tags)
	assert.Equal(t, "encryption", a.Class)
	assertJSON(t, `true`, a.Config.Get("EnableKeyRotation"))
	assertJSON(t, `"SYMMETRIC_DEFAULT"`, a.Config.Get("KeySpec"))
	assertJSON(t, `"AWS_KMS"`, a.Config.Get("Origin"))
	assertJSON(t, `false`, a.Config.Get("MultiRegion"))
	assertJSON(t, `"CUSTOMER"`, a.Status.Get("KeyManager"))
	assertJSON(t, `"Enabled"`, a.Status.Get("KeyState"))
	assert.False(t, a.Access.Get("Statement").IsAbsent())
	assert.True(t, a.Access.Equal(a.Config.Get("KeyPolicy")))

	assertJSON(t, `"SIGN_VERIFY"`, byARN(inv, kmsKey, signing).Config.Get("KeyUsage"))
	assertJSON(t, `true`, byARN(inv, kmsKey, primary).Config.Get("MultiRegion"))

	alias := named(t, inv, kmsAlias, "alias/web")
	assert.Contains(t, alias.Links, asset.Link{Rel: "target", To: asset.Ref{Type: kmsKey, ID: plain}})
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "KMS:ListKeys": 2, "KMS:ListAliases": 2,
		"KMS:DescribeKey": 3, "KMS:GetKeyPolicy": 3, "KMS:ListResourceTags": 3, "KMS:GetKeyRotationStatus": 3,
	}, x.calls.n)
}

func TestReplicaKeys(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	primary, replica := aws.String("arn:aws:kms:eu-west-1:123456789012:key/mrk-1"), aws.String("arn:aws:kms:us-east-1:123456789012:key/mrk-1")
	x.says("KMS:ListKeys", &kms.ListKeysOutput{Keys: []kmstypes.KeyListEntry{{KeyArn: replica, KeyId: aws.String("mrk-1")}}})
	x.says("KMS:DescribeKey", &kms.DescribeKeyOutput{KeyMetadata: &kmstypes.KeyMetadata{
		Arn: replica, KeyId: aws.String("mrk-1"), KeyManager: kmstypes.KeyManagerTypeCustomer, KeyState: kmstypes.KeyStateEnabled, Enabled: true, KeySpec: kmstypes.KeySpecSymmetricDefault,
		MultiRegion: aws.Bool(true), MultiRegionConfiguration: &kmstypes.MultiRegionConfiguration{
			MultiRegionKeyType: kmstypes.MultiRegionKeyTypeReplica, PrimaryKey: &kmstypes.MultiRegionKey{Arn: primary, Region: aws.String("eu-west-1")},
		},
	}})
	x.says("KMS:GetKeyPolicy", &kms.GetKeyPolicyOutput{Policy: aws.String(`{"Statement":[]}`)})
	x.says("KMS:ListResourceTags", &kms.ListResourceTagsOutput{})
	inv := x.collect(t, kmsKey, kmsReplicaKey)
	assert.Empty(t, gapTexts(inv))
	r := only(t, inv, kmsReplicaKey)
	assertJSON(t, `"`+*primary+`"`, r.Config.Get("PrimaryKeyArn"))
	assertJSON(t, `true`, r.Config.Get("Enabled"))
	assertJSON(t, `"SYMMETRIC_DEFAULT"`, r.Status.Get("KeySpec"))
	assertJSON(t, `{"Statement":[]}`, r.Access)
	assert.Contains(t, r.Links, asset.Link{Rel: "replica_of", To: asset.Ref{Type: kmsKey, ID: *primary}})
	assert.Equal(t, 1, x.calls.n["KMS:DescribeKey"], "described once, for the list and for the key")
	assert.Zero(t, x.calls.n["KMS:GetKeyRotationStatus"], "the primary key decides")
}

func TestKeysThatAreDenied(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.says("KMS:ListKeys", &kms.ListKeysOutput{Keys: []kmstypes.KeyListEntry{{KeyArn: aws.String(testKey), KeyId: aws.String(awsapi.Name(testKey))}}})
	x.fail(denied, "KMS:DescribeKey", "KMS:GetKeyPolicy", "KMS:GetKeyRotationStatus", "KMS:ListResourceTags")
	a := only(t, x.collect(t, kmsKey), kmsKey)
	assertUnread(t, "kms:DescribeKey", "AccessDenied", a.Status.Get("KeyManager"))
	assertUnread(t, "kms:GetKeyPolicy", "AccessDenied", a.Access)
	assertUnread(t, "kms:GetKeyRotationStatus", "AccessDenied", a.Config.Get("EnableKeyRotation"))
	assertUnread(t, "kms:ListResourceTags", "AccessDenied", a.Config.Get("Tags"))
	assert.Nil(t, a.Tags)

	x.fail(&smithy.GenericAPIError{Code: "UnsupportedOperationException"}, "KMS:GetKeyRotationStatus")
	assert.True(t, only(t, x.collect(t, kmsKey), kmsKey).Config.Get("EnableKeyRotation").IsAbsent())
}

func TestKeysOfWhichTheTypeIsDenied(t *testing.T) {
	x := offline(t)
	multi := inTestRegion("kms", "key/mrk-1")
	x.says("KMS:ListKeys", &kms.ListKeysOutput{Keys: []kmstypes.KeyListEntry{
		{KeyArn: multi, KeyId: aws.String("mrk-1")}, {KeyArn: aws.String(testKey), KeyId: aws.String(awsapi.Name(testKey))},
	}})
	x.fail(denied, "KMS:DescribeKey", "KMS:GetKeyPolicy", "KMS:GetKeyRotationStatus", "KMS:ListResourceTags")
	region := asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}
	gap := func(typ asset.Type) *asset.Gap {
		return &asset.Gap{Scope: region, Type: typ, Cause: asset.Unread{Op: "kms:DescribeKey", Reason: asset.Denied, Code: "AccessDenied", Message: *multi + ": not authorized"}}
	}
	inv := x.collect(t, kmsKey, kmsReplicaKey)
	assert.Equal(t, testKey, only(t, inv, kmsKey).ID)
	assert.Empty(t, slices.Collect(inv.OfType(kmsReplicaKey)))
	assert.Equal(t, []*asset.Gap{gap(kmsKey), gap(kmsReplicaKey)}, inv.Gaps())
	assert.Equal(t, asset.Partial, inv.Coverage(region, kmsKey))
	assert.Equal(t, asset.Partial, inv.Coverage(region, kmsReplicaKey))

	inv = x.collect(t, kmsReplicaKey)
	assert.Equal(t, []*asset.Gap{gap(kmsReplicaKey)}, inv.Gaps(), "a key that may be of the type, though not taken for it")
}

func TestPagesOfKMS(t *testing.T) {
	key := func(id string) *kms.ListKeysOutput {
		return &kms.ListKeysOutput{Keys: []kmstypes.KeyListEntry{{KeyId: &id, KeyArn: aws.String("arn:aws:kms:us-east-1:123456789012:key/" + id)}}}
	}
	alias := func(name string) *kms.ListAliasesOutput {
		return &kms.ListAliasesOutput{Aliases: []kmstypes.AliasListEntry{{AliasName: &name, AliasArn: aws.String("arn:aws:kms:us-east-1:123456789012:" + name)}}}
	}
	others := func(x *tester) {
		x.fail(denied, "KMS:DescribeKey", "KMS:GetKeyPolicy", "KMS:GetKeyRotationStatus", "KMS:ListResourceTags")
	}
	testPages(t, listing{operation: "KMS:ListKeys", typ: kmsKey, first: key("1"), last: key("2"), others: others})
	testPages(t, listing{operation: "KMS:ListAliases", typ: kmsAlias, first: alias("alias/a"), last: alias("alias/b")})
}
