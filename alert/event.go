package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/openstance/stance/policy"
)

// EventKind is what an Event reports.
type EventKind string

// The kinds of events.
const (
	EventOpened    EventKind = "opened" // also reopened: Transition.From tells
	EventResolved  EventKind = "resolved"
	EventDismissed EventKind = "dismissed"
	EventSnoozed   EventKind = "snoozed"
	EventPending   EventKind = "pending" // a remediation ran
	EventOverdue   EventKind = "overdue"
	EventFlapping  EventKind = "flapping" // it opens and closes too often to report each time
	EventDigest    EventKind = "digest"   // many changes in one message
	EventHealth    EventKind = "health"   // the alerting itself needs attention
	EventReview    EventKind = "review"   // a review was written, or an item of one was not attested
	EventTest      EventKind = "test"     // sent by Test of a channel
)

// Event is a message for people or their tools. Which of the pointers are set follows from
// the kind: Alert and Transition for the kinds about one alert, one of the others else.
type Event struct {
	// ID is the idempotency key: a receiver that saw it can drop the event. It is the same in
	// every delivery, and differs between channels only if their contents do.
	ID     string    `json:"id"`
	Kind   EventKind `json:"kind"`
	At     time.Time `json:"at"` // when it happened
	Tenant string    `json:"tenant,omitempty"`
	Rule   string    `json:"rule,omitempty"` // name of the rule that notifies
	Link   string    `json:"link,omitempty"` // page that shows the alert or digest, if the program has one

	Alert      *Alert      `json:"alert,omitempty"` // as it is when the event is delivered
	Transition *Transition `json:"transition,omitempty"`
	Digest     *Digest     `json:"digest,omitempty"`
	Health     *Health     `json:"health,omitempty"`
	Review     *ReviewNote `json:"review,omitempty"`
}

// Digest summarizes the changes of a time, or of the first scan of an account.
type Digest struct {
	From     time.Time               `json:"from"`
	To       time.Time               `json:"to"`
	Title    string                  `json:"title"`
	Opened   int                     `json:"opened"`
	Resolved int                     `json:"resolved"`
	Other    int                     `json:"other,omitempty"`    // dismissed, snoozed, overdue, ...
	Severity map[policy.Severity]int `json:"severity,omitempty"` // of those opened
	Accounts map[string]int          `json:"accounts,omitempty"` // opened, by account
	// Alerts are the first of the alerts, at most 50, the most severe first. More is the
	// number of those left out.
	Alerts []*Alert `json:"alerts,omitempty"`
	More   int      `json:"more,omitempty"`
}

// Health is a condition of the alerting that needs attention: it never stands for a finding.
type Health struct {
	Kind    HealthKind `json:"kind"`
	Subject string     `json:"subject"` // what it is about: an account, a channel, a scan
	Message string     `json:"message"`
	Since   time.Time  `json:"since"`
	// Until is when the condition ended; zero while it holds.
	Until time.Time `json:"until,omitzero"`
	// Sent is when the condition was last reported to the health channel.
	Sent time.Time `json:"sent,omitzero"`
}

// HealthKind is the kind of a health condition.
type HealthKind string

// The kinds of health conditions.
const (
	HealthUnscanned  HealthKind = "account_unscanned"  // no scan within the interval of the account
	HealthUnknown    HealthKind = "unknown"            // scope, type and policy are unknown for over 24 hours
	HealthPermission HealthKind = "permission_lost"    // an operation that worked is denied
	HealthChannel    HealthKind = "channel_failing"    // a channel does not accept events
	HealthDead       HealthKind = "dead_letters"       // events that were given up
	HealthPending    HealthKind = "pending"            // a remediation is not verified for over 24 hours
	HealthHeld       HealthKind = "held"               // too many assets of an account are missing in one scan
	HealthPolicy     HealthKind = "policy_missing"     // a policy of alerts is not in the set of two scans
	HealthFuture     HealthKind = "observed_in_future" // an observation is more than 5 minutes in the future
	HealthScan       HealthKind = "scan_failed"        // a scan did not end
	HealthRules      HealthKind = "rules_undecided"    // it is unknown whether a rule matches
	HealthClock      HealthKind = "clock"              // the clock went backwards
)

// ReviewNote announces a review.
type ReviewNote struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Text  string `json:"text"`
	Item  string `json:"item,omitempty"` // that was not attested
}

// Notifier delivers events to a channel.
type Notifier interface {
	// Notify delivers events, in order. An error without more means that none arrived and
	// that all can be sent again; a *PartialError says which did not arrive. Delivering an
	// event again does no harm, since receivers drop an ID that they saw. Notify is safe for
	// concurrent use.
	Notify(ctx context.Context, events []Event) error
}

// Tester is a Notifier that can send a test message.
type Tester interface {
	Notifier
	// Test sends one message of kind EventTest and returns the error of its delivery.
	Test(ctx context.Context) error
}

// PartialError reports the events of a batch that were not delivered. Every other event of
// the batch was.
type PartialError struct{ Failed []EventError }

// EventError is an event of a batch that was not delivered.
type EventError struct {
	Index      int // in the batch
	Err        error
	Permanent  bool          // sending it again is of no use
	RetryAfter time.Duration // what the receiver demands; 0: nothing
}

// Error returns the number of events and the first error.
func (e *PartialError) Error() string {
	if len(e.Failed) == 0 {
		return "0 events not delivered"
	}
	return fmt.Sprintf("%d events not delivered, the first: %v", len(e.Failed), e.Failed[0].Err)
}

// Unwrap returns the errors of the events.
func (e *PartialError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, f := range e.Failed {
		errs[i] = f.Err
	}
	return errs
}
