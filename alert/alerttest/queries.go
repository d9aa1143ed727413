package alerttest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/openstance/stance/alert"
)

// selected returns the alerts that a query matches, in its order, by the pure functions of
// package alert.
func selected(q alert.Query, all []*alert.Alert) []*alert.Alert {
	var found []*alert.Alert
	for _, a := range all {
		if q.Matches(a) {
			found = append(found, a)
		}
	}
	slices.SortFunc(found, func(a, b *alert.Alert) int { return compare(&q, a, b) })
	return found
}

func compare(q *alert.Query, a, b *alert.Alert) int {
	for _, o := range q.Orders() {
		x, y := o.By.Values(a), o.By.Values(b)
		for i := range x {
			c := 0
			if number, ok := x[i].(int64); ok {
				c = cmp.Compare(number, y[i].(int64))
			} else {
				c = strings.Compare(x[i].(string), y[i].(string))
			}
			if c != 0 && o.Desc {
				return -c
			} else if c != 0 {
				return c
			}
		}
	}
	return strings.Compare(a.ID, b.ID)
}

// stored returns all alerts as the store returns them.
func (s *suite) stored(r alert.Reader, all []*alert.Alert) []*alert.Alert {
	names := ids(all)
	var found []*alert.Alert
	for chunk := range slices.Chunk(names, 100) {
		part, err := r.ByID(chunk...)
		s.must(err, "ByID")
		found = append(found, part...)
	}
	if slices.Contains(found, nil) {
		s.add("an alert that was written is not found by its ID")
		panic(stopped{})
	}
	return found
}

// populate fills a store with alerts, scans and notes.
func (s *suite) populate(st alert.Store, r *rand.Rand, n int) []*alert.Alert {
	all := population(r, n)
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.Put(opened(all...)...), "Put")
		for i := range 6 {
			s.must(tx.PutScan(alert.ScanRecord{
				ID: fmt.Sprint(i), Stream: pick(r, "main", "other"), State: alert.ScanDone, Start: instant(r),
				Accounts: []string{pick(r, providers...) + "/" + pick(r, accounts...)},
			}), "PutScan")
		}
		for range n / 10 {
			s.must(tx.PutUnknown(alert.Unknown{Key: pick(r, all...).Key, Since: base, Verified: instant(r), Reason: "denied"}), "PutUnknown")
		}
		return nil
	})
	return all
}

func checkQueries(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(3, 1))
	all := s.populate(st, r, 250)
	s.read(st, func(reader alert.Reader) error {
		oracle := s.stored(reader, all)
		full := 0
		for range 400 {
			q := query(r, all)
			want := selected(q, oracle)
			if len(want) > 0 {
				full++
			}
			page, err := reader.Query(q)
			s.must(err, "query %+v", q)
			cut := want[:min(len(want), q.Size())]
			s.same(ids(cut), ids(page.Alerts), "query %+v", q)
			s.that((page.Next != "") == (len(want) > len(cut)), "query %+v: there is another page: got %t, want %t", q, page.Next != "", len(want) > len(cut))
			s.that(!page.Truncated, "a query without Where is truncated")
			if len(s.found) > 0 {
				return nil
			}
			s.same(cut, page.Alerts, "contents of the alerts of query %+v", q)
		}
		s.that(full > 100, "only %d of the queries select an alert", full)
		return nil
	})
}

func checkInvalidQueries(s *suite) {
	st := s.open()
	s.put(st, full(1))
	other := alert.Query{Sort: []alert.Order{{By: alert.ByAsset}}}
	s.read(st, func(r alert.Reader) error {
		for _, q := range []alert.Query{
			{Limit: -1}, {Limit: 10_001}, {Time: "sometime"}, {Sort: []alert.Order{{By: "name"}}}, {Cursor: "x"}, {Cursor: "' OR 1=1 --"},
			{Cursor: other.Next(other.Position(full(1)))}, {Text: strings.Repeat("x", 2000)}, {Text: strings.Repeat("x ", 100)},
		} {
			_, err := r.Query(q)
			s.that(err != nil, "query %.100s is answered", fmt.Sprintf("%+v", q))
		}
		_, err := r.Count(alert.Query{}, "size")
		s.that(err != nil, "an unknown dimension is counted")
		_, err = r.Count(alert.Query{Where: func(*alert.Alert) (bool, error) { return true, nil }})
		s.that(err != nil, "a query with Where is counted")
		_, err = r.Count(alert.Query{Cursor: "x", Limit: -1, Sort: []alert.Order{{By: "name"}}})
		s.that(err == nil, "Count looks at the order, the limit or the cursor: %v", err)
		_, err = r.Query(alert.Query{})
		return err // a refused query does not end the reader
	})
}
