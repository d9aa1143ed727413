package aws

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/provider"
)

// TestCallsAreThoseOfTheCatalogue says that more resources, on as many pages, take
// the calls that the catalogue has for each of them, and no others.
func TestCallsAreThoseOfTheCatalogue(t *testing.T) {
	few, many := newCloud(1), newCloud(2)
	for _, c := range []*cloud{few, many} {
		for _, err := range c.provider(t).Discover(t.Context(), provider.Query{}) {
			require.NoError(t, err)
		}
	}
	want := map[string]int{}
	for typ := range numbers() {
		more := many.n(typ) - few.n(typ)
		if !ofAccount(typ) {
			more *= len(cloudRegions())
		}
		schema, ok := awscatalog.Schema(typ)
		require.True(t, ok)
		for _, o := range schema.Operations {
			if o.PerAsset && more > 0 {
				service, name, _ := strings.Cut(o.Name, ":")
				name, _, _ = strings.Cut(name, "(")
				want[sdkServices()[service]+":"+name] += more
			}
		}
		switch typ { // in which others are listed
		case iamUser:
			want["IAM:ListAccessKeys"] += more
		case lambdaFunction:
			want["Lambda:ListFunctionUrlConfigs"] += more
		}
	}
	got := map[string]int{}
	for key, n := range many.calls {
		if more := n - few.calls[key]; more != 0 {
			got[key] = more
		}
	}
	assert.Equal(t, want, got)
}

// TestMemoryIsBoundedByPages says that ten times the resources, on ten times the
// pages, take little more memory where nobody keeps the assets, compared with what it
// takes to keep them.
func TestMemoryIsBoundedByPages(t *testing.T) {
	live := func() float64 {
		var m runtime.MemStats
		synctest.Wait() // until everything waits for its asset to be taken
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / 1e6
	}
	peak := func(t *testing.T, percent int, keep bool) float64 {
		c := newCloud(percent)
		c.most = 10
		before, highest, seen := live(), 0.0, 0
		var kept []*asset.Asset
		for o, err := range c.provider(t).Discover(t.Context(), provider.Query{}) {
			require.NoError(t, err)
			a, ok := o.(*asset.Asset)
			if !ok {
				continue
			}
			if keep {
				kept = append(kept, a)
			}
			if seen++; seen%(c.size()/20) == 0 {
				highest = max(highest, live())
			}
		}
		runtime.KeepAlive(kept)
		return highest - before
	}
	synctest.Test(t, func(t *testing.T) {
		peak(t, 1, false) // the schemas are loaded once
		few, many, all := peak(t, 2, false), peak(t, 20, false), peak(t, 20, true)
		t.Logf("of few assets %.1f MB, of many %.1f MB, of many that are kept %.1f MB", few, many, all)
		assert.Less(t, many-few, (all-few)/2)
	})
}
