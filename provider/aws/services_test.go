package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	stacktypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/codebuild"
	buildtypes "github.com/aws/aws-sdk-go-v2/service/codebuild/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	routetypes "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

func TestVaults(t *testing.T) {
	x := offline(t)
	x.says("Backup:ListBackupVaults", &backup.ListBackupVaultsOutput{BackupVaultList: []backuptypes.BackupVaultListMember{{
		BackupVaultArn: inTestRegion("backup", "backup-vault:apart"), BackupVaultName: aws.String("apart"), VaultType: backuptypes.VaultTypeLogicallyAirGappedBackupVault,
	}, {
		BackupVaultArn: inTestRegion("backup", "backup-vault:v"), BackupVaultName: aws.String("v"), VaultType: backuptypes.VaultTypeBackupVault, EncryptionKeyArn: aws.String(testKey), Locked: aws.Bool(true), MinRetentionDays: aws.Int64(7), CreationDate: &observed,
	}}})
	x.says("Backup:GetBackupVaultAccessPolicy", &backup.GetBackupVaultAccessPolicyOutput{Policy: aws.String(publicPolicy)})
	x.fail(code("ResourceNotFoundException"), "Backup:GetBackupVaultNotifications")
	x.answer("Backup:ListTags", func(in any) (any, error) {
		if in.(*backup.ListTagsInput).NextToken == nil {
			return &backup.ListTagsOutput{Tags: map[string]string{"a": "b"}, NextToken: aws.String("1")}, nil
		}
		return &backup.ListTagsOutput{Tags: map[string]string{"c": "d"}}, nil
	})
	a := only(t, x.collect(t, backupVault), backupVault)
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, publicPolicy, a.Config.Get("AccessPolicy"))
	assertJSON(t, `7`, a.Config.Get("LockConfiguration", "MinRetentionDays"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("LockConfiguration", "ChangeableForDays"))
	assertJSON(t, `{"a":"b","c":"d"}`, a.Config.Get("BackupVaultTags"))
	assert.True(t, a.Config.Get("Notifications").IsAbsent())
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "Backup:ListBackupVaults": 1, "Backup:GetBackupVaultAccessPolicy": 1, "Backup:GetBackupVaultNotifications": 1, "Backup:ListTags": 2,
	}, x.calls.n)
	x.fail(denied, "Backup:GetBackupVaultAccessPolicy")
	assertUnread(t, "backup:GetBackupVaultAccessPolicy", "AccessDenied", only(t, x.collect(t, backupVault), backupVault).Access)
}

func TestProjects(t *testing.T) {
	x := offline(t)
	x.says("EC2:DescribeSubnets", subnets("subnet-1", "999999999999"))
	x.says("CodeBuild:ListProjects", &codebuild.ListProjectsOutput{Projects: []string{"web", "lost"}})
	x.says("CodeBuild:BatchGetProjects", &codebuild.BatchGetProjectsOutput{Projects: []buildtypes.Project{{
		Name: aws.String("web"), Arn: inTestRegion("codebuild", "project/web"), ServiceRole: aws.String("arn:aws:iam::123456789012:role/build"), EncryptionKey: aws.String("arn:aws:kms:us-east-1:123456789012:alias/aws/s3"), Created: &observed,
		Environment: &buildtypes.ProjectEnvironment{PrivilegedMode: aws.Bool(true), EnvironmentVariables: []buildtypes.EnvironmentVariable{{Name: aws.String("TOKEN"), Value: aws.String("correct horse battery"), Type: buildtypes.EnvironmentVariableTypePlaintext}}},
		Source:      &buildtypes.ProjectSource{Type: buildtypes.SourceTypeGithub, Buildspec: aws.String("build.yml")},
		Webhook:     &buildtypes.Webhook{Secret: aws.String("hunter2-hunter2"), FilterGroups: [][]buildtypes.WebhookFilter{{{Type: buildtypes.WebhookFilterTypeEvent, Pattern: aws.String("PUSH")}}}},
		VpcConfig:   &buildtypes.VpcConfig{VpcId: aws.String("vpc-1"), Subnets: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}},
	}}})
	inv := x.collect(t, codebuildProject)
	a := named(t, inv, codebuildProject, "web")
	assertJSON(t, `true`, a.Config.Get("Environment", "PrivilegedMode"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("Environment", "HostKernel"))
	_, redacted := a.Config.Get("Environment", "EnvironmentVariables").Index(0).Get("Value").Redacted()
	assert.True(t, redacted, "variables are redacted")
	assertJSON(t, `"build.yml"`, a.Config.Get("Source", "BuildSpec"))
	assertJSON(t, `{"Webhook":true,"FilterGroups":[[{"Type":"EVENT","Pattern":"PUSH"}]]}`, a.Config.Get("Triggers"))
	assert.Contains(t, a.Links, link("vpc", ec2VPC, "arn:aws:ec2:us-east-1:999999999999:vpc/vpc-1"))
	assert.Contains(t, a.Links, link("role", iamRole, "arn:aws:iam::123456789012:role/build"))
	assertUnread(t, "codebuild:BatchGetProjects", codeNotListed, named(t, inv, codebuildProject, "lost").Config.Get("Environment"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EC2:DescribeSubnets": 1, "CodeBuild:ListProjects": 1, "CodeBuild:BatchGetProjects": 1}, x.calls.n)
	x.fail(denied, "CodeBuild:BatchGetProjects")
	assertUnread(t, "codebuild:BatchGetProjects", "AccessDenied", named(t, x.collect(t, codebuildProject), codebuildProject, "web").Config.Get("Environment"))
}

func TestStreams(t *testing.T) {
	x := offline(t)
	x.says("Kinesis:ListStreams", &kinesis.ListStreamsOutput{StreamNames: []string{"s"}, HasMoreStreams: aws.Bool(false)})
	x.says("Kinesis:DescribeStreamSummary", &kinesis.DescribeStreamSummaryOutput{StreamDescriptionSummary: &kinesistypes.StreamDescriptionSummary{
		EncryptionType: kinesistypes.EncryptionTypeKms, KeyId: aws.String(testKey), RetentionPeriodHours: aws.Int32(24), OpenShardCount: aws.Int32(2), StreamCreationTimestamp: &observed,
		EnhancedMonitoring: []kinesistypes.EnhancedMetrics{{ShardLevelMetrics: []kinesistypes.MetricsName{kinesistypes.MetricsNameIncomingBytes}}},
	}})
	x.fail(code("ResourceNotFoundException"), "Kinesis:GetResourcePolicy")
	x.answer("Kinesis:ListTagsForStream", func(in any) (any, error) {
		if in.(*kinesis.ListTagsForStreamInput).ExclusiveStartTagKey == nil {
			return &kinesis.ListTagsForStreamOutput{HasMoreTags: aws.Bool(true), Tags: []kinesistypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}, nil
		}
		return &kinesis.ListTagsForStreamOutput{HasMoreTags: aws.Bool(false), Tags: []kinesistypes.Tag{{Key: aws.String("c"), Value: aws.String("d")}}}, nil
	})
	a := only(t, x.collect(t, kinesisStream), kinesisStream)
	assertJSON(t, `{"EncryptionType":"KMS","KeyId":"`+testKey+`"}`, a.Config.Get("StreamEncryption"))
	assertJSON(t, `["IncomingBytes"]`, a.Config.Get("DesiredShardLevelMetrics"))
	assert.Equal(t, map[string]string{"a": "b", "c": "d"}, a.Tags)
	assert.True(t, a.Access.IsAbsent())
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "Kinesis:ListStreams": 1, "Kinesis:DescribeStreamSummary": 1, "Kinesis:GetResourcePolicy": 1, "Kinesis:ListTagsForStream": 2,
	}, x.calls.n)
	x.says("Kinesis:GetResourcePolicy", &kinesis.GetResourcePolicyOutput{Policy: aws.String(publicPolicy)})
	x.fail(denied, "Kinesis:DescribeStreamSummary")
	a = only(t, x.collect(t, kinesisStream), kinesisStream)
	assertJSON(t, publicPolicy, a.Access)
	assertUnread(t, "kinesis:DescribeStreamSummary", "AccessDenied", a.Config.Get("StreamEncryption"))

	// More that cannot be requested is no end.
	x.says("Kinesis:ListTagsForStream", &kinesis.ListTagsForStreamOutput{HasMoreTags: aws.Bool(true)})
	assertUnread(t, "kinesis:ListTagsForStream", awsapi.CodeNoAnswer, only(t, x.collect(t, kinesisStream), kinesisStream).Config.Get("Tags"))
	x.says("Kinesis:ListTagsForStream", &kinesis.ListTagsForStreamOutput{HasMoreTags: aws.Bool(true), Tags: []kinesistypes.Tag{{Key: aws.String("a")}}})
	assertUnread(t, "kinesis:ListTagsForStream", awsapi.CodeNoAnswer, only(t, x.collect(t, kinesisStream), kinesisStream).Config.Get("Tags"))
	x.says("Kinesis:ListStreams", &kinesis.ListStreamsOutput{StreamNames: []string{"s"}, HasMoreStreams: aws.Bool(true)})
	assert.Equal(t, asset.Partial, x.collect(t, kinesisStream).Coverage(a.Scope, kinesisStream))
}

func TestBuses(t *testing.T) {
	x := offline(t)
	x.says("EventBridge:ListEventBuses", &eventbridge.ListEventBusesOutput{EventBuses: []eventtypes.EventBus{
		{Arn: inTestRegion("events", "event-bus/default"), Name: aws.String("default"), Policy: aws.String(publicPolicy)},
		{Arn: inTestRegion("events", "event-bus/aws.partner/x"), Name: aws.String("aws.partner/x"), CreationTime: &observed},
	}})
	x.says("EventBridge:DescribeEventBus", &eventbridge.DescribeEventBusOutput{KmsKeyIdentifier: aws.String(testKey), DeadLetterConfig: &eventtypes.DeadLetterConfig{Arn: aws.String("q")}})
	x.fail(denied, "EventBridge:ListTagsForResource")
	inv := x.collect(t, eventBus)
	a := named(t, inv, eventBus, "default")
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, publicPolicy, a.Config.Get("Policy"))
	assertJSON(t, `{"Arn":"q"}`, a.Config.Get("DeadLetterConfig"))
	assert.Empty(t, a.Incarnation)
	assertUnread(t, "events:ListTagsForResource", "AccessDenied", a.Config.Get("Tags"))
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	b := named(t, inv, eventBus, "aws.partner/x")
	assertJSON(t, `"aws.partner/x"`, b.Config.Get("EventSourceName"))
	assert.True(t, b.Access.IsAbsent())
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "EventBridge:ListEventBuses": 1, "EventBridge:DescribeEventBus": 2, "EventBridge:ListTagsForResource": 2}, x.calls.n)
}

func TestZones(t *testing.T) {
	x := offline(t)
	x.answer("Route 53:ListHostedZones", func(in any) (any, error) {
		if in.(*route53.ListHostedZonesInput).Marker == nil {
			return &route53.ListHostedZonesOutput{IsTruncated: true, NextMarker: aws.String("Z2"), HostedZones: []routetypes.HostedZone{{Id: aws.String("/hostedzone/Z1"), Name: aws.String("example.com."), Config: &routetypes.HostedZoneConfig{Comment: aws.String("c")}}}}, nil
		}
		return &route53.ListHostedZonesOutput{Marker: aws.String("Z2"), HostedZones: []routetypes.HostedZone{{Id: aws.String("/hostedzone/Z2"), Name: aws.String("internal.")}}}, nil
	})
	x.says("Route 53:GetHostedZone", &route53.GetHostedZoneOutput{DelegationSet: &routetypes.DelegationSet{NameServers: []string{"ns1"}}, VPCs: []routetypes.VPC{{VPCId: aws.String("vpc-1"), VPCRegion: routetypes.VPCRegionEuWest1}}})
	x.says("Route 53:ListQueryLoggingConfigs", &route53.ListQueryLoggingConfigsOutput{QueryLoggingConfigs: []routetypes.QueryLoggingConfig{{HostedZoneId: aws.String("Z1"), CloudWatchLogsLogGroupArn: aws.String("g")}}})
	x.says("Route 53:ListTagsForResource", &route53.ListTagsForResourceOutput{ResourceTagSet: &routetypes.ResourceTagSet{Tags: []routetypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}})
	inv := x.collect(t, hostedZone)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, hostedZone, "example.com.")
	assert.Equal(t, "arn:aws:route53:::hostedzone/Z1", a.ID)
	assert.Equal(t, "123456789012", a.Account)
	assertJSON(t, `{"CloudWatchLogsLogGroupArn":"g"}`, a.Config.Get("QueryLoggingConfig"))
	assertJSON(t, `{"Comment":"c"}`, a.Config.Get("HostedZoneConfig"))
	assertJSON(t, `[{"VPCId":"vpc-1","VPCRegion":"eu-west-1"}]`, a.Config.Get("VPCs"))
	assertJSON(t, `[{"Key":"a","Value":"b"}]`, a.Config.Get("HostedZoneTags"))
	assert.Contains(t, a.Links, link("vpc", ec2VPC, "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1"))
	assert.True(t, named(t, inv, hostedZone, "internal.").Config.Get("QueryLoggingConfig").IsAbsent())
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "Route 53:ListHostedZones": 2, "Route 53:GetHostedZone": 2, "Route 53:ListQueryLoggingConfigs": 1, "Route 53:ListTagsForResource": 2}, x.calls.n)
	x.fail(denied, "Route 53:ListQueryLoggingConfigs")
	a = named(t, x.collect(t, hostedZone), hostedZone, "internal.")
	assertUnread(t, "route53:ListQueryLoggingConfigs", "AccessDenied", a.Config.Get("QueryLoggingConfig"))
}

func TestAccessControlLists(t *testing.T) {
	x := offline(t)
	x.answer("WAFV2:ListWebACLs", func(in any) (any, error) {
		scope, marker := in.(*wafv2.ListWebACLsInput).Scope, in.(*wafv2.ListWebACLsInput).NextMarker
		if marker != nil {
			return &wafv2.ListWebACLsOutput{NextMarker: marker}, nil // the service repeats it at the end
		}
		id := "regional/webacl/r/1"
		if scope == waftypes.ScopeCloudfront {
			id = "global/webacl/g/2"
		}
		return &wafv2.ListWebACLsOutput{NextMarker: aws.String("m"), WebACLs: []waftypes.WebACLSummary{{ARN: inTestRegion("wafv2", id), Name: aws.String(string(scope)), Id: aws.String(id[len(id)-1:])}}}, nil
	})
	header := func(name, value string) waftypes.Statement {
		return waftypes.Statement{ByteMatchStatement: &waftypes.ByteMatchStatement{SearchString: []byte(value), FieldToMatch: &waftypes.FieldToMatch{SingleHeader: &waftypes.SingleHeader{Name: &name}}}}
	}
	verify := header("X-Origin-Verify", "correct horse battery")
	x.says("WAFV2:GetWebACL", &wafv2.GetWebACLOutput{WebACL: &waftypes.WebACL{
		DefaultAction: &waftypes.DefaultAction{Allow: &waftypes.AllowAction{}}, Capacity: 5,
		Rules: []waftypes.Rule{{Name: aws.String("r"), Priority: 1, Action: &waftypes.RuleAction{Block: &waftypes.BlockAction{}}, Statement: &waftypes.Statement{
			OrStatement: &waftypes.OrStatement{Statements: []waftypes.Statement{
				{IPSetReferenceStatement: &waftypes.IPSetReferenceStatement{ARN: aws.String("set")}},
				{ByteMatchStatement: &waftypes.ByteMatchStatement{SearchString: []byte("admin"), FieldToMatch: &waftypes.FieldToMatch{UriPath: &waftypes.UriPath{}}, PositionalConstraint: waftypes.PositionalConstraintContains}},
				{NotStatement: &waftypes.NotStatement{Statement: &verify}},
				header("host", "admin"),
			}},
		}}},
	}})
	x.says("WAFV2:ListTagsForResource", &wafv2.ListTagsForResourceOutput{TagInfoForResource: &waftypes.TagInfoForResource{}})
	inv := x.collect(t, webACL)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, webACL, "REGIONAL")
	assertJSON(t, `{"Allow":{}}`, a.Config.Get("DefaultAction"))
	statements := a.Config.Get("Rules").Index(0).Get("Statement", "OrStatement", "Statements")
	assertJSON(t, `{"Arn":"set"}`, statements.Index(0).Get("IPSetReferenceStatement"))
	assertJSON(t, `{"SearchStringBase64":"YWRtaW4=","FieldToMatch":{"UriPath":{}},"PositionalConstraint":"CONTAINS"}`, statements.Index(1).Get("ByteMatchStatement"))
	_, redacted := statements.Index(2).Get("NotStatement", "Statement", "ByteMatchStatement", "SearchStringBase64").Redacted()
	assert.True(t, redacted, "who knows the header passes for a distribution")
	assertJSON(t, `"YWRtaW4="`, statements.Index(3).Get("ByteMatchStatement", "SearchStringBase64"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("MonetizationConfig"))
	assert.Equal(t, *inTestRegion("wafv2", "global/webacl/g/2"), named(t, inv, webACL, "CLOUDFRONT").ID)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "WAFV2:ListWebACLs": 4, "WAFV2:GetWebACL": 2, "WAFV2:ListTagsForResource": 2}, x.calls.n)
	x.fail(denied, "WAFV2:GetWebACL")
	assertUnread(t, "wafv2:GetWebACL", "AccessDenied", named(t, x.collect(t, webACL), webACL, "REGIONAL").Config.Get("Rules"))
}

func TestStacks(t *testing.T) {
	x := offline(t)
	x.says("CloudFormation:DescribeStacks", &cloudformation.DescribeStacksOutput{Stacks: []stacktypes.Stack{{
		StackId: inTestRegion("cloudformation", "stack/app/0a1b"), StackName: aws.String("app"), StackStatus: stacktypes.StackStatusCreateComplete, CreationTime: &observed, RoleARN: aws.String("arn:aws:iam::123456789012:role/deploy"),
		ParentId: inTestRegion("cloudformation", "stack/outer/2c3d"), EnableTerminationProtection: aws.Bool(true), DriftInformation: &stacktypes.StackDriftInformation{StackDriftStatus: stacktypes.StackDriftStatusDrifted},
		Parameters: []stacktypes.Parameter{{ParameterKey: aws.String("Password"), ParameterValue: aws.String("correct horse battery")}},
		Outputs:    []stacktypes.Output{{OutputKey: aws.String("Key"), OutputValue: aws.String("correct horse battery")}},
	}}})
	a := only(t, x.collect(t, stack), stack)
	assert.Equal(t, "0a1b", a.Incarnation)
	assertJSON(t, `{"StackDriftStatus":"DRIFTED"}`, a.Status.Get("DriftInformation"))
	_, redacted := a.Config.Get("Parameters", "Password").Redacted()
	assert.True(t, redacted, "parameters are redacted")
	_, redacted = a.Config.Get("Outputs").Index(0).Get("OutputValue").Redacted()
	assert.True(t, redacted, "outputs are redacted")
	assert.Contains(t, a.Links, link("role", iamRole, "arn:aws:iam::123456789012:role/deploy"))
	assert.Contains(t, a.Links, link("parent", stack, "arn:aws:cloudformation:us-east-1:123456789012:stack/outer/2c3d"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "CloudFormation:DescribeStacks": 1}, x.calls.n)

	x.fail(denied, "CloudFormation:DescribeStacks")
	inv := x.collect(t, stack)
	assert.Equal(t, []*asset.Gap{{Scope: a.Scope, Type: stack, Cause: asset.Unread{Op: "cloudformation:DescribeStacks", Reason: asset.Denied, Code: "AccessDenied", Message: "not authorized"}}}, inv.Gaps())
	assert.Equal(t, asset.Partial, inv.Coverage(a.Scope, stack))
	assert.Contains(t, x.Permissions(provider.Query{Types: []asset.Type{stack}}), "cloudformation:ListStacks", "describing all stacks takes it, too")
}
