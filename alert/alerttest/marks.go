package alerttest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

func checkMarks(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(1, 1))
	all := population(r, 120)
	s.put(st, all...)
	slices.SortFunc(all, func(a, b *alert.Alert) int {
		x, y := a.Key.Hash(tenant), b.Key.Hash(tenant)
		return bytes.Compare(x[:], y[:])
	})
	mark := func(a *alert.Alert) alert.Mark {
		return alert.Mark{
			Known: true, Hash: a.Key.Hash(tenant), ID: a.ID, Status: a.Status, State: a.State, Stream: a.Stream,
			Account: a.Asset.Provider + "/" + a.Asset.Account,
		}
	}
	s.read(st, func(r alert.Reader) error {
		var hashes [][16]byte
		var want []alert.Mark
		for i := range 50 {
			a := all[i*7%len(all)]
			hashes, want = append(hashes, a.Key.Hash(tenant), [16]byte{byte(i)}), append(want, mark(a), alert.Mark{})
		}
		got, err := r.Marks(hashes)
		s.must(err, "Marks")
		s.same(want, got, "Marks")
		none, err := r.Marks(nil)
		s.must(err, "Marks of nothing")
		s.that(len(none) == 0, "Marks of nothing returns %d", len(none))

		for _, first := range []int{-1, 0, 60, len(all) - 1} {
			var after [16]byte
			want = nil
			if first >= 0 {
				after = all[first].Key.Hash(tenant)
			}
			for _, a := range all[first+1:] {
				if a.Stream == "main" && a.Verdict == policy.Fail && !a.Gone {
					want = append(want, mark(a))
				}
			}
			s.same(want, collect(s, r.Claimed("main", after)), "Claimed after %d", first)
		}
		s.that(len(collect(s, r.Claimed("none", [16]byte{}))) == 0, "a stream that does not exist claims alerts")
		for range r.Claimed("main", [16]byte{}) {
			break // a loop can be left
		}
		_, err = r.Marks(hashes)
		return err
	})
}

func checkWaking(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(2, 1))
	all := population(r, 100)
	s.put(st, all...)
	slices.SortFunc(all, func(a, b *alert.Alert) int {
		if c := a.Wake.Compare(b.Wake); c != 0 {
			return c
		}
		return bytes.Compare([]byte(a.ID), []byte(b.ID))
	})
	s.read(st, func(r alert.Reader) error {
		for _, row := range []struct {
			at    time.Time
			limit int
		}{{base, 0}, {all[60].Wake, 0}, {all[90].Wake, 1000}, {base.Add(20 * time.Hour), 0}, {base.Add(20 * time.Hour), 3}, {base.Add(-time.Hour), 0}, {base.AddDate(1, 0, 0), 1000}} {
			var want []*alert.Alert
			for _, a := range all {
				if !a.Wake.IsZero() && !a.Wake.After(row.at) && (row.limit == 0 || len(want) < row.limit) {
					want = append(want, a)
				}
			}
			got, err := r.Waking(row.at, row.limit)
			s.must(err, "Waking")
			s.same(ids(want), ids(got), "Waking at %s, at most %d", row.at, row.limit)
		}
		return nil
	})
	s.write(st, func(tx alert.Tx) error {
		waking, err := tx.Waking(base.AddDate(1, 0, 0), 0)
		s.must(err, "Waking")
		for _, a := range waking {
			asleep := clone(a)
			asleep.Wake = time.Time{}
			s.must(tx.Put(alert.Change{Old: a, New: asleep}), "Put")
		}
		waking, err = tx.Waking(base.AddDate(1, 0, 0), 0)
		s.must(err, "Waking")
		s.that(len(waking) == 0, "%d alerts wake again", len(waking))
		return nil
	})
}

func checkClock(s *suite) {
	st := s.open()
	s.that(st.Now().Equal(base), "Now returns %s, want %s", st.Now(), base)
	later := base.Add(time.Hour)
	s.clock.Store(later.UnixMicro())
	s.that(st.Now().Equal(later), "Now returns %s, want %s", st.Now(), later)
	s.that(fmt.Sprint(st.Now().Location()) == "UTC", "Now is in %s (want UTC)", st.Now().Location())
}
