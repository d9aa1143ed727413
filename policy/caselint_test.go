package policy_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// TestCasesFitTheSchemas reports what no asset can have at its place in the file.
func TestCasesFitTheSchemas(t *testing.T) {
	const head = "id: a\ntitle: A\nseverity: low\ntype: Test::Bucket\nrequire: config.?public.orValue(false)\ntests:\n"
	for _, tt := range []struct {
		name, cases string
		want        []string // diagnostics begin so
	}{
		{"everything fits", "  - {name: x, want: pass, config: {name: n, rules: [{port: 1}], labels: {any: thing}, any: [1, {a: b}]}, status: {ready: true}, access: {Statement: [{Effect: Deny}]}}\n", nil},
		{"null and unread fit", "  - {name: x, want: pass, config: {public: null}, unread: [config.rules, status]}\n", nil},
		{"misspelled", "  - name: x\n    want: pass\n    config:\n      public: true\n      publik: true\n",
			[]string{`p.yaml:11:7: test "x": config.publik: unknown field; did you mean 'public'?`}},
		{"misspelled beyond help", "  - {name: x, want: pass, config: {quux: true}}\n", []string{`p.yaml:7:36: test "x": config.quux: unknown field`}},
		{"wrong type", "  - {name: x, want: pass, config: {public: 'yes'}}\n", []string{`p.yaml:7:36: test "x": config.public: is a string, want a boolean`}},
		{"deep", "  - {name: x, want: pass, config: {rules: [{port: 1}, {prot: 1}]}}\n", []string{`p.yaml:7:56: test "x": config.rules[*].prot: unknown field; did you mean 'port'?`}},
		{"a document as a whole", "  - {name: x, want: pass, config: [1]}\n", []string{`p.yaml:7:27: test "x": config: is a list, want an object`}},
		{"status and access", "  - {name: x, want: pass, status: {redy: true}, access: {statement: []}}\n", []string{
			`p.yaml:7:36: test "x": status.redy: unknown field; did you mean 'ready'?`,
			`p.yaml:7:58: test "x": access.statement: unknown field; did you mean 'Statement'?`}},
		{"an unread part", "  - name: x\n    want: pass\n    unread: [config.publik]\n", []string{`p.yaml:7:5: test "x": config.publik: unknown field`}},
		{"related", "  - name: x\n    want: pass\n    related:\n      - {type: Test::Log, id: l, config: {on: true}}\n      - {type: Test::Key, id: k, config: {rotate: true}}\n", []string{
			`p.yaml:11:43: test "x": config.rotate: unknown field; did you mean 'rotated'?`}},
		{"related, unknown type", "  - name: x\n    want: pass\n    related: [{type: Test::Kye, id: k}]\n", []string{`p.yaml:9:16: test "x": unknown type 'Test::Kye'`}},
		{"unknown type", "  - {name: x, want: pass, asset: {type: Test::Buckte}}\n", []string{`p.yaml:7:5: test "x": unknown type 'Test::Buckte'; did you mean 'Test::Bucket'?`}},
		{"unknown type of a gap", "  - {name: x, want: pass, gaps: [{type: Test::Kye}, {type: ''}]}\n", []string{`p.yaml:7:35: test "x": unknown type 'Test::Kye'`}},
		{"unknown type of coverage", "  - {name: x, want: pass, coverage: [{type: Test::Key, state: complete}, {type: Test::Kye, state: complete}]}\n", []string{`p.yaml:7:75: test "x": unknown type 'Test::Kye'`}},
		{"relation", "  - {name: x, want: pass, asset: {links: [{rel: encripted_by, type: Test::Key, id: k}]}}\n", []string{`p.yaml:7:5: test "x": unknown relation 'encripted_by' of Test::Bucket; did you mean 'encrypted_by'?`}},
		{"relation to another type", "  - name: x\n    want: pass\n    related:\n      - type: Test::Log\n        id: l\n        links: [{rel: logs, type: Test::Key, id: k}]\n", []string{
			`p.yaml:12:9: test "x": relation 'logs' of Test::Log never leads to Test::Key`}},
		{"each case for itself", "  - {name: x, want: pass, config: {publik: 1}}\n  - {name: y, want: pass, config: {publik: 1}}\n", []string{`p.yaml:7:36: test "x": `, `p.yaml:8:36: test "y": `}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(head + tt.cases)}})
			if tt.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			lines := strings.Split(err.Error(), "\n")
			require.Len(t, lines, len(tt.want), err.Error())
			for i, want := range tt.want {
				assert.True(t, strings.HasPrefix(lines[i], want), "got  %s\nwant %s", lines[i], want)
			}
			var d *policy.Diagnostic
			assert.True(t, errors.As(err, &d))
		})
	}
}

// TestCasesInGoFitTheSchemas does so for policies without a file, and not for types that
// are declared as dynamic.
func TestCasesInGoFitTheSchemas(t *testing.T) {
	config, err := asset.Of(map[string]any{"publik": true})
	require.NoError(t, err)
	p := &policy.Policy{ID: "p", Title: "T", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{"Test::Bucket", "Test::New"}, Require: "dyn(config).?public.orValue(true)"}},
		Tests:  []policy.Case{{Name: "x", Asset: &asset.Asset{Ref: asset.Ref{Type: "Test::Bucket"}, Config: config}}},
	}
	opts := options()
	opts.Dynamic = []asset.Type{"Test::New"}
	_, err = policy.NewSet(opts, p)
	assert.EqualError(t, err, `policy p: test "x": config.publik: unknown field; did you mean 'public'?`)
	p.Tests[0].Asset.Type = "Test::New"
	_, err = policy.NewSet(opts, p)
	assert.NoError(t, err)
}
