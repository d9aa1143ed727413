package alerttest

import (
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

func checkRoundTrip(s *suite) {
	st := s.open()
	a, bare := full(1), &alert.Alert{Key: alert.Key{Policy: "p", Ref: asset.Ref{Type: "t", ID: "i"}}, ID: "P-bare", Status: alert.Open, Verdict: policy.Fail}
	bare.Policy.Severity = policy.Low
	bare.Read.Latest = base
	want := full(1)
	want.LastObserved = want.Read.Latest
	s.put(st, a, bare)
	a.Asset.Tags["team"], a.Rules[0], a.Accepted.By, a.Evidence[0].Value = "changed", "changed", "changed", "changed" // the caller's
	bare.LastObserved = base

	for range 2 {
		s.read(st, func(r alert.Reader) error {
			byKey, err := r.Alerts(want.Key, bare.Key)
			s.must(err, "Alerts")
			s.same(want, byKey[want.Key], "Alerts")
			s.same(bare, byKey[bare.Key], "Alerts")
			byID, err := r.ByID(bare.ID, "P-none", want.ID)
			s.must(err, "ByID")
			s.same([]*alert.Alert{bare, nil, want}, byID, "ByID")
			page, err := r.Query(alert.Query{IDs: []string{want.ID}})
			s.must(err, "Query")
			s.same([]*alert.Alert{want}, page.Alerts, "Query")
			waking, err := r.Waking(want.Wake, 1)
			s.must(err, "Waking")
			s.same([]*alert.Alert{want}, waking, "Waking")
			for _, found := range []*alert.Alert{byKey[want.Key], byID[2], page.Alerts[0], waking[0]} {
				found.Asset.Tags["team"], found.Rules[0], found.Changes[0], found.Status = "mine", "mine", base.Add(time.Hour), "mine"
				found.Accepted.By, found.Pending.Reads, found.Policy.Controls[0] = "mine", 100, "mine"
			}
			return nil
		})
	}

	// Times in other zones and with nanoseconds are the same instants, to the microsecond.
	zone := time.FixedZone("", 9*3600)
	odd := full(2)
	odd.AlertTime = time.Date(2026, 12, 1, 23, 0, 0, 1999, zone)
	odd.Due = time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	s.put(st, odd)
	s.read(st, func(r alert.Reader) error {
		found, err := r.ByID(odd.ID)
		s.must(err, "ByID")
		s.that(found[0].AlertTime.Equal(time.Date(2026, 12, 1, 14, 0, 0, 1000, time.UTC)), "a time of another zone: got %s", found[0].AlertTime)
		s.that(found[0].AlertTime.Location() == time.UTC, "a time is in %s (want UTC)", found[0].AlertTime.Location())
		s.that(found[0].Due.Equal(odd.Due), "a time before 1970: got %s", found[0].Due)
		return nil
	})
}

func checkPut(s *suite) {
	st := s.open()
	a := full(1)
	s.put(st, a)
	refused := func(name string, c func(tx alert.Tx, a *alert.Alert) alert.Change) {
		err := st.Write(s.ctx, tenant, func(tx alert.Tx) error { return tx.Put(c(tx, s.one(tx, a.ID))) })
		s.that(err != nil, "%s is written", name)
	}
	refused("a new alert with the key of another", func(_ alert.Tx, a *alert.Alert) alert.Change {
		b := clone(a)
		b.ID = "P-other"
		return alert.Change{New: b}
	})
	refused("a new alert with the ID of another", func(_ alert.Tx, a *alert.Alert) alert.Change {
		b := clone(a)
		b.Key.Policy = "other"
		return alert.Change{New: b}
	})
	refused("another ID", func(_ alert.Tx, a *alert.Alert) alert.Change {
		b := clone(a)
		b.ID = "P-other"
		return alert.Change{Old: a, New: b}
	})
	refused("an alert without ID", func(alert.Tx, *alert.Alert) alert.Change { return alert.Change{New: &alert.Alert{Key: full(9).Key}} })

	other := full(2)
	s.put(st, other)
	refused("the key of another alert", func(_ alert.Tx, a *alert.Alert) alert.Change {
		b := clone(a)
		b.Key = other.Key
		return alert.Change{Old: a, New: b}
	})

	// The key moves, the ID and the note stay, and the old key is free.
	from, to := a.Key, alert.Key{Policy: "renamed", Ref: a.Ref}
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.PutUnknown(alert.Unknown{Key: from, Since: base, Verified: base, Reason: "denied"}), "PutUnknown")
		old := s.one(tx, a.ID)
		moved := clone(old)
		moved.Key = to
		s.must(tx.Put(alert.Change{Old: old, New: moved}), "move the key")
		free := full(3)
		free.Key, free.ID = from, "P-free"
		return tx.Put(alert.Change{New: free})
	})
	s.read(st, func(r alert.Reader) error {
		found, err := r.Alerts(from, to)
		s.must(err, "Alerts")
		s.that(found[to] != nil && found[to].ID == a.ID && found[to].Key == to, "the alert does not have its new key")
		s.that(found[to] != nil && found[to].Unknown != nil && found[to].Unknown.Key == to, "the note does not follow the key")
		s.that(found[from] != nil && found[from].ID == "P-free" && found[from].Unknown == nil, "the old key does not have the new alert alone")
		marks, err := r.Marks([][16]byte{to.Hash(tenant), from.Hash(tenant)})
		s.must(err, "Marks")
		s.that(marks[0].ID == a.ID && marks[1].ID == "P-free", "the marks do not follow the key")
		s.that(len(s.list(r, alert.Query{Policies: []string{"renamed"}})) == 1, "the list does not follow the key")
		return nil
	})

	// A deleted alert is gone, with its note, and can come again.
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.Append(&alert.Transition{Alert: a.ID, Key: to, At: base, To: alert.Open}), "Append")
		return tx.Put(alert.Change{Old: s.one(tx, a.ID)})
	})
	s.read(st, func(r alert.Reader) error {
		found, err := r.ByID(a.ID)
		s.must(err, "ByID")
		s.that(found[0] == nil, "a deleted alert is found by its ID")
		byKey, err := r.Alerts(to)
		s.must(err, "Alerts")
		s.that(len(byKey) == 0, "a deleted alert is found by its key")
		s.that(len(s.list(r, alert.Query{})) == 2, "a deleted alert is listed")
		s.that(len(collect(s, r.Unknowns())) == 0, "the note of a deleted alert stays")
		history, err := r.History(alert.HistoryQuery{Alerts: []string{a.ID}})
		s.must(err, "History")
		s.that(len(history) == 1, "a deleted alert has lost its history")
		return nil
	})
	again := clone(a)
	again.Key = to
	s.put(st, again)
}

// one returns an alert that must exist.
func (s *suite) one(r alert.Reader, id string) *alert.Alert {
	found, err := r.ByID(id)
	s.must(err, "ByID")
	if len(found) != 1 || found[0] == nil {
		s.add("alert %q is not found", id)
		panic(stopped{})
	}
	return found[0]
}

func checkFilled(s *suite) {
	st := s.open()
	a := full(1)
	a.Missing, a.MissingSince = 0, time.Time{}
	read := a.Read.Latest
	s.put(st, a)
	observed := func(want time.Time, when string) {
		s.read(st, func(r alert.Reader) error {
			got := s.one(r, a.ID)
			s.that(got.LastObserved.Equal(want), "LastObserved %s: got %s, want %s", when, got.LastObserved, want)
			s.that(len(s.list(r, alert.Query{Time: alert.Observed, From: want, To: want.Add(time.Microsecond)})) == 1, "LastObserved %s: the query for its time does not find the alert", when)
			return nil
		})
	}
	scan := func(id, stream string, state alert.ScanState, start time.Time, accounts ...string) {
		s.write(st, func(tx alert.Tx) error {
			return tx.PutScan(alert.ScanRecord{ID: id, Stream: stream, State: state, Start: start, Accounts: accounts})
		})
	}
	change := func(f func(*alert.Alert)) {
		s.write(st, func(tx alert.Tx) error {
			old := s.one(tx, a.ID)
			changed := clone(old)
			f(changed)
			return tx.Put(alert.Change{Old: old, New: changed})
		})
	}
	account, start := "aws/111122223333", base.Add(time.Hour)
	observed(read, "before any scan")
	scan("1", "main", alert.ScanDone, base.Add(-time.Hour), account)
	observed(read, "after an older scan")
	scan("2", "main", alert.ScanRunning, start, account)
	observed(read, "during a scan")
	scan("3", "main", alert.ScanIncomplete, start, account)
	scan("4", "other", alert.ScanDone, start, account)
	scan("5", "main", alert.ScanDone, start, "aws/2", "azure/111122223333")
	observed(read, "after scans of others, and one that is incomplete")
	scan("2", "main", alert.ScanDone, start, "aws/1", account)
	observed(start, "after a scan")
	scan("6", "main", alert.ScanDone, start.Add(-time.Minute), account)
	observed(start, "after a scan that began before the last one")
	change(func(a *alert.Alert) { a.Missing, a.MissingSince = 1, start })
	observed(read, "of an alert that is missing")
	change(func(a *alert.Alert) { a.Missing, a.MissingSince, a.Gone = 0, time.Time{}, true })
	observed(read, "of an alert whose asset is gone")
	change(func(a *alert.Alert) { a.Gone = false })
	observed(start, "again")

	note := alert.Unknown{Key: a.Key, Since: start.Add(time.Hour), Verified: start.Add(-time.Minute), Reason: "denied"}
	early := alert.Unknown{Key: alert.Key{Policy: "z", Ref: a.Ref}, Since: start, Reason: "failed"}
	tie := alert.Unknown{Key: alert.Key{Policy: "zz", Ref: a.Ref}, Since: start, Reason: "failed"}
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.PutUnknown(alert.Unknown{Key: a.Key, Since: base, Reason: "replaced"}), "PutUnknown")
		return tx.PutUnknown(tie, note, early)
	})
	observed(note.Verified, "while the verdict is unknown")
	s.read(st, func(r alert.Reader) error {
		s.same(note, s.one(r, a.ID).Unknown, "note of an alert")
		s.same([]alert.Unknown{early, tie, note}, collect(s, r.Unknowns()), "Unknowns")
		marks, err := r.Marks([][16]byte{a.Key.Hash(tenant)})
		s.must(err, "Marks")
		s.that(marks[0].Unknown, "the mark does not have the note")
		return nil
	})
	change(func(a *alert.Alert) { a.Owner = "other" })
	s.read(st, func(r alert.Reader) error {
		s.that(s.one(r, a.ID).Unknown != nil, "a change of the alert deletes its note")
		return nil
	})
	s.write(st, func(tx alert.Tx) error { return tx.DeleteUnknown(a.Key, alert.Key{Policy: "none"}, tie.Key) })
	observed(start, "after the note is deleted")
	s.read(st, func(r alert.Reader) error {
		s.same([]alert.Unknown{early}, collect(s, r.Unknowns()), "Unknowns")
		return nil
	})
}
