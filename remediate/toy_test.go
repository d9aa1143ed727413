package remediate_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/remediate"
)

// toy is a cloud with buckets, in memory. Its fix makes two requests for each.
type toy struct {
	mu      sync.Mutex
	docs    map[string]map[string]any // by id
	now     time.Time
	writes  int
	applied map[string]int // requests by bucket and step
	fail    func(id, step string) error
	after   func(id, step string) // runs after a request was carried out
	missing map[string]bool       // permissions
	own     []asset.Ref
	account string
	check   remediate.Result
	broken  error // of every read
	lag     bool  // reads carry an old time
}

var began = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newToy(ids ...string) *toy {
	c := &toy{docs: map[string]map[string]any{}, now: began, applied: map[string]int{}, missing: map[string]bool{}, account: "111122223333", check: remediate.Pass}
	for _, id := range ids {
		c.docs[id] = map[string]any{"BucketName": id}
	}
	return c
}

func ref(id string) asset.Ref {
	return asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + id}
}

func (c *toy) tick(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *toy) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *toy) set(id, key string, value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if value == nil {
		delete(c.docs[id], key)
		return
	}
	c.docs[id][key] = value
}

func (c *toy) get(id, key string) any {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.docs[id][key]
}

func (c *toy) read(_ context.Context, of asset.Ref, _ *policy.Policy) (*asset.Inventory, error) {
	now := c.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	id := of.ID[len("arn:aws:s3:::"):]
	doc, ok := c.docs[id]
	if !ok {
		return nil, remediate.ErrNotFound
	}
	config, err := asset.Of(doc)
	if err != nil {
		return nil, err
	}
	if c.lag {
		now = began
	}
	inv := &asset.Inventory{}
	inv.Add(&asset.Asset{Ref: of, Name: id, Scope: asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}, Config: config, Observed: now, Incarnation: "i"})
	return inv, nil
}

func (c *toy) Identity(context.Context, asset.Scope) (remediate.Identity, error) {
	return remediate.Identity{Account: c.account, Principal: "arn:aws:iam::111122223333:role/fixer", Own: c.own}, nil
}

func (c *toy) Permitted(_ context.Context, _ remediate.Target, permissions []string) (map[string]remediate.Outcome, error) {
	out := map[string]remediate.Outcome{}
	for _, p := range permissions {
		switch gone, known := c.missing[p]; {
		case gone:
			out[p] = remediate.Outcome{Result: remediate.Fail, Evidence: "denied"}
		case !known:
			out[p] = remediate.Outcome{Result: remediate.Pass}
		}
	}
	return out, nil
}

func (c *toy) propose(_ context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
	p := &remediate.Proposal{
		Summary: "Enable versioning and object lock.", Impact: "None.", Cost: "Old versions are stored.",
		Checks: map[string]remediate.Outcome{"small": {Result: c.check, Evidence: "looked"}},
	}
	add := func(steps *[]remediate.Step, id string, change remediate.Change, err error) {
		*steps = append(*steps, remediate.Step{ID: id, Title: id, Request: remediate.Request{Service: "toy", Operation: id}, Effect: []remediate.Change{change}})
		if err != nil {
			panic(err)
		}
	}
	versioning, err := remediate.Set("config.VersioningConfiguration", map[string]any{"Status": "Enabled"})
	add(&p.Steps, "versioning", versioning, err)
	lock, err := remediate.Set("config.ObjectLockEnabled", true)
	add(&p.Steps, "lock", lock, err)
	unlock, err := remediate.Remove("config.ObjectLockEnabled")
	add(&p.Undo, "unlock", unlock, err)
	off, err := remediate.Remove("config.VersioningConfiguration")
	add(&p.Undo, "off", off, err)
	return p, nil
}

func (c *toy) apply(_ context.Context, t remediate.Target, s remediate.Step) error {
	id := t.ID[len("arn:aws:s3:::"):]
	if c.fail != nil {
		if err := c.fail(id, s.ID); err != nil && !errors.Is(err, errCarriedOut) {
			return err
		}
	}
	c.mu.Lock()
	c.writes++
	c.applied[id+" "+s.ID]++
	doc := c.docs[id]
	switch s.Request.Operation {
	case "versioning":
		doc["VersioningConfiguration"] = map[string]any{"Status": "Enabled"}
	case "lock":
		doc["ObjectLockEnabled"] = true
	case "unlock":
		delete(doc, "ObjectLockEnabled")
	case "off":
		delete(doc, "VersioningConfiguration")
	default:
		c.mu.Unlock()
		return fmt.Errorf("unknown operation %q", s.Request.Operation)
	}
	c.mu.Unlock()
	if c.after != nil {
		c.after(id, s.ID)
	}
	if c.fail != nil && errors.Is(c.fail(id, s.ID), errCarriedOut) {
		return remediate.ErrNoReply
	}
	return nil
}

// errCarriedOut, from toy.fail, loses the reply of a request that is carried out.
var errCarriedOut = errors.New("carried out")

func (c *toy) fix() *remediate.Fix {
	return &remediate.Fix{
		ID: "toy-versioning", Version: 1, Types: []asset.Type{"AWS::S3::Bucket"},
		Writes:      []asset.Path{"config.VersioningConfiguration", "config.ObjectLockEnabled"},
		Permissions: []string{"s3:PutBucketVersioning", "s3:PutBucketObjectLockConfiguration"},
		Propose:     c.propose, Apply: c.apply,
	}
}

const toyPolicy = `
id: versioned
title: Buckets have versions and a lock
severity: low
type: AWS::S3::Bucket
require: config.?VersioningConfiguration.Status.orValue('') == 'Enabled' && config.?ObjectLockEnabled.orValue(false)
remediation:
  class: %s
  fix: toy-versioning
  prechecks:
    - {id: small, text: The bucket is small, kind: computed}
%s`

// lab is a toy with a planner and a runner.
type lab struct {
	*toy
	t       *testing.T
	planner *remediate.Planner
	runner  *remediate.Runner
	journal *remediate.Journal
}

func newLab(t *testing.T, log remediate.Log, class, checks string, ids ...string) *lab {
	c := newToy(ids...)
	set, err := policy.Load(nil, fstest.MapFS{"p.yaml": {Data: fmt.Appendf(nil, toyPolicy, class, checks)}})
	require.NoError(t, err)
	fixes, err := remediate.NewFixes(c.fix())
	require.NoError(t, err)
	key := sha256.Sum256([]byte("key"))
	journal, err := remediate.NewJournal(log, remediate.Keys{Current: "k", ByID: map[string][]byte{"k": key[:]}}, c.clock)
	require.NoError(t, err)
	return &lab{
		toy: c, t: t, journal: journal,
		planner: &remediate.Planner{Set: set, Fixes: fixes, Read: c.read, Now: c.clock},
		runner: &remediate.Runner{
			Set: set, Fixes: fixes, Read: c.read, Journal: journal,
			Credentials: map[string]remediate.Credentials{"aws": c},
			Mode:        func(asset.Scope) remediate.Mode { return remediate.MonitorAndProtect },
			Protect:     []asset.Ref{}, Now: c.clock,
			Sleep: func(ctx context.Context, d time.Duration) error { c.tick(d); return context.Cause(ctx) },
		},
	}
}

func (l *lab) plan(id string) *remediate.Plan {
	p, err := l.planner.PlanKey(l.t.Context(), "versioned", ref(id), remediate.PlanOptions{By: "ann"})
	require.NoError(l.t, err)
	return p
}

func (l *lab) approval(digest string, accepts ...string) remediate.Approval {
	now := l.clock()
	return remediate.Approval{Plan: digest, By: "bob", At: now, Expires: now.Add(time.Hour), Accepts: accepts}
}

// apply applies a plan that is approved.
func (l *lab) apply1(p *remediate.Plan, accepts ...string) remediate.PlanResult {
	res, err := l.runner.Apply(l.t.Context(), remediate.Run{Actor: "ann", Approvals: []remediate.Approval{l.approval(p.Digest, accepts...)}}, p)
	require.NoError(l.t, err)
	require.Len(l.t, res, 1)
	return res[0]
}

func (l *lab) kinds() []remediate.EventKind {
	var kinds []remediate.EventKind
	for e, err := range l.journal.Events(l.t.Context(), 0) {
		require.NoError(l.t, err)
		if e.Kind != remediate.Leased && e.Kind != remediate.Released {
			kinds = append(kinds, e.Kind)
		}
	}
	return kinds
}

func reseal(t *testing.T, p *remediate.Plan, change func(*remediate.Plan)) *remediate.Plan {
	data, err := json.Marshal(p)
	require.NoError(t, err)
	q, err := remediate.ParsePlan(data)
	require.NoError(t, err)
	change(q)
	q.Digest, err = q.ComputeDigest()
	require.NoError(t, err)
	return q
}
