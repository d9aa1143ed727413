package policy_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// organization is a random small organization, all of which can be observed.
type organization struct {
	rng    *rand.Rand
	assets []*asset.Asset
}

var (
	accounts = []string{"1", "2"}
	regions  = []string{"r1", "r2"}
)

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

// newOrganization makes projects above all, keys and buckets in regions, and logs that
// belong to accounts and may be kept in buckets of others.
func newOrganization(t testing.TB, seed uint64, buckets int) *organization {
	rng := rand.New(rand.NewPCG(seed, 1))
	e := &organization{rng: rng}
	add := func(typ asset.Type, i int, scope asset.Scope, config any) *asset.Asset {
		v, err := asset.Of(config)
		require.NoError(t, err)
		a := &asset.Asset{Ref: asset.Ref{Type: typ, ID: fmt.Sprintf("%s-%03d", typ[6:], i)}, Scope: scope, Config: v}
		a.Name = a.ID
		e.assets = append(e.assets, a)
		return a
	}
	maybe := func(m map[string]any, k string, v any) {
		if rng.IntN(3) > 0 {
			m[k] = v
		}
	}
	for i := range 2 {
		p := add("Test::Project", i, asset.Scope{Provider: "test", Account: accounts[i]}, map[string]any{})
		var err error
		p.Access, err = asset.Of(map[string]any{"members": pick(rng, []string{}, []string{"a"}, []string{"x", "a"})})
		require.NoError(t, err)
	}
	keys := map[asset.Scope][]asset.Ref{}
	for i := range 8 {
		m := map[string]any{}
		maybe(m, "rotated", rng.IntN(2) == 0)
		maybe(m, "name", pick(rng, "good", "bad"))
		k := add("Test::Key", i, asset.Scope{Provider: "test", Account: pick(rng, accounts...), Region: pick(rng, regions...)}, m)
		keys[k.Scope] = append(keys[k.Scope], k.Ref)
	}
	for i := range buckets {
		m := map[string]any{"name": "b"}
		maybe(m, "public", rng.IntN(2) == 0)
		maybe(m, "any", pick[any](rng, 1, "x", []any{"a", "b"}, map[string]any{"x": 1}))
		maybe(m, "labels", map[string]any{"env": pick(rng, "prod", "test"), "team": "a"})
		rules := []any{}
		for range rng.IntN(3) {
			rule := map[string]any{}
			maybe(rule, "port", pick(rng, 22, 443))
			maybe(rule, "cidr", pick(rng, "0.0.0.0/0", "10.0.0.0/8"))
			rules = append(rules, rule)
		}
		maybe(m, "rules", rules)
		b := add("Test::Bucket", i, asset.Scope{Provider: "test", Account: pick(rng, accounts...), Region: pick(rng, regions...)}, m)
		for _, k := range keys[b.Scope] {
			if rng.IntN(3) > 0 {
				b.Links = append(b.Links, asset.Link{Rel: "encrypted_by", To: k})
			}
		}
		b.Parents = []asset.Ref{{Type: "Test::Project", ID: fmt.Sprintf("Project-%03d", rng.IntN(2))}}
	}
	for i := range 3 {
		l := add("Test::Log", i, asset.Scope{Provider: "test", Account: pick(rng, accounts...)}, map[string]any{"on": rng.IntN(2) == 0})
		to := fmt.Sprintf("Bucket-%03d", rng.IntN(buckets))
		l.Links = []asset.Link{{Rel: "logs", To: asset.Ref{Type: "Test::Bucket", ID: to}}}
	}
	return e
}

// statements returns complete coverage of everything.
func (e *organization) statements() []asset.Observation {
	var all []asset.Observation
	for _, account := range accounts {
		for _, typ := range []asset.Type{"Test::Project", "Test::Log"} {
			all = append(all, &asset.Coverage{Scope: asset.Scope{Provider: "test", Account: account}, Type: typ, State: asset.Complete})
		}
		for _, region := range regions {
			for _, typ := range []asset.Type{"Test::Key", "Test::Bucket"} {
				all = append(all, &asset.Coverage{Scope: asset.Scope{Provider: "test", Account: account, Region: region}, Type: typ, State: asset.Complete})
			}
		}
	}
	return all
}

// observations returns the organization as a provider that was denied nothing sees it.
func (e *organization) observations() []asset.Observation {
	all := e.statements()
	for _, a := range e.assets {
		all = append(all, a)
	}
	return all
}

// obscured returns the organization with some assets, links and parts hidden, as gaps,
// coverage and unread parts tell.
func (e *organization) obscured(t testing.TB) []asset.Observation {
	all := e.statements()
	for _, a := range e.assets {
		seen := *a
		switch e.rng.IntN(6) {
		case 0:
			if a.Type == "Test::Bucket" {
				break
			}
			gap := &asset.Gap{Scope: a.Scope, Type: a.Type, Cause: asset.Unread{Op: "test:List", Code: "AccessDenied"}}
			all = append(all, pick[asset.Observation](e.rng,
				&asset.Coverage{Scope: a.Scope, Type: a.Type, State: pick(e.rng, asset.Partial, asset.NotAsked)},
				gap, &asset.Gap{Scope: asset.Scope{Provider: "test", Account: a.Account}, Cause: asset.Unread{Op: "test:List", Code: "Throttled"}}))
			continue
		case 1:
			if len(a.Links) > 0 && a.Type == "Test::Bucket" {
				seen.Links = a.Links[1:]
				all = append(all, &asset.Gap{Scope: a.Scope, Type: pick[asset.Type](e.rng, "", "Test::Key"), Of: a.Ref, Cause: asset.Unread{Op: "test:ListLinks", Code: "AccessDenied"}})
			}
		case 2:
			for _, p := range []asset.Path{
				"config.public", "config.rules", "config.rules[0]", "config.rules[0].port", "config.labels.env", "config.any",
				"config.rotated", "config.name", "config.on", "access.members", "access", "config",
			} {
				if e.rng.IntN(4) > 0 {
					continue
				}
				if v, err := seen.At(p); err == nil && !v.IsAbsent() && v.Unread() == nil {
					require.NoError(t, seen.SetPath(p, (&asset.Unread{Op: "test:Get", Code: "AccessDenied", Message: string(p)}).Value()))
				}
			}
		}
		all = append(all, &seen)
	}
	return all
}

func inventory(obs []asset.Observation) *asset.Inventory {
	inv := &asset.Inventory{}
	for _, o := range obs {
		inv.Add(o)
	}
	return inv
}

func sequence(obs []asset.Observation) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		for _, o := range obs {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// requirements are policies for buckets that look at everything there is.
var requirements = []string{
	"!config.?public.orValue(false) && config.?rules.orValue([]).filter(r, r.?port.orValue(0) == 22).size() == 0",
	"config.?rules.orValue([]).all(r, r.?cidr.orValue('') != '0.0.0.0/0' || r.?port.orValue(0) == 443)",
	"'x' in dyn(config).any || has(config.labels) && 'env' in config.labels && config.labels.env == 'prod'",
	"follow('encrypted_by', 'Test::Key').exists(k, k.config.?rotated.orValue(false))",
	"follow('encrypted_by', 'Test::Key').all(k, k.config.?name.orValue('') != 'bad')",
	"follow('encrypted_by', 'Test::Key').map(k, k.config.?name.orValue('')) == ['good']",
	"follow('encrypted_by', 'Test::Key').size() == 1 || follow('encrypted_by', 'Test::Key')[0].config.?rotated.orValue(true)",
	"follow('encrypted_by', 'Test::Key')[?1].?config.?rotated.orValue(true)",
	"referrers('logs', 'Test::Log').exists(l, l.config.?on.orValue(false))",
	"referrers('logs', 'Test::Log') == []",
	"referrers('logs', 'Test::Log').filter(l, l.config.?on.orValue(false)).size() == 0",
	"assets('Test::Key').exists(k, true)",
	"assets('Test::Key').all(k, false)",
	"assets('Test::Key').exists_one(k, k.config.?rotated.orValue(false))",
	"assets('Test::Key').exists(i, k, i > 0 && k.config.?rotated.orValue(false))",
	"assets('Test::Log').map(l, l.asset.id) in [['Log-000'], []]",
	"(assets('Test::Log') + assets('Test::Log')).exists(l, l.asset.id == 'Log-001')",
	"assets('Test::Bucket').all(b, b.asset.id == asset.id || !b.config.?public.orValue(false))",
	"assets('Test::Bucket').exists(b, b.config.?rules.orValue([]).filter(r, r.?port.orValue(0) == 443).size() == 1)",
	"ancestors('Test::Project').exists(p, 'x' in p.access.?members.orValue([]))",
	"ancestors('Test::Project').all(p, p.access.?members.orValue([]).size() < 2)",
	"assets('Test::Key').size() > 1 ? config.?public.orValue(true) : ancestors('Test::Project').size() == 1",
}

func requirementSet(t testing.TB, opts *policy.Options) *policy.Set {
	var policies []*policy.Policy
	for i, r := range requirements {
		check := policy.Check{Types: []asset.Type{"Test::Bucket"}, Require: r, Message: "asset.name + ' ' + config.?labels.orValue({}).?env.orValue('none')"}
		if i%3 == 0 {
			check.When = "config.?labels.orValue({}).?env.orValue('prod') == 'prod'"
		}
		if i%4 == 0 {
			check.Let = []policy.Variable{{Name: "met", Expr: check.Require}}
			check.Require = "met && config.name == 'b'"
		}
		policies = append(policies, &policy.Policy{ID: fmt.Sprintf("p-%02d", i), Title: r, Severity: policy.Low, Checks: []policy.Check{check}})
	}
	policies = append(policies, &policy.Policy{ID: "key", Title: "Key", Severity: policy.Low, Checks: []policy.Check{{
		Types: []asset.Type{"Test::Key"}, Require: "config.?rotated.orValue(false) || referrers('encrypted_by', 'Test::Bucket').exists(b, b.config.?public.orValue(false))",
	}}})
	s, err := policy.NewSet(opts, policies...)
	require.NoError(t, err)
	return s
}

func collect(t testing.TB, seq iter.Seq2[policy.Finding, error]) []policy.Finding {
	t.Helper()
	var all []policy.Finding
	for f, err := range seq {
		require.NoError(t, err)
		all = append(all, f)
	}
	return all
}

// describe writes what findings say.
func describe(findings []policy.Finding) []string {
	var all []string
	for _, f := range findings {
		of := "gap"
		if f.Asset() != nil {
			of = f.Asset().Ref.String()
		}
		all = append(all, fmt.Sprintf("%s %s %s %q %v", f.Policy.ID, of, f.Status, f.Message, f.Err))
	}
	return all
}

// TestWhatWasNotObservedDoesNotDecide holds the first promise for other assets: what
// a policy says of an organization of which some was hidden it says of the whole.
func TestWhatWasNotObservedDoesNotDecide(t *testing.T) {
	opts := options()
	opts.NoEvidence = true
	s := requirementSet(t, opts)
	decided, open := 0, 0
	for seed := range uint64(60) {
		e := newOrganization(t, seed, 5)
		truth := map[string]policy.Finding{}
		for f, err := range s.Evaluate(context.Background(), inventory(e.observations())) {
			require.NoError(t, err)
			truth[f.Key()] = f
		}
		for range 4 {
			obs := e.obscured(t)
			for _, f := range collect(t, s.Evaluate(context.Background(), inventory(obs))) {
				if f.Asset() == nil {
					continue
				}
				want := truth[f.Key()]
				require.NotNil(t, want.Policy)
				if f.Status == policy.Unknown {
					open++
					require.Error(t, f.Err)
					continue
				}
				decided++
				if f.Status == policy.Pass && want.Status == policy.NotApplicable {
					continue // whether it applies could not be read, but the requirement is met
				}
				require.Equal(t, want.Status.String(), f.Status.String(), "seed %d: %s of %s\n%s\n%v", seed, f.Policy.ID, f.Asset().Ref, f.Policy.Title, obs)
			}
		}
	}
	require.Greater(t, decided, 5000)
	require.Greater(t, open, 2000)
}

// TestIndexKeepsWhatDecides compares findings over a stream with the index of it with
// those over the whole inventory.
func TestIndexKeepsWhatDecides(t *testing.T) {
	s := requirementSet(t, options())
	ctx := context.Background()
	for seed := range uint64(40) {
		e := newOrganization(t, seed, 5)
		obs := e.observations()
		if seed%2 == 1 {
			obs = e.obscured(t)
		}
		whole := inventory(obs)
		index, err := s.Index(ctx, sequence(obs))
		require.NoError(t, err)
		require.Less(t, index.Len(), whole.Len()+1)
		slices.SortStableFunc(obs, func(a, b asset.Observation) int { // gaps first, then assets by ref, as Evaluate does
			x, isAsset := a.(*asset.Asset)
			y, isAsset2 := b.(*asset.Asset)
			switch {
			case isAsset && isAsset2:
				return x.Ref.Compare(y.Ref)
			case isAsset:
				return 1
			case isAsset2:
				return -1
			}
			return 0
		})
		want := describe(collect(t, s.Evaluate(ctx, whole)))
		got := describe(collect(t, s.EvaluateEach(ctx, sequence(obs), index)))
		slices.Sort(want)
		slices.Sort(got)
		require.Equal(t, want, got, "seed %d", seed)
	}
}
