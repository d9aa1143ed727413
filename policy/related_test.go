package policy_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func TestRelated(t *testing.T) {
	here := asset.Scope{Provider: "test", Account: "1", Region: "r1"}
	account := asset.Scope{Provider: "test", Account: "1"}
	other := asset.Scope{Provider: "test", Account: "1", Region: "r2"}
	key := func(id, config string) *asset.Asset {
		return &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: id}, Name: id, Scope: here, Config: bucket(t, config).Config}
	}
	in := func(a *asset.Asset, s asset.Scope) *asset.Asset { a.Scope = s; return a }
	log := func(id string, s asset.Scope, config string) *asset.Asset {
		return &asset.Asset{Ref: asset.Ref{Type: "Test::Log", ID: id}, Scope: s, Config: bucket(t, config).Config,
			Links: []asset.Link{{Rel: "logs", To: asset.Ref{Type: "Test::Bucket", ID: "b1"}}}}
	}
	project := func(id, access string) *asset.Asset {
		return &asset.Asset{Ref: asset.Ref{Type: "Test::Project", ID: id}, Scope: account, Access: bucket(t, access).Config}
	}
	state := func(typ asset.Type, s asset.Scope, state asset.CoverageState) *asset.Coverage {
		return &asset.Coverage{Scope: s, Type: typ, State: state}
	}
	denied := func(s asset.Scope, typ asset.Type, of string) *asset.Gap {
		g := &asset.Gap{Scope: s, Type: typ, Cause: asset.Unread{Op: "test:List", Code: "AccessDenied"}}
		if of != "" {
			g.Of = asset.Ref{Type: "Test::Bucket", ID: of}
		}
		return g
	}
	type with = []asset.Observation
	complete := state("Test::Key", here, asset.Complete)
	const (
		rotated  = "follow('encrypted_by', 'Test::Key').all(k, k.config.?rotated.orValue(false))"
		some     = "follow('encrypted_by', 'Test::Key').exists(k, k.config.?rotated.orValue(false))"
		logged   = "referrers('logs', 'Test::Log').exists(l, l.config.?on.orValue(false))"
		unlogged = "referrers('logs', 'Test::Log') == []"
		keys     = "referrers('guards', 'Test::Key') == []"
		anyKey   = "assets('Test::Key').exists(k, true)"
		allKeys  = "assets('Test::Key').all(k, k.config.?rotated.orValue(false))"
		members  = "ancestors('Test::Project').exists(p, 'x' in p.access.?members.orValue([]))"
	)
	logs := state("Test::Log", account, asset.Complete)
	for _, tt := range []struct {
		name    string
		require string
		others  with
		want    policy.Status
		why     string // in the reason for unknown
	}{
		{"follow", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{"rotated": true}`)}, policy.Pass, ""},
		{"follow, one breaks it", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{}`)}, policy.Fail, ""},
		{"follow into another account", rotated, with{key("k1", `{"rotated": true}`), in(key("k2", `{}`), asset.Scope{Provider: "test", Account: "9"})}, policy.Fail, ""},
		{"follow, one was not observed", rotated, with{key("k1", `{"rotated": true}`)}, policy.Unknown, "Test::Key k2"},
		{"follow, one was not observed, the other decides", rotated, with{key("k1", `{}`)}, policy.Fail, ""},
		{"follow, a field was not read", rotated, with{key("k1", `{"rotated": true}`), unread(t, key("k2", `{}`), "config.rotated")}, policy.Unknown, "config.rotated"},
		{"follow, links were not read", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{"rotated": true}`), denied(here, "", "b1")}, policy.Unknown, "test:List: AccessDenied"},
		{"follow, links were not read, those known decide", some, with{key("k1", `{"rotated": true}`), key("k2", `{}`), denied(here, "Test::Key", "b1")}, policy.Pass, ""},
		{"follow, links of another were not read", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{"rotated": true}`), denied(here, "", "b2")}, policy.Pass, ""},
		{"follow, links to another type were not read", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{"rotated": true}`), denied(here, "Test::Log", "b1")}, policy.Pass, ""},
		{"follow, another relation", "follow('replicates', 'Test::Key').size() == 0", with{}, policy.Pass, ""},
		{"follow, another type", "follow('encrypted_by', 'Test::Project').size() == 0", with{}, policy.Pass, ""},
		{"follow needs no coverage", rotated, with{key("k1", `{"rotated": true}`), key("k2", `{"rotated": true}`), state("Test::Key", here, asset.Partial)}, policy.Pass, ""},
		{"follow, order of the links", "follow('encrypted_by', 'Test::Key').map(k, k.asset.id) == ['k2', 'k1']", with{key("k1", `{}`), key("k2", `{}`)}, policy.Pass, ""},

		{"referrers", logged, with{log("l1", account, `{"on": true}`), logs}, policy.Pass, ""},
		{"referrers, in another account", logged, with{log("l1", asset.Scope{Provider: "test", Account: "9"}, `{"on": true}`), logs}, policy.Pass, ""},
		{"referrers, none", logged, with{logs}, policy.Fail, ""},
		{"referrers, not searched", logged, with{}, policy.Unknown, "coverage of Test::Log"},
		{"referrers, not searched, those known decide", logged, with{log("l1", account, `{"on": true}`)}, policy.Pass, ""},
		{"referrers, the global ones not searched", keys, with{state("Test::Key", here, asset.Complete), state("Test::Key", account, asset.Partial)}, policy.Unknown, "coverage of Test::Key in test/1 is partial"},
		{"referrers, all searched", keys, with{state("Test::Key", here, asset.Complete), state("Test::Key", account, asset.Complete)}, policy.Pass, ""},
		{"referrers, another account not searched", unlogged, with{logs, state("Test::Log", asset.Scope{Provider: "test", Account: "9"}, asset.Partial)}, policy.Unknown, "coverage of Test::Log"},
		{"referrers, another account denied", unlogged, with{logs, denied(asset.Scope{Provider: "test", Account: "9"}, "", "")}, policy.Unknown, "AccessDenied"},
		{"referrers, another cloud not searched", unlogged, with{logs, state("Test::Log", asset.Scope{Provider: "other", Account: "9"}, asset.Partial)}, policy.Pass, ""},
		{"referrers, the links of one were not read", unlogged, with{logs, &asset.Gap{Scope: account, Of: asset.Ref{Type: "Test::Log", ID: "l"}, Cause: asset.Unread{Code: "AccessDenied"}}}, policy.Unknown, "AccessDenied"},
		{"referrers, its links to another type were not read", unlogged, with{logs, &asset.Gap{Scope: account, Type: "Test::Key", Of: asset.Ref{Type: "Test::Log", ID: "l"}, Cause: asset.Unread{Code: "AccessDenied"}}}, policy.Pass, ""},
		{"referrers, children were not read", unlogged, with{logs, denied(here, "Test::Log", "b1")}, policy.Unknown, "AccessDenied"},

		{"assets", allKeys, with{key("k1", `{"rotated": true}`), complete}, policy.Pass, ""},
		{"assets, none", anyKey, with{complete}, policy.Fail, ""},
		{"assets, not searched", anyKey, with{}, policy.Unknown, "coverage of Test::Key in test/1/r1 is not_asked"},
		{"assets, searched in part", anyKey, with{state("Test::Key", here, asset.Partial)}, policy.Unknown, "is partial"},
		{"assets, searched in part, one decides", anyKey, with{key("k1", `{}`), state("Test::Key", here, asset.Partial)}, policy.Pass, ""},
		{"assets, searched in part, one decides against", allKeys, with{key("k1", `{}`), state("Test::Key", here, asset.Partial)}, policy.Fail, ""},
		{"assets, all that are known are good", allKeys, with{key("k1", `{"rotated": true}`), state("Test::Key", here, asset.Partial)}, policy.Unknown, "is partial"},
		{"assets, what none could meet", "assets('Test::Key').all(k, false)", with{state("Test::Key", here, asset.Partial)}, policy.Unknown, "is partial"},
		{"assets, a gap", anyKey, with{complete, denied(here, "Test::Key", "")}, policy.Unknown, "test:List: AccessDenied"},
		{"assets, a gap in the account", anyKey, with{complete, denied(account, "", "")}, policy.Unknown, "test:List: AccessDenied"},
		{"assets, a gap of another type", anyKey, with{complete, denied(here, "Test::Log", "")}, policy.Fail, ""},
		{"assets, a gap elsewhere", anyKey, with{complete, denied(asset.Scope{Provider: "test", Account: "1", Region: "r2"}, "Test::Key", "")}, policy.Fail, ""},
		{"assets, those of one asset were not read", anyKey, with{complete, denied(here, "Test::Key", "b2")}, policy.Unknown, "test:List: AccessDenied"},
		{"assets, those of one asset were not read, one decides", anyKey, with{key("k1", `{}`), complete, denied(here, "Test::Key", "b2")}, policy.Pass, ""},
		{"assets, those of one asset in another region", anyKey, with{complete, denied(other, "Test::Key", "b2")}, policy.Fail, ""},
		{"assets, those of a known asset in another region", anyKey, with{complete, denied(here, "Test::Key", "b2"),
			&asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b2"}, Scope: other}}, policy.Unknown, "test:List: AccessDenied"},
		{"assets, what belongs to a known asset of the account", anyKey, with{complete, denied(account, "Test::Key", "b2"),
			&asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b2"}, Scope: other}}, policy.Fail, ""},
		{"assets, all that belongs to one asset was not read", "assets('Test::Log') == []", with{logs, denied(here, "", "b2")}, policy.Pass, ""},
		{"referrers, a type of another asset was not read", keys, with{state("Test::Key", account, asset.Complete), state("Test::Key", here, asset.Complete), denied(here, "Test::Key", "b2")}, policy.Unknown, "AccessDenied"},
		{"assets of the account are enough", anyKey, with{state("Test::Key", account, asset.Complete)}, policy.Fail, ""},
		{"assets, the global ones not searched", allKeys, with{complete, state("Test::Key", account, asset.Partial)}, policy.Unknown, "coverage of Test::Key in test/1 is partial"},
		{"assets, the global ones not requested", allKeys, with{complete, state("Test::Key", account, asset.NotAsked)}, policy.Unknown, "coverage of Test::Key in test/1 is not_asked"},
		{"assets, the global ones searched", allKeys, with{complete, state("Test::Key", account, asset.Complete)}, policy.Pass, ""},
		{"assets, the global ones searched, another region not", allKeys, with{complete, state("Test::Key", account, asset.Complete), state("Test::Key", other, asset.Partial)}, policy.Pass, ""},
		{"assets, a global one seen from a region, another not searched", allKeys, with{complete, in(key("k1", `{"rotated": true}`), account), state("Test::Key", other, asset.Partial)}, policy.Unknown, "coverage of Test::Key in test/1 is partial"},
		{"assets, a global one seen from regions", allKeys, with{complete, in(key("k1", `{"rotated": true}`), account), state("Test::Key", other, asset.Complete)}, policy.Pass, ""},
		{"assets, in another region", anyKey, with{complete, in(key("k1", `{}`), asset.Scope{Provider: "test", Account: "1", Region: "r2"})}, policy.Fail, ""},
		{"assets, global", anyKey, with{complete, in(key("k1", `{}`), account)}, policy.Pass, ""},
		{"assets, in another account", anyKey, with{complete, in(key("k1", `{}`), asset.Scope{Provider: "test", Account: "9", Region: "r1"})}, policy.Fail, ""},
		{"assets, seen from this account", anyKey, with{complete, &asset.Asset{Ref: asset.Ref{Type: "Test::Key", ID: "k1"},
			Scope: asset.Scope{Provider: "test", Account: "9", Region: "r1"}, Observers: []string{"1", "9"}}}, policy.Pass, ""},
		{"assets, of another cloud", anyKey, with{complete, in(key("k1", `{}`), asset.Scope{Provider: "other", Account: "1", Region: "r1"})}, policy.Fail, ""},
		{"assets, the subject itself", "assets('Test::Bucket').exists(b, b.asset.id == asset.id)", with{}, policy.Pass, ""},
		{"assets, size", "assets('Test::Key').size() == 1", with{key("k1", `{}`), complete}, policy.Pass, ""},
		{"assets, size while there may be more", "assets('Test::Key').size() == 1", with{key("k1", `{}`)}, policy.Unknown, "coverage"},
		{"assets, position while there may be more", "assets('Test::Key')[0].asset.id == 'k1'", with{key("k1", `{}`)}, policy.Unknown, "coverage"},
		{"assets, position", "assets('Test::Key')[0].asset.id == 'k1' && assets('Test::Key')[?1].?asset.?id.orValue('') == ''", with{key("k1", `{}`), complete}, policy.Pass, ""},
		{"assets, of two lists one may have more", "(assets('Test::Key') + follow('replicates', 'Test::Key')).size() == 0", with{}, policy.Unknown, "coverage"},
		{"assets, of two lists", "(assets('Test::Key') + follow('replicates', 'Test::Key')).exists(x, x.asset.id == 'k1')", with{key("k1", `{}`), complete}, policy.Pass, ""},

		{"ancestors", members, with{project("p1", `{"members": []}`), project("p2", `{"members": ["x"]}`)}, policy.Pass, ""},
		{"ancestors, none has it", members, with{project("p1", `{"members": []}`), project("p2", `{"members": ["a"]}`)}, policy.Fail, ""},
		{"ancestors, one was not observed", members, with{project("p1", `{"members": []}`)}, policy.Unknown, "Test::Project p2"},
		{"ancestors, one was not observed, the other decides", members, with{project("p1", `{"members": ["x"]}`)}, policy.Pass, ""},
		{"ancestors, nearest first", "ancestors('Test::Project').map(p, p.asset.id) == ['p1', 'p2']", with{project("p2", `{}`), project("p1", `{}`)}, policy.Pass, ""},
		{"ancestors, document not read", members, with{project("p1", `{"members": []}`), unread(t, project("p2", `{}`), "access")}, policy.Unknown, "AccessDenied: access"},
		{"ancestors, not all were read", members, with{project("p1", `{"members": []}`), project("p2", `{"members": []}`), denied(here, "Test::Project", "b1")}, policy.Unknown, "test:List: AccessDenied"},
		{"ancestors of a type that there is none of", "ancestors('Test::Key') == []", with{}, policy.Pass, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bucket(t, `{}`)
			b.Links = []asset.Link{
				{Rel: "encrypted_by", To: asset.Ref{Type: "Test::Key", ID: "k2"}},
				{Rel: "encrypted_by", To: asset.Ref{Type: "Test::Key", ID: "k1"}},
			}
			b.Parents = []asset.Ref{{Type: "Test::Project", ID: "p1"}, {Type: "Test::Project", ID: "p2"}}
			f := verdict(t, one(t, policy.Check{Require: tt.require}), b, tt.others...)
			assert.Equal(t, tt.want.String(), f.Status.String(), "%v", f.Err)
			if tt.want == policy.Unknown {
				var why *asset.Unread
				require.ErrorAs(t, f.Err, &why)
				assert.ErrorContains(t, f.Err, tt.why)
			}
		})
	}
}

// TestNothingRelated gives no inventory: what is asked of other assets is unknown.
func TestNothingRelated(t *testing.T) {
	for _, call := range []string{"follow('encrypted_by', 'Test::Key')", "referrers('logs', 'Test::Log')", "assets('Test::Key')", "ancestors('Test::Project')"} {
		for _, requirement := range []string{call + ".exists(x, true)", call + ".all(x, false)", call + ".size() == 0", call + " == []", "!(" + call + " != [])"} {
			s := one(t, policy.Check{Require: requirement})
			findings := collect(t, s.EvaluateEach(t.Context(), sequence(buckets(t, 1)), nil))
			require.Len(t, findings, 2)
			for i, why := range []string{"no inventory of other assets was given", "is not_asked"} {
				assert.Equal(t, policy.Unknown.String(), findings[i].Status.String(), requirement)
				assert.ErrorContains(t, findings[i].Err, why, requirement)
			}
		}
	}
}

// TestLinksThatWereNotTold says that a link is not taken to be missing while the part
// that it is known from was not read: of the subject, or of those that may refer to it.
func TestLinksThatWereNotTold(t *testing.T) {
	to := asset.Ref{Type: "Test::Bucket", ID: "b2"}
	other := bucket(t, `{"name": "b2"}`)
	other.Ref = to
	complete := &asset.Coverage{Scope: asset.Scope{Provider: "test", Account: "1", Region: "r1"}, Type: "Test::Log", State: asset.Complete}
	log := func(account string) *asset.Asset {
		a := bucket(t, `{"on": true}`)
		a.Ref, a.Account = asset.Ref{Type: "Test::Log", ID: "l"}, account
		return a
	}
	for name, c := range map[string]struct {
		require string
		subject func(*asset.Asset)
		others  []asset.Observation
		want    policy.Status
	}{
		"none":                   {require: "follow('copies_to', 'Test::Bucket').size() == 0", want: policy.Pass},
		"none known":             {require: "follow('copies_to', 'Test::Bucket').size() == 0", subject: func(a *asset.Asset) { unread(t, a, "config.network") }, want: policy.Unknown},
		"none known, below":      {require: "follow('copies_to', 'Test::Bucket').size() == 0", subject: func(a *asset.Asset) { unread(t, a, "config.network.mode") }, want: policy.Unknown},
		"another part is unread": {require: "follow('copies_to', 'Test::Bucket').size() == 0", subject: func(a *asset.Asset) { unread(t, a, "config.size") }, want: policy.Pass},
		"another relation":       {require: "follow('encrypted_by', 'Test::Key').size() == 0", subject: func(a *asset.Asset) { unread(t, a, "config.network") }, want: policy.Pass},
		"one is enough": {require: "follow('copies_to', 'Test::Bucket').exists(b, b.config.name == 'b2')", subject: func(a *asset.Asset) {
			unread(t, a, "config.network")
			a.Links = []asset.Link{{Rel: "copies_to", To: to}}
		}, others: []asset.Observation{other}, want: policy.Pass},
		"nobody refers to it":          {require: "referrers('audits', 'Test::Log').size() == 0", others: []asset.Observation{complete, log("1")}, want: policy.Pass},
		"somebody may refer to it":     {require: "referrers('audits', 'Test::Log').size() == 0", others: []asset.Observation{complete, unread(t, log("1"), "config.on")}, want: policy.Unknown},
		"somebody elsewhere may not":   {require: "referrers('audits', 'Test::Log').size() == 0", others: []asset.Observation{complete, unread(t, log("2"), "config.on")}, want: policy.Pass},
		"not known to refer otherwise": {require: "referrers('logs', 'Test::Log').all(l, false)", others: []asset.Observation{complete, &asset.Coverage{Scope: asset.Scope{Provider: "test"}, Type: "Test::Log", State: asset.Complete}, unread(t, log("1"), "config.on")}, want: policy.Pass},
		"no time of creation":          {require: "has(asset.created)", want: policy.Fail},
		"none known of creation":       {require: "has(asset.created)", subject: func(a *asset.Asset) { unread(t, a, "status.seen") }, want: policy.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := bucket(t, `{"name": "b1"}`)
			if c.subject != nil {
				c.subject(a)
			}
			f := verdict(t, one(t, policy.Check{Require: c.require}), a, c.others...)
			assert.Equal(t, c.want, f.Status, "%v", f.Err)
		})
	}
}
