package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/openstance/stance/asset"
)

// Status is what a policy says of an asset.
type Status int

// The statuses. The zero Status is Unknown.
const (
	Unknown Status = iota
	Pass
	Fail
	NotApplicable
)

// String returns "unknown", "pass", "fail" or "not_applicable".
func (s Status) String() string {
	switch s {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	case NotApplicable:
		return "not_applicable"
	}
	return "unknown"
}

// MarshalText returns the name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is what one policy says of one asset now, or of one gap: that it cannot
// say anything of the assets that could not be observed.
type Finding struct {
	Policy *Policy      // as in the set, with the severity that holds there
	Asset  *asset.Asset // nil if the finding is of a gap or of an exception
	Gap    *asset.Gap

	Status    Status
	Exception *Exception // accepts a finding that fails, which stays failed
	Message   string
	Evidence  []Evidence // what decided, of findings that fail or are unknown
	// Err says why a finding is unknown: an *asset.Unread, or several joined, for
	// what was not read; any other error for what went wrong. On a finding that
	// is not unknown it says what was wrong with its message.
	Err error
}

// Evidence is a part of an asset that decided a finding.
type Evidence struct {
	Asset asset.Ref // the subject, or another that the policy looked at
	Path  asset.Path
	Value asset.Value // may be absent, unread or redacted
}

// Key identifies the finding across runs: the policy and the asset, or the gap.
func (f Finding) Key() string {
	parts := []string{f.Policy.ID}
	switch {
	case f.Asset != nil:
		parts = append(parts, string(f.Asset.Type), f.Asset.ID)
	case f.Gap != nil:
		g := f.Gap
		parts = append(parts, "gap", g.Scope.Provider, g.Scope.Account, g.Scope.Region, string(g.Type), string(g.Of.Type), g.Of.ID, g.Cause.Op)
	case f.Exception != nil:
		parts = append(parts, "exception")
		parts = append(parts, f.Exception.Policies...)
		parts = append(parts, f.Exception.Assets...)
		parts = append(parts, f.Exception.Accounts...)
		parts = append(parts, f.Exception.Owner, f.Exception.Reason)
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Scope returns where the asset or the gap is.
func (f Finding) Scope() asset.Scope {
	switch {
	case f.Asset != nil:
		return f.Asset.Scope
	case f.Gap != nil:
		return f.Gap.Scope
	}
	return asset.Scope{}
}
