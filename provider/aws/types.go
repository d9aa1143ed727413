package aws

import "github.com/openstance/stance/asset"

// The types that are collected, and those that assets have links to.
const (
	accessAnalyzer asset.Type = "AWS::AccessAnalyzer::Analyzer"

	restAPI   asset.Type = "AWS::ApiGateway::RestApi"
	restStage asset.Type = "AWS::ApiGateway::Stage"

	httpAPI   asset.Type = "AWS::ApiGatewayV2::Api"
	httpStage asset.Type = "AWS::ApiGatewayV2::Stage"

	autoScalingGroup    asset.Type = "AWS::AutoScaling::AutoScalingGroup"
	launchConfiguration asset.Type = "AWS::AutoScaling::LaunchConfiguration"

	backupVault asset.Type = "AWS::Backup::BackupVault"

	acmCertificate asset.Type = "AWS::CertificateManager::Certificate"

	stack asset.Type = "AWS::CloudFormation::Stack"

	cloudfrontDistribution asset.Type = "AWS::CloudFront::Distribution"

	cloudTrailTrail asset.Type = "AWS::CloudTrail::Trail"

	cloudwatchAlarm asset.Type = "AWS::CloudWatch::Alarm"
	compositeAlarm  asset.Type = "AWS::CloudWatch::CompositeAlarm"

	codebuildProject asset.Type = "AWS::CodeBuild::Project"

	configRecorder asset.Type = "AWS::Config::ConfigurationRecorder"
	configChannel  asset.Type = "AWS::Config::DeliveryChannel"

	docdbCluster  asset.Type = "AWS::DocDB::DBCluster"
	docdbInstance asset.Type = "AWS::DocDB::DBInstance"

	dynamoTable asset.Type = "AWS::DynamoDB::Table"

	ec2Address          asset.Type = "AWS::EC2::EIP"
	ec2FlowLog          asset.Type = "AWS::EC2::FlowLog"
	ec2Image            asset.Type = "AWS::EC2::Image"
	ec2Instance         asset.Type = "AWS::EC2::Instance"
	ec2InternetGateway  asset.Type = "AWS::EC2::InternetGateway"
	ec2LaunchTemplate   asset.Type = "AWS::EC2::LaunchTemplate"
	ec2NATGateway       asset.Type = "AWS::EC2::NatGateway"
	ec2NetworkACL       asset.Type = "AWS::EC2::NetworkAcl"
	ec2NetworkACLEntry  asset.Type = "AWS::EC2::NetworkAclEntry"
	ec2NetworkInterface asset.Type = "AWS::EC2::NetworkInterface"
	ec2PrefixList       asset.Type = "AWS::EC2::PrefixList"
	ec2Route            asset.Type = "AWS::EC2::Route"
	ec2RouteTable       asset.Type = "AWS::EC2::RouteTable"
	ec2SecurityGroup    asset.Type = "AWS::EC2::SecurityGroup"
	ec2Snapshot         asset.Type = "AWS::EC2::Snapshot"
	ec2Subnet           asset.Type = "AWS::EC2::Subnet"
	ec2VPC              asset.Type = "AWS::EC2::VPC"
	ec2VPCEndpoint      asset.Type = "AWS::EC2::VPCEndpoint"
	ec2Peering          asset.Type = "AWS::EC2::VPCPeeringConnection"
	ec2Volume           asset.Type = "AWS::EC2::Volume"

	ecrRepository asset.Type = "AWS::ECR::Repository"

	ecsCluster        asset.Type = "AWS::ECS::Cluster"
	ecsService        asset.Type = "AWS::ECS::Service"
	ecsTaskDefinition asset.Type = "AWS::ECS::TaskDefinition"

	efsAccessPoint asset.Type = "AWS::EFS::AccessPoint"
	efsFileSystem  asset.Type = "AWS::EFS::FileSystem"
	efsMountTarget asset.Type = "AWS::EFS::MountTarget"

	eksCluster   asset.Type = "AWS::EKS::Cluster"
	eksNodegroup asset.Type = "AWS::EKS::Nodegroup"

	cacheCluster     asset.Type = "AWS::ElastiCache::CacheCluster"
	replicationGroup asset.Type = "AWS::ElastiCache::ReplicationGroup"

	classicLoadBalancer asset.Type = "AWS::ElasticLoadBalancing::LoadBalancer"

	elbListener     asset.Type = "AWS::ElasticLoadBalancingV2::Listener"
	elbLoadBalancer asset.Type = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	elbTargetGroup  asset.Type = "AWS::ElasticLoadBalancingV2::TargetGroup"

	eventBus asset.Type = "AWS::Events::EventBus"

	guardDutyDetector asset.Type = "AWS::GuardDuty::Detector"

	iamAccessKey       asset.Type = "AWS::IAM::AccessKey"
	iamGroup           asset.Type = "AWS::IAM::Group"
	iamInstanceProfile asset.Type = "AWS::IAM::InstanceProfile"
	iamManagedPolicy   asset.Type = "AWS::IAM::ManagedPolicy"
	iamRole            asset.Type = "AWS::IAM::Role"
	iamServerCert      asset.Type = "AWS::IAM::ServerCertificate"
	iamUser            asset.Type = "AWS::IAM::User"

	kmsAlias      asset.Type = "AWS::KMS::Alias"
	kmsKey        asset.Type = "AWS::KMS::Key"
	kmsReplicaKey asset.Type = "AWS::KMS::ReplicaKey"

	kinesisStream asset.Type = "AWS::Kinesis::Stream"

	lambdaFunction asset.Type = "AWS::Lambda::Function"
	lambdaURL      asset.Type = "AWS::Lambda::Url"

	logGroup     asset.Type = "AWS::Logs::LogGroup"
	metricFilter asset.Type = "AWS::Logs::MetricFilter"

	neptuneCluster  asset.Type = "AWS::Neptune::DBCluster"
	neptuneInstance asset.Type = "AWS::Neptune::DBInstance"

	searchDomain asset.Type = "AWS::OpenSearchService::Domain"

	orgAccount      asset.Type = "AWS::Organizations::Account"
	orgOrganization asset.Type = "AWS::Organizations::Organization"
	unitType        asset.Type = "AWS::Organizations::OrganizationalUnit"
	orgPolicy       asset.Type = "AWS::Organizations::Policy"

	rdsCluster               asset.Type = "AWS::RDS::DBCluster"
	rdsClusterParameterGroup asset.Type = "AWS::RDS::DBClusterParameterGroup"
	rdsClusterSnapshot       asset.Type = "AWS::RDS::DBClusterSnapshot"
	rdsInstance              asset.Type = "AWS::RDS::DBInstance"
	rdsParameterGroup        asset.Type = "AWS::RDS::DBParameterGroup"
	rdsSnapshot              asset.Type = "AWS::RDS::DBSnapshot"
	rdsSubnetGroup           asset.Type = "AWS::RDS::DBSubnetGroup"

	redshiftCluster        asset.Type = "AWS::Redshift::Cluster"
	redshiftParameterGroup asset.Type = "AWS::Redshift::ClusterParameterGroup"

	hostedZone asset.Type = "AWS::Route53::HostedZone"

	s3Bucket asset.Type = "AWS::S3::Bucket"

	snsSubscription asset.Type = "AWS::SNS::Subscription"
	snsTopic        asset.Type = "AWS::SNS::Topic"

	sqsQueue asset.Type = "AWS::SQS::Queue"

	ssmParameter asset.Type = "AWS::SSM::Parameter"

	secretsManagerSecret asset.Type = "AWS::SecretsManager::Secret"

	securityHub asset.Type = "AWS::SecurityHub::Hub"

	webACL asset.Type = "AWS::WAFv2::WebACL"

	accountType asset.Type = "Stance::AWS::Account"
	regionType  asset.Type = "Stance::AWS::Region"
)
