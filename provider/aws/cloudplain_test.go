package aws

// plainAnswers are correct answers of the operations for which a cloud has no resources:
// lists are empty, and what would be read of one thing has the member that is always there.
func plainAnswers(m map[string]func(*question) string) {
	for key, answer := range map[string]string{
		"ACM:DescribeCertificate":    `{"Certificate":{}}`,
		"ACM:ListCertificates":       `{"CertificateSummaryList":[]}`,
		"ACM:ListTagsForCertificate": `{"Tags":[]}`,

		"API Gateway:GetRestApis": `{"item":[]}`,
		"API Gateway:GetStages":   `{"item":[]}`,
		"ApiGatewayV2:GetApis":    `{"items":[]}`,
		"ApiGatewayV2:GetStages":  `{"items":[]}`,

		"AccessAnalyzer:ListAnalyzers":    `{"analyzers":[]}`,
		"AccessAnalyzer:ListArchiveRules": `{"archiveRules":[]}`,

		"Account:ListRegions": `{"Regions":[{"RegionName":"us-east-1","RegionOptStatus":"ENABLED_BY_DEFAULT"},{"RegionName":"eu-west-1","RegionOptStatus":"ENABLED_BY_DEFAULT"}]}`,

		"Auto Scaling:DescribeAutoScalingGroups":          "<AutoScalingGroups/>",
		"Auto Scaling:DescribeLaunchConfigurations":       "<LaunchConfigurations/>",
		"Auto Scaling:DescribeLifecycleHooks":             "<LifecycleHooks/>",
		"Auto Scaling:DescribeNotificationConfigurations": "<NotificationConfigurations/>",

		"Backup:GetBackupVaultAccessPolicy":  `{"BackupVaultName":"v","Policy":"{}"}`,
		"Backup:GetBackupVaultNotifications": `{"BackupVaultName":"v","BackupVaultEvents":[]}`,
		"Backup:ListBackupVaults":            `{"BackupVaultList":[]}`,
		"Backup:ListTags":                    `{"Tags":{}}`,

		"CloudControl:GetResource":   `{"TypeName":"AWS::X::Y","ResourceDescription":{"Identifier":"1","Properties":"{}"}}`,
		"CloudControl:ListResources": `{"TypeName":"AWS::X::Y","ResourceDescriptions":[]}`,

		"CloudFormation:DescribeStacks": "<Stacks/>",

		"CloudFront:GetDistributionConfig": "<DistributionConfig><CallerReference>1</CallerReference></DistributionConfig>",
		"CloudFront:ListDistributions":     "<DistributionList><Marker/><IsTruncated>false</IsTruncated></DistributionList>",
		"CloudFront:ListTagsForResource":   "<Tags><Items/></Tags>",

		"CloudTrail:DescribeTrails":        `{"trailList":[]}`,
		"CloudTrail:GetEventConfiguration": `{"TrailARN":"t"}`,
		"CloudTrail:GetEventSelectors":     `{"TrailARN":"t","EventSelectors":[]}`,
		"CloudTrail:GetInsightSelectors":   `{"TrailARN":"t","InsightSelectors":[]}`,
		"CloudTrail:GetTrailStatus":        `{"IsLogging":false}`,
		"CloudTrail:ListTags":              `{"ResourceTagList":[]}`,

		"CloudWatch Logs:DescribeIndexPolicies":    `{"indexPolicies":[]}`,
		"CloudWatch Logs:DescribeResourcePolicies": `{"resourcePolicies":[]}`,
		"CloudWatch Logs:GetDataProtectionPolicy":  `{}`,

		"CodeBuild:BatchGetProjects": `{"projects":[],"projectsNotFound":[]}`,
		"CodeBuild:ListProjects":     `{"projects":[]}`,

		"Config Service:DescribeConfigurationRecorderStatus": `{"ConfigurationRecordersStatus":[]}`,
		"Config Service:DescribeConfigurationRecorders":      `{"ConfigurationRecorders":[]}`,
		"Config Service:DescribeDeliveryChannels":            `{"DeliveryChannels":[]}`,

		"DynamoDB:DescribeContributorInsights":         `{"TableName":"t","ContributorInsightsStatus":"DISABLED"}`,
		"DynamoDB:DescribeKinesisStreamingDestination": `{"TableName":"t","KinesisDataStreamDestinations":[]}`,

		"EC2:DescribeAddresses":                    "<addressesSet/>",
		"EC2:DescribeFlowLogs":                     "<flowLogSet/>",
		"EC2:DescribeImageAttribute":               "<imageId>ami-1</imageId><launchPermission/>",
		"EC2:DescribeImages":                       "<imagesSet/>",
		"EC2:DescribeInstanceCreditSpecifications": "<instanceCreditSpecificationSet/>",
		"EC2:DescribeInternetGateways":             "<internetGatewaySet/>",
		"EC2:DescribeLaunchTemplateVersions":       "<launchTemplateVersionSet/>",
		"EC2:DescribeLaunchTemplates":              "<launchTemplates/>",
		"EC2:DescribeManagedPrefixLists":           "<prefixListSet/>",
		"EC2:DescribeNatGateways":                  "<natGatewaySet/>",
		"EC2:DescribeNetworkAcls":                  "<networkAclSet/>",
		"EC2:DescribeRouteTables":                  "<routeTableSet/>",
		"EC2:DescribeVpcEncryptionControls":        "<vpcEncryptionControlSet/>",
		"EC2:DescribeVpcEndpoints":                 "<vpcEndpointSet/>",
		"EC2:DescribeVpcPeeringConnections":        "<vpcPeeringConnectionSet/>",
		"EC2:GetEbsDefaultKmsKeyId":                "<kmsKeyId>alias/aws/ebs</kmsKeyId>",
		"EC2:GetImageBlockPublicAccessState":       "<imageBlockPublicAccessState>unblocked</imageBlockPublicAccessState>",
		"EC2:GetInstanceMetadataDefaults":          "<accountLevel/>",
		"EC2:GetManagedPrefixListEntries":          "<entrySet/>",
		"EC2:GetSerialConsoleAccessStatus":         "<serialConsoleAccessEnabled>false</serialConsoleAccessEnabled>",
		"EC2:GetSnapshotBlockPublicAccessState":    "<state>unblocked</state>",

		"ECS:DescribeClusters":       `{"clusters":[],"failures":[]}`,
		"ECS:DescribeServices":       `{"services":[],"failures":[]}`,
		"ECS:DescribeTaskDefinition": `{"taskDefinition":{},"tags":[]}`,
		"ECS:ListClusters":           `{"clusterArns":[]}`,
		"ECS:ListServices":           `{"serviceArns":[]}`,
		"ECS:ListTaskDefinitions":    `{"taskDefinitionArns":[]}`,

		"EFS:DescribeAccessPoints":              `{"AccessPoints":[]}`,
		"EFS:DescribeBackupPolicy":              `{"BackupPolicy":{"Status":"DISABLED"}}`,
		"EFS:DescribeFileSystemPolicy":          `{"FileSystemId":"f","Policy":"{}"}`,
		"EFS:DescribeFileSystems":               `{"FileSystems":[]}`,
		"EFS:DescribeLifecycleConfiguration":    `{"LifecyclePolicies":[]}`,
		"EFS:DescribeMountTargetSecurityGroups": `{"SecurityGroups":[]}`,
		"EFS:DescribeMountTargets":              `{"MountTargets":[]}`,
		"EFS:DescribeReplicationConfigurations": `{"Replications":[]}`,

		"EKS:DescribeCluster":   `{"cluster":{}}`,
		"EKS:DescribeNodegroup": `{"nodegroup":{}}`,
		"EKS:ListClusters":      `{"clusters":[]}`,
		"EKS:ListNodegroups":    `{"nodegroups":[]}`,

		"ElastiCache:DescribeCacheClusters":     "<CacheClusters/>",
		"ElastiCache:DescribeReplicationGroups": "<ReplicationGroups/>",
		"ElastiCache:ListTagsForResource":       "<TagList/>",

		"Elastic Load Balancing v2:DescribeCapacityReservation":    "<CapacityReservationState/>",
		"Elastic Load Balancing v2:DescribeListenerAttributes":     "<Attributes/>",
		"Elastic Load Balancing v2:DescribeListeners":              "<Listeners/>",
		"Elastic Load Balancing v2:DescribeLoadBalancerAttributes": "<Attributes/>",
		"Elastic Load Balancing v2:DescribeLoadBalancers":          "<LoadBalancers/>",
		"Elastic Load Balancing v2:DescribeTags":                   "<TagDescriptions/>",
		"Elastic Load Balancing v2:DescribeTargetGroupAttributes":  "<Attributes/>",
		"Elastic Load Balancing v2:DescribeTargetGroups":           "<TargetGroups/>",
		"Elastic Load Balancing v2:DescribeTargetHealth":           "<TargetHealthDescriptions/>",
		"Elastic Load Balancing:DescribeLoadBalancerAttributes":    "<LoadBalancerAttributes/>",
		"Elastic Load Balancing:DescribeLoadBalancerPolicies":      "<PolicyDescriptions/>",
		"Elastic Load Balancing:DescribeLoadBalancers":             "<LoadBalancerDescriptions/>",
		"Elastic Load Balancing:DescribeTags":                      "<TagDescriptions/>",

		"EventBridge:DescribeEventBus":    `{"Name":"default","Arn":"a"}`,
		"EventBridge:ListEventBuses":      `{"EventBuses":[]}`,
		"EventBridge:ListTagsForResource": `{"Tags":[]}`,

		"GuardDuty:GetDetector":   `{"serviceRole":"r","status":"ENABLED"}`,
		"GuardDuty:ListDetectors": `{"detectorIds":[]}`,

		"IAM:GetRole":                 "<Role><RoleName>stance</RoleName></Role>",
		"IAM:ListAccountAliases":      "<AccountAliases/><IsTruncated>false</IsTruncated>",
		"IAM:ListInstanceProfileTags": "<Tags/><IsTruncated>false</IsTruncated>",
		"IAM:ListInstanceProfiles":    "<InstanceProfiles/><IsTruncated>false</IsTruncated>",
		"IAM:SimulatePrincipalPolicy": "<EvaluationResults/><IsTruncated>false</IsTruncated>",

		"Kinesis:DescribeStreamSummary": `{"StreamDescriptionSummary":{}}`,
		"Kinesis:GetResourcePolicy":     `{"Policy":""}`,
		"Kinesis:ListStreams":           `{"StreamNames":[],"HasMoreStreams":false}`,
		"Kinesis:ListTagsForStream":     `{"Tags":[],"HasMoreTags":false}`,

		"Lambda:GetFunctionConcurrency": `{}`,
		"Lambda:ListAliases":            `{"Aliases":[]}`,
		"Lambda:ListVersionsByFunction": `{"Versions":[{"Version":"$LATEST"}]}`,

		"OpenSearch:DescribeDomains": `{"DomainStatusList":[]}`,
		"OpenSearch:ListDomainNames": `{"DomainNames":[]}`,
		"OpenSearch:ListTags":        `{"TagList":[]}`,

		"Organizations:DescribePolicy":                   `{"Policy":{}}`,
		"Organizations:ListAccounts":                     `{"Accounts":[]}`,
		"Organizations:ListAccountsForParent":            `{"Accounts":[]}`,
		"Organizations:ListOrganizationalUnitsForParent": `{"OrganizationalUnits":[]}`,
		"Organizations:ListParents":                      `{"Parents":[]}`,
		"Organizations:ListPolicies":                     `{"Policies":[]}`,
		"Organizations:ListRoots":                        `{"Roots":[]}`,
		"Organizations:ListTagsForResource":              `{"Tags":[]}`,
		"Organizations:ListTargetsForPolicy":             `{"Targets":[]}`,

		"RDS:DescribeDBClusterParameterGroups":    "<DBClusterParameterGroups/>",
		"RDS:DescribeDBClusterParameters":         "<Parameters/>",
		"RDS:DescribeDBClusterSnapshotAttributes": "<DBClusterSnapshotAttributesResult><DBClusterSnapshotAttributes/></DBClusterSnapshotAttributesResult>",
		"RDS:DescribeDBClusterSnapshots":          "<DBClusterSnapshots/>",
		"RDS:DescribeDBClusters":                  "<DBClusters/>",
		"RDS:DescribeDBInstances":                 "<DBInstances/>",
		"RDS:DescribeDBParameterGroups":           "<DBParameterGroups/>",
		"RDS:DescribeDBParameters":                "<Parameters/>",
		"RDS:DescribeDBSnapshotAttributes":        "<DBSnapshotAttributesResult><DBSnapshotAttributes/></DBSnapshotAttributesResult>",
		"RDS:DescribeDBSnapshots":                 "<DBSnapshots/>",
		"RDS:DescribeDBSubnetGroups":              "<DBSubnetGroups/>",
		"RDS:ListTagsForResource":                 "<TagList/>",

		"Redshift:DescribeClusterParameterGroups": "<ParameterGroups/>",
		"Redshift:DescribeClusterParameters":      "<Parameters/>",
		"Redshift:DescribeClusters":               "<Clusters/>",
		"Redshift:DescribeLoggingStatus":          "<LoggingEnabled>false</LoggingEnabled>",

		"Resource Explorer 2:GetDefaultView":             `{}`,
		"Resource Explorer 2:GetIndex":                   `{"State":"ACTIVE"}`,
		"Resource Explorer 2:GetView":                    `{"View":{}}`,
		"Resource Explorer 2:ListIndexes":                `{"Indexes":[]}`,
		"Resource Explorer 2:ListResources":              `{"Resources":[]}`,
		"Resource Explorer 2:ListSupportedResourceTypes": `{"ResourceTypes":[]}`,

		"Resource Groups Tagging API:GetResources": `{"PaginationToken":"","ResourceTagMappingList":[]}`,

		"Route 53:GetHostedZone":           "<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id></HostedZone></GetHostedZoneResponse>",
		"Route 53:ListHostedZones":         "<ListHostedZonesResponse><HostedZones/><IsTruncated>false</IsTruncated></ListHostedZonesResponse>",
		"Route 53:ListQueryLoggingConfigs": "<ListQueryLoggingConfigsResponse><QueryLoggingConfigs/></ListQueryLoggingConfigsResponse>",
		"Route 53:ListTagsForResource":     "<ListTagsForResourceResponse><ResourceTagSet><ResourceId>Z1</ResourceId><Tags/></ResourceTagSet></ListTagsForResourceResponse>",

		"S3:GetBucketLocation": "<LocationConstraint/>",

		"SNS:GetDataProtectionPolicy":   "<DataProtectionPolicy></DataProtectionPolicy>",
		"SNS:GetSubscriptionAttributes": "<Attributes/>",
		"SNS:ListSubscriptions":         "<Subscriptions/>",
		"SNS:ListSubscriptionsByTopic":  "<Subscriptions/>",

		"SSM:DescribeParameters":  `{"Parameters":[]}`,
		"SSM:ListTagsForResource": `{"TagList":[]}`,

		"STS:AssumeRole": "<Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2036-01-02T03:04:05Z</Expiration></Credentials>",

		"Secrets Manager:DescribeSecret": `{"ARN":"a","Name":"n"}`,

		"SecurityHub:ListTagsForResource": `{"Tags":{}}`,

		"WAFV2:GetWebACL":           `{"WebACL":{},"LockToken":"1"}`,
		"WAFV2:ListTagsForResource": `{"TagInfoForResource":{"ResourceARN":"a","TagList":[]}}`,
		"WAFV2:ListWebACLs":         `{"WebACLs":[]}`,
	} {
		if m[key] == nil {
			m[key] = always(answer)
		}
	}
}
