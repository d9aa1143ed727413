package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// Status is the result of a policy for a subject.
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

// UnmarshalText reads the name.
func (s *Status) UnmarshalText(text []byte) error {
	for _, known := range []Status{Unknown, Pass, Fail, NotApplicable} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("unknown status %q (want pass, fail, unknown or not_applicable)", text)
}

// Finding is the result of one policy for one subject: an asset, or a part of the estate in
// which assets may be missing and which is therefore unknown.
type Finding struct {
	Policy  *Policy // the copy in the set, with the severity in force
	Subject Subject // never nil in a finding that a set yields

	Status    Status
	Exception *Exception // accepts this finding, which fails and stays failed; or nil
	Message   string     // what is wrong; of an unknown finding, the title and the reason
	Evidence  []Evidence // the parts that decided, if it fails or is unknown
	// Read is when the assets were read that the verdict depends on: the subject, and the
	// assets that lookups found. It is zero if the subject is not an asset. For a check in
	// Go it covers only the subject.
	Read ReadTimes
	// Err is the reason why a finding is unknown: an *asset.Unread, or several joined, for
	// missing data, or another error if the evaluation failed. In a finding that is not
	// unknown it is the error of the message expression.
	Err error
	// Claims are the statuses of the controls of the policy that have a [Claim] about the
	// subject; the others have the status of the finding. It is nil for most policies.
	Claims []ClaimStatus
}

// ClaimStatus is the status of controls for the subject of a finding.
type ClaimStatus struct {
	Controls []string
	Status   Status
}

// Controls returns the controls of the policy that the finding is about: those that have
// its status.
func (f Finding) Controls() []string {
	if len(f.Claims) == 0 {
		return f.Policy.Controls
	}
	var own []string
	for _, c := range f.Policy.Controls {
		if f.Control(c) == f.Status {
			own = append(own, c)
		}
	}
	return own
}

// Control returns the status of a control of the policy for the subject.
func (f Finding) Control(id string) Status {
	for _, c := range f.Claims {
		if slices.Contains(c.Controls, id) {
			return c.Status
		}
	}
	return f.Status
}

// ReadTimes are the earliest and the latest of the times at which some assets were read.
// Both are zero if none of these times is known.
type ReadTimes struct {
	Earliest time.Time `json:"earliest,omitzero"`
	Latest   time.Time `json:"latest,omitzero"`
}

// add takes the time of an asset into account, if it is known.
func (t *ReadTimes) add(a *asset.Asset) {
	switch {
	case a.Observed.IsZero():
	case t.Latest.IsZero():
		t.Earliest, t.Latest = a.Observed, a.Observed
	case a.Observed.Before(t.Earliest):
		t.Earliest = a.Observed
	case a.Observed.After(t.Latest):
		t.Latest = a.Observed
	}
}

// Evidence is a part of an asset that decided a finding.
type Evidence struct {
	Asset asset.Ref // the subject, or an asset that a lookup found
	Path  asset.Path
	Value asset.Value // may be absent, unread or redacted
}

// Asset returns the asset that the finding is about, or nil if it is about another
// kind of subject.
func (f Finding) Asset() *asset.Asset {
	s, _ := f.Subject.(AssetSubject)
	return s.Asset
}

// concerns reports whether the finding is one of a policy that f returns true for, or
// stands for one.
func (f Finding) concerns(is func(*Policy) bool) bool {
	g, _ := f.Subject.(GapSubject)
	return is(f.Policy) || slices.ContainsFunc(g.Policies, is)
}

// Key identifies the finding across evaluations: the policy and the subject.
func (f Finding) Key() string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{f.Policy.ID}, f.Subject.key()...), "\x00")))
	return hex.EncodeToString(sum[:16])
}

// Scope returns the scope of the subject.
func (f Finding) Scope() asset.Scope { return f.Subject.Scope() }
