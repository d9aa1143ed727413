package policy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func explain(t *testing.T, check policy.Check, a *asset.Asset, others ...asset.Observation) *policy.Explanation {
	t.Helper()
	x, err := one(t, check).Explain(t.Context(), "test", a, inventory(append(others, a)))
	require.NoError(t, err)
	return x
}

// outline writes an explanation, a condition a line.
func outline(x *policy.Explanation) []string {
	var lines []string
	for _, c := range x.Conditions {
		line := strings.Repeat("  ", c.Depth)
		if c.Part != "" {
			line += c.Part + ": "
		}
		line += strings.Join(strings.Fields(c.Source), " ") + " = " + c.Value
		for _, r := range c.Reads {
			line += fmt.Sprintf(" [%s]", r.Path)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestExplain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		check  policy.Check
		config string
		unread []string
		want   []string
	}{
		{"one condition", policy.Check{Require: "config.name == 'x'"}, `{"name": "y"}`, nil, []string{`config.name == "x" = false [config.name]`}},
		{"what was not evaluated is left out", policy.Check{Require: "config.name == 'x' && config.?size.orValue(0) > 1"}, `{"name": "y"}`, nil, []string{
			`config.name == "x" && config.?size.orValue(0) > 1 = false`,
			`  config.name == "x" = false [config.name]`,
		}},
		{"operators", policy.Check{Require: "!(config.name == 'x' || config.?size.orValue(0) > 1)"}, `{"name": "y"}`, nil, []string{
			`!(config.name == "x" || config.?size.orValue(0) > 1) = true`,
			`  config.name == "x" || config.?size.orValue(0) > 1 = false`,
			`    config.name == "x" = false [config.name]`,
			`    config.?size.orValue(0) > 1 = false [config.size]`,
		}},
		{"conditional", policy.Check{Require: "config.name == 'x' ? config.?size.orValue(0) > 1 : config.?public.orValue(true)"}, `{"name": "y"}`, nil, []string{
			`(config.name == "x") ? (config.?size.orValue(0) > 1) : config.?public.orValue(true) = true`,
			`  config.name == "x" = false [config.name]`,
			`  config.?public.orValue(true) = true [config.public]`,
		}},
		{"unread", policy.Check{Require: "config.name == 'x' || config.?public.orValue(true)"}, `{"name": "y"}`, []string{"config.public"}, []string{
			`config.name == "x" || config.?public.orValue(true) = unknown: unread: test:Get: AccessDenied: config.public`,
			`  config.name == "x" = false [config.name]`,
			`  config.?public.orValue(true) = unknown: unread: test:Get: AccessDenied: config.public [config.public]`,
		}},
		{"error", policy.Check{Require: "dyn(config).any.x == 1"}, `{"any": {}}`, nil, []string{
			`dyn(config).any.x == 1 = error: no such key: x [config.any.x]`,
		}},
		{"elements", policy.Check{Require: "config.?rules.orValue([]).all(r, r.?port.orValue(0) == 22)"}, `{"rules": [{"port": 22}, {"port": 1}, {"port": 22}]}`, nil, []string{
			`config.?rules.orValue([]).all(r, r.?port.orValue(0) == 22) = false`,
			`  config.?rules.orValue([]) = [{"port":22},{"port":1},{"port":22}]`,
			`  r.?port.orValue(0) == 22 = true [config.rules[0].port]`,
			`  r.?port.orValue(0) == 22 = false [config.rules[1].port]`,
		}},
		{"when that is false", policy.Check{When: "config.name == 'x'", Require: "config.?public.orValue(true)"}, `{"name": "y"}`, nil, []string{
			`when: config.name == "x" = false [config.name]`,
		}},
		{"when and let", policy.Check{When: "big", Let: []policy.Variable{{Name: "big", Expr: "config.?size.orValue(0) > 1"}}, Require: "!big"}, `{"name": "y", "size": 2}`, nil, []string{
			`when: big = true`,
			`  config.?size.orValue(0) > 1 = true [config.size]`,
			`!big = false`,
			`  big = true`,
			`    config.?size.orValue(0) > 1 = true [config.size]`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x := explain(t, tt.check, unread(t, bucket(t, tt.config), tt.unread...))
			got := outline(x)
			for i := range got {
				got[i] = strings.Replace(got[i], "require: ", "", 1)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

// TestExplanationAgrees compares what explanations say as a whole with the findings,
// over organizations of which parts are hidden.
func TestExplanationAgrees(t *testing.T) {
	s := requirementSet(t, options())
	for seed := range uint64(8) {
		inv := inventory(newOrganization(t, seed, 5).obscured(t))
		for _, f := range collect(t, s.Evaluate(t.Context(), inv)) {
			if f.Asset() == nil {
				continue
			}
			x, err := s.Explain(t.Context(), f.Policy.ID, f.Asset(), inv)
			require.NoError(t, err)
			require.Equal(t, describe([]policy.Finding{f}), describe([]policy.Finding{x.Finding}))
			require.Equal(t, f.Evidence, x.Finding.Evidence)
			branches := s.Branches(f.Policy.ID)
			for _, c := range x.Conditions {
				if c.Branch == (policy.Branch{}) {
					continue
				}
				_, constant := branches[c.Branch]
				if !constant {
					require.Contains(t, []string{"true", "false"}, c.Source, "%s: a condition that is none of the policy's", f.Policy.Title)
				}
			}
			whole := x.Conditions[slices.IndexFunc(x.Conditions, func(c policy.Condition) bool { return c.Part == "when" || c.Part == "require" })]
			if whole.Part == "when" && whole.Truth == policy.Fail {
				require.Equal(t, policy.NotApplicable, f.Status)
				continue
			}
			i := slices.IndexFunc(x.Conditions, func(c policy.Condition) bool { return c.Part == "require" })
			require.GreaterOrEqual(t, i, 0)
			if truth := x.Conditions[i].Truth; truth == policy.Pass || whole.Part == "require" || whole.Truth == policy.Pass {
				require.Equal(t, truth.String(), f.Status.String(), "%s of %s", f.Policy.Title, f.Asset().Ref)
			} else {
				require.Equal(t, policy.Unknown, f.Status)
			}
			if f.Status == policy.Fail || f.Status == policy.Unknown {
				require.NotEmpty(t, f.Message)
			}
		}
	}
}

func TestExplainErrors(t *testing.T) {
	s := one(t, policy.Check{Require: "config.name == 'x'"})
	_, err := s.Explain(t.Context(), "tset", bucket(t, `{}`), nil)
	assert.EqualError(t, err, `unknown policy "tset"; did you mean 'test'?`)
	b := bucket(t, `{}`)
	b.Type = "Test::Key"
	_, err = s.Explain(t.Context(), "test", b, nil)
	assert.EqualError(t, err, "policy test does not apply to assets of type Test::Key")
}

func TestEvidence(t *testing.T) {
	key := &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: "k"}, Config: bucket(t, `{"rotated": false}`).Config}
	for _, tt := range []struct {
		name    string
		require string
		config  string
		unread  []string
		want    []string
	}{
		{"of a pass there is none", "config.name == 'x'", `{"name": "x"}`, nil, nil},
		{"what decided, not all that was read", "config.name == 'x' && config.?public.orValue(false)", `{"name": "x"}`, nil, []string{"config.public = <absent>"}},
		{"both sides of or", "config.name == 'x' || config.?size.orValue(0) > 3", `{"name": "y", "size": 3}`, nil, []string{`config.name = "y"`, "config.size = 3"}},
		{"the element that breaks it", "config.?rules.orValue([]).all(r, r.?port.orValue(0) != 22)", `{"rules": [{"port": 1}, {"port": 22}]}`, nil, []string{"config.rules[1].port = 22"}},
		{"a part that was not read", "config.name == 'y' || config.?public.orValue(true)", `{"name": "x"}`, []string{"config.public"}, []string{"config.public = <unread>"}},
		{"another asset", "follow('encrypted_by', 'Test::Key').all(k, k.config.?rotated.orValue(true))", `{}`, nil, []string{"Test::Key k config.rotated = false"}},
		{"what a function was given", "!secret.detected(config.?env.orValue({}))", `{"env": {"A": "AKIAIOSFODNN7EXAMPLE", "B": "x"}}`, nil, []string{`config.env = {"A":"AKIAIOSFODNN7EXAMPLE","B":"x"}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := unread(t, bucket(t, tt.config), tt.unread...)
			b.Links = []asset.Link{{Rel: "encrypted_by", To: key.Ref}}
			f := verdict(t, one(t, policy.Check{Require: tt.require}), b, key)
			var got []string
			for _, e := range f.Evidence {
				s := fmt.Sprintf("%s = %s", e.Path, e.Value)
				if e.Asset != b.Ref {
					s = e.Asset.String() + " " + s
				}
				got = append(got, s)
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

func TestMessages(t *testing.T) {
	for _, tt := range []struct {
		name, message string
		unread        []string
		want          string
		err           string
	}{
		{"title", "", nil, "Test", ""},
		{"text", "'bucket ' + asset.name", nil, "bucket b1", ""},
		{"reads", "'%s of %d'.format([config.name, config.?size.orValue(0)])", nil, "x of 0", ""},
		{"goes wrong", "config.?rules.orValue([])[3].?cidr.orValue('')", nil, "Test", "message: index out of bounds: 3"},
		{"not read", "config.?labels.?a.orValue('')", []string{"config.labels"}, "Test", "message: unread: test:Get: AccessDenied: config.labels"},
		{"not a text", "dyn(config).any", nil, "Test", "message: the expression is 1 (want a string)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, policy.Check{Require: "config.name == 'y'", Message: tt.message})
			f := verdict(t, s, unread(t, bucket(t, `{"name": "x", "any": 1}`), tt.unread...))
			assert.Equal(t, policy.Fail.String(), f.Status.String(), "a message decides nothing")
			assert.Equal(t, tt.want, f.Message)
			if tt.err == "" {
				assert.NoError(t, f.Err)
				return
			}
			assert.EqualError(t, f.Err, tt.err)
		})
	}
}

func TestWhen(t *testing.T) {
	for _, tt := range []struct {
		name, when, require string
		want                policy.Status
	}{
		{"applies, met", "config.name == 'x'", "config.?size.orValue(0) == 0", policy.Pass},
		{"applies, not met", "config.name == 'x'", "config.?size.orValue(0) == 1", policy.Fail},
		{"does not apply", "config.name == 'y'", "config.?public.orValue(true)", policy.NotApplicable},
		{"not known, met", "config.?public.orValue(true)", "config.name == 'x'", policy.Pass},
		{"not known, not met", "config.?public.orValue(true)", "config.name == 'y'", policy.Unknown},
		{"goes wrong, met", "dyn(config).any.x", "config.name == 'x'", policy.Pass},
		{"goes wrong, not met", "dyn(config).any.x", "config.name == 'y'", policy.Unknown},
		{"does not apply, requirement goes wrong", "config.name == 'y'", "dyn(config).any.x", policy.NotApplicable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, policy.Check{When: tt.when, Require: tt.require})
			f := verdict(t, s, unread(t, bucket(t, `{"name": "x", "any": 1}`), "config.public"))
			assert.Equal(t, tt.want.String(), f.Status.String(), "%v", f.Err)
			if tt.want == policy.Unknown {
				assert.Error(t, f.Err)
			}
		})
	}
}
