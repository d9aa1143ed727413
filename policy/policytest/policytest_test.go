package policytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// recorder is a tester that keeps what is reported to it.
type recorder struct {
	name    string
	only    func(name string) bool // nil: every subtest runs
	ran     *[]string
	log     *[]string
	failed  *[]string
	outcome bool
}

func newRecorder(only func(string) bool) *recorder {
	return &recorder{only: only, ran: &[]string{}, log: &[]string{}, failed: &[]string{}}
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return context.Background() }
func (r *recorder) Logf(format string, args ...any) {
	*r.log = append(*r.log, r.name+": "+fmt.Sprintf(format, args...))
}

func (r *recorder) Errorf(format string, args ...any) {
	r.outcome = true
	*r.failed = append(*r.failed, r.name+": "+fmt.Sprintf(format, args...))
}

func (r *recorder) Run(name string, f func(tester)) bool {
	sub := *r
	sub.name, sub.outcome = strings.TrimPrefix(r.name+"/"+name, "/"), false
	if r.only != nil && !r.only(sub.name) {
		return true
	}
	*r.ran = append(*r.ran, sub.name)
	f(&sub)
	r.outcome = r.outcome || sub.outcome
	return !sub.outcome
}

func schemas(t asset.Type) (*asset.Schema, bool) {
	all, err := asset.ParseSchemas([]byte(`{
		"Test::Bucket": {"config": {"name": "s", "public": "b", "acl": "s", "ports": ["i"]}, "links": [{"rel": "encrypted_by", "to": ["Test::Key"]}]},
		"Test::Key": {"config": {"rotated": "b"}}}`))
	if err != nil {
		panic(err)
	}
	i := slices.IndexFunc(all, func(s *asset.Schema) bool { return s.Type == t })
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// pack returns a pack of policies, each a policy file without its first lines.
func pack(bodies ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i, body := range bodies {
		head := fmt.Sprintf("id: p%d\ntitle: Title\nseverity: low\ntype: Test::Bucket\n", i+1)
		fsys[fmt.Sprintf("p%d.yaml", i+1)] = &fstest.MapFile{Data: []byte(head + body)}
	}
	return fsys
}

const (
	private = "require: '!config.?public.orValue(false)'\n"
	both    = "tests:\n  - {name: private, want: pass, config: {}}\n  - {name: public, want: fail, config: {public: true}}\n"
)

func TestGoodPack(t *testing.T) {
	for name, body := range map[string]string{
		"plain":          private + both,
		"unknown":        private + both + "  - {name: unread, want: unknown, unread: [config.public]}\n",
		"not applicable": "when: config.?acl.orValue('') != 'log'\n" + private + both + "  - {name: log, want: not_applicable, config: {acl: log}}\n",
		"message": private + "message: \"'%s is public'.format([asset.name])\"\n" + both +
			"  - {name: named, want: fail, message: logs is public, asset: {name: logs}, config: {public: true}}\n",
		"params": "params: {acls: {type: list(string), default: [private]}}\nrequire: config.?acl.orValue('private') in params.acls\n" +
			"tests:\n  - {name: private, want: pass}\n  - {name: log, want: fail, config: {acl: log}}\n" +
			"  - {name: allowed, want: pass, config: {acl: log}, params: {acls: [log]}}\n" +
			"  - {name: allowed as well, want: fail, config: {acl: x}, params: {acls: [log]}}\n" +
			"  - {name: default again, want: pass, config: {acl: private}}\n",
		"default instant": "require: now == timestamp('2026-01-01T00:00:00Z')\ntests:\n  - {name: default, want: pass}\n  - {name: later, want: fail, now: 2026-01-02}\n",
		"looks up": "require: follow('encrypted_by', 'Test::Key').exists(k, k.config.?rotated.orValue(false)) && assets('Test::Bucket').size() == 1\n" +
			"defaults: {links: []}\ntests:\n" +
			"  - {name: rotated, want: pass, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k, config: {rotated: true}}]}\n" +
			"  - {name: not rotated, want: fail, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k}]}\n" +
			"  - {name: two, want: fail, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k, config: {rotated: true}}, {type: Test::Bucket, id: b}]}\n" +
			"  - {name: no key, want: fail}\n" +
			"  - {name: links not read, want: unknown, unread: [links]}\n" +
			"  - {name: links of the relation not read, want: unknown, unread: [links.encrypted_by]}\n" +
			"  - {name: other links not read, want: fail, unread: [links.logs_to]}\n" +
			"  - {name: key not observed, want: unknown, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}}\n" +
			"  - {name: in a region, want: pass, asset: {region: r1, links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k, config: {rotated: true}}]}\n" +
			"  - {name: covered in part, want: unknown, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k, config: {rotated: true}}], coverage: [{type: Test::Bucket, state: partial}]}\n" +
			"  - {name: gap, want: unknown, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k, config: {rotated: true}}], gaps: [{type: Test::Bucket, code: AccessDenied}]}\n",
		"parts that a case does not state": "require: access.?open.orValue(false) == false && ancestors('Test::Key').size() == 0 && follow('encrypted_by', 'Test::Key').size() == 0\n" +
			"tests:\n" +
			"  - {name: nothing is stated, want: unknown}\n" +
			"  - {name: all is, want: pass, access: null, asset: {parents: [], links: []}}\n" +
			"  - {name: no parents, want: unknown, access: null, asset: {links: []}}\n" +
			"  - {name: no links, want: unknown, access: null, asset: {parents: []}}\n" +
			"  - {name: no access, want: unknown, asset: {parents: [], links: []}}\n" +
			"  - {name: open, want: fail, access: {open: true}}\n" +
			"  - {name: linked, want: fail, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}}\n" +
			"  - {name: contained, want: fail, asset: {parents: [{type: Test::Key, id: k}]}}\n",
		"defaults": "require: access.?open.orValue(false) == false && ancestors('Test::Key').size() == 0 && follow('encrypted_by', 'Test::Key').size() == 0\n" +
			"defaults: {parents: [], links: [], access: null}\ntests:\n" +
			"  - {name: none, want: pass}\n  - {name: parents not read, want: unknown, unread: [parents]}\n" +
			"  - {name: open, want: fail, access: {open: true}}\n  - {name: linked, want: fail, asset: {links: [{rel: encrypted_by, type: Test::Key, id: k}]}}\n" +
			"  - {name: parent, want: fail, asset: {parents: [{type: Test::Key, id: k}]}, related: [{type: Test::Key, id: k}]}\n",
		"constants do not count": "require: \"config.?acl.orValue('') != 'x' || ['x'].exists(a, a == 'y') || !true\"\n" +
			"tests:\n  - {name: ok, want: pass}\n  - {name: x, want: fail, config: {acl: x}}\n",
		"quantifier": "require: config.?ports.orValue([]).all(p, p > 1024 || p == 443)\n" +
			"tests:\n  - {name: https, want: pass, config: {ports: [443, 8080]}}\n  - {name: ssh, want: fail, config: {ports: [443, 22]}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorder(nil)
			run(r, pack(body), &Options{Schemas: schemas, MinCoverage: 1})
			assert.Empty(t, *r.failed)
			assert.Empty(t, *r.log)
			assert.Greater(t, len(*r.ran), 2)
		})
	}
}

func TestBrokenPack(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fsys   fstest.MapFS
		failed []string // the beginning of each error
		shows  string   // in the last of them
	}{
		{"empty", fstest.MapFS{"README": {}}, []string{": read policies: no policies"}, ""},
		{"unknown field", pack("require: config.?publik.orValue(true)\n" + both), []string{": p1.yaml:5:16: undefined field 'publik'"}, "did you mean 'public'"},
		{"problems of all files", pack("requires: 'true'\n"+both, private+"tests:\n  - {name: a, want: maybe}\n", "require: 1 + 1\n"), []string{
			": p1.yaml:5:1: unknown key \"requires\"",
			": p2.yaml:7:5: test \"a\": invalid want \"maybe\"",
			": p3.yaml:5:",
		}, "type int, not bool"},
		{"two of one id", fstest.MapFS{"a.yaml": pack(private + both)["p1.yaml"], "b.yaml": pack(private + both)["p1.yaml"]}, []string{": b.yaml:1:5: duplicate policy \"p1\" (also in a.yaml)"}, ""},
		{"defaults that are not empty", pack(private + "defaults: {parents: [a], links: {}, access: {}, tags: {}}\n" + both), []string{
			": p1.yaml:6:21: invalid default of parents", ": p1.yaml:6:33: invalid default of links", ": p1.yaml:6:45: invalid default of access", ": p1.yaml:6:49: unknown key \"tags\"",
		}, "has access, links, parents"},
		{"no cases", pack(private), []string{"p1: missing case that wants pass", "p1: missing case that wants fail"}, ""},
		{"no failing case", pack(private + "tests:\n  - {name: private, want: pass}\n"), []string{"p1: missing case that wants fail"}, ""},
		{"no passing case", pack(private + "tests:\n  - {name: public, want: fail, config: {public: true}}\n"), []string{"p1: missing case that wants pass"}, ""},
		{"wrong status", pack(private + both + "  - {name: odd, want: pass, config: {public: true}}\n"), []string{"p1/odd: p1.yaml:9: want pass, got fail"},
			"require: !config.?public.orValue(false) => false\n        config.?public.orValue(false) => true\n            config.public = true"},
		{"fail for unread", pack(private + both + "  - {name: odd, want: fail, unread: [config.public]}\n"), []string{"p1/odd: p1.yaml:9: want fail, got unknown"}, "=> unknown: unread: test:Read: AccessDenied"},
		{"unknown for absent", pack(private + both + "  - {name: odd, want: unknown}\n"), []string{"p1/odd: p1.yaml:9: want unknown, got pass"}, ""},
		{"wrong message", pack(private + "message: \"'%s is public'.format([asset.name])\"\n" + both + "  - {name: odd, want: fail, message: other, config: {public: true}}\n"),
			[]string{"p1/odd: p1.yaml:10: want message \"other\", got \"test is public\""}, ""},
		{"failing message", pack(private + "message: string(1 / config.?ports.orValue([]).size())\n" + both), []string{"p1/public: p1.yaml:9: the expression of the message went wrong"}, "division by zero"},
		{"other type", pack(private + both + "  - {name: odd, want: pass, asset: {type: Test::Key}}\n"), []string{"p1/odd: p1.yaml:9: the policy does not apply to assets of type Test::Key"}, ""},
		{"covered in part", pack("require: assets('Test::Key').size() == 0\ntests:\n  - {name: none, want: pass}\n  - {name: one, want: fail, related: [{type: Test::Key, id: k}]}\n  - {name: odd, want: pass, coverage: []}\n"),
			[]string{"p1/odd: p1.yaml:9: want pass, got unknown"}, "coverage of Test::Key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(nil)
			run(r, tt.fsys, &Options{Schemas: schemas})
			require.Len(t, *r.failed, len(tt.failed), "%s", strings.Join(*r.failed, "\n"))
			for i, want := range tt.failed {
				assert.True(t, strings.HasPrefix((*r.failed)[i], want), "want %s\ngot %s", want, (*r.failed)[i])
			}
			assert.Contains(t, (*r.failed)[len(*r.failed)-1], tt.shows)
		})
	}
}

func TestCoverage(t *testing.T) {
	const body = "when: config.?acl.orValue('') != 'log'\n" +
		"let:\n  open: config.?public.orValue(false)\n" +
		"require: '!open || config.?ports.orValue([]).all(p, p == 1 || p == 2)'\n" +
		"tests:\n  - {name: private, want: pass, config: {}}\n" +
		"  - {name: ports, want: fail, config: {public: true, ports: [1, 3]}}\n"
	const (
		two = "  - {name: two, want: pass, config: {public: true, ports: [2]}}\n"
		log = "  - {name: log, want: not_applicable, config: {acl: log, public: true, ports: [2]}}\n"
	)
	for _, tt := range []struct {
		name        string
		cases       string
		minCoverage float64
		failed, log []string
	}{
		{"reported only", "", 0, nil, []string{"p1: coverage 83 % (15 of 18 outcomes)\n" +
			"    require: config.?ports.orValue([]).all(p, p == 1 || p == 2) never true\n" +
			"    require: p == 2 never true\n" +
			"    when: config.?acl.orValue(\"\") != \"log\" never false"}},
		{"too little", two, 0.95, []string{"p1: coverage 94 % (17 of 18 outcomes), want 95 %\n" +
			"    when: config.?acl.orValue(\"\") != \"log\" never false"}, nil},
		{"enough", two, 0.94, nil, []string{"p1: coverage 94 % (17 of 18 outcomes)\n" +
			"    when: config.?acl.orValue(\"\") != \"log\" never false"}},
		{"where it does not apply nothing else counts", log, 1, []string{"p1: coverage 89 % (16 of 18 outcomes), want 100 %\n" +
			"    require: config.?ports.orValue([]).all(p, p == 1 || p == 2) never true\n" +
			"    require: p == 2 never true"}, nil},
		{"all", two + log, 1, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRecorder(nil)
			run(r, pack(body+tt.cases), &Options{Schemas: schemas, MinCoverage: tt.minCoverage})
			assert.ElementsMatch(t, tt.failed, *r.failed)
			assert.ElementsMatch(t, tt.log, *r.log)
		})
	}
}

func TestCoverageOfSeveralChecks(t *testing.T) {
	r := newRecorder(nil)
	run(r, fstest.MapFS{"a.yaml": {Data: []byte(`id: a
title: A
severity: low
checks:
  - {type: Test::Bucket, require: "config.?acl.orValue('') == ''"}
  - {type: [Test::Key, Test::Other], require: "config.?rotated.orValue(false) == true"}
tests:
  - {name: bucket, want: pass, asset: {type: Test::Bucket}}
  - {name: other, want: fail, asset: {type: Test::Other}}
  - {name: key, want: pass, asset: {type: Test::Key}, config: {rotated: true}}
`)}}, &Options{Schemas: schemas, Dynamic: []asset.Type{"Test::Other"}})
	assert.Empty(t, *r.failed)
	assert.Equal(t, []string{
		"a: Test::Other has no schema: the fields that the policy reads of it are not checked",
		"a: coverage 75 % (3 of 4 outcomes)\n    checks[0].require: config.?acl.orValue(\"\") == \"\" never false",
	}, *r.log)
}

func TestNoSchema(t *testing.T) {
	r := newRecorder(nil)
	run(r, pack(private+both), &Options{Dynamic: []asset.Type{"Test::Bucket"}})
	assert.Empty(t, *r.failed)
	assert.Equal(t, []string{"p1: Test::Bucket has no schema: the fields that the policy reads of it are not checked"}, *r.log)
}

func TestSelection(t *testing.T) {
	odd := private + both + "  - {name: odd, want: pass, config: {public: true}}\n"
	fsys := pack(private+both, odd, "require: config.?acl.orValue('') == 'x' || config.?acl.orValue('') == 'y'\ntests:\n  - {name: x, want: pass, config: {acl: x}}\n  - {name: z, want: fail}\n")
	opts := &Options{Schemas: schemas, MinCoverage: 1}

	r := newRecorder(func(name string) bool { return strings.HasPrefix(name, "p1") })
	run(r, fsys, opts)
	assert.Equal(t, []string{"p1", "p1/private", "p1/public"}, *r.ran)
	assert.Empty(t, *r.failed, "what was not selected is not judged")

	r = newRecorder(func(name string) bool { return name == "p3" || name == "p3/x" })
	run(r, fsys, opts)
	assert.Empty(t, *r.failed)
	assert.Equal(t, []string{"p3: coverage is not judged: 1 of 2 cases ran"}, *r.log)

	r = newRecorder(nil)
	run(r, fsys, opts)
	assert.Len(t, *r.failed, 2)
}

func TestPolicyInGo(t *testing.T) {
	subject := func(config string) *asset.Asset {
		v, err := asset.Parse([]byte(config))
		require.NoError(t, err)
		return &asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b"}, Scope: asset.Scope{Provider: "test", Account: "1"}, Config: v}
	}
	hidden := subject(`{}`)
	require.NoError(t, hidden.SetPath("config.public", (&asset.Unread{Reason: asset.Denied}).Value()))
	p := &policy.Policy{
		ID: "in-go", Title: "In Go", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{"Test::Bucket"}, Run: func(_ context.Context, s policy.CheckInput) (policy.Verdict, error) {
			public, err := s.Asset.Config.Get("public").Bool()
			switch {
			case errors.Is(err, asset.ErrAbsent):
				return policy.Verdict{Status: policy.Pass}, nil
			case err != nil:
				return policy.Verdict{}, err
			case public:
				return policy.Verdict{Status: policy.Fail, Message: "public"}, nil
			}
			return policy.Verdict{Status: policy.Pass}, nil
		}}},
		Tests: []policy.Case{
			{Name: "absent", Want: policy.Pass, Asset: subject(`{}`)},
			{Name: "public", Want: policy.Fail, Message: "public", Asset: subject(`{"public": true}`)},
			{Name: "unread", Want: policy.Unknown, Asset: hidden},
		},
	}
	RunPolicies(t, &Options{Schemas: schemas, MinCoverage: 1}, p)

	p.Tests = append(p.Tests, policy.Case{Name: "nothing", Want: policy.Pass}, policy.Case{Name: "wrong", Want: policy.Fail, Asset: subject(`{}`)})
	r := newRecorder(nil)
	runPolicies(r, &Options{Dynamic: []asset.Type{"Test::Bucket"}}, []*policy.Policy{p})
	assert.Equal(t, []string{"in-go/nothing: missing asset", "in-go/wrong: want fail, got pass"}, *r.failed)

	r = newRecorder(nil)
	runPolicies(r, nil, nil)
	assert.Equal(t, []string{": missing policies"}, *r.failed)
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, pack(private+both)))
	Run(t, os.DirFS(dir), &Options{Schemas: schemas, MinCoverage: 1})
}
