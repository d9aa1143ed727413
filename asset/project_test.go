package asset_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// Google names one resource with the number or with the id of its project.
func TestProjectsByNumberAndID(t *testing.T) {
	const (
		network = asset.Type("compute.googleapis.com/Network")
		secret  = asset.Type("secretmanager.googleapis.com/Secret")
	)
	byID := asset.Ref{Type: network, ID: "//compute.googleapis.com/projects/shop/global/networks/v"}
	byNumber := asset.Ref{Type: network, ID: "//compute.googleapis.com/projects/300000000001/global/networks/v"}
	secretByID := asset.Ref{Type: secret, ID: "//secretmanager.googleapis.com/projects/shop/secrets/s"}
	secretByNumber := asset.Ref{Type: secret, ID: "//secretmanager.googleapis.com/projects/300000000001/secrets/s"}
	firewall := &asset.Asset{
		Ref:   asset.Ref{Type: "compute.googleapis.com/Firewall", ID: "//compute.googleapis.com/projects/shop/global/firewalls/f"},
		Links: []asset.Link{{Rel: "network", To: byNumber}, {Rel: "secret", To: secretByID}},
	}
	for _, number := range []any{"300000000001", 300000000001} {
		config, err := asset.Of(map[string]any{"projectId": "shop", "projectNumber": number})
		require.NoError(t, err)
		inv := &asset.Inventory{}
		inv.Add(firewall)
		inv.Add(&asset.Asset{Ref: byID})
		inv.Add(&asset.Asset{Ref: secretByNumber})
		inv.Add(&asset.Gap{Of: byNumber, Type: network})
		_, ok := inv.Get(byNumber)
		assert.False(t, ok, "the project is not known yet")
		inv.Add(&asset.Asset{Ref: asset.Ref{Type: "cloudresourcemanager.googleapis.com/Project", ID: "//cloudresourcemanager.googleapis.com/projects/shop"}, Config: config})

		for asked, want := range map[asset.Ref]asset.Ref{
			byID: byID, byNumber: byID, secretByID: secretByNumber, secretByNumber: secretByNumber,
			{Type: "cloudresourcemanager.googleapis.com/Project", ID: "//cloudresourcemanager.googleapis.com/projects/300000000001"}: {Type: "cloudresourcemanager.googleapis.com/Project", ID: "//cloudresourcemanager.googleapis.com/projects/shop"},
		} {
			got, ok := inv.Get(asked)
			require.True(t, ok, asked)
			assert.Equal(t, want, got.Ref)
		}
		for _, ref := range []asset.Ref{byID, byNumber} {
			var who []*asset.Asset
			for a := range inv.Referrers(ref, "network") {
				who = append(who, a)
			}
			assert.Equal(t, []*asset.Asset{firewall}, who)
			assert.Len(t, inv.GapsOf(ref), 1)
		}
		for _, rel := range []string{"network", "secret"} {
			for a, err := range inv.Follow(firewall, rel) {
				require.NoError(t, err)
				assert.NotNil(t, a)
			}
		}
		for _, other := range []string{"//compute.googleapis.com/projects/400000000002/global/networks/v", "//compute.googleapis.com/projects/3", "/projects/300000000001/x", ""} {
			_, ok := inv.Get(asset.Ref{Type: network, ID: other})
			assert.False(t, ok, other)
		}
	}
}
