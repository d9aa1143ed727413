package aws

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const metricFilter asset.Type = "AWS::Logs::MetricFilter"

// logsTables read log groups and the filters that make metrics of them.
func logsTables(u *unit) []table {
	client := cloudwatchlogs.NewFromConfig(u.config("logs"))
	return []table{{
		op:    "logs:DescribeLogGroups",
		types: []asset.Type{logGroup},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: optional(u.onlyName("log-group:", logGroup)), NextToken: optional(token), Limit: aws.Int32(50)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.LogGroups {
				ds = append(ds, logGroupDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: logGroupReads(client),
	}, {
		op:     "logs:DescribeMetricFilters",
		types:  []asset.Type{metricFilter},
		absent: []string{(&logstypes.ResourceNotFoundException{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			group, name, _ := strings.Cut(u.onlyName("log-group:", metricFilter), "|")
			out, err := client.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{
				LogGroupName: optional(group), FilterNamePrefix: optional(name), NextToken: optional(token), Limit: aws.Int32(50),
			})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.MetricFilters {
				ds = append(ds, metricFilterDraft(u, x))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
	}}
}

func logGroupDraft(u *unit, x logstypes.LogGroup) *draft {
	id := logGroupARN(aws.ToString(x.Arn))
	if x.LogGroupArn != nil {
		id = *x.LogGroupArn
	}
	d := newDraft(logGroup, id, aws.ToString(x.LogGroupName))
	if x.CreationTime != nil {
		d.created = time.UnixMilli(*x.CreationTime).UTC()
		d.incarnation = incarnationAt(d.created)
	}
	// Whether there is a policy that protects data, or once was one.
	d.key = string(x.DataProtectionStatus)
	d.config = doc{
		"Arn":                              x.Arn,
		"BearerTokenAuthenticationEnabled": x.BearerTokenAuthenticationEnabled,
		"DeletionProtectionEnabled":        x.DeletionProtectionEnabled,
		"KmsKeyId":                         x.KmsKeyId,
		"LogGroupClass":                    x.LogGroupClass,
		"LogGroupName":                     x.LogGroupName,
		"RetentionInDays":                  x.RetentionInDays,
	}
	d.status = doc{"CreationTime": x.CreationTime, "StoredBytes": x.StoredBytes, "MetricFilterCount": x.MetricFilterCount}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(x.KmsKeyId)))
	return d
}

func logGroupReads(client *cloudwatchlogs.Client) []read {
	return []read{{
		op: "logs:GetDataProtectionPolicy",
		each: func(ctx context.Context, d *draft) error {
			if d.key == "" {
				return nil // there never was one
			}
			out, err := client.GetDataProtectionPolicy(ctx, &cloudwatchlogs.GetDataProtectionPolicyInput{LogGroupIdentifier: &d.ID})
			if err != nil {
				return err
			}
			d.config["DataProtectionPolicy"] = parsed("logs:GetDataProtectionPolicy", out.PolicyDocument)
			return nil
		},
	}, {
		op:   "logs:DescribeIndexPolicies",
		size: 100,
		together: func(ctx context.Context, ds []*draft) error {
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
				if own := append(policies[d.ID], policies[d.name]...); len(own) > 0 {
					d.config["FieldIndexPolicies"] = own
				}
			}
			return nil
		},
	}, {
		op:     "logs:DescribeResourcePolicies",
		absent: []string{"ResourceNotFoundException"},
		each: func(ctx context.Context, d *draft) error {
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
			d.config["ResourcePolicyDocument"] = policyDocument("logs:DescribeResourcePolicies", document)
			return nil
		},
	}, {
		op: "logs:ListTagsForResource",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.tags = tagsOr(out.Tags)
			return nil
		},
	}}
}

// metricFilterDraft makes a filter, which has no ARN: its id is the ARN of the log
// group and its name.
func metricFilterDraft(u *unit, x logstypes.MetricFilter) *draft {
	group := u.arn("logs", "log-group:"+aws.ToString(x.LogGroupName))
	d := newDraft(metricFilter, group+"|"+aws.ToString(x.FilterName), aws.ToString(x.FilterName))
	d.page = group
	transformations := []doc{}
	for _, t := range x.MetricTransformations {
		transformations = append(transformations, doc{
			"DefaultValue":    t.DefaultValue,
			"Dimensions":      tagListOrNil(t.Dimensions),
			"MetricName":      t.MetricName,
			"MetricNamespace": t.MetricNamespace,
			"MetricValue":     t.MetricValue,
			"Unit":            t.Unit,
		})
	}
	d.config = doc{
		"ApplyOnTransformedLogs":    x.ApplyOnTransformedLogs,
		"EmitSystemFieldDimensions": x.EmitSystemFieldDimensions,
		"FieldSelectionCriteria":    x.FieldSelectionCriteria,
		"FilterName":                x.FilterName,
		"FilterPattern":             aws.ToString(x.FilterPattern),
		"LogGroupName":              x.LogGroupName,
		"MetricTransformations":     transformations,
	}
	if x.CreationTime != nil {
		d.created = time.UnixMilli(*x.CreationTime).UTC()
		d.incarnation = incarnationAt(d.created)
	}
	d.status = doc{"CreationTime": x.CreationTime}
	d.link("log_group", logGroup, group)
	return d
}

// tagListOrNil returns a map as a list of keys and values, and nil for none.
func tagListOrNil(m map[string]string) []doc {
	if len(m) == 0 {
		return nil
	}
	return tagList(m)
}
