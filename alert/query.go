package alert

import (
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Query selects alerts: those that match all fields that are set, and of each field one of
// its values. The zero Query selects all alerts but the unmatched.
type Query struct {
	IDs        []string
	Statuses   []Status // empty: all but Unmatched
	Policies   []string // ids
	Kinds      []policy.Kind
	Severities []policy.Severity
	Providers  []string
	Accounts   []string // ids
	Groups     []string // of the account; "": it is in no group
	Regions    []string // "global" for assets without a region
	Refs       []asset.Ref
	Types      []asset.Type
	Classes    []string
	Tags       []Tag
	Controls   []string // standards ("cis-aws-5.0") or sections ("cis-aws-5.0/2.1.4"), without those below a section
	Remediable []Remediable
	Owners     []string
	Assignees  []string
	Rules      []string // names
	// Overdue selects alerts whose due date is before this instant and that are open; zero: any.
	Overdue time.Time

	// Text selects alerts whose title, asset name, asset id or ID contain every word, in any
	// case. A word in double quotes may have spaces. See [FoldText].
	Text string

	// From and To bound a time of the alert: From is inclusive, To exclusive, zero unbounded.
	// A time that is not set is outside of all bounds.
	Time     TimeField
	From, To time.Time

	// Where is a condition that is called for the alerts that the other fields select, at most
	// MaxWhere of them, such as the Match method of a [Filter] in CEL. An error ends the query.
	Where func(*Alert) (bool, error)

	Sort   []Order // then by ID; empty: latest AlertTime first
	Cursor string  // Page.Next of the page before
	Limit  int     // 0: 100; at most 10,000
}

// MaxWhere is the number of alerts that Query.Where is called for.
const MaxWhere = 100_000

// Last24Hours returns a query for the alerts that opened in the 24 hours before an instant.
func Last24Hours(now time.Time) Query {
	return Query{Time: Opened, From: now.Add(-24 * time.Hour), To: now}
}

// Tag is a tag or label of an asset. An empty Value stands for any.
type Tag struct{ Key, Value string }

// TimeField is a time of an alert.
type TimeField string

// The times of alerts.
const (
	Opened   TimeField = "opened"   // AlertTime; also the zero TimeField
	Changed  TimeField = "changed"  // LastSeen
	Observed TimeField = "observed" // LastObserved
)

// Order is an order of alerts.
type Order struct {
	By   SortField
	Desc bool
}

// SortField is what alerts are sorted by.
type SortField string

// The orders.
const (
	ByAlertTime SortField = "alertTime"
	ByLastSeen  SortField = "lastSeen"
	BySeverity  SortField = "severity"
	ByPolicy    SortField = "policy"
	ByAccount   SortField = "account"
	ByAsset     SortField = "asset" // type and id
	ByDue       SortField = "due"
	ByID        SortField = "id" // the order never changes
)

// Page is a page of alerts.
type Page struct {
	Alerts []*Alert
	Next   string // cursor of the next page; empty: there is none
	// Truncated reports that Query.Where was not called for all alerts, since there are
	// more than MaxWhere: there may be others that match. Next goes on with these.
	Truncated bool
}

// Dimension is what alerts are counted by.
type Dimension string

// The dimensions.
const (
	PerDay      Dimension = "day" // of AlertTime, UTC: "2026-12-01"
	PerStatus   Dimension = "status"
	PerSeverity Dimension = "severity"
	PerKind     Dimension = "kind" // of the policy
	PerPolicy   Dimension = "policy"
	PerProvider Dimension = "provider"
	PerAccount  Dimension = "account"
	PerRegion   Dimension = "region"
	PerGroup    Dimension = "group" // an alert counts for each group of its account
	PerType     Dimension = "type"
	PerClass    Dimension = "class"
	PerAsset    Dimension = "asset" // type and id, separated by a space
	PerReason   Dimension = "reason"
	PerOwner    Dimension = "owner"
)

// Count is a number of alerts.
type Count struct {
	By []string // a value for each dimension
	N  int
	// Resolve is the sum of the times from opening to resolving, over the N alerts that are
	// resolved: divided by N, the mean time to resolve.
	Resolve time.Duration
}
