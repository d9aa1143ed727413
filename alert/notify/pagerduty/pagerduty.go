// Package pagerduty sends events to PagerDuty by its Events API v2.
package pagerduty

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/message"
	"github.com/openstance/stance/policy"
)

// DefaultURL is the API in the United States. Accounts in the European Union have
// https://events.eu.pagerduty.com/v2/enqueue.
const DefaultURL = "https://events.pagerduty.com/v2/enqueue"

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	URL string // empty: DefaultURL
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	Language     string        // "en" or "ja"; empty: "en"
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Notifier sends events about an alert under the ID of the alert: an alert that opens, is
// overdue or flaps triggers an incident, one whose remediation ran acknowledges it, and one
// that is resolved, dismissed or snoozed resolves it. A health condition triggers an incident
// until it ends. Digests, reviews and tests trigger an incident of their own.
//
// Critical findings have the severity critical, high ones error, medium ones warning, others
// info.
type Notifier struct {
	sender *httpjson.Sender
	key    string
	texts  *message.Texts
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier with the routing key of a service, which is a secret.
func New(routingKey string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if routingKey == "" {
		return nil, errors.New("pagerduty channel: no routing key")
	}
	n := &Notifier{key: routingKey}
	var err error
	if n.sender, err = httpjson.New(cmp.Or(o.URL, DefaultURL), httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("pagerduty channel: %w", err)
	}
	if n.texts, err = message.NewTexts(o.Language); err != nil {
		return nil, fmt.Errorf("pagerduty channel: %w", err)
	}
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return httpjson.Each(ctx, events, n.send)
}

// Test triggers an incident of severity info.
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.sender.Now())})
}

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	answer, err := n.sender.Do(ctx, http.MethodPost, "", "", n.request(e))
	if err != nil {
		return err
	}
	var accepted struct{ Status string }
	if json.Unmarshal(answer, &accepted) != nil || accepted.Status != "success" {
		return errors.New("pagerduty: response without the status success")
	}
	return nil
}

// The objects of the API.
type (
	request struct {
		RoutingKey string   `json:"routing_key"`
		Action     string   `json:"event_action"`
		DedupKey   string   `json:"dedup_key"`
		Client     string   `json:"client"`
		ClientURL  string   `json:"client_url,omitempty"`
		Links      []link   `json:"links,omitempty"`
		Payload    *details `json:"payload,omitempty"`
	}
	link struct {
		Href message.URL `json:"href"`
		Text string      `json:"text"`
	}
	details struct {
		Summary   string            `json:"summary"`
		Source    string            `json:"source"`
		Severity  string            `json:"severity"`
		Timestamp string            `json:"timestamp"`
		Component string            `json:"component,omitempty"`
		Group     string            `json:"group,omitempty"`
		Class     string            `json:"class,omitempty"`
		Custom    map[string]string `json:"custom_details"`
	}
)

func (n *Notifier) request(e alert.Event) request {
	m := n.texts.Message(&e)
	r := request{RoutingKey: n.key, Action: action(e), DedupKey: dedup(e), Client: "Stance", ClientURL: string(m.Link)}
	if m.Alert.Console != "" {
		r.Links = append(r.Links, link{m.Alert.Console, cmp.Or(m.Alert.AssetName, m.Alert.Asset)})
	}
	p := &details{
		Summary: payload.Cut(m.Title, 1024), Severity: severity(e), Timestamp: e.At.UTC().Format(time.RFC3339),
		Source:    cmp.Or(m.Alert.Asset, m.Health.Subject, "stance"),
		Component: cmp.Or(m.Alert.AssetType, string(m.Health.Kind)), Group: m.Alert.Account, Class: m.Alert.Policy,
		Custom: map[string]string{"event": m.ID},
	}
	for _, f := range m.Fields {
		p.Custom[f.Label] = f.Value
	}
	if m.Text != "" {
		p.Custom["text"] = payload.Cut(m.Text, 16<<10)
	}
	r.Payload = p
	return r
}

func action(e alert.Event) string {
	switch e.Kind {
	case alert.EventResolved, alert.EventDismissed, alert.EventSnoozed:
		return "resolve"
	case alert.EventPending:
		return "acknowledge"
	case alert.EventHealth:
		if e.Health != nil && !e.Health.Until.IsZero() {
			return "resolve"
		}
	}
	return "trigger"
}

// dedup returns the key of an incident, at most 255 characters.
func dedup(e alert.Event) string {
	key := e.ID
	switch {
	case delivery.Alert(e) != "":
		key = e.Alert.ID
	case e.Transition != nil:
		key = e.Transition.Alert
	case e.Health != nil:
		key = "health/" + string(e.Health.Kind) + "/" + e.Health.Subject
	}
	if len(key) > 255 {
		h := sha256.Sum256([]byte(key))
		key = hex.EncodeToString(h[:])
	}
	return key
}

func severity(e alert.Event) string {
	worst := policy.Informational
	switch {
	case e.Alert != nil:
		worst = e.Alert.Policy.Severity
	case e.Digest != nil:
		for s, count := range e.Digest.Severity {
			if count > 0 {
				worst = max(worst, s)
			}
		}
	case e.Health != nil:
		return "error" // alerts can be missing
	}
	switch worst {
	case policy.Critical:
		return "critical"
	case policy.High:
		return "error"
	case policy.Medium:
		return "warning"
	}
	return "info"
}
