package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openstance/stance/asset"
)

const dynamoTable asset.Type = "AWS::DynamoDB::Table"

// dynamoTables read tables.
func dynamoTables(u *unit) []table {
	client := dynamodb.NewFromConfig(u.config("dynamodb"))
	return []table{{
		op:     "dynamodb:ListTables",
		types:  []asset.Type{dynamoTable},
		absent: []string{(&ddbtypes.ResourceNotFoundException{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			if name := u.onlyName("table/", dynamoTable); name != "" {
				if _, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name}); err != nil {
					return nil, "", err
				}
				return []*draft{dynamoDraft(u, name)}, "", nil
			}
			out, err := client.ListTables(ctx, &dynamodb.ListTablesInput{ExclusiveStartTableName: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, name := range out.TableNames {
				ds = append(ds, dynamoDraft(u, name))
			}
			return ds, aws.ToString(out.LastEvaluatedTableName), nil
		},
		reads: append(dynamoSettingReads(client), read{
			op: "dynamodb:DescribeTable",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.name})
				if err != nil {
					return err
				}
				if out.Table == nil {
					return fmt.Errorf("no description of %s in the answer", d.name)
				}
				dynamoRead(u, d, out.Table)
				return nil
			},
		}),
	}}
}

func dynamoDraft(u *unit, name string) *draft {
	d := newDraft(dynamoTable, u.arn("dynamodb", "table/"+name), name)
	d.config = doc{"TableName": name}
	return d
}

func dynamoRead(u *unit, d *draft, x *ddbtypes.TableDescription) {
	d.created, d.incarnation = aws.ToTime(x.CreationDateTime), aws.ToString(x.TableId)
	// A table that was never switched to another mode does not tell the mode.
	mode := ddbtypes.BillingModeProvisioned
	if x.BillingModeSummary != nil && x.BillingModeSummary.BillingMode != "" {
		mode = x.BillingModeSummary.BillingMode
	}
	var class any
	if x.TableClassSummary != nil {
		class = x.TableClassSummary.TableClass
	}
	// Without a description the key is one that DynamoDB owns.
	var encryption doc
	if e := x.SSEDescription; e != nil {
		on := e.Status == ddbtypes.SSEStatusEnabled || e.Status == ddbtypes.SSEStatusUpdating || e.Status == ddbtypes.SSEStatusEnabling
		encryption = doc{"SSEEnabled": on, "SSEType": e.SSEType, "KMSMasterKeyId": e.KMSMasterKeyArn}
		d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(e.KMSMasterKeyArn)))
	}
	var stream doc
	if s := x.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		stream = doc{"StreamViewType": s.StreamViewType, "ResourcePolicy": notCollected(), "Tags": notCollected()}
	}
	for name, v := range (doc{
		"Arn":                       x.TableArn,
		"AttributeDefinitions":      x.AttributeDefinitions,
		"BillingMode":               mode,
		"DeletionProtectionEnabled": x.DeletionProtectionEnabled,
		"GlobalSecondaryIndexes":    x.GlobalSecondaryIndexes,
		"KeySchema":                 x.KeySchema,
		"LocalSecondaryIndexes":     x.LocalSecondaryIndexes,
		"OnDemandThroughput":        x.OnDemandThroughput,
		"ProvisionedThroughput":     x.ProvisionedThroughput,
		"SSESpecification":          encryption,
		"StreamArn":                 x.LatestStreamArn,
		"StreamSpecification":       stream,
		"TableClass":                class,
		"VectorIndexes":             x.VectorIndexes,
		"WarmThroughput":            x.WarmThroughput,
	}) {
		d.config[name] = v
	}
	if len(x.GlobalSecondaryIndexes) > 0 {
		d.setUnread([]asset.Path{"config.GlobalSecondaryIndexes[*].ContributorInsightsSpecification"}, notCollected())
	}
	d.status = doc{
		"TableStatus":      x.TableStatus,
		"CreationDateTime": x.CreationDateTime,
		"ItemCount":        x.ItemCount,
		"TableSizeBytes":   x.TableSizeBytes,
		"TableId":          x.TableId,
	}
}

// dynamoSettingReads read settings of a table that have operations of their own.
func dynamoSettingReads(client *dynamodb.Client) []read {
	return []read{{
		op: "dynamodb:DescribeContinuousBackups",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &d.name})
			if err != nil {
				return err
			}
			if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
				p := b.PointInTimeRecoveryDescription
				d.config["PointInTimeRecoverySpecification"] = doc{
					"PointInTimeRecoveryEnabled": p.PointInTimeRecoveryStatus == ddbtypes.PointInTimeRecoveryStatusEnabled,
					"RecoveryPeriodInDays":       p.RecoveryPeriodInDays,
				}
			}
			return nil
		},
	}, {
		op: "dynamodb:DescribeTimeToLive",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &d.name})
			if err != nil {
				return err
			}
			if t := out.TimeToLiveDescription; t != nil {
				on := t.TimeToLiveStatus == ddbtypes.TimeToLiveStatusEnabled || t.TimeToLiveStatus == ddbtypes.TimeToLiveStatusEnabling
				d.config["TimeToLiveSpecification"] = doc{"AttributeName": t.AttributeName, "Enabled": on}
			}
			return nil
		},
	}, {
		op:     "dynamodb:DescribeContributorInsights",
		absent: []string{"ResourceNotFoundException"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeContributorInsights(ctx, &dynamodb.DescribeContributorInsightsInput{TableName: &d.name})
			if err != nil {
				return err
			}
			on := out.ContributorInsightsStatus == ddbtypes.ContributorInsightsStatusEnabled || out.ContributorInsightsStatus == ddbtypes.ContributorInsightsStatusEnabling
			d.config["ContributorInsightsSpecification"] = doc{"Enabled": on, "Mode": out.ContributorInsightsMode}
			return nil
		},
	}, {
		op: "dynamodb:DescribeKinesisStreamingDestination",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.DescribeKinesisStreamingDestination(ctx, &dynamodb.DescribeKinesisStreamingDestinationInput{TableName: &d.name})
			if err != nil {
				return err
			}
			for _, k := range out.KinesisDataStreamDestinations {
				if k.DestinationStatus == ddbtypes.DestinationStatusActive || k.DestinationStatus == ddbtypes.DestinationStatusEnabling {
					d.config["KinesisStreamSpecification"] = k
				}
			}
			return nil
		},
	}, {
		op:     "dynamodb:GetResourcePolicy",
		absent: []string{"PolicyNotFoundException"},
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			if d.access = policyDocument("dynamodb:GetResourcePolicy", out.Policy); d.access != nil {
				d.config["ResourcePolicy"] = doc{"PolicyDocument": d.access}
			}
			return nil
		},
	}, {
		op: "dynamodb:ListTagsOfResource",
		each: func(ctx context.Context, d *draft) (err error) {
			tag := func(t ddbtypes.Tag) (key, value *string) { return t.Key, t.Value }
			d.tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]ddbtypes.Tag, string, error) {
				out, err := client.ListTagsOfResource(ctx, &dynamodb.ListTagsOfResourceInput{ResourceArn: &d.ID, NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.Tags, aws.ToString(out.NextToken), nil
			})
			return err
		},
	}}
}
