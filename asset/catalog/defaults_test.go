package catalog_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

// TestDefaults holds the defaults to where they are documented: for AWS the reference of
// CloudFormation's resources, for Azure that of Azure Resource Manager's templates, for
// Google Cloud that of the REST resource.
func TestDefaults(t *testing.T) {
	const allBlocked = `{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}`
	want := []struct {
		Type    asset.Type
		Path    string // of the object
		Name    string
		Default string
	}{
		{"AWS::EC2::SecurityGroup", "config", "SecurityGroupEgress", `[{"IpProtocol":"-1","CidrIp":"0.0.0.0/0"}]`},
		{"AWS::EKS::Cluster", "config.ResourcesVpcConfig", "EndpointPublicAccess", `true`},
		{"AWS::EKS::Cluster", "config.ResourcesVpcConfig", "PublicAccessCidrs", `["0.0.0.0/0"]`},
		{"AWS::RDS::DBInstance", "config", "AutoMinorVersionUpgrade", `true`},
		{"AWS::S3::Bucket", "config", "PublicAccessBlockConfiguration", allBlocked}, // of buckets made since April 2023
		{"Microsoft.KeyVault/vaults", "config.properties", "enableSoftDelete", `true`},
		{"Microsoft.Storage/storageAccounts", "config.properties", "allowBlobPublicAccess", `false`},
		{"Microsoft.Storage/storageAccounts", "config.properties", "allowCrossTenantReplication", `false`}, // since December 2023
		{"Microsoft.Storage/storageAccounts", "config.properties", "allowSharedKeyAccess", `true`},
		{"Microsoft.Storage/storageAccounts", "config.properties", "supportsHttpsTrafficOnly", `true`}, // since API version 2019-04-01
		{"compute.googleapis.com/Firewall", "config", "direction", `"INGRESS"`},
		{"compute.googleapis.com/Firewall", "config", "disabled", `false`},
	}
	var named []string
	for _, w := range want {
		s, ok := catalog.Schema(w.Type)
		require.True(t, ok, w.Type)
		name, rest := asset.Path(w.Path).Document()
		object, err := s.Document(name).At(rest)
		require.NoError(t, err)
		f, ok := object.Field(w.Name)
		require.True(t, ok, "%s %s.%s", w.Type, w.Path, w.Name)
		assert.Equal(t, w.Default, f.Default.String(), "%s %s.%s", w.Type, w.Path, w.Name)
		named = append(named, string(w.Type)+" "+w.Name)
	}

	var found []string
	for typ := range catalog.Types() {
		s, _ := catalog.Schema(typ)
		for _, doc := range []*asset.Shape{s.Config, s.Status, s.Access} {
			walk(doc, map[*asset.Shape]bool{}, func(o *asset.Shape) {
				for _, f := range o.Fields {
					if f.Default.IsAbsent() {
						continue
					}
					found = append(found, string(typ)+" "+f.Name)
					wrapped, err := asset.Of(map[string]any{f.Name: f.Default})
					require.NoError(t, err)
					one := &asset.Schema{Config: &asset.Shape{Kind: asset.ObjectShape, Fields: []asset.Field{f}}}
					assert.Empty(t, asset.Lint(&asset.Asset{Config: wrapped}, one), "the default of %s %s does not fit", typ, f.Name)
				}
			})
		}
	}
	slices.SortFunc(named, strings.Compare)
	slices.SortFunc(found, strings.Compare)
	assert.Equal(t, named, found, "each default is in the table above")
}
