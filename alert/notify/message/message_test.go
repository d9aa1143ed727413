package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/phrases"
	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func opened() *alert.Event {
	key := alert.Key{Policy: "aws-s3-bucket-public", Ref: asset.Ref{Type: "aws.s3.Bucket", ID: "arn:aws:s3:::logs"}}
	return &alert.Event{
		ID: "E-1", Kind: alert.EventOpened, At: at, Rule: "all", Link: "https://stance.example.com/a/P-1",
		Alert: &alert.Alert{
			Key: key, ID: "P-1", Status: alert.Open, Reason: alert.NewAlert, Message: "bucket policy allows everyone",
			Policy: alert.Policy{Title: "S3 bucket is public", Severity: policy.High},
			Asset:  alert.Asset{Name: "logs", Account: "111111111111", AccountName: "prod", URL: "https://console.aws.amazon.com/s3/logs"},
		},
		Transition: &alert.Transition{Alert: "P-1", Key: key, To: alert.Open, Reason: alert.NewAlert, Actor: "stance"},
	}
}

func TestMessage(t *testing.T) {
	for _, test := range []struct {
		language, title string
		first           []Field
		change          func(*alert.Event)
	}{
		{"en", "[High] Opened: S3 bucket is public (logs)", []Field{{"Alert", "P-1", "https://stance.example.com/a/P-1"}, {"Status", "Open", ""}, {"Reason", "New alert", ""}}, nil},
		{"ja", "［高］検出：S3 bucket is public（logs）", []Field{{"アラート", "P-1", "https://stance.example.com/a/P-1"}, {"状態", "オープン", ""}, {"理由", "新規アラート", ""}}, nil},
		{"en", "[High] Reopened: S3 bucket is public (logs)", nil, func(e *alert.Event) { e.Transition.From = alert.Resolved }},
		{"en", "[High] Resolved: S3 bucket is public (logs)", []Field{{"Alert", "P-1", "https://stance.example.com/a/P-1"}, {"Status", "Resolved", ""}, {"Reason", "reason_of_tomorrow", ""}}, func(e *alert.Event) {
			e.Kind, e.Transition.From, e.Transition.To, e.Transition.Reason = alert.EventResolved, alert.Open, alert.Resolved, "reason_of_tomorrow"
		}},
		{"ja", "日次ダイジェスト：検出 12,345 件、解決 2 件", []Field{{"検出", "12,345", ""}, {"高", "12,345", ""}, {"解決", "2", ""}}, func(e *alert.Event) {
			e.Digest = &alert.Digest{Title: "daily", Opened: 12345, Resolved: 2, Severity: map[policy.Severity]int{policy.High: 12345}}
		}},
		{"en", "Ended: Channel failing: slack", []Field{{"Subject", "slack", "https://stance.example.com/a/P-1"}, {"Since", "2026-03-01 12:00 UTC", ""}}, func(e *alert.Event) {
			e.Health = &alert.Health{Kind: alert.HealthChannel, Subject: "slack", Since: at, Until: at}
		}},
		{"en", "Monthly review", nil, func(e *alert.Event) { e.Review = &alert.ReviewNote{Title: "Monthly review"} }},
		{"ja", "Stance のテストメッセージ", nil, func(e *alert.Event) { *e = alert.Event{Kind: alert.EventTest} }},
	} {
		texts, err := NewTexts(test.language)
		require.NoError(t, err)
		e := opened()
		if test.change != nil {
			test.change(e)
		}
		m := texts.Message(e)
		assert.Equal(t, test.title, m.Title)
		if test.first != nil {
			require.GreaterOrEqual(t, len(m.Fields), len(test.first))
			assert.Equal(t, test.first, m.Fields[:len(test.first)])
		}
	}
}

func TestEveryValueHasAPhrase(t *testing.T) {
	for _, m := range samples() {
		assert.NotEmpty(t, m.Title)
		for _, f := range m.Fields {
			assert.NotContains(t, f.Label, "field.", "label without a phrase")
		}
		if m.Kind != "" {
			assert.True(t, phrases.Has("event."+m.Kind), m.Kind)
		}
	}
	for _, kind := range []alert.HealthKind{
		alert.HealthUnscanned, alert.HealthUnknown, alert.HealthPermission, alert.HealthChannel, alert.HealthDead, alert.HealthPending,
		alert.HealthHeld, alert.HealthPolicy, alert.HealthFuture, alert.HealthScan, alert.HealthClock,
	} {
		assert.True(t, phrases.Has("health."+string(kind)), kind)
	}
	for _, reason := range []alert.Reason{
		alert.NewAlert, alert.ResourceUpdated, alert.ResourceDeleted, alert.ResourceRescoped, alert.PolicyUpdated, alert.PolicyDisabled, alert.PolicyDeleted,
		alert.RuleUpdated, alert.RuleDisabled, alert.RuleDeleted, alert.GroupUpdated, alert.GroupDeleted, alert.AccountDeleted, alert.AnomalyConfigChange,
		alert.Remediated, alert.UserDismissed, alert.UserReopened, alert.SnoozeEnded, alert.Rediscovered, alert.Scheduled, alert.ExceptionGranted,
		alert.ExceptionEnded, alert.DismissalEnded, alert.ResourceRecreated, alert.RemediationFailed, alert.RolledBack, alert.Merged, alert.Restored,
	} {
		assert.True(t, phrases.Has("reason."+string(reason)), reason)
	}
}

// hostile is written into every string of an event.
var hostile = []string{
	`"}], "x": "`, `<script>alert(1)</script>`, "<!channel> <https://evil.example|click>", "[click](https://evil.example)", "*b* _i_ ~s~ `c`", "a\nb\r\nc\td\x00\x1b[31m",
	"\u202egnp.exe\u202c", "{{.Title}} ${jndi}", "bad \xff utf-8", strings.Repeat("長", 5000), `\`, `"`, "&amp;", "##vso[task.setvariable]",
}

func hostileEvent(s string) *alert.Event {
	key := alert.Key{Policy: s, Ref: asset.Ref{Type: asset.Type(s), ID: s}}
	return &alert.Event{
		ID: s, Kind: alert.EventKind(s), At: at, Tenant: s, Rule: s, Link: s,
		Alert: &alert.Alert{
			Key: key, ID: s, Status: alert.Status(s), Reason: alert.Reason(s), Message: s, Owner: s, Assignee: s,
			Policy: alert.Policy{Title: s, Rationale: s, Steps: s, Labels: []string{s}, Controls: []string{s}, Severity: policy.Low},
			Asset:  alert.Asset{Provider: s, Account: s, Region: s, Name: s, URL: s, Tags: map[string]string{s: s}, AccountName: s, Groups: []string{s}},
		},
		Transition: &alert.Transition{Alert: s, Key: key, To: alert.Status(s), From: alert.Status(s), Reason: alert.Reason(s), Actor: s, Note: s},
	}
}

func TestHostileStrings(t *testing.T) {
	texts, err := NewTexts("en")
	require.NoError(t, err)
	for _, s := range hostile {
		m := texts.Message(hostileEvent(s))
		assert.True(t, utf8.ValidString(m.Text))
		for _, one := range append([]string{m.Title, m.Alert.Asset, m.Alert.Note, m.Rule}, m.Alert.Labels...) {
			assert.LessOrEqual(t, len(one), maxLine+10*len("\\u0000"))
			for _, r := range one {
				assert.True(t, printable.Rune(r) || r == utf8.RuneError, "%q in %q", r, one)
			}
		}
		assert.Empty(t, m.Link, "no URL: %q", s)
		for format := Text; format <= Markdown; format++ {
			tmpl, err := Default(format)
			require.NoError(t, err)
			out, err := tmpl.Execute(m)
			require.NoError(t, err)
			switch format {
			case JSON:
				assert.True(t, json.Valid([]byte(out)))
			case HTML:
				assert.NotContains(t, out, "<script>")
			case Slack:
				assert.NotContains(t, out, "<")
			case Markdown:
				assert.NotContains(t, out, "[click]")
				assert.NotContains(t, out, "<")
			}
		}
	}
}

func TestEscape(t *testing.T) {
	value := "a<b> & \"c\" *d* _e_ [f](g) \\ `h`"
	texts, err := NewTexts("en")
	require.NoError(t, err)
	e := opened()
	e.Alert.Policy.Title = value
	e.Alert.Policy.Labels = []string{value, value}
	m := texts.Message(e)
	for _, test := range []struct {
		format       Format
		source, want string
	}{
		{Text, "{{.Alert.PolicyTitle}}", value},
		{JSON, `{"t":"{{.Alert.PolicyTitle}}","n":{{len .Alert.Labels}},"j":{{json .Alert.PolicyTitle}}}`, `{"t":"a\u003cb\u003e \u0026 \"c\" *d* _e_ [f](g) \\ ` + "`h`" + `","n":2,"j":"a\u003cb\u003e \u0026 \"c\" *d* _e_ [f](g) \\ ` + "`h`" + `"}`},
		{JSON, `{"t":"{{printf "%s" .Alert.PolicyTitle}}"}`, `{"t":"a\u003cb\u003e \u0026 \"c\" *d* _e_ [f](g) \\ ` + "`h`" + `"}`},
		{HTML, "<b>{{.Alert.PolicyTitle}}</b>", "<b>a&lt;b&gt; &amp; &#34;c&#34; *d* _e_ [f](g) \\ `h`</b>"},
		{Slack, "*{{.Alert.PolicyTitle}}*", "*a&lt;b&gt; &amp; \"c\" *\u200bd*\u200b _\u200be_\u200b [f](g) \\ `\u200bh`\u200b*"},
		{Markdown, "**{{.Alert.PolicyTitle}}**", "**a&lt;b&gt; &amp; \"c\" \\*d\\* \\_e\\_ \\[f\\]\\(g\\) \\\\ \\`h\\`**"},
		{Slack, `{{define "x"}}{{.}}{{end}}{{range .Alert.Labels}}{{template "x" .}}{{break}}{{end}}{{with $x := .Alert.Message}}{{$x}}{{end}}`, "a&lt;b&gt; &amp; \"c\" *\u200bd*\u200b _\u200be_\u200b [f](g) \\ `\u200bh`\u200bbucket policy allows everyone"},
		{Slack, `{{if eq .Alert.Severity "high"}}yes{{else}}{{.Title}}{{end}}`, "yes"},
		{Slack, `<{{.Link}}|{{"<"}}>`, "<https://stance.example.com/a/P-1|&lt;>"},
		{Markdown, `[x]({{.Link}}) {{time .At}}`, `[x](https://stance.example.com/a/P-1) 2026\-03\-01 12\:00 UTC`},
		{HTML, `<a href="{{.Alert.Console}}">{{join .Alert.Controls}}</a>`, `<a href="https://console.aws.amazon.com/s3/logs"></a>`},
		{Text, `{{.Alert.Due.IsZero}} {{time .Alert.Due}}|{{index .Alert.Tags "no"}}|`, "true ||"},
	} {
		tmpl, err := Parse(test.format, test.source)
		require.NoError(t, err, test.source)
		out, err := tmpl.Execute(m)
		require.NoError(t, err)
		assert.Equal(t, test.want, out)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct {
		format          Format
		source, problem string
	}{
		{Text, "{{.Titel}}", "template:1:2: executing \"template\" at <.Titel>: can't evaluate field Titel in type *message.Message (want Title?)"},
		{Slack, "x\n{{.Alert.Sevrity}}", "template:2:8: executing \"template\" at <.Alert.Sevrity>: can't evaluate field Sevrity in type message.Alert (want Severity?)"},
		{Text, `{{if eq .Kind "health"}}{{.Health.Subjct}}{{end}}`, "(want Subject?)"},
		{Text, "{{.Title", "unclosed action"},
		{Text, "{{exec .Title}}", `function "exec" not defined`},
		{Text, "{{json .Title}}", `function "json" not defined`},
		{HTML, "<a href={{.Zitel}}>", "Zitel"},
		{HTML, "<a href='{{if .Title}}\"{{end}}>", "ends in"},
		{JSON, `{"a": {{.Title}}}`, "invalid JSON"},
		{JSON, `{"a": "{{.Title}}",}`, "invalid JSON"},
		{Text, `{{index .Alert.Labels 3}}`, "index out of range"},
		{Text, `{{range $i, $x := .Fields}}{{printf "%65536s" $x.Value}}{{end}}`, "too long"},
		{99, "x", "unknown format 99"},
	} {
		_, err := Parse(test.format, test.source)
		assert.ErrorContains(t, err, test.problem, test.source)
	}
}

func TestLink(t *testing.T) {
	for raw, want := range map[string]string{
		"https://example.com/a?b=c&d=e#f": "https://example.com/a?b=c&d=e#f",
		"http://example.com":              "http://example.com",
		"https://example.com/a|b>c)d(e":   "https://example.com/a%7Cb%3Ec%29d%28e",
		"https://example.com/日本":          "https://example.com/%E6%97%A5%E6%9C%AC",
		"https://example.com/?q=|>'\"":    "https://example.com/?q=%7C%3E%27%22",
		"javascript:alert(1)":             "",
		"data:text/html,x":                "",
		"//example.com/x":                 "",
		"https://u:p@example.com/x":       "",
		"https://exa mple.com":            "",
		"https://example.com/\n":          "",
		"":                                "",
	} {
		assert.Equal(t, URL(want), link(raw), raw)
	}
}

func FuzzMessage(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	texts, err := NewTexts("ja")
	require.NoError(f, err)
	var all []*Template
	for format := Text; format <= Markdown; format++ {
		tmpl, err := Default(format)
		require.NoError(f, err)
		all = append(all, tmpl)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := texts.Message(hostileEvent(s))
		for _, tmpl := range all {
			out, err := tmpl.Execute(m)
			require.NoError(t, err)
			require.True(t, utf8.ValidString(out))
		}
	})
}

func ExampleParse() {
	tmpl, err := Parse(Slack, "*{{.Alert.Severity}}* {{.Alert.PolicyTitle}}: {{.Alert.AssetName}}")
	if err != nil {
		panic(err)
	}
	texts, err := NewTexts("en")
	if err != nil {
		panic(err)
	}
	e := opened()
	e.Alert.Asset.Name = "<logs>"
	out, err := tmpl.Execute(texts.Message(e))
	if err != nil {
		panic(err)
	}
	fmt.Println(out)
	// Output: *high* S3 bucket is public: &lt;logs&gt;
}
