package alerttest

import (
	"context"
	"errors"

	"github.com/openstance/stance/alert"
)

func checkTenants(s *suite) {
	st := s.open()
	s.fill(st, "other")
	before := s.records(st, "other")
	s.read(st, func(r alert.Reader) error { s.nothing(r, full(1)); return nil })
	s.that(len(s.records(st, tenant)) == 0, "the records of a tenant have those of another")

	// The same keys, IDs and names are free in this tenant, and deleting them leaves the other.
	s.fill(st, tenant)
	s.same(before[2:4], s.records(st, tenant)[2:4], "alerts with the IDs of another tenant")
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.DeleteUnknown(full(1).Key), "DeleteUnknown")
		s.must(tx.DeleteMessages("m", "m-dead"), "DeleteMessages")
		s.must(tx.PutDocument("rules", "all", nil), "PutDocument")
		found, err := tx.ByID(full(1).ID, full(2).ID)
		s.must(err, "ByID")
		s.must(tx.Put(alert.Change{Old: found[0]}, alert.Change{Old: found[1]}), "Put")
		s.must(tx.PutVersion(version("b", 2)), "PutVersion")
		s.must(tx.PutScan(alert.ScanRecord{ID: "scan-1", Stream: "mine", State: alert.ScanDone, Start: base.AddDate(1, 0, 0), Accounts: []string{"aws/111122223333"}}), "PutScan")
		_, err = tx.Purge(base.AddDate(2, 0, 0))
		return err
	})
	s.same(before, s.records(st, "other"), "records after another tenant deleted its own")
	for _, name := range []string{"", "ac", "acme2", "ACME", "%", "_cme", "acme\x01"} {
		s.that(len(s.records(st, name)) == 0, "tenant %q sees records of another", name)
	}
}

func checkRollback(s *suite) {
	st := s.open()
	s.fill(st, tenant)
	before := s.records(st, tenant)
	errMine := errors.New("mine")
	change := func(tx alert.Tx) {
		found, err := tx.ByID(full(1).ID, full(2).ID)
		s.must(err, "ByID")
		changed := clone(found[0])
		changed.Status, changed.Key.Policy = alert.Resolved, "moved"
		s.must(tx.Put(alert.Change{Old: found[0], New: changed}, alert.Change{Old: found[1]}, alert.Change{New: full(3)}), "Put")
		s.must(tx.Append(&alert.Transition{Alert: full(1).ID, At: base, To: alert.Open}), "Append")
		s.must(tx.PutUnknown(alert.Unknown{Key: full(3).Key, Since: base, Reason: "x"}), "PutUnknown")
		s.must(tx.PutScan(alert.ScanRecord{ID: "scan-2", Stream: "main", State: alert.ScanDone, Start: base.AddDate(1, 0, 0), Accounts: []string{"aws/111122223333"}}), "PutScan")
		s.must(tx.PutDocument("rules", "all", nil), "PutDocument")
		s.must(tx.PutDocument("rules", "new", []byte("x")), "PutDocument")
		s.must(tx.DeleteMessages("m"), "DeleteMessages")
		s.must(tx.PutMessages(message("new", "mail", 1, base)), "PutMessages")
		s.must(tx.PutVersion(version("new", 9)), "PutVersion")
		s.must(tx.DeleteUnknown(full(1).Key), "DeleteUnknown")
	}
	for _, purge := range []bool{false, true} {
		err := st.Write(s.ctx, tenant, func(tx alert.Tx) error {
			change(tx)
			if purge {
				_, err := tx.Purge(base.AddDate(2, 0, 0))
				s.must(err, "Purge")
			}
			return errMine
		})
		s.that(err == errMine, "Write returns %v, want the error of the function as it is", err)
		s.same(before, s.records(st, tenant), "records after a transaction that failed")
	}
	// An error of the store's that the function passes on leaves nothing either.
	err := st.Write(s.ctx, tenant, func(tx alert.Tx) error {
		s.must(tx.PutDocument("rules", "new", []byte("x")), "PutDocument")
		return tx.Put(alert.Change{New: full(4)}, alert.Change{New: full(1)})
	})
	s.that(err != nil, "a duplicate is written")
	s.same(before, s.records(st, tenant), "records after a transaction that failed in the store")

	// What is written afterwards is kept, with a number of its own.
	s.write(st, func(tx alert.Tx) error {
		return tx.Append(&alert.Transition{Alert: full(1).ID, Key: full(1).Key, At: base, To: alert.Open})
	})
	s.read(st, func(r alert.Reader) error {
		history, err := r.History(alert.HistoryQuery{})
		s.must(err, "History")
		s.that(len(history) == 2 && history[0].Seq < history[1].Seq, "the history after a transaction that failed: %s", inJSON(history))
		return nil
	})
}

func checkOwnWrites(s *suite) {
	st := s.open()
	s.write(st, func(tx alert.Tx) error {
		a := full(1)
		a.Status = alert.Open
		s.must(tx.Put(alert.Change{New: a}), "Put")
		changed := clone(s.one(tx, a.ID))
		changed.Owner = "second"
		s.must(tx.Put(alert.Change{Old: s.one(tx, a.ID), New: changed}), "Put")
		s.that(s.one(tx, a.ID).Owner == "second", "a transaction does not read what it wrote")
		s.that(len(s.list(tx, alert.Query{Owners: []string{"second"}, Text: "bucket"})) == 1, "a transaction does not list what it wrote")
		counts, err := tx.Count(alert.Query{}, alert.PerOwner)
		s.must(err, "Count")
		s.same([]alert.Count{{By: []string{"second"}, N: 1}}, counts, "counts in a transaction")
		s.must(tx.PutDocument("rules", "all", []byte("x")), "PutDocument")
		data, err := tx.Document("rules", "all")
		s.must(err, "Document")
		s.that(string(data) == "x", "a transaction does not read its document")
		s.must(tx.PutMessages(message("m", "mail", 1, base)), "PutMessages")
		ms, err := tx.Messages(alert.MessageQuery{})
		s.must(err, "Messages")
		s.that(len(ms) == 1, "a transaction does not read its messages")
		return nil
	})
}

func checkCanceled(s *suite) {
	st := s.open()
	s.fill(st, tenant)
	before := s.records(st, tenant)
	ctx, cancel := context.WithCancel(s.ctx)
	err := st.Write(ctx, tenant, func(tx alert.Tx) error {
		if err := tx.PutDocument("rules", "new", []byte("x")); err != nil {
			return err
		}
		cancel()
		return nil
	})
	s.that(err != nil, "a transaction is written after its context was canceled")
	s.same(before, s.records(st, tenant), "records after a transaction that was canceled")
	err = st.Write(ctx, tenant, func(tx alert.Tx) error { return tx.PutDocument("rules", "new", []byte("x")) })
	s.that(err != nil, "a transaction begins with a context that is canceled")
	err = st.Read(ctx, everything, func(r alert.Reader) error { _, err := r.Query(alert.Query{}); return err })
	s.that(err != nil, "a reader begins with a context that is canceled")
	s.same(before, s.records(st, tenant), "records after a transaction that was canceled")

	ctx, cancel = context.WithCancel(s.ctx)
	defer cancel()
	err = st.Read(ctx, everything, func(r alert.Reader) error {
		cancel()
		_, err := r.Query(alert.Query{})
		return err
	})
	s.that(err != nil, "a reader goes on after its context was canceled")
	s.write(st, func(tx alert.Tx) error { return tx.PutDocument("rules", "new", []byte("x")) }) // the store is usable
}

func checkClosed(s *suite) {
	st := s.open()
	s.fill(st, tenant)
	s.must(st.Close(), "Close")
	err := st.Read(s.ctx, everything, func(r alert.Reader) error { _, err := r.Query(alert.Query{}); return err })
	s.that(err != nil, "a closed store is read")
	err = st.Write(s.ctx, tenant, func(tx alert.Tx) error { return tx.PutDocument("rules", "all", []byte("x")) })
	s.that(err != nil, "a closed store is written")
}
