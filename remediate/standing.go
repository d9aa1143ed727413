package remediate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/glob"
	"github.com/openstance/stance/policy"
)

// Standing is a standing approval: it lets one fix repair what one policy finds, unattended.
// It covers guarded fixes, and safe ones with attested pre-checks, if every computed pre-check
// passes. Its owner attests the others, by id; these attestations end with it.
type Standing struct {
	ID       string    `json:"id"`     // unique among the standing approvals of a program
	Policy   string    `json:"policy"` // id
	Fix      FixID     `json:"fix"`    // another version of the fix needs another approval
	Selector Selector  `json:"selector"`
	Owner    string    `json:"owner"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Attests  []string  `json:"attests,omitempty"` // ids of attested pre-checks
	Limit    Limit     `json:"limit"`             // of all repairs by this approval together
}

// Selector selects assets by what is written in their findings. Lists that are empty select
// everything; a selector without any list selects nothing.
type Selector struct {
	Accounts []string            `json:"accounts,omitempty"` // ids
	Regions  []string            `json:"regions,omitempty"`
	Names    []string            `json:"names,omitempty"` // patterns with * and ?
	Tags     map[string][]string `json:"tags,omitempty"`  // values of each tag; all tags must match
	All      bool                `json:"all,omitempty"`   // selects everything
}

// Matches reports whether the selector selects an asset. An asset whose tags are unread is
// not selected by tags.
func (s *Selector) Matches(a *asset.Asset) bool {
	if s.All {
		return true
	}
	if len(s.Accounts)+len(s.Regions)+len(s.Names)+len(s.Tags) == 0 {
		return false
	}
	if len(s.Accounts) > 0 && !slices.Contains(s.Accounts, a.Account) || len(s.Regions) > 0 && !slices.Contains(s.Regions, a.Region) {
		return false
	}
	if len(s.Names) > 0 && !slices.ContainsFunc(s.Names, func(p string) bool { return glob.Match(p, a.Name) }) {
		return false
	}
	for key, values := range s.Tags {
		if v, ok := a.Tags[key]; !ok || !slices.Contains(values, v) {
			return false
		}
	}
	return true
}

// Verify returns what is wrong with a standing approval, all problems joined.
func (s *Standing) Verify() error {
	var problems []error
	add := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("standing approval %q: "+format, append([]any{s.ID}, args...)...))
	}
	if s.ID == "" || s.Policy == "" || s.Fix.ID == "" || s.Fix.Version < 1 {
		add("missing id, policy, fix or version of the fix")
	}
	if s.Owner == "" {
		add("missing owner")
	}
	if s.From.IsZero() || !s.Until.After(s.From) {
		add("invalid time: from %s until %s", stamp(s.From), stamp(s.Until))
	}
	if empty := s.Selector; !empty.All && len(empty.Accounts)+len(empty.Regions)+len(empty.Names)+len(empty.Tags) == 0 {
		add("empty selector (want accounts, regions, names, tags or all)")
	}
	if err := s.Limit.verify(true); err != nil {
		add("%w", err)
	}
	return errors.Join(problems...)
}

// covers returns nil if the approval permits to apply a plan unattended now.
func (s *Standing) covers(p *Plan, a *asset.Asset, now time.Time) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%w: standing approval %q "+format, append([]any{ErrNotApproved, s.ID}, args...)...)
	}
	switch {
	case s.Policy != p.Policy:
		return fail("is of policy %s", s.Policy)
	case s.Fix != p.Fix:
		return fail("is of fix %s version %d", s.Fix.ID, s.Fix.Version)
	case now.Before(s.From):
		return fail("begins %s", stamp(s.From))
	case !now.Before(s.Until):
		return fail("ended %s", stamp(s.Until))
	case p.Class != policy.Safe && p.Class != policy.Guarded:
		return fail("does not cover class %s", p.Class)
	case p.Of != "":
		return fail("does not cover a rollback")
	case !s.Selector.Matches(a):
		return fail("does not select %s", a.ID)
	case !p.Expires.After(now):
		return fmt.Errorf("%w: plan ended %s", ErrStale, stamp(p.Expires))
	}
	return nil
}
