// Package httpjson sends events by HTTP requests with a JSON body.
package httpjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpout"
)

// Sender makes requests to one receiver.
type Sender struct {
	URL    *url.URL
	Header http.Header // also of secrets; nil: none
	Client *http.Client
	Now    func() time.Time
}

// New returns a Sender for a URL. The error does not hold the URL.
func New(raw string, o httpout.Options, now func() time.Time) (*Sender, error) {
	u, err := httpout.ParseURL(raw, o.AllowPrivate)
	if err != nil {
		return nil, err
	}
	if now == nil {
		now = time.Now
	}
	return &Sender{URL: u, Header: http.Header{}, Client: httpout.Client(o), Now: now}, nil
}

// Do sends a value as JSON, or nothing if it is nil, to a path and query below the URL, and
// returns the beginning of the response.
func (s *Sender) Do(ctx context.Context, method, path, query string, value any) ([]byte, error) {
	var body []byte
	if value != nil {
		var err error
		if body, err = json.Marshal(value); err != nil {
			return nil, Permanent(err)
		}
	}
	u := *s.URL
	if path != "" {
		u = *s.URL.JoinPath(path)
	}
	if query != "" {
		u.RawQuery = query
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, Permanent(fmt.Errorf("%s: invalid request", s.URL.Host))
	}
	if value != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	for name, values := range s.Header {
		req.Header[name] = values
	}
	return httpout.Do(s.Client, req, s.Now())
}

// Each sends events one after the other, and returns the error of [alert.Notifier].
func Each(ctx context.Context, events []alert.Event, send func(context.Context, alert.Event) error) error {
	return delivery.Each(ctx, events, classify, send)
}

// Permanent marks an error of an event that is of no use to send again.
func Permanent(err error) error { return &permanent{err} }

type permanent struct{ err error }

func (p *permanent) Error() string { return p.err.Error() }
func (p *permanent) Unwrap() error { return p.err }

// classify holds the whole channel back if it demands a pause or cannot be reached.
func classify(i int, err error) (e alert.EventError, whole bool) {
	if _, ok := errors.AsType[*permanent](err); ok {
		return alert.EventError{Index: i, Err: err, Permanent: true}, false
	}
	e = httpout.EventError(i, err)
	refused, ok := errors.AsType[*httpout.Error](err)
	return e, !ok || refused.RetryAfter > 0 || refused.Status == http.StatusTooManyRequests
}
