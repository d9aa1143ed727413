package teams_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/sample"
	"github.com/openstance/stance/alert/notify/teams"
)

type card struct {
	Type, Version string
	Body          []struct {
		Type, Text string
		Wrap       bool
		Inlines    []struct {
			Type, Text   string
			SelectAction *struct{ URL string }
		}
	}
	Actions []struct{ Type, URL string }
}

// post sends an event to a server and returns the card that arrived, and all of its text.
func post(t *testing.T, o teams.Options, e alert.Event) (card, string) {
	t.Helper()
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	o.AllowPrivate = true
	n, err := teams.New(server.URL+"/workflows/canary?sig=canary", &o)
	require.NoError(t, err)
	require.NoError(t, n.Notify(t.Context(), []alert.Event{e}))
	assert.LessOrEqual(t, len(body), teams.MaxBytes)
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     card
		}
	}
	require.NoError(t, json.Unmarshal(body, &m))
	require.Equal(t, "message", m.Type)
	require.Len(t, m.Attachments, 1)
	require.Equal(t, "application/vnd.microsoft.card.adaptive", m.Attachments[0].ContentType)
	c := m.Attachments[0].Content
	require.Equal(t, "AdaptiveCard", c.Type)
	var text strings.Builder
	for _, b := range c.Body {
		text.WriteString(b.Text)
		for _, r := range b.Inlines {
			require.Equal(t, "TextRun", r.Type)
			text.WriteString(r.Text)
		}
		text.WriteByte('\n')
	}
	return c, text.String()
}

func TestCard(t *testing.T) {
	c, text := post(t, teams.Options{}, sample.Opened(1))
	assert.Contains(t, c.Body[0].Inlines[0].Text, "S3 buckets block public access")
	assert.Contains(t, text, "bucket-1 is public")
	assert.Contains(t, text, "Severity: High\n")
	require.Len(t, c.Actions, 1)
	assert.Equal(t, "Action.OpenUrl", c.Actions[0].Type)
	assert.Equal(t, sample.Opened(1).Link, c.Actions[0].URL)
	for _, e := range []alert.Event{sample.Digest(70), sample.Health(false), sample.Health(true), sample.Review(), {ID: "x", Kind: alert.EventTest}} {
		c, _ := post(t, teams.Options{Language: "ja"}, e)
		assert.NotEmpty(t, c.Body[0].Inlines[0].Text)
	}
}

func TestTemplate(t *testing.T) {
	c, text := post(t, teams.Options{Template: "**{{.Alert.Severity}}** {{.Alert.Message}}"}, sample.Hostile())
	require.Len(t, c.Body, 2)
	assert.Equal(t, "TextBlock", c.Body[1].Type)
	assert.True(t, c.Body[1].Wrap)
	assert.NotContains(t, text[strings.Index(text, "**"):], "[x](https")
	assert.NotContains(t, c.Body[1].Text, "<at>")
	_, err := teams.New("https://example.com/x", &teams.Options{Template: "{{.Titel}}"})
	assert.ErrorContains(t, err, "want Title?")
}

// Text runs have no markup; only they hold what clouds and users wrote.
func TestHostileStrings(t *testing.T) {
	c, text := post(t, teams.Options{}, sample.Hostile())
	for _, b := range c.Body {
		assert.Equal(t, "RichTextBlock", b.Type)
		for _, r := range b.Inlines {
			if r.SelectAction != nil {
				assert.True(t, strings.HasPrefix(r.SelectAction.URL, "https://"))
			}
		}
	}
	for _, bad := range []string{"\x1b", "\u202e", "\x00"} {
		assert.NotContains(t, text, bad)
	}
}

func TestLongTexts(t *testing.T) {
	e := sample.Opened(1)
	long := strings.Repeat("<日本語> ", 3000)
	e.Alert.Policy.Rationale, e.Alert.Policy.Steps, e.Alert.Message, e.Alert.Owner = long, long, long, long
	_, text := post(t, teams.Options{}, e)
	assert.Contains(t, text, "…")
	post(t, teams.Options{Template: "{{.Text}}{{.Text}}{{.Text}}"}, e)
	d := sample.Digest(50)
	for i, a := range d.Digest.Alerts {
		a.Policy.Title = long
		d.Digest.Accounts[strings.Repeat("x", 500)+string(rune('a'+i))] = 1
	}
	post(t, teams.Options{}, d)
}

func TestBrokenServers(t *testing.T) {
	sample.Broken(t, func(t *testing.T, url string) alert.Tester {
		n, err := teams.New(url+"/workflows?sig=canary", &teams.Options{AllowPrivate: true, Timeout: sample.Timeout})
		require.NoError(t, err)
		return n
	})
}

func TestNew(t *testing.T) {
	for _, url := range []string{"canary", "http://example.com/canary", "https://user:canary@example.com/"} {
		_, err := teams.New(url, nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "canary")
	}
}

func ExampleNew() {
	n, err := teams.New("https://prod.example.com/workflows/from-your-secrets", nil)
	if err != nil {
		panic(err)
	}
	var channel alert.Notifier = n
	_ = channel
}
