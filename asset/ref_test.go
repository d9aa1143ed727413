package asset_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestParseRef(t *testing.T) {
	const (
		bucket  = asset.Type("AWS::S3::Bucket")
		account = asset.Type("Microsoft.Storage/storageAccounts")
		vm      = asset.Type("compute.googleapis.com/Instance")
	)
	for _, c := range []struct {
		typ      asset.Type
		id, want string
	}{
		{bucket, "arn:aws:s3:::Logs", "arn:aws:s3:::Logs"},
		{bucket, "logs", "logs"},
		{"Stance::AWS::Account", "123456789012", "123456789012"},
		{account, "/subscriptions/ABC/resourceGroups/RG/providers/Microsoft.Storage/storageAccounts/Data", "/subscriptions/abc/resourcegroups/rg/providers/microsoft.storage/storageaccounts/data"},
		{account, "/SUBSCRIPTIONS/abc/", "/subscriptions/abc"},
		{account, "https://management.azure.com/subscriptions/abc/resourcegroups/rg?api-version=2024-01-01", "/subscriptions/abc/resourcegroups/rg"},
		{"Microsoft.Authorization/roleDefinitions", "/providers/Microsoft.Authorization/roleDefinitions/8E3A", "/providers/microsoft.authorization/roledefinitions/8e3a"},
		{vm, "//compute.googleapis.com/projects/p/zones/z/instances/i", "//compute.googleapis.com/projects/p/zones/z/instances/i"},
		{vm, "https://www.googleapis.com/compute/v1/projects/p/zones/z/instances/i", "//compute.googleapis.com/projects/p/zones/z/instances/i"},
		{vm, "https://compute.googleapis.com/compute/beta/projects/p/zones/z/instances/i", "//compute.googleapis.com/projects/p/zones/z/instances/i"},
		{vm, "projects/p/zones/z/instances/i", "//compute.googleapis.com/projects/p/zones/z/instances/i"},
		{"container.googleapis.com/Cluster", "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c", "//container.googleapis.com/projects/p/locations/l/clusters/c"},
		{"storage.googleapis.com/Bucket", "https://www.googleapis.com/storage/v1/b/logs", "//storage.googleapis.com/logs"},
		{"bigquery.googleapis.com/Dataset", "https://bigquery.googleapis.com/bigquery/v2/projects/p/datasets/d", "//bigquery.googleapis.com/projects/p/datasets/d"},
		{"sqladmin.googleapis.com/Instance", "https://sqladmin.googleapis.com/sql/v1beta4/projects/p/instances/i", "//cloudsql.googleapis.com/projects/p/instances/i"},
		{"iam.googleapis.com/Role", "roles/viewer", "//iam.googleapis.com/roles/viewer"},
		{"k8s/Pod", "default/Web", "default/Web"},
	} {
		ref, err := asset.ParseRef(c.typ, c.id)
		require.NoError(t, err, c.id)
		assert.Equal(t, asset.Ref{Type: c.typ, ID: c.want}, ref)
		again, err := asset.ParseRef(c.typ, ref.ID)
		require.NoError(t, err, c.id)
		assert.Equal(t, ref, again, "a canonical id stays as it is")
	}
}

func TestParseRefRefuses(t *testing.T) {
	for _, c := range []struct {
		typ  asset.Type
		id   string
		what string
	}{
		{"", "x", "no type"},
		{"AWS::S3 ::Bucket", "x", "malformed type"},
		{"\x7f.googleapis.com/Bucket", "x", "malformed type"},
		{"\u0085.googleapis.com/Bucket", "x", "malformed type"},
		{"AWS::S3::Bucket", "", "empty id"},
		{"AWS::S3::Bucket", strings.Repeat("x", 8193), "id too long"},
		{"AWS::S3::Bucket", "a\x00b", "control character"},
		{"AWS::S3::Bucket", "a\xffb", "invalid UTF-8"},
		{"AWS::S3::Bucket", "arn:aws:s3", "not an ARN"},
		{"Microsoft.Storage/storageAccounts", "data", "not an Azure resource id"},
		{"Microsoft.Storage/storageAccounts", "/", "not an Azure resource id"},
		{"Microsoft.Storage/storageAccounts", "https://example.com/subscriptions/a", "not an Azure resource id"},
		{"compute.googleapis.com/Instance", "https://example.com/compute/v1/projects/p", "not a link to a Google API"},
		{"compute.googleapis.com/Instance", "//www.googleapis.com///v1", "not a link to a Google API"},
		{"compute.googleapis.com/Instance", "https://www.googleapis.com/v1/x/v1", "not a link to a Google API"},
		{"compute.googleapis.com/Instance", "//", "not a Google Cloud resource name"},
		{"compute.googleapis.com/Instance", "//compute.googleapis.com/", "not a Google Cloud resource name"},
	} {
		_, err := asset.ParseRef(c.typ, c.id)
		assert.ErrorContains(t, err, c.what, "%s %.40q", c.typ, c.id)
	}
}

func TestFoldType(t *testing.T) {
	assert.Equal(t, asset.FoldType("microsoft.storage/StorageAccounts"), asset.FoldType("Microsoft.Storage/storageAccounts"))
	assert.Equal(t, asset.Type("AWS::S3::Bucket"), asset.FoldType("AWS::S3::Bucket"))
	assert.Equal(t, asset.Type("compute.googleapis.com/Instance"), asset.FoldType("compute.googleapis.com/Instance"))
}

func FuzzParseRef(f *testing.F) {
	f.Add("AWS::IAM::Role", "arn:aws:iam::1:role/r")
	f.Add("Microsoft.Compute/virtualMachines", "/subscriptions/A/resourceGroups/İ")
	f.Add("compute.googleapis.com/Instance", "https://www.googleapis.com/compute/v1/projects/p")
	f.Add("storage.googleapis.com/Bucket", "https://www.googleapis.com/storage/v1/b//v1/x")
	f.Fuzz(func(t *testing.T, typ, id string) {
		ref, err := asset.ParseRef(asset.Type(typ), id)
		if err != nil {
			assert.True(t, ref.IsZero(), "no ref beside an error")
			return
		}
		again, err := asset.ParseRef(ref.Type, ref.ID)
		require.NoError(t, err)
		assert.Equal(t, ref, again)
	})
}

// Google writes the name of one network in several forms.
func TestFormsOfOneGoogleName(t *testing.T) {
	for _, form := range []string{
		"//compute.googleapis.com/projects/p/global/networks/v",
		"https://www.googleapis.com/compute/v1/projects/p/global/networks/v",
		"https://www.googleapis.com/compute/beta/projects/p/global/networks/v",
		"https://www.googleapis.com/compute/alpha/projects/p/global/networks/v",
		"https://compute.googleapis.com/compute/v1/projects/p/global/networks/v",
		"https://compute.googleapis.com/compute/beta/projects/p/global/networks/v",
		"http://www.googleapis.com/compute/v1/projects/p/global/networks/v",
		"//www.googleapis.com/compute/v1/projects/p/global/networks/v",
		"projects/p/global/networks/v",
		"/projects/p/global/networks/v",
	} {
		ref, err := asset.ParseRef("compute.googleapis.com/Network", form)
		require.NoError(t, err, form)
		assert.Equal(t, "//compute.googleapis.com/projects/p/global/networks/v", ref.ID, form)
	}
	upper, err := asset.ParseRef("compute.googleapis.com/Network", "projects/p/global/networks/V")
	require.NoError(t, err)
	assert.Equal(t, "//compute.googleapis.com/projects/p/global/networks/V", upper.ID, "Google compares case")
}
