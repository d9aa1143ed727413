package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
)

func TestSecrets(t *testing.T) {
	x := offline(t)
	x.answer("Secrets Manager:ListSecrets", func(in any) (any, error) {
		assert.Nil(t, in.(*secretsmanager.ListSecretsInput).IncludePlannedDeletion)
		return &secretsmanager.ListSecretsOutput{SecretList: []secrettypes.SecretListEntry{{ARN: inTestRegion("secretsmanager", "secret:old-AbCdEf"), Name: aws.String("old"), DeletedDate: &observed}, {
			ARN: inTestRegion("secretsmanager", "secret:db-AbCdEf"), Name: aws.String("db"), KmsKeyId: aws.String(testKey), RotationEnabled: aws.Bool(true),
			RotationLambdaARN: inTestRegion("lambda", "function:rotate"), RotationRules: &secrettypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}, CreatedDate: &observed,
		}}}, nil
	})
	x.says("Secrets Manager:DescribeSecret", &secretsmanager.DescribeSecretOutput{ReplicationStatus: []secrettypes.ReplicationStatusType{{Region: aws.String("eu-west-1"), Status: secrettypes.StatusTypeInSync}}})
	x.says("Secrets Manager:GetResourcePolicy", &secretsmanager.GetResourcePolicyOutput{ResourcePolicy: aws.String(publicPolicy)})
	a := only(t, x.collect(t, secretsManagerSecret), secretsManagerSecret)
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, `[{"Region":"eu-west-1"}]`, a.Config.Get("ReplicaRegions"))
	assertJSON(t, `{"AutomaticallyAfterDays":30}`, a.Status.Get("RotationRules"))
	assert.True(t, a.Config.Get("SecretString").IsAbsent())
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Contains(t, a.Links, link("rotated_by", lambdaFunction, "arn:aws:lambda:us-east-1:123456789012:function:rotate"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "Secrets Manager:ListSecrets": 1, "Secrets Manager:DescribeSecret": 1, "Secrets Manager:GetResourcePolicy": 1,
	}, x.calls.n)

	x.says("Secrets Manager:GetResourcePolicy", &secretsmanager.GetResourcePolicyOutput{})
	x.fail(denied, "Secrets Manager:DescribeSecret")
	a = only(t, x.collect(t, secretsManagerSecret), secretsManagerSecret)
	assert.True(t, a.Access.IsAbsent(), "no policy is an answer")
	assertUnread(t, "secretsmanager:DescribeSecret", "AccessDenied", a.Config.Get("ReplicaRegions"))
	x.fail(denied, "Secrets Manager:GetResourcePolicy")
	assertUnread(t, "secretsmanager:GetResourcePolicy", "AccessDenied", only(t, x.collect(t, secretsManagerSecret), secretsManagerSecret).Access)
}

// A secret that is marked for deletion between the list and the reads is dropped.
func TestSecretsThatAreMarkedForDeletion(t *testing.T) {
	refused := func(message string) error { return &secrettypes.InvalidRequestException{Message: &message} }
	for name, tt := range map[string]struct {
		describe any
		policy   error
		dropped  bool
	}{
		"described":        {&secretsmanager.DescribeSecretOutput{DeletedDate: &observed}, nil, true},
		"policy":           {&secretsmanager.DescribeSecretOutput{}, refused("You can't perform this operation on the secret because it was marked for deletion."), true},
		"deleted":          {&secretsmanager.DescribeSecretOutput{}, &secrettypes.ResourceNotFoundException{}, true},
		"refused for more": {&secretsmanager.DescribeSecretOutput{}, refused("You can't do that."), false},
	} {
		x := offline(t)
		x.says("Secrets Manager:ListSecrets", &secretsmanager.ListSecretsOutput{SecretList: []secrettypes.SecretListEntry{{ARN: inTestRegion("secretsmanager", "secret:db-AbCdEf"), Name: aws.String("db")}}})
		x.says("Secrets Manager:DescribeSecret", tt.describe)
		x.answer("Secrets Manager:GetResourcePolicy", func(any) (any, error) { return &secretsmanager.GetResourcePolicyOutput{}, tt.policy })
		inv := x.collect(t, secretsManagerSecret)
		assert.Empty(t, gapTexts(inv), name)
		assert.Equal(t, asset.Complete, inv.Coverage(testRegion, secretsManagerSecret), name)
		assert.Equal(t, tt.dropped, inv.Len() == 0, name)
	}
}

func TestParameters(t *testing.T) {
	x := offline(t)
	x.says("SSM:DescribeParameters", &ssm.DescribeParametersOutput{Parameters: []ssmtypes.ParameterMetadata{
		{Name: aws.String("/app/db"), Type: ssmtypes.ParameterTypeSecureString, KeyId: aws.String(testKey), Tier: ssmtypes.ParameterTierStandard, Version: 3, Policies: []ssmtypes.ParameterInlinePolicy{{PolicyText: aws.String(`{"Type":"Expiration"}`)}}},
		{Name: aws.String("plain"), ARN: inTestRegion("ssm", "parameter/plain"), Type: ssmtypes.ParameterTypeString},
	}})
	x.says("SSM:ListTagsForResource", &ssm.ListTagsForResourceOutput{TagList: []ssmtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	inv := x.collect(t, ssmParameter)
	a := named(t, inv, ssmParameter, "/app/db")
	assert.Equal(t, "arn:aws:ssm:us-east-1:123456789012:parameter/app/db", a.ID)
	assertJSON(t, `"SecureString"`, a.Config.Get("Type"))
	assertJSON(t, `{"a":"b"}`, a.Config.Get("Tags"))
	assertJSON(t, `"[{\"Type\":\"Expiration\"}]"`, a.Config.Get("Policies"))
	assertJSON(t, `3`, a.Status.Get("Version"))
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.True(t, named(t, inv, ssmParameter, "plain").Config.Get("Policies").IsAbsent())
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "SSM:DescribeParameters": 1, "SSM:ListTagsForResource": 2}, x.calls.n, "no value is read")

	x.fail(denied, "SSM:ListTagsForResource")
	inv = x.collect(t, ssmParameter)
	assert.Empty(t, gapTexts(inv))
	a = named(t, inv, ssmParameter, "plain")
	assertUnread(t, "ssm:ListTagsForResource", "AccessDenied", a.Config.Get("Tags"))
	assert.Nil(t, a.Tags)
	assertJSON(t, `"String"`, a.Config.Get("Type"))
}
