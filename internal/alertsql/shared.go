package alertsql

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/openstance/stance/alert"
)

// shared finds and makes the rows that alerts share.
type shared struct {
	*tx
	next map[string]int64 // the next id of each table
}

// ids returns the ids of the rows of a table for elements with keys that are equal if their
// bodies are. It makes those that do not exist by calling add with the index of an element,
// the new id, the hash and the body.
func (s *shared) ids(t *Table, keys []keyHash, body func(i int) any, add func(i int, id int64, hash, body []byte) []any) ([]int64, error) {
	of := make([]int, len(keys)) // indexes in distinct
	index := make(map[keyHash]int, len(keys)/4)
	var distinct []int // indexes of elements
	for i, k := range keys {
		n, ok := index[k]
		if !ok {
			n = len(distinct)
			index[k] = n
			distinct = append(distinct, i)
		}
		of[i] = n
	}
	bodies, hashes := make([][]byte, len(distinct)), make([][16]byte, len(distinct))
	for n, i := range distinct {
		var err error
		if bodies[n], err = encode(body(i)); err != nil {
			return nil, s.fail(err)
		}
		hashes[n] = [16]byte(hashOf(string(bodies[n])))
	}
	found := make(map[[16]byte]int64, len(hashes))
	err := s.rows("SELECT t.hash, t.id FROM "+s.s.d.HashList+" k CROSS JOIN "+t.Name+" t WHERE t.tenant = ? AND t.hash = k.hash",
		[]any{s.s.d.Hashes(hashes), s.tenant}, func(scan func(...any) error) error {
			var hash []byte
			var id int64
			if err := scan(&hash, &id); err != nil {
				return err
			}
			found[[16]byte(hash)] = id
			return nil
		})
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for n, hash := range hashes {
		if _, ok := found[hash]; ok {
			continue
		}
		id, err := s.id(t.Name)
		if err != nil {
			return nil, err
		}
		found[hash] = id
		rows = append(rows, add(distinct[n], id, hashes[n][:], bodies[n]))
	}
	ids := make([]int64, len(keys))
	for i := range keys {
		ids[i] = found[hashes[of[i]]]
	}
	return ids, s.insert(t, rows)
}

// id returns the next id of a table.
func (s *shared) id(table string) (int64, error) {
	id := s.next[table]
	if id == 0 {
		if err := s.one("SELECT COALESCE(MAX(id), 0) + 1 FROM "+table, nil, &id); err != nil {
			return 0, err
		}
	}
	s.next[table] = id + 1
	return id, nil
}

// parts are the ids of the rows that an alert shares with others.
type parts struct{ policy, account, asset, rules int64 }

// partsOf returns the ids for each alert.
func (s *shared) partsOf(alerts []*alert.Alert) ([]parts, error) {
	keys := func(of func(*keyOf, *alert.Alert)) []keyHash {
		list := make([]keyHash, len(alerts))
		seeds := [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
		var k keyOf
		for i, a := range alerts {
			k = k[:0]
			of(&k, a)
			list[i] = keyHash{maphash.Bytes(seeds[0], k), maphash.Bytes(seeds[1], k)}
		}
		return list
	}
	var controls, groups, names, tags, words [][]any
	policies, err := s.ids(policyTable, keys((*keyOf).policy), func(i int) any { return policyBodyOf(alerts[i]) }, func(i int, id int64, hash, body []byte) []any {
		a := alerts[i]
		for _, c := range controlsOf(a) {
			controls = append(controls, []any{s.tenant, c, id})
		}
		return []any{id, s.tenant, hash, text(a.Key.Policy), int(a.Policy.Severity), text(string(a.Policy.Kind)),
			text(string(a.Policy.Remediable)), clean(alert.FoldText(a.Policy.Title)), body}
	})
	if err != nil {
		return nil, err
	}
	accounts, err := s.ids(accountTable, keys((*keyOf).account), func(i int) any { return accountBodyOf(alerts[i]) }, func(i int, id int64, hash, body []byte) []any {
		a := alerts[i]
		for _, g := range distinct(alert.PerGroup.Values(a)) {
			groups = append(groups, []any{s.tenant, g, id})
		}
		return []any{id, s.tenant, hash, text(a.Asset.Provider), text(a.Asset.Account), text(accountName(a)), body}
	})
	if err != nil {
		return nil, err
	}
	rules, err := s.ids(ruleSetTable, keys((*keyOf).rules), func(i int) any { return alerts[i].Rules }, func(i int, id int64, hash, body []byte) []any {
		for _, r := range distinct(alerts[i].Rules) {
			names = append(names, []any{s.tenant, r, id})
		}
		return []any{id, s.tenant, hash, body}
	})
	if err != nil {
		return nil, err
	}
	assets, err := s.ids(assetTable, keys((*keyOf).asset), func(i int) any { return assetBodyOf(alerts[i]) }, func(i int, id int64, hash, body []byte) []any {
		a := alerts[i]
		for k, v := range a.Asset.Tags {
			tags = append(tags, []any{s.tenant, text(k), text(v), id})
		}
		w := clean(alert.FoldText(a.Asset.Name)) + "\n" + clean(alert.FoldText(a.Ref.ID))
		words = append(words, []any{id, w})
		return []any{id, s.tenant, hash, refHash(a.Ref), text(string(a.Ref.Type)), clean(a.Ref.ID), text(alert.PerRegion.Values(a)[0]),
			text(a.Asset.Class), w, body}
	})
	if err != nil {
		return nil, err
	}
	for _, rows := range []struct {
		t    *Table
		rows [][]any
	}{{controlTable, controls}, {groupTable, groups}, {ruleNameTable, names}, {tagTable, tags}} {
		if err := s.insert(rows.t, rows.rows); err != nil {
			return nil, err
		}
	}
	if t := s.s.d.TextTable; t != "" {
		if err := s.insert(&Table{Name: t, Columns: []string{"rowid", "words"}}, words); err != nil {
			return nil, err
		}
	}
	ids := make([]parts, len(alerts))
	for i := range alerts {
		ids[i] = parts{policies[i], accounts[i], assets[i], rules[i]}
	}
	return ids, nil
}

func accountName(a *alert.Alert) string { return a.Asset.Provider + "/" + a.Asset.Account }

// controlsOf returns the controls of the alert's policy and their standards.
func controlsOf(a *alert.Alert) []string {
	var all []string
	for _, c := range a.Policy.Controls {
		standard, _, _ := strings.Cut(c, "/")
		all = append(all, c, standard)
	}
	return distinct(all)
}

// distinct returns the strings as columns have them, each once.
func distinct(all []string) []string {
	list := texts(all)
	slices.Sort(list)
	return slices.Compact(list)
}

// dropAssets deletes the assets that no alert has, of those with the ids.
func (s *shared) dropAssets(ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	d := s.s.d
	var unused []int64
	var tags [][]any
	err := s.rows("SELECT id, body FROM assets WHERE tenant = ? AND id IN ("+d.IntList+") AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.tenant = assets.tenant AND a.asset = assets.id)",
		[]any{s.tenant, d.Ints(ids)}, func(scan func(...any) error) error {
			var id int64
			var body []byte
			if err := scan(&id, &body); err != nil {
				return err
			}
			var a alert.Asset
			if err := unmarshal(body, &a); err != nil {
				return err
			}
			for k, v := range a.Tags {
				tags = append(tags, []any{s.tenant, text(k), text(v), id})
			}
			unused = append(unused, id)
			return nil
		})
	if err != nil || len(unused) == 0 {
		return err
	}
	for _, row := range tags {
		if err := s.exec("DELETE FROM tags WHERE tenant = ? AND name = ? AND value = ? AND asset = ?", row...); err != nil {
			return err
		}
	}
	if d.TextTable != "" {
		if err := s.exec("DELETE FROM "+d.TextTable+" WHERE rowid IN ("+d.IntList+")", d.Ints(unused)); err != nil {
			return err
		}
	}
	return s.exec("DELETE FROM assets WHERE tenant = ? AND id IN ("+d.IntList+")", s.tenant, d.Ints(unused))
}
