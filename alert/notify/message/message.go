// Package message makes the texts of notifications: it turns an event into a Message in
// English or Japanese, and executes templates over messages, with each value escaped for the
// format of the channel.
package message

import "time"

// Message is what a template sees of an event. Fields that an event of its kind lacks are
// zero. Every string is bounded, valid UTF-8 and without control characters; only the ones
// that say so have several lines.
type Message struct {
	ID       string    // idempotency key
	Kind     string    // "opened", "resolved", "dismissed", "snoozed", "pending", "overdue", "flapping", "digest", "health", "review", "test"
	At       time.Time // when it happened
	Tenant   string
	Rule     string // name of the rule that notifies
	Link     URL    // page of the program that shows the alert or digest
	Language string // "en" or "ja"

	Title  string  // one line that says what happened, in the language
	Text   string  // what the finding means and what to do; several lines
	Fields []Field // the facts, with labels in the language

	Alert  Alert
	Digest Digest
	Health Health
	Review Review
}

// URL is an absolute HTTP or HTTPS URL, or empty. Characters that have a meaning in Slack
// and Markdown links are percent-encoded.
type URL string

// Field is a fact with its label.
type Field struct {
	Label, Value string
	Link         URL // empty: none
}

// Alert describes the alert of a message, and the transition that is reported.
type Alert struct {
	ID       string
	Status   string
	From     string // status before the transition
	Reason   string // "NEW_ALERT", ...
	Severity string // "informational", "low", "medium", "high", "critical"
	Message  string
	Actor    string
	Note     string

	Policy      string // id
	PolicyTitle string
	Kind        string // of the policy
	Rationale   string // several lines
	Steps       string // several lines
	Remediable  string // "none", "command", "fix"
	Labels      []string
	Controls    []string

	Asset       string // id
	AssetName   string
	AssetType   string
	Provider    string
	Account     string
	AccountName string
	Region      string // empty: global
	Groups      []string
	Tags        map[string]string
	Console     URL

	Owner, Assignee string
	FirstSeen       time.Time
	LastSeen        time.Time
	AlertTime       time.Time
	Due             time.Time
	Overdue         bool
}

// Digest describes the changes of a period.
type Digest struct {
	Title                         string
	From, To                      time.Time
	Opened, Resolved, Other, More int
	Critical, High, Medium, Low   int // of those opened
	Informational                 int
	Alerts                        []Alert
}

// Health describes a condition of the alerting.
type Health struct {
	Kind, Subject, Message string
	Since, Until           time.Time // Until is zero while it holds
}

// Review announces a review.
type Review struct {
	Name, Title, Item string
	Text              string // several lines
}
