package awsout_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/awsout"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/internal/sample"
)

// service accepts messages, except those of events that it refuses.
type service struct {
	calls  [][]awsout.Message
	refuse map[string]awsout.Result // by the attribute event
	silent map[string]bool          // events that responses do not mention
	err    error
}

func (s *service) call(_ context.Context, messages []awsout.Message) ([]awsout.Result, error) {
	s.calls = append(s.calls, messages)
	if s.err != nil {
		return nil, s.err
	}
	var results []awsout.Result
	for _, m := range messages {
		id := m.Attributes[0].Value
		r, refused := s.refuse[id]
		r.ID, r.Accepted = m.ID, !refused
		if !s.silent[id] {
			results = append(results, r)
		}
	}
	return results, nil
}

func (s *service) sender(fifo bool) *awsout.Sender {
	return &awsout.Sender{Target: "queue q", FIFO: fifo, MaxMessage: 8000, MaxCall: 8000, Call: s.call}
}

func failed(t *testing.T, err error) []alert.EventError {
	t.Helper()
	p, ok := errors.AsType[*alert.PartialError](err)
	require.True(t, ok, "%v", err)
	return p.Failed
}

func many(n int) (events []alert.Event) {
	for i := range n {
		events = append(events, sample.Opened(i))
	}
	return events
}

func TestCallsStayBelowTheLimits(t *testing.T) {
	s := &service{}
	sender := s.sender(false)
	sender.MaxCall = 1 << 20
	require.NoError(t, sender.Notify(t.Context(), many(23)))
	require.Len(t, s.calls, 3)
	assert.Len(t, s.calls[2], 3)

	s = &service{}
	require.NoError(t, s.sender(false).Notify(t.Context(), many(23)))
	sent := 0
	for _, c := range s.calls {
		bytes := 0
		for _, m := range c {
			bytes += len(m.Body)
			for _, a := range m.Attributes {
				bytes += len(a.Name) + len(a.Value) + len("String")
			}
		}
		assert.LessOrEqual(t, bytes, 8000)
		sent += len(c)
	}
	assert.Equal(t, 23, sent)
	assert.Greater(t, len(s.calls), 3)
}

func TestRefusedMessages(t *testing.T) {
	events := []alert.Event{sample.Opened(0), sample.Opened(1), sample.Opened(2), sample.Opened(3)}
	s := &service{
		refuse: map[string]awsout.Result{
			events[1].ID: {Code: "InternalError", Message: "try again"},
			events[2].ID: {Code: "InvalidMessageContents", SenderFault: true},
		},
		silent: map[string]bool{events[3].ID: true},
	}
	f := failed(t, s.sender(false).Notify(t.Context(), events))
	require.Len(t, f, 3)
	assert.Equal(t, 1, f[0].Index)
	assert.False(t, f[0].Permanent)
	assert.EqualError(t, f[0].Err, "queue q refused the message: InternalError: try again")
	assert.True(t, f[1].Permanent)
	assert.EqualError(t, f[2].Err, "queue q: response without the message")
	assert.False(t, f[2].Permanent)
}

func TestFIFOKeepsTheOrderOfAnAlert(t *testing.T) {
	events := []alert.Event{sample.Opened(0), sample.Opened(1), sample.Resolved(0), sample.Resolved(1)}
	s := &service{}
	require.NoError(t, s.sender(true).Notify(t.Context(), events))
	require.Len(t, s.calls, 2)
	assert.Equal(t, s.calls[0][0].Group, s.calls[1][0].Group)
	assert.NotEqual(t, *s.calls[0][0].Group, *s.calls[0][1].Group)
	assert.NotEqual(t, *s.calls[0][0].Deduplication, *s.calls[1][0].Deduplication)

	s = &service{refuse: map[string]awsout.Result{events[0].ID: {Code: "InternalError"}}}
	f := failed(t, s.sender(true).Notify(t.Context(), events))
	require.Len(t, f, 2)
	assert.Equal(t, 2, f[1].Index)
	assert.ErrorIs(t, f[1].Err, delivery.ErrEarlier)
	assert.Len(t, s.calls[1], 1, "the event of the other alert is sent")
}

func TestFailedCall(t *testing.T) {
	throttled := &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"17"}}}},
		Err:      errors.New("slow down"),
	}
	s := &service{err: throttled}
	f := failed(t, s.sender(false).Notify(t.Context(), many(20)))
	require.Len(t, f, 20)
	assert.Len(t, s.calls, 1, "the channel is asked once")
	for i, e := range f {
		assert.Equal(t, i, e.Index)
		assert.False(t, e.Permanent)
		assert.Equal(t, 17*time.Second, e.RetryAfter)
	}
}

func TestTooLarge(t *testing.T) {
	s := &service{}
	sender := s.sender(false)
	sender.MaxMessage = 800
	f := failed(t, sender.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Health(false)}))
	require.Len(t, f, 1)
	assert.True(t, f[0].Permanent)
	assert.ErrorIs(t, f[0].Err, payload.ErrTooLarge)
	assert.Len(t, s.calls[0], 1)
}

func TestAttributes(t *testing.T) {
	e := sample.Opened(0)
	e.Alert.Asset.Region = ""
	e.Alert.Asset.Account = "a\x00b\xff\uffff" + strings.Repeat("日", 200)
	s := &service{}
	require.NoError(t, s.sender(false).Notify(t.Context(), []alert.Event{e, sample.Health(false)}))
	got := map[string]string{}
	for _, a := range s.calls[0][0].Attributes {
		got[a.Name] = a.Value
	}
	assert.NotContains(t, got, "region")
	assert.True(t, strings.HasPrefix(got["account"], "ab�日"), got["account"])
	assert.LessOrEqual(t, len(got["account"]), 256)
	assert.Equal(t, "high", got["severity"])
	assert.Equal(t, []awsout.Attribute{{Name: "event", Value: sample.Health(false).ID}, {Name: "kind", Value: "health"}}, s.calls[0][1].Attributes)
}

func TestRetryAfter(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "x": 0, "-1": 0, "999999999": 24 * time.Hour} {
		err := fmt.Errorf("call: %w", &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{Header: http.Header{"Retry-After": {value}}}}, Err: errors.New("x")})
		assert.Equal(t, want, awsout.RetryAfter(err), value)
	}
	assert.Zero(t, awsout.RetryAfter(errors.New("x")))
}
