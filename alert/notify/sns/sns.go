// Package sns publishes events to a topic of Amazon SNS, one event a message.
package sns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/awsout"
	"github.com/openstance/stance/alert/notify/internal/delivery"
)

const (
	// DefaultBytes is the size limit of a topic for a message with its attributes, and for
	// the messages of a call, unless its attribute MaximumMessageSize says otherwise.
	DefaultBytes = 256 << 10
	// MaxBytes is the largest size limit that a topic can have.
	MaxBytes = 1 << 20
)

// API is the part of *sns.Client that a Notifier uses.
type API interface {
	PublishBatch(context.Context, *sns.PublishBatchInput, ...func(*sns.Options)) (*sns.PublishBatchOutput, error)
}

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// MaxBytes is the attribute MaximumMessageSize of the topic; 0: DefaultBytes.
	MaxBytes int
	Timeout  time.Duration // of a call with its retries; 0: 30 seconds
	// Now is the clock for the time of a test message; nil: time.Now.
	Now func() time.Time
}

// Notifier publishes events to a topic. A message is the event as JSON. Over the
// size limit the data of the asset is left out: the member "truncated" names what is
// missing, and the link leads to it. The attributes event, kind, tenant, alert, status,
// severity, provider, account and region let subscriptions filter.
//
// In a FIFO topic the messages of an alert form a group, and SNS drops an event that it got
// within the last five minutes.
type Notifier struct {
	sender awsout.Sender
	now    func() time.Time
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier for the topic with an ARN. The client has the credentials: they need
// the permission sns:Publish.
func New(api API, topicARN string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	switch {
	case api == nil:
		return nil, errors.New("sns channel: no client")
	case !strings.HasPrefix(topicARN, "arn:") || strings.Count(topicARN, ":") != 5:
		return nil, fmt.Errorf("sns channel: invalid ARN %q of the topic", topicARN)
	case o.MaxBytes < 0 || o.MaxBytes > MaxBytes:
		return nil, fmt.Errorf("sns channel: invalid MaxBytes %d (want at most %d)", o.MaxBytes, MaxBytes)
	}
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultBytes)
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Notifier{now: o.Now, sender: awsout.Sender{
		Target: "topic " + topicARN, FIFO: strings.HasSuffix(topicARN, ".fifo"),
		MaxMessage: o.MaxBytes, MaxCall: o.MaxBytes, Timeout: o.Timeout,
		Call: func(ctx context.Context, messages []awsout.Message) ([]awsout.Result, error) {
			return call(ctx, api, topicARN, messages)
		},
	}}, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return n.sender.Notify(ctx, events)
}

// Test publishes a message of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.sender.Notify(ctx, []alert.Event{delivery.TestEvent(n.now())})
}

func call(ctx context.Context, api API, topicARN string, messages []awsout.Message) ([]awsout.Result, error) {
	in := &sns.PublishBatchInput{TopicArn: &topicARN}
	for _, m := range messages {
		e := types.PublishBatchRequestEntry{
			Id: &m.ID, Message: &m.Body, MessageGroupId: m.Group, MessageDeduplicationId: m.Deduplication,
			MessageAttributes: map[string]types.MessageAttributeValue{},
		}
		for _, a := range m.Attributes {
			e.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &a.Value}
		}
		in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, e)
	}
	out, err := api.PublishBatch(ctx, in)
	if err != nil {
		return nil, err
	}
	var results []awsout.Result
	for _, s := range out.Successful {
		results = append(results, awsout.Result{ID: aws.ToString(s.Id), Accepted: true})
	}
	for _, f := range out.Failed {
		results = append(results, awsout.Result{ID: aws.ToString(f.Id), Code: aws.ToString(f.Code), Message: aws.ToString(f.Message), SenderFault: f.SenderFault})
	}
	return results, nil
}
