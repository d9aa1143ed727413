package secret_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

func TestFilter(t *testing.T) {
	config := parse(t, `{"UserData":"run","ImageId":"ami-1"}`)
	tags := map[string]string{"password": "hunter2"}
	given := &asset.Asset{Ref: asset.Ref{Type: "AWS::EC2::Instance", ID: "i"}, Config: config, Tags: tags}

	f := &secret.Filter{Redactor: &secret.Redactor{Key: []byte("k")}}
	o, err := f.Pass(given)
	require.NoError(t, err)
	got := o.(*asset.Asset)
	assert.NotSame(t, given, got)
	assert.Equal(t, config, given.Config, "the given asset does not change")
	assert.Equal(t, map[string]string{"password": "hunter2"}, given.Tags)
	kept, ok := got.Config.Get("UserData").Redacted()
	assert.True(t, ok, "the catalogue says that it is one")
	assert.NotEmpty(t, kept.Hash)
	assert.Equal(t, "ami-1", text(t, got.Config.Get("ImageId")))
	assert.Contains(t, got.Tags["password"], "[redacted by=password hash=")
	assert.True(t, secret.Passed(got))

	again, err := new(secret.Filter).Pass(got)
	require.NoError(t, err)
	assert.Same(t, got, again, "the second Filter has nothing to do")

	// A copy of the struct does not take the mark of the documents with it.
	copied := *got
	copied.Config = config
	o, err = new(secret.Filter).Pass(&copied)
	require.NoError(t, err)
	assert.NotContains(t, o.(*asset.Asset).Config.String(), "run")

	for _, o := range []asset.Observation{nil, (*asset.Asset)(nil), &asset.Gap{}, &asset.Coverage{}, &asset.Asset{}} {
		passed, err := f.Pass(o)
		require.NoError(t, err)
		assert.True(t, o == passed)
	}
}

func TestFilterTakesSchemas(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {"config": {"A:s": "s", "B": "s"}}}`))
	require.NoError(t, err)
	asked := 0
	f := &secret.Filter{Schemas: func(typ asset.Type) (*asset.Schema, bool) {
		asked++
		return schemas[0], typ == "T"
	}}
	for _, typ := range []asset.Type{"T", "T", "U", "U"} {
		o, err := f.Pass(&asset.Asset{Ref: asset.Ref{Type: typ}, Config: parse(t, `{"A":"x","B":"y"}`)})
		require.NoError(t, err)
		_, redacted := o.(*asset.Asset).Config.Get("A").Redacted()
		assert.Equal(t, typ == "T", redacted)
	}
	assert.Equal(t, 2, asked, "once for each type")
}

func text(t *testing.T, v asset.Value) string {
	t.Helper()
	s, err := v.Str()
	require.NoError(t, err)
	return s
}
