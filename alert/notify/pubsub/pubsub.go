// Package pubsub publishes events to a topic of Google Cloud Pub/Sub, one event a message, by
// its REST API.
package pubsub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
)

// DefaultURL is the global endpoint. Ordered messages of one region go to its endpoint, such
// as https://europe-west1-pubsub.googleapis.com.
const DefaultURL = "https://pubsub.googleapis.com"

// MaxBytes is the size limit of an event: the limit of the service for a request, 10 MB,
// counts the message in Base64.
const MaxBytes = 7 << 20

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	URL string // empty: DefaultURL
	// Ordered gives the messages of an alert an ordering key, for subscriptions with message
	// ordering.
	Ordered  bool
	MaxBytes int // of an event; 0: the constant MaxBytes
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	// Now is the clock for the time of a test message; nil: time.Now.
	Now func() time.Time
}

// Notifier publishes events as JSON. Over the size limit the data of the asset is left out:
// the member "truncated" names what is missing, and the link leads to it. The attributes
// event, kind, tenant, alert, status, severity, provider, account and region let
// subscriptions filter; the attribute event is the idempotency key.
type Notifier struct {
	sender  *httpjson.Sender
	topic   string
	token   func(context.Context) (string, error)
	ordered bool
	limit   int
}

var _ alert.Tester = (*Notifier)(nil)

var topicName = regexp.MustCompile(`^projects/[a-z0-9.:-]+/topics/[A-Za-z0-9._~+%-]+$`)

// New returns a Notifier for a topic, "projects/example/topics/alerts". token returns an
// access token that is valid now, for an identity with the permission pubsub.topics.publish;
// it is called for each event, and must keep tokens while they are valid.
func New(topic string, token func(context.Context) (string, error), opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	switch {
	case !topicName.MatchString(topic):
		return nil, fmt.Errorf("pubsub channel: invalid name %q of the topic (want projects/ID/topics/NAME)", topic)
	case token == nil:
		return nil, errors.New("pubsub channel: no source of tokens")
	case o.MaxBytes < 0 || o.MaxBytes > MaxBytes:
		return nil, fmt.Errorf("pubsub channel: invalid MaxBytes %d (want at most %d)", o.MaxBytes, MaxBytes)
	}
	n := &Notifier{topic: topic, token: token, ordered: o.Ordered, limit: cmp.Or(o.MaxBytes, MaxBytes)}
	var err error
	if n.sender, err = httpjson.New(cmp.Or(o.URL, DefaultURL), httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("pubsub channel: %w", err)
	}
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return httpjson.Each(ctx, events, n.send)
}

// Test publishes a message of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.sender.Now())})
}

// message is a message as the API takes it.
type message struct {
	Data        []byte            `json:"data"`
	Attributes  map[string]string `json:"attributes"`
	OrderingKey string            `json:"orderingKey,omitempty"`
}

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	body, err := payload.JSON(e, n.limit)
	if err != nil {
		return httpjson.Permanent(err)
	}
	token, err := n.token(ctx)
	if err != nil {
		return fmt.Errorf("pubsub: get an access token: %w", err)
	}
	m := message{Data: body, Attributes: attributes(e)}
	if n.ordered {
		h := sha256.Sum256([]byte(cmp.Or(delivery.Alert(e), "stance")))
		m.OrderingKey = hex.EncodeToString(h[:])
	}
	s := *n.sender
	s.Header = http.Header{"Authorization": {"Bearer " + token}}
	answer, err := s.Do(ctx, http.MethodPost, "/v1/"+n.topic+":publish", "", map[string][]message{"messages": {m}})
	if err != nil {
		return err
	}
	var published struct{ MessageIDs []string }
	if json.Unmarshal(answer, &published) != nil || len(published.MessageIDs) != 1 || published.MessageIDs[0] == "" {
		return errors.New("pubsub: response without the id of the message")
	}
	return nil
}

// attributes returns the attributes of an event that have a value.
func attributes(e alert.Event) map[string]string {
	all := map[string]string{"event": e.ID, "kind": string(e.Kind), "tenant": e.Tenant}
	if a := e.Alert; a != nil {
		all["alert"], all["status"], all["severity"] = a.ID, string(a.Status), a.Policy.Severity.String()
		all["provider"], all["account"], all["region"] = a.Asset.Provider, a.Asset.Account, a.Asset.Region
	}
	for name, value := range all {
		if value = payload.Cut(strings.ToValidUTF8(value, "\uFFFD"), 1024); value == "" {
			delete(all, name)
			continue
		}
		all[name] = value
	}
	return all
}
