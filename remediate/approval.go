package remediate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/policy"
)

// ErrNotApproved is returned for a plan that no valid approval covers.
var ErrNotApproved = errors.New("not approved")

// Approval is the consent of a person to one plan or one batch of plans. It is bound to the
// digest: a plan that is changed afterwards is not approved. It is valid for one run.
//
// A Runner does not know who made an approval: the program authenticates the approver, and
// hands over only approvals that it trusts.
type Approval struct {
	Plan    string    `json:"plan"` // digest of a plan, or of a batch: see BatchDigest
	By      string    `json:"by"`   // the approver
	At      time.Time `json:"at"`
	Expires time.Time `json:"expires"`
	Comment string    `json:"comment,omitempty"`
	// Accepts lists the ids of the pre-checks that the approver answers for: attested ones,
	// and computed ones whose result is unknown. A failed one cannot be accepted.
	Accepts []string `json:"accepts,omitempty"`
}

// BatchDigest returns the digest of several plans, by which one approval covers them all. The
// order does not matter.
func BatchDigest(plans ...*Plan) (string, error) {
	digests := make([]string, len(plans))
	for i, p := range plans {
		if err := p.Verify(); err != nil {
			return "", err
		}
		digests[i] = p.Digest
	}
	slices.Sort(digests)
	if len(slices.Compact(slices.Clone(digests))) < len(digests) {
		return "", fmt.Errorf("%w batch: a plan twice", ErrMalformed)
	}
	return digestOf(map[string]any{"plans": digests})
}

// covers returns nil if the approval permits to apply the plan now: it names the plan, or the
// batch of the run, by digest, it has begun and not ended, and the plan has not ended.
func (a *Approval) covers(p *Plan, batch string, now time.Time) error {
	switch {
	case a.Plan == "" || a.Plan != p.Digest && a.Plan != batch:
		return fmt.Errorf("%w: approval is of another plan", ErrNotApproved)
	case a.By == "":
		return fmt.Errorf("%w: approval without an approver", ErrNotApproved)
	case a.At.IsZero() || a.At.After(now):
		return fmt.Errorf("%w: approval begins %s", ErrNotApproved, stamp(a.At))
	case a.At.Before(p.Made):
		return fmt.Errorf("%w: approval is older than the plan", ErrNotApproved)
	case !a.Expires.After(now):
		return fmt.Errorf("%w: approval ended %s", ErrNotApproved, stamp(a.Expires))
	case !p.Expires.After(now):
		return fmt.Errorf("%w: plan ended %s", ErrStale, stamp(p.Expires))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// find returns the approval of a plan. With four eyes, the approver is neither the one who had
// the plan made nor the one who runs it.
func find(approvals []Approval, p *Plan, batch, actor string, fourEyes bool, now time.Time) (*Approval, error) {
	err := fmt.Errorf("%w: plan %.12s of %s", ErrNotApproved, p.Digest, p.Key)
	for i := range approvals {
		a := &approvals[i]
		if a.Plan != p.Digest && a.Plan != batch {
			continue
		}
		switch why := a.covers(p, batch, now); {
		case why != nil:
			err = why
		case fourEyes && (a.By == p.By || a.By == actor):
			err = fmt.Errorf("%w: %s requests the repair and approves it (want another person)", ErrNotApproved, a.By)
		default:
			return a, nil
		}
	}
	return nil, err
}

// blocked returns the reason why the pre-checks of a plan forbid it, or nil. What nobody
// accepts by id blocks unless it passes; in an unattended run, an unknown computed check
// blocks always.
func blocked(checks []PreCheck, accepts []string, unattended bool) error {
	var problems []error
	for _, c := range checks {
		accepted := slices.Contains(accepts, c.ID)
		switch {
		case c.Result == Pass && c.Kind == policy.Computed:
		case c.Result == Fail:
			problems = append(problems, &CheckError{c, "failed"})
		case c.Kind == policy.Attested && !accepted:
			problems = append(problems, &CheckError{c, "attested by nobody"})
		case c.Kind == policy.Attested:
		case c.Result != Unknown: // not a result
			problems = append(problems, &CheckError{c, "malformed"})
		case unattended:
			problems = append(problems, &CheckError{c, "unknown in an unattended run"})
		case !accepted:
			problems = append(problems, &CheckError{c, "unknown and accepted by nobody"})
		}
	}
	return errors.Join(problems...)
}

// CheckError reports a pre-check that blocks a plan.
type CheckError struct {
	Check PreCheck
	Why   string
}

// Error returns the check, what is wrong with it, and its evidence.
func (e *CheckError) Error() string {
	s := fmt.Sprintf("pre-check %q %s: %s", e.Check.ID, e.Why, e.Check.Text)
	if e.Check.Evidence != "" {
		s += ": " + e.Check.Evidence
	}
	return s
}

// ParseApproval reads an approval. Unknown and duplicate members are errors: [ErrMalformed].
func ParseApproval(data []byte) (*Approval, error) {
	var a Approval
	if err := parseStrictly(data, &a, "plan", "by", "at", "expires", "comment", "accepts"); err != nil {
		return nil, fmt.Errorf("%w approval: %w", ErrMalformed, err)
	}
	return &a, nil
}
