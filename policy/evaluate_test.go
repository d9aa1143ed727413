package policy_test

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// schemas are those of a small cloud.
func schemas(t asset.Type) (*asset.Schema, bool) {
	all, err := asset.ParseSchemas([]byte(`{
		"Test::Bucket": {"config": {"name:a": "s", "public": "b", "size": "i", "rules": [{"port": "i", "cidr": "s", "action": "s"}],
			"network": {"default": "s", "mode": "s"}, "labels": {"*": "s"}, "any": "a", "env": {"*": "s"}},
			"status": {"ready": "b", "seen": "s"}, "access": {"Statement": ["a"]},
			"links": [{"rel": "encrypted_by", "to": ["Test::Key", "Test::Project"]}, {"rel": "replicates"}, {"rel": "copies_to", "to": ["Test::Bucket"], "from": ["config.network"]}], "created": ["status.seen"]},
		"Test::Key": {"config": {"rotated": "b", "name": "s"}, "links": [{"rel": "guards"}]},
		"Test::Log": {"config": {"on": "b"}, "links": [{"rel": "logs", "to": ["Test::Bucket"], "crossAccount": true}, {"rel": "audits", "to": ["Test::Bucket"], "from": ["config.on"]}]},
		"Test::Project": {"access": {"members": ["s"]}}}`))
	if err != nil {
		panic(err)
	}
	for _, s := range all {
		if s.Type == t {
			return s, true
		}
	}
	return nil, false
}

var now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

func options() *policy.Options {
	return &policy.Options{Schemas: schemas, Now: func() time.Time { return now }}
}

func bucket(t testing.TB, config string) *asset.Asset {
	v, err := asset.Parse([]byte(config))
	require.NoError(t, err)
	return &asset.Asset{
		Ref: asset.Ref{Type: "Test::Bucket", ID: "b1"}, Name: "b1", Config: v,
		Scope: asset.Scope{Provider: "test", Account: "1", Region: "r1"},
	}
}

// one makes a set of a single policy over buckets.
func one(t testing.TB, check policy.Check, params ...policy.Param) *policy.Set {
	t.Helper()
	if check.Types == nil {
		check.Types = []asset.Type{"Test::Bucket"}
	}
	s, err := policy.NewSet(options(), &policy.Policy{
		ID: "test", Title: "Test", Severity: policy.High, Checks: []policy.Check{check}, Params: params,
	})
	require.NoError(t, err)
	return s
}

func evaluate(t testing.TB, s *policy.Set, inv *asset.Inventory) []policy.Finding {
	t.Helper()
	var all []policy.Finding
	for f, err := range s.Evaluate(context.Background(), inv) {
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

func verdict(t testing.TB, s *policy.Set, a *asset.Asset, others ...asset.Observation) policy.Finding {
	t.Helper()
	inv := &asset.Inventory{}
	inv.Add(a)
	for _, o := range others {
		inv.Add(o)
	}
	for _, f := range evaluate(t, s, inv) {
		if f.Asset() != nil && f.Asset().Ref == a.Ref {
			return f
		}
	}
	t.Fatal("no finding")
	return policy.Finding{}
}

func unread(t testing.TB, a *asset.Asset, paths ...string) *asset.Asset {
	t.Helper()
	for _, p := range paths {
		u := &asset.Unread{Op: "test:Get", Code: "AccessDenied", Message: p}
		require.NoError(t, a.SetPath(asset.Path(p), u.Value()))
	}
	return a
}

func TestThreeValued(t *testing.T) {
	for _, tt := range []struct {
		name, require, config string
		unread                []string
		want                  policy.Status
	}{
		{"read", "config.?public.orValue(false) == true", `{"public": true}`, nil, policy.Pass},
		{"absent", "config.?public.orValue(false)", `{}`, nil, policy.Fail},
		{"null is absent", "!has(config.public)", `{"public": null}`, nil, policy.Pass},
		{"unread", "config.?public.orValue(true)", `{}`, []string{"config.public"}, policy.Unknown},
		{"unread, has", "has(config.public)", `{}`, []string{"config.public"}, policy.Unknown},
		{"unread, absorbed by or", "config.?public.orValue(true) || config.name == 'x'", `{"name": "x"}`, []string{"config.public"}, policy.Pass},
		{"unread, absorbed by and", "config.?public.orValue(true) && config.name == 'x'", `{"name": "y"}`, []string{"config.public"}, policy.Fail},
		{"unread, not absorbed", "config.?public.orValue(true) && config.name == 'x'", `{"name": "x"}`, []string{"config.public"}, policy.Unknown},
		{"document unread", "config.name == 'x'", `{}`, []string{"config"}, policy.Unknown},
		{"in a list, equal", "config.?rules.orValue([]) == []", `{"rules": [{"port": 1}]}`, []string{"config.rules[0].port"}, policy.Fail},
		{"in a list, literal on the left", "[{'port': 1}] == dyn(config.?rules.orValue([]))", `{"rules": [{"port": 1}]}`, []string{"config.rules[0].port"}, policy.Unknown},
		{"element unread, exists", "config.?rules.orValue([]).exists(r, r.?port.orValue(0) == 22)", `{"rules": [{"port": 1}, {"port": 22}]}`, []string{"config.rules[0]"}, policy.Pass},
		{"element unread, all", "config.?rules.orValue([]).all(r, r.?port.orValue(0) == 22)", `{"rules": [{"port": 22}, {"port": 22}]}`, []string{"config.rules[0]"}, policy.Unknown},
		{"element unread, size is known", "config.?rules.orValue([]).size() == 2", `{"rules": [{"port": 22}, {"port": 22}]}`, []string{"config.rules[0]"}, policy.Pass},
		{"element unread, in", "'x' in dyn(config).any", `{"any": ["a", "b"]}`, []string{"config.any[0]"}, policy.Unknown},
		{"element unread, in, found", "'b' in dyn(config).any", `{"any": ["a", "b"]}`, []string{"config.any[0]"}, policy.Pass},
		{"member unread, in", "'k' in config.?labels.orValue({})", `{"labels": {"a": "b"}}`, []string{"config.labels.k"}, policy.Unknown},
		{"map of unread, size", "config.?labels.orValue({}).size() == 1", `{"labels": {"a": "b"}}`, []string{"config.labels.k"}, policy.Unknown},
		{"foreign function", "sets.contains(dyn(config).any, ['b'])", `{"any": ["a", "b"]}`, []string{"config.any[0]"}, policy.Unknown},
		{"foreign function over all", "dyn(config).any.distinct().size() == 2", `{"any": ["a", "b"]}`, []string{"config.any[0]"}, policy.Unknown},
		{"concatenation", "'b' in (dyn(config).any + ['b'])", `{"any": ["a"]}`, []string{"config.any[0]"}, policy.Unknown},
		{"filter", "dyn(config).any.filter(x, x == 'b').size() == 1", `{"any": ["a", "b"]}`, []string{"config.any[0]"}, policy.Unknown},
		{"conditional", "(config.?public.orValue(false) ? 1 : 2) == 1", `{}`, []string{"config.public"}, policy.Unknown},
		{"error is unknown", "dyn(config).any.x.y == 1", `{"any": {}}`, nil, policy.Unknown},
		{"error absorbed", "dyn(config).any.x.y == 1 || config.name == 'x'", `{"any": {}, "name": "x"}`, nil, policy.Pass},
		{"map keys", "config.?labels.orValue({}).all(k, k.startsWith('a'))", `{"labels": {"a": "1", "ab": "2"}}`, nil, policy.Pass},
		{"two variables", "config.?labels.orValue({}).all(k, v, k == v)", `{"labels": {"a": "a", "b": "c"}}`, nil, policy.Fail},
		{"absent document", "access.?Statement.orValue([]).size() == 0", `{}`, nil, policy.Pass},
		{"not a boolean", "dyn(config).any", `{"any": "x"}`, nil, policy.Unknown},
		{"int64", "config.?size.orValue(0) == 9007199254740993", `{"size": 9007199254740993}`, nil, policy.Pass},
		{"age", "age(status.?seen.orValue('2020-01-01')) > days(90)", `{}`, nil, policy.Pass},
		{"json", "json.parse(config.name).orValue({}).?a.orValue(0) == 1", `{"name": "{\"a\":1}"}`, nil, policy.Pass},
		{"network", "cidr('10.0.0.0/8').containsIP(config.name)", `{"name": "10.1.2.3"}`, nil, policy.Pass},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, policy.Check{Require: tt.require})
			f := verdict(t, s, unread(t, bucket(t, tt.config), tt.unread...))
			assert.Equal(t, tt.want.String(), f.Status.String(), "%v", f.Err)
			if tt.want == policy.Unknown {
				assert.Error(t, f.Err)
			}
		})
	}
}

func TestLoadFaults(t *testing.T) {
	fsys := fstest.MapFS{"a.yaml": {Data: []byte(`id: a-policy
title: A
severity: high
type: Test::Bucket
require: >-
  config.?publik.orValue(false)
    && config.public
tests: []
`)}, "b.yaml": {Data: []byte("id: B\ntitel: x\nseverity: hot\nrequire: 'true'\n")}}
	_, err := policy.Load(options(), fsys)
	require.Error(t, err)
	text := err.Error()
	for _, want := range []string{
		"a.yaml:6:9: undefined field 'publik' of Test::Bucket.config; did you mean 'public'?",
		"b.yaml:2:1: unknown key \"titel\"",
		"b.yaml:3:11: unknown severity \"hot\"",
	} {
		assert.Contains(t, text, want)
	}
	t.Log(strings.TrimSpace(text))
}

// TestMessageOfUnknown does not state what nobody read.
func TestMessageOfUnknown(t *testing.T) {
	s := one(t, policy.Check{Require: "config.?public.orValue(true) == false && config.?size.orValue(0) == 1", Message: "asset.id + ' is public'"})
	f := verdict(t, s, bucket(t, `{"public": true}`))
	assert.Equal(t, "b1 is public", f.Message)
	f = verdict(t, s, unread(t, bucket(t, `{}`), "config.public", "config.size"))
	assert.Equal(t, policy.Unknown, f.Status)
	assert.Equal(t, "Test (test:Get: AccessDenied: config.public; unread: test:Get: AccessDenied: config.size)", f.Message)
}
