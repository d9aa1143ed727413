package sqs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/sqs"
	"github.com/openstance/stance/internal/moto"
)

func queue(t *testing.T, name string, attributes map[string]string) (*sdk.Client, string) {
	t.Helper()
	client := sdk.NewFromConfig(moto.Config(moto.URL(t)))
	out, err := client.CreateQueue(t.Context(), &sdk.CreateQueueInput{QueueName: &name, Attributes: attributes})
	require.NoError(t, err)
	return client, *out.QueueUrl
}

// message is what a receiver decodes.
type message struct {
	alert.Event
	Truncated []string
	kind      string // the attribute
}

func receive(t *testing.T, client *sdk.Client, url string) (got []message) {
	t.Helper()
	for {
		out, err := client.ReceiveMessage(t.Context(), &sdk.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
		require.NoError(t, err)
		if len(out.Messages) == 0 {
			return got
		}
		for _, m := range out.Messages {
			var x message
			require.NoError(t, json.Unmarshal([]byte(*m.Body), &x))
			x.kind = *m.MessageAttributes["kind"].StringValue
			got = append(got, x)
			_, err := client.DeleteMessage(t.Context(), &sdk.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle})
			require.NoError(t, err)
		}
	}
}

func TestQueue(t *testing.T) {
	client, url := queue(t, "alerts", nil)
	n, err := sqs.New(client, url, &sqs.Options{Now: func() time.Time { return sample.At }})
	require.NoError(t, err)
	var events []alert.Event
	for i := range 12 {
		events = append(events, sample.Opened(i))
	}
	events = append(events, sample.Health(false), sample.Digest(60), sample.Review())
	require.NoError(t, n.Notify(t.Context(), events))
	got := receive(t, client, url)
	require.Len(t, got, len(events))
	byID := map[string]alert.Event{}
	for _, m := range got {
		byID[m.ID] = m.Event
		assert.Equal(t, string(m.Kind), m.kind)
	}
	for _, e := range events {
		assert.Equal(t, e, byID[e.ID])
	}

	require.NoError(t, n.Test(t.Context()))
	got = receive(t, client, url)
	require.Len(t, got, 1)
	assert.Equal(t, alert.EventTest, got[0].Kind)
}

func TestFIFOQueueDropsDuplicates(t *testing.T) {
	client, url := queue(t, "alerts.fifo", map[string]string{"FifoQueue": "true"})
	n, err := sqs.New(client, url, nil)
	require.NoError(t, err)
	events := []alert.Event{sample.Opened(1), sample.Resolved(1)}
	require.NoError(t, n.Notify(t.Context(), events))
	require.NoError(t, n.Notify(t.Context(), events))
	got := receive(t, client, url)
	require.Len(t, got, 2)
	assert.Equal(t, alert.EventOpened, got[0].Kind)
	assert.Equal(t, alert.EventResolved, got[1].Kind)
}

func TestLargeEvent(t *testing.T) {
	client, url := queue(t, "alerts", nil)
	n, err := sqs.New(client, url, nil)
	require.NoError(t, err)
	large := sample.Opened(1)
	large.Alert.Evidence = append(large.Alert.Evidence, alert.Evidence{Path: "config", Value: strings.Repeat("日", 400_000)})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(2), large, sample.Opened(3)}))
	got := receive(t, client, url)
	require.Len(t, got, 3)
	for _, m := range got {
		if m.ID == large.ID {
			assert.Equal(t, []string{"evidence", "asset.tags", "asset.parents"}, m.Truncated)
			assert.Equal(t, large.Link, m.Link)
		} else {
			assert.Empty(t, m.Truncated)
		}
	}
}

func TestUnknownQueue(t *testing.T) {
	client, url := queue(t, "alerts", nil)
	n, err := sqs.New(client, url+"-other", nil)
	require.NoError(t, err)
	p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	require.True(t, ok)
	assert.False(t, p.Failed[0].Permanent, "the queue can be created")
	assert.ErrorContains(t, p.Failed[0].Err, "alerts-other")
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
		"empty":         func(http.ResponseWriter, *http.Request) {},
		"a page":        func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>welcome</html>") },
		"empty results": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			client := sdk.New(sdk.Options{
				Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: aws.NopRetryer{},
				Credentials: credentials.NewStaticCredentialsProvider("AKID", "canary-secret", "canary-session"),
			})
			n, err := sqs.New(client, server.URL+"/1/alerts", &sqs.Options{Timeout: 300 * time.Millisecond})
			require.NoError(t, err)
			err = n.Notify(context.WithoutCancel(t.Context()), []alert.Event{sample.Opened(1), sample.Opened(2)})
			p, ok := errors.AsType[*alert.PartialError](err)
			require.True(t, ok, "%v", err)
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
	_, err := sqs.New(nil, "https://sqs.us-east-1.amazonaws.com/1/q", nil)
	assert.EqualError(t, err, "sqs channel: no client")
	_, err = sqs.New(client, "q", nil)
	assert.EqualError(t, err, `sqs channel: invalid URL "q" of the queue`)
	_, err = sqs.New(client, "https://sqs.us-east-1.amazonaws.com/1/q", &sqs.Options{MaxBytes: sqs.MaxBytes + 1})
	assert.EqualError(t, err, "sqs channel: invalid MaxBytes 1048577 (want at most 1048576)")
}

func ExampleNew() {
	client := sdk.New(sdk.Options{Region: "eu-west-1"}) // with credentials
	n, err := sqs.New(client, "https://sqs.eu-west-1.amazonaws.com/123456789012/alerts", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
