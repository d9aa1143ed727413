package alerttest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
)

// hostile are strings that a store can stumble over.
func hostile() map[string]string {
	r := rand.New(rand.NewPCG(9, 1))
	noise := make([]byte, 8000) // that nothing compresses
	for i := range noise {
		noise[i] = byte('!' + r.IntN(94))
	}
	return map[string]string{
		"quotes":        `'"` + "`" + `''""`,
		"SQL":           `'; DROP TABLE alerts; --`,
		"parameters":    `$1 ? ?1 :name @p {{.}} \u0041 \`,
		"wildcards":     `%_*[a-z]\%`,
		"FTS":           `title : "x* NEAR(a b) AND OR NOT ^ -`,
		"control":       "a\tb\nc\rd\x01e\x1b[31mf\x7fg",
		"directions":    "a\u202eb\u2066c\ufeff",
		"Japanese":      "公開されたバケット",
		"half width":    "ｱﾗｰﾄ",
		"combining":     "e\u0301 が",
		"emoji":         "👩‍👩‍👧‍👦",
		"beyond":        "\U0010ffff\uffff\ufffd",
		"case":          "İıßΣς",
		"space":         "  a  b  ",
		"empty JSON":    "{}",
		"long":          string(noise),
		"NUL":           "a\x00b",
		"invalid UTF-8": "a\xffb",
	}
}

// checkStrings writes each string in every field.
func checkStrings(s *suite) {
	st := s.open()
	n := 0
	for name, x := range hostile() {
		n++
		s.string(st, name, x, n)
		if len(s.found) > 0 {
			return
		}
	}
	// A very long message is kept as well.
	a := full(0)
	a.Message = strings.Repeat("very long ", 200_000)
	s.put(st, a)
	s.read(st, func(r alert.Reader) error {
		s.same(a.Message, s.one(r, a.ID).Message, "a very long message")
		return nil
	})
}

func (s *suite) string(st alert.Store, name, x string, n int) {
	a := full(n)
	a.Key = alert.Key{Policy: x, Ref: asset.Ref{Type: asset.Type(x), ID: x}}
	a.ID, a.Status, a.Reason, a.Message, a.Owner, a.Assignee, a.Stream, a.State = "P-"+x, alert.Status(x), alert.Reason(x), x, x, x, x, x
	a.Rules, a.Policy.Title, a.Policy.Labels, a.Policy.Controls, a.Policy.Remediable = []string{x}, x, []string{x}, []string{x + "/" + x}, alert.Remediable(x)
	a.Asset.Account, a.Asset.Region, a.Asset.Name, a.Asset.Class, a.Asset.Provider = x, x, x, x, x
	a.Asset.Tags, a.Asset.Groups = map[string]string{x: x}, []string{x}
	a.Missing, a.Gone = 0, false
	m := message("m-"+x, x, 1, base)
	m.Alert, m.Error = a.ID, x
	v := version(x, 1)
	v.Ref, v.Scope.Account = a.Ref, x
	err := st.Write(s.ctx, x, func(tx alert.Tx) error {
		t := &alert.Transition{Alert: a.ID, Key: a.Key, At: base, From: alert.Status(x), To: alert.Status(x), Reason: alert.Reason(x), Actor: x, Note: x, Scan: x, Groups: []string{x}}
		for _, write := range []func() error{
			func() error { return tx.Put(alert.Change{New: a}) },
			func() error { return tx.Append(t) },
			func() error { return tx.PutUnknown(alert.Unknown{Key: a.Key, Since: base, Reason: x}) },
			func() error {
				return tx.PutScan(alert.ScanRecord{ID: x, Stream: x, State: alert.ScanDone, Start: base, Accounts: []string{x + "/" + x}, Error: x})
			},
			func() error { return tx.PutDocument(x, x, []byte(x)) },
			func() error { return tx.PutMessages(m) },
			func() error { return tx.PutVersion(v) },
		} {
			if err := write(); err != nil {
				return err
			}
		}
		return nil
	})
	odd := strings.Contains(x, "\x00") || !utf8.ValidString(x)
	if err != nil {
		s.that(odd, "%s: refused: %v", name, err)
		return
	}
	if !utf8.ValidString(x) {
		return // JSON has no such strings
	}
	s.view(st, alert.View{Tenant: x}, func(r alert.Reader) error {
		want := clone(a)
		want.Unknown = &alert.Unknown{Key: a.Key, Since: base, Reason: x}
		byKey, err := r.Alerts(a.Key)
		s.must(err, "%s: Alerts", name)
		s.same(want, byKey[a.Key], "%s: alert", name)
		s.same(want, s.one(r, a.ID), "%s: alert by its ID", name)
		// 8000 bytes are more than a text to search may have.
		text := alert.Query{Statuses: []alert.Status{alert.Status(x)}, Text: strings.ReplaceAll(x, `"`, "")}
		if text.Check() != nil {
			text.Text = x[:1000]
		}
		all := alert.Query{
			IDs: []string{a.ID}, Statuses: []alert.Status{a.Status}, Policies: []string{x}, Severities: severities, Providers: []string{x}, Accounts: []string{x},
			Groups: []string{x}, Regions: []string{x}, Refs: []asset.Ref{a.Ref}, Types: []asset.Type{a.Ref.Type}, Classes: []string{x}, Tags: []alert.Tag{{Key: x, Value: x}},
			Controls: []string{x + "/" + x}, Remediable: []alert.Remediable{a.Policy.Remediable}, Owners: []string{x}, Assignees: []string{x}, Rules: []string{x},
			Sort: []alert.Order{{By: alert.ByPolicy}, {By: alert.ByAsset}, {By: alert.ByAccount}},
		}
		for _, q := range []alert.Query{text, {Statuses: text.Statuses, Text: `"` + text.Text}, all} {
			page, err := r.Query(q)
			s.must(err, "%s: query", name)
			s.that((len(page.Alerts) == 1) == q.Matches(want), "%s: query %.300s: got %d alerts, want %t", name, fmt.Sprintf("%+v", q), len(page.Alerts), q.Matches(want))
		}
		all.Cursor = all.Next(all.Position(a))
		page, err := r.Query(all)
		s.must(err, "%s: page", name)
		s.that(len(page.Alerts) == 0, "%s: the page after the last one has alerts", name)
		counts, err := r.Count(alert.Query{Statuses: []alert.Status{a.Status}}, alert.PerOwner, alert.PerAsset, alert.PerGroup)
		s.must(err, "%s: Count", name)
		s.same([]alert.Count{{By: []string{x, a.Ref.String(), x}, N: 1}}, counts, "%s: counts", name)
		history, err := r.History(alert.HistoryQuery{Alerts: []string{a.ID}, Ref: a.Ref})
		s.must(err, "%s: History", name)
		s.that(len(history) == 1 && history[0].Note == x && history[0].Groups[0] == x, "%s: history %s", name, inJSON(history))
		scan, ok, err := r.Scan(x)
		s.must(err, "%s: Scan", name)
		s.that(ok && scan.Error == x && scan.Stream == x, "%s: scan %s", name, inJSON(scan))
		data, err := r.Document(x, x)
		s.must(err, "%s: Document", name)
		s.that(string(data) == x, "%s: document %.200q", name, data)
		ms, err := r.Messages(alert.MessageQuery{Channel: x, Alerts: []string{a.ID}})
		s.must(err, "%s: Messages", name)
		s.same([]alert.Message{m}, ms, "%s: messages", name)
		versions, err := r.Versions(a.Ref, 0)
		s.must(err, "%s: Versions", name)
		s.same([]alert.Version{v}, versions, "%s: versions", name)
		return nil
	})
}
