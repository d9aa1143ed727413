package policy_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func TestReads(t *testing.T) {
	type reads = map[asset.Type][]asset.Path
	own := func(paths ...asset.Path) reads { return reads{"Test::Bucket": append([]asset.Path{}, paths...)} }
	with := func(r reads, typ asset.Type, paths ...asset.Path) reads {
		r[typ] = append([]asset.Path{}, paths...)
		return r
	}
	whole := []asset.Path{"access", "config", "status"}
	for _, tt := range []struct {
		name  string
		check policy.Check
		want  reads
	}{
		{"select", policy.Check{Require: "config.name == 'x'"}, own("config.name")},
		{"optional select", policy.Check{Require: "config.?network.?mode.orValue('') == 'x'"}, own("config.network.mode")},
		{"presence", policy.Check{Require: "has(config.network)"}, own("config.network")},
		{"three documents", policy.Check{Require: "config.name == 'x' && status.?ready.orValue(true) && access.?Statement.orValue([]) == []"},
			own("access.Statement", "config.name", "status.ready")},
		{"nothing", policy.Check{Require: "asset.name == 'x'"}, own()},
		{"what tags are read into", policy.Check{Require: "asset.tags.size() == 0"}, own("config.labels")},
		{"what the time of creation is known from", policy.Check{Require: "has(asset.created)"}, own("status.seen")},
		{"tags of others", policy.Check{Require: "assets('Test::Bucket').all(b, b.asset.tags.size() > 0)"}, own("config.labels")},
		{"what links are known from", policy.Check{Require: "follow('copies_to', 'Test::Bucket').size() > 0"}, own("config.network")},
		{"what links of others are known from", policy.Check{Require: "referrers('audits', 'Test::Log').size() > 0"}, with(own(), "Test::Log", "config.on")},
		{"what covers another", policy.Check{Require: "config.?network.?mode.orValue('') == 'x' || secret.detected(config.?network)"}, own("config.network")},
		{"elements", policy.Check{Require: "config.?rules.orValue([]).all(r, r.?port.orValue(0) == 22 && r.?cidr.orValue('') != '')"},
			own("config.rules[*].cidr", "config.rules[*].port")},
		{"element by number", policy.Check{Require: "config.?rules.orValue([])[?0].?port.orValue(0) == 1"}, own("config.rules[*].port")},
		{"only how many", policy.Check{Require: "config.?rules.orValue([]).size() > 1"}, own("config.rules")},
		{"only whether there is one", policy.Check{Require: "config.?rules.orValue([]).exists(r, true)"}, own("config.rules")},
		{"filter", policy.Check{Require: "config.?rules.orValue([]).filter(r, r.?port.orValue(0) == 22).all(r, r.?cidr.orValue('') == '')"},
			own("config.rules[*].cidr", "config.rules[*].port")},
		{"number of filtered", policy.Check{Require: "config.?rules.orValue([]).filter(r, r.?port.orValue(0) == 22).size() == 0"}, own("config.rules")},
		{"map of", policy.Check{Require: "'x' in config.?rules.orValue([]).map(r, r.?cidr.orValue(''))"}, own("config.rules[*].cidr")},
		{"keys", policy.Check{Require: "config.?labels.orValue({}).exists(k, k == 'x')"}, own("config.labels")},
		{"keys and values", policy.Check{Require: "config.?labels.orValue({}).exists(k, v, k == 'x' && v == 'y')"}, own("config.labels[*]")},
		{"key that is constant", policy.Check{Require: "config.?labels.?env.orValue('') == 'x' && config.?env[?'a b'].orValue('') == ''"},
			own("config.env[\"a b\"]", "config.labels.env")},
		{"key that is read", policy.Check{Require: "config.?labels[?config.name].orValue('') == 'x'"}, own("config.labels[*]", "config.name")},
		{"what a function is given", policy.Check{Require: "!secret.detected(config.?env.orValue({}))"}, own("config.env")},
		{"either of two", policy.Check{Require: "config.?env.or(config.?labels).orValue({}).?a.orValue('') == ''"}, own("config.env.a", "config.labels.a")},
		{"bound", policy.Check{Require: "cel.bind(n, config.?network, n.?mode.orValue('') == 'x' || n.?default.orValue('') == 'y')"}, own("config.network")},
		{"let", policy.Check{Let: []policy.Variable{{Name: "net", Expr: "config.?network"}}, Require: "net.?mode.orValue('') == 'x'"}, own("config.network")},
		{"when and message", policy.Check{When: "status.?ready.orValue(true)", Require: "config.name == 'x'", Message: "string(config.?size.orValue(0))"},
			own("config.name", "config.size", "status.ready")},
		{"follow", policy.Check{Require: "follow('encrypted_by', 'Test::Key').all(k, k.config.?rotated.orValue(false))"}, with(own(), "Test::Key", "config.rotated")},
		{"follow, with a filter", policy.Check{Require: "follow('encrypted_by', 'Test::Key').filter(k, k.config.?rotated.orValue(false)).exists(k, k.config.?name.orValue('') == config.name)"},
			with(own("config.name"), "Test::Key", "config.name", "config.rotated")},
		{"follow, first", policy.Check{Require: "follow('encrypted_by', 'Test::Key')[0].config.?rotated.orValue(false)"}, with(own(), "Test::Key", "config.rotated")},
		{"follow, only how many", policy.Check{Require: "follow('encrypted_by', 'Test::Key').size() == 1"}, with(own(), "Test::Key")},
		{"follow, two variables", policy.Check{Require: "follow('encrypted_by', 'Test::Key').all(i, k, i > 3 || k.config.?name.orValue('') == '')"}, with(own(), "Test::Key", "config.name")},
		{"referrers", policy.Check{Require: "referrers('logs', 'Test::Log').exists(l, l.config.?on.orValue(false))"}, with(own(), "Test::Log", "config.on")},
		{"referrers, by name", policy.Check{Require: "referrers('logs', 'Test::Log').exists(l, l.asset.name == 'x')"}, with(own(), "Test::Log")},
		{"assets of the own type", policy.Check{Require: "assets('Test::Bucket').exists(b, b.config.?size.orValue(0) > 1) && config.name == 'x'"}, own("config.name", "config.size")},
		{"ancestors", policy.Check{Require: "ancestors('Test::Project').all(p, p.access.?members.orValue([]) == [])"}, with(own(), "Test::Project", "access.members")},
		{"a let of others", policy.Check{
			Let:     []policy.Variable{{Name: "keys", Expr: "follow('encrypted_by', 'Test::Key')"}, {Name: "old", Expr: "keys.filter(k, !k.config.?rotated.orValue(false))"}},
			Require: "old.map(k, k.config.?name.orValue('')) == []",
		}, with(own(), "Test::Key", "config.name", "config.rotated")},
		{"a whole document of others", policy.Check{Require: "follow('encrypted_by', 'Test::Key').exists(k, secret.detected(k.config))"}, with(own(), "Test::Key", "config")},
		{"a whole asset", policy.Check{Require: "dyn(follow('encrypted_by', 'Test::Key')[0]) == asset.id"}, with(own(), "Test::Key", whole...)},
		{"in Go", policy.Check{Run: pass}, own(whole...)},
		{"in Go, declared", policy.Check{Run: pass, Reads: []asset.Path{"config.name"}}, own("config.name")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := one(t, tt.check)
			assert.Equal(t, tt.want, s.Reads())
			assert.Equal(t, slices.Sorted(maps.Keys(tt.want)), s.Types())
		})
	}
}

// TestReadsOfExceptions says that the tags that exceptions go by are requested.
func TestReadsOfExceptions(t *testing.T) {
	o := options()
	o.Overlays = []*policy.Overlay{{Exceptions: []policy.Exception{{Policies: []string{"test"}, Owner: "ann", Reason: "r", Until: now.AddDate(1, 0, 0), Tags: map[string]string{"env": "test"}}}}}
	s, err := policy.NewSet(o, &policy.Policy{ID: "test", Title: "Test", Severity: policy.High, Checks: []policy.Check{{Types: []asset.Type{"Test::Bucket"}, Require: "config.name == 'x'"}}})
	require.NoError(t, err)
	assert.Equal(t, map[asset.Type][]asset.Path{"Test::Bucket": {"config.labels", "config.name"}}, s.Reads())
}

// TestTagsUnderOtherNames says that tags are requested, and unknown where they could not
// be read, whatever the type calls them.
func TestTagsUnderOtherNames(t *testing.T) {
	for typ, member := range map[asset.Type]string{"AWS::S3::Bucket": "Tags", "AWS::Backup::BackupVault": "BackupVaultTags", "AWS::Route53::HostedZone": "HostedZoneTags"} {
		t.Run(string(typ), func(t *testing.T) {
			s, err := policy.NewSet(nil, &policy.Policy{ID: "test", Title: "Test", Severity: policy.High, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: "!('public' in asset.tags)"}}})
			require.NoError(t, err)
			assert.Equal(t, map[asset.Type][]asset.Path{typ: {asset.Path("config").Key(member)}}, s.Reads())

			config, err := asset.Of(map[string]any{member: &asset.Unread{Op: "tags", Code: "AccessDenied"}})
			require.NoError(t, err)
			inv := &asset.Inventory{}
			inv.Add(&asset.Asset{Ref: asset.Ref{Type: typ, ID: "a"}, Config: config})
			for f, err := range s.Evaluate(t.Context(), inv) {
				require.NoError(t, err)
				assert.Equal(t, policy.Unknown, f.Status)
			}
		})
	}
}

func pass(context.Context, policy.CheckInput) (policy.Verdict, error) {
	return policy.Verdict{Status: policy.Pass}, nil
}

func TestIndex(t *testing.T) {
	s := one(t, policy.Check{Require: "follow('encrypted_by', 'Test::Key').all(k, k.config.?rotated.orValue(false))"})
	key := &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: "k"}, Config: bucket(t, `{"rotated": true, "name": "x"}`).Config, Tags: map[string]string{"a": "b"}}
	gap := &asset.Gap{Type: "Test::Log", Cause: asset.Unread{Code: "AccessDenied"}}
	state := &asset.Coverage{Type: "Test::Key", State: asset.Complete}
	obs := []asset.Observation{gap, state, bucket(t, `{}`), key}

	inv, err := s.Index(context.Background(), sequence(obs))
	require.NoError(t, err)
	require.Equal(t, 1, inv.Len(), "nobody looks up buckets")
	kept, ok := inv.Get(key.Ref)
	require.True(t, ok)
	rotated, err := kept.Config.Get("rotated").Bool()
	require.NoError(t, err)
	assert.True(t, rotated)
	assert.Equal(t, asset.CodeNotKept, kept.Config.Get("name").Unread().Code)
	assert.Equal(t, key.Tags, kept.Tags)
	assert.Equal(t, []*asset.Gap{gap}, inv.Gaps())
	assert.Equal(t, asset.Complete, inv.Coverage(asset.Scope{}, "Test::Key"))

	broken := errors.New("cut off")
	_, err = s.Index(context.Background(), func(yield func(asset.Observation, error) bool) {
		_ = yield(key, nil) && yield(nil, broken)
	})
	assert.ErrorIs(t, err, broken)

	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	_, err = s.Index(ctx, sequence(obs))
	assert.ErrorIs(t, err, broken)
}

// An index is as if every asset had been projected alone, however many share a block.
func TestIndexOfMany(t *testing.T) {
	s := one(t, policy.Check{Require: "follow('encrypted_by', 'Test::Key').all(k, k.config.?rotated.orValue(false))"})
	deep := strings.Repeat("[", asset.MaxDepth-1) + strings.Repeat("]", asset.MaxDepth-1)
	for name, configs := range map[string][]string{
		"flat": {`{"rotated": true, "name": "x"}`, `{"name": "x"}`, `{"rotated": null}`, `{}`, `{"rotated": [1, {"a": 2}]}`, `[1]`, `null`},
		"deep": {`{"rotated": true}`, `{"rotated": ` + deep + `}`},
	} {
		var obs []asset.Observation
		for i := range 600 {
			a := &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: fmt.Sprint(i)}, Config: bucket(t, configs[i%len(configs)]).Config}
			switch i % 10 {
			case 3:
				a.Config = (&asset.Unread{Op: "op", Code: "AccessDenied"}).Value()
			case 5:
				a.Config = asset.Value{}
			case 7:
				a.Config = a.Config.MarkDefault()
			}
			a.Status = a.Config
			obs = append(obs, a)
		}
		inv, err := s.Index(context.Background(), sequence(obs))
		require.NoError(t, err)
		require.Equal(t, len(obs), inv.Len(), name)
		for _, o := range obs {
			a := o.(*asset.Asset)
			kept, ok := inv.Get(a.Ref)
			require.True(t, ok)
			want, err := a.Config.Project("rotated")
			require.NoError(t, err)
			assert.True(t, want.Equal(kept.Config), "%s: %s and %s", name, want, kept.Config)
			assert.Equal(t, want.IsDefault(), kept.Config.IsDefault())
			if a.Status.Kind() == asset.Absent {
				assert.Equal(t, asset.Absent, kept.Status.Kind())
				continue
			}
			none, err := a.Status.Project()
			require.NoError(t, err)
			assert.True(t, none.Equal(kept.Status), "%s: %s and %s", name, none, kept.Status)
		}
	}
}

func TestReadsOfPolicy(t *testing.T) {
	file := func(id, require string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("id: " + id + "\ntitle: t\nseverity: low\ntype: AWS::S3::Bucket\nrequire: " + require + "\n")}
	}
	set, err := policy.Load(nil, fstest.MapFS{
		"alone.yaml":   file("alone", "config.?VersioningConfiguration.?Status.orValue('') == 'Enabled'"),
		"related.yaml": file("related", "follow('encrypted_by', 'AWS::KMS::Key').all(k, k.config.?Enabled.orValue(false))"),
	})
	require.NoError(t, err)
	p, _ := set.Policy("alone")
	assert.Equal(t, map[asset.Type][]asset.Path{"AWS::S3::Bucket": {"config.VersioningConfiguration.Status"}}, p.Reads())
	p, _ = set.Policy("related")
	assert.Equal(t, []asset.Path{"config.Enabled"}, p.Reads()["AWS::KMS::Key"])
	assert.NotContains(t, p.Reads()["AWS::S3::Bucket"], asset.Path("config"))
	assert.Nil(t, new(policy.Policy).Reads(), "a policy that is not from a set")
}
