package aws

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/collect"
)

func TestTables(t *testing.T) {
	x := offline(t)
	x.answer("DynamoDB:ListTables", func(in any) (any, error) {
		if in.(*dynamodb.ListTablesInput).ExclusiveStartTableName == nil {
			return &dynamodb.ListTablesOutput{TableNames: []string{"a"}, LastEvaluatedTableName: aws.String("a")}, nil
		}
		return &dynamodb.ListTablesOutput{TableNames: []string{"b"}}, nil
	})
	x.answer("DynamoDB:DescribeTable", func(in any) (any, error) {
		name := in.(*dynamodb.DescribeTableInput).TableName
		table := &ddbtypes.TableDescription{TableName: name, TableArn: inTestRegion("dynamodb", "table/"+*name), TableId: aws.String("id"), CreationDateTime: &observed}
		if *name == "a" {
			table.SSEDescription = &ddbtypes.SSEDescription{Status: ddbtypes.SSEStatusEnabled, SSEType: ddbtypes.SSETypeKms, KMSMasterKeyArn: aws.String(testKey)}
			table.BillingModeSummary = &ddbtypes.BillingModeSummary{BillingMode: ddbtypes.BillingModePayPerRequest}
			table.DeletionProtectionEnabled = aws.Bool(true)
			table.GlobalSecondaryIndexes = []ddbtypes.GlobalSecondaryIndexDescription{{IndexName: aws.String("i"), IndexStatus: ddbtypes.IndexStatusActive, KeySchema: []ddbtypes.KeySchemaElement{{AttributeName: aws.String("k"), KeyType: ddbtypes.KeyTypeHash}}}}
			table.StreamSpecification = &ddbtypes.StreamSpecification{StreamEnabled: aws.Bool(true), StreamViewType: ddbtypes.StreamViewTypeKeysOnly}
		}
		return &dynamodb.DescribeTableOutput{Table: table}, nil
	})
	x.says("DynamoDB:DescribeContinuousBackups", &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &ddbtypes.ContinuousBackupsDescription{
		PointInTimeRecoveryDescription: &ddbtypes.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: ddbtypes.PointInTimeRecoveryStatusEnabled, RecoveryPeriodInDays: aws.Int32(35)},
	}})
	x.says("DynamoDB:DescribeTimeToLive", &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: &ddbtypes.TimeToLiveDescription{TimeToLiveStatus: ddbtypes.TimeToLiveStatusDisabled}})
	x.fail(code("ResourceNotFoundException"), "DynamoDB:DescribeContributorInsights")
	x.says("DynamoDB:DescribeKinesisStreamingDestination", &dynamodb.DescribeKinesisStreamingDestinationOutput{KinesisDataStreamDestinations: []ddbtypes.KinesisDataStreamDestination{
		{StreamArn: aws.String("old"), DestinationStatus: ddbtypes.DestinationStatusDisabled}, {StreamArn: aws.String("new"), DestinationStatus: ddbtypes.DestinationStatusActive},
	}})
	x.fail(code("PolicyNotFoundException"), "DynamoDB:GetResourcePolicy")
	x.says("DynamoDB:ListTagsOfResource", &dynamodb.ListTagsOfResourceOutput{Tags: []ddbtypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})

	inv := x.collect(t, dynamoTable)
	assert.Empty(t, gapTexts(inv))
	a := named(t, inv, dynamoTable, "a")
	assertJSON(t, `{"SSEEnabled":true,"SSEType":"KMS","KMSMasterKeyId":"`+testKey+`"}`, a.Config.Get("SSESpecification"))
	assertJSON(t, `"PAY_PER_REQUEST"`, a.Config.Get("BillingMode"))
	assertJSON(t, `{"PointInTimeRecoveryEnabled":true,"RecoveryPeriodInDays":35}`, a.Config.Get("PointInTimeRecoverySpecification"))
	assertJSON(t, `{"Enabled":false}`, a.Config.Get("TimeToLiveSpecification"))
	assertJSON(t, `{"StreamArn":"new"}`, a.Config.Get("KinesisStreamSpecification"))
	assertJSON(t, `"KEYS_ONLY"`, a.Config.Get("StreamSpecification", "StreamViewType"))
	assertUnread(t, "", collect.CodeNotCollected, a.Config.Get("StreamSpecification", "ResourcePolicy"))
	index := a.Config.Get("GlobalSecondaryIndexes").Index(0)
	assertJSON(t, `[{"AttributeName":"k","KeyType":"HASH"}]`, index.Get("KeySchema"))
	assertUnread(t, "", collect.CodeNotCollected, index.Get("ContributorInsightsSpecification"))
	assert.True(t, a.Config.Get("ContributorInsightsSpecification").IsAbsent())
	assert.True(t, a.Access.IsAbsent())
	assert.Equal(t, map[string]string{"k": "v"}, a.Tags)
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	b := named(t, inv, dynamoTable, "b")
	assert.True(t, b.Config.Get("SSESpecification").IsAbsent())
	assertJSON(t, `"PROVISIONED"`, b.Config.Get("BillingMode"))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "DynamoDB:ListTables": 2, "DynamoDB:DescribeTable": 2, "DynamoDB:DescribeContinuousBackups": 2, "DynamoDB:DescribeTimeToLive": 2,
		"DynamoDB:DescribeContributorInsights": 2, "DynamoDB:DescribeKinesisStreamingDestination": 2, "DynamoDB:GetResourcePolicy": 2, "DynamoDB:ListTagsOfResource": 2,
	}, x.calls.n)

	x.says("DynamoDB:GetResourcePolicy", &dynamodb.GetResourcePolicyOutput{Policy: aws.String(publicPolicy)})
	x.fail(denied, "DynamoDB:DescribeTable")
	a = named(t, x.collect(t, dynamoTable), dynamoTable, "a")
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, publicPolicy, a.Config.Get("ResourcePolicy", "PolicyDocument"))
	assertUnread(t, "dynamodb:DescribeTable", "AccessDenied", a.Config.Get("SSESpecification", "SSEEnabled"))
}
