package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/efs"
	efstypes "github.com/aws/aws-sdk-go-v2/service/efs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
)

// The console finds pages by ARNs. What has none of its own is shown on the page of what
// contains it, or on none.
func TestPagesInTheConsole(t *testing.T) {
	x := offline(t)
	acl := ec2types.NetworkAcl{NetworkAclId: aws.String("acl-1"), VpcId: aws.String("vpc-1"), IsDefault: aws.Bool(true), OwnerId: aws.String("123456789012"), Entries: []ec2types.NetworkAclEntry{{RuleNumber: aws.Int32(100), Protocol: aws.String("-1"), RuleAction: ec2types.RuleActionAllow}}}
	x.says("EC2:DescribeNetworkAcls", &ec2.DescribeNetworkAclsOutput{NetworkAcls: []ec2types.NetworkAcl{acl}})
	x.says("EC2:DescribeRouteTables", &ec2.DescribeRouteTablesOutput{RouteTables: []ec2types.RouteTable{{
		RouteTableId: aws.String("rtb-1"), OwnerId: aws.String("123456789012"), Routes: []ec2types.Route{{DestinationCidrBlock: aws.String("0.0.0.0/0")}},
	}}})
	x.says("CloudWatch Logs:DescribeMetricFilters", &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: []logstypes.MetricFilter{{FilterName: aws.String("f"), LogGroupName: aws.String("g")}}})
	x.says("SNS:ListSubscriptions", &sns.ListSubscriptionsOutput{Subscriptions: []snstypes.Subscription{
		{SubscriptionArn: aws.String("PendingConfirmation"), TopicArn: inTestRegion("sns", "t"), Protocol: aws.String("https"), Endpoint: aws.String("https://example.com/")},
	}})
	x.says("Config Service:DescribeConfigurationRecorders", &configservice.DescribeConfigurationRecordersOutput{ConfigurationRecorders: []configtypes.ConfigurationRecorder{{Name: aws.String("default"), RoleARN: aws.String("r")}}})
	x.says("Config Service:DescribeDeliveryChannels", &configservice.DescribeDeliveryChannelsOutput{DeliveryChannels: []configtypes.DeliveryChannel{{Name: aws.String("default"), S3BucketName: aws.String("b")}}})
	x.says("EFS:DescribeFileSystems", &efs.DescribeFileSystemsOutput{FileSystems: []efstypes.FileSystemDescription{{FileSystemId: aws.String("fs-1")}}})
	x.says("EFS:DescribeMountTargets", &efs.DescribeMountTargetsOutput{MountTargets: []efstypes.MountTargetDescription{{MountTargetId: aws.String("fsmt-1"), FileSystemId: aws.String("fs-1"), SubnetId: aws.String("subnet-1")}}})
	ann := "arn:aws:iam::123456789012:user/ann"
	x.says("IAM:GetAccountAuthorizationDetails", &iam.GetAccountAuthorizationDetailsOutput{UserDetailList: []iamtypes.UserDetail{{Arn: &ann, UserName: aws.String("ann")}}})
	x.says("IAM:ListAccessKeys", &iam.ListAccessKeysOutput{AccessKeyMetadata: []iamtypes.AccessKeyMetadata{{AccessKeyId: aws.String("AKIA1"), CreateDate: &observed, Status: iamtypes.StatusTypeActive}}})
	x.fail(denied, "EFS:DescribeMountTargetSecurityGroups", "EC2:DescribeSubnets", "IAM:GetAccessKeyLastUsed", "Config Service:DescribeConfigurationRecorderStatus", "IAM:GetCredentialReport", "IAM:GenerateCredentialReport")

	const of = "https://console.aws.amazon.com/go/view?arn=arn%3Aaws%3A"
	const here = "%3Aus-east-1%3A123456789012%3A"
	want := map[asset.Type]string{
		ec2NetworkACL:      of + "ec2" + here + "network-acl%2Facl-1",
		ec2NetworkACLEntry: of + "ec2" + here + "network-acl%2Facl-1",
		ec2Route:           of + "ec2" + here + "route-table%2Frtb-1",
		metricFilter:       of + "logs" + here + "log-group%3Ag",
		snsSubscription:    of + "sns" + here + "t",
		efsMountTarget:     of + "elasticfilesystem" + here + "file-system%2Ffs-1",
		iamAccessKey:       of + "iam%3A%3A123456789012%3Auser%2Fann",
		configRecorder:     "",
		configChannel:      "",
		regionType:         "",
	}
	x.fail(denied, "EC2:GetEbsEncryptionByDefault", "EC2:GetEbsDefaultKmsKeyId", "EC2:GetInstanceMetadataDefaults", "EC2:GetSnapshotBlockPublicAccessState", "EC2:GetImageBlockPublicAccessState", "EC2:GetSerialConsoleAccessStatus")
	for typ, url := range want {
		assert.Equal(t, url, only(t, x.collect(t, typ), typ).URL, typ)
	}
}
