package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// code is an error of an API with a code.
func code(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }

const publicPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`

func TestFunctions(t *testing.T) {
	x := offline(t)
	function := func(name string) lambdatypes.FunctionConfiguration {
		return lambdatypes.FunctionConfiguration{FunctionArn: inTestRegion("lambda", "function:"+name), FunctionName: &name, Role: aws.String("arn:aws:iam::123456789012:role/f")}
	}
	inside, outside, sealed := function("inside"), function("outside"), function("sealed")
	inside.VpcConfig = &lambdatypes.VpcConfigResponse{VpcId: aws.String("vpc-1"), SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}}
	inside.KMSKeyArn = aws.String(testKey)
	inside.DeadLetterConfig = &lambdatypes.DeadLetterConfig{TargetArn: inTestRegion("sns", "dead")}
	inside.Environment = &lambdatypes.EnvironmentResponse{Variables: map[string]string{"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}
	inside.Layers = []lambdatypes.Layer{{Arn: inTestRegion("lambda", "layer:l:1"), CodeSize: 5}}
	outside.VpcConfig = &lambdatypes.VpcConfigResponse{VpcId: aws.String("")}
	sealed.Environment = &lambdatypes.EnvironmentResponse{Error: &lambdatypes.EnvironmentError{ErrorCode: aws.String("AccessDeniedException"), Message: aws.String("kms:Decrypt")}}
	x.says("Lambda:ListFunctions", &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{inside, outside, sealed}})
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.answer("Lambda:GetPolicy", func(in any) (any, error) {
		if *in.(*lambda.GetPolicyInput).FunctionName == *inside.FunctionArn {
			return &lambda.GetPolicyOutput{Policy: aws.String(publicPolicy)}, nil
		}
		return nil, code("ResourceNotFoundException")
	})
	x.says("Lambda:GetFunctionCodeSigningConfig", &lambda.GetFunctionCodeSigningConfigOutput{})
	x.says("Lambda:GetFunctionConcurrency", &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: aws.Int32(3)})
	x.says("Lambda:GetFunctionRecursionConfig", &lambda.GetFunctionRecursionConfigOutput{RecursiveLoop: lambdatypes.RecursiveLoopTerminate})
	x.says("Lambda:GetRuntimeManagementConfig", &lambda.GetRuntimeManagementConfigOutput{UpdateRuntimeOn: lambdatypes.UpdateRuntimeOnAuto})
	x.says("Lambda:ListAliases", &lambda.ListAliasesOutput{})
	x.says("Lambda:ListVersionsByFunction", &lambda.ListVersionsByFunctionOutput{})
	x.fail(denied, "Lambda:ListTags")
	x.answer("Lambda:ListFunctionUrlConfigs", func(in any) (any, error) {
		out := &lambda.ListFunctionUrlConfigsOutput{}
		if *in.(*lambda.ListFunctionUrlConfigsInput).FunctionName == *inside.FunctionArn {
			for _, id := range []string{*inside.FunctionArn, *inside.FunctionArn + ":live"} {
				out.FunctionUrlConfigs = append(out.FunctionUrlConfigs, lambdatypes.FunctionUrlConfig{FunctionArn: &id, AuthType: lambdatypes.FunctionUrlAuthTypeNone, FunctionUrl: aws.String("https://f.example")})
			}
		}
		return out, nil
	})

	inv := x.collect(t, lambdaFunction, lambdaURL)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, lambdaFunction, "inside")
	assert.Equal(t, "serverless", a.Class)
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, `{"SubnetIds":["subnet-1"],"SecurityGroupIds":["sg-1"]}`, a.Config.Get("VpcConfig"))
	assertJSON(t, `["arn:aws:lambda:us-east-1:123456789012:layer:l:1"]`, a.Config.Get("Layers"))
	assertJSON(t, `{"UpdateRuntimeOn":"Auto"}`, a.Config.Get("RuntimeManagementConfig"))
	assertUnread(t, "lambda:ListTags", "AccessDenied", a.Config.Get("Tags"))
	found, ok := a.Config.Get("Environment", "Variables", "AWS_SECRET_ACCESS_KEY").Redacted()
	if assert.True(t, ok, "variables are redacted") {
		assert.NotEmpty(t, found.Detectors)
	}
	assert.Contains(t, a.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	assert.Contains(t, a.Links, link("role", iamRole, "arn:aws:iam::123456789012:role/f"))
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Contains(t, a.Links, link("dead_letter", snsTopic, "arn:aws:sns:us-east-1:123456789012:dead"))

	b := named(t, inv, lambdaFunction, "outside")
	assert.True(t, b.Access.IsAbsent())
	assert.True(t, b.Config.Get("VpcConfig").IsAbsent())
	assert.True(t, b.Config.Get("Environment").IsAbsent())
	assertUnread(t, "lambda:ListFunctions", "AccessDeniedException", named(t, inv, lambdaFunction, "sealed").Config.Get("Environment", "Variables"))

	urls := map[string]asset.Value{}
	for u := range inv.OfType(lambdaURL) {
		urls[u.ID] = u.Config
		assert.Contains(t, u.Links, link("parent", lambdaFunction, *inside.FunctionArn))
	}
	assert.Len(t, urls, 2)
	assertJSON(t, `"live"`, urls[*inside.FunctionArn+":live"].Get("Qualifier"))
	assertJSON(t, `"NONE"`, urls[*inside.FunctionArn].Get("AuthType"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "Lambda:ListFunctions": 1,
		"Lambda:GetPolicy": 3, "Lambda:GetFunctionCodeSigningConfig": 3, "Lambda:GetFunctionConcurrency": 3,
		"Lambda:GetFunctionRecursionConfig": 3, "Lambda:GetRuntimeManagementConfig": 3, "Lambda:ListTags": 3, "Lambda:ListFunctionUrlConfigs": 3,
		"Lambda:ListAliases": 3, "Lambda:ListVersionsByFunction": 3,
	}, x.calls.n)
}

func TestFunctionPolicyThatIsDenied(t *testing.T) {
	x := offline(t)
	x.says("Lambda:ListFunctions", &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{{FunctionArn: inTestRegion("lambda", "function:f"), Role: aws.String("r")}}})
	x.fail(denied, "Lambda:GetPolicy")
	a := only(t, x.collectQuery(t, provider.Query{Types: []asset.Type{lambdaFunction}, Reads: map[asset.Type][]asset.Path{lambdaFunction: {"access"}}}), lambdaFunction)
	assertUnread(t, "lambda:GetPolicy", "AccessDenied", a.Access.Get("Statement"))
	assertUnread(t, "lambda:GetFunctionConcurrency", asset.CodeNotRequested, a.Config.Get("ReservedConcurrentExecutions"))
}

func TestContainers(t *testing.T) {
	x := offline(t)
	cluster, lost := *inTestRegion("ecs", "cluster/main"), *inTestRegion("ecs", "cluster/lost")
	service := *inTestRegion("ecs", "service/main/web")
	task := *inTestRegion("ecs", "task-definition/web:7")
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("ECS:ListClusters", &ecs.ListClustersOutput{ClusterArns: []string{cluster, lost}})
	x.says("ECS:DescribeClusters", &ecs.DescribeClustersOutput{
		Clusters: []ecstypes.Cluster{{
			ClusterArn: &cluster, Status: aws.String("ACTIVE"), Settings: []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: aws.String("enabled")}},
			Tags: []ecstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}},
		}},
		Failures: []ecstypes.Failure{{Arn: &lost, Reason: aws.String("MISSING")}},
	})
	x.answer("ECS:ListServices", func(in any) (any, error) {
		if *in.(*ecs.ListServicesInput).Cluster == cluster {
			return &ecs.ListServicesOutput{ServiceArns: []string{service}}, nil
		}
		return &ecs.ListServicesOutput{}, nil
	})
	x.answer("ECS:DescribeServices", func(in any) (any, error) {
		assert.Equal(t, cluster, *in.(*ecs.DescribeServicesInput).Cluster)
		return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{{
			ServiceArn: &service, ServiceName: aws.String("web"), ClusterArn: &cluster, TaskDefinition: &task, CreatedAt: &observed,
			NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}, SecurityGroups: []string{"sg-1"}, AssignPublicIp: ecstypes.AssignPublicIpEnabled}},
			LoadBalancers:        []ecstypes.LoadBalancer{{TargetGroupArn: inTestRegion("elasticloadbalancing", "targetgroup/t/1")}},
			Deployments:          []ecstypes.Deployment{{Status: aws.String("PRIMARY"), ServiceConnectConfiguration: &ecstypes.ServiceConnectConfiguration{Enabled: true}}},
		}}}, nil
	})
	x.says("ECS:ListTaskDefinitions", &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: []string{task}})
	x.says("ECS:DescribeTaskDefinition", &ecs.DescribeTaskDefinitionOutput{TaskDefinition: &ecstypes.TaskDefinition{
		TaskDefinitionArn: &task, Revision: 7, NetworkMode: ecstypes.NetworkModeHost, TaskRoleArn: aws.String("arn:aws:iam::123456789012:role/t"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("c"), Privileged: aws.Bool(true), Environment: []ecstypes.KeyValuePair{{Name: aws.String("PASSWORD"), Value: aws.String("correct horse battery")}},
		}},
		Volumes: []ecstypes.Volume{{Name: aws.String("v"), EfsVolumeConfiguration: &ecstypes.EFSVolumeConfiguration{
			FileSystemId: aws.String("fs-1"), TransitEncryption: ecstypes.EFSTransitEncryptionEnabled, AuthorizationConfig: &ecstypes.EFSAuthorizationConfig{Iam: ecstypes.EFSAuthorizationConfigIAMEnabled},
		}}},
	}})

	inv := x.collect(t, ecsCluster, ecsService, ecsTaskDefinition)
	assert.Empty(t, gapTexts(inv))
	c := named(t, inv, ecsCluster, "main")
	assertJSON(t, `[{"Name":"containerInsights","Value":"enabled"}]`, c.Config.Get("ClusterSettings"))
	assert.Equal(t, map[string]string{"a": "b"}, c.Tags)
	assertUnread(t, "ecs:DescribeClusters", "MISSING", named(t, inv, ecsCluster, "lost").Config.Get("ClusterSettings"))
	s := only(t, inv, ecsService)
	assertJSON(t, `"ENABLED"`, s.Config.Get("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp"))
	assertJSON(t, `true`, s.Config.Get("ServiceConnectConfiguration", "Enabled"))
	assertUnread(t, "", collect.CodeNotCollected, s.Config.Get("Monitoring"))
	assert.Contains(t, s.Links, link("cluster", ecsCluster, cluster))
	assert.Contains(t, s.Links, link("task_definition", ecsTaskDefinition, task))
	assert.Contains(t, s.Links, link("subnet", ec2Subnet, "arn:aws:ec2:us-east-1:999999999999:subnet/subnet-1"))
	assert.Contains(t, s.Links, link("target_group", elbTargetGroup, "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/t/1"))
	d := only(t, inv, ecsTaskDefinition)
	assert.Equal(t, "web:7", d.Name)
	assertJSON(t, `"host"`, d.Config.Get("NetworkMode"))
	container := d.Config.Get("ContainerDefinitions").Index(0)
	assertJSON(t, `true`, container.Get("Privileged"))
	_, redacted := container.Get("Environment").Index(0).Get("Value").Redacted()
	assert.True(t, redacted, "environment is redacted")
	assertJSON(t, `{"Name":"v","EFSVolumeConfiguration":{"FilesystemId":"fs-1","TransitEncryption":"ENABLED","AuthorizationConfig":{"IAM":"ENABLED"}}}`, d.Config.Get("Volumes").Index(0))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "ECS:ListClusters": 1, "ECS:DescribeClusters": 1,
		"ECS:ListServices": 2, "ECS:DescribeServices": 1, "ECS:ListTaskDefinitions": 1, "ECS:DescribeTaskDefinition": 1,
	}, x.calls.n)

	x.fail(denied, "ECS:DescribeTaskDefinition", "ECS:DescribeServices")
	inv = x.collect(t, ecsService, ecsTaskDefinition)
	assertUnread(t, "ecs:DescribeTaskDefinition", "AccessDenied", only(t, inv, ecsTaskDefinition).Config.Get("ContainerDefinitions"))
	assertUnread(t, "ecs:DescribeServices", "AccessDenied", only(t, inv, ecsService).Config.Get("NetworkConfiguration"))
}

func TestRepositories(t *testing.T) {
	x := offline(t)
	x.says("ECR:DescribeRepositories", &ecr.DescribeRepositoriesOutput{Repositories: []ecrtypes.Repository{{
		RepositoryArn: inTestRegion("ecr", "repository/team/web"), RepositoryName: aws.String("team/web"), RegistryId: aws.String("123456789012"), CreatedAt: &observed,
		ImageTagMutability: ecrtypes.ImageTagMutabilityImmutable, ImageScanningConfiguration: &ecrtypes.ImageScanningConfiguration{ScanOnPush: true},
		EncryptionConfiguration:            &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeKms, KmsKey: aws.String(testKey)},
		ImageTagMutabilityExclusionFilters: []ecrtypes.ImageTagMutabilityExclusionFilter{{Filter: aws.String("dev-*"), FilterType: ecrtypes.ImageTagMutabilityExclusionFilterTypeWildcard}},
	}}})
	x.says("ECR:GetRepositoryPolicy", &ecr.GetRepositoryPolicyOutput{PolicyText: aws.String(publicPolicy)})
	x.fail(code("LifecyclePolicyNotFoundException"), "ECR:GetLifecyclePolicy")
	x.says("ECR:ListTagsForResource", &ecr.ListTagsForResourceOutput{})
	a := only(t, x.collect(t, ecrRepository), ecrRepository)
	assert.Equal(t, "team/web", a.Name)
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, publicPolicy, a.Config.Get("RepositoryPolicyText"))
	assertJSON(t, `[{"ImageTagMutabilityExclusionFilterType":"WILDCARD","ImageTagMutabilityExclusionFilterValue":"dev-*"}]`, a.Config.Get("ImageTagMutabilityExclusionFilters"))
	assert.True(t, a.Config.Get("LifecyclePolicy").IsAbsent())
	assert.True(t, a.Config.Get("Tags").IsAbsent())
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "ECR:DescribeRepositories": 1,
		"ECR:GetRepositoryPolicy": 1, "ECR:GetLifecyclePolicy": 1, "ECR:ListTagsForResource": 1,
	}, x.calls.n)
	x.fail(code("RepositoryPolicyNotFoundException"), "ECR:GetRepositoryPolicy")
	assert.True(t, only(t, x.collect(t, ecrRepository), ecrRepository).Access.IsAbsent())
	x.fail(denied, "ECR:GetRepositoryPolicy")
	assertUnread(t, "ecr:GetRepositoryPolicy", "AccessDenied", only(t, x.collect(t, ecrRepository), ecrRepository).Access)
}

func TestKubernetes(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("EKS:ListClusters", &eks.ListClustersOutput{Clusters: []string{"main"}})
	x.says("EKS:DescribeCluster", &eks.DescribeClusterOutput{Cluster: &ekstypes.Cluster{
		Name: aws.String("main"), Arn: inTestRegion("eks", "cluster/main"), RoleArn: aws.String("arn:aws:iam::123456789012:role/eks"), CreatedAt: &observed, Tags: map[string]string{"a": "b"},
		ResourcesVpcConfig: &ekstypes.VpcConfigResponse{EndpointPublicAccess: true, PublicAccessCidrs: []string{"0.0.0.0/0"}, SubnetIds: []string{"subnet-1"}, VpcId: aws.String("vpc-1"), ClusterSecurityGroupId: aws.String("sg-9")},
		Logging: &ekstypes.Logging{ClusterLogging: []ekstypes.LogSetup{
			{Enabled: aws.Bool(true), Types: []ekstypes.LogType{ekstypes.LogTypeAudit}}, {Enabled: aws.Bool(false), Types: []ekstypes.LogType{ekstypes.LogTypeApi}},
		}},
		EncryptionConfig: []ekstypes.EncryptionConfig{{Provider: &ekstypes.Provider{KeyArn: aws.String(testKey)}, Resources: []string{"secrets"}}},
	}})
	x.says("EKS:ListNodegroups", &eks.ListNodegroupsOutput{Nodegroups: []string{"workers"}})
	x.says("EKS:DescribeNodegroup", &eks.DescribeNodegroupOutput{Nodegroup: &ekstypes.Nodegroup{
		NodegroupName: aws.String("workers"), ClusterName: aws.String("main"), NodegroupArn: inTestRegion("eks", "nodegroup/main/workers/1"), NodeRole: aws.String("arn:aws:iam::123456789012:role/node"), Subnets: []string{"subnet-1"},
		LaunchTemplate: &ekstypes.LaunchTemplateSpecification{Id: aws.String("lt-1"), Version: aws.String("1")},
	}})
	inv := x.collect(t, eksCluster, eksNodegroup)
	assert.Empty(t, gapTexts(inv))
	c := only(t, inv, eksCluster)
	assertJSON(t, `{"EndpointPublicAccess":true,"EndpointPrivateAccess":false,"PublicAccessCidrs":["0.0.0.0/0"],"SubnetIds":["subnet-1"]}`, c.Config.Get("ResourcesVpcConfig"))
	assertJSON(t, `{"ClusterLogging":{"EnabledTypes":[{"Type":"audit"}]}}`, c.Config.Get("Logging"))
	assertJSON(t, `[{"Key":"a","Value":"b"}]`, c.Config.Get("Tags"))
	assertJSON(t, `"`+testKey+`"`, c.Config.Get("EncryptionConfigKeyArn"))
	assert.Contains(t, c.Links, link("security_group", ec2SecurityGroup, "arn:aws:ec2:us-east-1:123456789012:security-group/sg-9"))
	assert.Contains(t, c.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	n := only(t, inv, eksNodegroup)
	assert.Equal(t, *inTestRegion("eks", "nodegroup/main/workers/1"), n.ID)
	assert.Contains(t, n.Links, link("parent", eksCluster, c.ID))
	assert.Contains(t, n.Links, link("launch_template", ec2LaunchTemplate, "arn:aws:ec2:us-east-1:123456789012:launch-template/lt-1"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1,
		"EKS:ListClusters": 1, "EKS:DescribeCluster": 1, "EKS:ListNodegroups": 1, "EKS:DescribeNodegroup": 1,
	}, x.calls.n)

	x.fail(denied, "EKS:DescribeCluster", "EKS:DescribeNodegroup")
	inv = x.collect(t, eksCluster, eksNodegroup)
	c = only(t, inv, eksCluster)
	assertUnread(t, "eks:DescribeCluster", "AccessDenied", c.Config.Get("ResourcesVpcConfig", "EndpointPublicAccess"))
	if assert.Len(t, inv.GapsOf(c.Ref), 1) {
		assert.Equal(t, "eks:DescribeNodegroup", inv.GapsOf(c.Ref)[0].Cause.Op)
	}

	// One that is deleted meanwhile does not take the others with it.
	x.says("EKS:ListNodegroups", &eks.ListNodegroupsOutput{Nodegroups: []string{"gone", "workers"}})
	x.answer("EKS:DescribeNodegroup", func(in any) (any, error) {
		if aws.ToString(in.(*eks.DescribeNodegroupInput).NodegroupName) == "gone" {
			return nil, code("ResourceNotFoundException")
		}
		return &eks.DescribeNodegroupOutput{Nodegroup: &ekstypes.Nodegroup{
			NodegroupName: aws.String("workers"), ClusterName: aws.String("main"), NodegroupArn: inTestRegion("eks", "nodegroup/main/workers/1"), NodeRole: aws.String("arn:aws:iam::123456789012:role/node"), Subnets: []string{"subnet-1"},
		}}, nil
	})
	inv = x.collect(t, eksNodegroup)
	assert.Empty(t, gapTexts(inv))
	assert.Equal(t, "workers", only(t, inv, eksNodegroup).Name)
}
