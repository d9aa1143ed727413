package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const ruleFile = `
rules:
  - name: exposed production
    description: what a stranger can reach
    owner: security team
    policies: [aws-s3-*]
    excludedPolicies: [aws-iam-key-age]
    labels: exposure
    kinds: [config]
    severities: [High, critical]
    standards: [cis-aws-5.0]
    providers: [aws]
    accountGroups: [production]
    accounts: ["4444*"]
    excludedAccounts: [444455557777]
    regions: [eu-central-1, global]
    types: ["AWS::S3::*"]
    assets: ["arn:aws:s3:::shop-*"]
    tags: {env: [prod, staging], owner: "*"}
    where: |
      !(asset.name in ["shop-public"])
    notify:
      - channels: [chat, mail]
        on: [opened, overdue]
        delay: 10m
      - channels: mail
        on: [resolved]
        every: daily
    due: {critical: 36h, high: 1w}
    autoRemediate: true
  - name: lab
    enabled: false
groups:
  - name: production
    description: what customers see
    owner: ops@example.com
    parents: [prod]
    children: [{name: shop, names: [shop-*], tags: {team: shop}}]
  - name: listed
    accounts: [012345678901]
owners:
  tags: [owner, team]
  accounts: {"444455556666": shop team}
  default: security team
`

func TestLoadRules(t *testing.T) {
	o := &alert.RulesOptions{Channels: []string{"chat", "mail"}, Set: ruleSet(t), Accounts: []asset.Account{
		{ID: "444455556666", Name: "shop-live", Parents: []asset.AccountParent{{ID: "prod"}}, Tags: map[string]string{"team": "shop"}},
		{ID: "012345678901"},
	}}
	r, err := alert.LoadRules(o, []byte(ruleFile), "rules.yaml")
	require.NoError(t, err)
	want := []*alert.Rule{
		{
			Name: "exposed production", Description: "what a stranger can reach", Owner: "security team",
			Selector: alert.Selector{
				Policies: []string{"aws-s3-*"}, ExcludedPolicies: []string{"aws-iam-key-age"}, Labels: []string{"exposure"},
				Kinds: []policy.Kind{policy.KindConfig}, Severities: []policy.Severity{policy.High, policy.Critical},
				Standards: []string{"cis-aws-5.0"}, Providers: []string{"aws"}, AccountGroups: []string{"production"},
				Accounts: []string{"4444*"}, ExcludedAccounts: []string{"444455557777"}, Regions: []string{"eu-central-1", "global"},
				Types: []string{"AWS::S3::*"}, Assets: []string{"arn:aws:s3:::shop-*"},
				Tags: []alert.Tag{{Key: "env", Value: "prod"}, {Key: "env", Value: "staging"}, {Key: "owner"}},
			},
			Where: "!(asset.name in [\"shop-public\"])\n",
			Notify: []alert.Notice{
				{Channels: []string{"chat", "mail"}, On: []alert.EventKind{alert.EventOpened, alert.EventOverdue}, Delay: 10 * time.Minute},
				{Channels: []string{"mail"}, On: []alert.EventKind{alert.EventResolved}, Every: alert.Daily},
			},
			Due:           map[policy.Severity]time.Duration{policy.Critical: 36 * time.Hour, policy.High: 7 * 24 * time.Hour},
			AutoRemediate: true,
		},
		{Name: "lab", Disabled: true},
	}
	assert.Equal(t, want, r.All())
	a := bucketAlert()
	assert.Equal(t, []string{"exposed production"}, names(r.Match(a)))
	groups, _ := r.Groups(a)
	assert.Equal(t, []string{"production", "shop"}, groups)
	assert.Equal(t, "shop", r.Owner(a), "by the tag team")
	a.Asset.Tags = nil
	assert.Equal(t, "shop team", r.Owner(a))
	a.Asset.Account = "012345678901"
	groups, _ = r.Groups(a)
	assert.Equal(t, []string{"listed"}, groups, "a leading zero stays")

	text, err := r.YAML()
	require.NoError(t, err)
	again, err := alert.LoadRules(o, text, "rules.yaml")
	require.NoError(t, err, string(text))
	assert.Equal(t, want, again.All())
	assert.Equal(t, r.Digest(), again.Digest())
}

func TestLoadNoRules(t *testing.T) {
	r, err := alert.LoadRules(nil, []byte("rules: []"), "")
	require.NoError(t, err)
	assert.Empty(t, r.All())
	text, err := r.YAML()
	require.NoError(t, err)
	assert.Equal(t, "rules: []\n", string(text))
}

func TestLoadRulesProblems(t *testing.T) {
	o := &alert.RulesOptions{Channels: []string{"chat", "mail"}, Set: ruleSet(t), Groups: asset.Groups{{Name: "production"}}}
	rule := func(text string) string { return "rules:\n  - name: r\n    " + text }
	for want, text := range map[string]string{
		`rules:1:1: file is empty`:                                                           "",
		`rules:1:1: missing key "rules"`:                                                     "owners: {default: a}",
		`rules:1:1: unknown key "rulse"; did you mean "rules"?`:                              "rulse: []",
		`rules:2:5: rule has no name`:                                                        "rules:\n  - description: a",
		`rules:3:11: duplicate rule "a"`:                                                     "rules:\n  - name: a\n  - name: a",
		`rules:3:5: unknown key "severites"; did you mean "severities"?`:                     rule("severites: [high]"),
		`rules:3:24: unknown severity "hihg"`:                                                rule("severities: [low,  hihg]"),
		`rules:3:16: unknown policy "aws-iam-key-ag"; did you mean "aws-iam-key-age"?`:       rule("policies: [aws-iam-key-ag]"),
		`rules:3:27: unknown policy "x"`:                                                     rule("policies: [aws-s3-*,  x]"),
		`rules:3:22: unknown account group "producton"`:                                      rule("accountGroups: [ producton]"),
		`rules:3:17: unknown standard "cis-aws-6.0"`:                                         rule("standards: [cis-aws-6.0]"),
		`rules:3:15: policies is empty (omit the key to match all)`:                          rule("policies: []"),
		`rules:3:11: tags is empty`:                                                          rule("tags: {}"),
		`rules:3:17: empty value of tag "env" (want "*" for any)`:                            rule(`tags: {env: ""}`),
		`rules:3:17: tag "env" has no values`:                                                rule("tags: {env: []}"),
		`rules:3:14: want true or false`:                                                     rule("enabled: yes"),
		`rules:3:46: unknown channel "chta"; did you mean "chat"?`:                           rule("notify: [{on: [opened], channels: [mail, chta]}]"),
		`rules:3:14: notice has no channels`:                                                 rule("notify: [{every: daily}]"),
		`rules:3:38: invalid duration "soon" (want for example 10m, 36h, 7d)`:                rule("notify: [{channels: chat, delay: soon}]"),
		`rules:3:38: unknown period "dayly"; did you mean "daily"?`:                          rule("notify: [{channels: chat, every: dayly}]"),
		`rules:3:17: invalid duration "-7d"`:                                                 rule("due: {high: -7d}"),
		`rules:3:17: invalid duration "7"`:                                                   rule("due: {high: 7}"),
		`rules:3:17: invalid due time 0s of severity "high"`:                                 rule("due: {high: 0d}"),
		`rules:3:17: invalid duration "999999d" (want at most 10 years)`:                     rule("due: {high: 999999d}"),
		`rules:3:11: unknown severity "hig"`:                                                 rule("due: {hig: 7d}"),
		`rules:4:13: undefined field 'severty' of variable policy; did you mean 'severity'?`: rule("where: |\n      policy.severty == \"high\""),
		`rules:3:12: empty condition`:                                                        rule("where: \"\""),
		`account groups: duplicate group "a"`:                                                "rules: []\ngroups: [{name: a}, {name: a}]",
		`rules:2:30: accounts is empty`:                                                      "rules: []\ngroups: [{name: a, accounts: []}]",
		`rules:2:10: account group has no name`:                                              "rules: []\ngroups: [{owner: a}]",
		`rules:1:1: mapping values are not allowed`:                                          "x: y: [",
	} {
		_, err := alert.LoadRules(o, []byte(text), "")
		assert.ErrorContains(t, err, want, text)
	}
	_, err := alert.LoadRules(o, []byte("rules:\n  - {name: a, sevirities: [x]}\n  - {name: b, where: tru}\n  - {name: b}\n"), "site.yaml")
	for _, want := range []string{"site.yaml:2:15: unknown key", "site.yaml:3:22: unknown variable 'tru'", `site.yaml:4:12: duplicate rule "b"`} {
		require.ErrorContains(t, err, want, "all problems at once")
	}
	_, err = alert.LoadRules(nil, []byte("rules:\n"+strings.Repeat("  - {name: a}\n", 202)), "site.yaml")
	require.ErrorContains(t, err, "101 more problems")
}

func FuzzLoadRules(f *testing.F) {
	f.Add(ruleFile)
	f.Add("rules: [{name: a, due: {low: 1w2d3h}, notify: [{channels: [x], delay: 90s}]}]")
	f.Add("rules: [{name: &n a, where: 'true', tags: {*n : b}}]\nowners: {tags: *n}")
	f.Add("rules: [{name: a, due: {}, notify: []}]\nowners: {tags: [], accounts: {}}\ngroups: []") // as if omitted
	f.Fuzz(func(t *testing.T, text string) {
		r, err := alert.LoadRules(nil, []byte(text), "rules.yaml")
		if err != nil {
			return
		}
		written, err := r.YAML()
		require.NoError(t, err)
		again, err := alert.LoadRules(nil, written, "rules.yaml")
		require.NoError(t, err, string(written))
		assert.Equal(t, r.All(), again.All())
		assert.Equal(t, r.Digest(), again.Digest())
	})
}

func ExampleLoadRules() {
	rules, err := alert.LoadRules(&alert.RulesOptions{Channels: []string{"chat"}}, []byte(`
rules:
  - name: exposed production
    accountGroups: [production]
    severities: [high, critical]
    tags: {env: [prod, staging]}
    where: '"exposure" in policy.labels'
    notify:
      - channels: [chat]
        delay: 10m
    due: {high: 7d}
groups:
  - {name: production, accounts: ["444455556666"], owner: ops@example.com}
owners:
  tags: [owner]
`), "rules.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	a := &alert.Alert{
		Policy:    alert.Policy{Severity: policy.High, Labels: []string{"exposure"}},
		Asset:     alert.Asset{Account: "444455556666", Tags: map[string]string{"env": "prod"}},
		AlertTime: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC),
	}
	fmt.Println(rules.Match(a)[0].Name, rules.Due(a).Format(time.DateOnly), rules.Owner(a))

	_, err = alert.LoadRules(nil, []byte("rules:\n  - name: typo\n    due: {hihg: 7d}\n    notfy: []\n"), "rules.yaml")
	fmt.Println(err)
	// Output:
	// exposed production 2026-12-08 ops@example.com
	// rules.yaml:3:11: unknown severity "hihg" (want informational, low, medium, high or critical)
	// rules.yaml:4:5: unknown key "notfy"; did you mean "notify"?
}

func TestDefaultsOfRules(t *testing.T) {
	rules, err := alert.LoadRules(nil, []byte(`
defaults: {notify: [{channels: [mail]}], due: {critical: 1d, high: 7d}}
rules: [{name: a, severities: [high]}, {name: b, due: {low: 30d}, notify: []}]
`), "")
	require.NoError(t, err)
	all := rules.All()
	const day = 24 * time.Hour
	assert.Equal(t, map[policy.Severity]time.Duration{policy.High: 7 * day}, all[0].Due)
	assert.Equal(t, []alert.Notice{{Channels: []string{"mail"}}}, all[0].Notify)
	assert.Equal(t, map[policy.Severity]time.Duration{policy.Low: 30 * day}, all[1].Due)
	assert.Empty(t, all[1].Notify, "an empty list notifies nobody")
}
