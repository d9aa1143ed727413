// Package sample has events for the tests of channels.
package sample

import (
	"fmt"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// At is the time of all events.
var At = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// Alert returns an open alert, another one for each number.
func Alert(n int) *alert.Alert {
	bucket := fmt.Sprintf("arn:aws:s3:::bucket-%d", n)
	key := alert.Key{Policy: "aws-s3-public", Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: bucket}}
	return &alert.Alert{
		Key: key, ID: alert.NewID("", key), Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail,
		Policy: alert.Policy{
			Title: "S3 buckets block public access", Rationale: "Public buckets leak data.", Severity: policy.High,
			Controls: []string{"cis-aws-5.0/2.1.4"}, Remediable: alert.ByCommand, Steps: "Block public access.",
			CLI: "aws s3api put-public-access-block --bucket {resourceId}",
		},
		Asset: alert.Asset{
			Provider: "aws", Account: "123456789012", AccountName: "production", Region: "eu-west-1", Name: fmt.Sprintf("bucket-%d", n),
			URL:  fmt.Sprintf("https://console.aws.amazon.com/s3/buckets/bucket-%d", n),
			Tags: map[string]string{"team": "storage"},
		},
		Message:   fmt.Sprintf("bucket-%d is public", n),
		Evidence:  []alert.Evidence{{Asset: key.Ref, Path: "config.PublicAccessBlockConfiguration", Value: "absent"}},
		FirstSeen: At, LastSeen: At, AlertTime: At, Owner: "storage", Rules: []string{"all"},
	}
}

// Opened returns an event of an alert that opened.
func Opened(n int) alert.Event { return event(n, alert.EventOpened, "", alert.Open, alert.NewAlert) }

// Resolved returns an event of an alert that was resolved.
func Resolved(n int) alert.Event {
	return event(n, alert.EventResolved, alert.Open, alert.Resolved, alert.ResourceUpdated)
}

// Dismissed returns an event of an alert that a user dismissed.
func Dismissed(n int) alert.Event {
	e := event(n, alert.EventDismissed, alert.Open, alert.Dismissed, alert.UserDismissed)
	e.Transition.Actor, e.Transition.Note = "ann@example.com", "accepted until the migration"
	e.Alert.Accepted = &alert.Accepted{By: "ann@example.com", Note: e.Transition.Note, At: At}
	return e
}

func event(n int, kind alert.EventKind, from, to alert.Status, reason alert.Reason) alert.Event {
	a := Alert(n)
	a.Status, a.Reason = to, reason
	return alert.Event{
		ID: fmt.Sprintf("%s/%s", a.ID, kind), Kind: kind, At: At, Rule: "all", Link: "https://stance.example.com/alerts/" + a.ID, Alert: a,
		Transition: &alert.Transition{Seq: int64(n) + 1, Alert: a.ID, Key: a.Key, At: At, From: from, To: to, Reason: reason, Actor: "stance"},
	}
}

// Digest returns an event that summarizes alerts.
func Digest(n int) alert.Event {
	d := &alert.Digest{
		From: At.Add(-24 * time.Hour), To: At, Title: "Daily digest", Opened: n, Resolved: 1,
		Severity: map[policy.Severity]int{policy.High: n}, Accounts: map[string]int{"aws/123456789012": n},
	}
	for i := range min(n, 50) {
		d.Alerts = append(d.Alerts, Alert(i))
	}
	d.More = n - len(d.Alerts)
	return alert.Event{ID: "digest/all/20260304", Kind: alert.EventDigest, At: At, Rule: "all", Link: "https://stance.example.com/digests/1", Digest: d}
}

// Health returns an event of a health condition, which ended or not.
func Health(ended bool) alert.Event {
	h := &alert.Health{Kind: alert.HealthUnscanned, Subject: "aws/123456789012", Message: "no scan for 3 hours", Since: At.Add(-3 * time.Hour)}
	id := "health/account_unscanned/aws/123456789012"
	if ended {
		h.Until, id = At, id+"/end"
	}
	return alert.Event{ID: id, Kind: alert.EventHealth, At: At, Health: h}
}

// Review returns an event of a review.
func Review() alert.Event {
	return alert.Event{ID: "review/2026-03", Kind: alert.EventReview, At: At, Link: "https://stance.example.com/reviews/1",
		Review: &alert.ReviewNote{Name: "2026-03", Title: "Review of March 2026", Text: "3 alerts are overdue."}}
}
