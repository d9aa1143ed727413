package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
)

func TestPreChecks(t *testing.T) {
	const head = "id: p\ntitle: T\nseverity: low\ntype: AWS::S3::Bucket\nrequire: 'true'\nremediation:\n  class: safe\n  prechecks:\n"
	load := func(checks string) (*policy.Set, error) {
		return policy.Load(nil, fstest.MapFS{"p.yaml": {Data: []byte(head + checks)}})
	}

	set, err := load("    - {id: no-website, text: No website is served, kind: computed}\n    - {id: asked, text: The owner agrees, kind: attested}\n")
	require.NoError(t, err)
	p, _ := set.Policy("p")
	assert.Equal(t, []policy.PreCheck{
		{ID: "no-website", Text: "No website is served", Kind: policy.Computed},
		{ID: "asked", Text: "The owner agrees", Kind: policy.Attested},
	}, p.Remediation.PreChecks)

	for _, tt := range []struct{ checks, want string }{
		{"    - {id: A b, text: T, kind: computed}", `p.yaml:9:12: invalid id "A b" of a pre-check`},
		{"    - {id: a, text: T, kind: computed}\n    - {id: a, text: T, kind: computed}", `p.yaml:10:12: duplicate pre-check "a"`},
		{"    - {id: a, text: T, kind: sure}", `p.yaml:9:30: invalid kind "sure" of a pre-check (want computed or attested)`},
		{"    - {text: T, kind: computed}", `p.yaml:9:7: missing id of a pre-check`},
		{"    - {id: a, text: T}", `p.yaml:9:7: missing kind of a pre-check`},
		{"    - {id: a, kind: computed}", `p.yaml:9:7: missing text of a pre-check`},
		{"    - {id: a, text: T, kind: computed, by: x}", `p.yaml:9:40: unknown key "by"`},
		{"    - No website is served", `p.yaml:9:7: want a mapping`},
	} {
		_, err := load(tt.checks)
		if assert.Error(t, err, tt.checks) {
			assert.Contains(t, strings.ReplaceAll(err.Error(), "\n", " "), tt.want, tt.checks)
		}
	}
}
