package alerttest

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

func checkHistory(s *suite) {
	st := s.open()
	r := rand.New(rand.NewPCG(8, 1))
	alerts := population(r, 5)
	s.put(st, alerts...)
	var all []alert.Transition
	for range 8 {
		s.write(st, func(tx alert.Tx) error {
			var ts []*alert.Transition
			for range 5 {
				a := pick(r, alerts...)
				ts = append(ts, &alert.Transition{
					Alert: a.ID, Key: a.Key, At: instant(r), From: pick(r, "", alert.Open), To: pick(r, alert.Resolved, "of tomorrow"), Reason: "ANY",
					Actor: "ann", Note: name(r), Scan: "s", Groups: sorted(r, groups...),
				})
			}
			s.must(tx.Append(ts...), "Append")
			for _, t := range ts {
				s.that(t.Seq > 0, "Append sets no number")
				all = append(all, *t)
			}
			found, err := tx.History(alert.HistoryQuery{After: ts[0].Seq - 1})
			s.must(err, "History")
			s.same(all[len(all)-5:], found, "history in the transaction")
			return nil
		})
	}
	s.that(slices.IsSortedFunc(all, func(a, b alert.Transition) int { return int(a.Seq - b.Seq) }), "the numbers do not grow")
	s.read(st, func(reader alert.Reader) error {
		for i := range 60 {
			var q alert.HistoryQuery
			if r.IntN(2) == 0 {
				q.Alerts = []string{pick(r, alerts...).ID, pick(r, alerts...).ID}
			}
			if r.IntN(3) == 0 {
				q.Ref = pick(r, alerts...).Ref
			}
			if r.IntN(3) == 0 {
				q.From = instant(r)
			}
			if r.IntN(3) == 0 {
				q.To = instant(r)
			}
			if r.IntN(2) == 0 {
				q.After = pick(r, all...).Seq
			}
			q.Limit = pick(r, 0, 3, 100)
			if i == 0 {
				q = alert.HistoryQuery{}
			}
			var want []alert.Transition
			for _, t := range all {
				if (len(q.Alerts) == 0 || slices.Contains(q.Alerts, t.Alert)) && (q.Ref.IsZero() || t.Key.Ref == q.Ref) && t.Seq > q.After &&
					(q.From.IsZero() || !t.At.Before(q.From)) && (q.To.IsZero() || t.At.Before(q.To)) && (q.Limit == 0 || len(want) < q.Limit) {
					want = append(want, t)
				}
			}
			found, err := reader.History(q)
			s.must(err, "History")
			s.same(want, found, "history %+v", q)
		}
		return nil
	})
}

func checkScans(s *suite) {
	st := s.open()
	record := func(id string, start time.Time) alert.ScanRecord {
		return alert.ScanRecord{
			ID: id, Stream: "main", State: alert.ScanResolving, Start: start, End: start.Add(time.Microsecond), SetDigest: "d", Policies: []string{"b", "a"},
			Accounts: []string{"aws/1"}, Batches: 3, Error: "canceled", Summary: alert.Summary{Findings: math.MaxInt64, Opened: 2, Held: 1},
			Quiet:    map[string]*alert.Digest{"mail": {From: base, To: base, Title: "t", Opened: 2, Alerts: []*alert.Alert{full(7)}}},
			Missing:  []alert.MissingAlert{{ID: "P-2", Account: "aws/1", Complete: true}},
			Held:     map[string][]string{"aws/1": {"P-3"}},
			Unread:   []string{"aws/1 t p"},
			Denied:   []string{"aws/1 s3:ListBuckets"},
			Coverage: []alert.CoverageCount{{Account: "aws/1", Type: "t", Complete: 1, Partial: 2, NotAsked: 3}},
			Counts:   []alert.ScanCount{{Account: "aws/1", Section: "cis/1", Passed: 4, Failed: map[policy.Severity]int{policy.High: 5}, Unknown: 6, NotApplicable: 7}},
		}
	}
	a, b, c, d := record("a", base), record("b", base.Add(time.Hour)), record("c", base), record("d", base.Add(2*time.Hour))
	d.Stream = "other"
	s.write(st, func(tx alert.Tx) error {
		for _, r := range []alert.ScanRecord{a, c, b, d} {
			s.must(tx.PutScan(r), "PutScan")
		}
		a.State, a.Missing = alert.ScanDone, nil
		return tx.PutScan(a)
	})
	s.read(st, func(r alert.Reader) error {
		for _, want := range []alert.ScanRecord{a, b, d} {
			got, ok, err := r.Scan(want.ID)
			s.must(err, "Scan")
			s.that(ok, "scan %q is not found", want.ID)
			s.same(want, got, "scan %q", want.ID)
			if ok {
				got.Quiet["mail"].Opened = 100
				got.Held["aws/1"][0], got.Counts[0].Failed[policy.High], got.Policies[0] = "mine", 100, "mine"
			}
		}
		_, ok, err := r.Scan("main")
		s.must(err, "Scan")
		s.that(!ok, "a scan is found by the name of its stream")
		for _, row := range []struct {
			stream string
			limit  int
			want   []alert.ScanRecord
		}{{"main", 0, []alert.ScanRecord{b, a, c}}, {"main", 2, []alert.ScanRecord{b, a}}, {"", 10, []alert.ScanRecord{d, b, a, c}}, {"none", 0, nil}} {
			got, err := r.Scans(row.stream, row.limit)
			s.must(err, "Scans")
			s.same(row.want, got, "scans of %q, at most %d", row.stream, row.limit)
		}
		return nil
	})
}

func checkDocuments(s *suite) {
	st := s.open()
	large := `{ "id": 9007199254740993, "max":18446744073709551615,  "b":1, "a":1.0, "a":2, "e":1E400, "n":null, "h":"\u0000\u003c" }`
	docs := []alert.Document{
		{Kind: "groups", Name: "", Data: []byte("no name")},
		{Kind: "groups", Name: "b/ä", Data: []byte{0, 0xff, 1}},
		{Kind: "rules", Name: "B", Data: []byte(large)},
		{Kind: "rules", Name: "a", Data: []byte(`"first"`)},
		{Kind: "rules", Name: "a0", Data: []byte(`{"id": 9007199254740993}`)},
		{Kind: "rules", Name: "aa", Data: []byte(strings.Repeat("long ", 100_000))},
	}
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.PutDocument("rules", "a", []byte("replaced")), "PutDocument")
		s.must(tx.PutDocument("rules", "deleted", []byte("x")), "PutDocument")
		s.must(tx.PutDocument("rules", "deleted", nil), "PutDocument")
		s.must(tx.PutDocument("rules", "never", nil), "delete a document that does not exist")
		for _, d := range docs {
			data := slices.Clone(d.Data)
			s.must(tx.PutDocument(d.Kind, d.Name, data), "PutDocument")
			clear(data) // the caller's
		}
		return nil
	})
	s.read(st, func(r alert.Reader) error {
		for _, d := range docs {
			got, err := r.Document(d.Kind, d.Name)
			s.must(err, "Document")
			s.that(string(got) == string(d.Data), "document %q: got %.200q, want %.200q", d.Name, got, d.Data)
			clear(got)
		}
		s.same(docs[2:], collect(s, r.Documents("rules")), "documents of a kind")
		s.same(docs[:2], collect(s, r.Documents("groups")), "documents of a kind")
		for _, none := range []string{"deleted", "never", "b"} {
			got, err := r.Document("rules", none)
			s.must(err, "Document")
			s.that(got == nil, "document %q: got %q, want nil", none, got)
		}
		return nil
	})
}

// fill writes something of each kind and returns how many records there are.
func (s *suite) fill(st alert.Store, tenant string) int {
	a, b := full(1), full(2)
	b.Status = alert.Unmatched
	s.must(st.Write(s.ctx, tenant, func(tx alert.Tx) error {
		s.must(tx.Put(opened(a, b)...), "Put")
		s.must(tx.Append(&alert.Transition{Alert: a.ID, Key: a.Key, At: base, To: alert.Open}), "Append")
		s.must(tx.PutUnknown(alert.Unknown{Key: a.Key, Since: base, Reason: "denied"}), "PutUnknown")
		s.must(tx.PutScan(alert.ScanRecord{ID: "scan-1", Stream: "main", State: alert.ScanDone, Start: base, Accounts: []string{"aws/111122223333"}}), "PutScan")
		s.must(tx.PutDocument("rules", "all", []byte("{}")), "PutDocument")
		dead := message("m-dead", "mail", 2, base)
		dead.Dead = true
		m := message("m", "mail", 1, base)
		m.Alert, dead.Alert = a.ID, a.ID
		s.must(tx.PutMessages(m, dead), "PutMessages")
		return tx.PutVersion(version("a", 1))
	}), "write")
	return 9
}

func checkRecords(s *suite) {
	st := s.open()
	n := s.fill(st, tenant)
	s.fill(st, "other")
	s.write(st, func(tx alert.Tx) error {
		a := full(2)
		return tx.Append(&alert.Transition{Alert: a.ID, Key: a.Key, At: base.Add(-time.Hour), To: alert.Open})
	})
	n++
	var kinds []string
	var seqs []int64
	s.read(st, func(r alert.Reader) error {
		for rec, err := range r.Records() {
			s.must(err, "Records")
			n--
			switch {
			case rec.Document != nil:
				s.that(rec.Document.Kind == "rules" && rec.Document.Name == "all" && string(rec.Document.Data) == "{}", "document %+v", rec.Document)
				kinds = append(kinds, "document")
			case rec.Scan != nil:
				kinds = append(kinds, "scan")
			case rec.Alert != nil:
				kinds = append(kinds, "alert")
				want := s.wantAlert(rec.Alert.ID)
				s.same(want, rec.Alert, "alert")
			case rec.Unknown != nil:
				kinds = append(kinds, "unknown")
			case rec.Transition != nil:
				kinds, seqs = append(kinds, "transition"), append(seqs, rec.Transition.Seq)
			case rec.Message != nil:
				kinds = append(kinds, "message")
			case rec.Version != nil:
				kinds = append(kinds, "version")
			default:
				s.add("a record is empty")
			}
		}
		for range r.Records() {
			break // a loop can be left
		}
		_, err := r.Query(alert.Query{})
		return err
	})
	s.that(n == 0, "%d records are missing", n)
	s.same([]string{"document", "scan", "alert", "unknown", "transition", "message", "version"}, slices.Compact(kinds), "order of the records")
	s.that(slices.IsSorted(seqs) && len(seqs) == 2, "transitions are not in the order of their numbers: %v", seqs)
}

// wantAlert is one of those that fill writes, as a store returns it.
func (s *suite) wantAlert(id string) *alert.Alert {
	a, b := full(1), full(2)
	if id == a.ID {
		a.Unknown = &alert.Unknown{Key: a.Key, Since: base, Reason: "denied"}
		return a
	}
	b.Status, b.LastObserved = alert.Unmatched, b.Read.Latest
	return b
}
