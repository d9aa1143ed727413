package remediate

import (
	"encoding/json"
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
	// Failures counts, by fix, the plans that failed or whose end is unknown since the last one
	// that was verified.
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
	Token      int64                `json:"token,omitempty"` // of the last lease
	Until      time.Time            `json:"until,omitzero"`  // of the last lease; zero: released
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

// fold adds an entry that follows the state.
func (s *State) fold(e Entry) error {
	if e.Kind == Checkpoint {
		next := newState()
		if err := json.Unmarshal(e.Detail, next); err != nil {
			return fmt.Errorf("journal entry %d: checkpoint: %w", e.Seq, err)
		}
		*s = *next
		s.Seq, s.Hash = e.Seq, e.Prev
		return nil
	}
	s.Seq, s.Hash, s.Time = e.Seq, e.Hash, e.Time
	switch e.Kind {
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
		return s.foldPlan(e)
	default:
		return fmt.Errorf("journal entry %d: unknown kind %.100q", e.Seq, e.Kind)
	}
	return nil
}

func (s *State) foldPlan(e Entry) error {
	p := s.Plans[e.Plan]
	if p == nil {
		if e.Kind != Leased {
			return fmt.Errorf("journal entry %d: %s of a plan that nobody leased", e.Seq, e.Kind)
		}
		p = &PlanState{Steps: map[string]EventKind{}}
		s.Plans[e.Plan] = p
	}
	p.Changed = e.Time
	switch e.Kind {
	case Leased:
		p.Key, p.Type, p.ID, p.Account, p.Fix = e.Key, e.Type, e.ID, e.Account, e.Fix
		p.Run, p.Actor, p.Unattended, p.Standing, p.Rollback = e.Run, e.Actor, e.Unattended, e.Standing, e.Rollback
		if e.Token == 0 { // a lease that is prolonged keeps its token
			p.Token = e.Seq
		}
		p.Until = e.Until
		return nil
	case Released:
		p.Until = time.Time{}
		return nil
	case Intended:
		p.Plan = e.Detail
		var plan struct{ Expires time.Time }
		if err := json.Unmarshal(e.Detail, &plan); err != nil {
			return fmt.Errorf("journal entry %d: plan: %w", e.Seq, err)
		}
		p.Expires = plan.Expires
	case Begun:
		if !p.Begun {
			s.Changes = append(s.Changes, PlanChange{
				Time: e.Time, Plan: e.Plan, Key: p.Key, Account: p.Account, Run: p.Run,
				Standing: p.Standing, Unattended: p.Unattended, Rollback: p.Rollback,
			})
		}
		p.Begun = true
		s.LastStep = e.Time
	case Verified:
		delete(s.Failures, p.Fix)
	}
	if e.Step != "" {
		p.Steps[e.Step] = e.Kind
		p.Phase = Begun
		if e.Kind == Uncertain {
			p.Phase = Uncertain
		}
		return nil
	}
	if e.Kind == Failed && p.Phase != Failed {
		s.Failures[p.Fix]++
	}
	if e.Kind == Undone && !p.Rollback && p.Phase != Failed {
		s.Failures[p.Fix]++
	}
	p.Phase = e.Kind
	return nil
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
