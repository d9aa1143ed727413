package alerttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// full is an alert in which every stored field is set. Values that the package does not
// know must survive.
func full(n int) *alert.Alert {
	k := alert.Key{Policy: "aws-s3-public", Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: fmt.Sprintf("arn:aws:s3:::bucket-%d", n)}}
	at := base.Add(123456 * time.Microsecond)
	return &alert.Alert{
		Key: k, ID: alert.NewID(tenant, k), Status: "quarantined", Reason: "A_REASON_OF_TOMORROW", Verdict: policy.Fail,
		Read: policy.ReadTimes{Earliest: at, Latest: at.Add(time.Second)},
		Policy: alert.Policy{
			Title: "Bucket is public", Rationale: "Anyone can read it.", Severity: policy.High, Kind: policy.KindConfig, Labels: []string{"b", "a"},
			Controls: []string{"cis-aws-5.0/2.1.4"}, Digest: "abcd", Remediable: "by_wish", Fix: "fix", Class: policy.Guarded, Steps: "1. Close it.",
			CLI: "aws s3api {name}", NoDismissal: true,
		},
		Asset: alert.Asset{
			Provider: "aws", Account: "111122223333", Region: "eu-west-1", Name: "bucket", Class: "storage", URL: "https://example.com/?a=1&b=<2>",
			Tags: map[string]string{"team": "a", "": "empty", "empty": ""}, Parents: []asset.Ref{{Type: "Stance::AWS::Account", ID: "111122223333"}},
			AccountName: "Production", Groups: []string{"dev", "prod"}, Incarnation: "2", Digest: "ef01",
		},
		Message: "ACL: public-read", Evidence: []alert.Evidence{{Asset: k.Ref, Path: "config.ACL[0]", Value: `9007199254740993`}},
		FirstSeen: at, LastSeen: at.Add(time.Microsecond), AlertTime: at.Add(2 * time.Microsecond), Due: at.Add(3 * time.Microsecond), Overdue: true,
		Owner: "web", Assignee: "ann", Rules: []string{"all", "s3"},
		Accepted: &alert.Accepted{By: "bob", Note: "until then", At: at, Until: at.Add(time.Hour), Exception: true},
		Pending:  &alert.Pending{Plan: "plan", By: "bot", At: at, Reads: 2},
		Linked:   "P-other", CreatedBy: &alert.Creator{Name: "eve", At: at}, Stream: "main", Missing: 1, MissingSince: at, Fixed: at, State: "state",
		Wake: at.Add(time.Hour), Changes: []time.Time{at, at.Add(time.Minute)}, Flapping: true,
	}
}

// words are used in names and titles.
var words = []string{"bucket", "Books", "public", "公開バケット", "データベース", "ｱﾗｰﾄ", "Straße", "50%", "a_b", `say "hi"`, "it's", "x:y", "OR", "NOT", "日本", "db"}

func pick[T any](r *rand.Rand, all ...T) T { return all[r.IntN(len(all))] }

// some returns a few of the values.
func some[T any](r *rand.Rand, all ...T) []T {
	n := 1 + r.IntN(2)
	var chosen []T
	for range n {
		chosen = append(chosen, pick(r, all...))
	}
	return chosen
}

// sorted returns up to three of the values, sorted, each once.
func sorted(r *rand.Rand, all ...string) []string {
	var chosen []string
	for range r.IntN(4) {
		chosen = append(chosen, pick(r, all...))
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

var (
	statuses   = []alert.Status{alert.Open, alert.Open, alert.Open, alert.Dismissed, alert.Snoozed, alert.Resolved, alert.Resolved, alert.PendingResolution, alert.Unmatched, "other"}
	severities = []policy.Severity{policy.Informational, policy.Low, policy.Medium, policy.High, policy.Critical}
	kinds      = []policy.Kind{policy.KindConfig, policy.KindIdentity, policy.KindNetwork}
	remediable = []alert.Remediable{alert.NotRemediable, alert.ByCommand, alert.ByFix}
	policies   = []string{"p-a", "p-b", "p-B", "p-c%"}
	types      = []asset.Type{"AWS::S3::Bucket", "AWS::EC2::Instance", "Microsoft.Storage/storageAccounts"}
	providers  = []string{"aws", "azure", "gcp"}
	accounts   = []string{"1", "2", "10", "acc_3"}
	regions    = []string{"", "eu-west-1", "us-east-1"}
	groups     = []string{"dev", "prod", "all"}
	classes    = []string{"storage", "compute", ""}
	owners     = []string{"", "web", "Web", "db team"}
	controls   = []string{"cis-aws-5.0/1.1", "cis-aws-5.0/1.10", "pci/3", "cis-aws-5/1.1", "soc2"}
	ruleNames  = []string{"all", "s3", "prod rule"}
	tagKeys    = []string{"team", "Team", "env"}
	tagValues  = []string{"", "a", "b", "100%"}
)

// instant is one of a few instants, some of them equal.
func instant(r *rand.Rand) time.Time {
	return base.Add(time.Duration(r.IntN(40))*time.Hour + time.Duration(r.IntN(3))*time.Microsecond)
}

func name(r *rand.Rand) string {
	var parts []string
	for range 1 + r.IntN(3) {
		parts = append(parts, pick(r, words...))
	}
	return strings.Join(parts, " ")
}

// random returns an alert whose key is unique by its number.
func random(r *rand.Rand, n int) *alert.Alert {
	k := alert.Key{Policy: pick(r, policies...), Ref: asset.Ref{Type: pick(r, types...), ID: fmt.Sprintf("id-%s-%d", pick(r, words...), n)}}
	a := &alert.Alert{Key: k, ID: alert.NewID(tenant, k), FirstSeen: base}
	vary(r, a)
	return a
}

// vary changes everything of an alert but its key and ID.
func vary(r *rand.Rand, a *alert.Alert) {
	a.Status, a.Reason, a.Verdict = pick(r, statuses...), pick(r, alert.NewAlert, alert.ResourceUpdated), pick(r, policy.Fail, policy.Pass)
	a.Gone = r.IntN(8) == 0
	a.Policy = alert.Policy{
		Title: name(r), Severity: pick(r, severities...), Kind: pick(r, kinds...), Controls: sorted(r, controls...), Remediable: pick(r, remediable...),
	}
	a.Asset = alert.Asset{
		Provider: pick(r, providers...), Account: pick(r, accounts...), Region: pick(r, regions...), Name: name(r), Class: pick(r, classes...),
		Groups: sorted(r, groups...),
	}
	if r.IntN(3) > 0 {
		a.Asset.Tags = map[string]string{pick(r, tagKeys...): pick(r, tagValues...), pick(r, tagKeys...): pick(r, tagValues...)}
	}
	a.AlertTime, a.LastSeen = instant(r), instant(r)
	a.Read.Latest, a.Read.Earliest = instant(r), base
	a.Due, a.Wake = time.Time{}, time.Time{}
	if r.IntN(2) == 0 {
		a.Due, a.Wake = instant(r), instant(r)
	}
	a.Owner, a.Assignee, a.Rules, a.Stream = pick(r, owners...), pick(r, owners...), sorted(r, ruleNames...), pick(r, "main", "other")
	a.State = fmt.Sprint(r.IntN(1000))
}

// query returns a query with some of the fields set. It may select the given alerts.
func query(r *rand.Rand, alerts []*alert.Alert) alert.Query {
	var q alert.Query
	fields := []func(){
		func() { q.IDs = []string{pick(r, alerts...).ID, pick(r, alerts...).ID, "P-none"} },
		func() { q.Statuses = some(r, statuses...) },
		func() { q.Policies = some(r, append(policies, "p-%")...) },
		func() { q.Kinds = some(r, kinds...) },
		func() { q.Severities = some(r, severities...) },
		func() { q.Providers = some(r, providers...) },
		func() { q.Accounts = some(r, append(accounts, "acc%")...) },
		func() { q.Groups = some(r, append(groups, "")...) },
		func() { q.Regions = some(r, alert.Global, "eu-west-1", "us-east-1", "") },
		func() { q.Refs = []asset.Ref{pick(r, alerts...).Ref, pick(r, alerts...).Ref} },
		func() { q.Types = some(r, types...) },
		func() { q.Classes = some(r, classes...) },
		func() {
			q.Tags = some(r, alert.Tag{Key: pick(r, tagKeys...), Value: pick(r, tagValues...)}, alert.Tag{Key: pick(r, tagKeys...)})
		},
		func() { q.Controls = some(r, append(controls, "cis-aws-5.0", "pci", "cis-aws-5.0/1")...) },
		func() { q.Remediable = some(r, remediable...) },
		func() { q.Owners = some(r, owners...) },
		func() { q.Assignees = some(r, owners...) },
		func() { q.Rules = some(r, append(ruleNames, "prod")...) },
		func() { q.Overdue = instant(r) },
		func() { q.Text = text(r) },
		func() { q.Text = text(r) + " " + text(r) },
		func() {
			q.Time, q.From = pick(r, "", alert.Opened, alert.Changed, alert.Observed), instant(r)
			if r.IntN(2) == 0 {
				q.To = q.From.Add(time.Duration(r.IntN(20)) * time.Hour)
			}
		},
		func() { q.Time, q.To = pick(r, alert.Opened, alert.Changed, alert.Observed), instant(r) },
	}
	for range r.IntN(4) {
		pick(r, fields...)()
	}
	q.Sort = order(r)
	q.Limit = pick(r, 0, 1, 7, 50, 10_000)
	return q
}

// text returns words to search: parts of words, phrases, short words, words in another case,
// and words that are in no alert.
func text(r *rand.Rand) string {
	word := strings.ReplaceAll(pick(r, words...), `"`, "")
	runes := []rune(word)
	switch r.IntN(6) {
	case 0:
		i := r.IntN(len(runes))
		word = string(runes[i:min(len(runes), i+1+r.IntN(4))])
	case 1:
		word = `"` + word + " " + strings.ReplaceAll(pick(r, words...), `"`, "") + `"`
	case 2:
		word = strings.ToUpper(word)
	case 3:
		word = pick(r, "absent", "buckets", "%", "_", "*", "'", "title:bucket", "bucket AND", "-db", "アラート", "id-", "P-")
	}
	return word
}

var sortFields = []alert.SortField{alert.ByAlertTime, alert.ByLastSeen, alert.BySeverity, alert.ByPolicy, alert.ByAccount, alert.ByAsset, alert.ByDue, alert.ByID}

func order(r *rand.Rand) []alert.Order {
	var by []alert.Order
	for range r.IntN(3) {
		f := pick(r, sortFields...)
		if !slices.ContainsFunc(by, func(o alert.Order) bool { return o.By == f }) {
			by = append(by, alert.Order{By: f, Desc: r.IntN(2) == 0})
		}
	}
	return by
}

// population returns alerts with unique keys.
func population(r *rand.Rand, n int) []*alert.Alert {
	all := make([]*alert.Alert, n)
	for i := range all {
		all[i] = random(r, i)
	}
	return all
}

// clone returns a copy of an alert that can be changed.
func clone(a *alert.Alert) *alert.Alert {
	c := *a
	c.Asset.Tags = maps.Clone(a.Asset.Tags)
	return &c
}
