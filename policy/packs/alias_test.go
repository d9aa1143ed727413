package packs_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// Older versions of APIs name some settings otherwise.
func TestSettingsUnderOlderNames(t *testing.T) {
	const arm = "/subscriptions/s/resourceGroups/g/providers/"
	const tde = `"links": [{"rel": "parent", "type": "Microsoft.Sql/servers/databases", "id": "` + arm + `Microsoft.Sql/servers/d/databases/x"}]`
	for _, c := range []struct{ policy, typ, id, config, more, want string }{
		{"az-cosmos-network-and-rbac", "Microsoft.DocumentDB/databaseAccounts", arm + "Microsoft.DocumentDB/databaseAccounts/x", `{"properties": {"IpRangeFilter": "203.0.113.0/24,198.51.100.7", "disableLocalAuth": true}}`, "", "pass"},
		{"az-cosmos-network-and-rbac", "Microsoft.DocumentDB/databaseAccounts", arm + "Microsoft.DocumentDB/databaseAccounts/x", `{"properties": {"ipRangeFilter": "0.0.0.0/0", "disableLocalAuth": true}}`, "", "fail"},
		{"az-cosmos-network-and-rbac", "Microsoft.DocumentDB/databaseAccounts", arm + "Microsoft.DocumentDB/databaseAccounts/x", `{"properties": {"ipRangeFilter": "", "disableLocalAuth": true}}`, "", "fail"},
		{"az-aks-api-restricted", "Microsoft.ContainerService/managedClusters", arm + "Microsoft.ContainerService/managedClusters/x", `{"properties": {"apiServerAuthorizedIPRanges": ["203.0.113.0/24"]}}`, "", "pass"},
		{"az-aks-api-restricted", "Microsoft.ContainerService/managedClusters", arm + "Microsoft.ContainerService/managedClusters/x", `{"properties": {"apiServerAuthorizedIPRanges": ["0.0.0.0/0"]}}`, "", "fail"},
		{"az-sql-tde", "Microsoft.Sql/servers/databases", arm + "Microsoft.Sql/servers/d/databases/x", `{"name": "x", "properties": {}}`,
			`{"asset": {"provider": "azure", "account": "s", "type": "Microsoft.Sql/servers/databases/transparentDataEncryption", "id": "` + arm + `Microsoft.Sql/servers/d/databases/x/transparentDataEncryption/current", "config": {"properties": {"status": "enabled"}}, ` + tde + `}}`, "pass"},
		{"gcp-bucket-uniform-access", "storage.googleapis.com/Bucket", "//storage.googleapis.com/x", `{"iamConfiguration": {"bucketPolicyOnly": {"enabled": true}}}`, "", "pass"},
		{"gcp-bucket-uniform-access", "storage.googleapis.com/Bucket", "//storage.googleapis.com/x", `{"iamConfiguration": {"bucketPolicyOnly": {"enabled": true}, "uniformBucketLevelAccess": {"enabled": false}}}`, "", "fail"},
	} {
		cloud, assets := "azure", 1
		if c.typ == "storage.googleapis.com/Bucket" {
			cloud = "gcp"
		}
		if c.more != "" {
			c.more += "\n"
			assets = 2
		}
		text := fmt.Sprintf(`{"stance": "snapshot", "version": 1, "created": "2026-11-30T12:00:00Z"}
{"defaults": {"parents": [], "links": [], "access": null}}
{"coverage": {"provider": "azure", "account": "s", "type": "Microsoft.Sql/servers/databases/transparentDataEncryption", "state": "complete"}}
{"asset": {"provider": %q, "account": "s", "type": %q, "id": %q, "name": "x", "config": %s}}
%s{"end": {"assets": %d, "gaps": 0, "coverage": 1}}
`, cloud, c.typ, c.id, c.config, c.more, assets)
		inv, err := provider.Collect(t.Context(), provider.Query{}, snapshot.Bytes([]byte(text), nil))
		require.NoError(t, err, c.config)
		pack := packs.Azure()
		if cloud == "gcp" {
			pack = packs.GCP()
		}
		set, err := policy.Load(&policy.Options{Overlays: []*policy.Overlay{{Only: []policy.Selector{{ID: c.policy}}}}}, pack)
		require.NoError(t, err)
		got := ""
		for f, err := range set.Evaluate(t.Context(), inv) {
			require.NoError(t, err)
			if f.Asset() != nil && f.Policy.ID == c.policy {
				got = f.Status.String()
			}
		}
		assert.Equal(t, c.want, got, "%s of %s", c.policy, c.config)
	}
}
