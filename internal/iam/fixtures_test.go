package iam

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/fixtures"
)

func TestEvaluateArsenal(t *testing.T) {
	// Arsenal takes a field that is empty in the policy for any value; IAM does not.
	differs := map[string]Decision{"arn:scality:utapi:::buckets/mine": ImplicitlyDenied}
	for c := range fixtures.Cases(t, "iam", "arsenal") {
		t.Run(c.ID, func(t *testing.T) {
			var in struct {
				IdentityPolicies []asset.Value `json:"identityPolicies"`
				Request          struct {
					Action, Principal string
					Context           map[string]any
					Resource          struct{ Resource string }
				}
			}
			require.NoError(t, json.Unmarshal(c.Input, &in))
			r := Request{Action: in.Request.Action, Resource: in.Request.Resource.Resource, Context: map[string][]string{}}
			for k, v := range in.Request.Context {
				switch v := v.(type) {
				case string:
					r.Context[k] = []string{v}
				case []any:
					for _, x := range v {
						r.Context[k] = append(r.Context[k], x.(string))
					}
				default:
					require.Fail(t, "context of another kind")
				}
			}
			got, err := Evaluate(in.IdentityPolicies, asset.Value{}, r)
			require.NoError(t, err)
			for resource, want := range differs {
				if strings.Contains(string(c.Input), resource) {
					require.Equal(t, "Allowed", c.Expected.Verdict)
					assert.Equal(t, want, got)
					return
				}
			}
			if c.Expected.Verdict == "Denied" { // not said which
				assert.NotEqual(t, Allowed, got)
				return
			}
			assert.Equal(t, c.Expected.Verdict, got.String())
		})
	}
}

// ours are our names for the methods of the other tool.
var ours = map[string]string{
	"AttachUserPolicy":                                    "AttachUserPolicy",
	"ECSExecuteCommandOnRunningTask":                      "ExecuteCommandInTask",
	"PassExistingRoleToCloudFormation":                    "PassRoleToStack",
	"PassExistingRoleToNewAppRunnerService":               "PassRoleToAppRunner",
	"PassExistingRoleToNewCodeBuildProjectThenBuild":      "PassRoleToBuild",
	"PassExistingRoleToNewCodeBuildProjectThenBuildBatch": "PassRoleToBuildBatch",
	"PassExistingRoleToNewDataPipeline":                   "PassRoleToDataPipeline",
	"PassExistingRoleToNewECSClusterServiceTask":          "PassRoleToECSService",
	"PassExistingRoleToNewECSService":                     "PassRoleToECSService",
	"PassExistingRoleToNewECSTaskViaStartTask":            "PassRoleToTaskStarted",
	"PassExistingRoleToNewGlueDevEndpoint":                "PassRoleToGlueDevEndpoint",
	"PassExistingRoleToNewSageMakerProcessingJob":         "PassRoleToProcessingJob",
	"PassExistingRoleToNewSageMakerTrainingJob":           "PassRoleToTrainingJob",
}

func TestEscalationsFixtures(t *testing.T) {
	for c := range fixtures.Cases(t, "iam", "privilege-escalation") {
		t.Run(c.ID, func(t *testing.T) {
			var in struct {
				Attachments map[string][]string
				Policies    map[string]asset.Value
				Statement   json.RawMessage
			}
			require.NoError(t, json.Unmarshal(c.Input, &in))
			if in.Statement != nil {
				doc, err := asset.Parse(c.Input)
				require.NoError(t, err)
				got, err := Escalations([]asset.Value{doc}, asset.Value{}, Facts{})
				require.NoError(t, err)
				want := []string{}
				var expected struct{ Methods []string }
				require.NoError(t, json.Unmarshal(c.Expected.All, &expected))
				for _, m := range expected.Methods {
					require.Contains(t, ours, m)
					want = append(want, ours[m])
				}
				slices.Sort(want)
				// Methods that the other tool did not know do not matter.
				got = slices.DeleteFunc(got, func(m string) bool { return !slices.Contains(slices.Collect(maps.Values(ours)), m) })
				assert.ElementsMatch(t, slices.Compact(want), got)
				return
			}
			for principal, names := range in.Attachments {
				var docs []asset.Value
				for _, n := range names {
					if doc, ok := in.Policies[n]; ok { // one is missing from its case, which must pass
						docs = append(docs, doc)
					}
				}
				got, err := Escalations(docs, asset.Value{}, Facts{})
				require.NoError(t, err)
				assert.Equal(t, c.Expected.Verdict == "fail", len(got) > 0, "%s: %v", principal, got)
			}
		})
	}
}

func TestValidateFixtures(t *testing.T) {
	// Documents that AWS refuses for their wording, which a judgement does not need,
	// are read; all that AWS accepts must be.
	for c := range fixtures.Cases(t, "iam", "validate") {
		t.Run(c.ID, func(t *testing.T) {
			doc, err := asset.Parse(c.Input)
			require.NoError(t, err)
			_, err = Statements(doc)
			if c.Expected.Verdict == "valid" {
				require.NoError(t, err)
				_, err = GrantsAdmin(doc, Facts{})
				require.NoError(t, err)
				_, err = Escalations([]asset.Value{doc}, asset.Value{}, Facts{})
				require.NoError(t, err)
			}
		})
	}
}

func TestAccountAuthorizationDetails(t *testing.T) {
	for _, name := range []string{"example-authz-details.json", "example_authz_v2.json", "example_authz_details_for_overrides_complete.json"} {
		data, err := os.ReadFile(fixtures.Dir(t, "iam", "account-authorization-details", name))
		require.NoError(t, err)
		doc, err := asset.Parse(data)
		require.NoError(t, err)
		var found int
		var walk func(v asset.Value)
		walk = func(v asset.Value) {
			for i := 0; v.Kind() == asset.List && i < v.Len(); i++ {
				walk(v.Index(i))
			}
			if v.Kind() != asset.Map {
				return
			}
			for i := range v.Len() {
				key, member := v.MemberAt(i)
				walk(member)
				switch key {
				case "PolicyDocument", "Document":
					found++
					_, err := Escalations([]asset.Value{member}, asset.Value{}, Facts{Principal: "arn:aws:iam::012345678901:user/probe"})
					require.NoError(t, err, "%s", member)
					admin, err := GrantsAdmin(member, Facts{})
					require.NoError(t, err)
					if n := v.Get("PolicyName"); n.Kind() == asset.String {
						s, _ := n.Str()
						t.Log(name, s, admin)
					}
				case "AssumeRolePolicyDocument":
					found++
					_, err := IsPublic(member, Facts{})
					require.NoError(t, err)
				}
			}
		}
		walk(doc)
		assert.NotZero(t, found)
	}
}
