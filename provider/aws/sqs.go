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
)

const sqsQueue asset.Type = "AWS::SQS::Queue"

// sqsTables read queues.
func sqsTables(u *unit) []table {
	client := sqs.NewFromConfig(u.config("sqs"))
	return []table{{
		op:    "sqs:ListQueues",
		types: []asset.Type{sqsQueue},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: optional(u.onlyName("", sqsQueue)), NextToken: optional(token), MaxResults: aws.Int32(1000)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, url := range out.QueueUrls {
				name := url[strings.LastIndexByte(url, '/')+1:]
				d := newDraft(sqsQueue, u.arn("sqs", name), name)
				d.key = url
				d.config = doc{"Arn": d.ID, "QueueName": name, "QueueUrl": url}
				ds = append(ds, d)
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{{
			op: "sqs:GetQueueAttributes",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &d.key, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
				if err != nil {
					return err
				}
				sqsRead(u, d, out.Attributes)
				return nil
			},
		}, {
			op: "sqs:ListQueueTags",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.ListQueueTags(ctx, &sqs.ListQueueTagsInput{QueueUrl: &d.key})
				if err != nil {
					return err
				}
				d.tags = tagsOr(out.Tags)
				return nil
			},
		}},
	}}
}

// sqsRead adds attributes, which SQS answers as texts: the schema makes numbers and
// booleans of them.
func sqsRead(u *unit, d *draft, attributes map[string]string) {
	const op = "sqs:GetQueueAttributes"
	get := func(name string) *string { return optional(attributes[name]) } // an empty one is not set
	d.access = policyDocument(op, get("Policy"))
	for _, name := range []string{
		"ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit",
		"KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod",
		"ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "VisibilityTimeout",
	} {
		d.config[name] = get(name)
	}
	d.config["RedriveAllowPolicy"] = parsed(op, get("RedriveAllowPolicy"))
	redrive := parsed(op, get("RedrivePolicy"))
	d.config["RedrivePolicy"] = redrive
	d.status = doc{
		"CreatedTimestamp":            get("CreatedTimestamp"),
		"LastModifiedTimestamp":       get("LastModifiedTimestamp"),
		"ApproximateNumberOfMessages": get("ApproximateNumberOfMessages"),
	}
	if seconds, err := strconv.ParseInt(attributes["CreatedTimestamp"], 10, 64); err == nil {
		d.created, d.incarnation = time.Unix(seconds, 0).UTC(), attributes["CreatedTimestamp"]
	}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, attributes["KmsMasterKeyId"]))
	if v, ok := redrive.(asset.Value); ok {
		if target, err := v.Get("deadLetterTargetArn").Str(); err == nil {
			d.link("dead_letter", sqsQueue, target)
		}
	}
}
