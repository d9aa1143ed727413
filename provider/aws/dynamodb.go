package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// dynamoTables read tables.
func dynamoTables(u *unit) []collect.Table {
	client := dynamodb.NewFromConfig(u.config("dynamodb"), func(o *dynamodb.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:     "dynamodb:ListTables",
		Gone:   []string{"ResourceNotFoundException", "TableNotFoundException"},
		Types:  []asset.Type{dynamoTable},
		Absent: []string{(&ddbtypes.ResourceNotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			if name := u.onlyName("table/", dynamoTable); name != "" {
				if _, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name}); err != nil {
					return nil, "", err
				}
				return []*collect.Draft{dynamoDraft(u, name)}, "", nil
			}
			out, err := client.ListTables(ctx, &dynamodb.ListTablesInput{ExclusiveStartTableName: optional(token), Limit: aws.Int32(100)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, name := range out.TableNames {
				ds = append(ds, dynamoDraft(u, name))
			}
			return ds, aws.ToString(out.LastEvaluatedTableName), nil
		},
		Reads: append(dynamoSettingReads(client), collect.Read{
			Op: "dynamodb:DescribeTable",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &d.Name})
				if err != nil {
					return err
				}
				if out.Table == nil {
					return fmt.Errorf("no description of %s in the answer", d.Name)
				}
				dynamoRead(u, d, out.Table)
				return nil
			},
		}),
	}}
}

func dynamoDraft(u *unit, name string) *collect.Draft {
	d := collect.NewDraft(dynamoTable, u.arn("dynamodb", "table/"+name), name)
	d.Config = collect.Doc{"TableName": name}
	return d
}

func dynamoRead(u *unit, d *collect.Draft, x *ddbtypes.TableDescription) {
	d.Created, d.Incarnation = aws.ToTime(x.CreationDateTime), aws.ToString(x.TableId)
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
	var encryption collect.Doc
	if e := x.SSEDescription; e != nil {
		on := e.Status == ddbtypes.SSEStatusEnabled || e.Status == ddbtypes.SSEStatusUpdating || e.Status == ddbtypes.SSEStatusEnabling
		encryption = collect.Doc{"SSEEnabled": on, "SSEType": e.SSEType, "KMSMasterKeyId": e.KMSMasterKeyArn}
		d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, aws.ToString(e.KMSMasterKeyArn)))
	}
	var stream collect.Doc
	if s := x.StreamSpecification; s != nil && aws.ToBool(s.StreamEnabled) {
		stream = collect.Doc{"StreamViewType": s.StreamViewType, "ResourcePolicy": collect.NotCollected(), "Tags": collect.NotCollected()}
	}
	for name, v := range (collect.Doc{
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
		d.Config[name] = v
	}
	if len(x.GlobalSecondaryIndexes) > 0 {
		d.SetUnread(collect.NotCollected(), "config.GlobalSecondaryIndexes[*].ContributorInsightsSpecification")
	}
	d.Status = collect.Doc{
		"TableStatus":      x.TableStatus,
		"CreationDateTime": x.CreationDateTime,
		"ItemCount":        x.ItemCount,
		"TableSizeBytes":   x.TableSizeBytes,
		"TableId":          x.TableId,
	}
}

// dynamoSettingReads read settings of a table that have operations of their own.
func dynamoSettingReads(client *dynamodb.Client) []collect.Read {
	return []collect.Read{{
		Op: "dynamodb:DescribeContinuousBackups",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &d.Name})
			if err != nil {
				return err
			}
			if b := out.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
				p := b.PointInTimeRecoveryDescription
				d.Config["PointInTimeRecoverySpecification"] = collect.Doc{
					"PointInTimeRecoveryEnabled": p.PointInTimeRecoveryStatus == ddbtypes.PointInTimeRecoveryStatusEnabled,
					"RecoveryPeriodInDays":       p.RecoveryPeriodInDays,
				}
			}
			return nil
		},
	}, {
		Op: "dynamodb:DescribeTimeToLive",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &d.Name})
			if err != nil {
				return err
			}
			if t := out.TimeToLiveDescription; t != nil {
				on := t.TimeToLiveStatus == ddbtypes.TimeToLiveStatusEnabled || t.TimeToLiveStatus == ddbtypes.TimeToLiveStatusEnabling
				d.Config["TimeToLiveSpecification"] = collect.Doc{"AttributeName": t.AttributeName, "Enabled": on}
			}
			return nil
		},
	}, {
		Op:     "dynamodb:DescribeContributorInsights",
		Absent: []string{"ResourceNotFoundException"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeContributorInsights(ctx, &dynamodb.DescribeContributorInsightsInput{TableName: &d.Name})
			if err != nil {
				return err
			}
			on := out.ContributorInsightsStatus == ddbtypes.ContributorInsightsStatusEnabled || out.ContributorInsightsStatus == ddbtypes.ContributorInsightsStatusEnabling
			d.Config["ContributorInsightsSpecification"] = collect.Doc{"Enabled": on, "Mode": out.ContributorInsightsMode}
			return nil
		},
	}, {
		Op: "dynamodb:DescribeKinesisStreamingDestination",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.DescribeKinesisStreamingDestination(ctx, &dynamodb.DescribeKinesisStreamingDestinationInput{TableName: &d.Name})
			if err != nil {
				return err
			}
			for _, k := range out.KinesisDataStreamDestinations {
				if k.DestinationStatus == ddbtypes.DestinationStatusActive || k.DestinationStatus == ddbtypes.DestinationStatusEnabling {
					d.Config["KinesisStreamSpecification"] = k
				}
			}
			return nil
		},
	}, {
		Op:     "dynamodb:GetResourcePolicy",
		Absent: []string{"PolicyNotFoundException"},
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetResourcePolicy(ctx, &dynamodb.GetResourcePolicyInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			if d.Access = policyDocument("dynamodb:GetResourcePolicy", out.Policy); d.Access != nil {
				d.Config["ResourcePolicy"] = collect.Doc{"PolicyDocument": d.Access}
			}
			return nil
		},
	}, {
		Op: "dynamodb:ListTagsOfResource",
		Each: func(ctx context.Context, d *collect.Draft) (err error) {
			tag := func(t ddbtypes.Tag) (key, value *string) { return t.Key, t.Value }
			d.Tags, err = pagedTags(ctx, tag, func(ctx context.Context, token string) ([]ddbtypes.Tag, string, error) {
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
