package alerttest

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

// dimensions are all of them, with the query that lists what a value counts.
var dimensions = map[alert.Dimension]func(value string) alert.Query{
	alert.PerDay: func(v string) alert.Query {
		day, _ := time.Parse(time.DateOnly, v)
		return alert.Query{From: day, To: day.AddDate(0, 0, 1)}
	},
	alert.PerStatus: func(v string) alert.Query { return alert.Query{Statuses: []alert.Status{alert.Status(v)}} },
	alert.PerSeverity: func(v string) alert.Query {
		severity, _ := policy.ParseSeverity(v)
		return alert.Query{Severities: []policy.Severity{severity}}
	},
	alert.PerKind:     func(v string) alert.Query { return alert.Query{Kinds: []policy.Kind{policy.Kind(v)}} },
	alert.PerPolicy:   func(v string) alert.Query { return alert.Query{Policies: []string{v}} },
	alert.PerProvider: func(v string) alert.Query { return alert.Query{Providers: []string{v}} },
	alert.PerAccount:  func(v string) alert.Query { return alert.Query{Accounts: []string{v}} },
	alert.PerRegion:   func(v string) alert.Query { return alert.Query{Regions: []string{v}} },
	alert.PerGroup:    func(v string) alert.Query { return alert.Query{Groups: []string{v}} },
	alert.PerType:     nil,
	alert.PerClass:    func(v string) alert.Query { return alert.Query{Classes: []string{v}} },
	alert.PerAsset:    nil,
	alert.PerReason:   nil,
	alert.PerOwner:    func(v string) alert.Query { return alert.Query{Owners: []string{v}} },
}

func checkCounts(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(7, 1))
	all := population(r, 60)
	s.put(st, all...)
	next := len(all)
	for round := range 12 {
		s.write(st, func(tx alert.Tx) error {
			var changes []alert.Change
			for _, i := range r.Perm(len(all))[:8] {
				old := s.one(tx, all[i].ID)
				changed := clone(old)
				vary(r, changed)
				changes = append(changes, alert.Change{Old: old, New: changed})
			}
			gone := r.IntN(len(all))
			if !slices.ContainsFunc(changes, func(c alert.Change) bool { return c.New.ID == all[gone].ID }) {
				changes = append(changes, alert.Change{Old: s.one(tx, all[gone].ID)})
				all = slices.Delete(all, gone, gone+1)
			}
			fresh := random(r, next)
			all, next = append(all, fresh), next+1
			changes = append(changes, alert.Change{New: fresh})
			s.must(tx.Put(changes...), "Put")
			if round == 5 {
				n, err := tx.Purge(base.Add(10 * time.Hour))
				s.must(err, "Purge")
				s.that(n > 0, "nothing is purged")
			}
			return nil
		})
		s.read(st, func(reader alert.Reader) error {
			if round == 5 {
				var left []*alert.Alert
				for _, a := range all {
					if found, err := reader.ByID(a.ID); err == nil && found[0] != nil {
						left = append(left, a)
					}
				}
				all = left
			}
			s.counted(reader, r, s.stored(reader, all))
			return nil
		})
		if len(s.found) > 0 {
			return
		}
	}
	// A transaction that fails does not count.
	before := s.counts(st)
	st.Write(s.ctx, tenant, func(tx alert.Tx) error {
		s.must(tx.Put(alert.Change{New: random(r, next)}), "Put")
		return errors.New("roll back")
	})
	s.same(before, s.counts(st), "counts after a transaction that failed")
}

func (s *suite) counts(st alert.Store) (counts [][]alert.Count) {
	s.read(st, func(r alert.Reader) error {
		counts = nil
		for _, by := range [][]alert.Dimension{{}, {alert.PerDay}, {alert.PerAccount, alert.PerStatus}, {alert.PerGroup}} {
			c, err := r.Count(alert.Query{}, by...)
			s.must(err, "Count")
			counts = append(counts, c)
		}
		return nil
	})
	return counts
}

// counted compares counts with lists and with an oracle.
func (s *suite) counted(reader alert.Reader, r *rand.Rand, oracle []*alert.Alert) {
	for d, list := range dimensions {
		counts, err := reader.Count(alert.Query{}, d)
		s.must(err, "Count")
		s.same(expected(oracle, alert.Query{}, d), counts, "counts by %s", d)
		if len(counts) == 0 || list == nil {
			continue
		}
		bar := pick(r, counts...)
		q := list(bar.By[0])
		q.Limit = 10_000
		s.that(len(s.list(reader, q)) == bar.N, "%s %q: the bar has %d, the list %d", d, bar.By[0], bar.N, len(s.list(reader, q)))
	}
	all := []alert.Dimension{alert.PerDay, alert.PerStatus, alert.PerSeverity, alert.PerKind, alert.PerPolicy, alert.PerAccount, alert.PerRegion, alert.PerGroup, alert.PerReason, alert.PerAsset}
	for range 6 {
		q := query(r, oracle)
		q.Cursor, q.Limit = "", 0
		var by []alert.Dimension
		for _, i := range r.Perm(len(all))[:r.IntN(4)] {
			by = append(by, all[i])
		}
		counts, err := reader.Count(q, by...)
		s.must(err, "count %v of %+v", by, q)
		s.same(expected(oracle, q, by...), counts, "count by %v of %+v", by, q)
	}
}

// expected counts alerts by the pure functions of package alert.
func expected(all []*alert.Alert, q alert.Query, by ...alert.Dimension) []alert.Count {
	counts := []alert.Count{}
	if len(by) == 0 {
		counts = []alert.Count{{}}
	}
	for _, a := range all {
		if !q.Matches(a) {
			continue
		}
		for _, values := range combinations(a, by) {
			i := slices.IndexFunc(counts, func(c alert.Count) bool { return slices.Equal(c.By, values) })
			if i < 0 {
				i, counts = len(counts), append(counts, alert.Count{By: values})
			}
			counts[i].N++
			if a.Status == alert.Resolved {
				counts[i].Resolve += a.LastSeen.Sub(a.AlertTime)
			}
		}
	}
	slices.SortFunc(counts, func(a, b alert.Count) int { return slices.Compare(a.By, b.By) })
	return counts
}

func combinations(a *alert.Alert, by []alert.Dimension) [][]string {
	all := [][]string{nil}
	for _, d := range by {
		var longer [][]string
		for _, c := range all {
			for _, v := range d.Values(a) {
				longer = append(longer, append(slices.Clone(c), v))
			}
		}
		all = longer
	}
	return all
}
