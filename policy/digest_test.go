package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// digestible is a policy with all that a digest covers, and all that it does not.
func digestible() *policy.Policy {
	return &policy.Policy{
		ID: "p", Title: "T", Rationale: "R", Severity: policy.Low, Controls: []string{"cis-aws-5.0/1.1"}, Labels: []string{"l"},
		Params: []policy.Param{
			{Name: "names", Type: policy.StringsParam, Default: []string{"a", "b"}, Description: "D"},
			{Name: "max", Type: policy.IntParam, Default: int64(9007199254740993)},
		},
		Checks: []policy.Check{
			{
				Types: []asset.Type{"Test::Bucket", "Test::Key"}, When: "asset.name != ''", Message: "asset.name",
				Let:     []policy.Variable{{Name: "short", Expr: "asset.name.size() < params.max"}, {Name: "named", Expr: "asset.name in params.names"}},
				Require: "short && named",
			},
			{Types: []asset.Type{"Test::Log"}, Run: pass, Version: "1"},
		},
		Remediation: policy.Remediation{Class: policy.Safe, Text: "fix it"},
		Tests:       []policy.Case{{Name: "c", Asset: &asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b"}}}},
	}
}

func digestOf(t *testing.T, opts *policy.Options, p *policy.Policy) (asset.Digest, bool) {
	t.Helper()
	s, err := policy.NewSet(opts, p)
	require.NoError(t, err)
	in, ok := s.Policy(p.ID)
	require.True(t, ok)
	return in.Digest()
}

// TestDigestValues pins digests: a change here means that every stored digest is void.
func TestDigestValues(t *testing.T) {
	d, complete := digestOf(t, options(), digestible())
	assert.True(t, complete)
	assert.Equal(t, "4f77232c6445045fc452e8282c4cbf561fb4abefa0322097f5cb33ac0e23af78", d.String())
	other := digestible()
	other.ID = "a"
	s, err := policy.NewSet(options(), digestible(), other)
	require.NoError(t, err)
	d, complete = s.Digest()
	assert.True(t, complete)
	assert.Equal(t, "e542391ea25e5646cbb6112c90f12f0388f49b1feef85e45bcc4466710530701", d.String())
	empty, err := policy.NewSet(options())
	require.NoError(t, err)
	d, complete = empty.Digest()
	assert.True(t, complete)
	assert.Equal(t, "388bb5b0a76360e935f9c1c0186b6cde06d3443d9ce354f3ee21cfab377dc70d", d.String())
}

func TestDigestCoversWhatChangesAVerdict(t *testing.T) {
	want, _ := digestOf(t, options(), digestible())
	for name, change := range map[string]func(*policy.Policy, *policy.Options){
		"types":    func(p *policy.Policy, _ *policy.Options) { p.Checks[0].Types = []asset.Type{"Test::Bucket"} },
		"when":     func(p *policy.Policy, _ *policy.Options) { p.Checks[0].When = "asset.name != 'x'" },
		"no when":  func(p *policy.Policy, _ *policy.Options) { p.Checks[0].When = "" },
		"require":  func(p *policy.Policy, _ *policy.Options) { p.Checks[0].Require = "short || named" },
		"variable": func(p *policy.Policy, _ *policy.Options) { p.Checks[0].Let[1].Expr = "asset.id in params.names" },
		"name": func(p *policy.Policy, _ *policy.Options) {
			p.Checks[0].Let[1].Name, p.Checks[0].Require = "other", "short && other"
		},
		"order of let":  func(p *policy.Policy, _ *policy.Options) { l := p.Checks[0].Let; l[0], l[1] = l[1], l[0] },
		"default":       func(p *policy.Policy, _ *policy.Options) { p.Params[1].Default = int64(9007199254740992) },
		"elements":      func(p *policy.Policy, _ *policy.Options) { p.Params[0].Default = []string{"ab"} },
		"order of list": func(p *policy.Policy, _ *policy.Options) { p.Params[0].Default = []string{"b", "a"} },
		"value in force": func(_ *policy.Policy, o *policy.Options) {
			o.Overlays = []*policy.Overlay{{Params: map[string]map[string]any{"p": {"max": 7}}}}
		},
		"one check less": func(p *policy.Policy, _ *policy.Options) { p.Checks = p.Checks[:1] },
		"version in Go":  func(p *policy.Policy, _ *policy.Options) { p.Checks[1].Version = "2" },
		"not in Go": func(p *policy.Policy, _ *policy.Options) {
			p.Checks[1] = policy.Check{Types: p.Checks[1].Types, Require: "true"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, opts := digestible(), options()
			change(p, opts)
			got, complete := digestOf(t, opts, p)
			assert.True(t, complete)
			assert.NotEqual(t, want, got)
		})
	}
	for name, change := range map[string]func(*policy.Policy, *policy.Options){
		"nothing": func(*policy.Policy, *policy.Options) {},
		"id":      func(p *policy.Policy, _ *policy.Options) { p.ID, p.PreviousIDs = "q", []string{"p"} },
		"texts": func(p *policy.Policy, _ *policy.Options) {
			p.Title, p.Rationale, p.Checks[0].Message, p.Remediation = "Other", "Other", "'other'", policy.Remediation{Class: policy.Manual}
			p.Params[0].Description = "other"
		},
		"severity": func(p *policy.Policy, _ *policy.Options) { p.Severity = policy.Critical },
		"severity of an overlay": func(_ *policy.Policy, o *policy.Options) {
			o.Overlays = []*policy.Overlay{{Severities: map[string]policy.Severity{"p": policy.High}}}
		},
		"kind and controls": func(p *policy.Policy, _ *policy.Options) { p.Kind, p.Controls, p.Labels = policy.KindData, nil, nil },
		"cases":             func(p *policy.Policy, _ *policy.Options) { p.Tests = nil },
		"order of types": func(p *policy.Policy, _ *policy.Options) {
			p.Checks[0].Types = []asset.Type{"Test::Key", "Test::Bucket"}
		},
		"order of checks":     func(p *policy.Policy, _ *policy.Options) { p.Checks[0], p.Checks[1] = p.Checks[1], p.Checks[0] },
		"order of parameters": func(p *policy.Policy, _ *policy.Options) { p.Params[0], p.Params[1] = p.Params[1], p.Params[0] },
		"white space":         func(p *policy.Policy, _ *policy.Options) { p.Checks[0].Require += "\n" },
		"the same value in force": func(_ *policy.Policy, o *policy.Options) {
			o.Overlays = []*policy.Overlay{{Params: map[string]map[string]any{"p": {"names": []any{"a", "b"}}}}}
		},
	} {
		t.Run("not by "+name, func(t *testing.T) {
			p, opts := digestible(), options()
			change(p, opts)
			got, complete := digestOf(t, opts, p)
			assert.True(t, complete)
			assert.Equal(t, want, got)
		})
	}
}

// TestIncompleteDigests are those of checks in Go without a version, and of policies that
// no set has compiled.
func TestIncompleteDigests(t *testing.T) {
	p := digestible()
	d, complete := p.Digest()
	assert.Zero(t, d)
	assert.False(t, complete)
	p.Checks[1].Version = ""
	_, complete = digestOf(t, options(), p)
	assert.False(t, complete)
	other := digestible()
	other.ID = "other"
	s, err := policy.NewSet(options(), p, other)
	require.NoError(t, err)
	_, complete = s.Digest()
	assert.False(t, complete)
}

// TestDigestOfASet covers the ids of policies, and not the order in which they are given.
func TestDigestOfASet(t *testing.T) {
	digest := func(ids ...string) asset.Digest {
		var policies []*policy.Policy
		for _, id := range ids {
			p := digestible()
			p.ID = id
			policies = append(policies, p)
		}
		s, err := policy.NewSet(options(), policies...)
		require.NoError(t, err)
		d, _ := s.Digest()
		return d
	}
	assert.Equal(t, digest("a", "b"), digest("b", "a"))
	assert.NotEqual(t, digest("a", "b"), digest("a", "c"))
	assert.NotEqual(t, digest("a"), digest("a", "b"))
}
