package awsapi

// restXML are the services whose answers are XML with an element of the operation's own.
// Of other services the request names the protocol.
var restXML = []string{"CloudFront", "Route 53", "S3", "S3 Control"}

// jsonBodies are operations that return JSON where their service returns XML.
var jsonBodies = []string{"S3:GetBucketPolicy"}

// roots are the elements that answers of REST-XML operations begin with, where it is not
// the name of the operation with "Response", as the API references show them. Analytics
// and tiering configurations have one name in the reference and another in the models.
var roots = map[string][]string{
	"CloudFront:GetDistributionConfig": {"DistributionConfig"},
	"CloudFront:ListDistributions":     {"DistributionList"},
	"CloudFront:ListTagsForResource":   {"Tags"},

	"S3:GetBucketAbac":                              {"AbacStatus"},
	"S3:GetBucketAccelerateConfiguration":           {"AccelerateConfiguration"},
	"S3:GetBucketAcl":                               {"AccessControlPolicy"},
	"S3:GetBucketCors":                              {"CORSConfiguration"},
	"S3:GetBucketEncryption":                        {"ServerSideEncryptionConfiguration"},
	"S3:GetBucketLifecycleConfiguration":            {"LifecycleConfiguration"},
	"S3:GetBucketLocation":                          {"LocationConstraint"},
	"S3:GetBucketLogging":                           {"BucketLoggingStatus"},
	"S3:GetBucketMetadataConfiguration":             {"GetBucketMetadataConfigurationResult", "MetadataConfigurationResult"},
	"S3:GetBucketNotificationConfiguration":         {"NotificationConfiguration"},
	"S3:GetBucketOwnershipControls":                 {"OwnershipControls"},
	"S3:GetBucketPolicyStatus":                      {"PolicyStatus"},
	"S3:GetBucketReplication":                       {"ReplicationConfiguration"},
	"S3:GetBucketTagging":                           {"Tagging"},
	"S3:GetBucketVersioning":                        {"VersioningConfiguration"},
	"S3:GetBucketWebsite":                           {"WebsiteConfiguration"},
	"S3:GetObjectLockConfiguration":                 {"ObjectLockConfiguration"},
	"S3:GetPublicAccessBlock":                       {"PublicAccessBlockConfiguration"},
	"S3:ListBucketAnalyticsConfigurations":          {"ListBucketAnalyticsConfigurationResult", "ListBucketAnalyticsConfigurationsResult", "ListBucketAnalyticsConfigurationsOutput"},
	"S3:ListBucketIntelligentTieringConfigurations": {"ListBucketIntelligentTieringConfigurationsOutput", "ListBucketIntelligentTieringConfigurationsResult"},
	"S3:ListBucketInventoryConfigurations":          {"ListInventoryConfigurationsResult"},
	"S3:ListBucketMetricsConfigurations":            {"ListMetricsConfigurationsResult"},
	"S3:ListBuckets":                                {"ListAllMyBucketsResult"},

	"S3 Control:GetPublicAccessBlock": {"PublicAccessBlockConfiguration"},
}

// always are members, as they stand on the wire, that every answer of an operation has:
// of operations that read one thing what is read, or what names it, and of lists those
// that the service's model says are required. Elements that answers of S3 begin with say
// enough.
var always = map[string]string{
	"ACM:DescribeCertificate": "Certificate",

	"AccessAnalyzer:ListAnalyzers":    "analyzers",
	"AccessAnalyzer:ListArchiveRules": "archiveRules",

	"Account:GetAlternateContact": "AlternateContact",
	"Account:ListRegions":         "Regions",

	"Auto Scaling:DescribeAutoScalingGroups":          "AutoScalingGroups",
	"Auto Scaling:DescribeLaunchConfigurations":       "LaunchConfigurations",
	"Auto Scaling:DescribeNotificationConfigurations": "NotificationConfigurations",

	"Backup:GetBackupVaultAccessPolicy":  "Policy",
	"Backup:GetBackupVaultNotifications": "BackupVaultEvents",

	"CloudControl:GetResource": "ResourceDescription",

	"CloudTrail:GetTrailStatus": "IsLogging",

	"DynamoDB:DescribeContinuousBackups":           "ContinuousBackupsDescription",
	"DynamoDB:DescribeContributorInsights":         "TableName",
	"DynamoDB:DescribeKinesisStreamingDestination": "TableName",
	"DynamoDB:DescribeTable":                       "Table",
	"DynamoDB:DescribeTimeToLive":                  "TimeToLiveDescription",
	"DynamoDB:GetResourcePolicy":                   "Policy",

	"EC2:DescribeImageAttribute":            "imageId",
	"EC2:DescribeInstanceAttribute":         "instanceId",
	"EC2:DescribeRegions":                   "regionInfo",
	"EC2:DescribeVolumeAttribute":           "volumeId",
	"EC2:DescribeVpcAttribute":              "vpcId",
	"EC2:GetEbsDefaultKmsKeyId":             "kmsKeyId",
	"EC2:GetEbsEncryptionByDefault":         "ebsEncryptionByDefault",
	"EC2:GetImageBlockPublicAccessState":    "imageBlockPublicAccessState",
	"EC2:GetInstanceMetadataDefaults":       "accountLevel",
	"EC2:GetSerialConsoleAccessStatus":      "serialConsoleAccessEnabled",
	"EC2:GetSnapshotBlockPublicAccessState": "state",

	"ECR:GetLifecyclePolicy":  "lifecyclePolicyText",
	"ECR:GetRepositoryPolicy": "policyText",

	"ECS:DescribeTaskDefinition": "taskDefinition",

	"EFS:DescribeBackupPolicy":              "BackupPolicy",
	"EFS:DescribeFileSystemPolicy":          "Policy",
	"EFS:DescribeMountTargetSecurityGroups": "SecurityGroups",

	"EKS:DescribeCluster":   "cluster",
	"EKS:DescribeNodegroup": "nodegroup",

	"Elastic Load Balancing v2:DescribeListenerAttributes":     "Attributes",
	"Elastic Load Balancing v2:DescribeLoadBalancerAttributes": "Attributes",
	"Elastic Load Balancing v2:DescribeTargetGroupAttributes":  "Attributes",
	"Elastic Load Balancing:DescribeLoadBalancerAttributes":    "LoadBalancerAttributes",

	"EventBridge:DescribeEventBus": "Arn",

	"GuardDuty:GetDetector":   "status",
	"GuardDuty:ListDetectors": "detectorIds",

	"IAM:GenerateCredentialReport": "State",
	"IAM:GetAccessKeyLastUsed":     "AccessKeyLastUsed",
	"IAM:GetAccountPasswordPolicy": "PasswordPolicy",
	"IAM:GetAccountSummary":        "SummaryMap",
	"IAM:GetCredentialReport":      "Content",
	"IAM:GetLoginProfile":          "LoginProfile",
	"IAM:GetRole":                  "Role",
	"IAM:ListAccessKeys":           "AccessKeyMetadata",
	"IAM:ListAccountAliases":       "AccountAliases",
	"IAM:ListInstanceProfileTags":  "Tags",
	"IAM:ListInstanceProfiles":     "InstanceProfiles",
	"IAM:ListMFADevices":           "MFADevices",
	"IAM:ListPolicyTags":           "Tags",
	"IAM:ListRoles":                "Roles",

	"KMS:DescribeKey":          "KeyMetadata",
	"KMS:GetKeyPolicy":         "Policy",
	"KMS:GetKeyRotationStatus": "KeyRotationEnabled",

	"Kinesis:DescribeStreamSummary": "StreamDescriptionSummary",
	"Kinesis:GetResourcePolicy":     "Policy",
	"Kinesis:ListStreams":           "StreamNames",
	"Kinesis:ListTagsForStream":     "Tags",

	"Lambda:GetFunctionCodeSigningConfig": "FunctionName",
	"Lambda:GetFunctionConfiguration":     "FunctionArn",
	"Lambda:GetFunctionRecursionConfig":   "RecursiveLoop",
	"Lambda:GetPolicy":                    "Policy",
	"Lambda:GetRuntimeManagementConfig":   "UpdateRuntimeOn",
	"Lambda:ListFunctionUrlConfigs":       "FunctionUrlConfigs",

	"OpenSearch:DescribeDomains": "DomainStatusList",

	"Organizations:DescribeOrganization": "Organization",
	"Organizations:DescribePolicy":       "Policy",

	"RDS:DescribeDBClusterSnapshotAttributes": "DBClusterSnapshotAttributesResult",
	"RDS:DescribeDBSnapshotAttributes":        "DBSnapshotAttributesResult",

	"Redshift:DescribeLoggingStatus": "LoggingEnabled",

	"Route 53:GetHostedZone":           "HostedZone",
	"Route 53:ListHostedZones":         "HostedZones",
	"Route 53:ListQueryLoggingConfigs": "QueryLoggingConfigs",
	"Route 53:ListTagsForResource":     "ResourceTagSet",

	"SNS:GetSubscriptionAttributes": "Attributes",
	"SNS:GetTopicAttributes":        "Attributes",

	"SQS:GetQueueAttributes": "Attributes",

	"STS:AssumeRole":        "Credentials",
	"STS:GetCallerIdentity": "Account",

	"Secrets Manager:DescribeSecret":    "ARN",
	"Secrets Manager:GetResourcePolicy": "ARN",

	"SecurityHub:DescribeHub": "HubArn",

	"WAFV2:GetWebACL":           "WebACL",
	"WAFV2:ListTagsForResource": "TagInfoForResource",
}
