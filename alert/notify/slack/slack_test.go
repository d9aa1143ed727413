package slack_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/httpout"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/slack"
)

type payload struct {
	Text   string
	Blocks []struct {
		Type string
		Text *struct {
			Type, Text string
			Emoji      *bool
		}
		Elements []struct{ Type, URL string }
	}
	Unfurl bool `json:"unfurl_links"`
}

// post sends an event to a server and returns what arrived.
func post(t *testing.T, o slack.Options, e alert.Event) payload {
	t.Helper()
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		io.WriteString(w, "ok")
	}))
	defer server.Close()
	o.AllowPrivate = true
	n, err := slack.New(server.URL+"/services/T/B/canary", &o)
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	var p payload
	require.NoError(t, json.Unmarshal(body, &p))
	check(t, p)
	return p
}

// check checks what Slack demands of a message.
func check(t *testing.T, p payload) {
	t.Helper()
	assert.NotEmpty(t, p.Text)
	assert.False(t, p.Unfurl)
	assert.LessOrEqual(t, len(p.Blocks), 50)
	for _, b := range p.Blocks {
		limit := 3000
		switch b.Type {
		case "header":
			limit = 150
			assert.Equal(t, "plain_text", b.Text.Type)
		case "actions":
			require.Len(t, b.Elements, 1)
			assert.True(t, strings.HasPrefix(b.Elements[0].URL, "https://"))
			continue
		}
		n := len([]rune(b.Text.Text))
		assert.Positive(t, n)
		assert.LessOrEqual(t, n, limit)
		assert.Equal(t, b.Text.Type == "mrkdwn", b.Text.Emoji == nil, "mrkdwn has no emoji member")
	}
}

func all(p payload) string {
	var b strings.Builder
	for _, x := range p.Blocks {
		if x.Text != nil {
			b.WriteString(x.Text.Text + "\n")
		}
	}
	return b.String()
}

func TestMessage(t *testing.T) {
	p := post(t, slack.Options{}, sample.Opened(1))
	assert.Contains(t, p.Blocks[0].Text.Text, "S3 buckets block public access")
	assert.Contains(t, all(p), "bucket-1 is public")
	assert.Contains(t, all(p), "*Severity:* High")
	last := p.Blocks[len(p.Blocks)-1]
	assert.Equal(t, sample.Opened(1).Link, last.Elements[0].URL)
	for _, e := range []alert.Event{sample.Digest(70), sample.Health(false), sample.Health(true), sample.Review(), {ID: "x", Kind: alert.EventTest}} {
		post(t, slack.Options{Language: "ja"}, e)
	}
}

func TestTemplate(t *testing.T) {
	p := post(t, slack.Options{Template: "*{{.Alert.AssetName}}* is {{.Alert.Status}}"}, sample.Opened(1))
	require.Len(t, p.Blocks, 3)
	assert.Equal(t, "*bucket-1* is open", p.Blocks[1].Text.Text)
	_, err := slack.New("https://hooks.slack.com/x", &slack.Options{Template: "{{.Titel}}"})
	assert.ErrorContains(t, err, "want Title?")
}

func TestHostileStrings(t *testing.T) {
	p := post(t, slack.Options{}, sample.Hostile())
	text := p.Text
	for _, b := range p.Blocks {
		if b.Text != nil && b.Text.Type == "mrkdwn" {
			text += b.Text.Text
		}
	}
	for _, bad := range []string{"<!channel>", "<@U1>", "<https://evil", "<script", "javascript:", "\x1b", "\u202e", "\x00"} {
		assert.NotContains(t, text, bad)
	}
	assert.Contains(t, text, "&lt;!channel&gt;")
}

func TestLongTexts(t *testing.T) {
	for _, long := range []string{strings.Repeat("&", 20_000), strings.Repeat("日本語\n", 3000), strings.Repeat("<x> ", 3000)} {
		e := sample.Opened(1)
		e.Alert.Policy.Title, e.Alert.Policy.Rationale, e.Alert.Policy.Steps, e.Alert.Message = long, long, long, long
		p := post(t, slack.Options{}, e)
		for _, b := range p.Blocks {
			if b.Text != nil && b.Text.Type == "mrkdwn" {
				rest := strings.NewReplacer("&amp;", "", "&lt;", "", "&gt;", "").Replace(b.Text.Text)
				assert.NotContains(t, rest, "&", "no escape is parted")
			}
		}
	}
	p := post(t, slack.Options{Template: strings.Repeat("{{.Alert.Message}}\n", 120)}, func() alert.Event {
		e := sample.Opened(1)
		e.Alert.Message = strings.Repeat("m", 1900)
		return e
	}())
	assert.Len(t, p.Blocks, 50)
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		n, err := slack.New(url+"/services/canary", &slack.Options{AllowPrivate: true, Timeout: sample.Timeout})
		require.NoError(t, err)
		return n
	})
}

func TestPageInsteadOfSlack(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>log in</html>") }))
	defer server.Close()
	n, err := slack.New(server.URL, &slack.Options{AllowPrivate: true})
	require.NoError(t, err)
	assert.ErrorContains(t, n.Test(t.Context()), "without the acknowledgment")
}

func TestNew(t *testing.T) {
	for _, url := range []string{"canary", "http://hooks.slack.com/canary", "https://user:canary@hooks.slack.com/", "https:canary", "https://h/%zz-canary"} {
		_, err := slack.New(url, nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	n, err := slack.New(server.URL, &slack.Options{Now: func() time.Time { return sample.At }})
	require.NoError(t, err)
	assert.ErrorIs(t, n.Test(t.Context()), httpout.ErrAddress)
}

func ExampleNew() {
	n, err := slack.New("https://hooks.slack.com/services/from/your/secrets", &slack.Options{Language: "ja"})
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
