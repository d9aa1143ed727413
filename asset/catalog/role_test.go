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
		for _, o := range catalog.Operations(reads) {
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
	aws, err := catalog.Role("aws", "stance", reads)
	require.NoError(t, err)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [{"Sid": "StanceRead", "Effect": "Allow",
		"Action": ["s3:GetBucketLocation", "s3:GetBucketPublicAccessBlock", "s3:ListAllMyBuckets"], "Resource": "*"}]}`, string(aws))

	azure, err := catalog.Role("azure", "stance", reads)
	require.NoError(t, err)
	var role struct {
		Name, Description string
		Actions           []string
	}
	require.NoError(t, json.Unmarshal(azure, &role))
	assert.Equal(t, []string{"Microsoft.Storage/storageAccounts/read"}, role.Actions)
	assert.Contains(t, role.Description, "AuditLog.Read.All")

	gcp, err := catalog.Role("gcp", "stance", reads)
	require.NoError(t, err)
	assert.Contains(t, string(gcp), `"cloudasset.assets.listIamPolicy"`)
	assert.Contains(t, string(gcp), `"serviceusage.services.use"`)
	assert.NotContains(t, string(gcp), "s3:")

	_, err = catalog.Role("oracle", "stance", reads)
	assert.Error(t, err)
}
