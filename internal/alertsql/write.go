package alertsql

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
)

// row adds a row whose last column is the JSON of a value.
func (t *tx) row(rows *[][]any, body any, columns ...any) error {
	data, err := encode(body)
	if err != nil {
		return t.fail(err)
	}
	*rows = append(*rows, append(columns, data))
	return nil
}

// Append implements alert.Tx.
func (t *tx) Append(ts ...*alert.Transition) error {
	rows := make([][]any, 0, len(ts))
	for _, tr := range ts {
		t.last++
		tr.Seq = t.last
		c := tr.Clone()
		if err := t.row(&rows, c, t.tenant, c.Seq, text(c.Alert), refHash(c.Key.Ref), micros(c.At)); err != nil {
			return err
		}
	}
	return t.insert(transitionTable, rows)
}

// lastOf returns the rows without those that a later one with the same key replaces.
func lastOf[K comparable, T any](all []T, key func(T) K) []T {
	last := make(map[K]int, len(all))
	for i, v := range all {
		last[key(v)] = i
	}
	if len(last) == len(all) {
		return all
	}
	var kept []T
	for i, v := range all {
		if last[key(v)] == i {
			kept = append(kept, v)
		}
	}
	return kept
}

// PutUnknown implements alert.Tx.
func (t *tx) PutUnknown(notes ...alert.Unknown) error {
	rows := make([][]any, 0, len(notes))
	for _, u := range lastOf(notes, func(u alert.Unknown) alert.Key { return u.Key }) {
		u.Since, u.Verified = fromMicros(micros(u.Since)), fromMicros(micros(u.Verified))
		hash := u.Key.Hash(t.view.Tenant)
		if err := t.row(&rows, u, t.tenant, hash[:], micros(u.Since), micros(u.Verified)); err != nil {
			return err
		}
	}
	return t.insert(unknownTable, rows)
}

// DeleteUnknown implements alert.Tx.
func (t *tx) DeleteUnknown(keys ...alert.Key) error {
	hashes := make([][16]byte, len(keys))
	for i, k := range keys {
		hashes[i] = k.Hash(t.view.Tenant)
	}
	return t.delete("unknowns", hashes)
}

// PutScan implements alert.Tx.
func (t *tx) PutScan(r alert.ScanRecord) error {
	if r.ID == "" {
		return errors.New("put scan: no ID")
	}
	if err := checkNames("ID of a scan", r.ID); err != nil {
		return err
	}
	r = r.Clone()
	var rows [][]any
	if err := t.row(&rows, r, t.tenant, text(r.ID), text(r.Stream), micros(r.Start)); err != nil {
		return err
	}
	if err := t.insert(scanTable, rows); err != nil || r.State != alert.ScanDone {
		return err
	}
	rows = nil
	for _, account := range distinct(r.Accounts) {
		rows = append(rows, []any{t.tenant, text(r.Stream), account, micros(r.Start)})
	}
	return t.insert(scannedTable, rows)
}

// PutDocument implements alert.Tx.
func (t *tx) PutDocument(kind, name string, data []byte) error {
	if err := checkNames("name of a document", kind, name); err != nil {
		return err
	}
	if data == nil {
		return t.exec("DELETE FROM documents WHERE tenant = ? AND kind = ? AND name = ?", t.tenant, text(kind), text(name))
	}
	if err := t.keep([]string{kind, name}); err != nil {
		return err
	}
	return t.insert(documentTable, [][]any{{t.tenant, text(kind), text(name), data}})
}

// PutMessages implements alert.Tx.
func (t *tx) PutMessages(ms ...alert.Message) error {
	rows, ids := make([][]any, 0, len(ms)), make([]string, 0, len(ms))
	for _, m := range lastOf(ms, func(m alert.Message) string { return m.ID }) {
		if m.ID == "" {
			return errors.New("put message: no ID")
		}
		if err := checkNames("ID of a message", m.ID); err != nil {
			return err
		}
		ids = append(ids, m.ID)
		m.Event.Alert = nil
		m = m.Clone()
		err := t.row(&rows, m, t.tenant, text(m.ID), text(m.Channel), text(m.Alert), m.Seq, micros(m.NotBefore), flag(m.Dead), micros(m.Event.At))
		if err != nil {
			return err
		}
	}
	// In the order of their index.
	slices.SortFunc(rows, func(a, b []any) int { return strings.Compare(a[1].(string), b[1].(string)) })
	if err := t.DeleteMessages(ids...); err != nil {
		return err
	}
	return t.insert(messageTable, rows)
}

// DeleteMessages implements alert.Tx.
func (t *tx) DeleteMessages(ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return t.exec("DELETE FROM messages WHERE tenant = ? AND message IN ("+t.s.d.StringList+")", t.tenant, t.s.d.Strings(texts(ids)))
}

// PutVersion implements alert.Tx.
func (t *tx) PutVersion(v alert.Version) error {
	v = v.Clone()
	latest, err := t.Versions(v.Ref, 1)
	if err != nil {
		return err
	}
	if len(latest) > 0 && latest[0].Digest == v.Digest && latest[0].Gone == v.Gone {
		if !v.Last.After(latest[0].Last) {
			return nil
		}
		last := v.Last
		v = latest[0]
		v.Last = last
	}
	data := v.Data
	if data == nil {
		data = []byte{}
	}
	v.Data = nil
	body, err := encode(v)
	if err != nil {
		return t.fail(err)
	}
	return t.insert(versionTable, [][]any{{t.tenant, refHash(v.Ref), micros(v.From), flag(v.Gone), text(v.Scope.Account), text(v.Digest), body, data}})
}

// Purge implements alert.Tx.
func (t *tx) Purge(before time.Time) (int, error) {
	at := ceil(before)
	purged := 0
	for {
		n, err := t.purge(at)
		if err != nil {
			return purged, err
		}
		if purged += n; n < chunk {
			break
		}
	}
	for _, statement := range []string{
		"DELETE FROM transitions WHERE tenant = ? AND at < ?",
		"DELETE FROM scans WHERE tenant = ? AND start < ?",
		"DELETE FROM messages WHERE tenant = ? AND dead = 1 AND at < ?",
		// Versions that another one from before the instant replaced.
		`DELETE FROM versions WHERE tenant = ? AND since < ? AND EXISTS (SELECT 1 FROM versions n
			WHERE n.tenant = versions.tenant AND n.ref = versions.ref AND n.since > versions.since AND n.since < $at)`,
		// Tombstones without a later version.
		`DELETE FROM versions WHERE tenant = ? AND since < ? AND gone = 1 AND NOT EXISTS (SELECT 1 FROM versions n
			WHERE n.tenant = versions.tenant AND n.ref = versions.ref AND n.since > versions.since)`,
	} {
		args := []any{t.tenant, at}
		if before, after, ok := strings.Cut(statement, "$at"); ok {
			statement, args = before+"?"+after, append(args, at)
		}
		if err := t.exec(statement, args...); err != nil {
			return purged, err
		}
	}
	return purged, t.ctx.Err()
}

// purge deletes some of the alerts that Purge deletes, and returns how many.
func (t *tx) purge(at int64) (int, error) {
	alerts, err := t.alertsOf("SELECT "+alertColumns+" FROM "+alertTables+" WHERE a.tenant = ? AND a.last_seen < ? AND a.status IN ('resolved', 'unmatched') LIMIT ?", []any{t.tenant, at, chunk})
	if err != nil || len(alerts) == 0 {
		return 0, err
	}
	changes, ids := make([]alert.Change, len(alerts)), make([]string, len(alerts))
	for i, a := range alerts {
		changes[i].Old, ids[i] = a, text(a.ID)
	}
	if err := t.Put(changes...); err != nil {
		return 0, err
	}
	return len(alerts), t.exec("DELETE FROM transitions WHERE tenant = ? AND alert IN ("+t.s.d.StringList+")", t.tenant, t.s.d.Strings(ids))
}
