package provider_test

import (
	"context"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/providertest"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const planted = "hunter2-of-the-planted-secret"

// careless yields an instance and does not redact it.
func careless(t *testing.T) scripted {
	t.Helper()
	of := func(x any) asset.Value {
		v, err := asset.Of(x)
		require.NoError(t, err)
		return v
	}
	a := &asset.Asset{
		Ref:    asset.Ref{Type: "AWS::EC2::Instance", ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"},
		Scope:  asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"},
		Config: of(map[string]any{"UserData": planted, "ImageId": "ami-1"}),
		Status: of(map[string]any{"Log": "password=" + planted}),
		Access: of([]string{"https://user:" + planted + "@example.com"}),
		Tags:   map[string]string{"db-password": planted},
	}
	return scripted{"careless", func(_ context.Context, yield func(asset.Observation, error) bool) { yield(a, nil) }}
}

// only returns the one asset of an inventory, of which nothing planted is readable.
func only(t *testing.T, inv *asset.Inventory) *asset.Asset {
	t.Helper()
	require.Equal(t, 1, inv.Len())
	for a := range inv.All() {
		assert.True(t, secret.Passed(a))
		for name, doc := range a.Documents() {
			assert.NotContains(t, doc.Block(), planted, name)
		}
		for k, v := range a.Tags {
			assert.NotContains(t, v, planted, k)
		}
		return a
	}
	return nil
}

func hashOf(t *testing.T, a *asset.Asset) string {
	t.Helper()
	kept, ok := a.Config.Get("UserData").Redacted()
	require.True(t, ok)
	return kept.Hash
}

func TestCollectRedacts(t *testing.T) {
	p := careless(t)
	inv, err := provider.Collect(t.Context(), provider.Query{}, p)
	require.NoError(t, err)
	a := only(t, inv)
	assert.Empty(t, hashOf(t, a))
	assert.Equal(t, `{"ImageId":"ami-1","UserData":"[redacted]"}`, a.Config.String())

	key := provider.Query{Redactor: &secret.Redactor{Key: []byte("k")}}
	inv, err = provider.Collect(t.Context(), key, p)
	require.NoError(t, err)
	keyed := only(t, inv)
	assert.NotEmpty(t, hashOf(t, keyed))

	// An asset that a Redactor has passed is taken as it is.
	again, err := provider.Collect(t.Context(), key, &providertest.Static{Source: "static", Observations: []asset.Observation{a}})
	require.NoError(t, err)
	assert.Same(t, a, only(t, again))

	// Without a schema the place makes no secret.
	none := provider.Query{Schemas: func(asset.Type) (*asset.Schema, bool) { return nil, false }}
	inv, err = provider.Collect(t.Context(), none, p)
	require.NoError(t, err)
	a, ok := inv.Get(a.Ref)
	require.True(t, ok)
	assert.Equal(t, `{"ImageId":"ami-1","UserData":"`+planted+`"}`, a.Config.String())
	assert.NotContains(t, a.Status.String(), planted)
}

// Documents that a wrapper replaces, and tags that it sets, have not passed.
func TestCollectRedactsWhatAWrapperChanges(t *testing.T) {
	inv, err := provider.Collect(t.Context(), provider.Query{}, careless(t))
	require.NoError(t, err)
	a := only(t, inv)
	p := scripted{"wrapper", func(_ context.Context, yield func(asset.Observation, error) bool) {
		b := *a
		if err := b.SetPath("config.BlockDeviceMappings", a.Config); err != nil {
			yield(nil, err)
			return
		}
		if err := b.SetPath("config.UserData", mustOf(t, planted)); err != nil {
			yield(nil, err)
			return
		}
		b.Tags = map[string]string{"token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"}
		yield(&b, nil)
	}}
	inv, err = provider.Collect(t.Context(), provider.Query{}, p)
	require.NoError(t, err)
	assert.Equal(t, "[redacted by=github-token,password]", only(t, inv).Tags["token"])
}

func mustOf(t *testing.T, x any) asset.Value {
	t.Helper()
	v, err := asset.Of(x)
	require.NoError(t, err)
	return v
}

func TestGetRedacts(t *testing.T) {
	p := careless(t)
	ref := asset.Ref{Type: "AWS::EC2::Instance", ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}
	a, err := provider.Get(t.Context(), p, ref)
	require.NoError(t, err)
	assert.Equal(t, `{"ImageId":"ami-1","UserData":"[redacted]"}`, a.Config.String())

	a, err = provider.Get(t.Context(), getter{p}, ref)
	require.NoError(t, err)
	assert.Equal(t, `{"UserData":"[redacted]"}`, a.Config.String())
}

type getter struct{ provider.Provider }

func (getter) Get(_ context.Context, ref asset.Ref) (*asset.Asset, error) {
	config, err := asset.Of(map[string]any{"UserData": planted})
	return &asset.Asset{Ref: ref, Config: config}, err
}

// A Redactor that was given to the provider itself is the one that counts.
func TestCollectKeepsTheRedactorOfAProvider(t *testing.T) {
	const text = `{"stance":"snapshot","version":1}
{"asset":{"type":"AWS::EC2::Instance","id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-1","provider":"aws","config":{"UserData":"` + planted + `"}}}
{"end":{"assets":1,"gaps":0,"coverage":0}}
`
	a, b := &secret.Redactor{Key: []byte("a")}, &secret.Redactor{Key: []byte("b")}
	collect := func(own, asked *secret.Redactor) string {
		p := snapshot.Bytes([]byte(text), &snapshot.Options{Redactor: own})
		inv, err := provider.Collect(t.Context(), provider.Query{Redactor: asked}, p)
		require.NoError(t, err)
		return hashOf(t, only(t, inv))
	}
	assert.Empty(t, collect(nil, nil))
	assert.NotEqual(t, collect(a, nil), collect(b, nil))
	assert.Equal(t, collect(a, nil), collect(nil, a))
	assert.Equal(t, collect(a, nil), collect(a, b))
	for own, want := range map[*secret.Redactor]string{a: collect(a, nil), nil: ""} {
		p := snapshot.Bytes([]byte(text), &snapshot.Options{Redactor: own})
		got, err := provider.Get(t.Context(), p, asset.Ref{Type: "AWS::EC2::Instance", ID: "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"})
		require.NoError(t, err)
		assert.Equal(t, want, hashOf(t, got))
	}
}
