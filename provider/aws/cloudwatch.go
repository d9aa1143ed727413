package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// cloudwatchTables read alarms on metrics, and those on other alarms.
func cloudwatchTables(u *unit) []collect.Table {
	client := cloudwatch.NewFromConfig(u.config("cloudwatch"), func(o *cloudwatch.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:    "cloudwatch:DescribeAlarms",
		Types: []asset.Type{cloudwatchAlarm, compositeAlarm},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
				AlarmNames: u.onlyNames("alarm:", cloudwatchAlarm, compositeAlarm), NextToken: optional(token), MaxRecords: aws.Int32(100), AlarmTypes: []cwtypes.AlarmType{cwtypes.AlarmTypeMetricAlarm, cwtypes.AlarmTypeCompositeAlarm},
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.MetricAlarms {
				ds = append(ds, alarmDraft(x))
			}
			for _, x := range out.CompositeAlarms {
				ds = append(ds, compositeDraft(x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "cloudwatch:ListTagsForResource",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListTagsForResource(ctx, &cloudwatch.ListTagsForResourceInput{ResourceARN: &d.ID})
				if err != nil {
					return err
				}
				d.Tags = tagMap(out.Tags, func(t cwtypes.Tag) (key, value *string) { return t.Key, t.Value })
				return nil
			},
		}},
	}}
}

func alarmDraft(x cwtypes.MetricAlarm) *collect.Draft {
	d := collect.NewDraft(cloudwatchAlarm, aws.ToString(x.AlarmArn), aws.ToString(x.AlarmName))
	d.Config = collect.Doc{
		"ActionsEnabled":                   x.ActionsEnabled,
		"AlarmActions":                     x.AlarmActions,
		"AlarmDescription":                 x.AlarmDescription,
		"AlarmName":                        x.AlarmName,
		"Arn":                              x.AlarmArn,
		"ComparisonOperator":               x.ComparisonOperator,
		"DatapointsToAlarm":                x.DatapointsToAlarm,
		"Dimensions":                       x.Dimensions,
		"EvaluateLowSampleCountPercentile": x.EvaluateLowSampleCountPercentile,
		"EvaluationCriteria":               nil,
		"EvaluationInterval":               x.EvaluationInterval,
		"EvaluationPeriods":                x.EvaluationPeriods,
		"EvaluationWindow":                 nil,
		"ExtendedStatistic":                x.ExtendedStatistic,
		"InsufficientDataActions":          x.InsufficientDataActions,
		"MetricName":                       x.MetricName,
		"Metrics":                          x.Metrics,
		"Namespace":                        x.Namespace,
		"OKActions":                        x.OKActions,
		"Period":                           x.Period,
		"Statistic":                        x.Statistic,
		"Threshold":                        x.Threshold,
		"ThresholdMetricId":                x.ThresholdMetricId,
		"TreatMissingData":                 x.TreatMissingData,
		"Unit":                             x.Unit,
		"WarmUpConfiguration":              x.WarmUpConfiguration,
	}
	if c, ok := x.EvaluationCriteria.(*cwtypes.EvaluationCriteriaMemberPromQLCriteria); ok {
		d.Config["EvaluationCriteria"] = collect.Doc{"PromQLCriteria": c.Value}
	}
	switch w := x.EvaluationWindow.(type) {
	case *cwtypes.EvaluationWindowMemberSlidingWindow:
		d.Config["EvaluationWindow"] = collect.Doc{"SlidingWindow": collect.Doc{}}
	case *cwtypes.EvaluationWindowMemberWallClockWindow:
		d.Config["EvaluationWindow"] = collect.Doc{"WallClockWindow": w.Value}
	}
	d.Status = collect.Doc{"StateValue": x.StateValue, "StateReason": x.StateReason, "StateUpdatedTimestamp": x.StateUpdatedTimestamp}
	linkTopics(d, x.AlarmActions)
	return d
}

func compositeDraft(x cwtypes.CompositeAlarm) *collect.Draft {
	d := collect.NewDraft(compositeAlarm, aws.ToString(x.AlarmArn), aws.ToString(x.AlarmName))
	d.Config = collect.Doc{
		"ActionsEnabled":                   x.ActionsEnabled,
		"ActionsSuppressor":                x.ActionsSuppressor,
		"ActionsSuppressorExtensionPeriod": x.ActionsSuppressorExtensionPeriod,
		"ActionsSuppressorWaitPeriod":      x.ActionsSuppressorWaitPeriod,
		"AlarmActions":                     x.AlarmActions,
		"AlarmDescription":                 x.AlarmDescription,
		"AlarmName":                        x.AlarmName,
		"AlarmRule":                        x.AlarmRule,
		"Arn":                              x.AlarmArn,
		"InsufficientDataActions":          x.InsufficientDataActions,
		"OKActions":                        x.OKActions,
	}
	d.Status = collect.Doc{
		"StateValue": x.StateValue, "StateReason": x.StateReason, "StateUpdatedTimestamp": x.StateUpdatedTimestamp,
		"ActionsSuppressedBy": optional(string(x.ActionsSuppressedBy)), "ActionsSuppressedReason": x.ActionsSuppressedReason,
	}
	linkTopics(d, x.AlarmActions)
	return d
}

// linkTopics adds links to the topics among the actions of an alarm.
func linkTopics(d *collect.Draft, actions []string) {
	for _, action := range actions {
		if strings.Contains(action, ":sns:") {
			d.Link("notifies", snsTopic, action)
		}
	}
}
