package aws

import (
	"strconv"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// The regions of the options hold for buckets, which AWS lists for an account at once.
func TestRegionsHoldForBuckets(t *testing.T) {
	c := newCloud(1)
	p := c.provider(t)
	p.opts.Regions = []string{"eu-west-1"}
	inv := (&tester{Provider: p, calls: &calls{}}).collect(t, s3Bucket, iamUser)
	assert.Empty(t, gapTexts(inv))
	for b := range inv.OfType(s3Bucket) {
		assert.Equal(t, "eu-west-1", b.Region, b.ID)
	}
	scope := asset.Scope{Provider: "aws", Account: "123456789012"}
	assert.Equal(t, asset.Complete, inv.Coverage(scope, iamUser), "global types are whole")
	scope.Region = "eu-west-1"
	assert.Equal(t, asset.Complete, inv.Coverage(scope, s3Bucket))
	whole := (&tester{Provider: newCloud(1).provider(t), calls: &calls{}}).collect(t, s3Bucket)
	assert.Greater(t, whole.Len(), inv.Len()-c.n(iamUser))
}

// Links to networks may lead to another account, where nobody may say whose they are.
func TestOwnersOfNetworksThatAreDenied(t *testing.T) {
	x := offline(t)
	x.says("Lambda:ListFunctions", &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{
		{FunctionArn: inTestRegion("lambda", "function:in"), FunctionName: aws.String("in"), Role: aws.String("r"), VpcConfig: &lambdatypes.VpcConfigResponse{VpcId: aws.String("vpc-1"), SubnetIds: []string{"subnet-1"}}},
		{FunctionArn: inTestRegion("lambda", "function:out"), FunctionName: aws.String("out"), Role: aws.String("r")},
	}})
	x.fail(denied, "EC2:DescribeSubnets")
	inv := x.collect(t, lambdaFunction)
	in := named(t, inv, lambdaFunction, "in")
	for _, rel := range []string{"vpc", "subnet"} {
		why := in.UnreadLinks(rel)
		require.NotNil(t, why, rel)
		assert.Equal(t, "ec2:DescribeSubnets", why.Op)
		assert.Equal(t, asset.Denied, why.Reason)
	}
	assert.Nil(t, in.UnreadLinks("role"))
	assert.Empty(t, named(t, inv, lambdaFunction, "out").Unread)
}

// A policy on an alias or a version grants what that of the function does not.
func TestPoliciesOfAliasesAndVersions(t *testing.T) {
	x := offline(t)
	x.says("Lambda:ListFunctions", &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{{FunctionArn: inTestRegion("lambda", "function:f"), FunctionName: aws.String("f"), Role: aws.String("r")}}})
	x.says("Lambda:ListAliases", &lambda.ListAliasesOutput{Aliases: []lambdatypes.AliasConfiguration{{Name: aws.String("prod")}, {Name: aws.String("test")}}})
	x.says("Lambda:ListVersionsByFunction", &lambda.ListVersionsByFunctionOutput{Versions: []lambdatypes.FunctionConfiguration{{Version: aws.String("$LATEST")}, {Version: aws.String("1")}, {Version: aws.String("2")}}})
	x.answer("Lambda:GetPolicy", func(in any) (any, error) {
		switch aws.ToString(in.(*lambda.GetPolicyInput).Qualifier) {
		case "prod", "2":
			return &lambda.GetPolicyOutput{Policy: aws.String(publicPolicy)}, nil
		}
		return nil, code(lambdaNotFound)
	})
	f := only(t, x.collect(t, lambdaFunction), lambdaFunction)
	assert.True(t, f.Access.IsAbsent())
	assertJSON(t, `[{"Qualifier":"prod","Policy":`+publicPolicy+`}]`, f.Status.Get("AliasPolicies"))
	assertJSON(t, `[{"Qualifier":"2","Policy":`+publicPolicy+`}]`, f.Status.Get("VersionPolicies"))

	x.fail(denied, "Lambda:ListVersionsByFunction")
	x.answer("Lambda:GetPolicy", func(in any) (any, error) {
		if in.(*lambda.GetPolicyInput).Qualifier != nil {
			return nil, denied
		}
		return &lambda.GetPolicyOutput{Policy: aws.String(publicPolicy)}, nil
	})
	f = only(t, x.collect(t, lambdaFunction), lambdaFunction)
	assertJSON(t, publicPolicy, f.Access)
	assertUnread(t, "lambda:ListVersionsByFunction", "AccessDenied", f.Status.Get("VersionPolicies"))
	assertUnread(t, "lambda:GetPolicy", "AccessDenied", f.Status.Get("AliasPolicies"))
}

// Instances and groups may use other versions of a launch template than the default one.
func TestLaunchTemplateVersionsThatAreUsed(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeLaunchTemplates", &ec2.DescribeLaunchTemplatesOutput{LaunchTemplates: []ec2types.LaunchTemplate{
		{LaunchTemplateId: aws.String("lt-1"), LaunchTemplateName: aws.String("one"), DefaultVersionNumber: aws.Int64(1), LatestVersionNumber: aws.Int64(5)},
		{LaunchTemplateId: aws.String("lt-2"), LaunchTemplateName: aws.String("two"), DefaultVersionNumber: aws.Int64(1), LatestVersionNumber: aws.Int64(1)},
		{LaunchTemplateId: aws.String("lt-3"), LaunchTemplateName: aws.String("three"), DefaultVersionNumber: aws.Int64(2), LatestVersionNumber: aws.Int64(2)},
	}})
	tagged := func(id, version string) ec2types.Instance {
		return ec2types.Instance{Tags: []ec2types.Tag{{Key: aws.String("aws:ec2launchtemplate:id"), Value: &id}, {Key: aws.String("aws:ec2launchtemplate:version"), Value: &version}}}
	}
	x.says("EC2:DescribeInstances", &ec2.DescribeInstancesOutput{Reservations: []ec2types.Reservation{{Instances: []ec2types.Instance{tagged("lt-1", "3"), tagged("lt-1", "9"), tagged("lt-2", "1"), {}}}}})
	specification := func(id, name, version string) *autoscalingtypes.LaunchTemplateSpecification {
		return &autoscalingtypes.LaunchTemplateSpecification{LaunchTemplateId: optional(id), LaunchTemplateName: optional(name), Version: optional(version)}
	}
	x.says("Auto Scaling:DescribeAutoScalingGroups", &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []autoscalingtypes.AutoScalingGroup{
		{LaunchTemplate: specification("", "one", "$Latest")},
		{LaunchTemplate: specification("lt-2", "", "")},
		{MixedInstancesPolicy: &autoscalingtypes.MixedInstancesPolicy{LaunchTemplate: &autoscalingtypes.LaunchTemplate{
			LaunchTemplateSpecification: specification("lt-3", "", "$Default"),
			Overrides:                   []autoscalingtypes.LaunchTemplateOverrides{{LaunchTemplateSpecification: specification("lt-3", "", "1")}},
		}}},
	}})
	version := func(id string, number int64) ec2types.LaunchTemplateVersion {
		return ec2types.LaunchTemplateVersion{LaunchTemplateId: &id, VersionNumber: &number, DefaultVersion: aws.Bool(false), LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: aws.String("ami-1"), UserData: aws.String(base64Of(cloudScript))}}
	}
	x.answer("EC2:DescribeLaunchTemplateVersions", func(in any) (any, error) {
		out := &ec2.DescribeLaunchTemplateVersionsOutput{}
		id := aws.ToString(in.(*ec2.DescribeLaunchTemplateVersionsInput).LaunchTemplateId)
		if id == "" {
			return out, nil
		}
		for _, v := range in.(*ec2.DescribeLaunchTemplateVersionsInput).Versions {
			switch v {
			case "$Latest":
				out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, version(id, 5))
			case "9":
				return nil, code("InvalidLaunchTemplateId.VersionNotFound")
			default:
				n, err := strconv.ParseInt(v, 10, 64)
				require.NoError(t, err)
				out.LaunchTemplateVersions = append(out.LaunchTemplateVersions, version(id, n))
			}
		}
		return out, nil
	})
	used := func(inv *asset.Inventory, name string) (numbers []string) {
		versions, err := named(t, inv, ec2LaunchTemplate, name).Status.Get("UsedVersions").Elements()
		require.NoError(t, err)
		for _, v := range versions {
			n, err := v.Get("VersionNumber").Int()
			require.NoError(t, err)
			_, redacted := v.Get("LaunchTemplateData", "UserData").Redacted()
			assert.True(t, redacted, "user data is redacted")
			numbers = append(numbers, strconv.FormatInt(n, 10))
		}
		return numbers
	}
	inv := x.collect(t, ec2LaunchTemplate)
	assert.Empty(t, gapTexts(inv))
	assert.ElementsMatch(t, []string{"3", "5"}, used(inv, "one"), "one of which is deleted")
	assertJSON(t, "[]", named(t, inv, ec2LaunchTemplate, "two").Status.Get("UsedVersions"))
	assert.Equal(t, []string{"1"}, used(inv, "three"))

	x.fail(denied, "Auto Scaling:DescribeAutoScalingGroups")
	assertUnread(t, "autoscaling:DescribeAutoScalingGroups", "AccessDenied", named(t, x.collect(t, ec2LaunchTemplate), ec2LaunchTemplate, "two").Status.Get("UsedVersions"))
}
