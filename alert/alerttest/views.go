package alerttest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/openstance/stance/alert"
)

func checkViews(s *suite) {
	st := s.open()
	// Accounts 1 and 2, and one in no account.
	var alerts []*alert.Alert
	for i, account := range []string{"1", "2", ""} {
		a := full(i)
		a.Asset.Account, a.Status = account, alert.Open
		alerts = append(alerts, a)
	}
	s.write(st, func(tx alert.Tx) error {
		s.must(tx.Put(opened(alerts...)...), "Put")
		for _, a := range alerts {
			account := "aws/" + a.Asset.Account
			s.must(tx.Append(&alert.Transition{Alert: a.ID, Key: a.Key, At: base, To: alert.Open}), "Append")
			s.must(tx.PutUnknown(alert.Unknown{Key: a.Key, Since: base, Reason: "denied"}), "PutUnknown")
			m := message("m"+a.ID, "mail", 1, base)
			m.Alert = a.ID
			d := message("d"+a.ID, "mail", 1, base)
			d.Alert, d.Dead = a.ID, true
			s.must(tx.PutMessages(m, d), "PutMessages")
			v := version("a", 1)
			v.Ref, v.Scope.Account = a.Ref, a.Asset.Account
			s.must(tx.PutVersion(v), "PutVersion")
			s.must(tx.PutDocument("account", account, []byte(account)), "PutDocument")
			s.must(tx.PutDocument("health", "account_unscanned/"+account, []byte(account)), "PutDocument")
			s.must(tx.PutScan(alert.ScanRecord{ID: account, Stream: "main", State: alert.ScanDone, Start: base, Accounts: []string{account}}), "PutScan")
		}
		s.must(tx.PutMessages(func() alert.Message { m := message("health", "mail", 1, base); m.Alert = ""; return m }()), "PutMessages")
		s.must(tx.Append(&alert.Transition{Alert: "P-gone", At: base, To: alert.Open}), "Append")
		s.must(tx.PutUnknown(alert.Unknown{Key: alert.Key{Policy: "none"}, Since: base, Reason: "denied"}), "PutUnknown")
		s.must(tx.PutDocument("rules", "1", []byte("secret")), "PutDocument")
		return tx.PutScan(alert.ScanRecord{
			ID: "both", Stream: "main", State: alert.ScanDone, Start: base, Accounts: []string{"aws/1", "aws/2"}, Error: "aws/2: secret",
			Quiet:   map[string]*alert.Digest{"mail": {Accounts: map[string]int{"2": 7}}},
			Missing: []alert.MissingAlert{{ID: alerts[1].ID, Account: "aws/2"}}, Unread: []string{"aws/2 t p"}, Denied: []string{"aws/2 s3:ListBuckets"},
			Summary: alert.Summary{Findings: 100}, Held: map[string][]string{"aws/1": {alerts[0].ID}, "aws/2": {alerts[1].ID}},
			Coverage: []alert.CoverageCount{{Account: "aws/1"}, {Account: "aws/2"}}, Counts: []alert.ScanCount{{Account: "aws/2", Passed: 7}},
		})
	})
	for _, accounts := range [][]string{{}, {"none"}, {"aws/1"}, {"%"}} {
		s.view(st, alert.View{Tenant: tenant, Accounts: accounts}, func(r alert.Reader) error {
			for _, a := range alerts {
				s.nothing(r, a)
			}
			for _, id := range []string{"aws/1", "both"} {
				_, ok, err := r.Scan(id)
				s.must(err, "Scan")
				s.that(!ok, "view of %q: scan %q is visible", accounts, id)
			}
			for _, kind := range []string{"account", "health", "rules"} {
				if len(accounts) == 0 || accounts[0] != "aws/1" {
					s.that(len(collect(s, r.Documents(kind))) == 0, "view of %q: documents of kind %q are visible", accounts, kind)
				}
			}
			return nil
		})
	}
	for i, accounts := range [][]string{{"1"}, {"2"}, {""}, {"1", "2"}} {
		visible, hidden := alerts[i:min(i+1, 3)], append(slices.Clone(alerts[:min(i, 3)]), alerts[min(i+1, 3):]...)
		if i == 3 {
			visible, hidden = alerts[:2], alerts[2:]
		}
		s.view(st, alert.View{Tenant: tenant, Accounts: accounts}, func(r alert.Reader) error { s.limited(r, visible, hidden); return nil })
	}
	// A view of all accounts that is not limited has everything.
	s.read(st, func(r alert.Reader) error {
		s.that(len(s.list(r, alert.Query{})) == 3 && len(collect(s, r.Unknowns())) == 4, "the view of all accounts does not have everything")
		return nil
	})
}

// limited checks a view of the accounts of some alerts.
func (s *suite) limited(r alert.Reader, visible, hidden []*alert.Alert) {
	of := func(a *alert.Alert) string { return fmt.Sprintf("view without account %q", a.Asset.Account) }
	for _, q := range []alert.Query{{}, {Text: "public"}, {Sort: []alert.Order{{By: alert.ByAsset}}}, {Tags: []alert.Tag{{Key: "team"}}}} {
		s.that(len(s.list(r, q)) == len(visible), "a view of some accounts lists %d alerts, want %d", len(s.list(r, q)), len(visible))
	}
	for _, by := range [][]alert.Dimension{{}, {alert.PerPolicy}, {alert.PerDay, alert.PerStatus}} {
		counts, err := r.Count(alert.Query{}, by...)
		s.must(err, "Count")
		s.that(len(counts) == 1 && counts[0].N == len(visible), "a view of some accounts counts %v, want %d", counts, len(visible))
	}
	history, err := r.History(alert.HistoryQuery{})
	s.must(err, "History")
	s.that(len(history) == len(visible), "a view of some accounts has %d transitions, want %d", len(history), len(visible))
	s.that(len(collect(s, r.Unknowns())) == len(visible), "a view of some accounts has %d notes, want %d", len(collect(s, r.Unknowns())), len(visible))
	s.that(len(collect(s, r.Claimed("main", [16]byte{}))) == len(visible), "a view of some accounts has marks of others")
	waking, err := r.Waking(base.AddDate(1, 0, 0), 0)
	s.must(err, "Waking")
	s.that(len(waking) == len(visible), "a view of some accounts has %d alerts that wake, want %d", len(waking), len(visible))
	for _, dead := range []bool{false, true} {
		ms, err := r.Messages(alert.MessageQuery{Dead: dead})
		s.must(err, "Messages")
		s.that(len(ms) == len(visible), "a view of some accounts has %d messages, want %d", len(ms), len(visible))
	}
	for _, kind := range []string{"account", "health"} {
		s.that(len(collect(s, r.Documents(kind))) == len(visible), "a view of some accounts has documents of kind %q of others", kind)
	}
	s.that(len(collect(s, r.Documents("rules"))) == 0, "a view of some accounts has the rules")
	data, err := r.Document("rules", "1")
	s.must(err, "Document")
	s.that(data == nil, "a view of some accounts has the rules")
	for _, err := range r.Records() {
		s.that(errors.Is(err, alert.ErrReadOnly), "a view of some accounts yields records: %v", err)
	}
	scans, err := r.Scans("", 0)
	s.must(err, "Scans")
	for _, scan := range scans {
		again, ok, err := r.Scan(scan.ID)
		s.must(err, "Scan")
		s.that(ok, "scan %q is listed and not found", scan.ID)
		s.same(scan, again, "scan %q of a view", scan.ID)
		hidden := len(scan.Quiet) + len(scan.Missing) + len(scan.Unread) + len(scan.Denied)
		s.that(scan.Summary == alert.Summary{} && scan.Error != "aws/2: secret" && hidden == 0, "scan %q of a view has what belongs to others", scan.ID)
	}
	for _, a := range append(slices.Clone(visible), hidden...) {
		want := 0
		if slices.Contains(visible, a) {
			want = 1
		}
		byKey, err := r.Alerts(a.Key)
		s.must(err, "Alerts")
		byID, err := r.ByID(a.ID)
		s.must(err, "ByID")
		s.that(len(byKey) == want && (byID[0] != nil) == (want == 1), "%s: the alert is visible: %t", of(a), want == 0)
		s.that(len(s.list(r, alert.Query{IDs: []string{a.ID}})) == want, "%s: the alert is listed: %t", of(a), want == 0)
		marks, err := r.Marks([][16]byte{a.Key.Hash(tenant)})
		s.must(err, "Marks")
		s.that(marks[0].Known == (want == 1), "%s: the mark is known: %t", of(a), want == 0)
		for _, q := range []alert.HistoryQuery{{Alerts: []string{a.ID}}, {Ref: a.Ref}} {
			history, err := r.History(q)
			s.must(err, "History")
			s.that(len(history) == want, "%s: got %d transitions, want %d", of(a), len(history), want)
		}
		ms, err := r.Messages(alert.MessageQuery{Alerts: []string{a.ID}})
		s.must(err, "Messages")
		s.that(len(ms) == want, "%s: got %d messages, want %d", of(a), len(ms), want)
		versions, err := r.Versions(a.Ref, 0)
		s.must(err, "Versions")
		s.that(len(versions) == want, "%s: got %d versions, want %d", of(a), len(versions), want)
		account := "aws/" + a.Asset.Account
		data, err := r.Document("account", account)
		s.must(err, "Document")
		s.that((data != nil) == (want == 1), "%s: the document of the account is visible: %t", of(a), want == 0)
		_, ok, err := r.Scan(account)
		s.must(err, "Scan")
		s.that(ok == (want == 1), "%s: its scan is visible: %t", of(a), want == 0)
		for _, scan := range scans {
			for _, c := range scan.Coverage {
				s.that(c.Account != account || want == 1, "%s: scan %q has its coverage", of(a), scan.ID)
			}
			for _, c := range scan.Counts {
				s.that(c.Account != account || want == 1, "%s: scan %q has its counts", of(a), scan.ID)
			}
			s.that((!slices.Contains(scan.Accounts, account) && len(scan.Held[account]) == 0) || want == 1, "%s: scan %q names it", of(a), scan.ID)
		}
	}
}
