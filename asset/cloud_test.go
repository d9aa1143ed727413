package asset_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestTypesOfClouds(t *testing.T) {
	for _, c := range []struct {
		typ               asset.Type
		provider, service string
		folded            asset.Type // "" for the type itself
		id, want          string     // as a cloud spells it, and canonical
	}{
		{"AWS::S3::Bucket", "aws", "S3", "", "arn:aws:s3:::Logs", "arn:aws:s3:::Logs"},
		{"Stance::AWS::Account", "aws", "AWS", "", "111122223333", "111122223333"},
		{"Alexa::ASK::Skill", "aws", "ASK", "", "Skill", "Skill"},

		{"Microsoft.Storage/storageAccounts", "azure", "Storage", "microsoft.storage/storageaccounts", "/subscriptions/ABC", "/subscriptions/abc"},
		{"microsoft.storage/StorageAccounts", "azure", "storage", "microsoft.storage/storageaccounts", "/subscriptions/ABC/", "/subscriptions/abc"},
		{"Microsoft.Storage/storageAccounts/blobServices", "azure", "Storage", "microsoft.storage/storageaccounts/blobservices", "/subscriptions/ABC?x=1", "/subscriptions/abc"},
		{"NewRelic.Observability/monitors", "azure", "Observability", "newrelic.observability/monitors", "/subscriptions/ABC", "/subscriptions/abc"},
		{"newrelic.observability/monitors", "azure", "observability", "", "/subscriptions/ABC", "/subscriptions/abc"},
		{"Confluent.Kafka/organizations", "azure", "Kafka", "confluent.kafka/organizations", "/subscriptions/ABC", "/subscriptions/abc"},
		{"MongoDB.Atlas/organizations", "azure", "Atlas", "mongodb.atlas/organizations", "/subscriptions/ABC", "/subscriptions/abc"},
		{"Stance::Entra::User", "azure", "Entra", "stance::entra::user", "8E3A", "8E3A"},

		{"storage.googleapis.com/Bucket", "gcp", "storage", "", "https://www.googleapis.com/storage/v1/b/Logs", "//storage.googleapis.com/Logs"},
		{"compute.googleapis.com/Instance", "gcp", "compute", "", "projects/p/zones/z/instances/I", "//compute.googleapis.com/projects/p/zones/z/instances/I"},

		{"rbac.authorization.k8s.io/ClusterRole", "kubernetes", "rbac.authorization", "", "Admin", "Admin"},
		{"networking.k8s.io/NetworkPolicy", "kubernetes", "networking", "", "default/Deny", "default/Deny"},
		{"gateway.networking.k8s.io/Gateway", "kubernetes", "gateway.networking", "", "default/G", "default/G"},
		{"cluster.x-k8s.io/Machine", "kubernetes", "cluster", "", "default/M", "default/M"},
		{"core/Pod", "kubernetes", "core", "", "default/Web", "default/Web"},
		{"apps/Deployment", "kubernetes", "apps", "", "default/Web", "default/Web"},
		{"batch/CronJob", "kubernetes", "batch", "", "default/Nightly", "default/Nightly"},

		{"cert-manager.io/Certificate", "", "", "", "default/Web", "default/Web"},
		{"mongodb.com/MongoDB", "", "", "", "default/DB", "default/DB"},
		{"github.com/Repository", "", "", "", "Org/Repo", "Org/Repo"},
		{"Acme.Widgets/gadgets", "", "", "", "A/B", "A/B"},
		{"Acme::Rocket::Engine", "", "", "", "Merlin", "Merlin"},
		{"T", "", "", "", "X", "X"},
		{"", "", "", "", "", ""},
		{"AWS::", "", "", "", "X", "X"},
		{"AWS::S3", "", "", "", "X", "X"},
		{"AWS::S3::", "", "", "", "X", "X"},
		{"aws::s3::bucket", "", "", "", "X", "X"},
		{"Microsoft.Storage", "", "", "", "X", "X"},
		{"Microsoft./x", "", "", "", "X", "X"},
		{"Microsoft.Storage/", "", "", "", "X", "X"},
		{"storage.googleapis.com/", "", "", "", "X", "X"},
		{".googleapis.com/Bucket", "", "", "", "X", "X"},
		{"a/storage.googleapis.com/Bucket", "", "", "", "X", "X"},
		{"storage.googleapis.com.example.org/Bucket", "", "", "", "X", "X"},
		{".k8s.io/Pod", "", "", "", "X", "X"},
	} {
		assert.Equal(t, c.provider, c.typ.Provider(), c.typ)
		assert.Equal(t, c.service, c.typ.Service(), c.typ)
		if c.folded == "" {
			c.folded = c.typ
		}
		assert.Equal(t, c.folded, asset.FoldType(c.typ))
		assert.Equal(t, c.folded, asset.FoldType(c.folded), "%s: folded again", c.typ)
		assert.Equal(t, c.provider, c.folded.Provider(), "%s: folded", c.typ)
		if c.typ == "" {
			continue
		}
		ref, err := asset.ParseRef(c.typ, c.id)
		require.NoError(t, err, c.typ)
		assert.Equal(t, asset.Ref{Type: c.typ, ID: c.want}, ref)
	}
}

func TestCloudsOfTheCaller(t *testing.T) {
	clouds := asset.Clouds{
		{Name: "acme", Types: []string{"Acme::{*}::*", "{*}.acme.dev/*"}, AnyCase: true,
			ID: func(typ asset.Type, id string) (string, error) {
				name, ok := strings.CutPrefix(strings.ToLower(id), "acme:")
				if !ok {
					return "", errors.New("not an id of Acme")
				}
				return "acme:" + name, nil
			}},
		{Name: "kubernetes", Types: []string{"{cert-manager}.io/*"}},
		{Name: "own", Types: []string{"AWS::{Own}::*", "One", "{Two}", "Open*"}},
	}
	for typ, want := range map[asset.Type][2]string{
		"Acme::Rocket::Engine":        {"acme", "Rocket"},
		"ACME::rocket::engine":        {"acme", "rocket"},
		"parts.Acme.dev/Bolt":         {"acme", "parts"},
		"cert-manager.io/Certificate": {"kubernetes", "cert-manager"},
		"AWS::Own::Thing":             {"own", "Own"},
		"One":                         {"own", ""},
		"OneMore":                     {"", ""},
		"Two":                         {"own", "Two"},
		"Two/x":                       {"", ""},
		"Opener":                      {"own", ""},
		"Open":                        {"", ""},
		"AWS::S3::Bucket":             {"aws", "S3"},
		"core/Pod":                    {"kubernetes", "core"},
		"Other":                       {"", ""},
	} {
		assert.Equal(t, want, [2]string{clouds.Provider(typ), clouds.Service(typ)}, typ)
	}
	assert.Equal(t, asset.Type("acme::rocket::engine"), clouds.FoldType("Acme::Rocket::Engine"))
	assert.Equal(t, asset.Type("cert-manager.io/Certificate"), clouds.FoldType("cert-manager.io/Certificate"))

	ref, err := clouds.ParseRef("Acme::Rocket::Engine", "ACME:Merlin")
	require.NoError(t, err)
	assert.Equal(t, "acme:merlin", ref.ID)
	_, err = clouds.ParseRef("Acme::Rocket::Engine", "merlin")
	assert.EqualError(t, err, `parse ref of Acme::Rocket::Engine: not an id of Acme: "merlin"`)
	ref, err = clouds.ParseRef("AWS::Own::Thing", "arn:short")
	require.NoError(t, err, "the caller's row precedes the built-in one")
	assert.Equal(t, "arn:short", ref.ID)
	_, err = clouds.ParseRef("AWS::S3::Bucket", "arn:short")
	assert.ErrorContains(t, err, "not an ARN")
}

func TestMalformedPatternsMatchThemselvesAlone(t *testing.T) {
	for _, pattern := range []string{"", "{", "}", "{}", "a{b", "a}b", "{*}"} {
		clouds := asset.Clouds{{Name: "x", Types: []string{pattern}}}
		for _, typ := range []asset.Type{"", "{", "a", "a{b", "a/b"} {
			assert.NotPanics(t, func() { clouds.Provider(typ) }, "%q of %q", pattern, typ)
		}
	}
}

func TestBuiltinCloudsAreTheCallers(t *testing.T) {
	for _, row := range asset.BuiltinClouds() {
		row.Types[0] = "changed"
	}
	assert.Equal(t, "aws", asset.Type("AWS::S3::Bucket").Provider())
	var names []string
	for _, row := range asset.BuiltinClouds() {
		names = append(names, row.Name)
	}
	assert.Subset(t, names, []string{"aws", "azure", "gcp", "kubernetes"})
}

func BenchmarkTypeProvider(b *testing.B) {
	for _, typ := range []asset.Type{"AWS::EC2::Instance", "Microsoft.Storage/storageAccounts", "compute.googleapis.com/Instance", "core/Pod", "Acme::Rocket::Engine"} {
		b.Run(strings.ReplaceAll(string(typ), "/", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				typ.Provider()
			}
		})
	}
}

func ExampleClouds() {
	clouds := asset.Clouds{{Name: "acme", Types: []string{"Acme::{*}::*"}}}
	for _, t := range []asset.Type{"Acme::Rocket::Engine", "AWS::S3::Bucket", "rbac.authorization.k8s.io/Role"} {
		fmt.Println(clouds.Provider(t), clouds.Service(t))
	}
	// Output:
	// acme Rocket
	// aws S3
	// kubernetes rbac.authorization
}

func TestSpell(t *testing.T) {
	schema := func(t asset.Type) (*asset.Schema, bool) {
		if strings.EqualFold(string(t), "Microsoft.KeyVault/vaults") {
			return &asset.Schema{Type: "Microsoft.KeyVault/vaults"}, true
		}
		return &asset.Schema{Type: "AWS::S3::Bucket"}, strings.EqualFold(string(t), "AWS::S3::Bucket")
	}
	for given, want := range map[asset.Type]asset.Type{
		"microsoft.keyvault/VAULTS": "Microsoft.KeyVault/vaults",
		"Microsoft.KeyVault/vaults": "Microsoft.KeyVault/vaults",
		"microsoft.Other/things":    "microsoft.Other/things",
		"aws::s3::bucket":           "aws::s3::bucket",
		"":                          "",
	} {
		assert.Equal(t, want, asset.Clouds(nil).Spell(given, schema))
	}
	assert.True(t, asset.Clouds(nil).AnyCase("MICROSOFT.Web/sites"))
	assert.False(t, asset.Clouds(nil).AnyCase("storage.googleapis.com/Bucket"))
}
