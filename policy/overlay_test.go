package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func overlay(t testing.TB, text string) (*policy.Overlay, error) {
	t.Helper()
	return policy.ReadOverlay(fstest.MapFS{"site.yaml": {Data: []byte(text)}}, "site.yaml")
}

// sitePolicies are policies to adapt.
func sitePolicies() []*policy.Policy {
	make := func(id string, s policy.Severity, t asset.Type, controls, labels []string) *policy.Policy {
		return &policy.Policy{
			ID: id, Title: id, Severity: s, Controls: controls, Labels: labels, PreviousIDs: []string{"old-" + id},
			Params: []policy.Param{{Name: "size", Type: policy.IntParam, Default: 10}, {Name: "names", Type: policy.StringsParam, Default: []string{"x"}}},
			Checks: []policy.Check{{Types: []asset.Type{t}, Require: "params.size > 5 && 'x' in params.names"}},
		}
	}
	return []*policy.Policy{
		make("aws-s3-a", policy.High, "AWS::S3::Bucket", []string{"cis-aws-5.0/2.1.1"}, []string{"storage"}),
		make("aws-s3-b", policy.Low, "AWS::S3::Bucket", []string{"cis-aws-5.0/2.1.10"}, nil),
		make("az-storage-a", policy.Medium, "Microsoft.Storage/storageAccounts", nil, []string{"storage"}),
		make("gcp-bucket-a", policy.Critical, "storage.googleapis.com/Bucket", nil, []string{"storage"}),
	}
}

func TestOverlaySelects(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "{}", []string{"aws-s3-a", "aws-s3-b", "az-storage-a", "gcp-bucket-a"}},
		{"id", "only: [{id: aws-s3-a}]", []string{"aws-s3-a"}},
		{"earlier id", "only: [{id: old-aws-s3-a}]", []string{"aws-s3-a"}},
		{"pattern", "only: [{id: 'a*-a'}]", []string{"aws-s3-a", "az-storage-a"}},
		{"severity and above", "only: [{severity: high}]", []string{"aws-s3-a", "gcp-bucket-a"}},
		{"control", "only: [{control: cis-aws-5.0/2.1.1}]", []string{"aws-s3-a"}},
		{"standard", "only: [{control: cis-aws-5.0}]", []string{"aws-s3-a", "aws-s3-b"}},
		{"label", "only: [{label: storage}]", []string{"aws-s3-a", "az-storage-a", "gcp-bucket-a"}},
		{"service", "only: [{service: storage}]", []string{"az-storage-a", "gcp-bucket-a"}},
		{"service of AWS", "only: [{service: s3}]", []string{"aws-s3-a", "aws-s3-b"}},
		{"provider", "only: [{provider: gcp}]", []string{"gcp-bucket-a"}},
		{"all of a selector", "only: [{service: s3, severity: high}]", []string{"aws-s3-a"}},
		{"any of selectors", "only: [{provider: gcp}, {provider: azure}]", []string{"az-storage-a", "gcp-bucket-a"}},
		{"without", "without: [{service: s3}]", []string{"az-storage-a", "gcp-bucket-a"}},
		{"both", "only: [{label: storage}]\nwithout: [{provider: aws}]", []string{"az-storage-a", "gcp-bucket-a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := overlay(t, tt.text)
			require.NoError(t, err)
			s, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{o}}, sitePolicies()...)
			require.NoError(t, err)
			var ids []string
			for p := range s.Policies() {
				ids = append(ids, p.ID)
			}
			assert.Equal(t, tt.want, ids)
		})
	}
}

func TestSelectorsReadTheTableOfClouds(t *testing.T) {
	types := []asset.Type{
		"AWS::S3::Bucket", "Microsoft.Storage/storageAccounts", "NewRelic.Observability/monitors", "storage.googleapis.com/Bucket",
		"rbac.authorization.k8s.io/Role", "core/Pod", "Acme::Storage::Box", "Other",
	}
	var policies []*policy.Policy
	for i, typ := range types {
		policies = append(policies, &policy.Policy{
			ID: fmt.Sprintf("p%d", i), Title: "t", Severity: policy.Low, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: "true"}}})
	}
	for _, row := range []struct {
		selector policy.Selector
		want     []asset.Type
		builtin  bool // whether the built-in table says the same
	}{
		{policy.Selector{Provider: "azure"}, types[1:3], true},
		{policy.Selector{Provider: "kubernetes"}, types[4:6], true},
		{policy.Selector{Service: "Observability"}, types[2:3], true},
		{policy.Selector{Service: "rbac.authorization"}, types[4:5], true},
		{policy.Selector{Service: "Core"}, types[5:6], true},
		{policy.Selector{Provider: "acme"}, types[6:7], false},
		{policy.Selector{Service: "storage"}, []asset.Type{types[1], types[3], types[6]}, false},
	} {
		opts := &policy.Options{
			Dynamic:  types,
			Clouds:   asset.Clouds{{Name: "acme", Types: []string{"Acme::{*}::*"}}},
			Overlays: []*policy.Overlay{{Only: []policy.Selector{row.selector}}},
		}
		set, err := policy.NewSet(opts, policies...)
		require.NoError(t, err)
		assert.ElementsMatch(t, row.want, set.Types(), "%+v", row.selector)
		for _, p := range policies {
			if row.builtin {
				assert.Equal(t, slices.Contains(row.want, p.Checks[0].Types[0]), row.selector.Matches(p), "%+v %s", row.selector, p.Checks[0].Types)
			}
		}
	}
}

// A gap in all types of a provider concerns policies about its types, and those about
// types of which no table knows the provider.
func TestGapOfAProvider(t *testing.T) {
	types := []asset.Type{"AWS::S3::Bucket", "Acme::Storage::Box", "Other"}
	var policies []*policy.Policy
	for i, typ := range types {
		policies = append(policies, &policy.Policy{ID: fmt.Sprintf("p%d", i), Title: "t", Severity: policy.Low, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: "true"}}})
	}
	opts := &policy.Options{Dynamic: types, Clouds: asset.Clouds{{Name: "acme", Types: []string{"Acme::{*}::*"}}}}
	set, err := policy.NewSet(opts, policies...)
	require.NoError(t, err)
	inv := &asset.Inventory{}
	inv.Add(&asset.Gap{Scope: asset.Scope{Provider: "acme"}, Cause: asset.Unread{Code: "Denied"}})
	var concerned []string
	for _, f := range evaluate(t, set, inv) {
		if f.Subject.Kind() == policy.OfGap {
			concerned = append(concerned, f.Policy.ID)
		}
	}
	assert.ElementsMatch(t, []string{"p1", "p2"}, concerned)
}

func TestOverlayAdapts(t *testing.T) {
	o, err := overlay(t, `
severity: {old-aws-s3-a: low}
params:
  aws-s3-a: {size: 3}
  aws-s3-b: {names: [y]}
exceptions:
  - {policies: [aws-s3-a], assets: ["arn:aws:s3:::web*"], tags: {env: "dev*"}, owner: web, reason: a website, until: 2026-03-01}
`)
	require.NoError(t, err)
	day := time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)
	s, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{o}, Now: func() time.Time { return day }}, sitePolicies()[:2]...)
	require.NoError(t, err)
	p, _ := s.Policy("aws-s3-a")
	assert.Equal(t, policy.Low, p.Severity)
	inv := &asset.Inventory{}
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::web1"}, Tags: map[string]string{"env": "development"}})
	inv.Add(&asset.Asset{Ref: asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::web2"}, Tags: map[string]string{"env": "prod"}})
	got := map[string]string{}
	for _, f := range evaluate(t, s, inv) {
		accepted := ""
		if f.Exception != nil {
			accepted = " accepted by " + f.Exception.Owner
		}
		got[f.Policy.ID+" "+f.Asset().ID] = f.Status.String() + accepted
	}
	assert.Equal(t, map[string]string{
		"aws-s3-a arn:aws:s3:::web1": "fail accepted by web",
		"aws-s3-a arn:aws:s3:::web2": "fail",
		"aws-s3-b arn:aws:s3:::web1": "fail",
		"aws-s3-b arn:aws:s3:::web2": "fail",
	}, got, "an accepted finding stays failed, to the end of the day")
}

func TestOverlayFaults(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "onyl: []", `site.yaml:1:1: unknown key "onyl"`},
		{"empty selector", "only: [{}]", "site.yaml:1:8: empty selector"},
		{"severity", "severity: {aws-s3-a: worst}", "site.yaml:1:22: unknown severity"},
		{"no owner", "exceptions:\n  - {policies: [aws-s3-a], reason: r, until: 2026-01-01}", "site.yaml:2:5: exception: missing owner"},
		{"no end", "exceptions:\n  - {policies: [aws-s3-a], reason: r, owner: o}", "missing end date"},
		{"bad end", "exceptions:\n  - {policies: [aws-s3-a], reason: r, owner: o, until: soon}", `invalid time "soon"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := overlay(t, tt.text)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	for _, tt := range []struct{ name, text, want string }{
		{"severity of no policy", "severity:\n  aws-s3-z: low", `site.yaml:2:3: unknown policy "aws-s3-z"`},
		{"params of no policy", "params:\n  aws-s3-z: {a: 1}", `site.yaml:2:3: unknown policy "aws-s3-z"`},
		{"no such param", "params:\n  aws-s3-a: {a: 1}", `site.yaml:2:3: unknown parameter "a" of policy "aws-s3-a" (has size, names)`},
		{"param of another type", "params:\n  aws-s3-a: {size: large}", "a string, not an integer"},
		{"exception of no policy", "exceptions:\n  - {policies: [aws-s3-z], reason: r, owner: o, until: 2026-01-01}", `site.yaml:2:5: unknown policy "aws-s3-z"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := overlay(t, tt.text)
			require.NoError(t, err)
			_, err = policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{o}}, sitePolicies()...)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	o, err := overlay(t, "only: [{provider: gcp}]\nseverity: {aws-s3-a: low}")
	require.NoError(t, err)
	_, err = policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{o}}, sitePolicies()...)
	assert.NoError(t, err, "a policy that was left out may be adapted")
}

func FuzzReadOverlay(f *testing.F) {
	f.Add("only: [{id: 'a*'}]\nexceptions: [{policies: [a], owner: o, reason: r, until: 2026-01-01, tags: {a: b}}]")
	f.Add("params: {a: {b: [1, x]}}\nseverity: {a: low}")
	f.Fuzz(func(t *testing.T, text string) {
		o, err := overlay(t, text)
		if (o == nil) && err == nil {
			t.Fatal("nothing and no error")
		}
	})
}
