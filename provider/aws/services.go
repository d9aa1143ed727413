package aws

// services are all services that are looked at, in the order in which that begins.
func services() []service {
	return []service{
		{name: "iam", tables: iamTables},
		{name: "s3", tables: s3Tables, rate: 100, burst: 200},
		{name: "ec2", tables: ec2Tables},
		{name: "rds", tables: rdsTables},
		{name: "autoscaling", tables: autoScalingTables},
		{name: "elasticloadbalancing", tables: elbTables},
		{name: "efs", tables: efsTables},
		{name: "kms", tables: kmsTables},
		{name: "cloudtrail", tables: cloudTrailTables},
		{name: "config", tables: configTables},
		{name: "guardduty", tables: guardDutyTables},
		{name: "accessanalyzer", tables: accessAnalyzerTables},
		{name: "securityhub", tables: securityHubTables},
		{name: "lambda", tables: lambdaTables},
		{name: "ecs", tables: ecsTables},
		{name: "ecr", tables: ecrTables},
		{name: "eks", tables: eksTables},
		{name: "sqs", tables: sqsTables},
		{name: "sns", tables: snsTables},
		{name: "secretsmanager", tables: secretsManagerTables},
		{name: "ssm", tables: ssmTables},
		{name: "dynamodb", tables: dynamoTables},
		{name: "logs", tables: logsTables},
		{name: "cloudwatch", tables: cloudwatchTables},
		{name: "acm", tables: acmTables},
		{name: "apigateway", tables: apigatewayTables, rate: 10, burst: 40},
		{name: "apigatewayv2", tables: apigatewayv2Tables, rate: 10, burst: 40},
		{name: "cloudfront", tables: cloudfrontTables},
		{name: "opensearch", tables: opensearchTables},
		{name: "redshift", tables: redshiftTables},
		{name: "elasticache", tables: elasticacheTables},
		{name: "organizations", tables: organizationsTables, rate: 5, burst: 10},
	}
}
