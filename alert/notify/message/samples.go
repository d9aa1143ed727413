package message

import (
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// samples returns messages of each kind in each language, with every field and without any,
// and with characters that have a meaning in a format.
func samples() []*Message {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hostile := "\"quotes\" 'and' \\ <b>&amp; {{.}} `*_~ \n\t ${x} 日本語"
	key := alert.Key{Policy: "aws-s3-bucket-public", Ref: asset.Ref{Type: "aws.s3.Bucket", ID: "arn:aws:s3:::" + hostile}}
	full := &alert.Alert{
		Key: key, ID: "P-0123456789abcdef0123", Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail, Message: hostile,
		Policy: alert.Policy{
			Title: hostile, Rationale: hostile, Severity: policy.Critical, Kind: policy.KindConfig, Labels: []string{hostile, "b"},
			Controls: []string{"cis-aws-5.0/2.1.4"}, Remediable: alert.ByFix, Steps: hostile,
		},
		Asset: alert.Asset{
			Provider: "aws", Account: "111111111111", AccountName: hostile, Region: "eu-west-1", Name: hostile, Class: "storage",
			URL: "https://console.aws.amazon.com/s3?x=1&y=2", Tags: map[string]string{hostile: hostile}, Groups: []string{hostile},
		},
		FirstSeen: at, LastSeen: at, AlertTime: at, Due: at, Overdue: true, Owner: hostile, Assignee: hostile,
	}
	transition := &alert.Transition{Seq: 1, Alert: full.ID, Key: key, At: at, To: alert.Open, Reason: alert.NewAlert, Actor: hostile, Note: hostile}
	events := []alert.Event{{Kind: alert.EventTest}}
	for _, kind := range []alert.EventKind{
		alert.EventOpened, alert.EventResolved, alert.EventDismissed, alert.EventSnoozed, alert.EventPending, alert.EventOverdue, alert.EventFlapping,
	} {
		events = append(events,
			alert.Event{Kind: kind, Alert: full, Transition: transition},
			alert.Event{Kind: kind, Alert: &alert.Alert{}},
			alert.Event{Kind: kind, Transition: &alert.Transition{From: alert.Resolved}})
	}
	events = append(events,
		alert.Event{Kind: alert.EventDigest, Digest: &alert.Digest{
			From: at, To: at.Add(time.Hour), Title: "hourly", Opened: 12345, Resolved: 1, Other: 1, More: 1, Alerts: []*alert.Alert{full, {}},
			Severity: map[policy.Severity]int{policy.High: 12344, policy.Low: 1}, Accounts: map[string]int{hostile: 12345},
		}},
		alert.Event{Kind: alert.EventDigest, Digest: &alert.Digest{}},
		alert.Event{Kind: alert.EventHealth, Health: &alert.Health{Kind: alert.HealthUnscanned, Subject: hostile, Message: hostile, Since: at, Until: at}},
		alert.Event{Kind: alert.EventHealth, Health: &alert.Health{}},
		alert.Event{Kind: alert.EventReview, Review: &alert.ReviewNote{Name: "2026-03", Title: hostile, Text: hostile, Item: hostile}},
		alert.Event{Kind: alert.EventReview, Review: &alert.ReviewNote{}},
	)
	var all []*Message
	for _, language := range []string{"en", "ja"} {
		texts, err := NewTexts(language)
		if err != nil {
			continue
		}
		for _, e := range events {
			e.ID, e.At, e.Tenant, e.Rule, e.Link = "sample", at, hostile, hostile, "https://stance.example.com/alerts/1"
			all = append(all, texts.Message(&e))
		}
	}
	return all
}
