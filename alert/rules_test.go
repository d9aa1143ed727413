package alert_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// ruleSet is a set of policies that rules can name.
func ruleSet(t testing.TB) *policy.Set {
	t.Helper()
	check := []policy.Check{{Types: []asset.Type{"AWS::S3::Bucket"}, Require: "true"}}
	set, err := policy.NewSet(nil,
		&policy.Policy{ID: "aws-s3-bucket-not-public", PreviousIDs: []string{"s3-public"}, Title: "Buckets are not public", Severity: policy.High,
			Controls: []string{"cis-aws-5.0/2.1.4", "pci-dss-4.0/1.3"}, Labels: []string{"storage", "exposure"}, Checks: check},
		&policy.Policy{ID: "aws-iam-key-age", Title: "Keys are young", Severity: policy.Medium, Kind: policy.KindIdentity,
			Controls: []string{"cis-aws-5.0/1.14"}, Checks: check},
	)
	require.NoError(t, err)
	return set
}

func newRules(t testing.TB, o *alert.RulesOptions, rules ...*alert.Rule) *alert.Rules {
	t.Helper()
	r, err := alert.NewRules(o, rules...)
	require.NoError(t, err)
	return r
}

func names(rules []*alert.Rule) []string {
	var list []string
	for _, r := range rules {
		list = append(list, r.Name)
	}
	return list
}

func TestRulesMatch(t *testing.T) {
	set := ruleSet(t)
	for name, tt := range map[string]struct {
		selector alert.Selector
		where    string
		want     bool
	}{
		"nothing":                {want: true},
		"policy":                 {alert.Selector{Policies: []string{"aws-iam-key-age", "aws-s3-bucket-not-public"}}, "", true},
		"policy pattern":         {alert.Selector{Policies: []string{"aws-s3-*"}}, "", true},
		"another policy":         {alert.Selector{Policies: []string{"aws-iam-*"}}, "", false},
		"policy by its old id":   {alert.Selector{Policies: []string{"s3-public"}}, "", true},
		"excluded policy":        {alert.Selector{ExcludedPolicies: []string{"aws-s3-*"}}, "", false},
		"excluded by its old id": {alert.Selector{ExcludedPolicies: []string{"s3-public"}}, "", false},
		"label":                  {alert.Selector{Labels: []string{"exposure"}}, "", true},
		"kind":                   {alert.Selector{Kinds: []policy.Kind{policy.KindConfig}}, "", true},
		"another kind":           {alert.Selector{Kinds: []policy.Kind{policy.KindIdentity}}, "", false},
		"severity":               {alert.Selector{Severities: []policy.Severity{policy.Critical, policy.High}}, "", true},
		"another severity":       {alert.Selector{Severities: []policy.Severity{policy.Medium}}, "", false},
		"standard":               {alert.Selector{Standards: []string{"pci-dss-4.0"}}, "", true},
		"section":                {alert.Selector{Standards: []string{"cis-aws-5.0/2.1.4"}}, "", true},
		"another section":        {alert.Selector{Standards: []string{"cis-aws-5.0/1.14"}}, "", false},
		"provider":               {alert.Selector{Providers: []string{"aws"}}, "", true},
		"another provider":       {alert.Selector{Providers: []string{"azure"}}, "", false},
		"account":                {alert.Selector{Accounts: []string{"4444*"}}, "", true},
		"another account":        {alert.Selector{Accounts: []string{"1*"}}, "", false},
		"excluded account":       {alert.Selector{ExcludedAccounts: []string{"444455556666"}}, "", false},
		"group":                  {alert.Selector{AccountGroups: []string{"lab", "shop"}}, "", true},
		"another group":          {alert.Selector{AccountGroups: []string{"lab"}}, "", false},
		"region":                 {alert.Selector{Regions: []string{"eu-central-1"}}, "", true},
		"another region":         {alert.Selector{Regions: []string{"global"}}, "", false},
		"type":                   {alert.Selector{Types: []string{"AWS::S3::*"}}, "", true},
		"another type":           {alert.Selector{Types: []string{"AWS::EC2::*"}}, "", false},
		"type in another case":   {alert.Selector{Types: []string{"aws::s3::bucket"}}, "", false},
		"asset":                  {alert.Selector{Assets: []string{"arn:aws:s3:::shop-*"}}, "", true},
		"another asset":          {alert.Selector{Assets: []string{"arn:aws:s3:::lab-*"}}, "", false},
		"one of the tags":        {alert.Selector{Tags: []alert.Tag{{Key: "env", Value: "dev"}, {Key: "team", Value: "shop"}}}, "", true},
		"tag of any value":       {alert.Selector{Tags: []alert.Tag{{Key: "env"}}}, "", true},
		"another tag":            {alert.Selector{Tags: []alert.Tag{{Key: "env", Value: "dev"}, {Key: "owner"}}}, "", false},
		"condition":              {alert.Selector{}, `asset.name.startsWith("shop")`, true},
		"false condition":        {alert.Selector{}, `asset.name.startsWith("lab")`, false},
		"selector and condition": {alert.Selector{Severities: []policy.Severity{policy.Medium}}, `asset.name.startsWith("shop")`, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRules(t, &alert.RulesOptions{Set: set}, &alert.Rule{Name: "r", Selector: tt.selector, Where: tt.where})
			assert.Equal(t, tt.want, len(r.Match(bucketAlert())) == 1)
			require.NoError(t, r.Undecided(bucketAlert()))
			r = newRules(t, nil, &alert.Rule{Name: "r", Selector: tt.selector, Where: tt.where, Disabled: true})
			assert.Empty(t, r.Match(bucketAlert()), "disabled")
		})
	}
}

func TestRulesMatchGlobalAndAzure(t *testing.T) {
	a := bucketAlert()
	a.Asset.Region = ""
	r := newRules(t, nil, &alert.Rule{Name: "r", Selector: alert.Selector{Regions: []string{"global"}}})
	assert.Len(t, r.Match(a), 1)
	a.Ref = asset.Ref{Type: "Microsoft.Storage/storageAccounts", ID: "/subscriptions/a/resourceGroups/rg"}
	r = newRules(t, nil, &alert.Rule{Name: "r", Selector: alert.Selector{Types: []string{"microsoft.storage/*"}, Assets: []string{"/subscriptions/A/resourcegroups/*"}}})
	assert.Len(t, r.Match(a), 1, "Azure's names have no case")
}

func TestRulesAreCopiesAndSorted(t *testing.T) {
	first := &alert.Rule{Name: "b", Selector: alert.Selector{Policies: []string{"aws-*"}}, Due: map[policy.Severity]time.Duration{policy.High: time.Hour}}
	r := newRules(t, nil, first, &alert.Rule{Name: "a"})
	first.Policies[0], first.Due[policy.High] = "gcp-*", time.Minute
	a := bucketAlert()
	assert.Equal(t, []string{"a", "b"}, names(r.Match(a)))
	assert.Equal(t, a.AlertTime.Add(time.Hour), r.Due(a))
	all := r.All()
	assert.Equal(t, []string{"a", "b"}, names(all))
	all[1].Policies[0] = "gcp-*"
	assert.Len(t, r.Match(a), 2)
}

func TestNoRules(t *testing.T) {
	var none *alert.Rules
	a := bucketAlert()
	for _, r := range []*alert.Rules{none, newRules(t, nil)} {
		assert.Empty(t, r.Match(a))
		assert.Zero(t, r.Due(a))
		assert.Empty(t, r.Owner(a))
		assert.Empty(t, r.All())
		require.NoError(t, r.Undecided(a))
		assert.Equal(t, none.Digest(), r.Digest())
	}
}

func TestRulesDigest(t *testing.T) {
	base := &alert.Rule{Name: "a", Selector: alert.Selector{Policies: []string{"aws-*"}}}
	other := &alert.Rule{Name: "b"}
	digests := []string{
		newRules(t, nil).Digest(),
		newRules(t, nil, base).Digest(),
		newRules(t, nil, base, other).Digest(),
		newRules(t, nil, alert.AllFindings()).Digest(),
		newRules(t, &alert.RulesOptions{Groups: asset.Groups{{Name: "g"}}}, base).Digest(),
		newRules(t, &alert.RulesOptions{Accounts: []asset.Account{{ID: "1"}}}, base).Digest(),
		newRules(t, &alert.RulesOptions{Owners: alert.Owners{Default: "x"}}, base).Digest(),
	}
	slices.Sort(digests)
	assert.Len(t, slices.Compact(digests), 7, "all differ")
	assert.Equal(t, newRules(t, nil, base, other).Digest(), newRules(t, nil, other, base).Digest())
}

func TestRulesDue(t *testing.T) {
	week, day := 7*24*time.Hour, 24*time.Hour
	r := newRules(t, nil,
		&alert.Rule{Name: "a", Due: map[policy.Severity]time.Duration{policy.High: week, policy.Low: time.Hour}},
		&alert.Rule{Name: "b", Due: map[policy.Severity]time.Duration{policy.High: day}, Selector: alert.Selector{Regions: []string{"eu-central-1"}}},
		&alert.Rule{Name: "c"})
	a := bucketAlert()
	assert.Equal(t, a.AlertTime.Add(day), r.Due(a), "the shortest")
	a.Asset.Region = "us-east-1"
	assert.Equal(t, a.AlertTime.Add(week), r.Due(a))
	a.Policy.Severity = policy.Critical
	assert.Zero(t, r.Due(a))
}

func TestRulesOwner(t *testing.T) {
	groups := asset.Groups{{Name: "production", Owner: "ops", Parents: []string{"prod"}, Children: []asset.Group{{Name: "shop", Owner: "shop team", Names: []string{"shop-*"}}}},
		{Name: "other", Owner: "other team", Accounts: []string{"1"}}}
	o := &alert.RulesOptions{
		Groups: groups,
		Accounts: []asset.Account{
			{ID: "1", Name: "lab"},
			{ID: "2", Name: "shop-live", Parents: []asset.AccountParent{{ID: "prod"}}},
			{ID: "3", Name: "api", Parents: []asset.AccountParent{{ID: "prod"}}},
			{ID: "4", Tags: map[string]string{"team": "account team"}},
			{ID: "5", Tags: map[string]string{"team": "account team"}},
		},
		Owners: alert.Owners{Tags: []string{"owner", "team"}, Accounts: map[string]string{"5": "named"}, Default: "security"},
	}
	r := newRules(t, o)
	for _, c := range []struct {
		account string
		tags    map[string]string
		want    string
	}{
		{"1", map[string]string{"team": "b", "owner": " a "}, "a"},
		{"1", map[string]string{"team": "b", "owner": " "}, "b"},
		{"1", nil, "other team"},
		{"2", nil, "shop team"},
		{"3", nil, "ops"},
		{"4", nil, "account team"},
		{"5", nil, "named"},
		{"6", nil, "security"},
	} {
		a := bucketAlert()
		a.Asset.Account, a.Asset.Tags, a.Asset.AccountName = c.account, c.tags, ""
		assert.Equal(t, c.want, r.Owner(a), "%+v", c)
	}
}

func TestRulesGroups(t *testing.T) {
	denied := &asset.Unread{Op: "organizations:ListParents", Reason: asset.Denied, Code: "AccessDenied"}
	o := &alert.RulesOptions{
		Groups: asset.Groups{{Name: "production", Parents: []string{"prod"}}, {Name: "shops", Names: []string{"shop-*"}}, {Name: "listed", Accounts: []string{"1", "9"}}, {Name: asset.DefaultGroup}},
		Accounts: []asset.Account{
			{ID: "1", Name: "shop-live", Parents: []asset.AccountParent{{Name: "prod"}}},
			{ID: "2", Name: "shop-lab", ParentsUnread: denied},
			{ID: "3", Name: "lab"},
			{ID: "4", Name: "lab", ParentsUnread: denied},
		},
	}
	rule := func(name string, groups ...string) *alert.Rule {
		return &alert.Rule{Name: name, Selector: alert.Selector{AccountGroups: groups}}
	}
	r := newRules(t, o, rule("p", "production"), rule("s", "shops"), rule("l", "listed"), rule("d", asset.DefaultGroup), rule("ps", "production", "shops"),
		&alert.Rule{Name: "w", Where: `"production" in asset.groups`})
	for _, c := range []struct {
		account       string
		groups, rules []string
		undecided     []string
	}{
		{"1", []string{"listed", "production", "shops"}, []string{"l", "p", "ps", "s", "w"}, nil},
		{"2", []string{"shops"}, []string{"p", "ps", "s", "w"}, []string{`rule "p": account group production: unread: organizations:ListParents: AccessDenied`, `rule "w": condition`}},
		{"3", []string{"default"}, []string{"d"}, nil},
		{"4", nil, []string{"d", "p", "ps", "w"}, []string{`rule "d"`, `rule "p"`, `rule "ps": account group production or shops`, `rule "w"`}},
		{"9", []string{"listed"}, []string{"l", "p", "ps", "s", "w"}, []string{`rule "p": account group production: unread: NotObserved: the account is not listed`, `rule "s"`, `rule "ps"`, `rule "w"`}},
	} {
		a := bucketAlert()
		a.Asset.Account, a.Asset.AccountName, a.Asset.Groups = c.account, "", []string{"stale"}
		got, more := r.Groups(a)
		assert.Equal(t, c.groups, got, c.account)
		assert.Equal(t, c.undecided != nil, more != nil, c.account)
		assert.Equal(t, c.rules, names(r.Match(a)), c.account)
		err := r.Undecided(a)
		if c.undecided == nil {
			require.NoError(t, err, c.account)
		}
		for _, text := range c.undecided {
			require.ErrorContains(t, err, text, c.account)
		}
	}
	kept := newRules(t, nil, rule("p", "production"))
	groups, more := kept.Groups(bucketAlert())
	assert.Equal(t, []string{"production", "shop"}, groups, "without groups of its own, those of the alert")
	assert.Nil(t, more)
}

func TestConditionThatFailsOpensAnAlert(t *testing.T) {
	r := newRules(t, nil, &alert.Rule{Name: "r", Where: `asset.tags["owner"] == "a"`})
	assert.Len(t, r.Match(bucketAlert()), 1)
	require.ErrorContains(t, r.Undecided(bucketAlert()), `rule "r": condition "asset.tags[\"owner\"] == \"a\"": no such key: owner`)
}

func TestRuleProblems(t *testing.T) {
	o := &alert.RulesOptions{
		Channels: []string{"chat", "mail"}, Set: ruleSet(t), Groups: asset.Groups{{Name: "production", Accounts: []string{"1"}, Children: []asset.Group{{Name: "shop", Accounts: []string{"1"}}}}},
		Accounts: []asset.Account{{ID: "1"}, {ID: "2"}},
	}
	sel := func(s alert.Selector) *alert.Rule { return &alert.Rule{Name: "r", Selector: s} }
	notify := func(n ...alert.Notice) *alert.Rule { return &alert.Rule{Name: "r", Notify: n} }
	due := func(s policy.Severity, d time.Duration) *alert.Rule {
		return &alert.Rule{Name: "r", Due: map[policy.Severity]time.Duration{s: d}}
	}
	for want, rule := range map[string]*alert.Rule{
		`rule "": rule has no name`: {},
		`unknown policy "aws-s3-bucket-not-publik"; did you mean "aws-s3-bucket-not-public"?`: sel(alert.Selector{Policies: []string{"aws-s3-bucket-not-publik"}}),
		`policy "gcp-*" matches nothing`:                                              sel(alert.Selector{Policies: []string{"gcp-*"}}),
		`unknown policy "x" (has aws-iam-key-age, aws-s3-bucket-not-public)`:          sel(alert.Selector{ExcludedPolicies: []string{"x"}}),
		`unknown label "storag"; did you mean "storage"?`:                             sel(alert.Selector{Labels: []string{"storag"}}),
		`unknown standard "cis-aws-4.0"; did you mean "cis-aws-5.0"?`:                 sel(alert.Selector{Standards: []string{"cis-aws-4.0"}}),
		`unknown kind "network" (has config, identity)`:                               sel(alert.Selector{Kinds: []policy.Kind{policy.KindNetwork}}),
		`unknown account group "producton"; did you mean "production"?`:               sel(alert.Selector{AccountGroups: []string{"producton"}}),
		`invalid severity 9 (want informational to critical)`:                         sel(alert.Selector{Severities: []policy.Severity{9}}),
		`invalid value "" in regions (want UTF-8, not empty)`:                         sel(alert.Selector{Regions: []string{""}}),
		`invalid tag "" (want UTF-8, not empty)`:                                      sel(alert.Selector{Tags: []alert.Tag{{Value: "a"}}}),
		`rule excludes every policy that it selects`:                                  sel(alert.Selector{Policies: []string{"aws-iam-key-age"}, ExcludedPolicies: []string{"aws-iam-*"}}),
		`rule excludes every account that it selects`:                                 sel(alert.Selector{Accounts: []string{"1"}, ExcludedAccounts: []string{"2", "*"}}),
		`rule selects no policy of the set`:                                           sel(alert.Selector{Labels: []string{"storage"}, Standards: []string{"cis-aws-5.0/1.14"}}),
		`type "AWS::S3::Bucket" is of provider "aws", which the rule does not select`: sel(alert.Selector{Providers: []string{"gcp"}, Types: []string{"AWS::S3::Bucket"}}),
		`account "2" is in none of the account groups of the rule`:                    sel(alert.Selector{AccountGroups: []string{"production"}, Accounts: []string{"1", "2"}}),
		`notice has no channels`:                                                      notify(alert.Notice{}),
		`unknown channel "chta"; did you mean "chat"?`:                                notify(alert.Notice{Channels: []string{"chta"}}),
		`invalid channel "" (want UTF-8, not empty)`:                                  notify(alert.Notice{Channels: []string{""}}),
		`channel "chat" hears of event "opened" twice`:                                notify(alert.Notice{Channels: []string{"chat"}}, alert.Notice{Channels: []string{"mail", "chat"}, On: []alert.EventKind{alert.EventOpened}}),
		`invalid delay -1s (want 0 to 10 years)`:                                      notify(alert.Notice{Channels: []string{"chat"}, Delay: -time.Second}),
		`unknown period "dayly"; did you mean "daily"?`:                               notify(alert.Notice{Channels: []string{"chat"}, Every: "dayly"}),
		`unknown event "open"; did you mean "opened"?`:                                notify(alert.Notice{Channels: []string{"chat"}, On: []alert.EventKind{"open"}}),
		`event "overdue" of a rule without due dates`:                                 notify(alert.Notice{Channels: []string{"chat"}, On: []alert.EventKind{alert.EventOverdue}}),
		`invalid due time 0s of severity "low" (want more than 0, at most 10 years)`:  due(policy.Low, 0),
		`invalid severity 0 (want informational to critical)`:                         due(0, time.Hour),
		`due time of severity "low", which the rule does not select`: {Name: "r", Selector: alert.Selector{Severities: []policy.Severity{policy.High}},
			Due: map[policy.Severity]time.Duration{policy.Low: time.Hour}},
		"undefined field 'severty' of variable policy; did you mean 'severity'?\n    policy.severty == \"high\"\n          ^": {Name: "r", Where: `policy.severty == "high"`},
		`unknown variable 'alert' (a rule sees policy and asset)`:                                                             {Name: "r", Where: `alert.status == "open"`},
	} {
		t.Run(want, func(t *testing.T) {
			r, err := alert.NewRules(o, rule)
			assert.Nil(t, r)
			require.ErrorContains(t, err, want)
			var d *policy.Diagnostic
			require.ErrorAs(t, err, &d)
		})
	}
	_, err := alert.NewRules(o, &alert.Rule{Name: "a", Where: "tru"}, &alert.Rule{Name: "a"}, nil, due(policy.Low, -1))
	for _, want := range []string{"unknown variable 'tru'", `duplicate rule "a"`, "rule 2 is nil", "invalid due time"} {
		require.ErrorContains(t, err, want, "all problems at once")
	}
	_, err = alert.NewRules(&alert.RulesOptions{Groups: asset.Groups{{Name: "a"}, {Name: "a"}}})
	require.ErrorContains(t, err, `duplicate group "a"`)
}

func ExampleNewRules() {
	rules, err := alert.NewRules(&alert.RulesOptions{Channels: []string{"chat", "mail"}},
		alert.AllFindings(),
		&alert.Rule{
			Name:     "exposed production",
			Selector: alert.Selector{AccountGroups: []string{"production"}, Severities: []policy.Severity{policy.High, policy.Critical}},
			Where:    `"exposure" in policy.labels && asset.tags.?env.orValue("") != "dev"`,
			Notify:   []alert.Notice{{Channels: []string{"chat"}}},
			Due:      map[policy.Severity]time.Duration{policy.High: 7 * 24 * time.Hour},
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	a := &alert.Alert{
		Policy:    alert.Policy{Severity: policy.High, Labels: []string{"exposure"}},
		Asset:     alert.Asset{Groups: []string{"production"}},
		AlertTime: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC),
	}
	for _, r := range rules.Match(a) {
		fmt.Println(r.Name)
	}
	fmt.Println("due", rules.Due(a).Format(time.DateOnly))

	_, err = alert.NewRules(nil, &alert.Rule{Name: "typo", Where: `policy.severty == "high"`})
	fmt.Println(err)
	// Output:
	// all findings
	// exposed production
	// due 2026-12-08
	// rule "typo": undefined field 'severty' of variable policy; did you mean 'severity'?
	//     policy.severty == "high"
	//           ^
}
