package pagerduty_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/pagerduty"
	"github.com/openstance/stance/policy"
)

type request struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	ClientURL  string `json:"client_url"`
	Payload    struct {
		Summary, Source, Severity, Timestamp string
		Custom                               map[string]string `json:"custom_details"`
	}
}

// post sends events to a server and returns what arrived.
func post(t *testing.T, events ...alert.Event) (all []request) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var x request
		b, _ := io.ReadAll(r.Body)
		if json.Unmarshal(b, &x) != nil || x.RoutingKey != "canary" || r.URL.Path != "/v2/enqueue" || len(x.Payload.Summary) > 1024 || x.Payload.Source == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		all = append(all, x)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
	}))
	defer server.Close()
	n, err := pagerduty.New("canary", &pagerduty.Options{URL: server.URL + "/v2/enqueue", AllowPrivate: true})
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), events))
	require.Len(t, all, len(events))
	return all
}

func of(kind alert.EventKind) alert.Event {
	e := sample.Opened(1)
	e.Kind = kind
	return e
}

func TestActions(t *testing.T) {
	id := sample.Alert(1).ID
	health := "health/account_unscanned/aws/123456789012"
	for _, c := range []struct {
		event         alert.Event
		action, dedup string
		severity      string
	}{
		{sample.Opened(1), "trigger", id, "error"},
		{of(alert.EventOverdue), "trigger", id, "error"},
		{of(alert.EventFlapping), "trigger", id, "error"},
		{of(alert.EventPending), "acknowledge", id, "error"},
		{of(alert.EventSnoozed), "resolve", id, "error"},
		{sample.Dismissed(1), "resolve", id, "error"},
		{sample.Resolved(1), "resolve", id, "error"},
		{sample.Health(false), "trigger", health, "error"},
		{sample.Health(true), "resolve", health, "error"},
		{sample.Digest(3), "trigger", sample.Digest(3).ID, "error"},
		{sample.Review(), "trigger", sample.Review().ID, "info"},
		{alert.Event{ID: "test/1", Kind: alert.EventTest, At: sample.At}, "trigger", "test/1", "info"},
	} {
		got := post(t, c.event)[0]
		assert.Equal(t, c.action, got.Action, c.event.Kind)
		assert.Equal(t, c.dedup, got.DedupKey)
		assert.Equal(t, c.severity, got.Payload.Severity, c.event.Kind)
		assert.Equal(t, c.event.Link, got.ClientURL)
		assert.Equal(t, c.event.ID, got.Payload.Custom["event"])
	}
}

func TestSeverities(t *testing.T) {
	for severity, want := range map[policy.Severity]string{policy.Critical: "critical", policy.High: "error", policy.Medium: "warning", policy.Low: "info", policy.Informational: "info"} {
		e := sample.Opened(1)
		e.Alert.Policy.Severity = severity
		assert.Equal(t, want, post(t, e)[0].Payload.Severity)
	}
}

func TestLongAndHostileStrings(t *testing.T) {
	e := sample.Hostile()
	e.Alert.ID = strings.Repeat("日", 300)
	e.Alert.Policy.Title = strings.Repeat("日", 3000)
	first, again := post(t, e)[0], post(t, e)[0]
	assert.LessOrEqual(t, len(first.DedupKey), 255)
	assert.Equal(t, first.DedupKey, again.DedupKey)
	for _, v := range first.Payload.Custom {
		assert.NotContains(t, v, "\x1b")
		assert.NotContains(t, v, "\x00")
	}
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		n, err := pagerduty.New("canary", &pagerduty.Options{URL: url, AllowPrivate: true, Timeout: sample.Timeout})
		require.NoError(t, err)
		return n
	})
}

func TestPageInsteadOfPagerDuty(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>log in</html>") }))
	defer server.Close()
	n, err := pagerduty.New("canary", &pagerduty.Options{URL: server.URL, AllowPrivate: true})
	require.NoError(t, err)
	assert.ErrorContains(t, n.Test(t.Context()), "without the status success")
}

func TestNew(t *testing.T) {
	_, err := pagerduty.New("", nil)
	assert.EqualError(t, err, "pagerduty channel: no routing key")
	_, err = pagerduty.New("canary", &pagerduty.Options{URL: "http://example.com"})
	assert.EqualError(t, err, "pagerduty channel: invalid scheme of the URL (want https)")
}

func ExampleNew() {
	n, err := pagerduty.New("from your secret store", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
