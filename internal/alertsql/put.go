package alertsql

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/openstance/stance/alert"
)

// tx is a write transaction.
type tx struct {
	*reader
	last int64 // number of the last transition
}

// stored is what a transaction knows of a row of alerts.
type stored struct {
	id      int64
	alert   string
	hash    [16]byte
	asset   int64
	cell    cell
	resolve int64
}

// Put implements alert.Tx.
func (t *tx) Put(changes ...alert.Change) error {
	p := &put{tx: t, shared: &shared{tx: t, next: map[string]int64{}}, byID: map[string]*stored{}, byHash: map[[16]byte]*stored{}}
	if err := p.load(changes); err != nil {
		return err
	}
	for _, c := range changes {
		if err := p.change(c); err != nil {
			return err
		}
	}
	return p.write()
}

// put applies changes, in their order, to what it has loaded, and writes what came of it.
type put struct {
	*tx
	shared *shared
	byID   map[string]*stored
	byHash map[[16]byte]*stored

	before map[int64]*stored      // rows that exist and change, as they are
	after  map[int64]*alert.Alert // rows as they will be
	order  []int64                // ids in after, and others
	moves  []move
	long   []string
}

// move takes the note of an unknown verdict from one key to another, or drops it.
type move struct {
	from [16]byte
	to   *alert.Key
}

// load reads the rows with the IDs and keys of the changes.
func (p *put) load(changes []alert.Change) error {
	var ids []string
	var hashes [][16]byte
	for _, c := range changes {
		if c.Old != nil {
			ids = append(ids, c.Old.ID)
		}
		if c.New != nil {
			ids = append(ids, c.New.ID)
			hashes = append(hashes, c.New.Key.Hash(p.view.Tenant))
		}
	}
	p.before, p.after = map[int64]*stored{}, map[int64]*alert.Alert{}
	const selected = "SELECT a.id, a.alert, a.hash, a.asset, a.alert_time, a.last_seen, a.status, a.policy, a.account FROM "
	d := p.s.d
	add := func(scan func(...any) error) error {
		r := &stored{}
		var hash []byte
		var opened, seen int64
		if err := scan(&r.id, &r.alert, &hash, &r.asset, &opened, &seen, &r.cell.status, &r.cell.policy, &r.cell.account); err != nil {
			return err
		}
		r.hash, r.cell.day = [16]byte(hash), dayOf(opened)
		if r.cell.status == string(alert.Resolved) {
			r.resolve = seen - opened
		}
		if p.byID[r.alert] == nil {
			p.byID[r.alert], p.byHash[r.hash] = r, r
		}
		return nil
	}
	err := p.rows(selected+"alerts a WHERE a.tenant = ? AND a.alert IN ("+d.StringList+")", []any{p.tenant, d.Strings(texts(ids))}, add)
	if err != nil || len(hashes) == 0 {
		return err
	}
	return p.rows(selected+d.HashList+" k CROSS JOIN marks m CROSS JOIN alerts a WHERE m.tenant = ? AND m.hash = k.hash AND a.id = m.id",
		[]any{d.Hashes(hashes), p.tenant}, add)
}

// change applies a change to what is loaded.
func (p *put) change(c alert.Change) error {
	var old *stored
	if c.Old != nil {
		if old = p.byID[text(c.Old.ID)]; old == nil {
			return fmt.Errorf("put alert %q: no such alert", c.Old.ID)
		}
		if c.New != nil && c.New.ID != c.Old.ID {
			return fmt.Errorf("put alert %q: changed ID %q", c.Old.ID, c.New.ID)
		}
		delete(p.byID, old.alert)
		delete(p.byHash, old.hash)
		if _, ok := p.after[old.id]; !ok {
			p.before[old.id] = old
			p.order = append(p.order, old.id)
		}
		p.after[old.id] = nil
	}
	if c.New == nil {
		if old != nil {
			p.moves = append(p.moves, move{from: old.hash})
		}
		return nil
	}
	if c.New.ID == "" {
		return errors.New("put alert: no ID")
	}
	a := c.New
	if err := checkNames("alert", a.ID, string(a.Status), a.State, a.Stream, a.Asset.Provider, a.Asset.Account); err != nil {
		return fmt.Errorf("put alert %q: %w", a.ID, err)
	}
	p.long = append(append(p.long, a.ID, string(a.Status), string(a.Reason), a.Owner, a.Stream, a.Key.Policy, string(a.Policy.Kind), string(a.Ref.Type),
		a.Asset.Provider, a.Asset.Account, accountName(a), a.Asset.Region, a.Asset.Class), a.Asset.Groups...)
	if len(p.long) > chunk {
		p.long = long(p.long)
	}
	r := &stored{alert: text(c.New.ID), hash: c.New.Key.Hash(p.view.Tenant)}
	if other := p.byHash[r.hash]; other != nil {
		return fmt.Errorf("put alert %q: alert %q has the same key", c.New.ID, other.alert)
	}
	if p.byID[r.alert] != nil {
		return fmt.Errorf("put alert %q: duplicate ID", c.New.ID)
	}
	if old != nil {
		r.id = old.id
		if old.hash != r.hash {
			p.moves = append(p.moves, move{old.hash, &c.New.Key})
		}
	} else {
		id, err := p.shared.id("alerts")
		if err != nil {
			return err
		}
		r.id = id
		p.order = append(p.order, id)
	}
	p.byID[r.alert], p.byHash[r.hash] = r, r
	p.after[r.id] = c.New.Clone()
	return nil
}

// write writes the rows.
func (p *put) write() error {
	var alerts, made []*alert.Alert
	var ids, newIDs, deleted, assets []int64
	var left [][16]byte // keys that change or go
	deltas := map[cell]*[2]int64{}
	count := func(c cell, n, resolve int64) {
		d := deltas[c]
		if d == nil {
			d = new([2]int64)
			deltas[c] = d
		}
		d[0] += n
		d[1] += n * resolve
	}
	for _, id := range p.order {
		old, a := p.before[id], p.after[id]
		if old != nil {
			count(old.cell, -1, old.resolve)
			assets = append(assets, old.asset)
			if a == nil || a.Key.Hash(p.view.Tenant) != old.hash {
				left = append(left, old.hash)
			}
		}
		switch {
		case a != nil && old != nil:
			ids, alerts = append(ids, id), append(alerts, a)
		case a != nil:
			newIDs, made = append(newIDs, id), append(made, a)
		case old != nil:
			deleted = append(deleted, id)
		}
	}
	// Usual IDs have the order of the hashes of the keys. New rows that are written in this order
	// are near each other in the indexes.
	slices.SortFunc(made, func(a, b *alert.Alert) int { return strings.Compare(a.ID, b.ID) })
	ids, alerts = append(ids, newIDs...), append(alerts, made...)
	if err := p.keep(p.long); err != nil {
		return err
	}
	if err := p.delete("marks", left); err != nil {
		return err
	}
	if len(deleted) > 0 {
		if err := p.exec("DELETE FROM alerts WHERE tenant = ? AND id IN ("+p.s.d.IntList+")", p.tenant, p.s.d.Ints(deleted)); err != nil {
			return err
		}
	}
	shared, err := p.shared.partsOf(alerts)
	if err != nil {
		return p.fail(err)
	}
	rows, marks := map[*Table][][]any{}, map[*Table][][]any{}
	for i, a := range alerts {
		s := shared[i]
		columns, err := row(p.tenant, p.view.Tenant, a, s.policy, s.account, s.asset, s.rules)
		if err != nil {
			return p.fail(err)
		}
		alertTo, markTo := newAlertTable, newMarkTable
		if p.before[ids[i]] != nil {
			alertTo, markTo = alertTable, markTable
		}
		rows[alertTo] = append(rows[alertTo], append([]any{ids[i]}, columns...))
		marks[markTo] = append(marks[markTo], markRow(p.tenant, a.Key.Hash(p.view.Tenant), ids[i], a, s.account))
		c := cell{dayOf(micros(a.AlertTime)), text(string(a.Status)), s.policy, s.account}
		resolve := int64(0)
		if a.Status == alert.Resolved {
			resolve = micros(a.LastSeen) - micros(a.AlertTime)
		}
		count(c, 1, resolve)
	}
	for _, part := range []struct {
		t    *Table
		rows [][]any
	}{{alertTable, rows[alertTable]}, {newAlertTable, rows[newAlertTable]}, {markTable, marks[markTable]}, {newMarkTable, marks[newMarkTable]}} {
		if err := p.insert(part.t, part.rows); err != nil {
			return err
		}
	}
	if err := p.count(deltas); err != nil {
		return err
	}
	if err := p.shared.dropAssets(assets); err != nil {
		return err
	}
	for _, m := range p.moves {
		if err := p.move(m); err != nil {
			return err
		}
	}
	return p.ctx.Err()
}

// delete deletes the rows of a table with hashes.
func (t *tx) delete(table string, hashes [][16]byte) error {
	if len(hashes) == 0 {
		return nil
	}
	return t.exec("DELETE FROM "+table+" WHERE tenant = ? AND hash IN (SELECT hash FROM "+t.s.d.HashList+" k)", t.tenant, t.s.d.Hashes(hashes))
}

// count adds to the counts.
func (t *tx) count(deltas map[cell]*[2]int64) error {
	var rows [][]any
	fewer := false
	for c, d := range deltas {
		if *d != [2]int64{} {
			rows = append(rows, []any{t.tenant, c.day, c.status, c.policy, c.account, d[0], d[1]})
			fewer = fewer || d[0] < 0
		}
	}
	if err := t.insert(countTable, rows); err != nil || !fewer {
		return err
	}
	for c, d := range deltas {
		if d[0] < 0 {
			err := t.exec("DELETE FROM counts WHERE tenant = ? AND day = ? AND status = ? AND policy = ? AND account = ? AND n = 0", t.tenant, c.day, c.status, c.policy, c.account)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// move moves a note.
func (t *tx) move(m move) error {
	var body []byte
	err := t.one("SELECT body FROM unknowns WHERE tenant = ? AND hash = ?", []any{t.tenant, m.from[:]}, &body)
	if err != nil || body == nil {
		return err
	}
	if err := t.delete("unknowns", [][16]byte{m.from}); err != nil || m.to == nil {
		return err
	}
	var u alert.Unknown
	if err := unmarshal(body, &u); err != nil {
		return t.fail(err)
	}
	u.Key = *m.to
	return t.PutUnknown(u)
}
