package sns_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/sns"
	"github.com/openstance/stance/internal/moto"
)

// subscribed is a topic with a queue that gets its messages.
type subscribed struct {
	client *sdk.Client
	topic  string
	queues *sqs.Client
	queue  string
}

func topic(t *testing.T) subscribed {
	t.Helper()
	config := moto.Config(moto.URL(t))
	s := subscribed{client: sdk.NewFromConfig(config), queues: sqs.NewFromConfig(config)}
	made, err := s.client.CreateTopic(t.Context(), &sdk.CreateTopicInput{Name: aws.String("alerts")})
	require.NoError(t, err)
	queue, err := s.queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("subscriber")})
	require.NoError(t, err)
	s.topic, s.queue = *made.TopicArn, *queue.QueueUrl
	_, err = s.client.Subscribe(t.Context(), &sdk.SubscribeInput{TopicArn: &s.topic, Protocol: aws.String("sqs"),
		Endpoint: aws.String("arn:aws:sqs:us-east-1:" + moto.Account + ":subscriber")})
	require.NoError(t, err)
	return s
}

type message struct {
	alert.Event
	Truncated []string
}

func (s subscribed) receive(t *testing.T) map[string]message {
	t.Helper()
	got := map[string]message{}
	for {
		out, err := s.queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.queue, MaxNumberOfMessages: 10})
		require.NoError(t, err)
		if len(out.Messages) == 0 {
			return got
		}
		for _, m := range out.Messages {
			var envelope struct {
				Message           string
				MessageAttributes map[string]struct{ Value string }
			}
			require.NoError(t, json.Unmarshal([]byte(*m.Body), &envelope))
			var x message
			require.NoError(t, json.Unmarshal([]byte(envelope.Message), &x))
			assert.Equal(t, string(x.Kind), envelope.MessageAttributes["kind"].Value)
			got[x.ID] = x
			_, err := s.queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &s.queue, ReceiptHandle: m.ReceiptHandle})
			require.NoError(t, err)
		}
	}
}

func TestTopic(t *testing.T) {
	s := topic(t)
	n, err := sns.New(s.client, s.topic, &sns.Options{Now: func() time.Time { return sample.At }})
	require.NoError(t, err)
	large := sample.Opened(99)
	large.Alert.Evidence = []alert.Evidence{{Path: "config", Value: strings.Repeat("x", sns.DefaultBytes)}}
	events := []alert.Event{large, sample.Health(true), sample.Resolved(5)}
	for i := range 11 {
		events = append(events, sample.Opened(i))
	}
	require.NoError(t, n.Notify(t.Context(), events))
	got := s.receive(t)
	require.Len(t, got, len(events))
	for _, e := range events[1:] {
		assert.Equal(t, e, got[e.ID].Event)
		assert.Empty(t, got[e.ID].Truncated)
	}
	assert.Equal(t, []string{"evidence", "asset.tags", "asset.parents"}, got[large.ID].Truncated)
	assert.Equal(t, large.Link, got[large.ID].Link)

	require.NoError(t, n.Test(t.Context()))
	assert.Len(t, s.receive(t), 1)
}

func TestUnknownTopic(t *testing.T) {
	s := topic(t)
	n, err := sns.New(s.client, s.topic+"-other", nil)
	require.NoError(t, err)
	p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	require.True(t, ok)
	assert.False(t, p.Failed[0].Permanent, "the topic can be created")
}

// TestBrokenServer uses the real client against servers that do not accept messages.
func TestBrokenServer(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"throttles": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"cuts":  func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"empty": func(http.ResponseWriter, *http.Request) {},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := sdk.New(sdk.Options{
				Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
				Credentials: credentials.NewStaticCredentialsProvider("AKID", "canary-secret", "canary-session"),
			})
			n, err := sns.New(client, "arn:aws:sns:us-east-1:123456789012:alerts", &sns.Options{Timeout: 300 * time.Millisecond})
			require.NoError(t, err)
			p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Opened(2)}))
			require.True(t, ok)
			require.Len(t, p.Failed, 2)
			for _, f := range p.Failed {
				assert.False(t, f.Permanent)
				assert.NotContains(t, f.Err.Error(), "canary")
				if name == "throttles" {
					assert.Equal(t, 30*time.Second, f.RetryAfter)
				}
			}
		})
	}
}

func TestNew(t *testing.T) {
	client := sdk.New(sdk.Options{})
	_, err := sns.New(nil, "arn:aws:sns:us-east-1:1:t", nil)
	assert.EqualError(t, err, "sns channel: no client")
	_, err = sns.New(client, "t", nil)
	assert.EqualError(t, err, `sns channel: invalid ARN "t" of the topic`)
	_, err = sns.New(client, "arn:aws:sns:us-east-1:1:t", &sns.Options{MaxBytes: sns.MaxBytes + 1})
	assert.EqualError(t, err, "sns channel: invalid MaxBytes 1048577 (want at most 1048576)")
}

func ExampleNew() {
	client := sdk.New(sdk.Options{Region: "eu-west-1"}) // with credentials
	n, err := sns.New(client, "arn:aws:sns:eu-west-1:123456789012:alerts", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
