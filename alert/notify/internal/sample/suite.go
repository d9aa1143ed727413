package sample

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
)

// Suite runs the conformance suite with a notifier that sends events by HTTP. accept answers
// requests that the receiver accepts, and reports whether they were messages. open returns a
// notifier whose secrets contain Canary. sends reports whether the channel sends an event;
// nil: each.
func Suite(t *testing.T, accept func(w http.ResponseWriter, r *http.Request, body string) bool, open func(t *testing.T, url string) alert.Tester, sends func(alert.Event) bool) {
	alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
		var mu sync.Mutex
		var received []string
		answer := alerttest.Answer{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			defer mu.Unlock()
			if answer.Kind != alerttest.Accept && strings.Contains(string(body), answer.Only) {
				w.WriteHeader(map[alerttest.AnswerKind]int{alerttest.Later: 503, alerttest.Never: 400, alerttest.Forbidden: 403}[answer.Kind])
				io.WriteString(w, Canary+r.Header.Get("Authorization"))
				return
			}
			if accept(w, r, string(body)) {
				received = append(received, string(body))
			}
		}))
		t.Cleanup(server.Close)
		return &alerttest.Receiver{
			Notifier: open(t, server.URL),
			Received: func() []string {
				mu.Lock()
				defer mu.Unlock()
				return slices.Clone(received)
			},
			Answer: func(a alerttest.Answer) {
				mu.Lock()
				defer mu.Unlock()
				answer = a
			},
			Secrets: []string{Canary},
			Sends:   sends,
		}
	})
}
