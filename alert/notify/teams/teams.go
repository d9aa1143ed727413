// Package teams sends events to Microsoft Teams by the webhook of a workflow.
package teams

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/message"
)

// MaxBytes is the size limit of Teams for a message.
const MaxBytes = 28 << 10

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	Language     string        // "en" or "ja"; empty: "en"
	// Template writes what stands below the title, over [message.Message] in the format
	// [message.Markdown]. Empty: the facts and the text, without Markdown.
	Template string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Notifier sends each event as an Adaptive Card: the title, facts and text, and a button that
// opens the link of the event. Names and texts stand in text runs, in which nothing is markup
// or a mention. A card over the size limit is cut, and ends in an ellipsis.
type Notifier struct {
	sender *httpjson.Sender
	texts  *message.Texts
	body   *message.Template // nil: none
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier for the URL of a workflow that posts cards ("When a Teams webhook
// request is received"). The URL is a secret.
func New(webhookURL string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	n := &Notifier{}
	var err error
	if n.sender, err = httpjson.New(webhookURL, httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("teams channel: %w", err)
	}
	if n.texts, err = message.NewTexts(o.Language); err != nil {
		return nil, fmt.Errorf("teams channel: %w", err)
	}
	if o.Template != "" {
		if n.body, err = message.Parse(message.Markdown, o.Template); err != nil {
			return nil, fmt.Errorf("teams channel: template: %w", err)
		}
	}
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return httpjson.Each(ctx, events, n.send)
}

// Test sends a card of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.sender.Now())})
}

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	m := n.texts.Message(&e)
	body := ""
	if n.body != nil {
		var err error
		if body, err = n.body.Execute(m); err != nil {
			return httpjson.Permanent(err)
		}
	}
	p, err := fit(m, body)
	if err != nil {
		return httpjson.Permanent(err)
	}
	_, err = n.sender.Do(ctx, http.MethodPost, "", "", p)
	return err
}

// fit returns the message of a card, with as much of its texts as the limit permits.
func fit(m *message.Message, markdown string) (json.RawMessage, error) {
	for _, limit := range []int{1 << 20, 8000, 2000, 500} {
		fields := m.Fields
		if limit <= 2000 {
			fields = fields[:min(len(fields), 20)]
		}
		b, err := json.Marshal(newMessage(m, fields, markdown, limit))
		if err != nil {
			return nil, err
		}
		if len(b) <= MaxBytes {
			return b, nil
		}
	}
	return nil, fmt.Errorf("event %q: %w (limit %d bytes)", m.ID, payload.ErrTooLarge, MaxBytes)
}

// The objects of messages and of Adaptive Cards that are used.
type (
	post struct {
		Type        string       `json:"type"`
		Attachments []attachment `json:"attachments"`
	}
	attachment struct {
		ContentType string `json:"contentType"`
		Content     card   `json:"content"`
	}
	card struct {
		Schema  string    `json:"$schema"`
		Type    string    `json:"type"`
		Version string    `json:"version"`
		Body    []element `json:"body"`
		Actions []action  `json:"actions,omitempty"`
		Teams   teams     `json:"msteams"`
	}
	teams struct {
		Width string `json:"width"`
	}
	element struct {
		Type    string `json:"type"`
		Inlines []run  `json:"inlines,omitempty"`
		Text    string `json:"text,omitempty"`
		Wrap    bool   `json:"wrap,omitempty"`
		Spacing string `json:"spacing,omitempty"`
	}
	run struct {
		Type   string  `json:"type"`
		Text   string  `json:"text"`
		Size   string  `json:"size,omitempty"`
		Weight string  `json:"weight,omitempty"`
		Select *action `json:"selectAction,omitempty"`
	}
	action struct {
		Type  string      `json:"type"`
		Title string      `json:"title,omitempty"`
		URL   message.URL `json:"url"`
	}
)

func newMessage(m *message.Message, fields []message.Field, markdown string, limit int) post {
	c := card{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4", Teams: teams{"Full"}}
	c.Body = append(c.Body, rich("", run{Text: payload.Cut(m.Title, min(limit, 1000)), Size: "Large", Weight: "Bolder"}))
	if markdown != "" {
		c.Body = append(c.Body, element{Type: "TextBlock", Text: payload.Cut(markdown, limit), Wrap: true})
	} else {
		for _, f := range fields {
			value := run{Text: payload.Cut(f.Value, min(limit, 1000))}
			if f.Link != "" && f.Link != m.Link {
				value.Select = &action{Type: "Action.OpenUrl", URL: f.Link}
			}
			c.Body = append(c.Body, rich("None", run{Text: f.Label + ": ", Weight: "Bolder"}, value))
		}
		if m.Text != "" {
			c.Body = append(c.Body, rich("", run{Text: payload.Cut(m.Text, limit)}))
		}
	}
	if m.Link != "" {
		c.Actions = append(c.Actions, action{Type: "Action.OpenUrl", Title: "Stance", URL: m.Link})
	}
	return post{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}
}

// rich returns a paragraph of runs, in which nothing is markup.
func rich(spacing string, runs ...run) element {
	for i := range runs {
		runs[i].Type = "TextRun"
	}
	return element{Type: "RichTextBlock", Inlines: runs, Spacing: spacing}
}
