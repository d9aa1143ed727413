// Package jira keeps an issue of Jira Cloud for each alert.
package jira

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"sync"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/httpjson"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/message"
	"github.com/openstance/stance/policy"
)

// Credentials log in to Jira: a user's address and API token, or a bearer token alone.
type Credentials struct{ User, Token string }

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // of a request; 0: 30 seconds
	Language     string        // "en" or "ja"; empty: "en"
	// Priorities are names of priorities by severity; one without a name keeps the default of
	// the project.
	Priorities map[policy.Severity]string
	// Fields are further fields of new issues, as the REST API names them.
	Fields map[string]any
	// Labels are further labels of new issues.
	Labels []string
	// Resolve and Reopen are names of transitions. Empty: the first one that leads to a status
	// of the category done, or to one of another category.
	Resolve, Reopen string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// Notifier creates an issue when an alert opens, and finds it again by a label that has the
// alert's ID: "stance-P-...". Later events are comments of the issue; the end of an alert
// resolves the issue, and its reopening reopens it. Events about an alert without an issue
// create one, except those that end the alert. Health conditions have an issue until they
// end; digests, reviews and tests have one each.
//
// A comment holds the digest of its event, and a new issue that of its first event, so that
// an event that arrives again changes nothing. Jira's search lags some seconds behind;
// issues that this Notifier made are known without it.
//
// Texts are nodes of the Atlassian Document Format, in which nothing is markup or a mention.
type Notifier struct {
	sender        *httpjson.Sender
	project, kind string
	options       Options
	texts         *message.Texts

	mu    sync.Mutex
	known map[string]string // keys of issues by label
}

var _ alert.Tester = (*Notifier)(nil)

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

// New returns a Notifier that writes issues of a type, such as "Task", to a project of a
// site, such as "https://example.atlassian.net". The credentials need the permissions to
// browse the project, and to create, comment and transition issues.
func New(siteURL, project, issueType string, c Credentials, opts *Options) (*Notifier, error) {
	n := &Notifier{project: project, kind: issueType, known: map[string]string{}}
	if opts != nil {
		n.options = *opts
	}
	o := &n.options
	switch {
	case !projectKey.MatchString(project):
		return nil, fmt.Errorf("jira channel: invalid key %q of the project", project)
	case issueType == "":
		return nil, errors.New("jira channel: no type of issues")
	case c.Token == "":
		return nil, errors.New("jira channel: no token")
	}
	var err error
	if n.sender, err = httpjson.New(siteURL, httpout.Options{AllowPrivate: o.AllowPrivate, Timeout: o.Timeout}, o.Now); err != nil {
		return nil, fmt.Errorf("jira channel: %w", err)
	}
	if n.texts, err = message.NewTexts(o.Language); err != nil {
		return nil, fmt.Errorf("jira channel: %w", err)
	}
	login := "Bearer " + c.Token
	if c.User != "" {
		login = "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Token))
	}
	n.sender.Header.Set("Authorization", login)
	n.sender.Header.Set("Accept", "application/json")
	o.Fields = maps.Clone(o.Fields)
	return n, nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	return httpjson.Each(ctx, events, n.send)
}

// Test creates an issue of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.sender.Now())})
}

// aim is what an event wants of its issue.
type aim int

const (
	isOpen aim = iota // create it, or comment and reopen it
	isDone            // comment and resolve it, if it exists
	noted             // comment, if it exists
)

func aimOf(e *alert.Event) aim {
	switch e.Kind {
	case alert.EventResolved:
		return isDone
	case alert.EventDismissed, alert.EventSnoozed:
		return isDone
	case alert.EventPending:
		return noted
	case alert.EventHealth:
		if e.Health != nil && !e.Health.Until.IsZero() {
			return isDone
		}
	}
	return isOpen
}

func (n *Notifier) send(ctx context.Context, e alert.Event) error {
	label, mark, want := labelOf(&e), markOf(e.ID), aimOf(&e)
	m := n.texts.Message(&e)
	found, err := n.find(ctx, label)
	if err != nil {
		return err
	}
	if found == nil {
		if want != isOpen {
			return nil // there is nothing to end
		}
		return n.create(ctx, &e, m, label, mark)
	}
	if found.mark(mark) {
		return nil // the event created the issue
	}
	commented, err := n.commented(ctx, found.Key, mark)
	if err != nil || commented {
		return err
	}
	// The transition comes first: a comment says that its event is complete.
	done := found.Fields.Status.Category.Key == "done"
	switch {
	case want == isDone && !done:
		err = n.transition(ctx, found.Key, n.options.Resolve, true)
	case want == isOpen && done:
		err = n.transition(ctx, found.Key, n.options.Reopen, false)
	}
	if err != nil {
		return err
	}
	return n.comment(ctx, found.Key, m, mark)
}

// maxKnown is the number of issues that are known without a search.
const maxKnown = 10_000

func (n *Notifier) remember(label, key string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.known) >= maxKnown {
		clear(n.known)
	}
	n.known[label] = key
}

func (n *Notifier) recall(label string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.known[label]
}

func (n *Notifier) forget(label string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.known, label)
}

// priority returns the name of the priority of an alert, or "".
func (n *Notifier) priority(e *alert.Event) string {
	if e.Alert == nil {
		return ""
	}
	return n.options.Priorities[e.Alert.Policy.Severity]
}

var labelText = regexp.MustCompile(`^[A-Za-z0-9-]{1,200}$`)

// labelOf returns the label by which the issue of an event is found. It needs no quoting in
// a query.
func labelOf(e *alert.Event) string {
	id := ""
	switch {
	case delivery.Alert(*e) != "":
		id = e.Alert.ID
	case e.Transition != nil:
		id = e.Transition.Alert
	case e.Health != nil:
		id = "health-" + markOf(string(e.Health.Kind)+"/"+e.Health.Subject)
	}
	id = cmp.Or(id, "event-"+markOf(e.ID))
	if !labelText.MatchString(id) {
		id = markOf(id)
	}
	return "stance-" + id
}
