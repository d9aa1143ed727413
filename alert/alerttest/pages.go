package alerttest

import (
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/openstance/stance/alert"
)

// pages walks the pages of a query, calling between before each page but the first.
func (s *suite) pages(r func(alert.Query) (*alert.Page, error), q alert.Query, between func()) []*alert.Alert {
	var all []*alert.Alert
	for n := 0; ; n++ {
		page, err := r(q)
		s.must(err, "query")
		s.that(len(page.Alerts) <= q.Size(), "a page has %d alerts (want at most %d)", len(page.Alerts), q.Size())
		all = append(all, page.Alerts...)
		if page.Next == "" {
			return all
		}
		if n > 1000 {
			s.add("the pages of a query do not end")
			panic(stopped{})
		}
		q.Cursor = page.Next
		between()
	}
}

func checkPages(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(4, 1))
	all := s.populate(st, r, 120)
	s.read(st, func(reader alert.Reader) error {
		oracle := s.stored(reader, all)
		for _, f := range sortFields {
			for _, q := range []alert.Query{
				{Sort: []alert.Order{{By: f}}, Limit: 7},
				{Sort: []alert.Order{{By: f, Desc: true}}, Limit: 20},
				{Sort: slices.Compact([]alert.Order{{By: f}, {By: alert.ByAsset}}), Limit: 9, Severities: severities[1:]},
				{Sort: slices.Compact([]alert.Order{{By: alert.ByAccount}, {By: f}}), Limit: 11, Text: "b"},
			} {
				got := s.pages(reader.Query, q, func() {})
				s.same(ids(selected(q, oracle)), ids(got), "pages of %+v", q)
				if len(s.found) > 0 {
					return nil
				}
			}
		}
		return nil
	})
}

func checkPagesWhileWriting(s *suite) {
	r := rand.New(rand.NewPCG(5, 1))
	for _, sort := range [][]alert.Order{nil, {{By: alert.BySeverity, Desc: true}}, {{By: alert.ByAsset}}, {{By: alert.ByID}}, {{By: alert.ByID, Desc: true}}, {{By: alert.ByDue}, {By: alert.ByPolicy, Desc: true}}} {
		st := s.open()
		all := population(r, 60)
		for _, a := range all {
			a.Status = alert.Open
		}
		s.put(st, all...)
		original := map[string]int{}
		for _, a := range all {
			original[a.ID] = 0
		}
		q := alert.Query{Sort: sort, Limit: 8}
		next, deleted := len(all), all[10]
		got := s.pages(func(q alert.Query) (page *alert.Page, err error) {
			err = st.Read(s.ctx, everything, func(r alert.Reader) error { page, err = r.Query(q); return err })
			return page, err
		}, q, func() {
			// Alerts arrive all over the order, and the one that the cursor stands for can go.
			var arrived []*alert.Alert
			for range 5 {
				a := random(r, next)
				a.Status = alert.Open
				arrived, next = append(arrived, a), next+1
			}
			s.write(st, func(tx alert.Tx) error {
				s.must(tx.Put(opened(arrived...)...), "Put")
				if a, err := tx.ByID(deleted.ID); err == nil && a[0] != nil {
					return tx.Put(alert.Change{Old: a[0]})
				}
				return nil
			})
		})
		for _, a := range got {
			if n, ok := original[a.ID]; ok {
				original[a.ID] = n + 1
			}
		}
		for id, n := range original {
			s.that(n == 1 || id == deleted.ID && n < 2, "sort %v: alert %s is on the pages %d times (want once)", sort, id, n)
		}
		s.that(slices.IsSortedFunc(got, func(a, b *alert.Alert) int { return compare(&q, a, b) }), "sort %v: the pages are not in order", sort)
	}
}

func checkWhere(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(6, 1))
	all := s.populate(st, r, 90)
	errWhere := errors.New("where")
	s.read(st, func(reader alert.Reader) error {
		oracle := s.stored(reader, all)
		even := func(a *alert.Alert) (bool, error) { return a.Policy.Severity%2 == 0, nil }
		q := alert.Query{Limit: 4, Statuses: []alert.Status{alert.Open, alert.Resolved}}
		want := slices.DeleteFunc(selected(q, oracle), func(a *alert.Alert) bool { return a.Policy.Severity%2 != 0 })
		q.Where = even
		got := s.pages(reader.Query, q, func() {})
		s.same(want, got, "pages of a query with Where")

		q.Where = func(a *alert.Alert) (bool, error) { return false, errWhere }
		_, err := reader.Query(q)
		s.that(errors.Is(err, errWhere), "the error of Where: got %v", err)
		q.Where = func(a *alert.Alert) (bool, error) {
			s.that(a.Status == alert.Open || a.Status == alert.Resolved, "Where is called for an alert that the query does not select")
			a.Owner = "changed by Where"
			return true, nil
		}
		q.Limit = 10_000
		_, err = reader.Query(q)
		s.must(err, "query")
		s.same(oracle, s.stored(reader, all), "alerts after Where changed its own")
		return nil
	})
}
