// Package webhook posts events as JSON to a URL, signed with HMAC-SHA256.
//
// The body of a request is an array with one element for each event: the event (alert.Event),
// with the members "title" and "text" for people, and "truncated" if a part was left out
// because the event is too large. Options.Prisma writes the flat objects that Prisma Cloud
// sends instead, Options.Template objects of one's own.
//
// Each request has the headers
//
//	Content-Type: application/json
//	Stance-Timestamp: 1772366400                       seconds since 1970
//	Stance-Signature: v1=2a6e...,v1=90b1...            one for each key, if there are keys
//	Idempotency-Key: 5d41...                           the same in each delivery of the events
//
// The signature is the HMAC-SHA256, in hexadecimal digits, of the timestamp, a period and the
// body. Receivers check it with [Verify], and drop events with an ID that they saw.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/payload"
	"github.com/openstance/stance/alert/notify/message"
)

// The headers of requests.
const (
	HeaderTimestamp   = "Stance-Timestamp"
	HeaderSignature   = "Stance-Signature"
	HeaderIdempotency = "Idempotency-Key"
)

// MinKey is the number of bytes of the shortest key.
const MinKey = 16

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// Keys sign the requests: one, or two while receivers change from one to the other. Each
	// has at least MinKey bytes.
	Keys [][]byte
	// Headers are added to each request. Their values are never part of an error.
	Headers map[string]string
	// Token is sent as "Authorization: Bearer", unless Headers has Authorization.
	Token string

	// Prisma writes the objects that Prisma Cloud sends. Events of a kind that Prisma Cloud
	// does not have are written as objects with the same members.
	Prisma bool
	// Template is a template of package message, in the format JSON, for the object of an
	// event.
	Template string
	Language string // of titles and texts; empty: English

	MaxBytes     int           // of a body; 0: 1 MiB
	Timeout      time.Duration // of a request; 0: 30 seconds
	AllowPrivate bool          // permits HTTP, and addresses that are not public
	TLS          *tls.Config
	Now          func() time.Time // clock; nil: time.Now
}

// Format implements fmt.Formatter, so that no secret is printed.
func (Options) Format(s fmt.State, _ rune) { fmt.Fprint(s, "webhook.Options{...}") }

// Notifier posts events to a URL.
type Notifier struct {
	url      *url.URL
	o        Options
	client   *http.Client
	texts    *message.Texts
	template *message.Template
}

var _ alert.Tester = (*Notifier)(nil)

// Format implements fmt.Formatter, so that no secret is printed.
func (n *Notifier) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "webhook to %s", n.url.Host) }

// New returns a Notifier for a URL, which can be a secret: errors name only its host.
func New(rawURL string, opts *Options) (*Notifier, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	u, err := httpout.ParseURL(rawURL, o.AllowPrivate)
	if err != nil {
		return nil, fmt.Errorf("webhook channel: %w", err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 20
	}
	if len(o.Keys) > 2 {
		return nil, fmt.Errorf("webhook channel: %d keys (want at most 2)", len(o.Keys))
	}
	o.Keys = slices.Clone(o.Keys)
	for i, key := range o.Keys {
		if len(key) < MinKey {
			return nil, fmt.Errorf("webhook channel: key %d has %d bytes (want %d or more)", i+1, len(key), MinKey)
		}
		o.Keys[i] = slices.Clone(key)
	}
	for name, value := range o.Headers {
		if !headerName(name) || !headerValue(value) {
			return nil, fmt.Errorf("webhook channel: invalid header %q", name)
		}
		switch http.CanonicalHeaderKey(name) {
		case HeaderTimestamp, HeaderSignature, HeaderIdempotency, "Content-Type", "Content-Length", "Transfer-Encoding", "Host", "Connection":
			return nil, fmt.Errorf("webhook channel: header %q cannot be set", name)
		}
	}
	if !headerValue(o.Token) {
		return nil, errors.New("webhook channel: invalid token")
	}
	n := &Notifier{url: u, o: o, client: httpout.Client(httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout, TLS: o.TLS})}
	if n.texts, err = message.NewTexts(o.Language); err != nil {
		return nil, fmt.Errorf("webhook channel: %w", err)
	}
	if o.Template != "" {
		if o.Prisma {
			return nil, errors.New("webhook channel: both Prisma and a template")
		}
		if n.template, err = message.Parse(message.JSON, o.Template); err != nil {
			return nil, fmt.Errorf("webhook channel: %w", err)
		}
	}
	return n, nil
}

// Notify implements [alert.Notifier]. It posts the events in as few requests as the size
// limit permits. If the receiver refuses the content of a request with several events, each
// half is sent for itself, so that one event does not take others with it.
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	partial := &alert.PartialError{}
	var items []item
	for i, e := range events {
		body, err := n.body(e)
		if err != nil {
			partial.Failed = append(partial.Failed, alert.EventError{Index: i, Err: fmt.Errorf("webhook to %s: %w", n.url.Host, err), Permanent: true})
			continue
		}
		items = append(items, item{i, e.ID, body})
	}
	for len(items) > 0 {
		end, size := 1, 2+len(items[0].body)
		for end < len(items) && size+1+len(items[end].body) <= n.o.MaxBytes {
			size += 1 + len(items[end].body)
			end++
		}
		if err := n.send(ctx, items[:end], partial); err != nil {
			if len(items) == len(events) {
				return err // none arrived
			}
			for _, it := range items {
				partial.Failed = append(partial.Failed, alert.EventError{Index: it.index, Err: err})
			}
			break
		}
		items = items[end:]
	}
	if len(partial.Failed) == 0 {
		return nil
	}
	slices.SortFunc(partial.Failed, func(a, b alert.EventError) int { return a.Index - b.Index })
	return partial
}

// Test implements [alert.Tester].
func (n *Notifier) Test(ctx context.Context) error {
	at := n.o.Now().UTC().Truncate(time.Microsecond)
	return n.Notify(ctx, []alert.Event{{ID: "test/" + strconv.FormatInt(at.UnixMicro(), 10), Kind: alert.EventTest, At: at}})
}

// item is an event of a batch with the elements of the body that stand for it.
type item struct {
	index int
	id    string
	body  []byte // elements, with commas between them
}

// send posts items. Errors of the receiver are noted in partial; the error that send returns
// concerns the connection: the items from the first on did not arrive.
func (n *Notifier) send(ctx context.Context, items []item, partial *alert.PartialError) error {
	err := n.post(ctx, items)
	refused, ok := errors.AsType[*httpout.Error](err)
	if err != nil && !ok {
		return err
	}
	if ok && len(items) > 1 && content(refused.Status) {
		half := len(items) / 2
		for _, part := range [][]item{items[:half], items[half:]} {
			if err := n.send(ctx, part, partial); err != nil {
				for _, it := range part {
					partial.Failed = append(partial.Failed, alert.EventError{Index: it.index, Err: err})
				}
			}
		}
		return nil
	}
	if err != nil {
		for _, it := range items {
			partial.Failed = append(partial.Failed, httpout.EventError(it.index, fmt.Errorf("webhook to %w", err)))
		}
	}
	return nil
}

// content reports whether a status can refuse the content of a request, and not the sender.
func content(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity
}

func (n *Notifier) post(ctx context.Context, items []item) error {
	var b bytes.Buffer
	id := sha256.New()
	for i, it := range items {
		b.WriteByte("[,"[min(i, 1)])
		b.Write(it.body)
		id.Write([]byte(it.id + "\x00"))
	}
	b.WriteByte(']')
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url.String(), bytes.NewReader(b.Bytes()))
	if err != nil {
		return errors.New("invalid request")
	}
	if n.o.Token != "" {
		req.Header.Set("Authorization", "Bearer "+n.o.Token)
	}
	for name, value := range n.o.Headers {
		req.Header.Set(name, value)
	}
	now := n.o.Now()
	timestamp := strconv.FormatInt(now.Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "stance")
	req.Header.Set(HeaderIdempotency, hex.EncodeToString(id.Sum(nil)[:16]))
	req.Header.Set(HeaderTimestamp, timestamp)
	if len(n.o.Keys) > 0 {
		var signatures []string
		for _, key := range n.o.Keys {
			signatures = append(signatures, "v1="+hex.EncodeToString(sign(key, timestamp, b.Bytes())))
		}
		req.Header.Set(HeaderSignature, strings.Join(signatures, ","))
	}
	_, err = httpout.Do(n.client, req, now)
	return err
}

// body returns the elements of the body that stand for an event.
func (n *Notifier) body(e alert.Event) ([]byte, error) {
	limit := n.o.MaxBytes - 2
	switch {
	case n.o.Prisma:
		return n.prisma(e, limit)
	case n.template != nil:
		out, err := n.template.Execute(n.texts.Message(&e))
		if err == nil && len(out) > limit {
			err = payload.ErrTooLarge
		}
		return []byte(strings.TrimSpace(out)), err
	}
	m := n.texts.Message(&e)
	extra, err := json.Marshal(struct {
		Title string `json:"title"`
		Text  string `json:"text,omitempty"`
	}{m.Title, m.Text})
	if err != nil {
		return nil, err
	}
	event, err := payload.JSON(e, limit-len(extra))
	if err != nil {
		return nil, err
	}
	return append(append(event[:len(event)-1], ','), extra[1:]...), nil
}

// headerName reports whether a string is a token of HTTP.
func headerName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}) < 0
}

// headerValue reports whether a string has no characters that end or break a header.
func headerValue(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f }) < 0
}

func sign(key []byte, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(timestamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}
