//go:build !race

package snapshot_test

import (
	"strings"
	"testing"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider/snapshot"
	"github.com/stretchr/testify/require"
)

// The documents of a line cost one allocation; the rest are the asset itself, its
// tags, links and parents. The race detector empties pools, and with them the parser's,
// now and then.
func TestReadAllocations(t *testing.T) {
	text := large(t)
	perRun := testing.AllocsPerRun(5, func() {
		_, err := drain(count(snapshot.Read(strings.NewReader(text), nil)))
		require.NoError(t, err)
	})
	require.LessOrEqual(t, perRun/benchAssets, 7.0)
}

// count drops the assets, so that only reading them costs.
func count(seq func(func(asset.Observation, error) bool)) func(func(asset.Observation, error) bool) {
	return func(yield func(asset.Observation, error) bool) {
		for _, err := range seq {
			if err != nil && !yield(nil, err) {
				return
			}
		}
	}
}
