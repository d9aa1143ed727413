package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Finding is a finding as [JSON] writes it: one JSON object. The members keep their
// names, types and meaning across versions, and later versions may add members. Those
// without omitempty are always there.
type Finding struct {
	Policy   string          `json:"policy"` // id
	Severity policy.Severity `json:"severity"`
	Status   policy.Status   `json:"status"`

	// Scope of the subject. Account and Region are empty for what is not limited to one.
	Provider string `json:"provider"`
	Account  string `json:"account"`
	Region   string `json:"region"`

	// Ref and name of the asset. ID and Name are empty if the subject is no asset, and
	// Type too if it concerns no single type.
	Type asset.Type `json:"type"`
	ID   string     `json:"id"`
	Name string     `json:"name"`

	Message  string     `json:"message"`  // what is wrong; the title of the policy if there is nothing more specific
	Evidence []Evidence `json:"evidence"` // what decided; empty unless the status is fail or unknown
	Error    string     `json:"error"`    // why the status is unknown, or what was wrong with the message; or empty

	Title    string   `json:"title"`    // of the policy
	Controls []string `json:"controls"` // of standards that the finding is about
	Key      string   `json:"key"`      // identity across evaluations, [policy.Finding.Key]

	SubjectKind policy.SubjectKind `json:"subject_kind"`

	// Read is nil if the times are not known.
	Read *ReadTimes `json:"read,omitempty"`
	// Reason is why a part was not read, if the status is unknown because of that; of
	// several parts, the first.
	Reason asset.Reason `json:"reason,omitempty"`
	// Exception accepts the finding, or is the subject.
	Exception *Exception `json:"exception,omitempty"`
	Gap       *Gap       `json:"gap,omitempty"`      // the subject
	Coverage  *Coverage  `json:"coverage,omitempty"` // the subject
}

// Evidence is a part of an asset that decided a finding. It has exactly one of Value,
// Absent, Unread and Redacted.
type Evidence struct {
	Asset *Ref       `json:"asset,omitempty"` // nil: the subject
	Path  asset.Path `json:"path"`

	Value    json.RawMessage `json:"value,omitempty"`   // {"truncated": bytes} in place of more than 1024 bytes
	Partial  bool            `json:"partial,omitempty"` // parts of Value were not read
	Absent   bool            `json:"absent,omitempty"`
	Unread   *Unread         `json:"unread,omitempty"`
	Redacted bool            `json:"redacted,omitempty"` // a secret, which is not written
}

// Ref is an [asset.Ref].
type Ref struct {
	Type asset.Type `json:"type"`
	ID   string     `json:"id"`
}

// Unread is an [asset.Unread].
type Unread struct {
	Op        string       `json:"op"`
	Reason    asset.Reason `json:"reason"`
	Code      string       `json:"code"`
	Message   string       `json:"message"`
	RequestID string       `json:"request_id"`
}

// Gap is the part of an [asset.Gap] that a [Finding] does not have in its other members.
type Gap struct {
	Unread
	Of *Ref `json:"of,omitempty"` // the gap is limited to children and links of this asset
	// Count and Parents are those of a [policy.GapSubject] that stands for many gaps, whose
	// Of has no id; Policies are the ids of its policies.
	Count    int      `json:"count,omitempty"`
	Parents  []Ref    `json:"parents,omitempty"`
	Policies []string `json:"policies,omitempty"`
}

// Coverage is a [policy.CoverageSubject].
type Coverage struct {
	Type    asset.Type `json:"type"`
	Regions []string   `json:"regions"` // whose coverage is not complete; empty: the account as a whole
	State   string     `json:"state"`   // partial or not_asked
}

// ReadTimes are the earliest and the latest time at which an asset was read that the
// verdict depends on, as [policy.ReadTimes].
type ReadTimes struct {
	Earliest time.Time `json:"earliest"`
	Latest   time.Time `json:"latest"`
}

// Exception is what a [Finding] has of a [policy.Exception].
type Exception struct {
	Owner  string    `json:"owner"`
	Reason string    `json:"reason"`
	Until  time.Time `json:"until"` // in seconds
}

// NewFinding returns the JSON object of a finding.
func NewFinding(f policy.Finding) Finding {
	f = f.Masked()
	scope, ref := f.Scope(), f.Subject.Ref()
	x := Finding{
		Policy: f.Policy.ID, Severity: f.Policy.Severity, Status: f.Status,
		Provider: scope.Provider, Account: scope.Account, Region: scope.Region,
		Type: ref.Type, ID: ref.ID, Name: f.Subject.Name(),
		Message: rawMessage(f), Evidence: []Evidence{},
		Title: f.Policy.Title, Controls: append([]string{}, f.Controls()...),
		Key: f.Key(), SubjectKind: f.Subject.Kind(), Reason: reasonKind(f),
	}
	if f.Err != nil {
		x.Error = f.Err.Error()
	}
	for _, e := range f.Evidence {
		x.Evidence = append(x.Evidence, newEvidence(ref, e))
	}
	if r := f.Read; !r.Latest.IsZero() {
		x.Read = &ReadTimes{r.Earliest.UTC(), r.Latest.UTC()}
	}
	if e := exceptionOf(f); e != nil {
		x.Exception = &Exception{e.Owner, e.Reason, e.Until.UTC().Truncate(time.Second)}
	}
	if s, ok := f.Subject.(policy.GapSubject); ok {
		x.Gap = newGap(s)
	}
	if c, ok := f.Subject.(policy.CoverageSubject); ok {
		x.Coverage = &Coverage{c.Type, append([]string{}, c.Regions...), c.State.String()}
	}
	return x
}

func newEvidence(subject asset.Ref, e policy.Evidence) Evidence {
	x := Evidence{Path: e.Path}
	if e.Asset != subject && !e.Asset.IsZero() {
		x.Asset = &Ref{e.Asset.Type, e.Asset.ID}
	}
	u := e.Value.Unread()
	_, redacted := e.Value.Redacted()
	switch {
	case u != nil:
		x.Unread = newUnread(u)
	case redacted:
		x.Redacted = true
	case e.Value.Kind() == asset.Absent:
		x.Absent = true
	default:
		x.Value, x.Partial = appendValue(nil, e.Value), isPartial(e.Value)
	}
	return x
}

func newGap(s policy.GapSubject) *Gap {
	g := &Gap{Unread: *newUnread(&s.Gap.Cause), Count: s.Count}
	if of := s.Gap.Of; !of.IsZero() {
		g.Of = &Ref{of.Type, of.ID}
	}
	for _, r := range s.Parents {
		g.Parents = append(g.Parents, Ref{r.Type, r.ID})
	}
	for _, p := range s.Policies {
		g.Policies = append(g.Policies, p.ID)
	}
	return g
}

func newUnread(u *asset.Unread) *Unread {
	return &Unread{u.Op, u.Reason, u.Code, u.Message, u.RequestID}
}

func rawMessage(f policy.Finding) string {
	if f.Message == "" {
		return f.Policy.Title
	}
	return f.Message
}

// reasonKind returns why a part was not read that a finding is unknown for.
func reasonKind(f policy.Finding) asset.Reason {
	var u *asset.Unread
	if f.Status == policy.Unknown && errors.As(f.Err, &u) {
		return u.Reason
	}
	return asset.UnknownReason
}

// ReadJSON yields the findings that [JSON] wrote, in their order. The sequence ends in
// an error that names the line if a line is no finding, or if the output was cut off.
// Unknown members are ignored. The sequence is single-use.
func ReadJSON(r io.Reader) iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		in := bufio.NewReader(r)
		for n := 1; ; n++ {
			line, err := in.ReadBytes('\n')
			if err != nil && err != io.EOF {
				yield(Finding{}, fmt.Errorf("read findings: line %d: %w", n, err))
				return
			}
			if len(line) == 0 {
				return
			}
			var f Finding
			if err := json.Unmarshal(line, &f); err != nil {
				yield(Finding{}, fmt.Errorf("read findings: line %d: %w", n, err))
				return
			}
			if f.Policy == "" || f.Key == "" {
				yield(Finding{}, fmt.Errorf("read findings: line %d: no finding (want the members policy and key)", n))
				return
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}
