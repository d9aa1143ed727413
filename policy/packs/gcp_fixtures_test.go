package packs_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/internal/fixtures"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

// gcpRule are the policies that ask what a constraint asks, one for each type of asset.
type gcpRule struct {
	policies []string
	params   map[string]any
	exempt   string // the parameter of the constraint that lists the assets it leaves out
}

// gcpRules are constraints by their template and name.
var gcpRules = map[string]gcpRule{
	"GCPCMEKSettingsConstraintV1/cmek_rotation_no_params":                                   {policies: []string{"gcp-kms-rotation-90"}, params: map[string]any{"maxDays": 365}},
	"GCPCMEKSettingsConstraintV1/cmek_rotation_one_year":                                    {policies: []string{"gcp-kms-rotation-90"}, params: map[string]any{"maxDays": 365}},
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
	reasons := map[string]string{}
	for reason, cases := range gcpDifferences {
		for _, id := range cases {
			reasons[id] = reason
		}
	}
	n, different := 0, 0
	used := map[string]bool{}
	for c := range fixtures.Cases(t, "posture", "gcp-cai") {
		name := c.Rule.ID + "/" + c.Rule.Name
		rule, ok := gcpRules[name]
		if !ok {
			continue
		}
		a := readGCP(t, c.Input)
		p, ok := rule.policy(all, a.Type)
		if !ok {
			continue // the constraint is about assets of other types too
		}
		n++
		used[name] = true
		reason, differs := reasons[c.ID]
		if differs {
			different++
		}
		t.Run(c.ID, func(t *testing.T) {
			got := rule.judge(t, p, a, c.Rule.Parameters)
			if differs {
				assert.NotEqual(t, c.Expected.Verdict, got, "no longer differs: %s", reason)
			} else {
				assert.Equal(t, c.Expected.Verdict, got, "%s\n%s", c.Rule.Parameters, c.Input)
			}
		})
	}
	t.Logf("%d cases, %d deliberate differences", n, different)
	assert.Equal(t, len(reasons), different, "a difference is of no case")
	for name := range gcpRules {
		assert.Contains(t, used, name, "a rule has no case")
	}
}

// The page for readers has every difference with its reason.
func TestGCPDifferencesAreWritten(t *testing.T) {
	page, err := os.ReadFile("../../internal/docs/verdicts.md")
	require.NoError(t, err)
	for reason, cases := range gcpDifferences {
		assert.Contains(t, string(page), reason)
		for _, id := range cases {
			assert.Contains(t, string(page), "`"+id+"`")
		}
	}
}

// policy returns the one that is about assets of a type.
func (r gcpRule) policy(all []*policy.Policy, typ asset.Type) (*policy.Policy, bool) {
	i := slices.IndexFunc(all, func(p *policy.Policy) bool {
		return slices.Contains(r.policies, p.ID) && slices.ContainsFunc(p.Checks, func(c policy.Check) bool { return slices.Contains(c.Types, typ) })
	})
	if i < 0 {
		return nil, false
	}
	return all[i], true
}

// judge returns "fail" if the policy fails for the asset and nothing exempts it, "unknown"
// if it is, else "pass".
func (r gcpRule) judge(t *testing.T, p *policy.Policy, a *asset.Asset, parameters json.RawMessage) string {
	t.Helper()
	site := &policy.Overlay{Params: map[string]map[string]any{}}
	if r.params != nil {
		site.Params[p.ID] = r.params
	}
	if exempt := r.exemptions(t, parameters); len(exempt) > 0 {
		site.Exceptions = []policy.Exception{{
			Policies: []string{p.ID}, Assets: exempt,
			Owner: "the constraint", Reason: "its parameters", Until: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		}}
	}
	set, err := policy.NewSet(&policy.Options{Overlays: []*policy.Overlay{site}}, p)
	require.NoError(t, err)
	var inv asset.Inventory
	inv.Add(a)
	for _, typ := range set.Types() {
		inv.Add(&asset.Coverage{Scope: a.Scope, Type: typ, State: asset.Complete})
	}
	verdict := ""
	for f, err := range set.Evaluate(t.Context(), &inv) {
		require.NoError(t, err)
		if f.Policy.ID != p.ID {
			continue // says that an exception is of no use
		}
		t.Log(f.Status, f.Message, f.Err)
		switch {
		case f.Status == policy.Fail && f.Exception == nil:
			verdict = "fail"
		case f.Status == policy.Unknown:
			verdict = "unknown"
		default:
			verdict = "pass"
		}
	}
	return verdict
}

func (r gcpRule) exemptions(t *testing.T, parameters json.RawMessage) []string {
	t.Helper()
	if r.exempt == "" || len(parameters) == 0 {
		return nil
	}
	var all map[string]any
	require.NoError(t, json.Unmarshal(parameters, &all))
	list, _ := all[r.exempt].([]any)
	var patterns []string
	for _, x := range list {
		patterns = append(patterns, strings.ReplaceAll(x.(string), ".*", "*"))
	}
	return patterns
}

// readGCP makes an asset of what Cloud Asset Inventory answers for one. A content that
// a case does not have counts as read. What lies above the asset is left out, since no
// case has it.
func readGCP(t *testing.T, input json.RawMessage) *asset.Asset {
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
	return a
}
