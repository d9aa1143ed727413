package asset_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

func TestSizeOfAnInventory(t *testing.T) {
	config, err := asset.Of(map[string]any{"a": strings.Repeat("x", 10_000)})
	require.NoError(t, err)
	a := &asset.Asset{Ref: asset.Ref{Type: "Test::T", ID: "t"}, Scope: asset.Scope{Provider: "test"}, Config: config, Tags: map[string]string{"k": "v"}}
	assert.InDelta(t, 10_700, a.Size(), 300)
	both := *a
	both.Status = config // the same block
	assert.Equal(t, a.Size(), both.Size())

	inv := &asset.Inventory{}
	assert.Zero(t, inv.Size())
	inv.Add(a)
	assert.Equal(t, a.Size(), inv.Size())
	inv.Add(&asset.Asset{Ref: a.Ref, Scope: a.Scope, Config: config, Tags: a.Tags})
	assert.Equal(t, a.Size(), inv.Size(), "another view of the same asset")
	inv.Add(&asset.Gap{Cause: asset.Unread{Message: "denied"}})
	inv.Add(&asset.Coverage{Type: "Test::T"})
	assert.Greater(t, inv.Size(), a.Size())
}
