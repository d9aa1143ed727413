package alert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// startOf returns an alert in a status, as inputs bring it there.
func startOf(t *testing.T, name string) *alert.Alert {
	t.Helper()
	key := alert.Key{Policy: "p", Ref: asset.Ref{Type: "T", ID: "a"}}
	a := &alert.Alert{Key: key, ID: alert.NewID("", key)}
	fail := verdict(policy.Fail, 0)
	steps := map[string][]alert.Input{
		"new":           nil,
		"unmatched":     {{Kind: alert.InputVerdict, Verdict: fail}},
		"open":          {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}},
		"dismissed":     {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputDismiss, Actor: "ann", Note: "known", Until: at(100)}},
		"accepted":      {{Kind: alert.InputVerdict, Verdict: excepted(0), Rules: rules}},
		"snoozed":       {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputSnooze, Actor: "ann", Until: at(100)}},
		"resolved":      {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputVerdict, Verdict: verdict(policy.Pass, 1)}},
		"gone":          {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputGone}},
		"rule resolved": {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputRules, Reason: alert.RuleDeleted}},
		"pending":       {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputRemediate, Actor: "ann", Plan: "x", At: at(2)}},
		"fixed": {{Kind: alert.InputVerdict, Verdict: fail, Rules: rules}, {Kind: alert.InputRemediate, Actor: "ann", Plan: "x", At: at(2)},
			{Kind: alert.InputVerdict, Verdict: verdict(policy.Pass, 3)}},
	}
	inputs, ok := steps[name]
	require.True(t, ok, name)
	for i, in := range inputs {
		if in.At.IsZero() {
			in.At = at(i)
		}
		next, _, err := alert.Next(a, in)
		require.NoError(t, err)
		a = next
	}
	return a
}

var rules = []string{"all"}

func verdict(s policy.Status, minute int) *alert.Verdict {
	return &alert.Verdict{
		Status: s, Read: policy.ReadTimes{Earliest: at(minute), Latest: at(minute)}, Stream: "s", State: s.String(),
		Asset: alert.Asset{Incarnation: "1", Digest: "d"}, Policy: alert.Policy{Digest: "p1", Severity: policy.High},
	}
}

func excepted(minute int) *alert.Verdict {
	v := verdict(policy.Fail, minute)
	v.Accepted = &alert.Accepted{By: "team", Note: "test", Until: at(200), Exception: true}
	return v
}

// TestNext is the whole table: each status under each input.
func TestNext(t *testing.T) {
	fail, pass := verdict(policy.Fail, 50), verdict(policy.Pass, 50)
	none := verdict(policy.NotApplicable, 50)
	again := verdict(policy.Fail, 50)
	again.Asset.Incarnation = "2"
	anonymous := verdict(policy.Fail, 50)
	anonymous.Asset.Incarnation = ""
	updated := verdict(policy.Pass, 50)
	updated.Policy.Digest = "p2"
	late := verdict(policy.Pass, -5)
	inputs := map[string]alert.Input{
		"fail":            {Kind: alert.InputVerdict, Verdict: fail, Rules: rules},
		"fail unmatched":  {Kind: alert.InputVerdict, Verdict: fail},
		"excepted":        {Kind: alert.InputVerdict, Verdict: excepted(50), Rules: rules},
		"recreated":       {Kind: alert.InputVerdict, Verdict: again, Rules: rules},
		"no incarnation":  {Kind: alert.InputVerdict, Verdict: anonymous, Rules: rules},
		"pass":            {Kind: alert.InputVerdict, Verdict: pass},
		"policy updated":  {Kind: alert.InputVerdict, Verdict: updated},
		"not applicable":  {Kind: alert.InputVerdict, Verdict: none},
		"late pass":       {Kind: alert.InputVerdict, Verdict: late},
		"gone":            {Kind: alert.InputGone},
		"end":             {Kind: alert.InputTimer, At: at(300), Rules: rules},
		"end, unknown":    {Kind: alert.InputTimer, At: at(300), Rules: rules, Unknown: true},
		"rule deleted":    {Kind: alert.InputRules, Reason: alert.RuleDeleted},
		"rule added":      {Kind: alert.InputRules, Reason: alert.RuleUpdated, Rules: rules},
		"policy disabled": {Kind: alert.InputPolicy, Reason: alert.PolicyDisabled},
		"account removed": {Kind: alert.InputAccount, Reason: alert.AccountDeleted},
		"dismiss":         {Kind: alert.InputDismiss, Actor: "bob", Note: "fine"},
		"snooze":          {Kind: alert.InputSnooze, Actor: "bob", Until: at(400)},
		"reopen":          {Kind: alert.InputReopen, Actor: "bob", Rules: rules},
		"remediate":       {Kind: alert.InputRemediate, Actor: "bob", Plan: "y", At: at(60)},
		"failed":          {Kind: alert.InputFailed, Rules: rules},
		"rolled back":     {Kind: alert.InputRolledBack, Rules: rules},
		"merge":           {Kind: alert.InputMerge},
	}
	// What becomes of each status: "status REASON", "-" for no transition, "!" for an error.
	table := map[string]map[string]string{
		"new": {
			"fail": "open NEW_ALERT", "fail unmatched": "unmatched NEW_ALERT", "excepted": "dismissed EXCEPTION",
		},
		"unmatched": {
			"fail": "open NEW_ALERT", "fail unmatched": "-", "excepted": "dismissed EXCEPTION", "recreated": "open NEW_ALERT", "no incarnation": "open NEW_ALERT",
			"pass": "unmatched RESOURCE_UPDATED", "policy updated": "unmatched POLICY_UPDATED", "not applicable": "unmatched RESOURCE_UPDATED", "late pass": "-", "gone": "unmatched RESOURCE_DELETED", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "open NEW_ALERT", "policy disabled": "-", "account removed": "-",
			"dismiss": "!", "snooze": "!", "reopen": "!", "remediate": "!", "failed": "-", "rolled back": "-", "merge": "resolved MERGED",
		},
		"open": {
			"fail": "-", "fail unmatched": "resolved RESOURCE_POLICY_RESCOPED", "excepted": "dismissed EXCEPTION",
			"recreated": "open RESOURCE_RECREATED", "no incarnation": "-",
			"pass": "resolved RESOURCE_UPDATED", "policy updated": "resolved POLICY_UPDATED", "not applicable": "resolved RESOURCE_UPDATED",
			"late pass": "-", "gone": "resolved RESOURCE_DELETED", "end": "-", "end, unknown": "-",
			"rule deleted": "resolved ALERT_RULE_DELETED", "rule added": "-",
			"policy disabled": "resolved POLICY_DISABLED", "account removed": "resolved ACCOUNT_DELETED",
			"dismiss": "dismissed USER_DISMISSED", "snooze": "snoozed USER_DISMISSED", "reopen": "-",
			"remediate": "pending_resolution REMEDIATED", "failed": "-", "rolled back": "-", "merge": "resolved MERGED",
		},
		"dismissed": {
			"fail": "-", "fail unmatched": "-", "excepted": "-", "recreated": "open RESOURCE_RECREATED", "no incarnation": "-",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-",
			"end": "open DISMISSAL_ENDED", "end, unknown": "open DISMISSAL_ENDED",
			"rule deleted": "-", "rule added": "-", "policy disabled": "resolved POLICY_DISABLED", "account removed": "resolved ACCOUNT_DELETED",
			"dismiss": "dismissed USER_DISMISSED", "snooze": "snoozed USER_DISMISSED", "reopen": "open USER_REOPENED",
			"remediate": "!", "failed": "-", "rolled back": "-", "merge": "resolved MERGED",
		},
		"accepted": {
			"fail": "open EXCEPTION_ENDED", "fail unmatched": "resolved RESOURCE_POLICY_RESCOPED", "excepted": "-", "recreated": "open RESOURCE_RECREATED", "no incarnation": "open EXCEPTION_ENDED",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-",
			"end": "open EXCEPTION_ENDED", "end, unknown": "open EXCEPTION_ENDED",
			"rule deleted": "-", "rule added": "-", "policy disabled": "resolved POLICY_DISABLED", "account removed": "resolved ACCOUNT_DELETED",
			"dismiss": "dismissed USER_DISMISSED", "snooze": "snoozed USER_DISMISSED", "reopen": "open USER_REOPENED",
			"remediate": "!", "failed": "-", "rolled back": "-", "merge": "resolved MERGED",
		},
		"snoozed": {
			"fail": "-", "fail unmatched": "-", "excepted": "-", "recreated": "open RESOURCE_RECREATED", "no incarnation": "-",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-",
			"end": "open SNOOZED_AUTO_REOPEN", "end, unknown": "open SNOOZED_AUTO_REOPEN",
			"rule deleted": "resolved ALERT_RULE_DELETED", "rule added": "-", "policy disabled": "resolved POLICY_DISABLED", "account removed": "resolved ACCOUNT_DELETED",
			"dismiss": "dismissed USER_DISMISSED", "snooze": "snoozed USER_DISMISSED", "reopen": "open USER_REOPENED",
			"remediate": "!", "failed": "-", "rolled back": "-", "merge": "resolved MERGED",
		},
		"resolved": {
			"fail": "open NEW_ALERT", "fail unmatched": "-", "excepted": "dismissed EXCEPTION", "recreated": "open RESOURCE_RECREATED", "no incarnation": "open NEW_ALERT",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "-", "policy disabled": "-", "account removed": "-",
			"dismiss": "!", "snooze": "!", "reopen": "!", "remediate": "!", "failed": "-", "rolled back": "-", "merge": "-",
		},
		"gone": {
			"fail": "open MDC_REOPEN_FOR_ACCIDENTAL_DELETE", "fail unmatched": "-", "excepted": "dismissed EXCEPTION",
			"recreated": "open RESOURCE_RECREATED", "no incarnation": "open MDC_REOPEN_FOR_ACCIDENTAL_DELETE",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "-", "policy disabled": "-", "account removed": "-",
			"dismiss": "!", "snooze": "!", "reopen": "!", "remediate": "!", "failed": "-", "rolled back": "-", "merge": "-",
		},
		"rule resolved": {
			"fail": "open RESTORED", "fail unmatched": "-", "excepted": "open RESTORED", "recreated": "open RESTORED", "no incarnation": "open RESTORED",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "open RESTORED", "policy disabled": "-", "account removed": "-",
			"dismiss": "!", "snooze": "!", "reopen": "!", "remediate": "!", "failed": "-", "rolled back": "-", "merge": "-",
		},
		"pending": {
			"fail": "open REMEDIATION_FAILED", "fail unmatched": "open REMEDIATION_FAILED", "excepted": "open REMEDIATION_FAILED",
			"recreated": "open REMEDIATION_FAILED", "no incarnation": "open REMEDIATION_FAILED",
			"pass": "resolved REMEDIATED", "policy updated": "resolved REMEDIATED", "not applicable": "resolved REMEDIATED",
			"late pass": "-", "gone": "resolved RESOURCE_DELETED", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "-", "policy disabled": "resolved POLICY_DISABLED", "account removed": "resolved ACCOUNT_DELETED",
			"dismiss": "dismissed USER_DISMISSED", "snooze": "!", "reopen": "!", "remediate": "pending_resolution REMEDIATED",
			"failed": "open REMEDIATION_FAILED", "rolled back": "open ROLLED_BACK", "merge": "resolved MERGED",
		},
		"fixed": {
			"fail": "open NEW_ALERT", "fail unmatched": "-", "excepted": "dismissed EXCEPTION", "recreated": "open RESOURCE_RECREATED", "no incarnation": "open NEW_ALERT",
			"pass": "-", "policy updated": "-", "not applicable": "-", "late pass": "-", "gone": "-", "end": "-", "end, unknown": "-",
			"rule deleted": "-", "rule added": "-", "policy disabled": "-", "account removed": "-",
			"dismiss": "!", "snooze": "!", "reopen": "!", "remediate": "!", "failed": "-", "rolled back": "open ROLLED_BACK", "merge": "-",
		},
	}
	for status, row := range table {
		for name, in := range inputs {
			want, listed := row[name]
			if status == "new" && !listed {
				continue // only a failing verdict makes an alert
			}
			require.True(t, listed, "%s under %s is not in the table", status, name)
			a := startOf(t, status)
			before := *a
			if in.At.IsZero() {
				in.At = at(55)
			}
			next, transitions, err := alert.Next(a, in)
			assert.Equal(t, before, *a, "Next changes nothing")
			if want == "!" {
				assert.Error(t, err, "%s under %s", status, name)
				continue
			}
			if !assert.NoError(t, err, "%s under %s", status, name) {
				continue
			}
			got := "-"
			if status == "new" && len(transitions) == 0 {
				got = string(next.Status)
			}
			for _, tr := range transitions {
				if tr.Reason != alert.ReasonLate && tr.Reason != alert.ReasonOverdue {
					got = string(tr.To) + " " + string(tr.Reason)
					assert.Equal(t, next.Status, tr.To)
					assert.Equal(t, a.Status, tr.From)
				}
			}
			assert.Equal(t, want, got, "%s under %s", status, name)
			if got == "-" {
				assert.Equal(t, a.Status, next.Status, "%s under %s", status, name)
				assert.Equal(t, a.LastSeen, next.LastSeen, "%s under %s", status, name)
			}
		}
	}
}

func TestTimesOfAlert(t *testing.T) {
	open := startOf(t, "open")
	assert.Equal(t, []time.Time{at(0), at(0), at(0)}, []time.Time{open.FirstSeen, open.LastSeen, open.AlertTime})
	resolved, _, err := alert.Next(open, alert.Input{Kind: alert.InputVerdict, At: at(10), Verdict: verdict(policy.Pass, 9)})
	require.NoError(t, err)
	assert.Equal(t, []time.Time{at(0), at(10), at(0)}, []time.Time{resolved.FirstSeen, resolved.LastSeen, resolved.AlertTime})
	again, _, err := alert.Next(resolved, alert.Input{Kind: alert.InputVerdict, At: at(20), Verdict: verdict(policy.Fail, 19), Rules: rules})
	require.NoError(t, err)
	assert.Equal(t, []time.Time{at(0), at(20), at(20)}, []time.Time{again.FirstSeen, again.LastSeen, again.AlertTime})
	assert.Equal(t, open.ID, again.ID)
}

// An end of a dismissal, a snooze or an exception resolves an alert whose last verdict passed.
func TestEndAfterPass(t *testing.T) {
	for _, status := range []string{"dismissed", "accepted", "snoozed"} {
		a, _, err := alert.Next(startOf(t, status), alert.Input{Kind: alert.InputVerdict, At: at(60), Verdict: verdict(policy.Pass, 59)})
		require.NoError(t, err)
		assert.Equal(t, policy.Pass, a.Verdict, "%s says whether it is still present", status)
		end := alert.Input{Kind: alert.InputTimer, At: at(300), Rules: rules}
		next, _, err := alert.Next(a, end)
		require.NoError(t, err)
		assert.Equal(t, alert.Resolved, next.Status, status)
		assert.Equal(t, alert.ResourceUpdated, next.Reason, status)
		end.Unknown = true
		next, transitions, err := alert.Next(a, end)
		require.NoError(t, err)
		assert.Equal(t, alert.Open, next.Status, status)
		assert.Contains(t, transitions[0].Note, "unknown")
		gone, _, err := alert.Next(a, alert.Input{Kind: alert.InputGone, At: at(70)})
		require.NoError(t, err)
		assert.Equal(t, alert.Status(map[string]alert.Status{"dismissed": alert.Dismissed, "accepted": alert.Dismissed, "snoozed": alert.Snoozed}[status]), gone.Status)
	}
}

func TestLateVerdicts(t *testing.T) {
	a := startOf(t, "open")
	for name, in := range map[string]alert.Input{
		"older":                    {Verdict: verdict(policy.Pass, -1)},
		"older than the last scan": {Verdict: verdict(policy.Pass, 5), Floor: at(6)},
	} {
		in.Kind, in.At = alert.InputVerdict, at(10)
		next, transitions, err := alert.Next(a, in)
		require.NoError(t, err)
		assert.Equal(t, alert.Open, next.Status, name)
		assert.Equal(t, a.Read, next.Read, name)
		require.Len(t, transitions, 1, name)
		assert.Equal(t, alert.ReasonLate, transitions[0].Reason)
		assert.True(t, transitions[0].Silent)
	}
	// Of two with the same instant, the one with the later latest read holds.
	first, second := verdict(policy.Fail, 20), verdict(policy.Pass, 20)
	first.Read.Latest = at(30)
	a, _, err := alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(31), Verdict: first, Rules: rules})
	require.NoError(t, err)
	next, _, err := alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(32), Verdict: second})
	require.NoError(t, err)
	assert.Equal(t, alert.Open, next.Status)
	second.Read.Latest = at(31)
	next, _, err = alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(32), Verdict: second})
	require.NoError(t, err)
	assert.Equal(t, alert.Resolved, next.Status)
}

func TestRemediationWindow(t *testing.T) {
	pending := startOf(t, "pending") // at(2)
	within := alert.Input{Kind: alert.InputVerdict, At: at(6), Verdict: verdict(policy.Fail, 5), Rules: rules, Window: 10 * time.Minute}
	next, _, err := alert.Next(pending, within)
	require.NoError(t, err)
	assert.Equal(t, alert.PendingResolution, next.Status)
	within.Verdict = verdict(policy.Fail, 12)
	next, _, err = alert.Next(next, within)
	require.NoError(t, err)
	assert.Equal(t, alert.Open, next.Status)
	assert.Equal(t, alert.RemediationFailed, next.Reason)
	// A pass that was read before the fix says nothing of it.
	next, _, err = alert.Next(pending, alert.Input{Kind: alert.InputVerdict, At: at(6), Verdict: verdict(policy.Pass, 1)})
	require.NoError(t, err)
	assert.Equal(t, alert.PendingResolution, next.Status)
}

func TestDueDates(t *testing.T) {
	in := alert.Input{Kind: alert.InputVerdict, At: at(0), Verdict: verdict(policy.Fail, 0), Rules: rules, Due: time.Hour}
	key := alert.Key{Policy: "p", Ref: asset.Ref{Type: "T", ID: "a"}}
	a, _, err := alert.Next(&alert.Alert{Key: key, ID: "P-1"}, in)
	require.NoError(t, err)
	assert.Equal(t, at(60), a.Due)
	assert.Equal(t, at(60), a.Wake)
	timer := alert.Input{Kind: alert.InputTimer, At: at(61), Rules: rules, Unknown: true}
	a, transitions, err := alert.Next(a, timer)
	require.NoError(t, err)
	require.Len(t, transitions, 1, "due dates run also while the verdict is unknown")
	assert.Equal(t, alert.ReasonOverdue, transitions[0].Reason)
	assert.False(t, transitions[0].Silent)
	assert.True(t, a.Wake.IsZero())
	_, transitions, err = alert.Next(a, timer)
	require.NoError(t, err)
	assert.Empty(t, transitions, "once")
}

func TestFlapping(t *testing.T) {
	a := startOf(t, "new")
	var reported, flapping int
	for i := range 40 {
		s := policy.Fail
		if i%2 == 1 {
			s = policy.Pass
		}
		next, transitions, err := alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(i), Verdict: verdict(s, i), Rules: rules, Flap: 10})
		require.NoError(t, err)
		assert.Equal(t, s == policy.Fail, next.Status == alert.Open, "the state follows the truth")
		assert.LessOrEqual(t, len(next.Changes), 11)
		for _, tr := range transitions {
			switch {
			case tr.Reason == alert.ReasonFlapping:
				flapping++
			case !tr.Silent:
				reported++
			}
		}
		a = next
	}
	assert.Equal(t, 10, reported)
	assert.Equal(t, 1, flapping)
	next, transitions, err := alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(3000), Verdict: verdict(policy.Fail, 3000), Rules: rules, Flap: 10})
	require.NoError(t, err)
	assert.False(t, next.Flapping)
	assert.False(t, transitions[0].Silent, "after a quiet day it is reported again")
}

func TestDecisionsOfUsers(t *testing.T) {
	open := startOf(t, "open")
	for _, c := range []struct {
		in   alert.Input
		want error
	}{
		{alert.Input{Kind: alert.InputDismiss}, alert.ErrNoReason},
		{alert.Input{Kind: alert.InputDismiss, Note: "x", Until: at(-1)}, alert.ErrPast},
		{alert.Input{Kind: alert.InputSnooze}, alert.ErrPast},
		{alert.Input{Kind: alert.InputSnooze, Until: at(9)}, alert.ErrPast},
	} {
		c.in.At = at(9)
		_, _, err := alert.Next(open, c.in)
		assert.ErrorIs(t, err, c.want)
	}
	strict := *open
	strict.Policy.NoDismissal = true
	_, _, err := alert.Next(&strict, alert.Input{Kind: alert.InputDismiss, Note: "x", At: at(9)})
	assert.ErrorIs(t, err, alert.ErrNoDismissal)

	// A user's own dismissal wins over an exception while it lasts.
	a := startOf(t, "dismissed")
	a, _, err = alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(60), Verdict: excepted(59), Rules: rules})
	require.NoError(t, err)
	assert.Equal(t, "ann", a.Accepted.By)

	// A new incarnation ends assignment as well.
	a, _, err = alert.Next(open, alert.Input{Kind: alert.InputAssign, Assignee: "bob", At: at(1)})
	require.NoError(t, err)
	assert.Equal(t, "bob", a.Assignee)
	again := verdict(policy.Fail, 50)
	again.Asset.Incarnation = "2"
	a, _, err = alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(51), Verdict: again, Rules: rules})
	require.NoError(t, err)
	assert.Empty(t, a.Assignee)
	assert.Equal(t, at(51), a.AlertTime)
}

// An incarnation that is missing once changes nothing, and is not forgotten.
func TestMissingIncarnation(t *testing.T) {
	a := startOf(t, "dismissed")
	for i, incarnation := range []string{"", "1", "", "2"} {
		v := verdict(policy.Fail, 10+i)
		v.Asset.Incarnation = incarnation
		next, _, err := alert.Next(a, alert.Input{Kind: alert.InputVerdict, At: at(10 + i), Verdict: v, Rules: rules})
		require.NoError(t, err)
		assert.Equal(t, incarnation != "2", next.Status == alert.Dismissed, "%q", incarnation)
		a = next
	}
}
