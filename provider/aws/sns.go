package aws

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const snsSubscription asset.Type = "AWS::SNS::Subscription"

// codePending is that of parts of a subscription that nobody has confirmed.
const codePending = "PendingConfirmation"

// snsTables read topics and the account's subscriptions. Pages of SNS have 100 things,
// and cannot be asked to have more.
func snsTables(u *unit) []table {
	client := sns.NewFromConfig(u.config("sns"))
	return []table{{
		op:     "sns:ListTopics",
		types:  []asset.Type{snsTopic},
		absent: []string{(&snstypes.NotFoundException{}).ErrorCode()},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			if name := u.onlyName("", snsTopic); name != "" {
				id := u.arn("sns", name)
				if _, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id}); err != nil {
					return nil, "", err
				}
				return []*draft{snsTopicDraft(id)}, "", nil
			}
			out, err := client.ListTopics(ctx, &sns.ListTopicsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Topics {
				ds = append(ds, snsTopicDraft(aws.ToString(x.TopicArn)))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: snsTopicReads(u, client),
	}, {
		op:    "sns:ListSubscriptions",
		types: []asset.Type{snsSubscription},
		list: func(ctx context.Context, token string) ([]*draft, string, error) {
			out, err := client.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*draft
			for _, x := range out.Subscriptions {
				// For a while the service lists those that are no more, under this name.
				if aws.ToString(x.SubscriptionArn) != "Deleted" {
					ds = append(ds, snsSubscriptionDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		reads: []read{snsSubscriptionRead(client)},
	}}
}

func snsTopicDraft(id string) *draft {
	d := newDraft(snsTopic, id, arnName(id))
	d.config = doc{"TopicArn": id, "TopicName": d.name}
	return d
}

func snsTopicReads(u *unit, client *sns.Client) []read {
	return []read{{
		op: "sns:GetTopicAttributes",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &d.ID})
			if err != nil {
				return err
			}
			snsTopicRead(u, d, out.Attributes)
			return nil
		},
	}, {
		op: "sns:GetDataProtectionPolicy",
		each: func(ctx context.Context, d *draft) error {
			if strings.HasSuffix(d.name, ".fifo") {
				return nil // the service has no data protection for these
			}
			out, err := client.GetDataProtectionPolicy(ctx, &sns.GetDataProtectionPolicyInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.config["DataProtectionPolicy"] = parsed("sns:GetDataProtectionPolicy", out.DataProtectionPolicy)
			return nil
		},
	}, {
		op: "sns:ListSubscriptionsByTopic",
		each: func(ctx context.Context, d *draft) error {
			list := []doc{}
			for s, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]snstypes.Subscription, string, error) {
				out, err := client.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: &d.ID, NextToken: optional(token)})
				if err != nil {
					return nil, "", err
				}
				return out.Subscriptions, aws.ToString(out.NextToken), nil
			}) {
				if err != nil {
					return err
				}
				list = append(list, doc{"Endpoint": s.Endpoint, "Protocol": s.Protocol})
			}
			d.config["Subscription"] = list
			return nil
		},
	}, {
		op: "sns:ListTagsForResource",
		each: func(ctx context.Context, d *draft) error {
			out, err := client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.tags = tagMap(out.Tags, func(t snstypes.Tag) (key, value *string) { return t.Key, t.Value })
			return nil
		},
	}}
}

func snsTopicRead(u *unit, d *draft, attributes map[string]string) {
	const op = "sns:GetTopicAttributes"
	get := func(name string) *string { return optional(attributes[name]) } // an empty one is not set
	d.access = policyDocument(op, get("Policy"))
	for _, name := range []string{
		"ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic", "KmsMasterKeyId", "MaximumMessageSize", "SignatureVersion", "TracingConfig",
	} {
		d.config[name] = get(name)
	}
	d.config["ArchivePolicy"] = parsed(op, get("ArchivePolicy"))
	var logging []doc
	// The protocols as attributes spell them and as CloudFormation does.
	for _, p := range [][2]string{{"HTTP", "http/s"}, {"SQS", "sqs"}, {"Lambda", "lambda"}, {"Firehose", "firehose"}, {"Application", "application"}} {
		failure, success, rate := get(p[0]+"FailureFeedbackRoleArn"), get(p[0]+"SuccessFeedbackRoleArn"), get(p[0]+"SuccessFeedbackSampleRate")
		if failure != nil || success != nil {
			logging = append(logging, doc{"Protocol": p[1], "FailureFeedbackRoleArn": failure, "SuccessFeedbackRoleArn": success, "SuccessFeedbackSampleRate": rate})
		}
	}
	d.config["DeliveryStatusLogging"] = logging
	d.status = doc{
		"Owner":                  get("Owner"),
		"SubscriptionsConfirmed": get("SubscriptionsConfirmed"),
		"SubscriptionsPending":   get("SubscriptionsPending"),
		"SubscriptionsDeleted":   get("SubscriptionsDeleted"),
	}
	d.link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, attributes["KmsMasterKeyId"]))
}

// snsSubscriptionDraft makes a subscription. One that nobody has confirmed has no ARN
// yet, and is named by its topic, protocol and endpoint. What may call a URL is often a
// secret in it, and ids are not redacted, so that a hash stands for the URL.
func snsSubscriptionDraft(u *unit, x snstypes.Subscription) *draft {
	id, topic := aws.ToString(x.SubscriptionArn), aws.ToString(x.TopicArn)
	confirmed := strings.HasPrefix(id, "arn:")
	if !confirmed {
		endpoint := aws.ToString(x.Endpoint)
		if strings.Contains(endpoint, "://") {
			sum := sha256.Sum256([]byte(endpoint))
			endpoint = hex.EncodeToString(sum[:16])
		}
		id = topic + "|" + aws.ToString(x.Protocol) + "|" + endpoint
	}
	d := newDraft(snsSubscription, id, arnName(topic)+" "+aws.ToString(x.Protocol))
	d.config = doc{
		"Arn":      nil,
		"Endpoint": x.Endpoint,
		"Protocol": x.Protocol,
		"Region":   u.region,
		"TopicArn": topic,
	}
	if !confirmed {
		d.page = topic
	} else {
		d.key = id
		d.incarnation = arnName(id)
		d.config["Arn"] = id
	}
	d.status = doc{"Owner": x.Owner}
	d.link("parent", snsTopic, topic)
	return d
}

func snsSubscriptionRead(client *sns.Client) read {
	const op = "sns:GetSubscriptionAttributes"
	return read{
		op: op,
		each: func(ctx context.Context, d *draft) error {
			if d.key == "" {
				d.status["PendingConfirmation"] = true
				return &asset.Unread{Op: op, Code: codePending, Message: "the subscription is not confirmed"}
			}
			out, err := client.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &d.key})
			if err != nil {
				return err
			}
			get := func(name string) *string { return optional(out.Attributes[name]) }
			for _, name := range []string{"FilterPolicyScope", "RawMessageDelivery", "SubscriptionRoleArn"} {
				d.config[name] = get(name)
			}
			for _, name := range []string{"DeliveryPolicy", "FilterPolicy", "RedrivePolicy", "ReplayPolicy"} {
				d.config[name] = parsed(op, get(name))
			}
			d.status["PendingConfirmation"] = get("PendingConfirmation")
			d.status["ConfirmationWasAuthenticated"] = get("ConfirmationWasAuthenticated")
			return nil
		},
	}
}
