package aws

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// sqsTables read queues.
func sqsTables(u *unit) []collect.Table {
	client := sqs.NewFromConfig(u.config("sqs"), func(o *sqs.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:    "sqs:ListQueues",
		Gone:  []string{"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"},
		Types: []asset.Type{sqsQueue},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: optional(u.onlyName("", sqsQueue)), NextToken: optional(token), MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, url := range out.QueueUrls {
				name := url[strings.LastIndexByte(url, '/')+1:]
				d := collect.NewDraft(sqsQueue, u.arn("sqs", name), name)
				d.Key = url
				d.Config = collect.Doc{"Arn": d.ID, "QueueName": name, "QueueUrl": url}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{{
			Op: "sqs:GetQueueAttributes",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &d.Key, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
				if err != nil {
					return err
				}
				sqsRead(u, d, out.Attributes)
				return nil
			},
		}, {
			Op: "sqs:ListQueueTags",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &d.Key})
				if err != nil {
					return err
				}
				d.Tags = tagsOr(out.Tags)
				return nil
			},
		}},
	}}
}

// sqsRead adds attributes, which SQS answers as texts: the schema makes numbers and
// booleans of them.
func sqsRead(u *unit, d *collect.Draft, attributes map[string]string) {
	const op = "sqs:GetQueueAttributes"
	get := func(name string) *string { return optional(attributes[name]) } // an empty one is not set
	d.Access = policyDocument(op, get("Policy"))
	for _, name := range []string{
		"ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
		"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
		"ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "VisibilityTimeout",
	} {
		d.Config[name] = get(name)
	}
	d.Config["RedriveAllowPolicy"] = parsed(op, get("RedriveAllowPolicy"))
	redrive := parsed(op, get("RedrivePolicy"))
	d.Config["RedrivePolicy"] = redrive
	d.Status = collect.Doc{
		"CreatedTimestamp":            get("CreatedTimestamp"),
		"LastModifiedTimestamp":       get("LastModifiedTimestamp"),
		"ApproximateNumberOfMessages": get("ApproximateNumberOfMessages"),
	}
	if seconds, err := strconv.ParseInt(attributes["CreatedTimestamp"], 10, 64); err == nil {
		d.Created, d.Incarnation = time.Unix(seconds, 0).UTC(), attributes["CreatedTimestamp"]
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, attributes["KmsMasterKeyId"]))
	if v, ok := redrive.(asset.Value); ok {
		if target, err := v.Get("deadLetterTargetArn").Str(); err == nil {
			d.Link("dead_letter", sqsQueue, target)
		}
	}
}
