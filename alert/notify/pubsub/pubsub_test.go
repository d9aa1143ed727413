package pubsub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/pubsub"
)

const topic = "projects/example/topics/alerts"

func token(context.Context) (string, error) { return "canary", nil }

type published struct {
	Data        []byte
	Attributes  map[string]string
	OrderingKey string
}

// service is the publish operation of the API.
type service struct {
	mu       sync.Mutex
	messages []published
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ Messages []published }
	b, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer canary":
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, r.Header.Get("Authorization"))
		return
	case r.Method != http.MethodPost || r.URL.Path != "/v1/"+topic+":publish":
		w.WriteHeader(http.StatusNotFound)
		return
	case json.Unmarshal(b, &in) != nil || len(in.Messages) == 0:
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	ids := []string{}
	for _, m := range in.Messages {
		for name, value := range m.Attributes {
			if value == "" || len(value) > 1024 || strings.HasPrefix(name, "goog") {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
		}
		s.messages = append(s.messages, m)
		ids = append(ids, fmt.Sprint(len(s.messages)))
	}
	json.NewEncoder(w).Encode(map[string]any{"messageIds": ids})
}

func post(t *testing.T, o pubsub.Options, events ...alert.Event) []published {
	t.Helper()
	s := &service{}
	server := httptest.NewServer(s)
	defer server.Close()
	o.URL, o.AllowPrivate = server.URL, true
	n, err := pubsub.New(topic, token, &o)
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), events))
	require.Len(t, s.messages, len(events))
	return s.messages
}

func TestMessages(t *testing.T) {
	events := []alert.Event{sample.Opened(1), sample.Resolved(1), sample.Opened(2), sample.Digest(3), sample.Health(false), sample.Review()}
	all := post(t, pubsub.Options{Ordered: true}, events...)
	for i, e := range events {
		var got alert.Event
		require.NoError(t, json.Unmarshal(all[i].Data, &got))
		assert.Equal(t, e, got)
		assert.Equal(t, e.ID, all[i].Attributes["event"])
		assert.Equal(t, string(e.Kind), all[i].Attributes["kind"])
	}
	assert.Equal(t, "high", all[0].Attributes["severity"])
	assert.Equal(t, all[0].OrderingKey, all[1].OrderingKey)
	assert.NotEqual(t, all[0].OrderingKey, all[2].OrderingKey)
	assert.Empty(t, post(t, pubsub.Options{}, events[0])[0].OrderingKey)
}

func TestLargeAndHostileEvents(t *testing.T) {
	e := sample.Hostile()
	e.Alert.Asset.Account = strings.Repeat("日", 1000) + "\xff"
	e.Alert.Evidence = []alert.Evidence{{Path: "config", Value: strings.Repeat("x", 20_000)}}
	m := post(t, pubsub.Options{MaxBytes: 20_000}, e)[0]
	var got struct {
		Link      string
		Truncated []string
	}
	require.NoError(t, json.Unmarshal(m.Data, &got))
	assert.Contains(t, got.Truncated, "evidence")
	assert.Equal(t, e.Link, got.Link)
}

func TestTokens(t *testing.T) {
	server := httptest.NewServer(&service{})
	defer server.Close()
	failing := errors.New("metadata server is away")
	for name, source := range map[string]func(context.Context) (string, error){
		"failing": func(context.Context) (string, error) { return "", failing },
		"expired": func(context.Context) (string, error) { return "canary-expired", nil },
	} {
		n, err := pubsub.New(topic, source, &pubsub.Options{URL: server.URL, AllowPrivate: true})
		require.NoError(t, err)
		err = n.Test(t.Context())
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
		assert.Equal(t, name == "failing", errors.Is(err, failing))
	}
}

// A page in place of the service must not pass for a published message.
func TestPageInsteadOfPubSub(t *testing.T) {
	for _, page := range []string{"", "{}", "<html>log in</html>", `{"messageIds":[]}`, `{"messageIds":[""]}`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, page) }))
		n, err := pubsub.New(topic, token, &pubsub.Options{URL: server.URL, AllowPrivate: true})
		require.NoError(t, err)
		assert.ErrorContains(t, n.Test(t.Context()), "without the id of the message")
		server.Close()
	}
}

func TestSuite(t *testing.T) {
	alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
		s := &service{}
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		n, err := pubsub.New(topic, token, &pubsub.Options{URL: server.URL, AllowPrivate: true})
		require.NoError(t, err)
		return &alerttest.Receiver{
			Notifier: n,
			Received: func() (texts []string) {
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, m := range s.messages {
					texts = append(texts, string(m.Data))
				}
				return texts
			},
			Secrets: []string{"canary"},
		}
	})
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		n, err := pubsub.New(topic, token, &pubsub.Options{URL: url, AllowPrivate: true, Timeout: sample.Timeout})
		require.NoError(t, err)
		return n
	})
}

func TestNew(t *testing.T) {
	_, err := pubsub.New("alerts", token, nil)
	assert.EqualError(t, err, `pubsub channel: invalid name "alerts" of the topic (want projects/ID/topics/NAME)`)
	_, err = pubsub.New(topic, nil, nil)
	assert.EqualError(t, err, "pubsub channel: no source of tokens")
	_, err = pubsub.New(topic, token, &pubsub.Options{URL: "http://example.com"})
	assert.EqualError(t, err, "pubsub channel: invalid scheme of the URL (want https)")
	_, err = pubsub.New(topic, token, &pubsub.Options{MaxBytes: pubsub.MaxBytes + 1})
	assert.EqualError(t, err, "pubsub channel: invalid MaxBytes 7340033 (want at most 7340032)")
}

func ExampleNew() {
	token := func(context.Context) (string, error) { return "from golang.org/x/oauth2/google", nil }
	n, err := pubsub.New("projects/example/topics/alerts", token, nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
