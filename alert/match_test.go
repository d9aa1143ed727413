package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// sample is an alert with every field that queries select by.
func sample() *alert.Alert {
	k := alert.Key{Policy: "aws-s3-public", Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::Books"}}
	return &alert.Alert{
		Key: k, ID: alert.NewID("t", k), Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail,
		Policy: alert.Policy{
			Title: "S3 bucket is public 公開バケット", Severity: policy.High, Kind: policy.KindConfig,
			Controls: []string{"cis-aws-5.0/2.1.4", "pci"}, Remediable: alert.ByFix,
		},
		Asset: alert.Asset{
			Provider: "aws", Account: "111122223333", Region: "eu-west-1", Name: "ｱﾗｰﾄ Books", Class: "storage",
			Tags: map[string]string{"team": "a", "empty": ""}, Groups: []string{"dev", "prod"},
		},
		FirstSeen: start, LastSeen: start.Add(time.Hour), AlertTime: start, Due: start.Add(24 * time.Hour),
		Owner: "web", Assignee: "ann", Rules: []string{"all", "s3"}, Stream: "main",
	}
}

func TestQueryMatches(t *testing.T) {
	for name, row := range map[string]struct {
		yes, no alert.Query
	}{
		"zero":       {alert.Query{}, alert.Query{Statuses: []alert.Status{alert.Unmatched}}},
		"status":     {alert.Query{Statuses: []alert.Status{alert.Resolved, alert.Open}}, alert.Query{Statuses: []alert.Status{alert.Resolved}}},
		"id":         {alert.Query{IDs: []string{"x", sample().ID}}, alert.Query{IDs: []string{"x"}}},
		"policy":     {alert.Query{Policies: []string{"aws-s3-public"}}, alert.Query{Policies: []string{"aws-s3"}}},
		"kind":       {alert.Query{Kinds: []policy.Kind{policy.KindConfig}}, alert.Query{Kinds: []policy.Kind{policy.KindEvent}}},
		"severity":   {alert.Query{Severities: []policy.Severity{policy.High}}, alert.Query{Severities: []policy.Severity{policy.Low}}},
		"provider":   {alert.Query{Providers: []string{"aws"}}, alert.Query{Providers: []string{"azure"}}},
		"account":    {alert.Query{Accounts: []string{"111122223333"}}, alert.Query{Accounts: []string{"aws/111122223333"}}},
		"group":      {alert.Query{Groups: []string{"prod"}}, alert.Query{Groups: []string{"", "pro"}}},
		"region":     {alert.Query{Regions: []string{"eu-west-1"}}, alert.Query{Regions: []string{alert.Global, ""}}},
		"ref":        {alert.Query{Refs: []asset.Ref{sample().Ref}}, alert.Query{Refs: []asset.Ref{{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::books"}}}},
		"type":       {alert.Query{Types: []asset.Type{"AWS::S3::Bucket"}}, alert.Query{Types: []asset.Type{"AWS::S3"}}},
		"class":      {alert.Query{Classes: []string{"storage"}}, alert.Query{Classes: []string{"Storage"}}},
		"tag":        {alert.Query{Tags: []alert.Tag{{Key: "x"}, {Key: "team", Value: "a"}}}, alert.Query{Tags: []alert.Tag{{Key: "team", Value: "b"}}}},
		"any value":  {alert.Query{Tags: []alert.Tag{{Key: "empty"}}}, alert.Query{Tags: []alert.Tag{{Key: "empty", Value: "x"}}}},
		"standard":   {alert.Query{Controls: []string{"cis-aws-5.0"}}, alert.Query{Controls: []string{"cis-aws"}}},
		"section":    {alert.Query{Controls: []string{"cis-aws-5.0/2.1.4"}}, alert.Query{Controls: []string{"cis-aws-5.0/2.1"}}},
		"no section": {alert.Query{Controls: []string{"pci"}}, alert.Query{Controls: []string{"pci/"}}},
		"remediable": {alert.Query{Remediable: []alert.Remediable{alert.ByFix}}, alert.Query{Remediable: []alert.Remediable{alert.ByCommand}}},
		"owner":      {alert.Query{Owners: []string{"web"}}, alert.Query{Owners: []string{""}}},
		"assignee":   {alert.Query{Assignees: []string{"ann"}}, alert.Query{Assignees: []string{""}}},
		"rule":       {alert.Query{Rules: []string{"s3"}}, alert.Query{Rules: []string{"s"}}},
		"overdue":    {alert.Query{Overdue: start.Add(25 * time.Hour)}, alert.Query{Overdue: start.Add(24 * time.Hour)}},
		"opened":     {alert.Query{From: start}, alert.Query{To: start}},
		"changed":    {alert.Query{Time: alert.Changed, From: start.Add(time.Hour)}, alert.Query{Time: alert.Changed, To: start.Add(time.Hour)}},
		"observed":   {alert.Query{Time: alert.Observed}, alert.Query{Time: alert.Observed, To: start}},
		"last day":   {alert.Last24Hours(start.Add(24 * time.Hour)), alert.Last24Hours(start)},
		"words":      {alert.Query{Text: " bucket  S3"}, alert.Query{Text: "bucket absent"}},
		"id in text": {alert.Query{Text: "S3:::BOOKS " + sample().ID}, alert.Query{Text: "aws-s3-public"}},
		"phrase":     {alert.Query{Text: `"bucket is"`}, alert.Query{Text: `"is bucket"`}},
		"open quote": {alert.Query{Text: `public "bucket is`}, alert.Query{Text: `"bucket  are`}},
		"Japanese":   {alert.Query{Text: "公開 アラート ｂｏｏｋｓ"}, alert.Query{Text: "非公開"}},
		"syntax":     {alert.Query{Text: `""`}, alert.Query{Text: `title:bucket* OR NOT %`}},
		"no phrase over fields": {
			alert.Query{Text: "バケット ｱﾗｰﾄ"}, alert.Query{Text: "\"バケット\nアラート\""},
		},
		"all fields": {
			alert.Query{Policies: []string{"aws-s3-public"}, Severities: []policy.Severity{policy.High}, Text: "s3"},
			alert.Query{Policies: []string{"aws-s3-public"}, Severities: []policy.Severity{policy.Low}, Text: "s3"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, row.yes.Check())
			require.NoError(t, row.no.Check())
			assert.True(t, row.yes.Matches(sample()))
			assert.False(t, row.no.Matches(sample()))
		})
	}
}

func TestQueryMatchesAlertsWithoutAField(t *testing.T) {
	bare := &alert.Alert{Status: alert.Open}
	for name, q := range map[string]alert.Query{
		"region":   {Regions: []string{alert.Global}},
		"group":    {Groups: []string{""}},
		"owner":    {Owners: []string{""}},
		"provider": {Providers: []string{""}},
	} {
		assert.True(t, q.Matches(bare), name)
	}
	for name, q := range map[string]alert.Query{
		"due":   {Overdue: start},
		"time":  {To: start},
		"tag":   {Tags: []alert.Tag{{}}},
		"empty": {Rules: []string{""}},
	} {
		assert.False(t, q.Matches(bare), name)
	}
	resolved := sample()
	resolved.Status = alert.Resolved
	late := alert.Query{Overdue: start.Add(time.Hour * 1000)}
	assert.False(t, late.Matches(resolved), "only open alerts are overdue")
}

func TestQueryCheck(t *testing.T) {
	page := alert.Query{Sort: []alert.Order{{By: alert.ByAsset}, {By: alert.ByDue, Desc: true}}}
	cursor := page.Next(page.Position(sample()))
	for name, row := range map[string]struct {
		query   alert.Query
		message string
	}{
		"negative limit":  {alert.Query{Limit: -1}, "invalid limit -1"},
		"large limit":     {alert.Query{Limit: 10_001}, "invalid limit 10001"},
		"time":            {alert.Query{Time: "opned"}, `unknown time "opned"`},
		"order":           {alert.Query{Sort: []alert.Order{{By: "name"}}}, `unknown order "name"`},
		"order twice":     {alert.Query{Sort: []alert.Order{{By: alert.ByDue}, {By: alert.ByDue, Desc: true}}}, `duplicate order "due"`},
		"long text":       {alert.Query{Text: strings.Repeat("x", 1025)}, "text too long (1025 bytes"},
		"many words":      {alert.Query{Text: strings.Repeat("x ", 33)}, "text too long (33 words"},
		"not a cursor":    {alert.Query{Cursor: "%"}, "invalid cursor"},
		"not JSON":        {alert.Query{Cursor: "AAAA"}, "invalid cursor"},
		"long cursor":     {alert.Query{Cursor: strings.Repeat("A", 128<<10+1)}, "invalid cursor (too long)"},
		"of another sort": {alert.Query{Cursor: cursor}, "of another order"},
	} {
		assert.ErrorContains(t, row.query.Check(), row.message, name)
	}
	page.Cursor = cursor
	require.NoError(t, page.Check())
	place, err := page.After()
	require.NoError(t, err)
	assert.Equal(t, page.Position(sample()), *place)
}

func TestViewLimitsScans(t *testing.T) {
	r := alert.ScanRecord{
		ID: "s", Accounts: []string{"aws/1", "aws/2"}, Error: "aws/2: no", Summary: alert.Summary{Opened: 3}, Missing: []alert.MissingAlert{{ID: "P-1"}},
		Held:     map[string][]string{"aws/1": {"P-2"}, "aws/2": {"P-3"}},
		Coverage: []alert.CoverageCount{{Account: "aws/1"}, {Account: "aws/2"}}, Counts: []alert.ScanCount{{Account: "aws/2"}},
	}
	all, ok := alert.View{}.Limit(r)
	assert.True(t, ok)
	assert.Equal(t, r, all)
	_, ok = alert.View{Accounts: []string{}}.Limit(r)
	assert.False(t, ok)
	_, ok = alert.View{Accounts: []string{"3"}}.Limit(r)
	assert.False(t, ok)
	part, ok := alert.View{Accounts: []string{"1"}}.Limit(r)
	assert.True(t, ok)
	assert.Equal(t, alert.ScanRecord{
		ID: "s", Accounts: []string{"aws/1"}, Error: "not in this view", Held: map[string][]string{"aws/1": {"P-2"}},
		Coverage: []alert.CoverageCount{{Account: "aws/1"}}, Counts: []alert.ScanCount{},
	}, part)
	assert.Len(t, r.Accounts, 2, "the record is as before")
}

func TestViewIncludesDocuments(t *testing.T) {
	v := alert.View{Accounts: []string{"1"}}
	for name, row := range map[string]struct {
		kind, name string
		want       bool
	}{
		"account":              {"account", "aws/1", true},
		"account by its id":    {"account", "1", true},
		"other account":        {"account", "aws/2", false},
		"health of account":    {"health", "account_unscanned/aws/1", true},
		"health of another":    {"health", "account_unscanned/aws/2", false},
		"health of a channel":  {"health", "channel_failing/mail", false},
		"rules mention others": {"rules", "1", false},
	} {
		assert.Equal(t, row.want, v.IncludesDocument(row.kind, row.name), name)
		assert.True(t, alert.View{}.IncludesDocument(row.kind, row.name), name)
	}
}

func FuzzCursor(f *testing.F) {
	q := alert.Query{Sort: []alert.Order{{By: alert.ByAsset}, {By: alert.BySeverity, Desc: true}}}
	f.Add(q.Next(q.Position(sample())))
	f.Add("")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, cursor string) {
		q := q
		q.Cursor = cursor
		place, err := q.After()
		if err != nil || place == nil {
			return
		}
		require.Len(t, place.Values, 3)
		again := alert.Query{Sort: q.Sort, Cursor: q.Next(*place)}
		same, err := again.After()
		require.NoError(t, err)
		require.Equal(t, place, same)
	})
}
