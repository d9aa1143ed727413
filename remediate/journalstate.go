package remediate

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
)

// State is what the entries of a journal add up to: the basis of every decision of a Runner.
// It follows from the entries alone.
type State struct {
	Seq      int64                 `json:"seq"`  // of the last entry
	Hash     string                `json:"hash"` // of the last entry
	Time     time.Time             `json:"time"` // of the last entry
	Stop     *Stop                 `json:"stop,omitempty"`
	Plans    map[string]*PlanState `json:"plans"` // by digest
	Changes  []PlanChange          `json:"changes"`
	LastStep time.Time             `json:"lastStep,omitzero"` // when the last step began
	// Failures counts, by fix, the plans that failed or were undone since the last one that was
	// verified. Rollbacks do not count.
	Failures  map[string]int  `json:"failures"`
	Suspended map[string]bool `json:"suspended"` // keys of findings that are not repaired unattended
}

// Stop says who stopped all repairs, and why.
type Stop struct {
	By  string    `json:"by"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// PlanChange is a plan whose first step began.
type PlanChange struct {
	Time       time.Time `json:"time"`
	Plan       string    `json:"plan"`
	Key        string    `json:"key"`
	Account    string    `json:"account"`
	Run        string    `json:"run"`
	Standing   string    `json:"standing,omitempty"`
	Unattended bool      `json:"unattended,omitempty"`
	Rollback   bool      `json:"rollback,omitempty"`
}

// PlanState is what a journal says of a plan.
type PlanState struct {
	Key        string               `json:"key"`
	Type       asset.Type           `json:"type"`
	ID         string               `json:"id"`
	Account    string               `json:"account"`
	Fix        string               `json:"fix"`
	Run        string               `json:"run"`
	Actor      string               `json:"actor"`
	Unattended bool                 `json:"unattended,omitempty"`
	Standing   string               `json:"standing,omitempty"`
	Rollback   bool                 `json:"rollback,omitempty"`
	Phase      EventKind            `json:"phase"` // of the last event that is not of a lease
	Steps      map[string]EventKind `json:"steps"` // by id: Begun, Done, Failed or Uncertain
	Begun      bool                 `json:"begun,omitempty"`
	Counted    bool                 `json:"counted,omitempty"` // among the failures of its fix
	Token      int64                `json:"token,omitempty"`   // of the last lease
	Until      time.Time            `json:"until,omitzero"`    // of the last lease; zero: released
	Expires    time.Time            `json:"expires,omitzero"`
	Changed    time.Time            `json:"changed"`        // time of the last event
	Plan       json.RawMessage      `json:"plan,omitempty"` // since it was intended
}

// Leased reports whether a runner has the plan now.
func (p *PlanState) Leased(now time.Time) bool { return p.Until.After(now) }

// Ended reports whether nothing is left to do for the plan, or to find out about it.
func (p *PlanState) Ended() bool {
	switch p.Phase {
	case Verified, Undone, NotStarted, Failed:
		return true
	}
	return false
}

func newState() *State {
	return &State{Plans: map[string]*PlanState{}, Failures: map[string]int{}, Suspended: map[string]bool{}}
}

// ChangesSince counts the changes since an instant that match.
func (s *State) ChangesSince(t time.Time, match func(PlanChange) bool) int {
	n := 0
	for _, c := range s.Changes {
		if !c.Time.Before(t) && match(c) {
			n++
		}
	}
	return n
}

// Open returns the digests of the plans that were begun or intended and have not ended, sorted.
func (s *State) Open() []string {
	var open []string
	for _, d := range slices.Sorted(maps.Keys(s.Plans)) {
		if p := s.Plans[d]; p.Phase != "" && !p.Ended() {
			open = append(open, d)
		}
	}
	return open
}

// fold adds an entry that follows the state. After an error the state is as it was.
func (s *State) fold(e Entry) error {
	switch e.Kind {
	case Checkpoint:
		next := newState()
		if err := json.Unmarshal(e.Detail, next); err != nil {
			return fmt.Errorf("journal entry %d: checkpoint: %w", e.Seq, err)
		}
		if err := next.verify(); err != nil {
			return fmt.Errorf("journal entry %d: checkpoint: %w", e.Seq, err)
		}
		*s = *next
		s.Seq, s.Hash, s.Time = e.Seq, e.Prev, e.Time
		return nil
	case Stopped:
		s.Stop = &Stop{By: e.Actor, Why: detailText(e.Detail), At: e.Time}
	case Started:
		s.Stop = nil
	case Cleared:
		delete(s.Failures, e.Fix)
	case Suspended:
		s.Suspended[e.Key] = true
	case Resumed:
		delete(s.Suspended, e.Key)
	case Leased, Released, Intended, Begun, Done, Failed, Uncertain, Verified, Undone, NotStarted:
		if err := s.foldPlan(e); err != nil {
			return fmt.Errorf("journal entry %d: %w", e.Seq, err)
		}
	default:
		return fmt.Errorf("journal entry %d: unknown kind %.100q", e.Seq, e.Kind)
	}
	s.Seq, s.Hash, s.Time = e.Seq, e.Hash, e.Time
	return nil
}

// verify returns an error for the state of a checkpoint that lacks parts.
func (s *State) verify() error {
	if s.Plans == nil || s.Failures == nil || s.Suspended == nil {
		return errors.New("state without plans, failures or suspended keys")
	}
	for digest, p := range s.Plans {
		if p == nil || p.Steps == nil {
			return fmt.Errorf("plan %.12s without steps", digest)
		}
	}
	return nil
}

// foldPlan adds an entry about a plan.
func (s *State) foldPlan(e Entry) error {
	p := s.Plans[e.Plan]
	if p == nil {
		if e.Kind != Leased {
			return fmt.Errorf("%s of a plan that nobody leased", e.Kind)
		}
		p = &PlanState{Steps: map[string]EventKind{}}
		s.Plans[e.Plan] = p
	}
	switch e.Kind {
	case Leased:
		p.Key, p.Type, p.ID, p.Account, p.Fix = e.Key, e.Type, e.ID, e.Account, e.Fix
		p.Run, p.Actor, p.Unattended, p.Standing, p.Rollback = e.Run, e.Actor, e.Unattended, e.Standing, e.Rollback
		if e.Token == 0 { // a lease that is prolonged keeps its token
			p.Token = e.Seq
		}
		p.Until, p.Changed = e.Until, e.Time
		return nil
	case Released:
		p.Until, p.Changed = time.Time{}, e.Time
		return nil
	case Intended:
		var plan struct{ Expires time.Time }
		if err := json.Unmarshal(e.Detail, &plan); err != nil {
			return fmt.Errorf("plan: %w", err)
		}
		p.Plan, p.Expires = e.Detail, plan.Expires
	case Begun:
		if !p.Begun {
			s.Changes = append(s.Changes, PlanChange{
				Time: e.Time, Plan: e.Plan, Key: p.Key, Account: p.Account, Run: p.Run,
				Standing: p.Standing, Unattended: p.Unattended, Rollback: p.Rollback,
			})
		}
		p.Begun, p.Until = true, e.Until
		s.LastStep = e.Time
	}
	p.Changed = e.Time
	if e.Step != "" {
		p.Steps[e.Step] = e.Kind
		p.Phase = Begun
		if e.Kind == Uncertain {
			p.Phase = Uncertain
		}
		return nil
	}
	p.Phase = e.Kind
	if !p.Rollback { // a rollback says nothing about the fix
		s.count(p)
	}
	return nil
}

// count keeps the failures of the fix of a plan that has ended.
func (s *State) count(p *PlanState) {
	switch p.Phase {
	case Failed, Undone:
		if !p.Counted {
			p.Counted = true
			s.Failures[p.Fix]++
		}
	case Verified:
		delete(s.Failures, p.Fix)
	}
}

// detailText returns a detail that is a string.
func detailText(d json.RawMessage) string {
	var s string
	if json.Unmarshal(d, &s) != nil {
		return ""
	}
	return s
}

// pruned returns a copy of the state without what no decision needs any more: plans that have
// ended, with an end of their validity before t, and changes before t.
func (s *State) pruned(t time.Time) *State {
	out := *s
	out.Plans, out.Changes = map[string]*PlanState{}, nil
	for d, p := range s.Plans {
		if p.Phase != "" && !p.Ended() || p.Leased(t) || !p.Expires.Before(t) || !p.Changed.Before(t) {
			kept := *p
			if p.Ended() {
				kept.Plan = nil
			}
			out.Plans[d] = &kept
		}
	}
	for _, c := range s.Changes {
		if !c.Time.Before(t) {
			out.Changes = append(out.Changes, c)
		}
	}
	return &out
}
