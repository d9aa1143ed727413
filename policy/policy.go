package policy

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// Policy is one requirement. A [Set] holds copies of the policies that it was made of.
type Policy struct {
	ID          string   // unique in a set; lower case, digits and dashes
	PreviousIDs []string // earlier ids, under which exceptions and overlays still find it
	Title       string   // the requirement as a sentence: "Buckets deny public access"
	Rationale   string   // why it matters, what an attacker gains, when to deviate
	Severity    Severity
	Kind        Kind // empty: KindConfig

	Checks []Check // one per shape of subject; at least one
	Params []Param

	Controls    []string // of standards: "cis-aws-5.0/2.1.4"; see Check.Claims
	Labels      []string
	Remediation Remediation
	NoDismissal bool // users and exceptions cannot dismiss its alerts (package alert)

	Tests []Case

	file      string
	source    *file
	positions map[string]position // of expressions and the like, by place
	digest    asset.Digest        // of a policy in a set
	digested  bool                // whether the digest is complete
	lookups   []asset.Type        // of a policy in a set
	looked    bool                // whether the lookups are complete
	reads     func() map[asset.Type][]asset.Path
}

// Kind is the area of a policy, as posture products divide policies. Values other than the
// constants are kept.
type Kind string

// The kinds of policies.
const (
	KindConfig   Kind = "config"   // resource configuration
	KindIdentity Kind = "identity" // permissions and credentials
	KindNetwork  Kind = "network"  // network reachability
	KindEvent    Kind = "event"    // audit events
	KindAnomaly  Kind = "anomaly"  // deviations from usual behavior
	KindWorkload Kind = "workload" // running workloads
	KindData     Kind = "data"     // stored data
)

// File returns the name of the file that the policy was read from, or "" for a
// policy that is a Go value.
func (p *Policy) File() string { return p.file }

// Check is the requirement of a policy for assets of some types. The expressions are CEL;
// the package comment lists their variables and functions.
type Check struct {
	Types   []asset.Type // that share the fields; the check is made for each
	When    string       // false: the policy does not apply; empty: always applies
	Let     []Variable   // named subexpressions, each may use those before it
	Require string       // true when the asset complies
	Message string       // text for a finding that fails; empty: the title

	// Claims say what single controls of the policy ask. A control without a claim asks what
	// the policy requires.
	Claims []Claim

	// Run decides in Go. A check with Run has no When, Let, Require, Message and Claims.
	// It is called concurrently, each time on a goroutine of its own. An error is an
	// unknown finding with that error, and so are a panic, runtime.Goexit and a status that
	// is none of the four; an *asset.Unread is one for what was not read. When the context
	// ends, the evaluation ends without waiting: a check that ignores its context goes on,
	// and its goroutine stays until it returns.
	Run func(context.Context, CheckInput) (Verdict, error)
	// Reads are the parts of the asset that Run reads, for Set.Reads; nil: all.
	Reads []asset.Path
	// Version is the version of Run, for [Policy.Digest]: change it whenever Run may return
	// another verdict for the same input.
	Version string
}

// Claim says what some of the controls of a policy ask, where that is a part of what the
// policy requires: one address family, one kind of parent. An asset that passes the policy
// passes the controls, and one to which the policy does not apply is none that they are
// about.
type Claim struct {
	Controls []string // each one of Policy.Controls
	When     string   // false: the controls are not about the asset; empty: they always are
	Require  string   // true when the asset complies with the controls; empty: Check.Require
}

// Variable is a named expression.
type Variable struct{ Name, Expr string }

// CheckInput is the input of a [Check] in Go, which must not change it. The check must
// handle missing data itself: unread parts, gaps and incomplete coverage in Related, and
// links that may be missing because of unread parts ([asset.LinkRule]).
type CheckInput struct {
	Asset   *asset.Asset
	Related *asset.Inventory // nil if other assets are not known
	Params  map[string]any   // every parameter, with its default or what the set was given
	Now     time.Time
}

// Verdict is the result of a [Check] in Go.
type Verdict struct {
	Status   Status
	Message  string
	Evidence []Evidence
}

// Remediation describes how to make an asset comply with a policy.
type Remediation struct {
	Class     Class
	Text      string // steps for a person, in the console
	CLI       string // command with {variables}, each of which stands for one quoted argument
	PreChecks []PreCheck
	Fix       string // id of a fix of package remediate
}

// PreCheck is a condition to verify before a repair.
type PreCheck struct {
	ID   string // unique among the checks of the policy; lower case, digits and dashes
	Text string // the condition as a sentence
	Kind PreCheckKind
}

// PreCheckKind says who verifies a condition.
type PreCheckKind string

// The kinds of pre-checks.
const (
	Computed PreCheckKind = "computed" // the fix, from the inventory or by a read call
	Attested PreCheckKind = "attested" // a person, who answers for it in the approval
)

// Class is the risk of a repair.
type Class string

// The classes of repairs.
const (
	Safe    Class = "safe"    // in place, reversible or additive, no loss of traffic expected
	Guarded Class = "guarded" // in place, but clients can break, money is spent, or going back is hard
	Manual  Class = "manual"  // replacement, downtime, irreversible, or a human decision
)

// Severity is the severity of a finding that fails. The zero Severity is invalid in a
// policy.
type Severity int

// The severities, in order.
const (
	Informational Severity = iota + 1
	Low
	Medium
	High
	Critical
)

var severityNames = [...]string{"", "informational", "low", "medium", "high", "critical"}

// String returns the name in lower case.
func (s Severity) String() string {
	if s > 0 && int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// ParseSeverity returns the severity with the name, in any case.
func ParseSeverity(name string) (Severity, error) {
	for i, n := range severityNames {
		if i > 0 && strings.EqualFold(n, name) {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q (want informational, low, medium, high or critical)", name)
}

// MarshalText returns the name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSeverity(string(text))
	return err
}

// Exception accepts findings of some policies that fail, for some assets and until an
// instant.
type Exception struct {
	Policies []string          // ids, or earlier ids; at least one
	Assets   []string          // ids of assets, with * for any characters; empty: all
	Accounts []string          // ids of accounts, with *; empty: all
	Tags     map[string]string // tags that the asset has; a value may have *
	Owner    string            // the person or team that is responsible; required
	Reason   string            // required
	Until    time.Time         // required; from this instant on the exception has no effect
}

// Case is a test of a policy: an asset, related observations, and the expected result.
// Package policytest runs cases.
type Case struct {
	Name    string
	Want    Status
	Message string // expected; empty: any
	Asset   *asset.Asset
	Related []asset.Observation // other assets, gaps and coverage
	// Covered reports whether Related states coverage. If it does not, the coverage of
	// every type that the policy needs is complete.
	Covered bool
	Params  map[string]any
	// Controls are the expected statuses of controls with a claim; those that are not in it
	// are not checked.
	Controls map[string]Status
	Now      time.Time // zero: an instant that package policytest chooses
	Line     int       // in the file; 0 if there is none
}
