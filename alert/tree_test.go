package alert

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// balanced fails for a node whose sides differ too much.
func balanced(t *testing.T, n *node[int, int]) {
	t.Helper()
	if n == nil {
		return
	}
	l, r := n.left.count(), n.right.count()
	require.Equal(t, l+r+1, n.size)
	require.True(t, l+r < 2 || l <= 3*r && r <= 3*l, "%d and %d", l, r)
	balanced(t, n.left)
	balanced(t, n.right)
}

func TestTreeIsASortedMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	empty := tree[int, int]{compare: cmp.Compare[int]}
	now, oracle := empty, map[int]int{}
	old, oldOracle := now, maps.Clone(oracle)
	for i := range 5000 {
		k := r.IntN(400)
		if r.IntN(2) == 0 {
			now, oracle[k] = now.with(k, i), i
		} else {
			now = now.without(k)
			delete(oracle, k)
		}
		if i%100 != 0 {
			continue
		}
		balanced(t, now.root)
		require.Equal(t, len(oracle), now.len())
		require.Equal(t, oracle, maps.Collect(now.all()))
		require.Equal(t, oldOracle, maps.Collect(old.all()), "a snapshot stays")
		old, oldOracle = now, maps.Clone(oracle)

		from, want := r.IntN(400), []int(nil)
		for k := range oracle {
			if k >= from {
				want = append(want, k)
			}
		}
		slices.Sort(want)
		var got []int
		for k, v := range now.from(from) {
			got = append(got, k)
			require.Equal(t, oracle[k], v)
		}
		require.Equal(t, want, got)
		for k := range now.all() {
			if len(got) > 0 && k == got[0] {
				break
			}
		}
		v, ok := now.get(k)
		want1, wantOK := oracle[k]
		require.Equal(t, wantOK, ok)
		require.Equal(t, want1, v)
	}
	require.Zero(t, empty.len())
}
