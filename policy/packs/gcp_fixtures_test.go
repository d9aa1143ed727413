package packs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

// gcpRules are constraints by their template and name. Several policies are each for
// another type of asset.
var gcpRules = map[string]rule{
	"GCPCMEKSettingsConstraintV1/cmek_rotation_no_params":                                   {policies: []string{"gcp-kms-rotation-90"}, params: map[string]any{"maxAgeDays": 365}},
	"GCPCMEKSettingsConstraintV1/cmek_rotation_one_year":                                    {policies: []string{"gcp-kms-rotation-90"}, params: map[string]any{"maxAgeDays": 365}},
	"GCPComputeExternalIpAccessConstraintV2/forbid_external_api_allowlist":                  {policies: []string{"gcp-vm-no-public-ip"}, exempt: "instances"},
	"GCPComputeExternalIpAccessConstraintV2/forbid_external_api_denylist":                   {policies: []string{"gcp-vm-no-public-ip"}},
	"GCPComputeExternalIpAccessConstraintV2/forbid_external_ip_allowlist_all":               {policies: []string{"gcp-vm-no-public-ip"}, exempt: "instances"},
	"GCPComputeExternalIpAccessConstraintV2/forbid_external_ip_default":                     {policies: []string{"gcp-vm-no-public-ip"}},
	"GCPComputeExternalIpAccessConstraintV2/forbid_external_ip_denylist_all":                {policies: []string{"gcp-vm-no-public-ip"}},
	"GCPGKEEnablePrivateEndpointConstraintV1/gke_enable_private_endpoint":                   {policies: []string{"gcp-gke-api-restricted"}},
	"GCPIAMAllowedBindingsConstraintV3/denylist_all_users":                                  {policies: []string{"gcp-iam-no-public-members", "gcp-bucket-not-public", "gcp-bq-dataset-not-public"}},
	"GCPIAMAllowedBindingsConstraintV3/denylist_serviceaccount_user":                        {policies: []string{"gcp-iam-no-project-sa-user"}},
	"GCPNetworkEnableFlowLogsConstraintV1/enable_network_flow_logs":                         {policies: []string{"gcp-subnet-flow-logs"}},
	"GCPRestrictedFirewallRulesConstraintV1/restrict-firewall-rule-tcp-ports-6001":          {policies: []string{"gcp-fw-no-public-ssh"}, params: map[string]any{"ports": []int64{6001}}},
	"GCPRestrictedFirewallRulesConstraintV1/restrict-firewall-rules-tcp-all-ports":          {policies: []string{"gcp-fw-no-public-any"}},
	"GCPRestrictedFirewallRulesConstraintV1/restrict-firewall-rules-udp-ports-1000-to-6000": {policies: []string{"gcp-fw-no-public-ssh"}, params: map[string]any{"ports": []int64{2000, 2100}}},
	"GCPSQLSSLConstraintV1/require_sql_ssl":                                                 {policies: []string{"gcp-sql-require-ssl"}},
	"GCPStorageBucketWorldReadableConstraintV1/require_storage_iam":                         {policies: []string{"gcp-bucket-not-public"}},
	"GCPStorageBucketWorldReadableConstraintV1/require_storage_iam_empty_exemption":         {policies: []string{"gcp-bucket-not-public"}, exempt: "exemptions"},
	"GCPStorageBucketWorldReadableConstraintV1/require_storage_iam_multiple_exemption":      {policies: []string{"gcp-bucket-not-public"}, exempt: "exemptions"},
	"GCPStorageBucketWorldReadableConstraintV1/require_storage_iam_one_exemption":           {policies: []string{"gcp-bucket-not-public"}, exempt: "exemptions"},
}

// gcpDifferences are the reasons why a policy deliberately judges otherwise, with the
// cases; internal/docs/verdicts.md has them too.
var gcpDifferences = map[string][]string{
	"the constraint also asks for an algorithm, a purpose and a level of protection": {
		"cai/cmek_settings/one_year/assets#1",
		"cai/cmek_settings/one_year/assets#2",
		"cai/cmek_settings/one_year/assets#3",
	},
	"the constraint looks at outgoing rules as well, which let nobody in": {
		"cai/restricted_firewall_rules/protocol_and_port/basic/denylist/sources#11",
	},
	"the constraint forbids the machines that it lists only, and lists others or none": {
		"cai/vm_external_ip/forbid_external_ip_default/assets#1",
		"cai/vm_external_ip/forbid_external_ip_default/assets#2",
		"cai/vm_external_ip/forbid_external_ip_denylist/assets#2",
	},
}

// TestGCPVerdicts compares verdicts on recorded assets of Cloud Asset Inventory with
// those of the constraints that they were written for.
func TestGCPVerdicts(t *testing.T) {
	all, err := policy.Read(packs.GCP())
	require.NoError(t, err)
	cases := func(yield func(string, fixtures.Case) bool) {
		for c := range fixtures.Cases(t, "posture", "gcp-cai") {
			name := c.Rule.ID + "/" + c.Rule.Name
			if _, ok := gcpRules[name]; !ok {
				continue
			}
			typ := readGCP(t, c.Input)[0].Type
			about := func(p *policy.Policy) bool {
				return slices.Contains(gcpRules[name].policies, p.ID) &&
					slices.ContainsFunc(p.Checks, func(c policy.Check) bool { return slices.Contains(c.Types, typ) })
			}
			// The constraint is about assets of other types, too.
			if slices.ContainsFunc(all, about) && !yield(name, c) {
				return
			}
		}
	}
	comparison{packs.GCP(), gcpRules, gcpDifferences, cases, readGCP, false}.run(t)
}

// readGCP makes an asset of what Cloud Asset Inventory answers for one. A content that
// a case does not have counts as read. What lies above the asset is left out, since no
// case has it.
func readGCP(t *testing.T, input json.RawMessage) []*asset.Asset {
	t.Helper()
	var in struct {
		Name      string
		AssetType asset.Type `json:"asset_type"`
		Resource  struct{ Data json.RawMessage }
		IAMPolicy json.RawMessage `json:"iam_policy"`
	}
	require.NoError(t, json.Unmarshal(input, &in))
	a := &asset.Asset{
		Ref: asset.Ref{Type: in.AssetType, ID: in.Name}, Name: in.Name[strings.LastIndexByte(in.Name, '/')+1:],
		Scope: asset.Scope{Provider: "gcp", Account: "project"},
	}
	s, ok := catalog.Schema(a.Type)
	require.True(t, ok, a.Type)
	document := func(data json.RawMessage, shape *asset.Shape) asset.Value {
		if len(data) == 0 {
			return asset.Value{}
		}
		v, err := asset.Parse(data)
		require.NoError(t, err)
		return shape.Conform(v)
	}
	a.Config, a.Access = document(in.Resource.Data, s.Config), document(in.IAMPolicy, s.Access)
	return []*asset.Asset{a}
}
