package packs_test

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/corpus"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
)

// BenchmarkEvaluate judges the assets of an estate by the policies that come with
// Stance, each by itself: time for a pair of a policy and an asset.
func BenchmarkEvaluate(b *testing.B) {
	inv := new(asset.Inventory)
	for n := range 900 {
		a, _ := corpus.Asset(n)
		inv.Add(a)
	}
	for _, pack := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()} {
		policies, err := policy.Read(pack)
		require.NoError(b, err)
		for _, p := range policies {
			set, err := policy.NewSet(&policy.Options{NoEvidence: true, Parallel: 1}, p)
			require.NoError(b, err)
			pairs := evaluate(b, set, inv)
			if pairs == 0 {
				continue // the estate has nothing of the kind
			}
			b.Run(p.ID, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					evaluate(b, set, inv)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pairs), "ns/pair")
			})
		}
	}
}

// evaluate returns how many assets the policies of the set were asked about.
func evaluate(b *testing.B, set *policy.Set, inv *asset.Inventory) int {
	pairs := 0
	for f, err := range set.Evaluate(b.Context(), inv) {
		require.NoError(b, err)
		if f.Asset() != nil {
			pairs++
		}
	}
	return pairs
}
