package aws

import (
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// service is what is collected together: one unit for each account and region, with one
// token bucket. The name is the prefix of its operations.
type service struct {
	name   string
	tables func(*unit) []collect.Table // the clients are made here
	rate   float64                     // attempts a second; 0: the default of package awsapi
	burst  int

	// The types that the tables list, once for an account and in each region.
	global, regional []asset.Type
}

// services are all services, in the order in which scanning them begins.
func services() []service {
	return []service{
		{name: "iam", tables: iamTables, global: []asset.Type{
			iamUser, iamRole, iamGroup, iamManagedPolicy, iamAccessKey, iamInstanceProfile, accountType,
		}},
		{name: "s3", tables: s3Tables, rate: 100, burst: 200, global: []asset.Type{s3Bucket}},
		{name: "ec2", tables: ec2Tables, regional: []asset.Type{
			regionType, ec2Instance, ec2Volume, ec2Snapshot, ec2Image, ec2LaunchTemplate, ec2VPC, ec2Subnet, ec2SecurityGroup,
			ec2PrefixList, ec2NetworkACL, ec2NetworkACLEntry, ec2RouteTable, ec2Route, ec2InternetGateway, ec2NATGateway,
			ec2Address, ec2NetworkInterface, ec2FlowLog, ec2VPCEndpoint, ec2Peering,
		}},
		{name: "rds", tables: rdsTables, regional: []asset.Type{
			rdsInstance, neptuneInstance, docdbInstance, rdsCluster, neptuneCluster, docdbCluster, rdsSnapshot,
			rdsClusterSnapshot, rdsSubnetGroup, rdsParameterGroup, rdsClusterParameterGroup,
		}},
		{name: "autoscaling", tables: autoScalingTables, regional: []asset.Type{autoScalingGroup, launchConfiguration}},
		{name: "elasticloadbalancing", tables: elbTables, regional: []asset.Type{elbLoadBalancer, elbListener, elbTargetGroup, classicLoadBalancer}},
		{name: "efs", tables: efsTables, regional: []asset.Type{efsFileSystem, efsMountTarget, efsAccessPoint}},
		{name: "kms", tables: kmsTables, regional: []asset.Type{kmsKey, kmsReplicaKey, kmsAlias}},
		{name: "cloudtrail", tables: cloudTrailTables, regional: []asset.Type{cloudTrailTrail}},
		{name: "config", tables: configTables, regional: []asset.Type{configRecorder, configChannel}},
		{name: "guardduty", tables: guardDutyTables, regional: []asset.Type{guardDutyDetector}},
		{name: "accessanalyzer", tables: accessAnalyzerTables, regional: []asset.Type{accessAnalyzer}},
		{name: "securityhub", tables: securityHubTables, regional: []asset.Type{securityHub}},
		{name: "lambda", tables: lambdaTables, regional: []asset.Type{lambdaFunction, lambdaURL}},
		{name: "ecs", tables: ecsTables, regional: []asset.Type{ecsCluster, ecsService, ecsTaskDefinition}},
		{name: "ecr", tables: ecrTables, regional: []asset.Type{ecrRepository}},
		{name: "eks", tables: eksTables, regional: []asset.Type{eksCluster, eksNodegroup}},
		{name: "sqs", tables: sqsTables, regional: []asset.Type{sqsQueue}},
		{name: "sns", tables: snsTables, regional: []asset.Type{snsTopic, snsSubscription}},
		{name: "secretsmanager", tables: secretsManagerTables, regional: []asset.Type{secretsManagerSecret}},
		{name: "ssm", tables: ssmTables, regional: []asset.Type{ssmParameter}},
		{name: "dynamodb", tables: dynamoTables, regional: []asset.Type{dynamoTable}},
		{name: "logs", tables: logsTables, regional: []asset.Type{logGroup, metricFilter}},
		{name: "cloudwatch", tables: cloudwatchTables, regional: []asset.Type{cloudwatchAlarm, compositeAlarm}},
		{name: "acm", tables: acmTables, regional: []asset.Type{acmCertificate}},
		{name: "apigateway", tables: apigatewayTables, rate: 10, burst: 40, regional: []asset.Type{restAPI, restStage}},
		{name: "apigatewayv2", tables: apigatewayv2Tables, rate: 10, burst: 40, regional: []asset.Type{httpAPI, httpStage}},
		{name: "cloudfront", tables: cloudfrontTables, global: []asset.Type{cloudfrontDistribution}},
		{name: "opensearch", tables: opensearchTables, regional: []asset.Type{searchDomain}},
		{name: "redshift", tables: redshiftTables, regional: []asset.Type{redshiftCluster, redshiftParameterGroup}},
		{name: "elasticache", tables: elasticacheTables, regional: []asset.Type{replicationGroup, cacheCluster}},
		{name: "organizations", tables: organizationsTables, rate: 5, burst: 10, global: []asset.Type{orgOrganization, unitType, orgAccount, orgPolicy}},
		{name: "backup", tables: backupTables, regional: []asset.Type{backupVault}},
		{name: "codebuild", tables: codebuildTables, regional: []asset.Type{codebuildProject}},
		{name: "kinesis", tables: kinesisTables, regional: []asset.Type{kinesisStream}},
		{name: "events", tables: eventTables, regional: []asset.Type{eventBus}},
		{name: "route53", tables: route53Tables, rate: 5, burst: 5, global: []asset.Type{hostedZone}},
		{name: "wafv2", tables: wafTables, regional: []asset.Type{webACL}},
		{name: "cloudformation", tables: cloudformationTables, regional: []asset.Type{stack}},
		{name: cloudControl, tables: cloudControlTables, rate: 10, burst: 20},
	}
}
