package remediate_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

func TestApply(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	p := l.plan("b")
	require.Zero(t, l.writes, "planning writes nothing")

	dry, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "ann", DryRun: true, Approvals: []remediate.Approval{l.approval(p.Digest)}}, p)
	require.NoError(t, err)
	require.NoError(t, dry[0].Err)
	assert.Equal(t, remediate.PlanReady, dry[0].Outcome)
	assert.Zero(t, l.writes, "a dry run writes nothing")
	assert.Empty(t, l.kinds(), "and no event")

	res := l.apply1(p)
	require.NoError(t, res.Err)
	assert.Equal(t, remediate.PlanVerified, res.Outcome)
	assert.Equal(t, policy.Pass, res.Finding.Status)
	assert.Equal(t, 2, l.writes)
	assert.Equal(t, []remediate.EventKind{"intended", "begun", "done", "begun", "done", "verified"}, l.kinds())

	res = l.apply1(p)
	assert.ErrorIs(t, res.Err, remediate.ErrUsed, "an approval is for one run")
	assert.Equal(t, 2, l.writes)
}

// Each of these ends before the first write.
func TestApplyRefuses(t *testing.T) {
	type change struct {
		name  string
		setup func(l *lab, run *remediate.Run, p **remediate.Plan)
		want  error
	}
	approve := func(l *lab, run *remediate.Run, p *remediate.Plan) {
		run.Approvals = []remediate.Approval{l.approval(p.Digest)}
	}
	for _, tt := range []change{
		{"no approval", func(l *lab, run *remediate.Run, _ **remediate.Plan) { run.Approvals = nil }, remediate.ErrNotApproved},
		{"approval of another plan", func(l *lab, run *remediate.Run, _ **remediate.Plan) { run.Approvals[0].Plan = "x" }, remediate.ErrNotApproved},
		{"ended approval", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.tick(2 * time.Hour) }, remediate.ErrNotApproved},
		{"approval of the future", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			run.Approvals[0].At = run.Approvals[0].At.Add(time.Minute)
		}, remediate.ErrNotApproved},
		{"approval before the plan", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			run.Approvals[0].At = began.Add(-time.Hour)
		}, remediate.ErrNotApproved},
		{"approval by nobody", func(l *lab, run *remediate.Run, _ **remediate.Plan) { run.Approvals[0].By = "" }, remediate.ErrNotApproved},
		{"ended plan", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			l.tick(25 * time.Hour)
			approve(l, run, *p)
		}, remediate.ErrStale},
		{"changed plan", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			q := **p
			q.Steps = append(q.Steps[:1:1], q.Steps[1])
			q.Steps[0].Request.Operation = "drop"
			*p = &q
		}, remediate.ErrMalformed},
		{"changed plan with a new digest", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Steps[0].Request.Operation = "drop" })
		}, remediate.ErrNotApproved},
		{"unknown fix", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Fix.ID = "other" })
			approve(l, run, *p)
		}, remediate.ErrNoFix},
		{"another version of the fix", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Fix.Version = 2 })
			approve(l, run, *p)
		}, remediate.ErrStale},
		{"manual plan", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Class = policy.Manual })
			approve(l, run, *p)
		}, remediate.ErrNoFix},
		{"duplicate step", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Steps[1].ID = q.Steps[0].ID })
			approve(l, run, *p)
		}, remediate.ErrMalformed},
		{"key of another finding", func(l *lab, run *remediate.Run, p **remediate.Plan) {
			*p = reseal(l.t, *p, func(q *remediate.Plan) { q.Key = "x" })
			approve(l, run, *p)
		}, remediate.ErrMalformed},
		{"monitored account", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			l.runner.Mode = func(asset.Scope) remediate.Mode { return remediate.Monitor }
		}, remediate.ErrMonitor},
		{"no modes", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.runner.Mode = nil }, remediate.ErrMonitor},
		{"protected asset", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.runner.Protect = []asset.Ref{ref("b")} }, remediate.ErrProtected},
		{"own asset", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.own = []asset.Ref{ref("b")} }, remediate.ErrProtected},
		{"credentials of another account", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.account = "9" }, remediate.ErrIdentity},
		{"no credentials", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.runner.Credentials = nil }, remediate.ErrIdentity},
		{"missing permission", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.missing["s3:PutBucketVersioning"] = true }, remediate.ErrPermission},
		{"asset changed", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			l.set("b", "VersioningConfiguration", map[string]any{"Status": "Suspended"})
		}, remediate.ErrStale},
		{"asset gone", func(l *lab, run *remediate.Run, _ **remediate.Plan) { delete(l.docs, "b") }, remediate.ErrNotFound},
		{"asset complies", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			l.set("b", "VersioningConfiguration", map[string]any{"Status": "Enabled"})
			l.set("b", "ObjectLockEnabled", true)
		}, remediate.ErrResolved},
		{"asset unreadable", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.broken = errDenied }, errDenied},
		{"failed pre-check", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			l.check = remediate.Fail
			run.Approvals[0].Accepts = []string{"small"}
		}, errCheck},
		{"unknown pre-check", func(l *lab, run *remediate.Run, _ **remediate.Plan) { l.check = remediate.Unknown }, errCheck},
		{"four eyes", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			l.runner.FourEyes, run.Approvals[0].By = true, "ann"
		}, remediate.ErrNotApproved},
		{"kill switch", func(l *lab, run *remediate.Run, _ **remediate.Plan) {
			require.NoError(l.t, l.journal.Stop(l.t.Context(), "eve", "incident"))
		}, remediate.ErrLimit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
			p := l.plan("b")
			run := remediate.Run{Actor: "ann"}
			approve(l, &run, p)
			tt.setup(l, &run, &p)
			res, err := l.runner.Apply(t.Context(), run, p)
			require.NoError(t, err)
			if tt.want == errCheck {
				var check *remediate.CheckError
				require.ErrorAs(t, res[0].Err, &check)
			} else {
				require.ErrorIs(t, res[0].Err, tt.want)
			}
			assert.Equal(t, remediate.PlanNotStarted, res[0].Outcome)
			assert.Zero(t, l.writes)
			assert.NotContains(t, l.kinds(), remediate.Begun)
		})
	}
}

var errDenied, errCheck = errors.New("denied"), errors.New("check")

func TestAcceptedCheck(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "guarded", "    - {id: asked, text: The owner agrees, kind: attested}\n", "b")
	l.check = remediate.Unknown
	p := l.plan("b")
	res := l.apply1(p, "small")
	require.ErrorContains(t, res.Err, `pre-check "asked" attested by nobody`)
	res = l.apply1(p, "small", "asked")
	require.NoError(t, res.Err, "a plan that was not begun can be approved again")
	assert.Equal(t, remediate.PlanVerified, res.Outcome)
}

func TestBatch(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "a", "b", "c")
	plans := []*remediate.Plan{l.plan("a"), l.plan("b"), l.plan("c")}
	batch, err := remediate.BatchDigest(plans...)
	require.NoError(t, err)
	delete(l.docs, "b")
	run := remediate.Run{Actor: "ann", Approvals: []remediate.Approval{l.approval(batch)}}
	res, err := l.runner.Apply(t.Context(), run, plans...)
	require.NoError(t, err)
	assert.Equal(t, remediate.PlanVerified, res[0].Outcome)
	assert.ErrorIs(t, res[1].Err, remediate.ErrNotFound)
	assert.Equal(t, remediate.PlanVerified, res[2].Outcome, "a plan that fails does not keep others back")

	res, err = l.runner.Apply(t.Context(), run, plans[:2]...)
	require.NoError(t, err)
	assert.ErrorIs(t, res[0].Err, remediate.ErrNotApproved, "a part of a batch is another batch")
	_, err = remediate.BatchDigest(plans[0], plans[0])
	assert.ErrorIs(t, err, remediate.ErrMalformed)
}

func TestLimits(t *testing.T) {
	ids := make([]string, 12)
	for i := range ids {
		ids[i] = fmt.Sprint("b", i)
	}
	run := func(limit remediate.Limit) (verified, notStarted int, l *lab) {
		l = newLab(t, &remediate.MemoryLog{}, "safe", "", ids...)
		l.runner.Limit = limit
		r := remediate.Run{Actor: "ann"}
		var plans []*remediate.Plan
		for _, id := range ids {
			plans = append(plans, l.plan(id))
			r.Approvals = append(r.Approvals, l.approval(plans[len(plans)-1].Digest))
		}
		from := l.now
		res, err := l.runner.Apply(t.Context(), r, plans...)
		require.NoError(t, err)
		for _, x := range res {
			switch x.Outcome {
			case remediate.PlanVerified:
				verified++
			case remediate.PlanNotStarted:
				notStarted++
				assert.ErrorIs(t, x.Err, remediate.ErrLimit)
			}
		}
		if limit.PerSecond == 0 {
			assert.GreaterOrEqual(t, l.now.Sub(from), time.Duration(2*verified-1)*time.Second, "one step a second")
		}
		return verified, notStarted, l
	}
	v, n, _ := run(remediate.Limit{})
	assert.Equal(t, []int{3, 9}, []int{v, n}, "three an account")
	v, n, _ = run(remediate.Limit{PerAccount: remediate.Unlimited})
	assert.Equal(t, []int{10, 2}, []int{v, n}, "ten a run")
	v, n, _ = run(remediate.Limit{PerAccount: 100, Changes: 100, PerSecond: 1000})
	assert.Equal(t, []int{12, 0}, []int{v, n})

	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	l.runner.Limit.Changes = -1
	_, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "ann"}, l.plan("b"))
	assert.ErrorContains(t, err, "negative limit changes")
}

// A failure of the second of two steps.
func TestFailureInTheMiddle(t *testing.T) {
	for _, tt := range []struct {
		name    string
		on      remediate.OnFailure
		outcome remediate.PlanOutcome
		kinds   []remediate.EventKind
	}{
		{"leave", remediate.LeaveSteps, remediate.PlanFailed, []remediate.EventKind{"intended", "begun", "done", "begun", "failed", "failed"}},
		{"undo", remediate.UndoSteps, remediate.PlanUndone, []remediate.EventKind{"intended", "begun", "done", "begun", "failed", "failed", "begun", "done", "undone"}},
	} {
		l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
		l.runner.OnFailure = tt.on
		l.fail = func(_, step string) error {
			if step == "lock" {
				return errDenied
			}
			return nil
		}
		p := l.plan("b")
		res := l.apply1(p)
		require.ErrorIs(t, res.Err, errDenied, tt.name)
		assert.Equal(t, tt.outcome, res.Outcome, tt.name)
		assert.Equal(t, tt.kinds, l.kinds(), tt.name)
		assert.Equal(t, []string{"versioning"}, res.Done[:1])
		assert.Equal(t, tt.on == remediate.LeaveSteps, l.get("b", "VersioningConfiguration") != nil, tt.name)
		open, err := l.runner.Resume(t.Context(), "ann")
		require.NoError(t, err)
		assert.Empty(t, open, "nothing is left to find out")
	}
}

func TestChangedBetweenSteps(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	l.after = func(id, step string) {
		if step == "versioning" {
			l.set(id, "ObjectLockEnabled", false)
		}
	}
	res := l.apply1(l.plan("b"))
	require.ErrorIs(t, res.Err, remediate.ErrStale)
	assert.Equal(t, remediate.PlanFailed, res.Outcome)
	assert.Equal(t, false, l.get("b", "ObjectLockEnabled"), "the change of somebody else stays")
}

func TestNotRepaired(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	l.after = func(id, step string) {
		if step == "lock" {
			l.set(id, "VersioningConfiguration", nil)
		}
	}
	res := l.apply1(l.plan("b"))
	require.ErrorContains(t, res.Err, "the finding is still there after the steps")
	assert.Equal(t, remediate.PlanFailed, res.Outcome)

	l = newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	p := l.plan("b")
	l.after = func(_, step string) {
		if step == "lock" {
			l.mu.Lock()
			l.lag = true
			l.mu.Unlock()
		}
	}
	res = l.apply1(p)
	require.ErrorIs(t, res.Err, remediate.ErrUnknown, "a verdict about an old answer proves nothing")
	assert.Equal(t, remediate.PlanUnknown, res.Outcome)
	l.after, l.lag = nil, false
	l.tick(10 * time.Minute)
	got, err := l.runner.Resume(t.Context(), "ann")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, got[0].Err)
	assert.Equal(t, remediate.PlanVerified, got[0].Outcome)
}

// A request without a reply is neither repeated nor taken to have failed.
func TestNoReply(t *testing.T) {
	for _, tt := range []struct {
		name string
		step string
		fail error
		want remediate.PlanOutcome
		done []string
	}{
		{"carried out", "lock", errCarriedOut, remediate.PlanVerified, []string{"versioning", "lock"}},
		{"not carried out", "lock", remediate.ErrNoReply, remediate.PlanFailed, []string{"versioning"}},
		{"first, not carried out", "versioning", remediate.ErrNoReply, remediate.PlanFailed, nil},
		{"first, carried out", "versioning", errCarriedOut, remediate.PlanFailed, []string{"versioning"}},
		{"time ran out", "lock", context.DeadlineExceeded, remediate.PlanFailed, []string{"versioning"}},
	} {
		l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
		l.fail = func(_, step string) error {
			if step == tt.step {
				return tt.fail
			}
			return nil
		}
		res := l.apply1(l.plan("b"))
		require.Error(t, res.Err, tt.name)
		assert.Equal(t, remediate.PlanUnknown, res.Outcome, tt.name)
		writes := l.writes

		l.broken = errDenied
		l.tick(10 * time.Minute)
		got, err := l.runner.Resume(t.Context(), "ann")
		require.NoError(t, err, tt.name)
		require.Len(t, got, 1, tt.name)
		assert.Equal(t, remediate.PlanUnknown, got[0].Outcome, "%s: while the asset cannot be read, nothing is known", tt.name)

		l.broken = nil
		l.tick(10 * time.Minute)
		got, err = l.runner.Resume(t.Context(), "ann")
		require.NoError(t, err, tt.name)
		require.Len(t, got, 1, tt.name)
		assert.Equal(t, tt.want, got[0].Outcome, tt.name)
		assert.Equal(t, tt.done, got[0].Done, tt.name)
		assert.Equal(t, writes, l.writes, "%s: finding out writes nothing", tt.name)
		got, err = l.runner.Resume(t.Context(), "ann")
		require.NoError(t, err)
		assert.Empty(t, got, tt.name)
	}
}

// cutLog ends a process: after some entries it writes no more.
type cutLog struct {
	remediate.MemoryLog
	mu   sync.Mutex
	left int
}

var errKilled = errors.New("killed")

func (l *cutLog) Append(ctx context.Context, e remediate.Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == 0 {
		return errKilled
	}
	l.left--
	return l.MemoryLog.Append(ctx, e)
}

// A process that is killed at any point leaves a journal that says what was done, and
// another one finds out the rest.
func TestKilledAnywhere(t *testing.T) {
	for left := range 20 {
		log := &cutLog{left: left}
		l := newLab(t, log, "safe", "", "b")
		p := l.plan("b")
		res := l.apply1(p)
		if res.Err == nil {
			require.Equal(t, remediate.PlanVerified, res.Outcome)
			require.Greater(t, left, 5)
			return
		}
		writes := l.writes
		log.left = 1000
		l.tick(10 * time.Minute)
		got, err := l.runner.Resume(t.Context(), "ann")
		require.NoError(t, err)
		verified := l.get("b", "VersioningConfiguration") != nil && l.get("b", "ObjectLockEnabled") != nil
		for _, g := range got {
			assert.NotEqual(t, remediate.PlanUnknown, g.Outcome, "after %d entries", left)
			assert.Equal(t, verified, g.Outcome == remediate.PlanVerified, "after %d entries", left)
		}
		assert.Equal(t, writes, l.writes)
		st, err := l.journal.State(t.Context())
		require.NoError(t, err)
		assert.Empty(t, st.Open(), "after %d entries", left)
		for _, n := range l.applied {
			assert.Equal(t, 1, n)
		}
		if s := st.Plans[p.Digest]; s != nil && s.Begun {
			assert.ErrorIs(t, l.apply1(p).Err, remediate.ErrUsed, "after %d entries", left)
		}
	}
	t.Fatal("never ended")
}

func TestTwoRunners(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "a", "b", "c")
	l.runner.Limit = remediate.Limit{PerSecond: 1000}
	plans := []*remediate.Plan{l.plan("a"), l.plan("b"), l.plan("c")}
	run := remediate.Run{Actor: "ann"}
	for _, p := range plans {
		run.Approvals = append(run.Approvals, l.approval(p.Digest))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	verified := map[string]int{}
	for range 4 {
		r := *l.runner
		wg.Go(func() {
			res, err := r.Apply(t.Context(), run, plans...)
			if !assert.NoError(t, err) {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			for _, x := range res {
				if x.Outcome == remediate.PlanVerified {
					verified[x.Plan.Digest]++
				}
			}
		})
	}
	wg.Wait()
	for _, p := range plans {
		assert.Equal(t, 1, verified[p.Digest])
	}
	assert.Equal(t, 6, l.writes, "no step is made twice")
}

func TestRollback(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	p := l.plan("b")
	_, err := l.runner.Rollback(t.Context(), p.Digest, "ann")
	require.ErrorIs(t, err, remediate.ErrNotFound, "a plan that was never applied")
	require.NoError(t, l.apply1(p).Err)

	l.set("b", "ObjectLockEnabled", false)
	_, err = l.runner.Rollback(t.Context(), p.Digest, "ann")
	require.ErrorIs(t, err, remediate.ErrDiverged)
	require.ErrorContains(t, err, "config.ObjectLockEnabled is false: it was absent, and the plan wrote true")
	l.set("b", "ObjectLockEnabled", true)

	back, err := l.runner.Rollback(t.Context(), p.Digest, "ann")
	require.NoError(t, err)
	assert.Equal(t, policy.Guarded, back.Class)
	assert.Equal(t, []string{p.Key}, back.Causes)
	res, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "ann", Unattended: true}, back)
	require.NoError(t, err)
	require.ErrorIs(t, res[0].Err, remediate.ErrUnattended)
	require.Equal(t, 2, l.writes)

	done := l.apply1(back)
	require.NoError(t, done.Err)
	assert.Equal(t, remediate.PlanVerified, done.Outcome)
	assert.Equal(t, policy.Fail, done.Finding.Status, "the finding is there again")
	assert.Nil(t, l.get("b", "VersioningConfiguration"))
	_, err = l.runner.Rollback(t.Context(), p.Digest, "ann")
	require.ErrorIs(t, err, remediate.ErrResolved)

	again := l.plan("b")
	res, err = l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Unattended: true}, again)
	require.NoError(t, err)
	require.ErrorIs(t, res[0].Err, remediate.ErrUnattended, "what was rolled back is not repaired unattended")
	require.NoError(t, l.apply1(again).Err, "a person may")
}

func TestUnattended(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "b")
	run := remediate.Run{Actor: "auto", Unattended: true}
	l.runner.Protect = nil
	_, err := l.runner.Apply(t.Context(), run, l.plan("b"))
	require.ErrorIs(t, err, remediate.ErrUnattended, "no list of protected assets")
	l.runner.Protect = []asset.Ref{}

	l.check = remediate.Unknown
	res, err := l.runner.Apply(t.Context(), run, l.plan("b"))
	require.NoError(t, err)
	require.ErrorContains(t, res[0].Err, "unknown in an unattended run")
	l.check = remediate.Pass

	for i := range 2 {
		res, err = l.runner.Apply(t.Context(), run, l.plan("b"))
		require.NoError(t, err)
		require.NoError(t, res[0].Err, i)
		l.set("b", "ObjectLockEnabled", nil)
		l.set("b", "VersioningConfiguration", nil)
	}
	res, err = l.runner.Apply(t.Context(), run, l.plan("b"))
	require.NoError(t, err)
	require.ErrorIs(t, res[0].Err, remediate.ErrContested)
	l.tick(8 * 24 * time.Hour)
	res, err = l.runner.Apply(t.Context(), run, l.plan("b"))
	require.NoError(t, err)
	require.NoError(t, res[0].Err)
}

func TestStandingApproval(t *testing.T) {
	const asked = "    - {id: asked, text: The owner agrees, kind: attested}\n"
	good := func(l *lab) remediate.Standing {
		return remediate.Standing{
			ID: "s", Policy: "versioned", Fix: remediate.FixID{ID: "toy-versioning", Version: 1}, Owner: "bob",
			Selector: remediate.Selector{Accounts: []string{"111122223333"}}, From: began, Until: began.Add(30 * 24 * time.Hour), Attests: []string{"asked"},
		}
	}
	for _, tt := range []struct {
		name   string
		change func(l *lab, s *remediate.Standing)
		want   error
	}{
		{"good", func(*lab, *remediate.Standing) {}, nil},
		{"of another policy", func(_ *lab, s *remediate.Standing) { s.Policy = "x" }, remediate.ErrUnattended},
		{"of another version", func(_ *lab, s *remediate.Standing) { s.Fix.Version = 2 }, remediate.ErrNotApproved},
		{"ended", func(l *lab, s *remediate.Standing) { s.Until = began.Add(time.Millisecond) }, remediate.ErrNotApproved},
		{"not begun", func(l *lab, s *remediate.Standing) { s.From = began.Add(time.Hour) }, remediate.ErrNotApproved},
		{"of other assets", func(_ *lab, s *remediate.Standing) { s.Selector.Accounts = []string{"9"} }, remediate.ErrNotApproved},
		{"without the attestation", func(_ *lab, s *remediate.Standing) { s.Attests = nil }, errCheck},
	} {
		l := newLab(t, &remediate.MemoryLog{}, "guarded", asked, "b")
		s := good(l)
		tt.change(l, &s)
		res, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Standing: []remediate.Standing{s}}, l.plan("b"))
		require.NoError(t, err, tt.name)
		switch tt.want {
		case nil:
			require.NoError(t, res[0].Err, tt.name)
			assert.Equal(t, "s", res[0].Standing)
		case errCheck:
			var check *remediate.CheckError
			require.ErrorAs(t, res[0].Err, &check, tt.name)
		default:
			require.ErrorIs(t, res[0].Err, tt.want, tt.name)
		}
	}

	l := newLab(t, &remediate.MemoryLog{}, "guarded", asked, "b")
	res, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Unattended: true}, l.plan("b"))
	require.NoError(t, err)
	require.ErrorIs(t, res[0].Err, remediate.ErrNotApproved, "a guarded fix needs a standing approval")
	s := good(l)
	s.Selector = remediate.Selector{}
	_, err = l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Standing: []remediate.Standing{s}}, l.plan("b"))
	require.ErrorContains(t, err, "empty selector")
	s = good(l)
	s.Limit.Changes = remediate.Unlimited
	_, err = l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Standing: []remediate.Standing{s}}, l.plan("b"))
	require.ErrorContains(t, err, "unlimited changes in an unattended run")
}

// The limits of a standing approval are of all runs by it together.
func TestStandingLimit(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "guarded", "", "a", "b", "c")
	s := remediate.Standing{
		ID: "s", Policy: "versioned", Fix: remediate.FixID{ID: "toy-versioning", Version: 1}, Owner: "bob",
		Selector: remediate.Selector{All: true}, From: began, Until: began.Add(30 * 24 * time.Hour), Limit: remediate.Limit{Changes: 2},
	}
	apply := func(id string) error {
		res, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "auto", Standing: []remediate.Standing{s}}, l.plan(id))
		require.NoError(t, err)
		return res[0].Err
	}
	require.NoError(t, apply("a"))
	require.NoError(t, apply("b"))
	require.ErrorIs(t, apply("c"), remediate.ErrLimit)
	l.tick(25 * time.Hour)
	require.NoError(t, apply("c"))
}

func TestThreeFailures(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "a", "b", "c", "d")
	l.fail = func(string, string) error { return errDenied }
	for _, id := range []string{"a", "b", "c"} {
		require.ErrorIs(t, l.apply1(l.plan(id)).Err, errDenied)
	}
	l.fail = nil
	require.ErrorIs(t, l.apply1(l.plan("d")).Err, remediate.ErrLimit)
	require.NoError(t, l.journal.Clear(t.Context(), "toy-versioning", "bob", "role mended"))
	require.NoError(t, l.apply1(l.plan("d")).Err)
}

func TestCancelledRun(t *testing.T) {
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", "a", "b")
	a, b := l.plan("a"), l.plan("b")
	ctx, cancel := context.WithCancelCause(t.Context())
	l.after = func(string, string) { cancel(errKilled) }
	res, err := l.runner.Apply(ctx, remediate.Run{Actor: "ann", Approvals: []remediate.Approval{l.approval(a.Digest), l.approval(b.Digest)}}, a, b)
	require.NoError(t, err)
	require.Error(t, res[0].Err)
	assert.Equal(t, []string{"versioning"}, res[0].Done, "what was done is written down")
	assert.ErrorIs(t, res[1].Err, errKilled)
	st, err := l.journal.State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, remediate.Done, st.Plans[a.Digest].Steps["versioning"])
}

// A thousand plans for one account: each has a result.
func TestThousandPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	ids := make([]string, 1000)
	for i := range ids {
		ids[i] = fmt.Sprintf("b%04d", i)
	}
	l := newLab(t, &remediate.MemoryLog{}, "safe", "", ids...)
	var plans []*remediate.Plan
	for _, id := range ids {
		plans = append(plans, l.plan(id))
	}
	batch, err := remediate.BatchDigest(plans...)
	require.NoError(t, err)
	res, err := l.runner.Apply(t.Context(), remediate.Run{Actor: "ann", Approvals: []remediate.Approval{l.approval(batch)}}, plans...)
	require.NoError(t, err)
	count := map[remediate.PlanOutcome]int{}
	for _, r := range res {
		count[r.Outcome]++
	}
	assert.Equal(t, map[remediate.PlanOutcome]int{remediate.PlanVerified: 3, remediate.PlanNotStarted: 997}, count)
}
