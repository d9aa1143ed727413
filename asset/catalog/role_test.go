package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
)

func TestOperationsOfReads(t *testing.T) {
	names := func(reads map[asset.Type][]asset.Path) []string {
		var all []string
		for _, o := range catalog.Operations(reads, nil) {
			all = append(all, o.Name)
		}
		return all
	}
	assert.Equal(t, []string{"s3:GetBucketLocation", "s3:GetBucketVersioning", "s3:ListBuckets"},
		names(map[asset.Type][]asset.Path{"AWS::S3::Bucket": {"config.VersioningConfiguration.Status"}}))
	assert.Contains(t, names(map[asset.Type][]asset.Path{"AWS::S3::Bucket": {"config"}}), "s3:GetBucketEncryption", "a whole document")
	assert.Equal(t, []string{"s3:GetBucketLocation", "s3:ListBuckets"}, names(map[asset.Type][]asset.Path{"AWS::S3::Bucket": {}}), "only that there are any")
	assert.Empty(t, names(map[asset.Type][]asset.Path{"No::Such::Type": {"config"}}))
}

func TestRole(t *testing.T) {
	reads := map[asset.Type][]asset.Path{
		"AWS::S3::Bucket":                             {"config.PublicAccessBlockConfiguration"},
		"Microsoft.Storage/storageAccounts":           {"config.properties"},
		"Stance::Entra::User":                         {"status.isMfaRegistered"},
		"storage.googleapis.com/Bucket":               {"access"},
		"cloudresourcemanager.googleapis.com/Project": {},
	}
	aws, err := catalog.Role("aws", "stance", reads, nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Sid": "StanceRead", "Effect": "Allow",
		"Action": ["s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock", "s3:ListAllMyBuckets"], "Resource": "*"}]}`, string(aws))

	azure, err := catalog.Role("azure", "stance", reads, nil)
	require.NoError(t, err)
	var role struct {
		Name, Description string
		Actions           []string
	}
	require.NoError(t, json.Unmarshal(azure, &role))
	assert.Equal(t, []string{"Microsoft.Storage/storageAccounts/read"}, role.Actions)
	assert.Contains(t, role.Description, "AuditLog.Read.All")

	gcp, err := catalog.Role("gcp", "stance", reads, nil)
	require.NoError(t, err)
	assert.Contains(t, string(gcp), `"cloudasset.assets.listIamPolicy"`)
	assert.Contains(t, string(gcp), `"serviceusage.services.use"`)
	assert.NotContains(t, string(gcp), "s3:")

	_, err = catalog.Role("oracle", "stance", reads, nil)
	assert.Error(t, err)
}

func TestOperationsOfCallersSchemas(t *testing.T) {
	schemas, err := asset.ParseSchemas([]byte(`{"T": {"provider": "aws", "operations": [{"name": "t:List"}]}}`))
	require.NoError(t, err)
	reads := map[asset.Type][]asset.Path{"T": {"config"}, "AWS::S3::Bucket": {"config"}}
	opts := &catalog.Options{Schemas: func(typ asset.Type) (*asset.Schema, bool) { return schemas[0], typ == "T" }}
	assert.Equal(t, []asset.Operation{{Name: "t:List", Permissions: []string{"t:List"}}}, catalog.Operations(reads, opts))
	role, err := catalog.Role("aws", "stance", reads, opts)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Sid": "StanceRead", "Effect": "Allow", "Action": ["t:List"], "Resource": "*"}]}`, string(role),
		"the schema names the provider")
	assert.Equal(t, catalog.Operations(reads, nil), catalog.Operations(reads, &catalog.Options{}), "nil is the catalogue")
}
