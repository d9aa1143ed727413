package alert

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// The errors of stores, under errors.Is.
var (
	// ErrNewer: a later version of this package wrote the store.
	ErrNewer = errors.New("store of a newer version")
	// ErrCorrupt: the store is damaged.
	ErrCorrupt = errors.New("store is corrupt")
	// ErrFull: there is no space left for the store.
	ErrFull = errors.New("store is full")
	// ErrBusy: another writer held the store for too long.
	ErrBusy = errors.New("store is busy")
	// ErrReadOnly: the transaction is limited to some accounts, or is no write transaction.
	ErrReadOnly = errors.New("store is read-only")
)

// Store keeps alerts, their history, the outbox and the records of scans. It holds no rules
// of the lifecycle: Tracker has those. All methods are safe for concurrent use, also by
// several processes where the store says so. Package alerttest tests implementations.
type Store interface {
	// Read runs f over one consistent state of the store. What f reads must not be used by
	// other goroutines before it returns.
	Read(ctx context.Context, v View, f func(Reader) error) error

	// Write runs f in a transaction of one tenant, and commits it if f returns nil. Write
	// transactions of all processes run one after the other. f reads what it wrote. An error
	// of f is returned as it is, and nothing is written. f may be called again after a
	// conflict; it must have no other effects.
	Write(ctx context.Context, tenant string, f func(Tx) error) error

	// Now returns the instant of the clock that the store was opened with.
	Now() time.Time

	// Close releases the store. Transactions must have ended.
	Close() error
}

// View selects the part of a store that a reader sees.
type View struct {
	Tenant string
	// Accounts limits the view to alerts of these accounts, given by their ids as in
	// Query.Accounts, and to what belongs to these alerts: marks, notes, transitions, messages,
	// versions. See [View.IncludesDocument] and [View.Limit] for documents and scans. Nil: all;
	// empty: none.
	Accounts []string
}

// Reader reads one state of a store, of one tenant. Alerts that it returns belong to the
// caller. No other method may be called before a loop over a sequence ends.
type Reader interface {
	// Alerts returns the alerts with the keys. Keys without an alert are missing in the map.
	Alerts(keys ...Key) (map[Key]*Alert, error)
	// ByID returns the alerts with the IDs, in their order; nil stands for one without an alert.
	ByID(ids ...string) ([]*Alert, error)
	// Query returns a page of alerts.
	Query(q Query) (*Page, error)
	// Count counts the alerts of a query by dimensions, sorted by them. It ignores the order,
	// the limit and the cursor of the query, and fails for one with Where. No dimension: one
	// count of all.
	Count(q Query, by ...Dimension) ([]Count, error)

	// Marks returns the marks of the keys with the hashes, in their order; the zero Mark
	// stands for a key without an alert.
	Marks(hashes [][16]byte) ([]Mark, error)
	// Claimed yields the marks of the alerts that a stream claims and whose last verdict
	// failed and whose asset is not gone, in the order of their hashes, after one.
	Claimed(stream string, after [16]byte) iter.Seq2[Mark, error]
	// Waking returns the alerts whose Wake is not after an instant, the earliest first, then by
	// ID, at most limit (0: 1000).
	Waking(at time.Time, limit int) ([]*Alert, error)
	// Unknowns yields the notes of unknown verdicts, the earliest Since first, then by policy,
	// type and id.
	Unknowns() iter.Seq2[Unknown, error]

	// History returns transitions in the order of their numbers.
	History(q HistoryQuery) ([]Transition, error)
	// Scans returns the records of the scans of a stream, or of all if it is empty, the latest
	// start first, then by ID, at most limit (0: 1000).
	Scans(stream string, limit int) ([]ScanRecord, error)
	// Scan returns the record with the ID.
	Scan(id string) (ScanRecord, bool, error)
	// Document returns a small document, or nil if there is none.
	Document(kind, name string) ([]byte, error)
	// Documents yields the names and contents of the documents of a kind, sorted by name.
	Documents(kind string) iter.Seq2[Document, error]
	// Messages returns messages of the outbox, the earliest NotBefore first, then by Seq and ID.
	Messages(q MessageQuery) ([]Message, error)
	// Versions returns the versions of an asset, the latest From first, at most limit (0: 1000).
	Versions(ref asset.Ref, limit int) ([]Version, error)

	// Records yields everything, for [Export]: documents, scans, alerts, notes of unknown
	// verdicts, transitions in the order of their numbers, messages, versions with the earliest
	// first. A view of some accounts yields ErrReadOnly.
	Records() iter.Seq2[Record, error]
}

// Tx is a write transaction.
type Tx interface {
	Reader

	// Put writes alerts and keeps the counters. Old of a change is the alert as it was read in
	// this transaction, nil for a new one; New is nil for one to be deleted, which leaves its
	// history. ID never changes; the key may, and takes the note of an unknown verdict along. It
	// is an error if another alert has the ID or the key.
	Put(changes ...Change) error
	// Append appends transitions to the history, and sets their numbers.
	Append(ts ...*Transition) error
	// PutUnknown writes notes of unknown verdicts, DeleteUnknown removes those of the keys.
	PutUnknown(notes ...Unknown) error
	DeleteUnknown(keys ...Key) error
	// PutScan writes the record of a scan.
	PutScan(r ScanRecord) error
	// PutDocument writes a small document; nil deletes it.
	PutDocument(kind, name string, data []byte) error
	// PutMessages writes messages of the outbox; one with the ID of another replaces it.
	PutMessages(ms ...Message) error
	DeleteMessages(ids ...string) error
	// PutVersion adds a version of an asset, or replaces the one with the same From. If the
	// latest one has the same digest and Gone, it only extends the Last of that one.
	PutVersion(v Version) error
	// Purge deletes resolved and unmatched alerts, with their history and notes, whose LastSeen
	// is before an instant, and from before it transitions (At), scans (Start), dead messages
	// (Event.At), versions that another one replaced and those of assets whose tombstone is
	// older. It returns how many alerts it deleted.
	Purge(before time.Time) (int, error)
}

// Change replaces an alert by another.
type Change struct{ Old, New *Alert }

// Mark is the part of an alert that decides whether a finding changes it.
type Mark struct {
	Known   bool // there is an alert
	Hash    [16]byte
	ID      string
	Status  Status
	State   string
	Stream  string
	Account string // provider and account, as "aws/123456789012"
	Unknown bool   // there is a note
}

// HistoryQuery selects transitions: all conditions that are set hold.
type HistoryQuery struct {
	Alerts []string // IDs
	Ref    asset.Ref
	After  int64 // sequence number
	From   time.Time
	To     time.Time // exclusive
	Limit  int       // 0: 1000
}

// Document is a small document that a store keeps for this package, such as a rule set.
type Document struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// Record is one of the things that a store keeps: the field that is not nil.
type Record struct {
	Document   *Document   `json:"document,omitempty"`
	Scan       *ScanRecord `json:"scan,omitempty"`
	Alert      *Alert      `json:"alert,omitempty"`
	Unknown    *Unknown    `json:"unknown,omitempty"`
	Transition *Transition `json:"transition,omitempty"`
	Message    *Message    `json:"message,omitempty"`
	Version    *Version    `json:"version,omitempty"`
}

// Message is a notification that is owed to a channel.
type Message struct {
	ID      string `json:"id"` // the ID of its event and the channel
	Channel string `json:"channel"`
	Alert   string `json:"alert,omitempty"` // ID
	// Event is the event without the alert, which is read when the event is delivered.
	Event Event `json:"event"`
	// Seq orders the messages of a channel.
	Seq       int64     `json:"seq"`
	NotBefore time.Time `json:"notBefore"`
	Digest    string    `json:"digest,omitempty"` // the period that it waits for: "hourly", "daily", ...
	Attempts  int       `json:"attempts,omitempty"`
	Dead      bool      `json:"dead,omitempty"`
	Error     string    `json:"error,omitempty"` // of the last attempt
}

// MessageQuery selects messages: all conditions that are set hold.
type MessageQuery struct {
	Channel string
	Alerts  []string  // IDs
	Before  time.Time // NotBefore is not after it
	Dead    bool      // only dead letters; else none of them
	Limit   int       // 0: 1000
}

// ScanRecord describes a scan that was applied, or is being applied.
type ScanRecord struct {
	ID        string    `json:"id"`
	Stream    string    `json:"stream"`
	State     ScanState `json:"state"`
	Start     time.Time `json:"start"`
	End       time.Time `json:"end,omitzero"`
	SetDigest string    `json:"setDigest,omitempty"`
	Policies  []string  `json:"policies,omitempty"` // ids
	Accounts  []string  `json:"accounts,omitempty"` // "aws/123456789012", sorted
	Batches   int       `json:"batches"`            // that were applied
	Error     string    `json:"error,omitempty"`
	Summary   Summary   `json:"summary"`
	// Quiet are the digests of the accounts that the stream sees first, by channel, until the
	// scan is done.
	Quiet map[string]*Digest `json:"quiet,omitempty"`
	// Missing are the alerts that the scan did not yield though it searched for their assets,
	// while these are being resolved.
	Missing []MissingAlert `json:"missing,omitempty"`
	// Held are the alerts that are not resolved until someone confirms, by account.
	Held map[string][]string `json:"held,omitempty"`
	// Unread are the places that are unknown, "account type policy", and Denied the operations
	// that were denied, "account operation", until the scan is done.
	Unread   []string        `json:"unread,omitempty"`
	Denied   []string        `json:"denied,omitempty"`
	Coverage []CoverageCount `json:"coverage,omitempty"`
	Counts   []ScanCount     `json:"counts,omitempty"`
}

// MissingAlert is an alert that a scan did not yield.
type MissingAlert struct {
	ID       string `json:"id"`
	Account  string `json:"account"`
	Complete bool   `json:"complete,omitempty"` // the coverage of its type in its scope is complete
}

// ScanState is how far a scan is applied.
type ScanState string

// The states of scans.
const (
	ScanRunning    ScanState = "running"
	ScanResolving  ScanState = "resolving" // the findings are applied, alerts of missing assets are not
	ScanDone       ScanState = "done"
	ScanIncomplete ScanState = "incomplete" // the findings ended in an error: nothing is resolved by absence
)

// CoverageCount counts the scopes of a type by how completely a scan searched them.
type CoverageCount struct {
	Account  string     `json:"account"`
	Type     asset.Type `json:"type"`
	Complete int        `json:"complete,omitempty"`
	Partial  int        `json:"partial,omitempty"`
	NotAsked int        `json:"notAsked,omitempty"`
}

// ScanCount counts the assets of a scan, each once: at its worst status and, if it failed,
// its highest severity. Counts of a section have no type and class.
type ScanCount struct {
	Account       string                  `json:"account"`
	Type          asset.Type              `json:"type,omitempty"`
	Class         string                  `json:"class,omitempty"`
	Section       string                  `json:"section,omitempty"` // "cis-aws-5.0/2.1.4"
	Passed        int                     `json:"passed,omitempty"`
	Failed        map[policy.Severity]int `json:"failed,omitempty"`
	Unknown       int                     `json:"unknown,omitempty"`
	NotApplicable int                     `json:"notApplicable,omitempty"`
}

// Summary counts what applying a scan did.
type Summary struct {
	Findings  int `json:"findings"`
	Opened    int `json:"opened,omitempty"` // also reopened
	Resolved  int `json:"resolved,omitempty"`
	Changed   int `json:"changed,omitempty"`   // other changes of alerts
	Unchanged int `json:"unchanged,omitempty"` // failing findings that changed nothing
	Unknown   int `json:"unknown,omitempty"`   // unknown verdicts of alerts
	Late      int `json:"late,omitempty"`      // verdicts older than the last applied one
	Refused   int `json:"refused,omitempty"`   // observations in the future
	Missing   int `json:"missing,omitempty"`   // alerts that were not yielded
	Held      int `json:"held,omitempty"`      // of these, held back
	Kept      int `json:"kept,omitempty"`      // of these, still open since it is not known whether the asset is gone
}

// Version is the configuration of an asset from an instant on. A tombstone has no data.
type Version struct {
	Ref    asset.Ref   `json:"ref"`
	Scope  asset.Scope `json:"scope"`
	Digest string      `json:"digest"`
	From   time.Time   `json:"from"`
	Last   time.Time   `json:"last"` // last observation
	Gone   bool        `json:"gone,omitempty"`
	Data   []byte      `json:"data,omitempty"` // a line of a snapshot, redacted
}
