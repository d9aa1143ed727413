package mypack_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/examples/mypack"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/policytest"
)

func TestPack(t *testing.T) {
	pack, err := mypack.Policies()
	require.NoError(t, err)
	policytest.Run(t, pack, &policytest.Options{MinCoverage: 1})
}

func TestSite(t *testing.T) {
	pack, err := mypack.Policies()
	require.NoError(t, err)
	site, err := mypack.Site()
	require.NoError(t, err)
	set, err := policy.Load(&policy.Options{
		Overlays: []*policy.Overlay{site},
		Now:      policytest.Now,
	}, pack)
	require.NoError(t, err)

	inv := &asset.Inventory{}
	for name, team := range map[string]string{"web": "web", "lost": "wbe", "legacy-1": ""} {
		inv.Add(&asset.Asset{
			Ref:  asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + name},
			Name: name, Tags: map[string]string{"team": team},
		})
	}
	var got []string
	for f, err := range set.Evaluate(t.Context(), inv) {
		require.NoError(t, err)
		if f.Status == policy.Fail {
			got = append(got, fmt.Sprintf("%s %s, accepted %t: %s", f.Policy.Severity, f.Policy.ID, f.Exception != nil, f.Message))
		}
	}
	assert.Equal(t, []string{
		"medium acme-owner-tag, accepted true: legacy-1 has no team among the teams",
		"medium acme-owner-tag, accepted false: lost has no team among the teams",
	}, got)
}
