package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	api2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	ekstypes "github.com/aws/aws-sdk-go-v2/service/eks/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestPagesBelow holds lists of what belongs to another asset, of which there is one, to
// the contract of pages.
func TestPagesBelow(t *testing.T) {
	service := func(name string) any {
		return &ecs.ListServicesOutput{ServiceArns: []string{*inTestRegion("ecs", "service/c/"+name)}}
	}
	listener := func(name string) any {
		return &elb.DescribeListenersOutput{Listeners: []elbtypes.Listener{{
			ListenerArn: inTestRegion("elasticloadbalancing", "listener/app/lb/1/"+name), DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse}},
		}}}
	}
	target := func(name string) any {
		return &efs.DescribeMountTargetsOutput{MountTargets: []efstypes.MountTargetDescription{{MountTargetId: &name, FileSystemId: aws.String("fs-1"), SubnetId: aws.String("subnet-1")}}}
	}
	nodes := func(name string) any { return &eks.ListNodegroupsOutput{Nodegroups: []string{name}} }
	url := func(alias string) any {
		return &lambda.ListFunctionUrlConfigsOutput{FunctionUrlConfigs: []lambdatypes.FunctionUrlConfig{{FunctionArn: inTestRegion("lambda", "function:f:"+alias), AuthType: lambdatypes.FunctionUrlAuthTypeNone}}}
	}
	key := func(id string) any {
		return &iam.ListAccessKeysOutput{AccessKeyMetadata: []iamtypes.AccessKeyMetadata{{AccessKeyId: &id, UserName: aws.String("ann"), CreateDate: &observed}}}
	}
	stage := func(name string) any {
		return &apigatewayv2.GetStagesOutput{Items: []api2types.Stage{{StageName: &name}}}
	}
	for _, l := range []listing{
		{operation: "ECS:ListServices", typ: ecsService, first: service("a"), last: service("b"), others: func(x *tester) {
			x.says("ECS:ListClusters", &ecs.ListClustersOutput{ClusterArns: []string{*inTestRegion("ecs", "cluster/c")}})
			x.fail(denied, "ECS:DescribeServices")
		}},
		{operation: "Elastic Load Balancing v2:DescribeListeners", typ: elbListener, first: listener("a"), last: listener("b"), others: func(x *tester) {
			x.says("Elastic Load Balancing v2:DescribeLoadBalancers", &elb.DescribeLoadBalancersOutput{LoadBalancers: []elbtypes.LoadBalancer{{LoadBalancerName: aws.String("lb"), LoadBalancerArn: inTestRegion("elasticloadbalancing", "loadbalancer/app/lb/1")}}})
		}},
		{operation: "EFS:DescribeMountTargets", typ: efsMountTarget, first: target("fsmt-1"), last: target("fsmt-2"), others: func(x *tester) {
			x.says("EFS:DescribeFileSystems", &efs.DescribeFileSystemsOutput{FileSystems: []efstypes.FileSystemDescription{{FileSystemId: aws.String("fs-1")}}})
		}},
		{operation: "EKS:ListNodegroups", typ: eksNodegroup, first: nodes("a"), last: nodes("b"), others: func(x *tester) {
			x.says("EKS:ListClusters", &eks.ListClustersOutput{Clusters: []string{"c"}})
			x.answer("EKS:DescribeNodegroup", func(in any) (any, error) {
				name := in.(*eks.DescribeNodegroupInput).NodegroupName
				return &eks.DescribeNodegroupOutput{Nodegroup: &ekstypes.Nodegroup{
					NodegroupName: name, NodegroupArn: inTestRegion("eks", "nodegroup/c/"+*name+"/1"), ClusterName: aws.String("c"), NodeRole: aws.String("r"), Subnets: []string{"subnet-1"},
				}}, nil
			})
		}},
		{operation: "Lambda:ListFunctionUrlConfigs", typ: lambdaURL, first: url("a"), last: url("b"), others: func(x *tester) {
			x.says("Lambda:ListFunctions", &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{{FunctionArn: inTestRegion("lambda", "function:f")}}})
		}},
		{operation: "IAM:ListAccessKeys", typ: iamAccessKey, first: key("AKIAIOSFODNN7EXAMPLE"), last: key("AKIAI44QH8DHBEXAMPLE"), others: func(x *tester) {
			x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{{Arn: aws.String("arn:aws:iam::123456789012:user/ann"), UserName: aws.String("ann")}}})
			x.fail(denied, "IAM:GetAccessKeyLastUsed")
		}},
		{operation: "ApiGatewayV2:GetStages", typ: httpStage, first: stage("a"), last: stage("b"), others: func(x *tester) {
			x.says("ApiGatewayV2:GetApis", &apigatewayv2.GetApisOutput{Items: []api2types.Api{{ApiId: aws.String("api")}}})
		}},
	} {
		t.Run(l.operation, func(t *testing.T) { testPages(t, l) })
	}
}
