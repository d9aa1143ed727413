package alerttest

import (
	"fmt"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
)

func version(digest string, hour int) alert.Version {
	at := base.Add(time.Duration(hour) * time.Hour)
	return alert.Version{
		Ref: full(1).Ref, Scope: asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-west-1"}, Digest: digest, From: at, Last: at,
		Data: []byte(`{"id": 9007199254740993}`),
	}
}

func checkVersions(s *suite) {
	st := s.open()
	a, b, tomb, back := version("a", 1), version("b", 2), version("", 5), version("a", 6)
	tomb.Gone, tomb.Data = true, nil
	same, stale := version("a", 1), version("a", 0)
	same.Last = base.Add(90 * time.Minute)
	other := version("other", 0)
	other.Ref.ID = "other"
	s.write(st, func(tx alert.Tx) error {
		for _, v := range []alert.Version{a, same, a, other, b, tomb, tomb, back} {
			s.must(tx.PutVersion(v), "PutVersion")
		}
		replaced := version("b2", 2)
		s.must(tx.PutVersion(replaced), "PutVersion")
		return tx.PutVersion(b)
	})
	a.Last = same.Last
	want := []alert.Version{back, tomb, b, a}
	s.read(st, func(r alert.Reader) error {
		for _, limit := range []int{0, 2, 100} {
			got, err := r.Versions(a.Ref, limit)
			s.must(err, "Versions")
			if limit == 2 {
				s.same(want[:2], got, "two versions")
				continue
			}
			s.same(want, got, "versions")
		}
		got, err := r.Versions(other.Ref, 0)
		s.must(err, "Versions")
		s.same([]alert.Version{other}, got, "versions of another asset")
		got, err = r.Versions(asset.Ref{Type: a.Ref.Type, ID: "none"}, 0)
		s.must(err, "Versions")
		s.that(len(got) == 0, "an asset that does not exist has versions")
		return nil
	})
	s.write(st, func(tx alert.Tx) error { return tx.PutVersion(stale) })
	s.read(st, func(r alert.Reader) error {
		got, err := r.Versions(a.Ref, 0)
		s.must(err, "Versions")
		s.same(want, got, "versions after an observation that came late")
		return nil
	})
}

func checkPurge(s *suite) {
	st := s.open()
	cut := base.Add(10 * time.Hour)
	before, after := cut.Add(-time.Microsecond), cut
	var kept, deleted []string
	s.write(st, func(tx alert.Tx) error {
		for i, status := range []alert.Status{alert.Open, alert.Dismissed, alert.Snoozed, alert.PendingResolution, alert.Resolved, alert.Unmatched, "other"} {
			for j, at := range []time.Time{before, after} {
				a := full(10*i + j)
				a.Status, a.LastSeen = status, at
				s.must(tx.Put(alert.Change{New: a}), "Put")
				// One transition before the instant, one after it: the alert takes its own along.
				for _, t := range []time.Time{before, after} {
					s.must(tx.Append(&alert.Transition{Alert: a.ID, Key: a.Key, At: t, To: status}), "Append")
				}
				s.must(tx.PutUnknown(alert.Unknown{Key: a.Key, Since: base, Reason: "denied"}), "PutUnknown")
				if (status == alert.Resolved || status == alert.Unmatched) && at.Equal(before) {
					deleted = append(deleted, a.ID)
				} else {
					kept = append(kept, a.ID)
				}
			}
		}
		for _, at := range []time.Time{before, after} {
			id := at.String()
			s.must(tx.PutScan(alert.ScanRecord{ID: id, Stream: "main", State: alert.ScanDone, Start: at, Accounts: []string{"aws/1"}}), "PutScan")
			for _, dead := range []bool{false, true} {
				m := message(fmt.Sprint(id, dead), "mail", 1, base)
				m.Dead, m.Event.At = dead, at
				s.must(tx.PutMessages(m), "PutMessages")
			}
		}
		for _, hour := range []int{1, 2, 9, 11} {
			s.must(tx.PutVersion(version(fmt.Sprint(hour), hour)), "PutVersion")
		}
		for _, hour := range []int{9, 11} { // the tombstones of two assets
			v, tomb := version("a", 1), version("", hour)
			v.Ref.ID, tomb.Ref.ID, tomb.Gone = fmt.Sprint("gone", hour), fmt.Sprint("gone", hour), true
			s.must(tx.PutVersion(v), "PutVersion")
			s.must(tx.PutVersion(tomb), "PutVersion")
		}
		return tx.PutDocument("rules", "all", []byte("kept"))
	})
	s.write(st, func(tx alert.Tx) error {
		n, err := tx.Purge(cut)
		s.must(err, "Purge")
		s.that(n == len(deleted), "Purge reports %d alerts, want %d", n, len(deleted))
		n, err = tx.Purge(cut)
		s.must(err, "Purge")
		s.that(n == 0, "a purge again deletes %d alerts", n)
		return nil
	})
	s.read(st, func(r alert.Reader) error {
		for _, id := range kept {
			s.one(r, id)
			history, err := r.History(alert.HistoryQuery{Alerts: []string{id}})
			s.must(err, "History")
			s.that(len(history) == 1 && history[0].At.Equal(after), "history of alert %s, which stays: got %d transitions, want the later one", id, len(history))
		}
		for _, id := range deleted {
			found, err := r.ByID(id)
			s.must(err, "ByID")
			s.that(found[0] == nil, "alert %s is not deleted", id)
			history, err := r.History(alert.HistoryQuery{Alerts: []string{id}})
			s.must(err, "History")
			s.that(len(history) == 0, "the history of alert %s is not deleted", id)
		}
		s.that(len(collect(s, r.Unknowns())) == len(kept), "there are %d notes, want %d", len(collect(s, r.Unknowns())), len(kept))
		scans, err := r.Scans("", 0)
		s.must(err, "Scans")
		s.that(len(scans) == 1 && scans[0].Start.Equal(after), "got %d scans, want the later one", len(scans))
		alive, err := r.Messages(alert.MessageQuery{})
		s.must(err, "Messages")
		s.that(len(alive) == 2, "got %d messages that are not dead, want 2", len(alive))
		dead, err := r.Messages(alert.MessageQuery{Dead: true})
		s.must(err, "Messages")
		s.that(len(dead) == 1 && dead[0].Event.At.Equal(after), "got %d dead messages, want the later one", len(dead))
		for id, want := range map[string][]string{version("", 0).Ref.ID: {"11", "9"}, "gone9": {}, "gone11": {"", "a"}} {
			got, err := r.Versions(asset.Ref{Type: version("", 0).Ref.Type, ID: id}, 0)
			s.must(err, "Versions")
			digests := []string{}
			for _, v := range got {
				digests = append(digests, v.Digest)
			}
			s.same(want, digests, "versions of %q", id)
		}
		data, err := r.Document("rules", "all")
		s.must(err, "Document")
		s.that(data != nil, "a document is purged")
		return nil
	})
}
