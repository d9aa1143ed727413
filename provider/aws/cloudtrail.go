package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
)

// cloudTrailTables read trails. A trail of all regions is answered in each of them,
// and one of an organization in each account; it is reported where it is at home, or,
// if that region is not looked at, in the first that is.
func cloudTrailTables(u *unit) []collect.Table {
	client := cloudtrail.NewFromConfig(u.config("cloudtrail"))
	atHome := func(d *collect.Draft) func(*cloudtrail.Options) {
		return func(o *cloudtrail.Options) { o.Region = d.Key }
	}
	return []collect.Table{{
		Op:    "cloudtrail:DescribeTrails",
		Types: []asset.Type{cloudTrailTrail},
		List: func(ctx context.Context, _ string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.TrailList {
				if u.tellsOfTrail(aws.ToString(x.HomeRegion)) {
					ds = append(ds, trailDraft(u, x))
				}
			}
			return ds, "", nil
		},
		Reads: []collect.Read{{
			Op: "cloudtrail:GetTrailStatus",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.Config["IsLogging"] = out.IsLogging
				d.Status["LatestDeliveryTime"] = out.LatestDeliveryTime
				d.Status["LatestDeliveryError"] = optional(aws.ToString(out.LatestDeliveryError))
				d.Status["LatestCloudWatchLogsDeliveryTime"] = out.LatestCloudWatchLogsDeliveryTime
				d.Status["LatestCloudWatchLogsDeliveryError"] = optional(aws.ToString(out.LatestCloudWatchLogsDeliveryError))
				d.Status["StartLoggingTime"] = out.StartLoggingTime
				d.Status["StopLoggingTime"] = out.StopLoggingTime
				return nil
			},
		}, {
			Op: "cloudtrail:GetEventSelectors",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				// A trail has one kind or the other.
				if len(out.EventSelectors) > 0 {
					d.Config["EventSelectors"] = out.EventSelectors
				}
				if len(out.AdvancedEventSelectors) > 0 {
					d.Config["AdvancedEventSelectors"] = out.AdvancedEventSelectors
				}
				return nil
			},
		}, {
			Op:     "cloudtrail:GetInsightSelectors",
			Absent: []string{"InsightNotEnabledException"},
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetInsightSelectors(ctx, &cloudtrail.GetInsightSelectorsInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.Config["InsightSelectors"] = out.InsightSelectors
				return nil
			},
		}, {
			Op: "cloudtrail:GetEventConfiguration",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetEventConfiguration(ctx, &cloudtrail.GetEventConfigurationInput{TrailName: &d.ID}, atHome(d))
				if err != nil {
					return err
				}
				d.Config["AggregationConfigurations"] = out.AggregationConfigurations
				return nil
			},
		}, {
			Op: "cloudtrail:ListTags",
			Each: func(ctx context.Context, d *collect.Draft) (err error) {
				tag := func(t cloudtrailtypes.Tag) (key, value *string) { return t.Key, t.Value }
				d.Tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]cloudtrailtypes.Tag, string, error) {
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

func trailDraft(u *unit, x cloudtrailtypes.Trail) *collect.Draft {
	d := collect.NewDraft(cloudTrailTrail, aws.ToString(x.TrailARN), aws.ToString(x.Name))
	d.Key = aws.ToString(x.HomeRegion)
	d.Config = collect.Doc{
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
	d.Status = collect.Doc{"HomeRegion": x.HomeRegion, "HasCustomEventSelectors": x.HasCustomEventSelectors}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(d.Key, aws.ToString(x.KmsKeyId)))
	if x.S3BucketName != nil {
		d.Link("logs_to", s3Bucket, "arn:"+u.account.session.Partition+":s3:::"+*x.S3BucketName)
	}
	d.Link("logs_to", logGroup, logGroupARN(aws.ToString(x.CloudWatchLogsLogGroupArn)))
	d.Link("notifies", snsTopic, aws.ToString(x.SnsTopicARN))
	d.Link("role", iamRole, aws.ToString(x.CloudWatchLogsRoleArn))
	return d
}
