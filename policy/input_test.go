package policy_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider/snapshot"
)

func TestLoadReportsEverything(t *testing.T) {
	head := "id: %\ntitle: T\nseverity: low\n"
	for _, tt := range []struct{ name, file, want string }{
		{"no YAML", "id: [", "p.yaml:1:1: "},
		{"empty", "", "p.yaml:1:1: file is empty"},
		{"two documents", head + "type: Test::Bucket\nrequire: 'true'\n---\nid: x\n", "p.yaml:6:1: more than one document"},
		{"not a mapping", "- a\n", "p.yaml:1:1: want a mapping"},
		{"unknown key", head + "type: Test::Bucket\nrequires: 'true'\n", `p.yaml:5:1: unknown key "requires"; did you mean "require"?`},
		{"key twice", head + "title: again\n", "p.yaml:4:1: "},
		{"no type", head + "require: 'true'\n", "p.yaml:1:1: missing type"},
		{"no require", head + "type: Test::Bucket\n", "p.yaml:1:1: missing require"},
		{"CEL syntax", head + "type: Test::Bucket\nrequire: config.name ==\n", "p.yaml:5:24: Syntax error"},
		{"not a boolean", head + "type: Test::Bucket\nrequire: config.name\n", "p.yaml:5:16: is of type string, not bool"},
		{"wrong types", head + "type: Test::Bucket\nrequire: config.name == 1\n", "p.yaml:5:22: found no matching overload"},
		{"misspelled variable", head + "type: Test::Bucket\nrequire: confg.name == ''\n", "p.yaml:5:10: unknown variable 'confg'; did you mean 'config'?"},
		{"unguarded", head + "type: Test::Bucket\nrequire: config.public\n", "p.yaml:5:16: 'public' of Test::Bucket.config may be absent"},
		{"unguarded in a list", head + "type: Test::Bucket\nrequire: config.?rules.orValue([]).all(r, r.port == 1)\n", "'port' of Test::Bucket.config.rules may be absent"},
		{"unguarded key", head + "type: Test::Bucket\nrequire: asset.tags.owner != ''\n", "'owner' of map(string, string) may be absent"},
		{"folded", head + "type: Test::Bucket\nrequire: >-\n  config.name == 'x'\n\n  && config.nam == 'y'\n", "p.yaml:8:12: undefined field 'nam' of Test::Bucket.config; did you mean 'name'?"},
		{"literal", head + "type: Test::Bucket\nrequire: |\n  config.name == 'x'\n    && config.nam == 'y'\n", "p.yaml:7:14: undefined field 'nam'"},
		{"quoted", head + "type: Test::Bucket\nrequire: 'config.nam == ''x'''\n", "p.yaml:5:17: undefined field 'nam'"},
		{"in a message", head + "type: Test::Bucket\nrequire: 'true'\nmessage: config.nam\n", "p.yaml:6:16: undefined field 'nam'"},
		{"in a let", head + "type: Test::Bucket\nlet: {a: config.nam}\nrequire: 'a == 1'\n", "p.yaml:5:16: undefined field 'nam'"},
		{"in a related asset", head + "type: Test::Bucket\nrequire: follow('encrypted_by', 'Test::Key').all(k, k.config.?rotatd.orValue(false))\n", "undefined field 'rotatd' of Test::Key.config; did you mean 'rotated'?"},
		{"relation of a variable", head + "type: Test::Bucket\nrequire: follow(config.name, 'Test::Key').size() == 0\n", "follow() takes string literals"},
		{"unknown type", head + "type: Test::Buket\nrequire: 'true'\n", "p.yaml:4:7: unknown type 'Test::Buket'"},
		{"unknown type in a list", head + "type:\n  - Test::Bucket\n  - Test::Bucke\nrequire: 'true'\n", "p.yaml:6:5: unknown type 'Test::Bucke'; did you mean 'Test::Bucket'?"},
		{"type in another case", head + "type: test::bucket\nrequire: 'true'\n", "unknown type 'test::bucket'"},
		{"unknown type of a lookup", head + "type: Test::Bucket\nrequire: assets('AWS::S3::Buket') == []\n", "p.yaml:5:17: unknown type 'AWS::S3::Buket'"},
		{"unknown relation", head + "type: Test::Bucket\nrequire: follow('encripted_by', 'Test::Key') == []\n", "p.yaml:5:17: unknown relation 'encripted_by' of Test::Bucket; did you mean 'encrypted_by'?"},
		{"unknown relation of a referrer", head + "type: Test::Bucket\nrequire: referrers('log', 'Test::Log') == []\n", "p.yaml:5:20: unknown relation 'log' of Test::Log; did you mean 'logs'?"},
		{"relation of a type without any", head + "type: Test::Bucket\nrequire: referrers('logs', 'Test::Project') == []\n", "p.yaml:5:20: unknown relation 'logs' of Test::Project (has none)"},
		{"relation that leads elsewhere", head + "type: Test::Bucket\nrequire: follow('encrypted_by', 'Test::Log') == []\n", "p.yaml:5:33: relation 'encrypted_by' of Test::Bucket never leads to Test::Log (leads to Test::Key, Test::Project)"},
		{"relation that leads here from elsewhere", head + "type: Test::Key\nrequire: referrers('logs', 'Test::Log') == []\n", "p.yaml:5:28: relation 'logs' of Test::Log never leads to Test::Key (leads to Test::Bucket)"},
		{"relation of neither type", head + "type: [Test::Key, Test::Log]\nrequire: follow('copies_to', 'Test::Bucket') == []\n", "p.yaml:5:17: unknown relation 'copies_to' of Test::Key (has guards)"},
		{"misspelled function", head + "type: Test::Bucket\nrequire: iam.isPublik(access)\n", "p.yaml:5:10: unknown function 'iam.isPublik'; did you mean 'iam.isPublic'?"},
		{"misspelled method", head + "type: Test::Bucket\nrequire: config.name.startWith('a')\n", "p.yaml:5:22: unknown function 'startWith'; did you mean 'startsWith'?"},
		{"param of no type", head + "type: Test::Bucket\nrequire: params.n == 1\nparams: {n: {type: number, default: 1}}\n", `unknown type "number" (want`},
		{"param default", head + "type: Test::Bucket\nrequire: params.n == 1\nparams: {n: {type: int, default: x}}\n", "is a string, not an integer"},
		{"param unknown", head + "type: Test::Bucket\nrequire: params.m == 1\nparams: {n: {type: int, default: 1}}\n", "undefined field 'm'"},
		{"control", head + "type: Test::Bucket\nrequire: 'true'\ncontrols: [cis]\n", `control "cis"`},
		{"case", head + "type: Test::Bucket\nrequire: 'true'\ntests: [{name: a, want: perhaps}]\n", `want "perhaps"`},
		{"bad pattern", head + "type: Test::Bucket\nrequire: config.name.matches('(')\n", "missing closing )"},
		{"too costly", head + "type: Test::Bucket\nrequire: " + strings.Repeat("config.?rules.orValue([]).all(r, ", 6) + "true" + strings.Repeat(")", 6) + "\n", "use fewer nested comprehensions"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := strings.Replace(tt.file, "%", "p", 1)
			_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(file)}})
			require.Error(t, err)
			assert.Contains(t, err.Error(), tt.want)
			var problem *policy.Diagnostic
			require.ErrorAs(t, err, &problem)
			assert.Equal(t, "p.yaml", problem.File)
		})
	}
}

// What is wrong for several types, or in several places, is one error.
func TestLoadReportsOnce(t *testing.T) {
	for _, tt := range []struct{ name, check, want string }{
		{"variable for each type", "type: [Test::Key, Test::Log]\nrequire: confg == ''\n",
			"p.yaml:5:10: unknown variable 'confg'; did you mean 'config'?\n    confg == ''\n    ^"},
		{"variable twice", "type: Test::Key\nrequire: nom == now || now < nom\n",
			"p.yaml:5:10: unknown variable 'nom'; did you mean 'now'?\n    nom == now || now < nom\n    ^"},
		{"function of a namespace", "type: Test::Key\nrequire: net.isPublc('0.0.0.0/0')\n",
			"p.yaml:5:10: unknown function 'net.isPublc'; did you mean 'net.isPublic'?\n    net.isPublc('0.0.0.0/0')\n    ^"},
		{"macro", "type: Test::Key\nrequire: '[1].exist(v, v == 1)'\n",
			"p.yaml:5:15: unknown function 'exist'; did you mean 'exists'?\n    [1].exist(v, v == 1)\n        ^"},
		{"field of one type", "type: [Test::Key, Test::Log]\nrequire: config.?rotated.orValue(true)\n",
			"p.yaml:5:16: undefined field 'rotated' of Test::Log.config (for type Test::Log)\n    config.?rotated.orValue(true)\n          ^"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := "id: p\ntitle: T\nseverity: low\n" + tt.check
			_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(file)}})
			require.EqualError(t, err, tt.want)
		})
	}
}

// The built-in catalogue folds the spelling of Azure's types; policies must use that of
// assets.
func TestTypesOfTheCatalogue(t *testing.T) {
	for name, want := range map[string]string{
		"AWS::S3::Buket": "AWS::S3::Bucket", "microsoft.storage/storageaccounts": "Microsoft.Storage/storageAccounts",
		"compute.googleapis.com/instance": "compute.googleapis.com/Instance",
	} {
		file := "id: p\ntitle: T\nseverity: low\ntype: " + name + "\nrequire: 'true'\n"
		_, err := policy.Load(nil, fstest.MapFS{"p.yaml": {Data: []byte(file)}})
		require.EqualError(t, err, "p.yaml:4:7: unknown type '"+name+"'; did you mean '"+want+"'?")
	}
}

// Nothing is checked about a type that the options declare dynamic.
func TestDynamicTypes(t *testing.T) {
	opts := options()
	opts.Dynamic = []asset.Type{"Test::Any", "Test::Project"}
	for _, require := range []string{
		"follow('anything', 'Test::Bucket') == [] && config.?any.orValue('') == ''",
		"referrers('anything', 'Test::Any') == [] && referrers('logs', 'Test::Log') == []",
		"assets('Test::Project').all(p, p.config.?any.orValue('') == '')",
	} {
		_, err := policy.NewSet(opts, &policy.Policy{ID: "p", Title: "T", Severity: policy.Low,
			Checks: []policy.Check{{Types: []asset.Type{"Test::Any"}, Require: require}}})
		assert.NoError(t, err, require)
	}
	_, err := policy.NewSet(opts, &policy.Policy{ID: "p", Title: "T", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{"Test::Nothing"}, Run: func(context.Context, policy.CheckInput) (policy.Verdict, error) { return policy.Verdict{}, nil }}}})
	assert.EqualError(t, err, "policy p: unknown type 'Test::Nothing'")
}

func TestLoadOfNothing(t *testing.T) {
	for _, fsys := range []fstest.MapFS{{}, {"p.yamll": {Data: []byte("id: p")}}} {
		s, err := policy.Load(options(), fsys)
		require.EqualError(t, err, "read policies: no policies: no file ends in .yaml or .yml")
		assert.Nil(t, s)
	}
}

func TestLoadFindsSameIDs(t *testing.T) {
	text := []byte("id: same\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\n")
	_, err := policy.Load(options(), fstest.MapFS{"a.yaml": {Data: text}, "b/c.yml": {Data: text}})
	require.Error(t, err)
	assert.Contains(t, err.Error(), `b/c.yml:1:5: duplicate policy "same" (also in a.yaml)`)
}

// An earlier id leads to one policy only, or an exception would be made of another.
func TestLoadFindsSameEarlierIDs(t *testing.T) {
	file := func(id, formerly string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("id: " + id + "\npreviousIds: [" + formerly + "]\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\n")}
	}
	_, err := policy.Load(options(), fstest.MapFS{"a.yaml": file("a", "old"), "b.yaml": file("b", "older, old"), "c.yaml": file("c", "a"), "d.yaml": file("d", "")})
	require.Error(t, err)
	assert.Contains(t, err.Error(), `b.yaml:2:14: previous id "old" is an id of policy a`)
	assert.Contains(t, err.Error(), `c.yaml:2:14: previous id "a" is an id of policy a`)
	assert.NotContains(t, err.Error(), "d.yaml")
}

func TestAliasesAreBounded(t *testing.T) {
	text := "id: p\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\ntests:\n  - name: x\n    want: pass\n    config:\n      a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for c := 'b'; c < 'j'; c++ {
		before := string(c - 1)
		text += "      " + string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+before+", ", 10), ", ") + "]\n"
	}
	_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(text)}})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "too large")
}

func FuzzLoad(f *testing.F) {
	f.Add("id: p\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: config.name == 'x'\ntests: [{name: a, want: pass, config: {name: x}, unread: [config.size]}]\n")
	f.Add("id: p\nchecks: [{type: [A, B], let: {x: '1'}, require: 'x == 1'}]\nparams: {n: {type: list(int), default: [1]}}\n")
	f.Add("a: &a [*a]\n")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(text)}})
		if (s == nil) == (err == nil) {
			t.Fatalf("set %v, error %v", s, err)
		}
	})
}

// endless is a line without an end.
type endless struct{ head io.Reader }

func (e *endless) Read(p []byte) (int, error) {
	if n, err := e.head.Read(p); err == nil {
		return n, nil
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestHugeAsset(t *testing.T) {
	in := &endless{bytes.NewReader([]byte(`{"stance":"snapshot","version":1}` + "\n" +
		`{"asset":{"type":"Test::Bucket","id":"b","provider":"test","config":{"name":"`))}
	var last error
	for _, err := range one(t, policy.Check{Require: "true"}).EvaluateEach(context.Background(), snapshot.Read(in, nil), nil) {
		last = err
	}
	require.Error(t, last)
	assert.ErrorContains(t, last, "snapshot:2: ")
}

func TestLongLoop(t *testing.T) {
	s := one(t, policy.Check{
		Require: "lists.range(10000).all(a, lists.range(10000).all(b, a + b >= 0))",
	})
	f := verdict(t, s, &asset.Asset{Ref: asset.Ref{Type: "Test::Bucket", ID: "b"}})
	assert.Equal(t, policy.Unknown, f.Status)
	assert.ErrorContains(t, f.Err, "given up")
}

func TestLoadOfSeveralPacks(t *testing.T) {
	file := func(id, require string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("id: " + id + "\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: " + require + "\n")}
	}
	one, two := fstest.MapFS{"p.yaml": file("a", "'true'")}, fstest.MapFS{"p.yaml": file("b", "'true'")}
	s, err := policy.Load(options(), one, two)
	require.NoError(t, err)
	var ids []string
	for p := range s.Policies() {
		ids = append(ids, p.ID)
	}
	assert.Equal(t, []string{"a", "b"}, ids)

	_, err = policy.Load(options(), one, one)
	require.ErrorContains(t, err, "a", "the same policy in two packs")
	_, err = policy.Load(options())
	require.ErrorContains(t, err, "missing packs")
	_, err = policy.Load(options(), one, fstest.MapFS{})
	require.Error(t, err, "an empty pack beside one that is not")
	_, err = policy.Load(options(), fstest.MapFS{"p.yaml": file("a", "config.nothing")}, fstest.MapFS{"q.yaml": file("b", "config.neither")})
	require.ErrorContains(t, err, "p.yaml:5:")
	require.ErrorContains(t, err, "q.yaml:5:", "the problems of every pack at once")
}
