package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/internal/collect"
)

func TestQueues(t *testing.T) {
	x := offline(t)
	x.says("SQS:ListQueues", &sqs.ListQueuesOutput{QueueUrls: []string{"https://sqs.us-east-1.amazonaws.com/123456789012/jobs.fifo"}})
	x.says("SQS:GetQueueAttributes", &sqs.GetQueueAttributesOutput{Attributes: map[string]string{
		"Policy": publicPolicy, "FifoQueue": "true", "VisibilityTimeout": "30", "SqsManagedSseEnabled": "false", "KmsMasterKeyId": "alias/aws/sqs", "CreatedTimestamp": "1700000000",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:dead.fifo","maxReceiveCount":3}`,
	}})
	x.says("SQS:ListQueueTags", &sqs.ListQueueTagsOutput{Tags: map[string]string{"a": "b"}})
	q := only(t, x.collect(t, sqsQueue), sqsQueue)
	assert.Equal(t, "arn:aws:sqs:us-east-1:123456789012:jobs.fifo", q.ID)
	assertJSON(t, publicPolicy, q.Access)
	assertJSON(t, `true`, q.Config.Get("FifoQueue"))
	assertJSON(t, `30`, q.Config.Get("VisibilityTimeout"))
	assertJSON(t, `false`, q.Config.Get("SqsManagedSseEnabled"))
	assertJSON(t, `3`, q.Config.Get("RedrivePolicy", "maxReceiveCount"))
	assert.True(t, q.Config.Get("RedriveAllowPolicy").IsAbsent())
	assertJSON(t, `[{"Key":"a","Value":"b"}]`, q.Config.Get("Tags"))
	assert.Equal(t, int64(1700000000), q.Created.Unix())
	assert.Contains(t, q.Links, link("dead_letter", sqsQueue, "arn:aws:sqs:us-east-1:123456789012:dead.fifo"))
	for _, l := range q.Links {
		assert.NotEqual(t, "encrypted_by", l.Rel, "what an alias means is not known")
	}
	assert.Equal(t, map[string]int{"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "SQS:ListQueues": 1, "SQS:GetQueueAttributes": 1, "SQS:ListQueueTags": 1}, x.calls.n)

	x.says("SQS:GetQueueAttributes", &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"VisibilityTimeout": "30", "RedrivePolicy": "{", "KmsMasterKeyId": ""}})
	q = only(t, x.collect(t, sqsQueue), sqsQueue)
	assert.True(t, q.Config.Get("KmsMasterKeyId").IsAbsent(), "an empty attribute is not set")
	assert.True(t, q.Access.IsAbsent())
	assertUnread(t, "sqs:GetQueueAttributes", collect.CodeMalformed, q.Config.Get("RedrivePolicy"))
	x.fail(denied, "SQS:GetQueueAttributes")
	q = only(t, x.collect(t, sqsQueue), sqsQueue)
	assertUnread(t, "sqs:GetQueueAttributes", "AccessDenied", q.Access)
	assertUnread(t, "sqs:GetQueueAttributes", "AccessDenied", q.Config.Get("KmsMasterKeyId"))
	assertJSON(t, `"jobs.fifo"`, q.Config.Get("QueueName"))
}

func TestTopics(t *testing.T) {
	x := offline(t)
	topic := *inTestRegion("sns", "news")
	x.says("SNS:ListTopics", &sns.ListTopicsOutput{Topics: []snstypes.Topic{{TopicArn: &topic}, {TopicArn: inTestRegion("sns", "news.fifo")}}})
	x.says("SNS:GetTopicAttributes", &sns.GetTopicAttributesOutput{Attributes: map[string]string{
		"Policy": publicPolicy, "KmsMasterKeyId": testKey, "Owner": "123456789012", "SubscriptionsConfirmed": "1", "LambdaSuccessFeedbackRoleArn": "arn:aws:iam::123456789012:role/log", "LambdaSuccessFeedbackSampleRate": "100",
	}})
	x.fail(denied, "SNS:GetDataProtectionPolicy")
	x.answer("SNS:ListSubscriptionsByTopic", func(in any) (any, error) {
		if in.(*sns.ListSubscriptionsByTopicInput).NextToken == nil {
			return &sns.ListSubscriptionsByTopicOutput{NextToken: aws.String("1")}, nil
		}
		return &sns.ListSubscriptionsByTopicOutput{Subscriptions: []snstypes.Subscription{{Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")}}}, nil
	})
	x.says("SNS:ListTagsForResource", &sns.ListTagsForResourceOutput{Tags: []snstypes.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})
	inv := x.collect(t, snsTopic)
	a := named(t, inv, snsTopic, "news")
	assertJSON(t, publicPolicy, a.Access)
	assertJSON(t, `[{"Protocol":"lambda","SuccessFeedbackRoleArn":"arn:aws:iam::123456789012:role/log","SuccessFeedbackSampleRate":"100"}]`, a.Config.Get("DeliveryStatusLogging"))
	assertJSON(t, `[{"Protocol":"email","Endpoint":"a@example.com"}]`, a.Config.Get("Subscription"))
	assertJSON(t, `1`, a.Status.Get("SubscriptionsConfirmed"))
	assertUnread(t, "sns:GetDataProtectionPolicy", "AccessDenied", a.Config.Get("DataProtectionPolicy"))
	assert.True(t, named(t, inv, snsTopic, "news.fifo").Config.Get("DataProtectionPolicy").IsAbsent())
	assert.Contains(t, a.Links, link("encrypted_by", kmsKey, testKey))
	assert.Equal(t, map[string]int{
		"STS:GetCallerIdentity": 1, "EC2:DescribeRegions": 1, "SNS:ListTopics": 1, "SNS:GetTopicAttributes": 2,
		"SNS:GetDataProtectionPolicy": 1, "SNS:ListSubscriptionsByTopic": 4, "SNS:ListTagsForResource": 2,
	}, x.calls.n)
}

func TestSubscriptions(t *testing.T) {
	x := offline(t)
	topic, elsewhere := inTestRegion("sns", "news"), "arn:aws:sns:us-east-1:999999999999:theirs"
	x.says("SNS:ListSubscriptions", &sns.ListSubscriptionsOutput{Subscriptions: []snstypes.Subscription{
		{SubscriptionArn: aws.String(*topic + ":0a1b"), TopicArn: topic, Protocol: aws.String("https"), Endpoint: aws.String("https://example.com"), Owner: aws.String("123456789012")},
		{SubscriptionArn: aws.String("PendingConfirmation"), TopicArn: &elsewhere, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")},
		{SubscriptionArn: aws.String("PendingConfirmation"), TopicArn: &elsewhere, Protocol: aws.String("https"), Endpoint: aws.String("https://hooks.example.com/T0/Zm9vYmFy")},
		{SubscriptionArn: aws.String("Deleted"), TopicArn: topic, Protocol: aws.String("sms"), Endpoint: aws.String("+15550100")},
	}})
	x.says("SNS:GetSubscriptionAttributes", &sns.GetSubscriptionAttributesOutput{Attributes: map[string]string{"RawMessageDelivery": "true", "FilterPolicy": `{"a":["b"]}`, "PendingConfirmation": "false"}})
	inv := x.collect(t, snsSubscription)
	a := named(t, inv, snsSubscription, "news https")
	assert.Equal(t, *topic+":0a1b", a.ID)
	assertJSON(t, `true`, a.Config.Get("RawMessageDelivery"))
	assertJSON(t, `{"a":["b"]}`, a.Config.Get("FilterPolicy"))
	assertJSON(t, `false`, a.Status.Get("PendingConfirmation"))
	b := named(t, inv, snsSubscription, "theirs email")
	assert.Equal(t, elsewhere+"|email|a@example.com", b.ID)
	assertJSON(t, `true`, b.Status.Get("PendingConfirmation"))
	assertUnread(t, "sns:GetSubscriptionAttributes", codePending, b.Config.Get("RawMessageDelivery"))
	assert.Contains(t, b.Links, link("parent", snsTopic, elsewhere))
	assert.Equal(t, 1, x.calls.n["SNS:GetSubscriptionAttributes"])
	hook := named(t, inv, snsSubscription, "theirs https").ID
	assert.NotContains(t, hook, "Zm9vYmFy", "who knows the URL may call it")
	assert.Regexp(t, `\|https\|[0-9a-f]{32}$`, hook)
	assert.Len(t, slices.Collect(inv.OfType(snsSubscription)), 3, "one of the list is no more")
}
