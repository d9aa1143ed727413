package packs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// TestIdentitiesGrow evaluates the policies about identities in accounts with 10 and 100
// times as many: the operations of an evaluation do not grow with the account.
func TestIdentitiesGrow(t *testing.T) {
	all, err := readPacks()
	require.NoError(t, err)
	for _, id := range []string{"aws-iam-privilege-escalation", "aws-iam-no-admin-star-policy", "aws-iam-role-trust-not-wildcard"} {
		t.Run(id, func(t *testing.T) {
			p := all[slices.IndexFunc(all, func(p *policy.Policy) bool { return p.ID == id })]
			fits := func(n int, operations int64) bool {
				set, err := policy.NewSet(&policy.Options{NoEvidence: true, Parallel: 1, Now: func() time.Time { return casesNow }, Budget: policy.Budget{Operations: operations}}, p)
				require.NoError(t, err)
				judged := 0
				for f, err := range set.Evaluate(t.Context(), accountOfRoles(t, n)) {
					require.NoError(t, err)
					if f.Status == policy.Unknown {
						return false
					}
					judged++
				}
				require.GreaterOrEqual(t, judged, n)
				return true
			}
			budget := int64(16)
			for !fits(10, budget) {
				budget *= 2
				require.Less(t, budget, int64(1<<16))
			}
			assert.False(t, fits(10, budget/4), "the budget is counted")
			for _, n := range []int{100, 1000} {
				assert.True(t, fits(n, budget), "%d roles", n)
			}
		})
	}
}

// accountOfRoles returns an account with n roles, as many policies, and two policies
// attached to each role.
func accountOfRoles(t *testing.T, n int) *asset.Inventory {
	t.Helper()
	inv := &asset.Inventory{}
	scope := asset.Scope{Provider: "aws", Account: "111122223333"}
	add := func(typ asset.Type, id string, config map[string]any, links ...asset.Link) {
		c, err := asset.Of(config)
		require.NoError(t, err)
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: typ, ID: id}, Scope: scope, Config: c, Links: links})
	}
	document := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": []any{"s3:Get*", "logs:*"}, "Resource": "*"}}}
	policyOf := func(i int) string { return fmt.Sprintf("arn:aws:iam::111122223333:policy/p%d", i%n) }
	for i := range n {
		add("AWS::IAM::ManagedPolicy", policyOf(i), map[string]any{"PolicyArn": policyOf(i), "AttachmentCount": 2, "PolicyDocument": document})
		a, b := policyOf(i), policyOf(i+1)
		add("AWS::IAM::Role", fmt.Sprintf("arn:aws:iam::111122223333:role/r%d", i), map[string]any{
			"RoleName": "r", "Path": "/", "ManagedPolicyArns": []any{a, b}, "Policies": []any{map[string]any{"PolicyName": "x", "PolicyDocument": document}},
		}, asset.Link{Rel: "attached_policy", To: asset.Ref{Type: "AWS::IAM::ManagedPolicy", ID: a}}, asset.Link{Rel: "attached_policy", To: asset.Ref{Type: "AWS::IAM::ManagedPolicy", ID: b}})
	}
	for _, typ := range []asset.Type{"AWS::IAM::Role", "AWS::IAM::Group", "AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::Organizations::Organization"} {
		inv.Add(&asset.Coverage{Scope: scope, Type: typ, State: asset.Complete})
	}
	return inv
}
