package policy_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const yamlHead = "id: p\ntitle: T\nseverity: low\ntype: Test::Bucket\nrequire: 'true'\n"

// Merge keys stand for members that the reader of a file does not see.
func TestMergeKeysAreRefused(t *testing.T) {
	const merge = "merge key << is not supported"
	for name, tail := range map[string]string{
		"policy":  "<<: {rationale: x}\n",
		"config":  "tests: [{name: a, want: pass, config: {a: &a {name: x}, b: {<<: *a}}}]\n",
		"list":    "tests: [{name: a, want: pass, config: {a: &a {name: x}, b: {<<: [*a]}}}]\n",
		"status":  "tests: [{name: a, want: pass, status: {<<: {name: x}}}]\n",
		"access":  "tests: [{name: a, want: pass, access: {<<: {name: x}}}]\n",
		"params":  "params: {n: {type: int, default: 1}}\ntests: [{name: a, want: pass, params: {<<: {n: 2}}}]\n",
		"tags":    "tests: [{name: a, want: pass, asset: {tags: {<<: {a: b}}}}]\n",
		"a case":  "tests: [{name: a, want: pass, <<: {config: {}}}]\n",
		"related": "tests: [{name: a, want: pass, related: [{<<: {type: Test::Key, id: k}}]}]\n",
		"let":     "let: {<<: {a: '1'}}\n",
		"declare": "params: {<<: {n: {type: int, default: 1}}}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Load(options(), fstest.MapFS{"p.yaml": {Data: []byte(yamlHead + tail)}})
			require.ErrorContains(t, err, merge)
		})
	}
	for name, overlay := range map[string]string{
		"severities": "severity: {<<: {p: low}}\n",
		"params":     "params: {p: {<<: {n: 1}}}\n",
	} {
		t.Run("overlay "+name, func(t *testing.T) {
			_, err := policy.ReadOverlay(fstest.MapFS{"o.yaml": {Data: []byte(overlay)}}, "o.yaml")
			require.ErrorContains(t, err, merge)
		})
	}
}

// Account ids are digits, and may begin with zeros.
func TestAccountIDsKeepTheirText(t *testing.T) {
	file := yamlHead + `params: {id: {type: string, default: 012345678901}, ids: {type: list(string), default: [000000000017, 123456789012]}}
tests:
  - name: a
    want: pass
    params: {id: 023456701234, ids: [012345670123, 123456789012]}
    asset: {account: 012345678901, tags: {owner: 012345678901}}
    config: {any: [012345678901, 012345670123, 0, 17, 0.5, "012"]}
    related: [{type: Test::Key, id: 012345678901, account: 012345678901}]
    gaps: [{type: Test::Log, account: 012345670123, code: x}]
`
	policies, err := policy.Read(fstest.MapFS{"p.yaml": {Data: []byte(file)}})
	require.NoError(t, err)
	p := policies[0]
	assert.Equal(t, "012345678901", p.Params[0].Default)
	assert.Equal(t, []string{"000000000017", "123456789012"}, p.Params[1].Default)
	c := p.Tests[0]
	assert.Equal(t, map[string]any{"id": "023456701234", "ids": []string{"012345670123", "123456789012"}}, c.Params)
	assert.Equal(t, "012345678901", c.Asset.Account)
	assert.Equal(t, map[string]string{"owner": "012345678901"}, c.Asset.Tags)
	assert.Equal(t, `{"any":["012345678901","012345670123",0,17,0.5,"012"]}`, c.Asset.Config.String())
	require.Len(t, c.Related, 2)
	assert.Equal(t, "012345678901", c.Related[0].(*asset.Asset).ID)
	assert.Equal(t, "012345670123", c.Related[1].(*asset.Gap).Scope.Account)
}

func TestAccountIDsOfOverlays(t *testing.T) {
	p := &policy.Policy{
		ID: "p", Title: "T", Severity: policy.Low,
		Params: []policy.Param{{Name: "ids", Type: policy.StringsParam, Default: []string{}}, {Name: "n", Type: policy.IntParam, Default: 1}},
		Checks: []policy.Check{{Types: []asset.Type{"Test::Bucket"}, Require: "params.ids == ['012345670123', '123456789012']"}},
	}
	load := func(text string) (*policy.Set, error) {
		o, err := policy.ReadOverlay(fstest.MapFS{"o.yaml": {Data: []byte(text)}}, "o.yaml")
		require.NoError(t, err)
		opts := options()
		opts.Overlays = []*policy.Overlay{o}
		return policy.NewSet(opts, p)
	}
	s, err := load("params: {p: {ids: [012345670123, 123456789012]}}\n")
	require.NoError(t, err)
	assert.Equal(t, policy.Pass.String(), verdict(t, s, bucket(t, `{}`)).Status.String())
	_, err = load("params: {p: {n: 012}}\n")
	require.ErrorContains(t, err, `parameter "n"`, "a number with a leading zero is no integer")
	_, err = load("params: {p: {ids: [1.5]}}\n")
	require.ErrorContains(t, err, `parameter "ids"`)
}
