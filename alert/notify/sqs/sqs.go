// Package sqs sends events to a queue of Amazon SQS, one event a message.
package sqs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/awsout"
	"github.com/openstance/stance/alert/notify/internal/delivery"
)

// MaxBytes is the size limit of SQS for a message with its attributes, and for the messages
// of a call.
const MaxBytes = 1 << 20

// API is the part of *sqs.Client that a Notifier uses.
type API interface {
	SendMessageBatch(context.Context, *sqs.SendMessageBatchInput, ...func(*sqs.Options)) (*sqs.SendMessageBatchOutput, error)
}

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// MaxBytes is the attribute MaximumMessageSize of the queue; 0: the constant MaxBytes.
	MaxBytes int
	Timeout  time.Duration // of a call with its retries; 0: 30 seconds
	// Now is the clock for the time of a test message; nil: time.Now.
	Now func() time.Time
}

// Notifier sends events to a queue. The body of a message is the event as JSON. Over the
// size limit the data of the asset is left out: the member "truncated" names what is
// missing, and the link leads to it. The attributes event, kind, tenant, alert, status,
// severity, provider, account and region let receivers filter.
//
// In a FIFO queue the messages of an alert form a group, and SQS drops an event that it got
// within the last five minutes.
type Notifier struct {
	sender awsout.Sender
	now    func() time.Time
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier for the queue with a URL. The client has the credentials: they need
// the permission sqs:SendMessage.
func New(api API, queueURL string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	switch {
	case api == nil:
		return nil, errors.New("sqs channel: no client")
	case !strings.HasPrefix(queueURL, "https://") && !strings.HasPrefix(queueURL, "http://"):
		return nil, fmt.Errorf("sqs channel: invalid URL %q of the queue", queueURL)
	case o.MaxBytes < 0 || o.MaxBytes > MaxBytes:
		return nil, fmt.Errorf("sqs channel: invalid MaxBytes %d (want at most %d)", o.MaxBytes, MaxBytes)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Notifier{now: o.Now, sender: awsout.Sender{
		Target: "queue " + queueURL, FIFO: strings.HasSuffix(queueURL, ".fifo"),
		MaxMessage: cmp.Or(o.MaxBytes, MaxBytes), MaxCall: MaxBytes, Timeout: o.Timeout,
		Call: func(ctx context.Context, messages []awsout.Message) ([]awsout.Result, error) {
			return call(ctx, api, queueURL, messages)
		},
	}}, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return n.sender.Notify(ctx, events)
}

// Test sends a message of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.sender.Notify(ctx, []alert.Event{delivery.TestEvent(n.now())})
}

func call(ctx context.Context, api API, queueURL string, messages []awsout.Message) ([]awsout.Result, error) {
	in := &sqs.SendMessageBatchInput{QueueUrl: &queueURL}
	for _, m := range messages {
		e := types.SendMessageBatchRequestEntry{
			Id: &m.ID, MessageBody: &m.Body, MessageGroupId: m.Group, MessageDeduplicationId: m.Deduplication,
			MessageAttributes: map[string]types.MessageAttributeValue{},
		}
		for _, a := range m.Attributes {
			e.MessageAttributes[a.Name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &a.Value}
		}
		in.Entries = append(in.Entries, e)
	}
	out, err := api.SendMessageBatch(ctx, in)
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
