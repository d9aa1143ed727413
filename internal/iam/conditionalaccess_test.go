package iam

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// TestDemandsMFA holds the judgement of conditional access to what it says of parts that
// were not read: it says nothing that another value there could make wrong.
func TestDemandsMFA(t *testing.T) {
	policy := parse(t, `{"id":"p","state":"enabled","conditions":{"users":{"includeUsers":["All"],"excludeUsers":["u2"],"excludeGroups":[],"excludeRoles":null},
		"applications":{"includeApplications":["All"],"excludeApplications":[]},"clientAppTypes":["all"],"signInRiskLevels":[],"locations":null},
		"grantControls":{"operator":"OR","builtInControls":["mfa"],"termsOfUse":[],"authenticationStrength":null}}`)
	user, report := parse(t, `{"id":"u1","userType":"Member"}`), parse(t, `{"isAdmin":false}`)
	got, err := DemandsMFA(policy, user, report)
	require.NoError(t, err)
	require.True(t, got)
	for path, decides := range map[asset.Path]bool{
		"state": true, "conditions": true, "conditions.users": true, "conditions.users.includeUsers": true, "conditions.users.excludeUsers": true,
		"conditions.users.excludeGroups": true, "conditions.users.excludeRoles": false, "conditions.users.includeGroups": false, "conditions.applications": true,
		"conditions.applications.excludeApplications": true, "conditions.applications.applicationFilter": true, "conditions.clientAppTypes": true,
		"conditions.signInRiskLevels": true, "conditions.locations": true, "conditions.new": true,
		"grantControls": true, "grantControls.operator": false, "grantControls.builtInControls": true, "grantControls.termsOfUse": true,
		"grantControls.authenticationStrength": true, "sessionControls": false, "displayName": false,
	} {
		got, err := DemandsMFA(without(t, policy, path), user, report)
		if decides {
			assert.Equal(t, denied, err, path)
		} else {
			assert.True(t, err == nil && got, path)
		}
	}
	for path, decides := range map[asset.Path]bool{"id": true, "userType": false, "displayName": false} {
		_, err := DemandsMFA(policy, without(t, user, path), report)
		assert.Equal(t, decides, err != nil, path)
	}
	_, err = DemandsMFA(denied.Value(), user, report)
	assert.Equal(t, denied, err)
	for _, never := range []string{"null", "{}", `{"state":"enabled"}`, `{"state":"enabled","conditions":7,"grantControls":{"builtInControls":["mfa"]}}`} {
		got, err := DemandsMFA(parse(t, never), user, report)
		assert.True(t, err == nil && !got, never)
	}
}

func FuzzDemandsMFA(f *testing.F) {
	f.Add(`{"state":"enabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},"grantControls":{"builtInControls":["mfa"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			t.Skip()
		}
		if policy, err := asset.Parse([]byte(text)); err == nil {
			_, _ = DemandsMFA(policy, policy, policy)
		}
	})
}
