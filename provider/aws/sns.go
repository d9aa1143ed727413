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
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// snsTables read topics and the account's subscriptions. Pages of SNS have 100 things,
// and cannot be asked to have more.
func snsTables(u *unit) []collect.Table {
	client := sns.NewFromConfig(u.config("sns"), func(o *sns.Options) { o.EndpointResolverV2 = awsapi.CacheEndpoints(o.EndpointResolverV2) })
	return []collect.Table{{
		Op:     "sns:ListTopics",
		Gone:   []string{"NotFound", "NotFoundException"},
		Types:  []asset.Type{snsTopic},
		Absent: []string{(&snstypes.NotFoundException{}).ErrorCode()},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			if name := u.onlyName("", snsTopic); name != "" {
				id := u.arn("sns", name)
				if _, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &id}); err != nil {
					return nil, "", err
				}
				return []*collect.Draft{snsTopicDraft(id)}, "", nil
			}
			out, err := client.ListTopics(ctx, &sns.ListTopicsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Topics {
				ds = append(ds, snsTopicDraft(aws.ToString(x.TopicArn)))
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: snsTopicReads(u, client),
	}, {
		Op:    "sns:ListSubscriptions",
		Gone:  []string{"NotFound", "NotFoundException"},
		Types: []asset.Type{snsSubscription},
		List: func(ctx context.Context, token string) ([]*collect.Draft, string, error) {
			out, err := client.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{NextToken: optional(token)})
			if err != nil {
				return nil, "", err
			}
			var ds []*collect.Draft
			for _, x := range out.Subscriptions {
				// For a while the service lists those that are no more, under this name.
				if aws.ToString(x.SubscriptionArn) != "Deleted" {
					ds = append(ds, snsSubscriptionDraft(u, x))
				}
			}
			return ds, aws.ToString(out.NextToken), nil
		},
		Reads: []collect.Read{snsSubscriptionRead(client)},
	}}
}

func snsTopicDraft(id string) *collect.Draft {
	d := collect.NewDraft(snsTopic, id, awsapi.Name(id))
	d.Config = collect.Doc{"TopicArn": id, "TopicName": d.Name}
	return d
}

func snsTopicReads(u *unit, client *sns.Client) []collect.Read {
	return []collect.Read{{
		Op: "sns:GetTopicAttributes",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &d.ID})
			if err != nil {
				return err
			}
			snsTopicRead(u, d, out.Attributes)
			return nil
		},
	}, {
		Op: "sns:GetDataProtectionPolicy",
		Each: func(ctx context.Context, d *collect.Draft) error {
			if strings.HasSuffix(d.Name, ".fifo") {
				return nil // the service has no data protection for these
			}
			out, err := client.GetDataProtectionPolicy(ctx, &sns.GetDataProtectionPolicyInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.Config["DataProtectionPolicy"] = parsed("sns:GetDataProtectionPolicy", out.DataProtectionPolicy)
			return nil
		},
	}, {
		Op: "sns:ListSubscriptionsByTopic",
		Each: func(ctx context.Context, d *collect.Draft) error {
			list := []collect.Doc{}
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
				list = append(list, collect.Doc{"Endpoint": s.Endpoint, "Protocol": s.Protocol})
			}
			d.Config["Subscription"] = list
			return nil
		},
	}, {
		Op: "sns:ListTagsForResource",
		Each: func(ctx context.Context, d *collect.Draft) error {
			out, err := client.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &d.ID})
			if err != nil {
				return err
			}
			d.Tags = tagMap(out.Tags, func(t snstypes.Tag) (key, value *string) { return t.Key, t.Value })
			return nil
		},
	}}
}

func snsTopicRead(u *unit, d *collect.Draft, attributes map[string]string) {
	const op = "sns:GetTopicAttributes"
	get := func(name string) *string { return optional(attributes[name]) } // an empty one is not set
	d.Access = policyDocument(op, get("Policy"))
	for _, name := range []string{
		"ContentBasedDeduplication", "DisplayName", "FifoThroughputScope", "FifoTopic", "KmsMasterKeyId", "MaximumMessageSize", "SignatureVersion", "TracingConfig",
	} {
		d.Config[name] = get(name)
	}
	d.Config["ArchivePolicy"] = parsed(op, get("ArchivePolicy"))
	var logging []collect.Doc
	// The protocols as attributes spell them and as CloudFormation does.
	for _, p := range [][2]string{{"HTTP", "http/s"}, {"SQS", "sqs"}, {"Lambda", "lambda"}, {"Firehose", "firehose"}, {"Application", "application"}} {
		failure, success, rate := get(p[0]+"FailureFeedbackRoleArn"), get(p[0]+"SuccessFeedbackRoleArn"), get(p[0]+"SuccessFeedbackSampleRate")
		if failure != nil || success != nil {
			logging = append(logging, collect.Doc{"Protocol": p[1], "FailureFeedbackRoleArn": failure, "SuccessFeedbackRoleArn": success, "SuccessFeedbackSampleRate": rate})
		}
	}
	d.Config["DeliveryStatusLogging"] = logging
	d.Status = collect.Doc{
		"Owner":                  get("Owner"),
		"SubscriptionsConfirmed": get("SubscriptionsConfirmed"),
		"SubscriptionsPending":   get("SubscriptionsPending"),
		"SubscriptionsDeleted":   get("SubscriptionsDeleted"),
	}
	d.Link("encrypted_by", kmsKey, u.kmsKeyARN(u.region, attributes["KmsMasterKeyId"]))
}

// snsSubscriptionDraft makes a subscription. One that nobody has confirmed has no ARN
// yet, and is named by its topic, protocol and endpoint. What may call a URL is often a
// secret in it, and ids are not redacted, so that a hash stands for the URL.
func snsSubscriptionDraft(u *unit, x snstypes.Subscription) *collect.Draft {
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
	d := collect.NewDraft(snsSubscription, id, awsapi.Name(topic)+" "+aws.ToString(x.Protocol))
	d.Config = collect.Doc{
		"Arn":      nil,
		"Endpoint": x.Endpoint,
		"Protocol": x.Protocol,
		"Region":   u.region,
		"TopicArn": topic,
	}
	if !confirmed {
		d.Page = topic
	} else {
		d.Key = id
		d.Incarnation = awsapi.Name(id)
		d.Config["Arn"] = id
	}
	d.Status = collect.Doc{"Owner": x.Owner}
	d.Link("parent", snsTopic, topic)
	return d
}

func snsSubscriptionRead(client *sns.Client) collect.Read {
	const op = "sns:GetSubscriptionAttributes"
	return collect.Read{
		Op: op,
		Each: func(ctx context.Context, d *collect.Draft) error {
			if d.Key == "" {
				d.Status["PendingConfirmation"] = true
				return unread(op, codePending, "the subscription is not confirmed")
			}
			out, err := client.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: &d.Key})
			if err != nil {
				return err
			}
			get := func(name string) *string { return optional(out.Attributes[name]) }
			for _, name := range []string{"FilterPolicyScope", "RawMessageDelivery", "SubscriptionRoleArn"} {
				d.Config[name] = get(name)
			}
			for _, name := range []string{"DeliveryPolicy", "FilterPolicy", "RedrivePolicy", "ReplayPolicy"} {
				d.Config[name] = parsed(op, get(name))
			}
			d.Status["PendingConfirmation"] = get("PendingConfirmation")
			d.Status["ConfirmationWasAuthenticated"] = get("ConfirmationWasAuthenticated")
			return nil
		},
	}
}
