package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	api2types "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	cachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/redshift"
	redshifttypes "github.com/aws/aws-sdk-go-v2/service/redshift/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	routetypes "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
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
	group := func(name string) any {
		return &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []logstypes.LogGroup{{LogGroupArn: inTestRegion("logs", "log-group:"+name)}}}
	}
	filter := func(name string) any {
		return &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: []logstypes.MetricFilter{{FilterName: &name, LogGroupName: aws.String("g")}}}
	}
	alarm := func(name string) any {
		return &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{{AlarmArn: inTestRegion("cloudwatch", "alarm:"+name)}}}
	}
	certificate := func(name string) any {
		return &acm.ListCertificatesOutput{CertificateSummaryList: []acmtypes.CertificateSummary{{CertificateArn: inTestRegion("acm", "certificate/"+name), DomainName: &name}}}
	}
	rest := func(name string) any {
		return &apigateway.GetRestApisOutput{Items: []apitypes.RestApi{{Id: &name}}}
	}
	web := func(name string) any {
		return &apigatewayv2.GetApisOutput{Items: []api2types.Api{{ApiId: &name}}}
	}
	warehouse := func(name string) any {
		return &redshift.DescribeClustersOutput{Clusters: []redshifttypes.Cluster{{ClusterIdentifier: &name}}}
	}
	parameters := func(name string) any {
		return &redshift.DescribeClusterParameterGroupsOutput{ParameterGroups: []redshifttypes.ClusterParameterGroup{{ParameterGroupName: &name}}}
	}
	replication := func(name string) any {
		return &elasticache.DescribeReplicationGroupsOutput{ReplicationGroups: []cachetypes.ReplicationGroup{{ARN: inTestRegion("elasticache", "replicationgroup:"+name)}}}
	}
	cache := func(name string) any {
		return &elasticache.DescribeCacheClustersOutput{CacheClusters: []cachetypes.CacheCluster{{ARN: inTestRegion("elasticache", "cluster:"+name)}}}
	}
	member := func(name string) any {
		return &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Arn: aws.String("arn:aws:organizations::123456789012:account/o-1/" + name), Id: &name}}}
	}
	vault := func(name string) any {
		return &backup.ListBackupVaultsOutput{BackupVaultList: []backuptypes.BackupVaultListMember{{BackupVaultArn: inTestRegion("backup", "backup-vault:"+name)}}}
	}
	bus := func(name string) any {
		return &eventbridge.ListEventBusesOutput{EventBuses: []eventtypes.EventBus{{Arn: inTestRegion("events", "event-bus/"+name)}}}
	}
	zone := func(name string) any {
		return &route53.ListHostedZonesOutput{HostedZones: []routetypes.HostedZone{{Id: &name, Name: &name}}}
	}
	app := func(name string) any {
		return &cloudformation.DescribeStacksOutput{Stacks: []stacktypes.Stack{{StackId: inTestRegion("cloudformation", "stack/"+name)}}}
	}
	subnetGroup := func(name string) any {
		return &rds.DescribeDBSubnetGroupsOutput{DBSubnetGroups: []rdstypes.DBSubnetGroup{{DBSubnetGroupArn: inTestRegion("rds", "subgrp:"+name)}}}
	}
	parameterGroup := func(name string) any {
		return &rds.DescribeDBParameterGroupsOutput{DBParameterGroups: []rdstypes.DBParameterGroup{{DBParameterGroupArn: inTestRegion("rds", "pg:"+name)}}}
	}
	clusterParameterGroup := func(name string) any {
		return &rds.DescribeDBClusterParameterGroupsOutput{DBClusterParameterGroups: []rdstypes.DBClusterParameterGroup{{DBClusterParameterGroupArn: inTestRegion("rds", "cluster-pg:"+name)}}}
	}
	bucket := func(name string) any {
		return &s3.ListBucketsOutput{Buckets: []s3types.Bucket{{Name: &name, BucketRegion: aws.String("us-east-1"), CreationDate: &observed}}}
	}
	distribution := func(id string) any {
		return &cloudfront.ListDistributionsOutput{DistributionList: &cftypes.DistributionList{Items: []cftypes.DistributionSummary{{Id: &id, ARN: aws.String("arn:aws:cloudfront::123456789012:distribution/" + id)}}}}
	}
	team := func(name string) any {
		return &iam.GetAccountAuthorizationDetailsOutput{GroupDetailList: []iamtypes.GroupDetail{{GroupName: &name, GroupId: &name, CreateDate: &observed, Arn: aws.String("arn:aws:iam::123456789012:group/" + name)}}}
	}
	profile := func(name string) any {
		return &iam.ListInstanceProfilesOutput{InstanceProfiles: []iamtypes.InstanceProfile{{InstanceProfileName: &name, Arn: aws.String("arn:aws:iam::123456789012:instance-profile/" + name)}}}
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
		{
			operation: "CloudWatch Logs:DescribeLogGroups", typ: logGroup, first: group("a"), last: group("b"),
			others: without("CloudWatch Logs:DescribeIndexPolicies", "CloudWatch Logs:DescribeResourcePolicies", "CloudWatch Logs:ListTagsForResource"),
		},
		{operation: "CloudWatch Logs:DescribeMetricFilters", typ: metricFilter, first: filter("a"), last: filter("b")},
		{operation: "CloudWatch:DescribeAlarms", typ: cloudwatchAlarm, first: alarm("a"), last: alarm("b"), others: without("CloudWatch:ListTagsForResource")},
		{operation: "ACM:ListCertificates", typ: acmCertificate, first: certificate("a"), last: certificate("b"), others: without("ACM:DescribeCertificate", "ACM:ListTagsForCertificate")},
		{operation: "API Gateway:GetRestApis", typ: restAPI, first: rest("a"), last: rest("b")},
		{operation: "ApiGatewayV2:GetApis", typ: httpAPI, first: web("a"), last: web("b")},
		{operation: "Redshift:DescribeClusters", typ: redshiftCluster, first: warehouse("a"), last: warehouse("b"), others: without("Redshift:DescribeLoggingStatus")},
		{operation: "Redshift:DescribeClusterParameterGroups", typ: redshiftParameterGroup, first: parameters("a"), last: parameters("b"), others: without("Redshift:DescribeClusterParameters")},
		{
			operation: "ElastiCache:DescribeReplicationGroups", typ: replicationGroup, first: replication("a"), last: replication("b"),
			others: without("ElastiCache:DescribeCacheClusters", "ElastiCache:ListTagsForResource"),
		},
		{operation: "ElastiCache:DescribeCacheClusters", typ: cacheCluster, first: cache("a"), last: cache("b"), others: without("ElastiCache:ListTagsForResource")},
		{operation: "Organizations:ListAccounts", typ: orgAccount, first: member("1"), last: member("2"), others: without("Organizations:ListParents", "Organizations:ListTagsForResource")},
		{
			operation: "Backup:ListBackupVaults", typ: backupVault, first: vault("a"), last: vault("b"),
			others: without("Backup:GetBackupVaultAccessPolicy", "Backup:GetBackupVaultNotifications", "Backup:ListTags"),
		},
		{
			operation: "CodeBuild:ListProjects", typ: codebuildProject, others: without("CodeBuild:BatchGetProjects"),
			first: &codebuild.ListProjectsOutput{Projects: []string{"a"}}, last: &codebuild.ListProjectsOutput{Projects: []string{"b"}},
		},
		{
			operation: "Kinesis:ListStreams", typ: kinesisStream, others: without("Kinesis:DescribeStreamSummary", "Kinesis:GetResourcePolicy", "Kinesis:ListTagsForStream"),
			first: &kinesis.ListStreamsOutput{StreamNames: []string{"a"}}, last: &kinesis.ListStreamsOutput{StreamNames: []string{"b"}},
		},
		{operation: "EventBridge:ListEventBuses", typ: eventBus, first: bus("a"), last: bus("b"), others: without("EventBridge:DescribeEventBus", "EventBridge:ListTagsForResource")},
		{
			operation: "Route 53:ListHostedZones", typ: hostedZone, first: zone("a"), last: zone("b"),
			others: without("Route 53:GetHostedZone", "Route 53:ListQueryLoggingConfigs", "Route 53:ListTagsForResource"),
		},
		{operation: "RDS:DescribeDBSubnetGroups", typ: rdsSubnetGroup, first: subnetGroup("a"), last: subnetGroup("b"), others: without("RDS:ListTagsForResource")},
		{operation: "RDS:DescribeDBParameterGroups", typ: rdsParameterGroup, first: parameterGroup("a"), last: parameterGroup("b"), others: without("RDS:DescribeDBParameters", "RDS:ListTagsForResource")},
		{
			operation: "RDS:DescribeDBClusterParameterGroups", typ: rdsClusterParameterGroup, first: clusterParameterGroup("a"), last: clusterParameterGroup("b"),
			others: without("RDS:DescribeDBClusterParameters", "RDS:ListTagsForResource"),
		},
		{operation: "S3:ListBuckets", typ: s3Bucket, first: bucket("a"), last: bucket("b")},
		{operation: "CloudFront:ListDistributions", typ: cloudfrontDistribution, first: distribution("a"), last: distribution("b"), others: without("CloudFront:GetDistributionConfig", "CloudFront:ListTagsForResource")},
		{operation: "IAM:GetAccountAuthorizationDetails", typ: iamGroup, first: team("a"), last: team("b")},
		{operation: "IAM:ListInstanceProfiles", typ: iamInstanceProfile, first: profile("a"), last: profile("b")},
		{operation: "CloudFormation:DescribeStacks", typ: stack, first: app("a"), last: app("b")},
	} {
		t.Run(l.operation, func(t *testing.T) { testPages(t, l) })
	}
}
