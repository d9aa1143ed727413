package remediate_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/remediate"
)

const (
	boxType = asset.Type("Test::Box")
	keyType = asset.Type("Test::Key")
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// rules are policies about boxes and keys.
func rules(t testing.TB, more map[string]string) *policy.Set {
	pack := fstest.MapFS{}
	for id, text := range map[string]string{
		"closed": `{id: closed, title: Boxes are closed, severity: high, type: Test::Box, require: "config.public == false",
			remediation: {class: guarded, fix: close, prechecks: [{id: unused, text: Nobody uses it, kind: computed}, {id: agreed, text: The owner agrees, kind: attested}, {id: left, text: Left open, kind: computed}]}}`,
		"unfixed": `{id: unfixed, title: No fix, severity: high, type: Test::Box, require: "config.public == false"}`,
		"lost":    `{id: lost, title: Unknown fix, severity: high, type: Test::Box, require: "config.public == false", remediation: {class: safe, fix: no-such}}`,
		"keys":    `{id: keys, title: Another type, severity: high, type: Test::Key, require: "config.on", remediation: {class: safe, fix: close}}`,
		"large":   `{id: large, title: Large boxes only, severity: high, type: Test::Box, when: "config.?large.orValue(false)", require: "config.public == false", remediation: {class: safe, fix: close}}`,
	} {
		pack[id+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	for id, text := range more {
		pack[id+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := policy.Load(&policy.Options{Dynamic: []asset.Type{boxType, keyType}}, pack)
	require.NoError(t, err)
	return set
}

func box(t testing.TB, config string) *asset.Asset {
	a := &asset.Asset{Ref: asset.Ref{Type: boxType, ID: "b"}, Scope: asset.Scope{Provider: "test", Account: "1"}, Name: "b", Incarnation: "i1"}
	require.NoError(t, a.Config.UnmarshalJSON([]byte(config)))
	return a
}

func reader(all ...asset.Observation) remediate.Reader {
	return func(context.Context, asset.Ref, *policy.Policy) (*asset.Inventory, error) {
		inv := &asset.Inventory{}
		for _, o := range all {
			inv.Add(o)
		}
		return inv, nil
	}
}

func set(t testing.TB, p asset.Path, x any) remediate.Change {
	c, err := remediate.Set(p, x)
	require.NoError(t, err)
	return c
}

// closeFix returns a fix that closes boxes.
func closeFix(t testing.TB, edit func(*remediate.Proposal, *remediate.Situation)) *remediate.Fix {
	return &remediate.Fix{
		ID: "close", Version: 3, Types: []asset.Type{boxType}, Writes: []asset.Path{"config.public", "config.notes", "config.secret"},
		Params:      []remediate.Param{{Name: "why", Description: "a reason", Default: "policy"}},
		Permissions: []string{"box:Put", "box:Get", "box:Put"},
		Propose: func(_ context.Context, s *remediate.Situation) (*remediate.Proposal, error) {
			p := &remediate.Proposal{
				Summary: "Closes the box.",
				Impact:  "Strangers lose access.",
				Checks:  map[string]remediate.Outcome{"unused": {Result: remediate.Pass, Evidence: "no request in 30 days"}, "agreed": {Result: remediate.Pass}},
				Steps:   []remediate.Step{{Request: remediate.Request{Service: "box", Operation: "Put", Body: json.RawMessage(`{"public": false}`)}, Effect: []remediate.Change{set(t, "config.public", false)}}},
				Undo:    []remediate.Step{{Request: remediate.Request{Service: "box", Operation: "Put", Body: json.RawMessage(`{"public": true}`)}, Effect: []remediate.Change{set(t, "config.public", true)}}},
			}
			if edit != nil {
				edit(p, s)
			}
			return p, nil
		},
		Apply: func(context.Context, remediate.Target, remediate.Step) error {
			return errors.New("not part of planning")
		},
	}
}

func planner(t testing.TB, rules *policy.Set, fix *remediate.Fix, read remediate.Reader) *remediate.Planner {
	fixes, err := remediate.NewFixes(fix)
	require.NoError(t, err)
	return &remediate.Planner{Set: rules, Fixes: fixes, Read: read, Now: func() time.Time { return noon }}
}

var boxRef = asset.Ref{Type: boxType, ID: "b"}

func TestPlan(t *testing.T) {
	a := box(t, `{"public":true,"other":9007199254740993}`)
	p, err := planner(t, rules(t, nil), closeFix(t, nil), reader(a)).PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{By: "ann"})
	require.NoError(t, err)
	require.NoError(t, p.Verify())
	assert.Equal(t, "closed", p.Policy)
	assert.Equal(t, remediate.TargetOf(a), p.Target)
	assert.Equal(t, remediate.FixID{ID: "close", Version: 3}, p.Fix)
	assert.Equal(t, policy.Guarded, p.Class)
	assert.Equal(t, []remediate.PreCheck{
		{ID: "unused", Text: "Nobody uses it", Kind: policy.Computed, Result: remediate.Pass, Evidence: "no request in 30 days"},
		{ID: "agreed", Text: "The owner agrees", Kind: policy.Attested},
		{ID: "left", Text: "Left open", Kind: policy.Computed, Evidence: "the fix did not compute it"},
	}, p.PreChecks)
	require.Len(t, p.Steps, 1)
	assert.Equal(t, "1", p.Steps[0].ID)
	assert.Equal(t, []remediate.At{{Path: "config.public", Value: json.RawMessage("true")}}, p.Steps[0].Before)
	assert.Equal(t, []remediate.At{{Path: "config.public", Value: json.RawMessage("false")}}, p.Steps[0].After)
	assert.Len(t, p.Steps[0].Precondition.Hash, 64)
	assert.Equal(t, p.Steps[0].After, p.Undo[0].Before)
	assert.Equal(t, p.Steps[0].Before, p.Undo[0].After)
	assert.Equal(t, []string{"box:Get", "box:Put"}, p.Permissions)
	assert.Equal(t, map[string]string{"why": "policy"}, p.Params)
	assert.Equal(t, noon, p.Made)
	assert.Equal(t, noon.Add(24*time.Hour), p.Expires)
	assert.NotContains(t, string(mustJSON(t, p)), "9007199254740993", "a plan holds only what the policy reads or the fix writes")

	for f, err := range rules(t, nil).Evaluate(t.Context(), inventory(a)) {
		require.NoError(t, err)
		if f.Policy.ID == "closed" && f.Asset() != nil {
			q, err := planner(t, rules(t, nil), closeFix(t, nil), reader(a)).PlanFinding(t.Context(), f, remediate.PlanOptions{By: "ann"})
			require.NoError(t, err)
			assert.Equal(t, p, q, "the same state at the same instant")
			assert.Equal(t, f.Key(), q.Key)
		}
	}
}

func mustJSON(t testing.TB, x any) []byte {
	data, err := json.Marshal(x)
	require.NoError(t, err)
	return data
}

func inventory(all ...asset.Observation) *asset.Inventory {
	inv := &asset.Inventory{}
	for _, o := range all {
		inv.Add(o)
	}
	return inv
}

func TestPlanErrors(t *testing.T) {
	unread := box(t, `{}`)
	require.NoError(t, unread.SetUnread("config.public", asset.Unread{Op: "box:Get", Reason: asset.Denied, Code: "AccessDenied"}))
	open := box(t, `{"public":true}`)
	failing := func(err error) remediate.Reader {
		return func(context.Context, asset.Ref, *policy.Policy) (*asset.Inventory, error) { return nil, err }
	}
	for _, tt := range []struct {
		name, policy string
		of           asset.Ref
		read         remediate.Reader
		params       map[string]string
		want         error
		text         string
	}{
		{"passes", "closed", boxRef, reader(box(t, `{"public":false}`)), nil, remediate.ErrResolved, "the verdict is pass"},
		{"does not apply", "large", boxRef, reader(open), nil, remediate.ErrResolved, "not_applicable"},
		{"unread", "closed", boxRef, reader(unread), nil, remediate.ErrUnknown, "AccessDenied"},
		{"gone", "closed", boxRef, failing(provider.ErrNotFound), nil, remediate.ErrNotFound, "not found"},
		{"gone, by the reader", "closed", boxRef, failing(remediate.ErrNotFound), nil, remediate.ErrNotFound, "not found"},
		{"empty answer", "closed", boxRef, reader(), nil, remediate.ErrUnknown, "neither the asset nor an error"},
		{"another asset", "closed", boxRef, reader(&asset.Asset{Ref: asset.Ref{Type: boxType, ID: "c"}}), nil, remediate.ErrUnknown, "neither"},
		{"failed read", "closed", boxRef, failing(&asset.Unread{Op: "box:Get", Reason: asset.Throttled, Code: "SlowDown"}), nil, nil, "SlowDown"},
		{"no fix", "unfixed", boxRef, reader(open), nil, remediate.ErrNoFix, "names none"},
		{"unknown fix", "lost", boxRef, reader(open), nil, remediate.ErrNoFix, `unknown fix "no-such"`},
		{"unknown policy", "never", boxRef, reader(open), nil, remediate.ErrNoFix, "unknown policy"},
		{"another type", "keys", asset.Ref{Type: keyType, ID: "k"}, reader(), nil, remediate.ErrNoFix, "is for assets of [Test::Box]"},
		{"the policy is about another type", "keys", boxRef, reader(open), nil, remediate.ErrNoFix, "does not apply to assets of type"},
		{"unknown parameter", "closed", boxRef, reader(open), map[string]string{"whi": "x"}, remediate.ErrParam, `unknown parameter "whi" of fix close (has why)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := planner(t, rules(t, nil), closeFix(t, nil), tt.read).PlanKey(t.Context(), tt.policy, tt.of, remediate.PlanOptions{Params: tt.params})
			require.Error(t, err)
			assert.Nil(t, p)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
			}
			assert.ErrorContains(t, err, tt.text)
		})
	}

	fix := closeFix(t, nil)
	fix.Params = []remediate.Param{{Name: "net", Description: "a network"}, {Name: "key", Description: "a key"}}
	_, err := planner(t, rules(t, nil), fix, reader(open)).PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{Params: map[string]string{"key": "k"}})
	require.ErrorIs(t, err, remediate.ErrParam)
	assert.ErrorContains(t, err, "fix close needs net (a network)")

	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	_, err = planner(t, rules(t, nil), closeFix(t, nil), reader(open)).PlanKey(ctx, "closed", boxRef, remediate.PlanOptions{})
	assert.ErrorContains(t, err, "enough")

	_, err = planner(t, rules(t, nil), closeFix(t, nil), reader(open)).PlanFinding(t.Context(), policy.Finding{Subject: policy.GapSubject{Gap: &asset.Gap{}}}, remediate.PlanOptions{})
	assert.ErrorIs(t, err, remediate.ErrUnknown)
}

// What a fix proposes is verified.
func TestPlanVerifiesProposals(t *testing.T) {
	secret := asset.Redacted{Detectors: []string{"d"}}
	type edit = func(*remediate.Proposal, *remediate.Situation)
	more := map[string]string{
		"noted": `{id: noted, title: Boxes have notes, severity: low, type: Test::Box, require: "config.?notes.orValue('') != ''"}`,
		"known": `{id: known, title: Boxes have a state, severity: low, type: Test::Box, require: "status.?state.orValue('') == 'on'"}`,
	}
	for _, tt := range []struct {
		name string
		edit edit
		want error
		text string
	}{
		{"no steps", func(p *remediate.Proposal, _ *remediate.Situation) { p.Steps = nil }, nil, "no steps"},
		{"no undo", func(p *remediate.Proposal, _ *remediate.Situation) { p.Undo = nil }, nil, "the undo steps do not restore config.public"},
		{"another path", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Effect = append(p.Steps[0].Effect, set(t, "config.other", 1))
		}, nil, "step 1 changes config.other"},
		{"the whole document", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Effect = []remediate.Change{{Op: "add", Path: "/config", Value: json.RawMessage(`{"public":false}`)}}
		}, nil, "step 1 changes config "},
		{"does not help", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Effect, p.Undo = []remediate.Change{set(t, "config.public", true)}, nil
		}, nil, "the steps do not resolve the finding"},
		{"malformed effect", func(p *remediate.Proposal, _ *remediate.Situation) { p.Steps[0].Effect[0].Path = "public" }, remediate.ErrMalformed, "malformed JSON pointer"},
		{"malformed body", func(p *remediate.Proposal, _ *remediate.Situation) { p.Steps[0].Request.Body = json.RawMessage("{") }, nil, "EOF"},
		{"duplicate step", func(p *remediate.Proposal, _ *remediate.Situation) { p.Undo[0].ID = "1" }, nil, `duplicate step "1"`},
		{"redacted value in a body", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Request.Body = mustJSON(t, map[string]string{"document": `{"password":"` + secret.String() + `"}`})
		}, remediate.ErrNoFix, "would send a redacted value"},
		{"redacted value in a path", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Request.Path = "/box?secret=%5Bredacted%20by=d%5D"
		}, remediate.ErrNoFix, "would send a redacted value"},
		{"redacted value that is replaced", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Effect = append(p.Steps[0].Effect, set(t, "config.secret", "new"))
		}, remediate.ErrNoFix, "a secret in config.secret cannot be restored"},
		{"another finding fails", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Effect = append(p.Steps[0].Effect, set(t, "config.notes", ""))
			p.Undo[0].Effect = append(p.Undo[0].Effect, set(t, "config.notes", "n"))
			p.Steps[0].Keeps = []asset.Path{"status"}
		}, nil, "policy noted for Test::Box b would be fail (is pass)"},
		{"another finding fails in between", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Steps[0].Keeps = []asset.Path{"status"}
			away, back := p.Steps[0], p.Steps[0]
			away.Effect, back.Effect = []remediate.Change{set(t, "config.notes", "")}, []remediate.Change{set(t, "config.notes", "n")}
			p.Steps = []remediate.Step{away, back, p.Steps[0]}
		}, nil, "policy noted for Test::Box b would be fail (is pass)"},
		{"another finding becomes unknown", func(*remediate.Proposal, *remediate.Situation) {}, nil, "policy known for Test::Box b would be unknown (is pass)"},
		{"unknown class", func(p *remediate.Proposal, _ *remediate.Situation) { p.Class = "brave" }, nil, `unknown class "brave"`},
		{"unknown result", func(p *remediate.Proposal, _ *remediate.Situation) {
			p.Checks["unused"] = remediate.Outcome{Result: "perhaps"}
		}, nil, `unknown result "perhaps"`},
		{"too many steps", func(p *remediate.Proposal, _ *remediate.Situation) {
			for range 101 {
				p.Steps = append(p.Steps, p.Steps[0])
			}
		}, nil, "want at most 100"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := box(t, `{"public":true,"notes":"n"}`)
			require.NoError(t, a.SetPath("config.secret", secret.Value()))
			require.NoError(t, a.Status.UnmarshalJSON([]byte(`{"state":"on"}`)))
			_, err := planner(t, rules(t, more), closeFix(t, tt.edit), reader(a)).PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{})
			require.Error(t, err)
			assert.ErrorContains(t, err, tt.text)
			if tt.want != nil {
				assert.ErrorIs(t, err, tt.want)
			}
		})
	}
}

// A plan may cause findings that it names, and leave what has no way back.
func TestPlanNamesCausesAndResidue(t *testing.T) {
	s := rules(t, map[string]string{"noted": `{id: noted, title: Boxes have notes, severity: low, type: Test::Box, require: "config.?notes.orValue('') != ''"}`})
	noted, _ := s.Policy("noted")
	a := box(t, `{"public":true,"notes":"n"}`)
	key := policy.Finding{Policy: noted, Subject: policy.AssetSubject{Asset: a}}.Key()
	fix := closeFix(t, func(p *remediate.Proposal, _ *remediate.Situation) {
		p.Steps[0].Effect = append(p.Steps[0].Effect, set(t, "config.notes", ""))
		p.Residue = []asset.Path{"config.notes"}
		p.Causes = []string{key}
	})
	p, err := planner(t, s, fix, reader(a)).PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{})
	require.NoError(t, err)
	assert.Equal(t, []string{key}, p.Causes)
}

func TestPlanForManagedAssets(t *testing.T) {
	for tag, value := range map[string]string{
		"aws:cloudformation:stack-id": "arn:aws:cloudformation:eu-west-1:1:stack/s/1", "managed_by": "terraform", "Managed-By": "x\"; rm -rf", "goog-terraform-provisioned": "true",
	} {
		a := box(t, `{"public":true}`)
		a.Tags = map[string]string{"a": "b", tag: value}
		pl := planner(t, rules(t, nil), closeFix(t, nil), reader(a))
		p, err := pl.PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{})
		require.NoError(t, err)
		assert.Equal(t, policy.Manual, p.Class, tag)
		assert.Contains(t, p.Impact, "manages the asset", tag)
		assert.True(t, strings.HasSuffix(p.Impact, "Strangers lose access."))
		p, err = pl.PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{AllowManaged: true})
		require.NoError(t, err)
		assert.Equal(t, policy.Guarded, p.Class, tag)
	}
	a := box(t, `{"public":true,"managedBy":"/subscriptions/s/x"}`)
	a.Provider = "azure"
	p, err := planner(t, rules(t, nil), closeFix(t, nil), reader(a)).PlanKey(t.Context(), "closed", boxRef, remediate.PlanOptions{})
	require.NoError(t, err)
	assert.Equal(t, policy.Manual, p.Class)
}

func TestBaseOf(t *testing.T) {
	s := rules(t, nil)
	p, _ := s.Policy("closed")
	base := func(edit func(*remediate.Fix, *asset.Asset)) string {
		fix, a := closeFix(t, nil), box(t, `{"public":true,"notes":{"a":1,"b":[2]},"other":1}`)
		if edit != nil {
			edit(fix, a)
		}
		b, err := remediate.BaseOf(fix, p, a)
		require.NoError(t, err)
		return b
	}
	config := func(text string) func(*remediate.Fix, *asset.Asset) {
		return func(_ *remediate.Fix, a *asset.Asset) { require.NoError(t, a.Config.UnmarshalJSON([]byte(text))) }
	}
	unread := func(reason asset.Reason) func(*remediate.Fix, *asset.Asset) {
		return func(_ *remediate.Fix, a *asset.Asset) {
			require.NoError(t, a.SetUnread("config.notes", asset.Unread{Op: "op", Reason: reason, Code: reason.String()}))
		}
	}
	want := base(nil)
	for name, edit := range map[string]func(*remediate.Fix, *asset.Asset){
		"another part": config(`{"public":true,"notes":{"b":[2],"a":1},"other":2,"more":{}}`),
		"tags":         func(_ *remediate.Fix, a *asset.Asset) { a.Tags = map[string]string{"a": "b"} },
		"observed":     func(_ *remediate.Fix, a *asset.Asset) { a.Observed = noon },
		"status":       func(_ *remediate.Fix, a *asset.Asset) { a.Status = a.Config },
	} {
		assert.Equal(t, want, base(edit), name)
	}
	different := map[string]func(*remediate.Fix, *asset.Asset){
		"read value":    config(`{"public":"x","notes":{"a":1,"b":[2]},"other":1}`),
		"written value": config(`{"public":true,"notes":{"a":1,"b":[3]},"other":1}`),
		"absent":        config(`{"public":true}`),
		"incarnation":   func(_ *remediate.Fix, a *asset.Asset) { a.Incarnation = "i2" },
		"ref":           func(_ *remediate.Fix, a *asset.Asset) { a.ID = "c" },
		"version":       func(f *remediate.Fix, _ *asset.Asset) { f.Version++ },
		"fix":           func(f *remediate.Fix, _ *asset.Asset) { f.ID = "other" },
		"unread":        unread(asset.Denied),
	}
	seen := map[string]string{want: "the same"}
	for name := range maps.Keys(different) {
		b := base(different[name])
		assert.Empty(t, seen[b], name)
		seen[b] = name
	}
	assert.Equal(t, base(unread(asset.Denied)), base(unread(asset.Throttled)), "unread is unread")

	_, err := remediate.BaseOf(closeFix(t, nil), &policy.Policy{ID: "p"}, box(t, `{}`))
	assert.ErrorContains(t, err, "no complete digest")
}
