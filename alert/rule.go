package alert

import (
	"time"

	"github.com/openstance/stance/policy"
)

// Rule selects failing findings that become alerts, and the channels that hear of them. The
// fields of the selector that are set must all match, each with one of its values.
type Rule struct {
	Name        string // unique in a set of rules
	Description string
	Owner       string
	Disabled    bool

	Selector
	// Where is a condition in CEL, in addition to the selector: see [CompileFilter].
	Where string

	Notify []Notice
	// Due is the time from the opening of an alert to its due date, by severity. Of several
	// rules the shortest counts.
	Due map[policy.Severity]time.Duration
	// AutoRemediate permits remediation without approval by a person.
	AutoRemediate bool
}

// Selector selects alerts by the fields that Prisma Cloud's rules have. Empty fields match
// every alert.
type Selector struct {
	Policies         []string // ids, with * for any characters
	ExcludedPolicies []string
	Labels           []string // of policies
	Kinds            []policy.Kind
	Severities       []policy.Severity
	Standards        []string // standards or sections
	Providers        []string
	AccountGroups    []string
	Accounts         []string // ids, with *
	ExcludedAccounts []string
	Regions          []string // "global" for assets without a region
	Types            []string // of assets, with *
	Assets           []string // ids of assets, with *
	Tags             []Tag    // one of them; an empty value matches any
}

// Notice says which changes of alerts a rule reports, and where.
type Notice struct {
	Channels []string
	On       []EventKind // empty: EventOpened; EventFlapping comes with EventOpened and EventResolved
	// Delay holds a notification back. An alert that is resolved within the delay is not
	// reported at all.
	Delay time.Duration
	Every Period // empty: immediately
}

// Period is how often a channel receives the events of a notice, in one digest.
type Period string

// The periods.
const (
	Immediately Period = "immediately" // each event for itself
	Hourly      Period = "hourly"
	Daily       Period = "daily"
	Weekly      Period = "weekly"
	Monthly     Period = "monthly"
)
