package organization_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// The example must not teach what the schemas do not have.
func TestFitsItsSchemas(t *testing.T) {
	var got snapshot.Summary
	p := snapshot.File("organization.ndjson.gz", &snapshot.Options{Summary: func(s snapshot.Summary) { got = s }})
	inv, err := provider.Collect(t.Context(), provider.Query{}, p)
	require.NoError(t, err)
	assert.Equal(t, int64(inv.Len()), got.Assets)
	assert.Empty(t, got.Problems)
	assert.Empty(t, got.Unknown)
}
