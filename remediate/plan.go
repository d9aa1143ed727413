package remediate

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Errors of planning and applying, under [errors.Is].
var (
	// ErrResolved is returned for an asset that complies, or to which the policy does not apply.
	ErrResolved = errors.New("already resolved")
	// ErrUnknown is returned if the verdict, or a part of the asset that a fix needs, is unknown.
	ErrUnknown = errors.New("state unknown")
	// ErrNotFound is returned for an asset that does not exist.
	ErrNotFound = errors.New("asset not found")
	// ErrNoFix is returned for a policy that no fix repairs, and for an asset that its fix
	// leaves to a person.
	ErrNoFix = errors.New("no fix")
	// ErrParam is returned for a parameter of a fix that is missing or invalid.
	ErrParam = errors.New("missing or invalid parameter")
	// ErrStale is returned if the state is not the one that the plan was made of.
	ErrStale = errors.New("stale plan")
	// ErrMalformed is returned for a plan or an approval that is not well formed, such as a plan
	// whose content does not match its digest.
	ErrMalformed = errors.New("malformed")
)

// Plan is the exact change that a fix proposes for one finding. It is plain JSON: see
// [Plan.MarshalJSON] and [ParsePlan]. It holds only the parts of the asset that the policy
// reads or the fix writes, and no secrets. A plan that has its digest must not be changed.
type Plan struct {
	Digest string `json:"digest"` // of the other members: see Plan.ComputeDigest
	Key    string `json:"key"`    // of the finding: see policy.Finding.Key
	Policy string `json:"policy"` // id
	Target Target `json:"target"`
	Fix    FixID  `json:"fix"`
	// Base is a digest of what the plan was made of: see BaseOf. A plan whose base is not that
	// of the present state is stale.
	Base string `json:"base"`

	Summary string       `json:"summary"` // what the plan does, in a sentence
	Impact  string       `json:"impact"`  // what can break, in a sentence
	Cost    string       `json:"cost"`    // what it costs, in a sentence
	Class   policy.Class `json:"class"`

	Params      map[string]string `json:"params,omitempty"` // of the fix, as they were used
	PreChecks   []PreCheck        `json:"preChecks"`
	Steps       []Step            `json:"steps"`       // in order; at least one
	Undo        []Step            `json:"undo"`        // in order; they restore what the steps change
	Causes      []string          `json:"causes"`      // keys of findings that the steps may turn into fail or unknown
	Permissions []string          `json:"permissions"` // that Apply needs, in the cloud's names, sorted
	Commands    []Command         `json:"commands"`    // the equivalent, for people who run it by hand

	// Of is the digest of the plan that this one rolls back, or "".
	Of string `json:"of,omitempty"`
	// By is who had the plan made.
	By      string    `json:"by"`
	Made    time.Time `json:"made"`
	Expires time.Time `json:"expires"`
}

// Target is the asset that a plan changes.
type Target struct {
	Type        asset.Type `json:"type"`
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Provider    string     `json:"provider"`
	Account     string     `json:"account"`
	Region      string     `json:"region"`
	Incarnation string     `json:"incarnation"`
}

// TargetOf returns the target for an asset.
func TargetOf(a *asset.Asset) Target {
	return Target{
		Type: a.Type, ID: a.ID, Name: a.Name,
		Provider: a.Provider, Account: a.Account, Region: a.Region, Incarnation: a.Incarnation,
	}
}

// Ref returns the ref of the asset.
func (t Target) Ref() asset.Ref { return asset.Ref{Type: t.Type, ID: t.ID} }

// Scope returns the scope of the asset.
func (t Target) Scope() asset.Scope {
	return asset.Scope{Provider: t.Provider, Account: t.Account, Region: t.Region}
}

// FixID names a fix and its version. Plans of another version are refused.
type FixID struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// PreCheck is a condition that must hold before the first step.
type PreCheck struct {
	ID       string              `json:"id"`
	Text     string              `json:"text"`
	Kind     policy.PreCheckKind `json:"kind"`
	Result   Result              `json:"result"` // unknown for an attested one: a person answers in the approval
	Evidence string              `json:"evidence,omitempty"`
}

// Result is the result of a pre-check. The zero Result is [Unknown].
type Result string

// The results of pre-checks.
const (
	Unknown Result = ""
	Pass    Result = "pass"
	Fail    Result = "fail"
)

// Step is one request of a plan and what it does. The requests of a step that is applied twice
// have the effect of one.
type Step struct {
	ID string `json:"id"` // unique in the plan
	// Asset is the asset that the step changes, if that is not the target but one that belongs
	// to it, such as a setting. A step that adds its whole config creates it ("add" of
	// "/config"); one that removes its config deletes it.
	Asset        *Other       `json:"asset,omitempty"`
	Title        string       `json:"title"`
	Request      Request      `json:"request"`
	Precondition Precondition `json:"precondition"`
	// Effect is what the request does to the documents of the asset, in the order of the
	// changes. Before and After follow from it.
	Effect []Change `json:"effect"`
	// Keeps lists the paths of the status document that the request leaves as they are. The
	// rest of the status is unread in a simulation, unless Effect sets it.
	Keeps  []asset.Path `json:"keeps,omitempty"`
	Before []At         `json:"before"` // the parts that Effect changes, before the step
	After  []At         `json:"after"`  // and after it
}

// Other is an asset beside the target.
type Other struct {
	Type asset.Type `json:"type"`
	ID   string     `json:"id"`
}

// of returns the ref of the asset that a step changes.
func (s *Step) of(target asset.Ref) asset.Ref {
	if s.Asset == nil {
		return target
	}
	return asset.Ref{Type: s.Asset.Type, ID: s.Asset.ID}
}

// Request is an exact request to the API of a cloud. It has no secrets and no credentials.
type Request struct {
	// Service is the name of an AWS service as in permissions ("s3"), or the host of a REST
	// API ("management.azure.com", "storage.googleapis.com").
	Service string `json:"service"`
	// Operation is the operation of an AWS service ("PutPublicAccessBlock"), or the HTTP method.
	Operation string `json:"operation"`
	Path      string `json:"path,omitempty"`   // and query, of a REST API
	Region    string `json:"region,omitempty"` // of an AWS service
	// Body is the input of the AWS operation, with the members' names in the API, or the body
	// of the HTTP request. Empty: there is none.
	Body json.RawMessage `json:"body,omitempty"`
}

// Precondition is what must hold right before a step. A step whose precondition is false is
// not applied: [ErrStale].
type Precondition struct {
	// ETag is sent with the request (If-Match, or the member that the API has for it), if the
	// API supports that.
	ETag string `json:"etag,omitempty"`
	// Hash is a digest of Before: the runner reads the asset again and compares.
	Hash string `json:"hash"`
}

// At is the value of a part of an asset. An absent value is a part that is not there.
type At struct {
	Path  asset.Path      `json:"path"` // config..., status... or access...
	Value json.RawMessage `json:"value,omitempty"`
}

// Command is an equivalent of the steps for a shell.
type Command struct {
	Shell string `json:"shell"` // "sh" or "pwsh"
	Text  string `json:"text"`
}
