package aws

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// logsTables read log groups and the filters that make metrics of them.
func logsTables(u *unit) []collect.Table {
	client := cloudwatchlogs.NewFromConfig(u.config("logs"), func(o *cloudwatchlogs.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:    "logs:DescribeLogGroups",
		Types: []asset.Type{logGroup},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: optional(u.onlyName("log-group:", logGroup)), NextToken: optional(token), Limit: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.LogGroups {
				ds = append(ds, logGroupDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: logGroupReads(client),
	}, {
		Op:     "logs:DescribeMetricFilters",
		Types:  []asset.Type{metricFilter},
		Absent: []string{(&logstypes.ResourceNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			group, name, _ := strings.Cut(u.onlyName("log-group:", metricFilter), "|")
			out, err := client.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{
				LogGroupName: optional(group), FilterNamePrefix: optional(name), NextToken: optional(token), Limit: aws.Int32(50),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.MetricFilters {
				ds = append(ds, metricFilterDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}}
}

func logGroupDraft(u *unit, x logstypes.LogGroup) *collect.Draft {
	id := logGroupARN(aws.ToString(x.Arn))
	if x.LogGroupArn != nil {
		id = *x.LogGroupArn
	}
	d := collect.NewDraft(logGroup, id, aws.ToString(x.LogGroupName))
	if x.CreationTime != nil {
		d.Created = time.UnixMilli(*x.CreationTime).UTC()
		d.Incarnation = incarnationAt(d.Created)
	}
	// Whether there is a policy that protects data, or once was one.
	d.Key = string(x.DataProtectionStatus)
	d.Config = collect.Doc{
		"Arn":                              x.Arn,
		"BearerTokenAuthenticationEnabled": x.BearerTokenAuthenticationEnabled,
		"DeletionProtectionEnabled":        x.DeletionProtectionEnabled,
		"KmsKeyId":                         x.KmsKeyId,
		"LogGroupClass":                    x.LogGroupClass,
		"LogGroupName":                     x.LogGroupName,
		"RetentionInDays":                  x.RetentionInDays,
	}
	d.Status = collect.Doc{"CreationTime": x.CreationTime, "StoredBytes": x.StoredBytes, "MetricFilterCount": x.MetricFilterCount}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func logGroupReads(client *cloudwatchlogs.Client) []collect.Read {
	return []collect.Read{{
		Op: "logs:GetDataProtectionPolicy",
		Each: func(ctx context.Context, d *collect.Draft) error {
			if d.Key == "" {
				return nil // there never was one
			}
			out, err := client.GetDataProtectionPolicy(ctx, &cloudwatchlogs.GetDataProtectionPolicyInput{LogGroupIdentifier: &d.ID})
			if err != nil {
				return err
			}
			d.Config["DataProtectionPolicy"] = parsed("logs:GetDataProtectionPolicy", out.PolicyDocument)
			return nil
		},
	}, {
		Op:   "logs:DescribeIndexPolicies",
		Size: 100,
		Together: func(ctx context.Context, ds []*collect.Draft) error {
			const op = "logs:DescribeIndexPolicies"
			policies := map[string][]any{}
			for p, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]logstypes.IndexPolicy, string, error) {
				out, err := client.DescribeIndexPolicies(ctx, &cloudwatchlogs.DescribeIndexPoliciesInput{LogGroupIdentifiers: ids(ds), NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.IndexPolicies, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return err
				}
				// Those of the account hold for every group, and are not the group's.
				if p.Source != logstypes.IndexSourceAccount {
					of := logGroupARN(aws.ToString(p.LogGroupIdentifier))
					policies[of] = append(policies[of], parsed(op, p.PolicyDocument))
				}
			}
			for _, d := range ds {
				// The identifier is the name or the ARN, as it pleases the service.
				if own := append(policies[d.ID], policies[d.Name]...); len(own) > 0 {
					d.Config["FieldIndexPolicies"] = own
				}
			}
			return nil
		},
	}, {
		Op:     "logs:DescribeResourcePolicies",
		Absent: []string{"ResourceNotFoundException"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			var document *string
			for p, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]logstypes.ResourcePolicy, string, error) {
				out, err := client.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{
					PolicyScope: logstypes.PolicyScopeResource, ResourceArn: &d.ID, NextToken: optional(token),
				})
				if err != nil {
					return nil, "", err
				}
				return out.ResourcePolicies, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return err
				}
				document = p.PolicyDocument // there is one at most
			}
			d.Config["ResourcePolicyDocument"] = policyDocument("logs:DescribeResourcePolicies", document)
			return nil
		},
	}, {
		Op: "logs:ListTagsForResource",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.Tags = tagsOr(out.Tags)
			return nil
		},
	}}
}

// metricFilterDraft makes a filter, which has no ARN: its id is the ARN of the log
// group and its name.
func metricFilterDraft(u *unit, x logstypes.MetricFilter) *collect.Draft {
	group := u.arn("logs", "log-group:"+aws.ToString(x.LogGroupName))
	d := collect.NewDraft(metricFilter, group+"|"+aws.ToString(x.FilterName), aws.ToString(x.FilterName))
	d.Page = group
	transformations := []collect.Doc{}
	for _, t := range x.MetricTransformations {
		transformations = append(transformations, collect.Doc{
			"DefaultValue":    t.DefaultValue,
			"Dimensions":      tagListOrNil(t.Dimensions),
			"MetricName":      t.MetricName,
			"MetricNamespace": t.MetricNamespace,
			"MetricValue":     t.MetricValue,
			"Unit":            t.Unit,
		})
	}
	d.Config = collect.Doc{
		"ApplyOnTransformedLogs":    x.ApplyOnTransformedLogs,
		"EmitSystemFieldDimensions": x.EmitSystemFieldDimensions,
		"FieldSelectionCriteria":    x.FieldSelectionCriteria,
		"FilterName":                x.FilterName,
		"FilterPattern":             aws.ToString(x.FilterPattern),
		"LogGroupName":              x.LogGroupName,
		"MetricTransformations":     transformations,
	}
	if x.CreationTime != nil {
		d.Created = time.UnixMilli(*x.CreationTime).UTC()
		d.Incarnation = incarnationAt(d.Created)
	}
	d.Status = collect.Doc{"CreationTime": x.CreationTime}
	d.Link("log_group", logGroup, group)
	return d
}

// tagListOrNil returns a map as a list of keys and values, and nil for none.
func tagListOrNil(m map[string]string) collect.Pairs {
	if len(m) == 0 {
		return nil
	}
	return m
}

// logGroupARN returns the ARN of a log group, after which services often write :*,
// which stands for its streams.
func logGroupARN(id string) string { return strings.TrimSuffix(id, ":*") }
