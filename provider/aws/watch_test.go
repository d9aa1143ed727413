package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestTrails(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	client := cloudtrail.NewFromConfig(x.cfg)
	_, err := s3.NewFromConfig(x.cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("trails")})
	require.NoError(t, err)
	all, err := client.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
		Name: aws.String("all"), S3BucketName: aws.String("trails"), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true),
		KmsKeyId: aws.String("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
		TagsList: []cloudtrailtypes.Tag{{Key: aws.String("team"), Value: aws.String("sec")}},
	})
	require.NoError(t, err)
	_, err = client.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("one"), S3BucketName: aws.String("trails")})
	require.NoError(t, err)
	_, err = client.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("all")})
	require.NoError(t, err)
	_, err = client.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: aws.String("all"), EventSelectors: []cloudtrailtypes.EventSelector{{
		ReadWriteType: cloudtrailtypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true),
		DataResources: []cloudtrailtypes.DataResource{{Type: aws.String("AWS::S3::Object"), Values: []string{"arn:aws:s3"}}},
	}}})
	require.NoError(t, err)
	x.says("CloudTrail:GetEventConfiguration", &cloudtrail.GetEventConfigurationOutput{AggregationConfigurations: []cloudtrailtypes.AggregationConfiguration{{
		EventCategory: cloudtrailtypes.EventCategoryAggregationData, Templates: []cloudtrailtypes.Template{cloudtrailtypes.TemplateApiActivity},
	}}})
	x.fail(&smithy.GenericAPIError{Code: "InsightNotEnabledException"}, "CloudTrail:GetInsightSelectors")

	inv := x.collect(t, cloudTrailTrail)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, cloudTrailTrail, "all")
	assert.Equal(t, aws.ToString(all.TrailARN), a.ID)
	assert.Equal(t, "us-east-1", a.Region)
	assert.Equal(t, map[string]string{"team": "sec"}, a.Tags)
	assertJSON(t, `true`, a.Config.Get("IsLogging"))
	assertJSON(t, `true`, a.Config.Get("EnableLogFileValidation"))
	assertJSON(t, `"arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"`, a.Config.Get("KMSKeyId"))
	assertJSON(t, `[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3"]}]}]`, a.Config.Get("EventSelectors"))
	assert.True(t, a.Config.Get("AdvancedEventSelectors").IsAbsent())
	assert.True(t, a.Config.Get("InsightSelectors").IsAbsent())
	assertJSON(t, `[{"EventCategory":"Data","Templates":["API_ACTIVITY"]}]`, a.Config.Get("AggregationConfigurations"))
	assert.Contains(t, a.Links, asset.Link{Rel: "logs_to", To: asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::trails"}})
	assert.Contains(t, a.Links, asset.Link{Rel: "encrypted_by", To: asset.Ref{Type: kmsKey, ID: "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}})
	assertJSON(t, `false`, named(t, inv, cloudTrailTrail, "one").Config.Get("IsLogging"))
	// The trail of all regions is answered in both and read once.
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "CloudTrail:DescribeTrails": 2,
		"CloudTrail:GetTrailStatus": 2, "CloudTrail:GetEventSelectors": 2, "CloudTrail:GetInsightSelectors": 2,
		"CloudTrail:GetEventConfiguration": 2, "CloudTrail:ListTags": 2,
	}, x.calls.n)

	x.fail(denied, "CloudTrail:GetTrailStatus", "CloudTrail:GetEventSelectors")
	a = named(t, x.collect(t, cloudTrailTrail), cloudTrailTrail, "all")
	assertUnread(t, "cloudtrail:GetTrailStatus", "AccessDenied", a.Config.Get("IsLogging"))
	assertUnread(t, "cloudtrail:GetEventSelectors", "AccessDenied", a.Config.Get("EventSelectors"))
}

func TestTrailOfTheOrganizationElsewhere(t *testing.T) {
	x := newTester(t, nil)
	x.says("CloudTrail:DescribeTrails", &cloudtrail.DescribeTrailsOutput{TrailList: []cloudtrailtypes.Trail{{
		Name: aws.String("org"), TrailARN: aws.String("arn:aws:cloudtrail:ap-south-1:999999999999:trail/org"), HomeRegion: aws.String("ap-south-1"),
		S3BucketName: aws.String("org-trails"), IsMultiRegionTrail: aws.Bool(true), IsOrganizationTrail: aws.Bool(true),
	}}})
	x.answer("CloudTrail:GetTrailStatus", func(in any) (any, error) {
		assert.Equal(t, "arn:aws:cloudtrail:ap-south-1:999999999999:trail/org", *in.(*cloudtrail.GetTrailStatusInput).Name)
		return &cloudtrail.GetTrailStatusOutput{IsLogging: aws.Bool(true)}, nil
	})
	a := only(t, x.collect(t, cloudTrailTrail), cloudTrailTrail)
	assert.Equal(t, asset.Scope{Provider: "aws", Account: "999999999999", Region: "ap-south-1"}, a.Scope)
	assert.Equal(t, []string{"123456789012"}, a.Observers)
	assertJSON(t, `true`, a.Config.Get("IsLogging"))
	assert.Equal(t, 1, x.calls.n["CloudTrail:GetTrailStatus"], "both regions answer it, one tells of it")
}

func TestRecorders(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	client := configservice.NewFromConfig(x.cfg)
	_, err := s3.NewFromConfig(x.cfg).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("records")})
	require.NoError(t, err)
	_, err = client.PutConfigurationRecorder(ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &configtypes.ConfigurationRecorder{
		Name: aws.String("default"), RoleARN: aws.String("arn:aws:iam::123456789012:role/config"),
		RecordingGroup: &configtypes.RecordingGroup{AllSupported: true, IncludeGlobalResourceTypes: true},
	}})
	require.NoError(t, err)
	_, err = client.PutDeliveryChannel(ctx, &configservice.PutDeliveryChannelInput{DeliveryChannel: &configtypes.DeliveryChannel{Name: aws.String("default"), S3BucketName: aws.String("records")}})
	require.NoError(t, err)
	_, err = client.StartConfigurationRecorder(ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("default")})
	require.NoError(t, err)

	inv := x.collect(t, configRecorder, configChannel)
	assert.Empty(t, gapTexts(inv))
	r := only(t, inv, configRecorder)
	assert.Equal(t, "us-east-1", r.Region)
	assertJSON(t, `true`, r.Config.Get("RecordingGroup", "AllSupported"))
	assertJSON(t, `true`, r.Status.Get("Recording"))
	assert.Contains(t, r.Links, asset.Link{Rel: "role", To: asset.Ref{Type: iamRole, ID: "arn:aws:iam::123456789012:role/config"}})
	c := only(t, inv, configChannel)
	assert.Equal(t, "arn:aws:config:us-east-1:123456789012:delivery-channel/default", c.ID)
	assert.Contains(t, c.Links, asset.Link{Rel: "logs_to", To: asset.Ref{Type: s3Bucket, ID: "arn:aws:s3:::records"}})
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "Config Service:DescribeConfigurationRecorders": 2,
		"Config Service:DescribeConfigurationRecorderStatus": 1, "Config Service:DescribeDeliveryChannels": 2,
	}, x.calls.n)

	x.fail(denied, "Config Service:DescribeConfigurationRecorderStatus")
	assertUnread(t, "config:DescribeConfigurationRecorderStatus", "AccessDenied", only(t, x.collect(t, configRecorder), configRecorder).Status.Get("Recording"))
	x.says("Config Service:DescribeConfigurationRecorderStatus", &configservice.DescribeConfigurationRecorderStatusOutput{})
	assertUnread(t, "config:DescribeConfigurationRecorderStatus", codeNotListed, only(t, x.collect(t, configRecorder), configRecorder).Status.Get("Recording"))
}

func TestDetectors(t *testing.T) {
	x := newTester(t, nil)
	ctx := t.Context()
	made, err := guardduty.NewFromConfig(x.cfg).CreateDetector(ctx, &guardduty.CreateDetectorInput{
		Enable: aws.Bool(true), FindingPublishingFrequency: guarddutytypes.FindingPublishingFrequencyOneHour,
		DataSources: &guarddutytypes.DataSourceConfigurations{S3Logs: &guarddutytypes.S3LogsConfiguration{Enable: aws.Bool(true)}},
	})
	require.NoError(t, err)
	inv := x.collect(t, guardDutyDetector)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, guardDutyDetector)
	assert.Equal(t, "arn:aws:guardduty:us-east-1:123456789012:detector/"+*made.DetectorId, a.ID)
	assertJSON(t, `true`, a.Config.Get("Enable"))
	assertJSON(t, `true`, a.Config.Get("DataSources", "S3Logs", "Enable"))
	assertJSON(t, `"ONE_HOUR"`, a.Config.Get("FindingPublishingFrequency"))
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "GuardDuty:ListDetectors": 2, "GuardDuty:GetDetector": 1}, x.calls.n)

	x.says("GuardDuty:GetDetector", &guardduty.GetDetectorOutput{
		Status: guarddutytypes.DetectorStatusDisabled, ServiceRole: aws.String("role"), CreatedAt: aws.String("2026-01-01T00:00:00.000Z"), Tags: map[string]string{"team": "sec"},
		DataSources: &guarddutytypes.DataSourceConfigurationsResult{
			Kubernetes:        &guarddutytypes.KubernetesConfigurationResult{AuditLogs: &guarddutytypes.KubernetesAuditLogsConfigurationResult{Status: guarddutytypes.DataSourceStatusDisabled}},
			MalwareProtection: &guarddutytypes.MalwareProtectionConfigurationResult{ScanEc2InstanceWithFindings: &guarddutytypes.ScanEc2InstanceWithFindingsResult{EbsVolumes: &guarddutytypes.EbsVolumesResult{Status: guarddutytypes.DataSourceStatusEnabled}}},
		},
		Features: []guarddutytypes.DetectorFeatureConfigurationResult{{Name: guarddutytypes.DetectorFeatureResultRuntimeMonitoring, Status: guarddutytypes.FeatureStatusEnabled}},
	})
	a = only(t, x.collect(t, guardDutyDetector), guardDutyDetector)
	assertJSON(t, `false`, a.Config.Get("Enable"))
	assertJSON(t, `{"Kubernetes":{"AuditLogs":{"Enable":false}},"MalwareProtection":{"ScanEc2InstanceWithFindings":{"EbsVolumes":true}}}`, a.Config.Get("DataSources"))
	assertJSON(t, `[{"Name":"RUNTIME_MONITORING","Status":"ENABLED"}]`, a.Config.Get("Features"))
	assertJSON(t, `[{"Key":"team","Value":"sec"}]`, a.Config.Get("Tags"))
	assert.Equal(t, 2026, a.Created.Year())
	x.fail(denied, "GuardDuty:GetDetector")
	assertUnread(t, "guardduty:GetDetector", "AccessDenied", only(t, x.collect(t, guardDutyDetector), guardDutyDetector).Config.Get("Enable"))
}

func TestAnalyzers(t *testing.T) {
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	arn := "arn:aws:access-analyzer:us-east-1:123456789012:analyzer/"
	analyzer := func(name string, kind analyzertypes.Type) analyzertypes.AnalyzerSummary {
		return analyzertypes.AnalyzerSummary{Arn: aws.String(arn + name), Name: &name, Type: kind, Status: analyzertypes.AnalyzerStatusActive, CreatedAt: &observed}
	}
	unused, internal := analyzer("unused", analyzertypes.TypeAccountUnusedAccess), analyzer("internal", analyzertypes.TypeAccountInternalAccess)
	unused.Configuration = &analyzertypes.AnalyzerConfigurationMemberUnusedAccess{Value: analyzertypes.UnusedAccessConfiguration{
		UnusedAccessAge: aws.Int32(90),
		AnalysisRule:    &analyzertypes.AnalysisRule{Exclusions: []analyzertypes.AnalysisRuleCriteria{{AccountIds: []string{"111111111111"}, ResourceTags: []map[string]string{{"b": "2", "a": "1"}}}}},
	}}
	internal.Configuration = &analyzertypes.AnalyzerConfigurationMemberInternalAccess{Value: analyzertypes.InternalAccessConfiguration{
		AnalysisRule: &analyzertypes.InternalAccessAnalysisRule{Inclusions: []analyzertypes.InternalAccessAnalysisRuleCriteria{{ResourceArns: []string{"arn:aws:s3:::b"}}}},
	}}
	x.says("AccessAnalyzer:ListAnalyzers", &accessanalyzer.ListAnalyzersOutput{Analyzers: []analyzertypes.AnalyzerSummary{analyzer("external", analyzertypes.TypeAccount), unused, internal}})
	x.answer("AccessAnalyzer:ListArchiveRules", func(in any) (any, error) {
		if *in.(*accessanalyzer.ListArchiveRulesInput).AnalyzerName == "internal" {
			return nil, denied
		}
		return &accessanalyzer.ListArchiveRulesOutput{ArchiveRules: []analyzertypes.ArchiveRuleSummary{{
			RuleName: aws.String("known"),
			Filter:   map[string]analyzertypes.Criterion{"resourceType": {Eq: []string{"AWS::S3::Bucket"}}, "isPublic": {Exists: aws.Bool(true)}},
		}}}, nil
	})
	inv := x.collect(t, accessAnalyzer)
	a := named(t, inv, accessAnalyzer, "external")
	assert.Equal(t, arn+"external", a.ID)
	assertJSON(t, `"ACCOUNT"`, a.Config.Get("Type"))
	assertJSON(t, `"ACTIVE"`, a.Status.Get("Status"))
	assert.True(t, a.Config.Get("AnalyzerConfiguration").IsAbsent())
	assertJSON(t, `[{"RuleName":"known","Filter":[{"Property":"isPublic","Exists":true},{"Property":"resourceType","Eq":["AWS::S3::Bucket"]}]}]`, a.Config.Get("ArchiveRules"))
	assertJSON(t, `{"UnusedAccessConfiguration":{"UnusedAccessAge":90,"AnalysisRule":{"Exclusions":[{"AccountIds":["111111111111"],"ResourceTags":[[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}]]}]}}}`,
		named(t, inv, accessAnalyzer, "unused").Config.Get("AnalyzerConfiguration"))
	i := named(t, inv, accessAnalyzer, "internal")
	assertJSON(t, `{"InternalAccessConfiguration":{"InternalAccessAnalysisRule":{"Inclusions":[{"ResourceArns":["arn:aws:s3:::b"]}]}}}`, i.Config.Get("AnalyzerConfiguration"))
	assertUnread(t, "accessanalyzer:ListArchiveRules", "AccessDenied", i.Config.Get("ArchiveRules"))
	assert.Equal(t, 3, x.calls.n["AccessAnalyzer:ListArchiveRules"])
}

func TestHub(t *testing.T) {
	scope := asset.Scope{Provider: "aws", Account: "123456789012", Region: "us-east-1"}
	off := &hubtypes.InvalidAccessException{Message: aws.String("Account 123456789012 is not subscribed to AWS Security Hub")}
	for name, row := range map[string]struct {
		err   error
		gaps  int
		state asset.CoverageState
	}{
		"off":            {off, 0, asset.Complete},
		"not found":      {&smithy.GenericAPIError{Code: "ResourceNotFoundException"}, 0, asset.Complete},
		"invalid access": {&hubtypes.InvalidAccessException{Message: aws.String("no permission")}, 1, asset.Partial},
		"denied":         {denied, 1, asset.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			x := newTester(t, &Options{Regions: []string{"us-east-1"}})
			x.fail(row.err, "SecurityHub:DescribeHub")
			inv := x.collect(t, securityHub)
			assert.Len(t, inv.Gaps(), row.gaps)
			assert.Equal(t, row.state, inv.Coverage(scope, securityHub))
		})
	}
	x := newTester(t, &Options{Regions: []string{"us-east-1"}})
	x.says("SecurityHub:DescribeHub", &securityhub.DescribeHubOutput{
		HubArn: aws.String("arn:aws:securityhub:us-east-1:123456789012:hub/default"), SubscribedAt: aws.String("2026-01-01T00:00:00.000Z"),
		AutoEnableControls: aws.Bool(true), ControlFindingGenerator: hubtypes.ControlFindingGeneratorSecurityControl,
	})
	x.says("SecurityHub:ListTagsForResource", &securityhub.ListTagsForResourceOutput{Tags: map[string]string{"team": "sec"}})
	a := only(t, x.collect(t, securityHub), securityHub)
	assertJSON(t, `{"ARN":"arn:aws:securityhub:us-east-1:123456789012:hub/default","SubscribedAt":"2026-01-01T00:00:00.000Z","AutoEnableControls":true,"ControlFindingGenerator":"SECURITY_CONTROL","Tags":{"team":"sec"}}`, a.Config)
}

// An analyzer of the organization is visible to its owner, and analyzes all accounts.
func TestAnalyzersOfTheOrganization(t *testing.T) {
	for name, tt := range map[string]struct {
		organization bool
		typ          analyzertypes.Type
		observers    []string
	}{
		"of the organization":        {true, analyzertypes.TypeOrganization, []string{"123456789012", "222222222222"}},
		"of the account":             {true, analyzertypes.TypeAccount, nil},
		"of unused access":           {true, analyzertypes.TypeOrganizationUnusedAccess, nil}, // may leave accounts out
		"Organizations is not asked": {false, analyzertypes.TypeOrganization, nil},
	} {
		t.Run(name, func(t *testing.T) {
			x := offline(t)
			x.Provider.opts.Organization = tt.organization
			member := func(id string) orgtypes.Account {
				return orgtypes.Account{Id: &id, Arn: aws.String("arn:aws:organizations::123456789012:account/o-1/" + id), Status: orgtypes.AccountStatusActive}
			}
			x.says("Organizations:ListAccounts", &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{member("222222222222"), member("123456789012")}})
			x.says("Organizations:ListRoots", &organizations.ListRootsOutput{})
			x.says("AccessAnalyzer:ListAnalyzers", &accessanalyzer.ListAnalyzersOutput{Analyzers: []analyzertypes.AnalyzerSummary{{
				Arn: inTestRegion("access-analyzer", "analyzer/a"), Name: aws.String("a"), Type: tt.typ, Status: analyzertypes.AnalyzerStatusActive,
			}}})
			x.says("AccessAnalyzer:ListArchiveRules", &accessanalyzer.ListArchiveRulesOutput{})
			a := only(t, x.collect(t, accessAnalyzer), accessAnalyzer)
			assert.Equal(t, "123456789012", a.Account)
			assert.Equal(t, tt.observers, a.Observers)
		})
	}
}

func TestPagesOfWatchers(t *testing.T) {
	analyzer := func(name string) *accessanalyzer.ListAnalyzersOutput {
		return &accessanalyzer.ListAnalyzersOutput{Analyzers: []analyzertypes.AnalyzerSummary{{
			Name: &name, Arn: aws.String("arn:aws:access-analyzer:us-east-1:123456789012:analyzer/" + name), Type: analyzertypes.TypeAccount, Status: analyzertypes.AnalyzerStatusActive,
		}}}
	}
	for name, l := range map[string]listing{
		"detectors": {operation: "GuardDuty:ListDetectors", typ: guardDutyDetector,
			first: &guardduty.ListDetectorsOutput{DetectorIds: []string{"1"}}, last: &guardduty.ListDetectorsOutput{DetectorIds: []string{"2"}},
			others: func(x *tester) { x.fail(denied, "GuardDuty:GetDetector") },
		},
		"analyzers": {operation: "AccessAnalyzer:ListAnalyzers", typ: accessAnalyzer, first: analyzer("a"), last: analyzer("b"),
			others: func(x *tester) { x.fail(denied, "AccessAnalyzer:ListArchiveRules") },
		},
	} {
		t.Run(name, func(t *testing.T) { testPages(t, l) })
	}
}
