package jira_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/jira"
)

// An event that ends or notes something is sent if there is an issue.
func TestSuite(t *testing.T) {
	var current *site
	sample.Suite(t, func(w http.ResponseWriter, r *http.Request, body string) bool {
		r.Body = io.NopCloser(bytes.NewReader([]byte(body)))
		current.ServeHTTP(w, r)
		return r.Method == http.MethodPost && (strings.HasSuffix(r.URL.Path, "/issue") || strings.HasSuffix(r.URL.Path, "/comment"))
	}, func(t *testing.T, url string) alert.Tester {
		current = &site{fail: map[string]int{}}
		return open(t, url, jira.Options{})
	}, func(e alert.Event) bool {
		switch e.Kind {
		case alert.EventResolved, alert.EventDismissed, alert.EventSnoozed, alert.EventPending:
			return current.has(e.Alert)
		case alert.EventHealth:
			return e.Health.Until.IsZero()
		}
		return true
	})
}

// has reports whether an alert has an issue.
func (s *site) has(a *alert.Alert) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.issues, func(i *stored) bool { return a != nil && slices.Contains(i.labels(), "stance-"+a.ID) })
}
