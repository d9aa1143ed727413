package policy_test

import (
	"context"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// TestReadTimes are those of the subject and of what lookups of the verdict find.
func TestReadTimes(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 3, 1, hour, 0, 0, 0, time.UTC) }
	scope := asset.Scope{Provider: "test", Account: "1", Region: "r1"}
	key := func(id string, read time.Time) *asset.Asset {
		return &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: id}, Scope: scope, Observed: read}
	}
	early, late, unknown, unlinked := key("early", at(1)), key("late", at(9)), key("unknown", time.Time{}), key("unlinked", at(23))
	const linked = "follow('encrypted_by', 'Test::Key').all(k, true)"
	run := func(context.Context, policy.CheckInput) (policy.Verdict, error) {
		return policy.Verdict{Status: policy.Pass}, nil
	}
	for _, tt := range []struct {
		name     string
		check    policy.Check
		subject  time.Time
		links    []*asset.Asset
		from, to time.Time
	}{
		{"the subject alone", policy.Check{Require: "config.name == 'b'"}, at(5), []*asset.Asset{early, late}, at(5), at(5)},
		{"earlier", policy.Check{Require: linked}, at(5), []*asset.Asset{early}, at(1), at(5)},
		{"later", policy.Check{Require: linked}, at(5), []*asset.Asset{late}, at(5), at(9)},
		{"both", policy.Check{Require: linked}, at(5), []*asset.Asset{late, early}, at(1), at(9)},
		{"all of the account", policy.Check{Require: "assets('Test::Key').size() > 0"}, at(5), nil, at(1), at(23)},
		{"in a variable", policy.Check{Let: []policy.Variable{{Name: "keys", Expr: "assets('Test::Key')"}}, Require: "keys.size() > 0"}, at(5), nil, at(1), at(23)},
		{"not reached", policy.Check{Require: "config.name == 'b' || assets('Test::Key').size() > 0"}, at(5), nil, at(5), at(5)},
		{"in the condition", policy.Check{When: "assets('Test::Key').size() > 0", Require: "true"}, at(5), nil, at(1), at(23)},
		{"in the message alone", policy.Check{Require: "config.name == 'x'", Message: "string(assets('Test::Key').size())"}, at(5), nil, at(5), at(5)},
		{"a time that is not known", policy.Check{Require: linked}, time.Time{}, []*asset.Asset{unknown}, time.Time{}, time.Time{}},
		{"a time of the subject that is not known", policy.Check{Require: linked}, time.Time{}, []*asset.Asset{unknown, late}, at(9), at(9)},
		{"in Go", policy.Check{Run: run}, at(5), nil, at(5), at(5)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, tt.check)
			b := bucket(t, `{"name": "b"}`)
			b.Observed = tt.subject
			for _, k := range tt.links {
				b.Links = append(b.Links, asset.Link{Rel: "encrypted_by", To: k.Ref})
			}
			f := verdict(t, s, b, early, late, unknown, unlinked, &asset.Coverage{Scope: scope, Type: "Test::Key", State: asset.Complete})
			assert.Equal(t, policy.ReadTimes{Earliest: tt.from, Latest: tt.to}, f.Read)
		})
	}
}

func TestKinds(t *testing.T) {
	load := func(line string) *policy.Policy {
		file := "id: p\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\n" + line
		s, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(file)}})
		require.NoError(t, err)
		p, _ := s.Policy("p")
		return p
	}
	assert.Equal(t, policy.KindConfig, load("").Kind)
	assert.Equal(t, policy.KindNetwork, load("kind: network\n").Kind)
	assert.Equal(t, policy.Kind("supply-chain"), load("kind: supply-chain\n").Kind, "an unknown kind is kept")
	_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte("id: p\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\nkind: No Kind\n")}})
	assert.ErrorContains(t, err, `p.yaml:6:7: invalid kind "No Kind"`)
}
