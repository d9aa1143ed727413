// Package servicebus sends events to a queue or topic of Azure Service Bus, one event a
// message, by its REST API.
package servicebus

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
)

const (
	// DefaultBytes is the size limit of the tiers Basic and Standard for a message, less 4 KiB
	// for its properties.
	DefaultBytes = 252 << 10
	// MaxBytes is that of the tier Premium for messages that are sent by HTTP.
	MaxBytes = 1020 << 10
)

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	MaxBytes int // of a message; 0: DefaultBytes
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Notifier sends events as JSON. Over the size limit the data of the asset is left out: the
// member "truncated" names what is missing, and the link leads to it. The MessageId follows
// from the event, so that an entity with duplicate detection drops an event that it has; the
// SessionId follows from the alert, so that the receivers of an entity with sessions get the
// events of an alert in order. The Label is the kind of the event.
type Notifier struct {
	sender    *httpjson.Sender
	entity    string
	name, key string // of the shared access key
	limit     int
}

var _ alert.Tester = (*Notifier)(nil)

var entityName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*$`)

// New returns a Notifier for a queue or topic of a namespace, such as
// "https://example.servicebus.windows.net", with the name and the value of a shared access
// key that has the right Send.
func New(namespaceURL, entity, keyName, key string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	switch {
	case !entityName.MatchString(entity):
		return nil, fmt.Errorf("servicebus channel: invalid name %q of a queue or topic", entity)
	case keyName == "" || key == "":
		return nil, errors.New("servicebus channel: no shared access key")
	case o.MaxBytes < 0 || o.MaxBytes > MaxBytes:
		return nil, fmt.Errorf("servicebus channel: invalid MaxBytes %d (want at most %d)", o.MaxBytes, MaxBytes)
	}
	n := &Notifier{entity: entity, name: keyName, key: key, limit: cmp.Or(o.MaxBytes, DefaultBytes)}
	var err error
	if n.sender, err = httpjson.New(namespaceURL, httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("servicebus channel: %w", err)
	}
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return httpjson.Each(ctx, events, n.send)
}

// Test sends a message of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.sender.Now())})
}

// brokerProperties are the properties of a message that the service knows.
type brokerProperties struct {
	MessageID string `json:"MessageId"`
	SessionID string `json:"SessionId,omitempty"`
	Label     string `json:"Label"`
}

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	body, err := payload.JSON(e, n.limit)
	if err != nil {
		return httpjson.Permanent(err)
	}
	p := brokerProperties{MessageID: digest(e.ID), SessionID: digest(cmp.Or(delivery.Alert(e), "stance")), Label: label(e.Kind)}
	properties, err := json.Marshal(p)
	if err != nil {
		return httpjson.Permanent(err)
	}
	s := *n.sender
	s.Header = http.Header{"Authorization": {n.token(s.Now())}, "BrokerProperties": {string(properties)}}
	_, err = s.Do(ctx, http.MethodPost, n.entity+"/messages", "", json.RawMessage(body))
	if refused, ok := errors.AsType[*httpout.Error](err); ok && refused.Status == http.StatusForbidden {
		refused.Permanent = false // also the status of an entity that is full
	}
	return err
}

// lifetime is how long a token is valid.
const lifetime = 5 * time.Minute

// token returns a shared access signature.
func (n *Notifier) token(now time.Time) string {
	resource := url.QueryEscape(n.sender.URL.JoinPath(n.entity).String())
	expires := strconv.FormatInt(now.Add(lifetime).Unix(), 10)
	mac := hmac.New(sha256.New, []byte(n.key))
	mac.Write([]byte(resource + "\n" + expires))
	signature := url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return "SharedAccessSignature sr=" + resource + "&sig=" + signature + "&se=" + expires + "&skn=" + url.QueryEscape(n.name)
}

// digest returns an id in the characters and the length that the service permits.
func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

var kindText = regexp.MustCompile(`^[a-z_]{1,64}$`)

// label returns a kind that can stand in a header.
func label(kind alert.EventKind) string {
	if !kindText.MatchString(string(kind)) {
		return "other"
	}
	return string(kind)
}
