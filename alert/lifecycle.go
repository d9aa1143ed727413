package alert

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/policy"
)

// Input is something that happens to an alert: see [Next].
type Input struct {
	Kind  InputKind
	At    time.Time // when it happens
	Actor string    // who causes it; empty: stance
	Note  string
	Scan  string // ID of the scan, if one causes it

	// Verdict is the verdict of InputVerdict.
	Verdict *Verdict
	// Floor is an instant up to which later verdicts than Alert.Read confirmed the alert.
	Floor time.Time
	// Rules are the names of the enabled rules that match the alert after the input, and Due
	// and Owner follow from them. Groups are those of the account.
	Rules  []string
	Due    time.Duration // from opening to the due date; 0: none
	Owner  string
	Groups []string
	// Unknown reports that the verdict is unknown since the last one that was applied.
	Unknown bool
	// Reason is that of InputRules, InputPolicy, InputAccount and InputRestore.
	Reason Reason
	// Until is the end of a dismissal or a snooze; zero: none.
	Until time.Time
	// Assignee is that of InputAssign.
	Assignee string
	// Plan is the digest of the plan of a remediation.
	Plan string
	// Window is the time after a remediation in which a failing verdict may show the state
	// before it.
	Window time.Duration
	// Flap is the number of transitions in 24 hours that are reported one by one; 0: all.
	Flap int
	// Silent transitions are not reported.
	Silent bool
}

// InputKind is the kind of an Input.
type InputKind string

// The kinds of inputs.
const (
	InputVerdict    InputKind = "verdict"     // a policy judged the asset
	InputGone       InputKind = "gone"        // the asset no longer exists
	InputTimer      InputKind = "timer"       // time passed
	InputRules      InputKind = "rules"       // the rules or groups changed
	InputPolicy     InputKind = "policy"      // the policy was disabled or deleted
	InputAccount    InputKind = "account"     // the account was removed
	InputRestore    InputKind = "restore"     // the policy or account was added again
	InputDismiss    InputKind = "dismiss"     // by a user
	InputSnooze     InputKind = "snooze"      // by a user
	InputReopen     InputKind = "reopen"      // by a user
	InputAssign     InputKind = "assign"      // by a user
	InputComment    InputKind = "comment"     // by a user
	InputRemediate  InputKind = "remediate"   // a remediation ran
	InputFailed     InputKind = "failed"      // a remediation failed
	InputRolledBack InputKind = "rolled_back" // a remediation was undone
	InputMerge      InputKind = "merge"       // another alert has the key
)

// Verdict is what a finding says of an alert.
type Verdict struct {
	Status   policy.Status // Pass, Fail or NotApplicable
	Read     policy.ReadTimes
	Policy   Policy
	Asset    Asset
	Message  string
	Evidence []Evidence
	Accepted *Accepted // by an exception
	Stream   string
	State    string
}

// The errors of inputs by users, under errors.Is.
var (
	// ErrNotActive: an alert that is resolved cannot be dismissed, snoozed or reopened.
	ErrNotActive = errors.New("alert is not active")
	// ErrNoReason: a dismissal needs a reason.
	ErrNoReason = errors.New("reason required")
	// ErrNoDismissal: the policy forbids to dismiss its alerts.
	ErrNoDismissal = errors.New("policy forbids dismissal")
	// ErrPast: the end of a dismissal or a snooze is not in the future.
	ErrPast = errors.New("end is not in the future")
)

// system is the actor of what no user causes.
const system = "stance"

// Next returns the alert after an input, and the transitions for the history; the numbers
// of these are not set. It changes nothing and reads no clock. An alert without a status is a
// new one. An input that does not concern the state of an alert leaves it as it is. Inputs of
// users can fail.
func Next(old *Alert, in Input) (*Alert, []*Transition, error) {
	a := *old
	m := &machine{a: &a, in: in}
	if m.in.Actor == "" {
		m.in.Actor = system
	}
	if err := m.apply(); err != nil {
		return nil, nil, fmt.Errorf("%s alert %s: %w", in.Kind, old.ID, err)
	}
	a.Wake = a.wake()
	return &a, m.out, nil
}

// machine applies one input to an alert, which it may change but for what its fields share
// with the old alert.
type machine struct {
	a   *Alert
	in  Input
	out []*Transition
}

func (m *machine) apply() error {
	a, in := m.a, m.in
	switch in.Kind {
	case InputVerdict:
		m.verdict(in.Verdict)
	case InputGone:
		m.gone()
	case InputTimer:
		m.timer()
	case InputRules:
		m.match()
		m.rules()
	case InputPolicy, InputAccount:
		if a.Status.Active() {
			m.to(Resolved, in.Reason)
		}
	case InputRestore:
		m.match()
		if a.Status == Resolved && a.Reason == in.Reason && a.Verdict == policy.Fail && !a.Gone && len(a.Rules) > 0 {
			m.restore()
		}
	case InputDismiss, InputSnooze, InputReopen:
		return m.decide()
	case InputAssign:
		a.Assignee = in.Assignee
		m.record(ReasonAssigned)
	case InputComment:
		if in.Note == "" {
			return errors.New("empty comment")
		}
		m.record(ReasonCommented)
	case InputRemediate:
		if a.Status != Open && a.Status != PendingResolution {
			return ErrNotActive
		}
		a.Pending, a.Fixed = &Pending{Plan: in.Plan, By: in.Actor, At: in.At}, in.At
		m.to(PendingResolution, Remediated)
	case InputFailed, InputRolledBack:
		reason := RemediationFailed
		if in.Kind == InputRolledBack {
			reason, a.Fixed = RolledBack, in.At
		}
		switch {
		case a.Status == PendingResolution:
			m.open(reason)
		case a.Status == Resolved && a.Reason == Remediated && in.Kind == InputRolledBack:
			a.Verdict = policy.Fail
			m.open(reason)
		}
	case InputMerge:
		if a.Status.Active() || a.Status == Unmatched {
			m.to(Resolved, Merged)
		}
	default:
		return fmt.Errorf("unknown input %q", in.Kind)
	}
	return nil
}

// verdict applies what a policy says of the asset now.
func (m *machine) verdict(v *Verdict) {
	a := m.a
	if m.late(v) {
		if v.Status != a.Verdict {
			m.record(ReasonLate)
		}
		return
	}
	isNew := a.Status == ""
	recreated := !isNew && a.Asset.Incarnation != "" && v.Asset.Incarnation != "" && a.Asset.Incarnation != v.Asset.Incarnation
	wasGone, wasFail := a.Gone, a.Verdict == policy.Fail
	reason := ResourceUpdated
	if !isNew && v.Status != policy.Fail && a.Asset.Digest != "" && a.Asset.Digest == v.Asset.Digest &&
		a.Policy.Digest != "" && v.Policy.Digest != "" && a.Policy.Digest != v.Policy.Digest {
		reason = PolicyUpdated
	}
	a.Verdict, a.Read, a.State, a.Gone = v.Status, v.Read, v.State, false
	a.Stream, a.Missing, a.MissingSince = v.Stream, 0, time.Time{}
	if v.Status != policy.Fail {
		if recreated {
			a.Asset.Incarnation = v.Asset.Incarnation
		}
		m.complies(reason, recreated, wasFail && !wasGone)
		return
	}
	known := a.Asset.Incarnation
	a.Policy, a.Asset, a.Message, a.Evidence = v.Policy, v.Asset, v.Message, v.Evidence
	if a.Asset.Incarnation == "" {
		a.Asset.Incarnation = known
	}
	m.match()
	if isNew {
		a.FirstSeen = m.in.At
	}
	if recreated {
		a.Accepted, a.Assignee = nil, ""
	}
	matched := len(a.Rules) > 0
	opened := func() Reason {
		switch {
		case recreated:
			return ResourceRecreated
		case wasGone:
			return Rediscovered
		}
		return NewAlert
	}
	switch a.Status {
	case "", Unmatched:
		switch {
		case !matched:
			m.unmatched(isNew || !wasFail || wasGone)
		case v.Accepted != nil:
			m.accept(v.Accepted)
		default:
			m.open(NewAlert)
		}
	case Open:
		switch {
		case recreated:
			m.open(ResourceRecreated)
		case !matched:
			m.to(Resolved, ResourceRescoped)
		case v.Accepted != nil:
			m.accept(v.Accepted)
		default:
			m.due()
		}
	case Dismissed, Snoozed:
		switch {
		case recreated && v.Accepted == nil && matched:
			m.open(ResourceRecreated)
		case recreated && !matched:
			m.to(Resolved, ResourceRescoped)
		case recreated:
			m.accept(v.Accepted)
		case a.Accepted != nil && a.Accepted.Exception && v.Accepted == nil:
			m.release(ExceptionEnded)
		case a.Accepted != nil && a.Accepted.Exception:
			a.Accepted = v.Accepted
		}
	case Resolved:
		switch {
		case a.Reason == Merged, !matched:
		case wasFail && !wasGone && m.byDecision():
			m.restore()
		case v.Accepted != nil:
			m.accept(v.Accepted)
		default:
			m.open(opened())
		}
	case PendingResolution:
		if !v.Read.Earliest.Before(a.Pending.since().Add(m.in.Window)) {
			m.open(RemediationFailed)
		} else {
			a.State = "" // the same verdict means something else later
		}
	}
}

// late reports whether a verdict is older than the one in force, or than the last
// remediation.
func (m *machine) late(v *Verdict) bool {
	a := m.a
	if a.Status == "" {
		return false
	}
	at := v.Read.Earliest
	return at.Before(a.Read.Earliest) || at.Equal(a.Read.Earliest) && v.Read.Latest.Before(a.Read.Latest) ||
		at.Before(m.in.Floor) || at.Before(a.Fixed)
}

// byDecision reports whether the alert is resolved though its finding failed: because of
// rules, groups or the policy.
func (m *machine) byDecision() bool {
	return m.byRules() || m.a.Reason == PolicyDisabled || m.a.Reason == PolicyDeleted
}

// complies applies a verdict that does not fail.
func (m *machine) complies(reason Reason, recreated, failed bool) {
	switch a := m.a; a.Status {
	case Unmatched:
		if failed {
			m.record(reason)
		}
	case Open:
		m.to(Resolved, reason)
	case PendingResolution:
		m.to(Resolved, Remediated)
	case Dismissed, Snoozed:
		if recreated {
			a.Accepted, a.Assignee = nil, ""
			m.to(Resolved, ResourceDeleted)
		}
	}
}

// gone applies that the asset no longer exists.
func (m *machine) gone() {
	a := m.a
	if a.Gone {
		return
	}
	failed := a.Verdict == policy.Fail
	a.Gone, a.Verdict, a.State = true, policy.NotApplicable, ""
	a.Missing, a.MissingSince = 0, time.Time{}
	switch a.Status {
	case Open, PendingResolution:
		m.to(Resolved, ResourceDeleted)
	case Unmatched:
		if failed {
			m.record(ResourceDeleted)
		}
	}
}

// timer applies what time alone brings.
func (m *machine) timer() {
	a, now := m.a, m.in.At
	m.match()
	if a.Accepted != nil && !a.Accepted.Until.IsZero() && !a.Accepted.Until.After(now) {
		switch {
		case a.Status == Snoozed:
			m.release(SnoozeEnded)
		case a.Status == Dismissed && a.Accepted.Exception:
			m.release(ExceptionEnded)
		case a.Status == Dismissed:
			m.release(DismissalEnded)
		}
	}
	if a.Status == Open && !a.Due.IsZero() && !a.Due.After(now) && !a.Overdue {
		a.Overdue = true
		m.record(ReasonOverdue)
	}
}

// rules applies a change of the rules or groups.
func (m *machine) rules() {
	a := m.a
	switch {
	case len(a.Rules) == 0 && (a.Status == Open || a.Status == Snoozed):
		m.to(Resolved, m.in.Reason)
	case len(a.Rules) > 0 && a.Status == Unmatched && a.Verdict == policy.Fail:
		m.open(NewAlert)
	case len(a.Rules) > 0 && a.Status == Resolved && a.Verdict == policy.Fail && !a.Gone && m.byRules():
		m.restore()
	case a.Status == Open:
		m.due()
	}
}

func (m *machine) byRules() bool {
	switch m.a.Reason {
	case RuleUpdated, RuleDisabled, RuleDeleted, GroupUpdated, GroupDeleted, ResourceRescoped:
		return true
	}
	return false
}

// decide applies the decision of a user.
func (m *machine) decide() error {
	a, in := m.a, m.in
	if !a.Status.Active() || a.Status == PendingResolution && in.Kind != InputDismiss {
		return ErrNotActive
	}
	if in.Kind == InputReopen {
		if a.Status == Open {
			return nil
		}
		m.release(UserReopened)
		return nil
	}
	status := Dismissed
	if in.Kind == InputSnooze {
		status = Snoozed
	}
	switch {
	case status == Dismissed && a.Policy.NoDismissal:
		return ErrNoDismissal
	case status == Dismissed && in.Note == "":
		return ErrNoReason
	case status == Snoozed && in.Until.IsZero(), !in.Until.IsZero() && !in.Until.After(in.At):
		return ErrPast
	}
	m.to(status, UserDismissed)
	a.Accepted = &Accepted{By: in.Actor, Note: in.Note, At: in.At, Until: in.Until}
	return nil
}

// release ends a dismissal or a snooze. The alert opens if the last verdict failed, or is
// unknown now, and is resolved otherwise.
func (m *machine) release(reason Reason) {
	a := m.a
	switch {
	case a.Gone && !m.in.Unknown:
		m.to(Resolved, ResourceDeleted)
	case a.Verdict != policy.Fail && !m.in.Unknown:
		m.to(Resolved, ResourceUpdated)
	case len(a.Rules) == 0:
		m.to(Resolved, ResourceRescoped)
	default:
		if m.in.Unknown {
			note := "the verdict is unknown"
			if m.in.Note != "" {
				note = m.in.Note + "; " + note
			}
			m.in.Note = note
		}
		m.open(reason)
	}
}

func (m *machine) accept(by *Accepted) {
	if m.a.Policy.NoDismissal {
		if m.a.Status != Open {
			m.open(NewAlert)
		}
		return
	}
	m.to(Dismissed, ExceptionGranted)
	m.a.Accepted = by
}

// open opens the alert at the instant of the input.
func (m *machine) open(reason Reason) {
	m.a.AlertTime, m.a.Overdue = m.in.At, false
	m.to(Open, reason)
	m.due()
}

// restore opens an alert again that a decision resolved, as if that had not been.
func (m *machine) restore() {
	m.in.Silent = true
	if m.a.AlertTime.IsZero() {
		m.a.AlertTime = m.in.At
	}
	m.to(Open, Restored)
	m.due()
}

// unmatched keeps a finding that fails and that no rule matches. The history has what an
// alert would have, so that the effect of rules on it can be shown.
func (m *machine) unmatched(begins bool) {
	from := m.a.Status
	m.a.Status = Unmatched
	if begins {
		m.a.LastSeen = m.in.At
		m.add(&Transition{From: from, To: Unmatched, Reason: NewAlert, Silent: true})
	}
}

// match sets what the rules say of the alert.
func (m *machine) match() {
	m.a.Rules, m.a.Owner, m.a.Asset.Groups = m.in.Rules, m.in.Owner, m.in.Groups
}

// due sets the due date of an open alert.
func (m *machine) due() {
	a, due := m.a, time.Time{}
	if m.in.Due > 0 {
		due = a.AlertTime.Add(m.in.Due)
	}
	if !due.Equal(a.Due) {
		a.Due, a.Overdue = due, false
	}
}

// to changes the status. Going from open to open is a transition as well: the alert of an
// asset that was created again.
func (m *machine) to(status Status, reason Reason) {
	a := m.a
	from := a.Status
	a.Status, a.Reason, a.LastSeen = status, reason, m.in.At
	if status != Dismissed && status != Snoozed {
		a.Accepted = nil
	}
	if status != PendingResolution {
		a.Pending = nil
	}
	if m.in.Kind != InputVerdict {
		a.State = "" // the next verdict counts as a change, whatever it says
	}
	if status != Open {
		a.Due, a.Overdue = time.Time{}, false
	}
	m.add(&Transition{From: from, To: status, Reason: reason, Silent: m.in.Silent})
	m.flap()
}

// record appends to the history what changes no status.
func (m *machine) record(reason Reason) {
	silent := m.in.Silent || reason != ReasonOverdue && reason != ReasonFlapping
	m.add(&Transition{From: m.a.Status, To: m.a.Status, Reason: reason, Silent: silent})
}

func (m *machine) add(t *Transition) {
	t.Alert, t.Key, t.At, t.Groups = m.a.ID, m.a.Key, m.in.At, m.a.Asset.Groups
	t.Actor, t.Note, t.Scan = m.in.Actor, m.in.Note, m.in.Scan
	m.out = append(m.out, t)
}

// flap counts the transitions of the last 24 hours, and silences them while they are too
// many. The first of these reports that the alert is flapping.
func (m *machine) flap() {
	a, since := m.a, m.in.At.Add(-24*time.Hour)
	recent := slices.DeleteFunc(slices.Clone(a.Changes), func(t time.Time) bool { return !t.After(since) })
	a.Changes = append(recent, m.in.At)
	if m.in.Flap <= 0 || len(a.Changes) <= m.in.Flap {
		a.Flapping = false
		return
	}
	a.Changes = a.Changes[len(a.Changes)-m.in.Flap-1:]
	m.out[len(m.out)-1].Silent = true
	if !a.Flapping {
		a.Flapping = true
		m.record(ReasonFlapping)
	}
}

// wake returns the earliest instant at which time alone changes the alert.
func (a *Alert) wake() time.Time {
	var at time.Time
	earliest := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if a.Accepted != nil && (a.Status == Dismissed || a.Status == Snoozed) {
		earliest(a.Accepted.Until)
	}
	if a.Status == Open && !a.Overdue {
		earliest(a.Due)
	}
	if a.Status == PendingResolution && a.Pending != nil {
		earliest(a.Pending.next())
	}
	return at
}

// rereads are the times after a remediation at which its asset is read again.
var rereads = [...]time.Duration{10 * time.Second, time.Minute, 3 * time.Minute, 10 * time.Minute}

// next returns when the asset is to be read again, or, after all readings, when the
// remediation has been pending for a day, and then every day.
func (p *Pending) next() time.Time {
	if p.Reads < len(rereads) {
		return p.At.Add(rereads[p.Reads])
	}
	return p.At.Add(time.Duration(p.Reads-len(rereads)+1) * 24 * time.Hour)
}

func (p *Pending) since() time.Time {
	if p == nil {
		return time.Time{}
	}
	return p.At
}
