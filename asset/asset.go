package asset

import (
	"cmp"
	"iter"
	"strings"
	"time"
)

// Type is a cloud's own name for a kind of asset, such as AWS::S3::Bucket,
// Microsoft.Storage/storageAccounts or storage.googleapis.com/Bucket. Types
// that no cloud names begin with "Stance::".
type Type string

// Ref is the identity of an asset: its type and its canonical id. Use
// [ParseRef] to make one from an id as a cloud spells it.
type Ref struct {
	Type Type   `json:"type"`
	ID   string `json:"id"`
}

// IsZero reports whether r refers to nothing.
func (r Ref) IsZero() bool { return r == Ref{} }

// String returns the type and the id, separated by a space.
func (r Ref) String() string { return string(r.Type) + " " + r.ID }

// Compare orders refs by type, then by id.
func (r Ref) Compare(o Ref) int {
	if c := cmp.Compare(r.Type, o.Type); c != 0 {
		return c
	}
	return cmp.Compare(r.ID, o.ID)
}

// Scope is a place in a cloud. An empty Region is a global
// (or account-wide) scope, an empty Account the whole provider.
type Scope struct {
	Provider string `json:"provider,omitempty"` // "aws", "azure", "gcp"
	Account  string `json:"account,omitempty"`  // AWS account id, Azure subscription id, GCP project id
	Region   string `json:"region,omitempty"`
}

// String returns the non-empty parts, separated by slashes.
func (s Scope) String() string {
	parts := make([]string, 0, 3)
	for _, p := range []string{s.Provider, s.Account, s.Region} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "/")
}

// Contains reports whether o lies in s: every part that s names is the same in o.
func (s Scope) Contains(o Scope) bool {
	return (s.Provider == "" || s.Provider == o.Provider) &&
		(s.Account == "" || s.Account == o.Account) &&
		(s.Region == "" || s.Region == o.Region)
}

// Asset is one resource of a cloud's control plane. Its documents are immutable and may
// be shared. The code that makes an Asset must not change it after passing it on.
type Asset struct {
	Ref
	Scope // the owner's

	Name  string            // for people
	Class string            // compute, storage, identity, network, database, ...
	URL   string            // the page of the asset in the cloud's console
	Tags  map[string]string // tags or labels

	// Config is the declared configuration, as a template has it, in the schema that
	// the cloud publishes. Status is the rest: the state that only the running cloud
	// has, and settings that the published schema lacks. Access is the access policy
	// attached to the asset itself, in the cloud's own form.
	Config, Status, Access Value

	// Links may be missing while a part that they come from is unread: see
	// [LinkRule].From.
	Links   []Link
	Parents []Ref // nearest first

	// Unread holds why parts beside the documents were not read, by the name of the part:
	// "parents", "links" for every relation, "links.encrypted_by" for one. Of such a part
	// there may be more than the asset has. A part that is not in the map was read: if it is
	// empty, there is none. An access policy that was not read is an unread part of Access.
	Unread map[string]*Unread

	// Observers are the accounts that saw the asset, sorted. If empty, only the owner's
	// account did.
	Observers []string

	Origin      Origin
	Incarnation string    // the cloud's unique id or creation time: differs if an asset was deleted and created again under the same ref
	Created     time.Time // zero if the cloud does not return it
	Observed    time.Time // when the documents were read
}

// SeenBy reports whether the account owns or observed the asset.
func (a *Asset) SeenBy(account string) bool {
	if a.Account == account {
		return true
	}
	for _, o := range a.Observers {
		if o == account {
			return true
		}
	}
	return false
}

// Documents yields the documents of an asset with their names, in the order config,
// status, access.
func (a *Asset) Documents() iter.Seq2[string, *Value] {
	return func(yield func(string, *Value) bool) {
		_ = yield("config", &a.Config) && yield("status", &a.Status) && yield("access", &a.Access)
	}
}

// Link is a directed relation to another asset, which need not have been observed.
type Link struct {
	Rel string // "encrypted_by", "member_of", ...
	To  Ref
}

// Origin is the source of the documents of an asset. The zero value is
// the live cloud.
type Origin struct {
	File string // name of the template; empty for live
	Line int    // first line of the resource in it, from 1
}

// String returns "live" or "template", the values of asset.origin in policies.
func (o Origin) String() string {
	if o.File == "" {
		return "live"
	}
	return "template"
}

// Gap is a requested part of a cloud that could not be observed. An empty Type means
// every type in the scope. A gap with Of concerns only the
// children, parents and links of that one asset, an empty Type those of every type (see
// [Schema.ChildOf]). One without Of makes the coverage of its type in its scope partial.
type Gap struct {
	Scope Scope
	Type  Type
	Of    Ref
	Cause Unread // the call that failed, and why
}

// CoverageState is how completely a scope was searched for a type.
type CoverageState int

// The states. The zero state is NotAsked: without a statement nothing is complete.
const (
	NotAsked CoverageState = iota
	Partial
	Complete
)

// String returns "not_asked", "partial" or "complete".
func (s CoverageState) String() string {
	switch s {
	case Partial:
		return "partial"
	case Complete:
		return "complete"
	}
	return "not_asked"
}

// Coverage states how completely a scope was searched for assets of a type.
// An empty Region stands for the whole account.
type Coverage struct {
	Scope Scope
	Type  Type
	State CoverageState
}

// Observation is what a provider yields: an *Asset, a *Gap or a *Coverage,
// and nothing else.
type Observation interface{ observation() }

func (*Asset) observation()    {}
func (*Gap) observation()      {}
func (*Coverage) observation() {}

// IsNil reports whether there is no observation: nil, or a nil pointer of one of the types.
func IsNil(o Observation) bool {
	switch o := o.(type) {
	case *Asset:
		return o == nil
	case *Gap:
		return o == nil
	case *Coverage:
		return o == nil
	}
	return true
}
