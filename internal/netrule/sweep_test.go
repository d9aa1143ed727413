package netrule

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
)

// randomFilter returns up to n rules, some of them with unknown parts.
func randomFilter(t *testing.T, rng *rand.Rand, n int) filter {
	prefixes := []string{"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/2", "64.0.0.0/2", "10.0.0.0/8", "192.0.0.0/3", "::/0", "2000::/4", "3000::/4", "fc00::/7"}
	one := func(of ...bool) bool { return of[rng.IntN(len(of))] }
	var f filter
	for i := range 1 + rng.IntN(n) {
		r := &rule{
			place: i, level: rng.IntN(3), priority: int64(rng.IntN(4)), action: action(rng.IntN(4)), matches: []match{everything()},
			anySource: rng.IntN(12) == 0, anyTarget: rng.IntN(12) == 0, anyOrder: rng.IntN(12) == 0, maybe: rng.IntN(12) == 0,
		}
		if r.action == unknown && one(true, true, false) {
			r.action = deny
		}
		r.partial = r.action != allow && rng.IntN(10) == 0
		for range rng.IntN(3) {
			var err error
			r.source, err = appendPrefix(r.source, prefixes[rng.IntN(len(prefixes))])
			require.NoError(t, err)
		}
		for range max(0, rng.IntN(5)-2) {
			r.targets = append(r.targets, []string{"a", "b", "c"}[rng.IntN(3)])
		}
		r.reach = r.source.atMost()
		f = append(f, r)
	}
	slices.SortStableFunc(f, func(a, b *rule) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.priority, b.priority), cmp.Compare(b.action, a.action))
	})
	return f
}

// TestSweep compares the sweep with judging every pair of rules.
func TestSweep(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	open := 0
	for range 30000 {
		f := randomFilter(t, rng, 8)
		for _, most := range []bool{false, true} {
			want, got := f.slowly(tcp, 22, most), f.view(tcp, 22, most).judge()
			if want.open {
				open++
			}
			if want.open != got.open || !slices.Equal(want.rules, got.rules) {
				for i, r := range f {
					t.Logf("%d: %+v", i, *r)
				}
				require.Equal(t, want.rules, got.rules, "most %t", most)
			}
		}
	}
	require.Greater(t, open, 10000)
}

// manyRules returns n rules for SSH that take turns in admitting and denying: narrow
// sources first, then the internet.
func manyRules(t *testing.T, n int) filter {
	var f filter
	for i := range n {
		r := &rule{place: i, priority: int64(i), action: []action{allow, deny}[i%2], matches: []match{{tcp, ports{22, 22}}}}
		prefix := netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if i >= n/2 && r.action == allow {
			prefix = netip.MustParsePrefix("0.0.0.0/0")
		}
		var err error
		r.source, err = appendPrefix(nil, prefix.String())
		require.NoError(t, err)
		r.reach = r.source.atMost()
		f = append(f, r)
	}
	return f
}

// TestSweepGrowth counts what is looked at for 10 and 100 times as many rules.
func TestSweepGrowth(t *testing.T) {
	var work []int
	for _, n := range []int{100, 1000, 10000} {
		v := manyRules(t, n).judge(tcp, 22, false)
		assert.Len(t, v.rules, n/4)
		work = append(work, v.work)
	}
	assert.LessOrEqual(t, work[1], 11*work[0])
	assert.LessOrEqual(t, work[2], 11*work[1])
}

// TestLargeGroups judges groups of Azure's largest size.
func TestLargeGroups(t *testing.T) {
	rules := func(n int, of func(i int) string) asset.Value {
		all := make([]string, n)
		for i := range all {
			all[i] = of(i)
		}
		return parse(t, "["+strings.Join(all, ",")+"]")
	}
	rule := func(i int, access, source, port string) string {
		return fmt.Sprintf(`{"name":"r%d","properties":{"priority":%d,"access":%q,"direction":"Inbound","protocol":"Tcp","sourcePortRange":"*","sourceAddressPrefix":%q,"destinationAddressPrefix":"*","destinationPortRange":%q}}`,
			i, 100+i, access, source, port)
	}
	for _, c := range []struct {
		name string
		of   func(i int) string
		all  bool
		ssh  int
	}{
		{"each a port", func(i int) string { return rule(i, "Allow", "*", fmt.Sprint(i)) }, false, 1},
		{"each a part of all ports", func(i int) string {
			return rule(i, "Allow", "*", fmt.Sprintf("%d-%d", i*65, max(i*65+64, i/999*65535)))
		}, true, 1},
		{"denied in turns", func(i int) string {
			if i%2 == 0 {
				return rule(i, "Deny", fmt.Sprintf("11.0.%d.%d", i/256, i%256), "*")
			}
			return rule(i, "Allow", "*", fmt.Sprintf("%d-65535", i))
		}, true, 11},
		{"closed", func(i int) string { return rule(i, "Allow", fmt.Sprintf("11.0.%d.%d", i/256, i%256), "*") }, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := rules(1000, c.of)
			all, err := SecurityRulesOpenAll(v, "tcp")
			require.NoError(t, err)
			assert.Equal(t, c.all, all)
			open, err := SecurityRulesOpen(v, "tcp", []int64{22})
			require.NoError(t, err)
			assert.Len(t, open, c.ssh)
		})
	}
}
