package alerttest

import (
	"fmt"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

var eventTime = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// openedEvents returns events of different alerts, and a mark in the title of each policy
// and the name of each asset.
func openedEvents(name string, n int) (marks []string, events []alert.Event) {
	for i := range n {
		mark := fmt.Sprintf("%smark%dx", name, i)
		marks = append(marks, mark)
		events = append(events, openedEvent(mark, "x", mark))
	}
	return marks, events
}

// openedEvent returns an event with a string in its fields, after a mark in the title and in
// the name of the asset.
func openedEvent(mark, x, id string) alert.Event {
	key := alert.Key{Policy: x, Ref: asset.Ref{Type: asset.Type(x), ID: mark + x}}
	title := strings.TrimSpace(mark + " " + x)
	a := &alert.Alert{
		Key: key, ID: "P-" + id, Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail, Message: title,
		Policy: alert.Policy{
			Title: title, Rationale: x, Severity: policy.High, Kind: policy.KindConfig, Labels: []string{x}, Controls: []string{x},
			Remediable: alert.ByCommand, Steps: x, CLI: x, Class: policy.Safe, Fix: x, Digest: x,
		},
		Asset: alert.Asset{
			Provider: x, Account: x, Region: x, Name: title, Class: x, URL: x, Tags: map[string]string{x: x}, AccountName: x, Groups: []string{x},
			Parents: []asset.Ref{{Type: asset.Type(x), ID: x}}, Incarnation: x,
		},
		Evidence:  []alert.Evidence{{Asset: key.Ref, Path: asset.Path(x), Value: x}},
		FirstSeen: eventTime, LastSeen: eventTime, AlertTime: eventTime, Due: eventTime.Add(time.Hour),
		Owner: x, Assignee: x, Rules: []string{x}, Linked: x, Stream: x, CreatedBy: &alert.Creator{Name: x, At: eventTime},
	}
	return alert.Event{
		ID: "E-" + id, Kind: alert.EventOpened, At: eventTime, Tenant: x, Rule: x, Link: x, Alert: a,
		Transition: &alert.Transition{Seq: 1, Alert: a.ID, Key: key, At: eventTime, To: alert.Open, Reason: alert.NewAlert, Actor: x, Note: x, Scan: x, Groups: []string{x}},
	}
}

// kindEvents returns an event of each kind.
func kindEvents() []alert.Event { return eventsOf("x", "kindsmark") }

// hostileEvents returns events with a string in every field.
func hostileEvents(x, mark string) []alert.Event {
	events := eventsOf(x, mark)
	e := openedEvent(mark, x, mark)
	e.ID += x
	e.Alert.ID += x
	e.Transition.Alert, e.Alert.Status, e.Alert.Reason = e.Alert.ID, alert.Status(x), alert.Reason(x)
	e.Transition.From, e.Transition.Reason = alert.Status(x), alert.Reason(x)
	return append(events, e)
}

func eventsOf(x, mark string) []alert.Event {
	var events []alert.Event
	for kind, to := range map[alert.EventKind]alert.Status{
		alert.EventOpened: alert.Open, alert.EventResolved: alert.Resolved, alert.EventDismissed: alert.Dismissed, alert.EventSnoozed: alert.Snoozed,
		alert.EventPending: alert.PendingResolution, alert.EventOverdue: alert.Open, alert.EventFlapping: alert.Open,
	} {
		e := openedEvent(mark, x, mark+string(kind))
		e.Kind, e.Alert.Status, e.Transition.From, e.Transition.To = kind, to, alert.Open, to
		if kind == alert.EventOpened {
			e.Transition.From = ""
		}
		events = append(events, e)
	}
	digest := &alert.Digest{
		From: eventTime.Add(-time.Hour), To: eventTime, Title: x, Opened: 3, Resolved: 2, Other: 1, More: 1,
		Severity: map[policy.Severity]int{policy.High: 3}, Accounts: map[string]int{x: 3},
		Alerts: []*alert.Alert{openedEvent(mark, x, mark+"digest0").Alert, openedEvent(mark, x, mark+"digest1").Alert},
	}
	health := &alert.Health{Kind: alert.HealthUnscanned, Subject: x, Message: x, Since: eventTime}
	ended := &alert.Health{Kind: alert.HealthChannel, Subject: x, Message: x, Since: eventTime, Until: eventTime.Add(time.Hour)}
	review := &alert.ReviewNote{Name: x, Title: x, Text: x + "\n" + x, Item: x}
	for i, e := range []alert.Event{
		{Kind: alert.EventDigest, Digest: digest}, {Kind: alert.EventHealth, Health: health}, {Kind: alert.EventHealth, Health: ended}, {Kind: alert.EventReview, Review: review},
	} {
		e.ID, e.At, e.Tenant, e.Rule, e.Link = fmt.Sprintf("E-%s-other%d", mark, i), eventTime, x, x, x
		events = append(events, e)
	}
	return events
}
