package operating_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/operating"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

const thing asset.Type = "Test::Thing"

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// things returns a set of policies with the ids.
func things(t testing.TB, ids ...string) *policy.Set {
	var policies []*policy.Policy
	for _, id := range ids {
		policies = append(policies, &policy.Policy{
			ID: id, Title: "Things are " + id, Severity: policy.High, Controls: []string{"std/" + id},
			Checks: []policy.Check{{Types: []asset.Type{thing}, Require: "config.?" + id + ".orValue(false)", Message: "'bad'"}},
		})
	}
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{thing}}, policies...)
	require.NoError(t, err)
	return set
}

func options(t testing.TB) *operating.Options {
	return &operating.Options{
		Rules: alert.RulesOptions{Channels: []string{"chat", "mail"}, Set: things(t, "good", "tidy")},
		Standards: []*compliance.Standard{
			{ID: "std", Name: "Things", Requirements: []compliance.Requirement{{ID: "1", Title: "All", Sections: []compliance.Section{{ID: "good", Title: "Good"}, {ID: "tidy", Title: "Tidy"}}}}},
			{ID: "acme", Name: "Acme", Requirements: []compliance.Requirement{{ID: "1", Title: "All", Sections: []compliance.Section{{ID: "1", Title: "Good", Policies: []string{"good"}}}}}},
		},
		Remediation: func(n *yaml.Node) error {
			if n.Value == "wrong" {
				return errors.New("no approvals")
			}
			return nil
		},
	}
}

const document = `name: Acme cloud operations
start: baseline
channels: [chat, mail]
standards: [acme]
notify:
  - {channels: [chat], on: [opened, overdue]}
due: {critical: 24h, high: 7d}
rules:
  - name: production
    accountGroups: [production]
    severities: [high]
  - name: rest
    due: {low: 30d}
    notify: [{channels: [mail], every: daily}]
groups:
  - {name: production, accounts: ["1"]}
owners: {default: security team}
review: {every: monthly, day: 1, channel: mail, language: ja-JP}
remediation: {approvals: []}
`

func TestLoad(t *testing.T) {
	p, err := operating.Load(options(t), []byte(document), "ops.yaml")
	require.NoError(t, err)
	assert.Equal(t, "Acme cloud operations", p.Name())
	assert.True(t, p.Baseline())
	assert.Equal(t, []string{"acme"}, p.Standards())
	assert.Equal(t, operating.Schedule{Every: alert.Monthly, Day: 1, Channel: "mail", Language: "ja"}, p.Schedule())
	rules := p.Rules().All()
	require.Len(t, rules, 2)
	day := 24 * time.Hour
	assert.Equal(t, map[policy.Severity]time.Duration{policy.High: 7 * day}, rules[0].Due, "of the severities that it selects")
	assert.Equal(t, []alert.Notice{{Channels: []string{"chat"}, On: []alert.EventKind{alert.EventOpened, alert.EventOverdue}}}, rules[0].Notify)
	assert.Equal(t, map[policy.Severity]time.Duration{policy.Low: 30 * day}, rules[1].Due)
	assert.Equal(t, []alert.Notice{{Channels: []string{"mail"}, Every: alert.Daily}}, rules[1].Notify)
	assert.Equal(t, []string{"good"}, rules[0].Policies, "the policy that covers the standard and does not name it")

	a := &alert.Alert{Key: alert.Key{Policy: "good", Ref: asset.Ref{Type: thing, ID: "x"}}, AlertTime: noon, Policy: alert.Policy{Severity: policy.High}, Asset: alert.Asset{Account: "1"}}
	assert.Equal(t, noon.Add(7*day), p.Rules().Due(a))
	assert.Equal(t, "security team", p.Rules().Owner(a))
}

func TestLoadReportsEveryProblem(t *testing.T) {
	const rest = "\nrules: []\n"
	for _, c := range []struct {
		name, source string
		want         []string
	}{
		{"empty", "", []string{"ops.yaml:1:1: file is empty"}},
		{"no mapping", "- x", []string{"ops.yaml:1:1: want a mapping"}},
		{"missing keys", "channels: [chat]", []string{`ops.yaml:1:1: missing key "name"`, `ops.yaml:1:1: missing key "rules" (an empty list matches nothing)`}},
		{"unknown key", "name: x\nchanels: [chat]" + rest, []string{`ops.yaml:2:1: unknown key "chanels"; did you mean "channels"?`}},
		{"channels", "name: x\nchannels: [chatt, mail, mail]" + rest, []string{`ops.yaml:2:12: unknown channel "chatt"; did you mean "chat"?`, `ops.yaml:2:25: duplicate channel "mail"`}},
		{"standards", "name: x\nstandards: [stdd]" + rest, []string{`ops.yaml:2:13: unknown standard "stdd"; did you mean "std"?`}},
		{"no standards", "name: x\nstandards: []" + rest, []string{"ops.yaml:2:12: standards is empty (omit the key to count all policies)"}},
		{"start", "name: x\nstart: quite" + rest, []string{`ops.yaml:2:8: unknown start "quite"; did you mean "quiet"?`}},
		{"defaults that no rule takes", "name: x\nnotify: [{channels: [chta]}]\ndue: {low: 7}" + rest,
			[]string{`ops.yaml:3:12: invalid duration "7" (want for example 10m, 36h, 7d)`, `ops.yaml:2:22: unknown channel "chta"; did you mean "chat"?`}},
		{"defaults that two rules take", "name: x\nnotify: [{channels: [chta]}]\nrules: [{name: a}, {name: b}]",
			[]string{`ops.yaml:2:22: unknown channel "chta"; did you mean "chat"?`}},
		{"a channel that the document does not list", "name: x\nchannels: [mail]\nrules: [{name: a, notify: [{channels: [chat]}]}]",
			[]string{`ops.yaml:3:40: unknown channel "chat"`}},
		{"rules", "name: x\nrules: [{name: a, policies: [goood]}, {name: a}]", []string{`ops.yaml:2:30: unknown policy "goood"; did you mean "good"?`, `ops.yaml:2:46: duplicate rule "a"`}},
		{"a rule outside of the standards", "name: x\nstandards: [acme]\nrules: [{name: a, policies: [tidy]}]", []string{`ops.yaml:3:9: rule "a" selects no policy that covers a standard that counts`}},
		{"review", "name: x\nreview: {every: dayly, day: 29, channel: chta, language: fr}" + rest,
			[]string{`ops.yaml:2:17: unknown period of reviews "dayly"`, "ops.yaml:2:29: invalid day (want 1 to 28)", `ops.yaml:2:42: unknown channel "chta"; did you mean "chat"?`, `ops.yaml:2:58: unknown language "fr" (has en, ja)`}},
		{"day of a week", "name: x\nreview: {every: weekly, day: 2}" + rest, []string{"ops.yaml:2:30: day of a weekly review"}},
		{"remediation", "name: x\nremediation: wrong" + rest, []string{"ops.yaml:2:14: remediation: no approvals"}},
		{"all at once", "start: x\nremediation: wrong\nrules: [{nam: a}]\n", []string{`missing key "name"`, `unknown start "x"`, "no approvals", `unknown key "nam"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := operating.Load(options(t), []byte(c.source), "ops.yaml")
			require.Error(t, err)
			assert.Nil(t, p)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
			assert.Len(t, strings.Split(err.Error(), "\n"), len(c.want), err.Error())
		})
	}
}

func TestRemediationNeedsAReader(t *testing.T) {
	o := options(t)
	o.Remediation = nil
	_, err := operating.Load(o, []byte(document), "ops.yaml")
	assert.EqualError(t, err, `ops.yaml:19:14: section "remediation" is not supported by this program`)
}

func TestApply(t *testing.T) {
	p, err := operating.Load(options(t), []byte(document), "")
	require.NoError(t, err)
	tracker := &alert.Tracker{Store: alert.NewMemory(func() time.Time { return noon }), Tenant: "t", Baseline: true}
	preview, err := p.Preview(t.Context(), tracker)
	require.NoError(t, err)
	assert.Equal(t, map[string]int{"production": 0, "rest": 0}, preview.Rules)
	_, err = p.Apply(t.Context(), tracker, "ann")
	require.NoError(t, err)
	groups, err := tracker.Groups(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	assert.Equal(t, "production", groups[0].Group.Name)
	_, err = p.Apply(t.Context(), &alert.Tracker{Store: tracker.Store, Tenant: "t"}, "ann")
	assert.ErrorContains(t, err, "baseline of the tracker is false (want true)")
}

func TestSchedule(t *testing.T) {
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d
	}
	for _, c := range []struct {
		s               operating.Schedule
		now, last, next string
	}{
		{operating.Schedule{Every: alert.Monthly, Day: 1}, "2026-12-01", "2026-12-01", "2027-01-01"},
		{operating.Schedule{Every: alert.Monthly, Day: 28}, "2026-03-01", "2026-02-28", "2026-03-28"},
		{operating.Schedule{Every: alert.Monthly, Day: 15}, "2027-01-14", "2026-12-15", "2027-01-15"},
		{operating.Schedule{Every: alert.Weekly}, "2026-11-30", "2026-11-30", "2026-12-07"}, // a Monday
		{operating.Schedule{Every: alert.Weekly}, "2026-12-06", "2026-11-30", "2026-12-07"},
	} {
		now := day(c.now).Add(time.Hour)
		assert.Equal(t, day(c.last), c.s.Last(now), c.now)
		assert.Equal(t, day(c.next), c.s.Next(now), c.now)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(document))
	f.Add([]byte("name: x\nrules: [{name: &n a}, {name: *n}]\ndue: {high: 1d}\nnotify: [{channels: []}]"))
	f.Add([]byte("? [name]\n: a\nreview: [x]\nrules: {}\nstandards: x"))
	o := options(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := operating.Load(o, data, "")
		if (p == nil) != (err != nil) {
			t.Fatalf("policy %v, error %v", p, err)
		}
		if err == nil && (p.Name() == "" || p.Rules() == nil) {
			t.Fatal("policy without a name or rules")
		}
	})
}
