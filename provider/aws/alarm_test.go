package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLogGroups(t *testing.T) {
	x := offline(t)
	group := func(name string, protection logstypes.DataProtectionStatus) logstypes.LogGroup {
		return logstypes.LogGroup{
			LogGroupName: &name, LogGroupArn: inTestRegion("logs", "log-group:"+name), Arn: inTestRegion("logs", "log-group:"+name+":*"), CreationTime: aws.Int64(1700000000000),
			KmsKeyId: aws.String(testKey), DataProtectionStatus: protection, RetentionInDays: aws.Int32(90),
		}
	}
	x.says("CloudWatch Logs:DescribeLogGroups", &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: []logstypes.LogGroup{group("/app/a", logstypes.DataProtectionStatusActivated), group("/app/b", "")}})
	x.says("CloudWatch Logs:GetDataProtectionPolicy", &cloudwatchlogs.GetDataProtectionPolicyOutput{PolicyDocument: aws.String(`{"Name":"p"}`)})
	x.says("CloudWatch Logs:DescribeIndexPolicies", &cloudwatchlogs.DescribeIndexPoliciesOutput{IndexPolicies: []logstypes.IndexPolicy{
		{LogGroupIdentifier: aws.String("/app/a"), PolicyDocument: aws.String(`{"Fields":["x"]}`), Source: logstypes.IndexSourceLogGroup},
		{LogGroupIdentifier: aws.String("/app/b"), PolicyDocument: aws.String(`{"Fields":["y"]}`), Source: logstypes.IndexSourceAccount},
	}})
	x.answer("CloudWatch Logs:DescribeResourcePolicies", func(in any) (any, error) {
		if in.(*cloudwatchlogs.DescribeResourcePoliciesInput).NextToken == nil {
			return &cloudwatchlogs.DescribeResourcePoliciesOutput{NextToken: aws.String("1")}, nil
		}
		return &cloudwatchlogs.DescribeResourcePoliciesOutput{ResourcePolicies: []logstypes.ResourcePolicy{{PolicyDocument: aws.String(publicPolicy)}}}, nil
	})
	x.says("CloudWatch Logs:ListTagsForResource", &cloudwatchlogs.ListTagsForResourceOutput{})
	inv := x.collect(t, logGroup)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, logGroup, "/app/a")
	assert.Equal(t, "arn:aws:logs:us-east-1:123456789012:log-group:/app/a", a.ID)
	assert.Equal(t, int64(1700000000), a.Created.Unix())
	assertJSON(t, `90`, a.Config.Get("RetentionInDays"))
	assertJSON(t, `{"Name":"p"}`, a.Config.Get("DataProtectionPolicy"))
	assertJSON(t, `[{"Fields":["x"]}]`, a.Config.Get("FieldIndexPolicies"))
	assertJSON(t, publicPolicy, a.Config.Get("ResourcePolicyDocument"))
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	b := named(t, inv, logGroup, "/app/b")
	assert.True(t, b.Config.Get("DataProtectionPolicy").IsAbsent())
	assert.True(t, b.Config.Get("FieldIndexPolicies").IsAbsent(), "a policy of the account is not the group's")
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "CloudWatch Logs:DescribeLogGroups": 1, "CloudWatch Logs:GetDataProtectionPolicy": 1,
		"CloudWatch Logs:DescribeIndexPolicies": 1, "CloudWatch Logs:DescribeResourcePolicies": 4, "CloudWatch Logs:ListTagsForResource": 2,
	}, x.calls.n)

	x.fail(denied, "CloudWatch Logs:DescribeIndexPolicies", "CloudWatch Logs:DescribeResourcePolicies")
	a = named(t, x.collect(t, logGroup), logGroup, "/app/a")
	assertUnread(t, "logs:DescribeIndexPolicies", "AccessDenied", a.Config.Get("FieldIndexPolicies"))
	assertUnread(t, "logs:DescribeResourcePolicies", "AccessDenied", a.Config.Get("ResourcePolicyDocument"))
}

func TestMetricFiltersAndAlarms(t *testing.T) {
	x := offline(t)
	x.says("CloudWatch Logs:DescribeMetricFilters", &cloudwatchlogs.DescribeMetricFiltersOutput{MetricFilters: []logstypes.MetricFilter{{
		FilterName: aws.String("root"), LogGroupName: aws.String("trail"), FilterPattern: aws.String(`{ $.userIdentity.type = "Root" }`),
		MetricTransformations: []logstypes.MetricTransformation{{MetricName: aws.String("Root"), MetricNamespace: aws.String("Cis"), MetricValue: aws.String("1"), Dimensions: map[string]string{"b": "$.y", "a": "$.x"}}},
	}}})
	topic := *inTestRegion("sns", "oncall")
	x.says("CloudWatch:DescribeAlarms", &cloudwatch.DescribeAlarmsOutput{MetricAlarms: []cwtypes.MetricAlarm{
		{
			AlarmArn: inTestRegion("cloudwatch", "alarm:root"), AlarmName: aws.String("root"), MetricName: aws.String("Root"), Namespace: aws.String("Cis"), ActionsEnabled: aws.Bool(true), Threshold: aws.Float64(1),
			AlarmActions: []string{topic, *inTestRegion("automate", "ec2:stop")}, StateValue: cwtypes.StateValueOk, EvaluationWindow: &cwtypes.EvaluationWindowMemberWallClockWindow{Value: cwtypes.WallClockWindow{Timezone: aws.String("UTC")}},
		},
		{AlarmArn: inTestRegion("cloudwatch", "alarm:query"), AlarmName: aws.String("query"), EvaluationCriteria: &cwtypes.EvaluationCriteriaMemberPromQLCriteria{Value: cwtypes.AlarmPromQLCriteria{Query: aws.String("up")}}},
	}})
	x.says("CloudWatch:ListTagsForResource", &cloudwatch.ListTagsForResourceOutput{Tags: []cwtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	inv := x.collect(t, metricFilter, cloudwatchAlarm)
	assert.Empty(t, gapTexts(inv))
	f := only(t, inv, metricFilter)
	assert.Equal(t, "arn:aws:logs:us-east-1:123456789012:log-group:trail|root", f.ID)
	assertJSON(t, `[{"MetricName":"Root","MetricNamespace":"Cis","MetricValue":"1","Dimensions":[{"Key":"a","Value":"$.x"},{"Key":"b","Value":"$.y"}]}]`, f.Config.Get("MetricTransformations"))
	assert.Contains(t, f.Links, link("log_group", logGroup, "arn:aws:logs:us-east-1:123456789012:log-group:trail"))
	a := named(t, inv, cloudwatchAlarm, "root")
	assertJSON(t, `1`, a.Config.Get("Threshold"))
	assertJSON(t, `{"WallClockWindow":{"Timezone":"UTC"}}`, a.Config.Get("EvaluationWindow"))
	assertJSON(t, `"OK"`, a.Status.Get("StateValue"))
	assert.Contains(t, a.Links, link("notifies", snsTopic, topic))
	assertJSON(t, `{"PromQLCriteria":{"Query":"up"}}`, named(t, inv, cloudwatchAlarm, "query").Config.Get("EvaluationCriteria"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "CloudWatch Logs:DescribeMetricFilters": 1, "CloudWatch:DescribeAlarms": 1, "CloudWatch:ListTagsForResource": 2,
	}, x.calls.n)
}

func TestAlarmsOnAlarms(t *testing.T) {
	x := offline(t)
	topic := *inTestRegion("sns", "oncall")
	x.answer("CloudWatch:DescribeAlarms", func(in any) (any, error) {
		assert.Equal(t, []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm}, in.(*cloudwatch.DescribeAlarmsInput).AlarmTypes, "without it only those on metrics are answered")
		return &cloudwatch.DescribeAlarmsOutput{
			MetricAlarms: []cwtypes.MetricAlarm{{AlarmArn: inTestRegion("cloudwatch", "alarm:cpu"), AlarmName: aws.String("cpu")}},
			CompositeAlarms: []cwtypes.CompositeAlarm{{
				AlarmArn: inTestRegion("cloudwatch", "alarm:both"), AlarmName: aws.String("both"), AlarmRule: aws.String("ALARM(cpu) AND ALARM(disk)"), ActionsEnabled: aws.Bool(true), AlarmActions: []string{topic},
				ActionsSuppressor: aws.String("quiet"), ActionsSuppressorWaitPeriod: aws.Int32(60), ActionsSuppressedBy: cwtypes.ActionsSuppressedByAlarm, StateValue: cwtypes.StateValueAlarm,
			}},
		}, nil
	})
	x.says("CloudWatch:ListTagsForResource", &cloudwatch.ListTagsForResourceOutput{Tags: []cwtypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	inv := x.collect(t, cloudwatchAlarm, compositeAlarm)
	assert.Empty(t, gapTexts(inv))
	a := only(t, inv, compositeAlarm)
	assert.Equal(t, *inTestRegion("cloudwatch", "alarm:both"), a.ID)
	assertJSON(t, `{
		"AlarmName":"both","Arn":"arn:aws:cloudwatch:us-east-1:123456789012:alarm:both","AlarmRule":"ALARM(cpu) AND ALARM(disk)","ActionsEnabled":true,"AlarmActions":["`+topic+`"],
		"ActionsSuppressor":"quiet","ActionsSuppressorWaitPeriod":60,"Tags":[{"Key":"a","Value":"b"}]
	}`, a.Config)
	assertJSON(t, `{"StateValue":"ALARM","ActionsSuppressedBy":"Alarm"}`, a.Status)
	assert.Contains(t, a.Links, link("notifies", snsTopic, topic))
	assert.Equal(t, "cpu", only(t, inv, cloudwatchAlarm).Name)
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "CloudWatch:DescribeAlarms": 1, "CloudWatch:ListTagsForResource": 2}, x.calls.n)

	x.fail(denied, "CloudWatch:DescribeAlarms")
	inv = x.collect(t, compositeAlarm)
	require.Len(t, inv.Gaps(), 1)
	assert.Equal(t, compositeAlarm, inv.Gaps()[0].Type)
}
