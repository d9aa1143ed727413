// Package slack sends events to a channel of Slack by an incoming webhook.
package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/message"
)

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	Language     string        // "en" or "ja"; empty: "en"
	// Template writes what stands below the title, over [message.Message] in the format
	// [message.Slack]. Empty: the facts and the text.
	Template string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Notifier sends each event as a message of blocks: the title, facts and text, and a button
// that opens the link of the event. Names and texts are escaped: they mention no one and make
// no links. Blocks stay below Slack's limits; what is cut ends in an ellipsis.
type Notifier struct {
	sender *httpjson.Sender
	texts  *message.Texts
	body   *message.Template
}

var _ alert.Tester = (*Notifier)(nil)

const defaultBody = "{{range .Fields}}*{{.Label}}:* {{if .Link}}<{{.Link}}|{{.Value}}>{{else}}{{.Value}}{{end}}\n{{end}}\n{{.Text}}"

// New returns a Notifier for the URL of an incoming webhook, which is a secret.
func New(webhookURL string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	n := &Notifier{}
	var err error
	if n.sender, err = httpjson.New(webhookURL, httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("slack channel: %w", err)
	}
	if n.texts, err = message.NewTexts(o.Language); err != nil {
		return nil, fmt.Errorf("slack channel: %w", err)
	}
	if n.body, err = message.Parse(message.Slack, cmp.Or(o.Template, defaultBody)); err != nil {
		return nil, fmt.Errorf("slack channel: template: %w", err)
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

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	m := n.texts.Message(&e)
	body, err := n.body.Execute(m)
	if err != nil {
		return httpjson.Permanent(err)
	}
	answer, err := n.sender.Do(ctx, http.MethodPost, "", "", newPayload(m, body))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(answer)) != "ok" {
		return errors.New("slack: response without the acknowledgment of a webhook")
	}
	return nil
}

// The objects of Block Kit that are used.
type (
	payload struct {
		Text   string  `json:"text"` // of notifications
		Blocks []block `json:"blocks"`
		Unfurl bool    `json:"unfurl_links"`
		Media  bool    `json:"unfurl_media"`
	}
	block struct {
		Type     string   `json:"type"`
		Text     *text    `json:"text,omitempty"`
		Elements []button `json:"elements,omitempty"`
	}
	text struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Emoji *bool  `json:"emoji,omitempty"`
	}
	button struct {
		Type string      `json:"type"`
		Text text        `json:"text"`
		URL  message.URL `json:"url"`
	}
)

// The limits of Slack, in characters and blocks.
const (
	maxHeader  = 150
	maxSection = 3000
	maxBlocks  = 50
	maxText    = 3000 // of ours, far below Slack's
)

func newPayload(m *message.Message, body string) payload {
	p := payload{Text: cut(escape.Replace(m.Title), maxText)}
	p.Blocks = append(p.Blocks, block{Type: "header", Text: plain(m.Title, maxHeader)})
	for _, s := range sections(body) {
		if len(p.Blocks) == maxBlocks-2 {
			p.Blocks = append(p.Blocks, block{Type: "section", Text: plain("…", maxSection)})
			break
		}
		p.Blocks = append(p.Blocks, block{Type: "section", Text: &text{Type: "mrkdwn", Text: s}})
	}
	if m.Link != "" {
		p.Blocks = append(p.Blocks, block{Type: "actions", Elements: []button{{Type: "button", Text: *plain("Stance", maxHeader), URL: m.Link}}})
	}
	return p
}

// plain returns text in which nothing has a meaning.
func plain(s string, limit int) *text {
	no := false
	if runes := []rune(s); len(runes) > limit {
		s = string(runes[:limit-1]) + "…"
	}
	return &text{Type: "plain_text", Text: cmp.Or(s, "-"), Emoji: &no}
}

// escape keeps the notification from mentioning anyone.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// sections returns text in parts of at most maxSection characters, parted at the ends of
// lines.
func sections(s string) []string {
	var all []string
	var b strings.Builder
	used := 0
	flush := func() {
		if part := strings.TrimSpace(b.String()); part != "" {
			all = append(all, part)
		}
		b.Reset()
		used = 0
	}
	for line := range strings.Lines(s) {
		line = cut(line, maxSection)
		n := len([]rune(line))
		if used+n > maxSection {
			flush()
		}
		b.WriteString(line)
		used += n
	}
	flush()
	return all
}

// cut returns at most limit characters of escaped text. It parts no escape and no link.
func cut(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	s = string(runes[:limit-1])
	if at := strings.LastIndexByte(s, '&'); at > strings.LastIndexByte(s, ';') {
		s = s[:at]
	}
	if at := strings.LastIndexByte(s, '<'); at > strings.LastIndexByte(s, '>') {
		s = s[:at]
	}
	return s + "…"
}
