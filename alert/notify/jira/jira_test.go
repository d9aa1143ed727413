package jira_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/jira"
	"github.com/openstance/stance/policy"
)

func open(t *testing.T, url string, o jira.Options) *jira.Notifier {
	t.Helper()
	o.AllowPrivate = true
	if o.Timeout == 0 {
		o.Timeout = 5 * sample.Timeout
	}
	n, err := jira.New(url, "SEC", "Task", jira.Credentials{User: "bot@example.com", Token: "canary"}, &o)
	require.NoError(t, err)
	return n
}

func reopened() alert.Event {
	e := sample.Opened(1)
	e.ID += "/2"
	e.Transition.From = alert.Resolved
	return e
}

func failed(t *testing.T, err error) alert.EventError {
	t.Helper()
	p, ok := errors.AsType[*alert.PartialError](err)
	require.True(t, ok, "%v", err)
	require.Len(t, p.Failed, 1)
	return p.Failed[0]
}

func TestLifeOfAnAlert(t *testing.T) {
	s, url := serve(t)
	n := open(t, url, jira.Options{Priorities: map[policy.Severity]string{policy.High: "P2"}, Labels: []string{"cloud"}, Fields: map[string]any{"customfield_1": "x"}})
	notify := func(events ...alert.Event) {
		t.Helper()
		require.NoError(t, n.Notify(t.Context(), events))
		require.NoError(t, n.Notify(t.Context(), events), "again")
		require.NoError(t, open(t, url, jira.Options{}).Notify(t.Context(), events), "again, after a restart")
	}
	notify(sample.Opened(1))
	require.Len(t, s.issues, 1)
	i := s.issues[0]
	assert.Contains(t, i.fields["summary"], "S3 buckets block public access")
	assert.Equal(t, map[string]any{"name": "P2"}, i.fields["priority"])
	assert.Equal(t, "x", i.fields["customfield_1"])
	assert.Equal(t, "stance-"+sample.Alert(1).ID, i.labels()[0])
	assert.Contains(t, i.labels(), "cloud")
	assert.Empty(t, i.comments)

	notify(sample.Resolved(1))
	assert.True(t, i.done)
	assert.Equal(t, []string{"21"}, i.moves)
	assert.Len(t, i.comments, 1)

	notify(reopened())
	assert.False(t, i.done)
	assert.Equal(t, []string{"21", "11"}, i.moves)
	assert.Len(t, i.comments, 2)

	// An event of before that arrives again does not close the issue.
	notify(sample.Resolved(1))
	assert.False(t, i.done)
	assert.Len(t, i.comments, 2)
	assert.Len(t, s.issues, 1)

	notify(sample.Resolved(2), sample.Dismissed(3))
	assert.Len(t, s.issues, 1, "an end without an issue makes none")
}

func TestOtherEvents(t *testing.T) {
	s, url := serve(t)
	n := open(t, url, jira.Options{Language: "ja"})
	events := []alert.Event{sample.Health(false), sample.Digest(60), sample.Review()}
	require.NoError(t, n.Notify(t.Context(), events))
	require.NoError(t, n.Notify(t.Context(), events))
	require.NoError(t, n.Test(t.Context()))
	require.Len(t, s.issues, 4)
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Health(true)}))
	assert.True(t, s.issues[0].done)
	assert.Len(t, s.issues, 4)
}

// The search of Jira finds a new issue only after some seconds.
func TestSearchLags(t *testing.T) {
	s, url := serve(t)
	s.lag = true
	n := open(t, url, jira.Options{})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Resolved(1)}))
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	require.Len(t, s.issues, 1)
	assert.True(t, s.issues[0].done)
	assert.Equal(t, 1, s.searches)
}

func TestDeletedIssue(t *testing.T) {
	s, url := serve(t)
	n := open(t, url, jira.Options{})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1)}))
	s.issues = nil
	require.NoError(t, n.Notify(t.Context(), []alert.Event{reopened()}))
	assert.Len(t, s.issues, 1)
}

func TestFailedSteps(t *testing.T) {
	for _, step := range []string{"POST search/jql", "GET issue/SEC-1/comment", "GET issue/SEC-1/transitions", "POST issue/SEC-1/transitions", "POST issue/SEC-1/comment"} {
		t.Run(step, func(t *testing.T) {
			s, url := serve(t)
			require.NoError(t, open(t, url, jira.Options{}).Notify(t.Context(), []alert.Event{sample.Opened(1)}))
			s.fail[step] = 1
			n := open(t, url, jira.Options{})
			f := failed(t, n.Notify(t.Context(), []alert.Event{sample.Resolved(1)}))
			assert.False(t, f.Permanent)
			require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Resolved(1)}))
			assert.Equal(t, []string{"21"}, s.issues[0].moves)
			assert.Len(t, s.issues[0].comments, 1)
		})
	}
}

func TestTransitions(t *testing.T) {
	s, url := serve(t)
	n := open(t, url, jira.Options{Resolve: "Will not do"})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Dismissed(1)}))
	assert.Equal(t, []string{"22"}, s.issues[0].moves)

	s, url = serve(t)
	s.noResolve = true
	f := failed(t, open(t, url, jira.Options{}).Notify(t.Context(), []alert.Event{sample.Opened(1), sample.Resolved(1)}))
	assert.True(t, f.Permanent)
	assert.EqualError(t, f.Err, `issue SEC-1: no transition "to a status that is done"`)
}

func TestHostileStrings(t *testing.T) {
	s, url := serve(t)
	e := sample.Hostile()
	e.Kind = alert.EventOpened
	e.Alert.ID = `P-1" OR project = "X`
	n := open(t, url, jira.Options{})
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	require.Len(t, s.issues, 1)
	assert.NotContains(t, s.issues[0].labels()[0], " ")
	raw, err := json.Marshal(s.issues[0].fields["description"])
	require.NoError(t, err)
	assert.NotContains(t, string(raw), `"mention"`)
	assert.NotContains(t, string(raw), `javascript:`)
}

// A page in place of a search must not pass for "there is no issue".
func TestPageInsteadOfJira(t *testing.T) {
	for _, page := range []string{"<html>log in</html>", "{}", "null", "[]", `{"issues":null}`} {
		posts := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/issue") {
				posts++
			}
			io.WriteString(w, page)
		}))
		f := failed(t, open(t, server.URL, jira.Options{}).Notify(t.Context(), []alert.Event{sample.Opened(1)}))
		assert.EqualError(t, f.Err, "jira: invalid response")
		assert.Zero(t, posts)
		server.Close()
	}
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		return open(t, url, jira.Options{Timeout: sample.Timeout})
	})
}

func TestWrongToken(t *testing.T) {
	_, url := serve(t)
	n, err := jira.New(url, "SEC", "Task", jira.Credentials{Token: "canary-wrong"}, &jira.Options{AllowPrivate: true})
	require.NoError(t, err)
	f := failed(t, n.Test(t.Context()))
	assert.ErrorContains(t, f.Err, "401")
	assert.NotContains(t, f.Err.Error(), "canary")
}

func TestNew(t *testing.T) {
	c := jira.Credentials{Token: "canary"}
	_, err := jira.New("https://x.atlassian.net", `S" OR "`, "Task", c, nil)
	assert.EqualError(t, err, `jira channel: invalid key "S\" OR \"" of the project`)
	_, err = jira.New("https://x.atlassian.net", "SEC", "", c, nil)
	assert.EqualError(t, err, "jira channel: no type of issues")
	_, err = jira.New("https://x.atlassian.net", "SEC", "Task", jira.Credentials{}, nil)
	assert.EqualError(t, err, "jira channel: no token")
	_, err = jira.New("http://x.atlassian.net", "SEC", "Task", c, nil)
	assert.EqualError(t, err, "jira channel: invalid scheme of the URL (want https)")
}

func ExampleNew() {
	n, err := jira.New("https://example.atlassian.net", "SEC", "Task",
		jira.Credentials{User: "bot@example.com", Token: "from your secret store"}, nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
