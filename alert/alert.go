package alert

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Key identifies an alert in a tenant: the policy and the asset that does not comply.
type Key struct {
	Policy string    `json:"policy"`
	Ref    asset.Ref `json:"ref"`
}

// Hash returns a hash of the key and its tenant. Stores use it as the unique key of a row.
func (k Key) Hash(tenant string) [16]byte {
	h := sha256.New()
	for _, part := range []string{tenant, k.Policy, string(k.Ref.Type), k.Ref.ID} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return [16]byte(h.Sum(nil))
}

// NewID returns the ID of an alert that opens first under a key: "P-" and a hash. An alert
// keeps its ID if its policy gets another id.
func NewID(tenant string, k Key) string {
	h := k.Hash(tenant)
	return "P-" + hex.EncodeToString(h[:10])
}

// Alert is the life of one failing finding. A Store returns alerts that the caller owns.
type Alert struct {
	Key
	ID     string `json:"id"` // constant; channels de-duplicate by it
	Status Status `json:"status"`
	Reason Reason `json:"reason"` // of the last change of the status

	// Verdict is the last verdict that was applied, whatever the status: Fail, Pass or
	// NotApplicable. Unknown verdicts are noted apart (Unknown).
	Verdict policy.Status    `json:"verdict"`
	Gone    bool             `json:"gone,omitempty"` // the asset no longer exists
	Read    policy.ReadTimes `json:"read"`           // when the assets were read that the verdict depends on

	Policy   Policy     `json:"policyInfo"` // as of the last verdict that failed
	Asset    Asset      `json:"asset"`      // as of the last verdict that failed
	Message  string     `json:"message"`
	Evidence []Evidence `json:"evidence,omitempty"`

	FirstSeen time.Time `json:"firstSeen"` // when the alert was made
	LastSeen  time.Time `json:"lastSeen"`  // last change of the status
	AlertTime time.Time `json:"alertTime"` // last opening
	Due       time.Time `json:"due,omitzero"`
	Overdue   bool      `json:"overdue,omitempty"` // the overdue event of this Due is out

	Owner     string    `json:"owner,omitempty"`    // responsible, from tags, account and groups
	Assignee  string    `json:"assignee,omitempty"` // by a user
	Rules     []string  `json:"rules,omitempty"`    // names of the rules that match, sorted
	Accepted  *Accepted `json:"accepted,omitempty"` // of a dismissed or snoozed alert
	Pending   *Pending  `json:"pending,omitempty"`  // of an alert whose remediation ran
	Fixed     time.Time `json:"fixed,omitzero"`     // last remediation
	Linked    string    `json:"linked,omitempty"`   // ID of the alert that this one continues or was merged into
	CreatedBy *Creator  `json:"createdBy,omitempty"`

	// Stream is the name of the stream whose scans yield the finding last. Only silence of
	// this stream can mean that the asset is gone.
	Stream string `json:"stream"`
	// Missing counts the consecutive scans with complete coverage that did not yield the
	// finding, and MissingSince is the start of the first of these.
	Missing      int       `json:"missing,omitempty"`
	MissingSince time.Time `json:"missingSince,omitzero"`

	// State is a digest of the last verdict and of everything above that a finding
	// determines. A finding with the same state changes nothing.
	State string `json:"state"`
	// Wake is the earliest instant at which time alone changes the alert: the end of a
	// dismissal or a snooze, a due date, a check of a remediation. Zero: none.
	Wake time.Time `json:"wake,omitzero"`

	// Changes are the instants of the transitions of the last 24 hours, for flapping.
	Changes  []time.Time `json:"changes,omitempty"`
	Flapping bool        `json:"flapping,omitempty"`

	// The following are not stored with the alert; a Store fills them in.

	// LastObserved is when the finding was last yielded: by the last scan of the stream, if
	// the alert is not missing.
	LastObserved time.Time `json:"lastObserved,omitzero"`
	// Unknown is set while the verdict is unknown: the asset or the policy could not be
	// looked at, and the status may be out of date.
	Unknown *Unknown `json:"unknown,omitempty"`
}

// LastVerified returns when a verdict last confirmed the status: the time of the last
// observation, or the instant from which on the verdict is unknown.
func (a *Alert) LastVerified() time.Time {
	if a.Unknown != nil {
		return a.Unknown.Verified
	}
	return a.LastObserved
}

// Policy describes the policy of an alert.
type Policy struct {
	Title       string          `json:"title"`
	Rationale   string          `json:"rationale,omitempty"`
	Severity    policy.Severity `json:"severity"`
	Kind        policy.Kind     `json:"kind"`
	Labels      []string        `json:"labels,omitempty"`
	Controls    []string        `json:"controls,omitempty"`
	Digest      string          `json:"digest,omitempty"` // hex; empty if not complete
	Remediable  Remediable      `json:"remediable"`
	Fix         string          `json:"fix,omitempty"`
	Class       policy.Class    `json:"class,omitempty"` // risk of the repair
	Steps       string          `json:"steps,omitempty"` // what to do, for a person
	CLI         string          `json:"cli,omitempty"`   // template of a command
	NoDismissal bool            `json:"noDismissal,omitempty"`
}

// Remediable is how an asset can be made to comply. Values other than the constants are kept.
type Remediable string

// The kinds of remediation.
const (
	NotRemediable Remediable = "none"    // a person decides
	ByCommand     Remediable = "command" // the policy has a command
	ByFix         Remediable = "fix"     // the policy names a fix of package remediate
)

// Asset describes the asset of an alert.
type Asset struct {
	Provider    string            `json:"provider,omitempty"` // the owner's scope
	Account     string            `json:"account,omitempty"`
	Region      string            `json:"region,omitempty"` // empty: global
	Name        string            `json:"name,omitempty"`
	Class       string            `json:"class,omitempty"`
	URL         string            `json:"url,omitempty"` // of the cloud's console
	Tags        map[string]string `json:"tags,omitempty"`
	Parents     []asset.Ref       `json:"parents,omitempty"` // nearest first
	AccountName string            `json:"accountName,omitempty"`
	Groups      []string          `json:"groups,omitempty"` // of the account, sorted
	Incarnation string            `json:"incarnation,omitempty"`
	Digest      string            `json:"digest,omitempty"` // hex; of the asset and those looked at; empty if not complete
}

// Scope returns the scope of the asset.
func (a *Asset) Scope() asset.Scope {
	return asset.Scope{Provider: a.Provider, Account: a.Account, Region: a.Region}
}

// Evidence is a part of an asset that decided the verdict. Values are redacted.
type Evidence struct {
	Asset asset.Ref  `json:"asset"`
	Path  asset.Path `json:"path"`
	Value string     `json:"value"` // JSON, at most 1024 bytes; "absent", "unread: why"
}

// Accepted says who accepted a finding, why and until when.
type Accepted struct {
	By        string    `json:"by"` // a user, or the owner of the exception
	Note      string    `json:"note,omitempty"`
	At        time.Time `json:"at"`
	Until     time.Time `json:"until,omitzero"` // zero: no end
	Exception bool      `json:"exception,omitempty"`
}

// Pending describes a remediation whose effect is not verified.
type Pending struct {
	Plan string    `json:"plan"` // digest of the plan
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	// Reads counts the readings of the asset since then.
	Reads int `json:"reads,omitempty"`
}

// Creator says who created the asset of an alert, where that is known.
type Creator struct {
	Name string    `json:"name"`
	At   time.Time `json:"at,omitzero"`
}

// Unknown notes that the verdict of an alert is unknown.
type Unknown struct {
	Key
	Since    time.Time `json:"since"`             // start of the first scan that said so
	Verified time.Time `json:"verified,omitzero"` // last observation before
	Reason   string    `json:"reason"`
}

// Transition is a change of the status of an alert, or a record that did not change it: a
// comment, an assignment, a verdict that came late.
type Transition struct {
	// Seq is a number that a store gives. It grows over all alerts of the store in the order
	// in which transitions become visible; numbers may be left out.
	Seq    int64     `json:"seq"`
	Alert  string    `json:"alert"` // ID
	Key    Key       `json:"key"`
	At     time.Time `json:"at"`
	From   Status    `json:"from,omitempty"` // empty for a new alert
	To     Status    `json:"to"`
	Reason Reason    `json:"reason"`
	Actor  string    `json:"actor"` // a user, or "stance"
	Note   string    `json:"note,omitempty"`
	Scan   string    `json:"scan,omitempty"`
	// Silent transitions are recorded and not reported.
	Silent bool `json:"silent,omitempty"`
	// Groups are the groups of the account at that time.
	Groups []string `json:"groups,omitempty"`
}
