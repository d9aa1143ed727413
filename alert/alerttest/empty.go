package alerttest

import (
	"github.com/openstance/stance/alert"
)

func checkEmpty(s *suite) {
	st := s.open()
	for _, tenant := range []string{tenant, ""} {
		s.view(st, alert.View{Tenant: tenant}, func(r alert.Reader) error { s.nothing(r, full(1)); return nil })
	}
}

// nothing checks that a reader finds nothing: not a certain alert, and nothing else.
func (s *suite) nothing(r alert.Reader, a *alert.Alert) {
	byKey, err := r.Alerts(a.Key)
	s.must(err, "Alerts")
	s.that(len(byKey) == 0, "Alerts returns %d", len(byKey))
	byID, err := r.ByID(a.ID, a.ID)
	s.must(err, "ByID")
	s.that(len(byID) == 2 && byID[0] == nil && byID[1] == nil, "ByID returns %v (want two nils)", byID)
	for _, q := range []alert.Query{{}, {Statuses: []alert.Status{alert.Unmatched, a.Status}}, {Text: "bucket"}, {Accounts: []string{a.Asset.Account}}} {
		page, err := r.Query(q)
		s.must(err, "Query")
		s.that(page != nil && len(page.Alerts) == 0 && page.Next == "" && !page.Truncated, "Query returns %v", page)
	}
	counts, err := r.Count(alert.Query{})
	s.must(err, "Count")
	s.that(len(counts) == 1 && counts[0].N == 0 && counts[0].Resolve == 0 && len(counts[0].By) == 0, "Count returns %v (want one count of 0)", counts)
	counts, err = r.Count(alert.Query{}, alert.PerAccount)
	s.must(err, "Count")
	s.that(len(counts) == 0, "Count by account returns %v", counts)
	marks, err := r.Marks([][16]byte{a.Key.Hash(tenant)})
	s.must(err, "Marks")
	s.that(len(marks) == 1 && marks[0] == alert.Mark{}, "Marks returns %v (want the zero Mark)", marks)
	s.that(len(collect(s, r.Claimed(a.Stream, [16]byte{}))) == 0, "Claimed yields marks")
	waking, err := r.Waking(base.AddDate(100, 0, 0), 0)
	s.must(err, "Waking")
	s.that(len(waking) == 0, "Waking returns alerts")
	s.that(len(collect(s, r.Unknowns())) == 0, "Unknowns yields notes")
	history, err := r.History(alert.HistoryQuery{})
	s.must(err, "History")
	s.that(len(history) == 0, "History returns transitions")
	scans, err := r.Scans("", 0)
	s.must(err, "Scans")
	s.that(len(scans) == 0, "Scans returns records")
	_, ok, err := r.Scan("scan-1")
	s.must(err, "Scan")
	s.that(!ok, "Scan returns a record")
	data, err := r.Document("rules", "all")
	s.must(err, "Document")
	s.that(data == nil, "Document returns %q (want nil)", data)
	s.that(len(collect(s, r.Documents("rules"))) == 0, "Documents yields documents")
	for _, dead := range []bool{false, true} {
		ms, err := r.Messages(alert.MessageQuery{Dead: dead})
		s.must(err, "Messages")
		s.that(len(ms) == 0, "Messages returns messages")
	}
	versions, err := r.Versions(a.Ref, 0)
	s.must(err, "Versions")
	s.that(len(versions) == 0, "Versions returns versions")
}

// collect returns the elements of a sequence.
func collect[T any](s *suite, seq func(func(T, error) bool)) []T {
	var all []T
	seq(func(x T, err error) bool {
		s.must(err, "sequence")
		all = append(all, x)
		return true
	})
	return all
}
