package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// TestPages holds the lists of services to the contract of pages.
func TestPages(t *testing.T) {
	database := func(name string) any {
		return &rds.DescribeDBInstancesOutput{DBInstances: []rdstypes.DBInstance{{DBInstanceArn: inTestRegion("rds", "db:"+name)}}}
	}
	cluster := func(name string) any {
		return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{{DBClusterArn: inTestRegion("rds", "cluster:"+name)}}}
	}
	snapshot := func(name string) any {
		return &rds.DescribeDBSnapshotsOutput{DBSnapshots: []rdstypes.DBSnapshot{{DBSnapshotArn: inTestRegion("rds", "snapshot:"+name), SnapshotType: aws.String(automated)}}}
	}
	clusterSnapshot := func(name string) any {
		return &rds.DescribeDBClusterSnapshotsOutput{DBClusterSnapshots: []rdstypes.DBClusterSnapshot{{
			DBClusterSnapshotArn: inTestRegion("rds", "cluster-snapshot:"+name), DBClusterSnapshotIdentifier: &name, SnapshotType: aws.String(automated), StorageEncrypted: aws.Bool(true),
		}}}
	}
	function := func(name string) any {
		return &lambda.ListFunctionsOutput{Functions: []lambdatypes.FunctionConfiguration{{FunctionArn: inTestRegion("lambda", "function:"+name), Role: aws.String("r")}}}
	}
	repository := func(name string) any {
		return &ecr.DescribeRepositoriesOutput{Repositories: []ecrtypes.Repository{{RepositoryArn: inTestRegion("ecr", "repository/"+name)}}}
	}
	topic := func(name string) any {
		return &sns.ListTopicsOutput{Topics: []snstypes.Topic{{TopicArn: inTestRegion("sns", name)}}}
	}
	subscription := func(name string) any {
		return &sns.ListSubscriptionsOutput{Subscriptions: []snstypes.Subscription{{SubscriptionArn: inTestRegion("sns", "t:"+name), TopicArn: inTestRegion("sns", "t"), Protocol: aws.String("sqs")}}}
	}
	secret := func(name string) any {
		return &secretsmanager.ListSecretsOutput{SecretList: []secrettypes.SecretListEntry{{ARN: inTestRegion("secretsmanager", "secret:"+name)}}}
	}
	parameter := func(name string) any {
		return &ssm.DescribeParametersOutput{Parameters: []ssmtypes.ParameterMetadata{{Name: &name, Type: ssmtypes.ParameterTypeString}}}
	}
	// What else is asked of these assets is denied, which makes no difference.
	without := func(operations ...string) func(*tester) {
		return func(x *tester) { x.fail(denied, operations...) }
	}
	for _, l := range []listing{
		{operation: "RDS:DescribeDBInstances", typ: rdsInstance, first: database("a"), last: database("b")},
		{operation: "RDS:DescribeDBClusters", typ: rdsCluster, first: cluster("a"), last: cluster("b")},
		{operation: "RDS:DescribeDBSnapshots", typ: rdsSnapshot, first: snapshot("a"), last: snapshot("b")},
		{operation: "RDS:DescribeDBClusterSnapshots", typ: rdsClusterSnapshot, first: clusterSnapshot("a"), last: clusterSnapshot("b")},
		{operation: "Lambda:ListFunctions", typ: lambdaFunction, first: function("a"), last: function("b"), others: without("Lambda:GetPolicy", "Lambda:GetFunctionCodeSigningConfig",
			"Lambda:GetFunctionConcurrency", "Lambda:GetFunctionRecursionConfig", "Lambda:GetRuntimeManagementConfig", "Lambda:ListTags")},
		{
			operation: "ECS:ListClusters", typ: ecsCluster, others: without("ECS:DescribeClusters"),
			first: &ecs.ListClustersOutput{ClusterArns: []string{*inTestRegion("ecs", "cluster/a")}}, last: &ecs.ListClustersOutput{ClusterArns: []string{*inTestRegion("ecs", "cluster/b")}},
		},
		{
			operation: "ECS:ListTaskDefinitions", typ: ecsTaskDefinition, others: without("ECS:DescribeTaskDefinition"),
			first: &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: []string{*inTestRegion("ecs", "task-definition/a:1")}}, last: &ecs.ListTaskDefinitionsOutput{TaskDefinitionArns: []string{*inTestRegion("ecs", "task-definition/b:1")}},
		},
		{operation: "ECR:DescribeRepositories", typ: ecrRepository, first: repository("a"), last: repository("b"), others: without("ECR:GetRepositoryPolicy", "ECR:GetLifecyclePolicy", "ECR:ListTagsForResource")},
		{operation: "EKS:ListClusters", typ: eksCluster, first: &eks.ListClustersOutput{Clusters: []string{"a"}}, last: &eks.ListClustersOutput{Clusters: []string{"b"}}, others: without("EKS:DescribeCluster")},
		{operation: "SQS:ListQueues", typ: sqsQueue, first: &sqs.ListQueuesOutput{QueueUrls: []string{"https://q/a"}}, last: &sqs.ListQueuesOutput{QueueUrls: []string{"https://q/b"}}, others: without("SQS:GetQueueAttributes", "SQS:ListQueueTags")},
		{operation: "SNS:ListTopics", typ: snsTopic, first: topic("a"), last: topic("b"), others: without("SNS:GetTopicAttributes", "SNS:GetDataProtectionPolicy", "SNS:ListSubscriptionsByTopic", "SNS:ListTagsForResource")},
		{operation: "SNS:ListSubscriptions", typ: snsSubscription, first: subscription("a"), last: subscription("b"), others: without("SNS:GetSubscriptionAttributes")},
		{operation: "Secrets Manager:ListSecrets", typ: secretsManagerSecret, first: secret("a"), last: secret("b"), others: without("Secrets Manager:DescribeSecret", "Secrets Manager:GetResourcePolicy")},
		{operation: "SSM:DescribeParameters", typ: ssmParameter, first: parameter("a"), last: parameter("b"), others: without("SSM:ListTagsForResource")},
		{
			operation: "DynamoDB:ListTables", typ: dynamoTable, first: &dynamodb.ListTablesOutput{TableNames: []string{"a"}}, last: &dynamodb.ListTablesOutput{TableNames: []string{"b"}},
			others: without("DynamoDB:DescribeTable", "DynamoDB:DescribeContinuousBackups", "DynamoDB:DescribeTimeToLive", "DynamoDB:DescribeContributorInsights", "DynamoDB:DescribeKinesisStreamingDestination", "DynamoDB:GetResourcePolicy", "DynamoDB:ListTagsOfResource"),
		},
	} {
		t.Run(l.operation, func(t *testing.T) { testPages(t, l) })
	}
}
