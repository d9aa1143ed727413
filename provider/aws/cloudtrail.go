package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/openstance/stance/asset"
)

const cloudTrailTrail asset.Type = "AWS::CloudTrail::Trail"

// cloudTrailTables read trails. A trail of all regions is answered in each of them,
// and one of an organisation in each account; it is told of where it is at home, or,
// if that region is not looked at, in the first that is.
func cloudTrailTables(u *unit) []table {
	client := cloudtrail.NewFromConfig(u.config("cloudtrail"))
	atHome := func(d *draft) func(*cloudtrail.Options) {
		return func(o *cloudtrail.Options) { o.Region = d.key }
	}
	return []table{{
		op:    "cloudtrail:DescribeTrails",
		types: []asset.Type{cloudTrailTrail},
		list: func(ctx context.Context, _ string) ([]*draft, string, error) {
			out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.TrailList {
				if u.tellsOfTrail(aws.ToString(x.HomeRegion)) {
					ds = append(ds, trailDraft(u, x))
				}
			}
			return ds, "", nil
		},
		reads: []read{{
			op: "cloudtrail:GetTrailStatus",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.config["IsLogging"] = out.IsLogging
				d.status["LatestDeliveryTime"] = out.LatestDeliveryTime
				d.status["LatestDeliveryError"] = optional(aws.ToString(out.LatestDeliveryError))
				d.status["LatestCloudWatchLogsDeliveryTime"] = out.LatestCloudWatchLogsDeliveryTime
				d.status["LatestCloudWatchLogsDeliveryError"] = optional(aws.ToString(out.LatestCloudWatchLogsDeliveryError))
				d.status["StartLoggingTime"] = out.StartLoggingTime
				d.status["StopLoggingTime"] = out.StopLoggingTime
				return nil
			},
		}, {
			op: "cloudtrail:GetEventSelectors",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				// A trail has one kind or the other.
				if len(out.EventSelectors) > 0 {
					d.config["EventSelectors"] = out.EventSelectors
				}
				if len(out.AdvancedEventSelectors) > 0 {
					d.config["AdvancedEventSelectors"] = out.AdvancedEventSelectors
				}
				return nil
			},
		}, {
			op:     "cloudtrail:GetInsightSelectors",
			absent: []string{"InsightNotEnabledException"},
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.config["InsightSelectors"] = out.InsightSelectors
				return nil
			},
		}, {
			op: "cloudtrail:GetEventConfiguration",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetEventConfiguration(ctx, &cloudtrail.GetEventConfigurationInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.config["AggregationConfigurations"] = out.AggregationConfigurations
				return nil
			},
		}, {
			op: "cloudtrail:ListTags",
			each: func(ctx context.Context, d *draft) (err error) {
				tag := func(t cloudtrailtypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]cloudtrailtypes.Tag, string, error) {
					out, err := client.ListTags(ctx, &cloudtrail.ListTagsInput{ResourceIdList: []string{d.ID}, NextToken: optional(token)}, atHome(d))
					if err != nil {
						return nil, "", err
					}
					var tags []cloudtrailtypes.Tag
					for _, r := range out.ResourceTagList {
						tags = append(tags, r.TagsList...)
					}
					return tags, aws.ToString(out.NextToken), nil
				})
				return err
			},
		}},
	}}
}

// tellsOfTrail reports whether a trail with a home region belongs to what the unit
// tells of.
func (u *unit) tellsOfTrail(home string) bool {
	if slices.Contains(u.account.regions, home) {
		return home == u.region
	}
	return u.region == u.account.regions[0]
}

func trailDraft(u *unit, x cloudtrailtypes.Trail) *draft {
	d := newDraft(cloudTrailTrail, aws.ToString(x.TrailARN), aws.ToString(x.Name))
	d.key = aws.ToString(x.HomeRegion)
	d.config = doc{
		"Arn":                        x.TrailARN,
		"TrailName":                  x.Name,
		"CloudWatchLogsLogGroupArn":  x.CloudWatchLogsLogGroupArn,
		"CloudWatchLogsRoleArn":      x.CloudWatchLogsRoleArn,
		"EnableLogFileValidation":    x.LogFileValidationEnabled,
		"IncludeGlobalServiceEvents": x.IncludeGlobalServiceEvents,
		"IsMultiRegionTrail":         x.IsMultiRegionTrail,
		"IsOrganizationTrail":        x.IsOrganizationTrail,
		"KMSKeyId":                   x.KmsKeyId,
		"S3BucketName":               x.S3BucketName,
		"S3KeyPrefix":                x.S3KeyPrefix,
		"SnsTopicArn":                x.SnsTopicARN,
		"SnsTopicName":               x.SnsTopicName,
	}
	d.status = doc{"HomeRegion": x.HomeRegion, "HasCustomEventSelectors": x.HasCustomEventSelectors}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(d.key, aws.ToString(x.KmsKeyId)))
	if x.S3BucketName != nil {
		d.link("logs_to", s3Bucket, "arn:"+u.account.partition+":s3:::"+*x.S3BucketName)
	}
	d.link("logs_to", logGroup, logGroupARN(aws.ToString(x.CloudWatchLogsLogGroupArn)))
	d.link("notifies", snsTopic, aws.ToString(x.SnsTopicARN))
	d.link("role", iamRole, aws.ToString(x.CloudWatchLogsRoleArn))
	return d
}
