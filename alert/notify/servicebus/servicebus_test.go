package servicebus_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/servicebus"
)

const key = "canary-key"

type sent struct {
	alert.Event
	Truncated  []string
	properties map[string]string
	auth       string
}

// accept decodes a message as the service takes it.
func accept(t *testing.T, r *http.Request, body []byte) sent {
	assert.Equal(t, http.MethodPost, r.Method)
	assert.Equal(t, "/alerts/messages", r.URL.Path)
	var s sent
	require.NoError(t, json.Unmarshal(body, &s))
	require.NoError(t, json.Unmarshal([]byte(r.Header.Get("BrokerProperties")), &s.properties))
	s.auth = r.Header.Get("Authorization")
	return s
}

func post(t *testing.T, o servicebus.Options, events ...alert.Event) (all []sent, base string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all = append(all, accept(t, r, body))
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	o.AllowPrivate, o.Now = true, func() time.Time { return sample.At }
	n, err := servicebus.New(server.URL, "alerts", "send", key, &o)
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), events))
	return all, server.URL
}

func TestMessages(t *testing.T) {
	events := []alert.Event{sample.Opened(1), sample.Resolved(1), sample.Opened(2), sample.Digest(3), sample.Health(false), sample.Review()}
	all, base := post(t, servicebus.Options{}, events...)
	require.Len(t, all, len(events))
	for i, e := range events {
		assert.Equal(t, e, all[i].Event)
		assert.Equal(t, string(e.Kind), all[i].properties["Label"])
		assert.Len(t, all[i].properties["MessageId"], 64)
	}
	assert.Equal(t, all[0].properties["SessionId"], all[1].properties["SessionId"])
	assert.NotEqual(t, all[0].properties["SessionId"], all[2].properties["SessionId"])
	again, _ := post(t, servicebus.Options{}, events[0])
	assert.Equal(t, all[0].properties, again[0].properties)

	// The signature, computed as the documentation of the service says.
	values, err := url.ParseQuery(strings.TrimPrefix(all[0].auth, "SharedAccessSignature "))
	require.NoError(t, err)
	assert.Equal(t, base+"/alerts", values.Get("sr"))
	assert.Equal(t, "1772601067", values.Get("se"))
	assert.Equal(t, "send", values.Get("skn"))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(url.QueryEscape(base+"/alerts") + "\n1772601067"))
	assert.Equal(t, base64.StdEncoding.EncodeToString(mac.Sum(nil)), values.Get("sig"))
	assert.NotContains(t, all[0].auth, "canary")
}

func TestLargeAndHostileEvents(t *testing.T) {
	large := sample.Hostile()
	large.Kind = "x\r\nAuthorization: none"
	large.Alert.Evidence = []alert.Evidence{{Path: "config", Value: strings.Repeat("x", servicebus.DefaultBytes)}}
	all, _ := post(t, servicebus.Options{}, large)
	assert.Equal(t, []string{"evidence", "asset.tags", "asset.parents"}, all[0].Truncated)
	assert.Equal(t, large.Link, all[0].Link)
	assert.Equal(t, "other", all[0].properties["Label"])
}

// The service answers 403 also if a queue is full.
func TestForbiddenIsRetryable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "QuotaExceeded", http.StatusForbidden) }))
	defer server.Close()
	n, err := servicebus.New(server.URL, "alerts", "send", key, &servicebus.Options{AllowPrivate: true})
	require.NoError(t, err)
	p, ok := errors.AsType[*alert.PartialError](n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	require.True(t, ok)
	assert.False(t, p.Failed[0].Permanent)
}

func TestSuite(t *testing.T) {
	sample.Suite(t, func(w http.ResponseWriter, r *http.Request, body string) bool {
		accept(t, r, []byte(body))
		w.WriteHeader(http.StatusCreated)
		return true
	}, func(t *testing.T, url string) alert.Tester {
		n, err := servicebus.New(url, "alerts", "send", key, &servicebus.Options{AllowPrivate: true})
		require.NoError(t, err)
		return n
	}, nil)
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		n, err := servicebus.New(url, "alerts", "send", key, &servicebus.Options{AllowPrivate: true, Timeout: sample.Timeout})
		require.NoError(t, err)
		return n
	})
}

func TestNew(t *testing.T) {
	const namespace = "https://example.servicebus.windows.net"
	_, err := servicebus.New(namespace, "../alerts", "send", key, nil)
	assert.EqualError(t, err, `servicebus channel: invalid name "../alerts" of a queue or topic`)
	_, err = servicebus.New(namespace, "alerts", "send", "", nil)
	assert.EqualError(t, err, "servicebus channel: no shared access key")
	_, err = servicebus.New(namespace, "alerts", "send", key, &servicebus.Options{MaxBytes: 2 << 20})
	assert.EqualError(t, err, "servicebus channel: invalid MaxBytes 2097152 (want at most 1044480)")
	_, err = servicebus.New("http://example.servicebus.windows.net", "alerts", "send", key, nil)
	assert.EqualError(t, err, "servicebus channel: invalid scheme of the URL (want https)")
}

func ExampleNew() {
	n, err := servicebus.New("https://example.servicebus.windows.net", "alerts", "send", "from your secret store", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
