package policy_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func TestLookups(t *testing.T) {
	file := func(id, require string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("id: " + id + "\ntitle: t\nseverity: low\nnoDismissal: true\ntype: AWS::S3::Bucket\nrequire: " + require + "\n")}
	}
	set, err := policy.Load(nil, fstest.MapFS{
		"alone.yaml":   file("alone", "config.?BucketName.orValue('') != ''"),
		"related.yaml": file("related", "follow('encrypted_by', 'AWS::KMS::Key').all(k, k.config.?Enabled.orValue(false)) && assets('AWS::CloudTrail::Trail').size() > 0"),
	})
	require.NoError(t, err)
	for id, want := range map[string][]asset.Type{"alone": nil, "related": {"AWS::CloudTrail::Trail", "AWS::KMS::Key"}} {
		p, ok := set.Policy(id)
		require.True(t, ok)
		assert.True(t, p.NoDismissal)
		types, complete := p.Lookups()
		assert.True(t, complete, id)
		assert.Equal(t, want, types, id)
	}
	_, complete := new(policy.Policy).Lookups()
	assert.False(t, complete, "a policy that is not from a set")

	_, err = policy.Load(nil, fstest.MapFS{"p.yaml": {Data: []byte("id: p\ntitle: t\nseverity: low\nnoDismissal: maybe\ntype: AWS::S3::Bucket\nrequire: 'true'\n")}})
	assert.ErrorContains(t, err, "want true or false")
}
