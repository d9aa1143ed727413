package aws

import (
	"maps"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// peakRSS returns the most memory that the process has had resident, in megabytes.
func peakRSS() float64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "kB")
	kb, _ := strconv.Atoi(strings.TrimSpace(line))
	return float64(kb) / 1024
}

// BenchmarkDiscover looks at an account of 10,000 assets, whose answers come from
// memory and whose token buckets are always full. The largest resident set is that
// of the whole process, so that the benchmark is to be run alone.
func BenchmarkDiscover(b *testing.B) {
	c := newCloud(100)
	p := c.provider(b)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	assets := 0
	for b.Loop() {
		for o, err := range p.Discover(b.Context(), provider.Query{}) {
			if err != nil {
				b.Fatal(err)
			}
			if _, ok := o.(*asset.Asset); ok {
				assets++
			}
		}
	}
	runtime.ReadMemStats(&after)
	require.Equal(b, b.N*c.size(), assets)
	calls := 0
	for n := range maps.Values(c.calls) {
		calls += n
	}
	each := func(n uint64) float64 { return float64(n) / float64(assets) }
	b.ReportMetric(float64(assets)/b.Elapsed().Seconds(), "assets/s")
	b.ReportMetric(each(after.Mallocs-before.Mallocs), "allocs/asset")
	b.ReportMetric(each(after.TotalAlloc-before.TotalAlloc), "B/asset")
	b.ReportMetric(float64(calls)/float64(b.N), "calls")
	b.ReportMetric(float64(calls)/float64(assets), "calls/asset")
	b.ReportMetric(peakRSS(), "MB-peak-RSS")
}
