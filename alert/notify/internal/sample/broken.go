package sample

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
)

// Timeout is the time limit that notifiers in the tests of Broken must set.
const Timeout = 200 * time.Millisecond

// Canary is part of the secrets that notifiers in tests have.
const Canary = "canary"

// Broken tests a notifier that sends each event by HTTP against servers that do not accept
// events. open returns a notifier for the URL of a server, which may be HTTP and private.
func Broken(t *testing.T, open func(t *testing.T, url string) alert.Tester) {
	for name, c := range map[string]struct {
		handle    http.HandlerFunc
		permanent bool
		after     time.Duration
		requests  int // of two events: 1 if the first failure holds the channel back; 0: not checked
	}{
		"throttles": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
			io.WriteString(w, Canary)
		}, false, 30 * time.Second, 1},
		"fails":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, false, 0, 2},
		"is away":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, false, 0, 2},
		"refuses":   {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, Canary, http.StatusBadRequest) }, true, 0, 2},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+Canary, http.StatusFound) }, true, 0, 2},
		"cuts":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, false, 0, 0},
		"hangs": {func(_ http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, false, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				requests++
				mu.Unlock()
				c.handle(w, r)
			}))
			defer server.Close()
			events := []alert.Event{Opened(1), Opened(2)}
			err := open(t, server.URL).Notify(t.Context(), events)
			p, ok := errors.AsType[*alert.PartialError](err)
			require.True(t, ok, "%v", err)
			require.Len(t, p.Failed, 2)
			for i, f := range p.Failed {
				assert.Equal(t, i, f.Index)
				assert.Equal(t, c.permanent, f.Permanent, "%v", f.Err)
				assert.Equal(t, c.after, f.RetryAfter)
				assert.NotContains(t, strings.ToLower(f.Err.Error()), Canary)
			}
			mu.Lock()
			defer mu.Unlock()
			if c.requests > 0 {
				assert.Equal(t, c.requests, requests)
			}
		})
	}
	t.Run("context ended", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("shutdown")
		cancel(cause)
		n := open(t, server.URL)
		assert.ErrorIs(t, n.Notify(ctx, []alert.Event{Opened(1)}), cause)
		assert.ErrorIs(t, n.Test(ctx), cause)
		assert.NoError(t, n.Notify(ctx, nil))
	})
}

// Hostile returns an event with markup, mentions and control characters in every string.
func Hostile() alert.Event {
	const text = "<!channel> <@U1> <at>all</at> [x](https://evil.example) <https://evil.example|x> *b* {color} [~ann] <script>alert(1)</script> \"q\" \\ \x00\x1b[31m\u202e\r\nnext"
	e := Dismissed(1)
	a := e.Alert
	for _, s := range []*string{
		&a.Policy.Title, &a.Policy.Rationale, &a.Policy.Steps, &a.Policy.CLI, &a.Message, &a.Asset.Name, &a.Asset.AccountName, &a.Asset.Account,
		&a.Asset.Region, &a.Owner, &a.Assignee, &a.Ref.ID, &a.Key.Policy, &e.Rule, &e.Transition.Note, &e.Transition.Actor, &e.Transition.Key.Ref.ID,
	} {
		*s = text
	}
	a.Asset.Tags = map[string]string{text: text}
	a.Asset.URL = "javascript:alert(1)"
	e.Transition.Key = a.Key
	return e
}
