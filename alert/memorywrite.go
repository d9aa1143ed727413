package alert

import (
	"errors"
	"fmt"
	"time"

	"github.com/openstance/stance/asset"
)

// memoryTx changes its own copy of the state, which Write publishes.
type memoryTx struct {
	memoryReader
	seq int64
}

// Put implements Tx.
func (tx *memoryTx) Put(changes ...Change) error {
	for _, c := range changes {
		if err := tx.put(c); err != nil {
			return err
		}
	}
	return tx.ctx.Err()
}

func (tx *memoryTx) put(c Change) error {
	var note Unknown
	noted := false
	if c.Old != nil {
		hash, ok := tx.ids.get(c.Old.ID)
		if !ok {
			return fmt.Errorf("put alert %q: no such alert", c.Old.ID)
		}
		if c.New != nil && c.New.ID != c.Old.ID {
			return fmt.Errorf("put alert %q: changed ID %q", c.Old.ID, c.New.ID)
		}
		note, noted = tx.unknown.get(hash)
		tx.drop(hash)
	}
	if c.New == nil {
		return nil
	}
	if c.New.ID == "" {
		return errors.New("put alert: no ID")
	}
	a := cloneAlert(c.New)
	a.Unknown, a.LastObserved = nil, time.Time{}
	hash := a.Key.Hash(tx.view.Tenant)
	if other, ok := tx.alerts.get(hash); ok {
		return fmt.Errorf("put alert %q: alert %q has the same key", a.ID, other.ID)
	}
	if _, ok := tx.ids.get(a.ID); ok {
		return fmt.Errorf("put alert %q: duplicate ID", a.ID)
	}
	tx.alerts = tx.alerts.with(hash, a)
	tx.ids = tx.ids.with(a.ID, hash)
	if !a.Wake.IsZero() {
		tx.waking = tx.waking.with(atID{a.Wake, a.ID}, hash)
	}
	if noted {
		note.Key = a.Key
		tx.unknown = tx.unknown.with(hash, note)
	}
	return nil
}

// drop removes an alert and its note.
func (tx *memoryTx) drop(hash [16]byte) {
	a, _ := tx.alerts.get(hash)
	tx.alerts = tx.alerts.without(hash)
	tx.ids = tx.ids.without(a.ID)
	tx.waking = tx.waking.without(atID{a.Wake, a.ID})
	tx.unknown = tx.unknown.without(hash)
}

// Append implements Tx.
func (tx *memoryTx) Append(ts ...*Transition) error {
	for _, t := range ts {
		tx.seq++
		t.Seq = tx.seq
		c := cloneTransition(*t)
		tx.history = tx.history.with(c.Seq, &c)
		tx.byAlert = tx.byAlert.with(seqOf[string]{c.Alert, c.Seq}, struct{}{})
		tx.byRef = tx.byRef.with(seqOf[asset.Ref]{c.Key.Ref, c.Seq}, struct{}{})
	}
	return tx.ctx.Err()
}

// PutUnknown implements Tx.
func (tx *memoryTx) PutUnknown(notes ...Unknown) error {
	for _, u := range notes {
		u.Since, u.Verified = micro(u.Since), micro(u.Verified)
		tx.unknown = tx.unknown.with(u.Key.Hash(tx.view.Tenant), u)
	}
	return tx.ctx.Err()
}

// DeleteUnknown implements Tx.
func (tx *memoryTx) DeleteUnknown(keys ...Key) error {
	for _, k := range keys {
		tx.unknown = tx.unknown.without(k.Hash(tx.view.Tenant))
	}
	return tx.ctx.Err()
}

// PutScan implements Tx.
func (tx *memoryTx) PutScan(r ScanRecord) error {
	if r.ID == "" {
		return errors.New("put scan: no ID")
	}
	r = cloneScan(r)
	tx.scans = tx.scans.with(r.ID, &r)
	if r.State == ScanDone {
		for _, account := range r.Accounts {
			key := [2]string{r.Stream, account}
			if last, ok := tx.scanned.get(key); !ok || last.Before(r.Start) {
				tx.scanned = tx.scanned.with(key, r.Start)
			}
		}
	}
	return tx.ctx.Err()
}

// PutDocument implements Tx.
func (tx *memoryTx) PutDocument(kind, name string, data []byte) error {
	key := [2]string{kind, name}
	if data == nil {
		tx.docs = tx.docs.without(key)
	} else {
		tx.docs = tx.docs.with(key, append([]byte{}, data...))
	}
	return tx.ctx.Err()
}

// PutMessages implements Tx.
func (tx *memoryTx) PutMessages(ms ...Message) error {
	for _, m := range ms {
		if m.ID == "" {
			return errors.New("put message: no ID")
		}
		m = cloneMessage(m)
		tx.dropMessage(m.ID)
		tx.messages = tx.messages.with(m.ID, &m)
		tx.due = tx.due.with(messageKey{m.NotBefore, m.Seq, m.ID}, &m)
	}
	return tx.ctx.Err()
}

// DeleteMessages implements Tx.
func (tx *memoryTx) DeleteMessages(ids ...string) error {
	for _, id := range ids {
		tx.dropMessage(id)
	}
	return tx.ctx.Err()
}

func (tx *memoryTx) dropMessage(id string) {
	if m, ok := tx.messages.get(id); ok {
		tx.due = tx.due.without(messageKey{m.NotBefore, m.Seq, m.ID})
		tx.messages = tx.messages.without(id)
	}
}

// PutVersion implements Tx.
func (tx *memoryTx) PutVersion(v Version) error {
	v = cloneVersion(v)
	latest, err := tx.Versions(v.Ref, 1)
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
	tx.versions = tx.versions.with(versionKey{v.Ref, v.From}, &v)
	return tx.ctx.Err()
}

// Purge implements Tx.
func (tx *memoryTx) Purge(before time.Time) (int, error) {
	purged := 0
	for hash, a := range tx.alerts.all() {
		if (a.Status == Resolved || a.Status == Unmatched) && a.LastSeen.Before(before) {
			for _, seq := range numbersOf(tx.byAlert, a.ID, 0) {
				tx.dropTransition(seq)
			}
			tx.drop(hash)
			purged++
		}
	}
	for seq, t := range tx.history.all() {
		if t.At.Before(before) {
			tx.dropTransition(seq)
		}
	}
	for id, s := range tx.scans.all() {
		if s.Start.Before(before) {
			tx.scans = tx.scans.without(id)
		}
	}
	for id, m := range tx.messages.all() {
		if m.Dead && m.Event.At.Before(before) {
			tx.dropMessage(id)
		}
	}
	var older *versionKey
	for k, v := range tx.versions.all() {
		if older != nil && older.ref == k.ref && k.from.Before(before) {
			tx.versions = tx.versions.without(*older)
		}
		if older = &k; v.Gone && k.from.Before(before) {
			// The tombstone of an asset that exists again is older than a later version.
			tx.dropTombstone(k)
		}
	}
	return purged, tx.ctx.Err()
}

// dropTombstone removes a tombstone if it is the latest version.
func (tx *memoryTx) dropTombstone(k versionKey) {
	if latest, err := tx.Versions(k.ref, 1); err == nil && len(latest) > 0 && latest[0].From.Equal(k.from) {
		tx.versions = tx.versions.without(k)
	}
}

func (tx *memoryTx) dropTransition(seq int64) {
	t, _ := tx.history.get(seq)
	tx.history = tx.history.without(seq)
	tx.byAlert = tx.byAlert.without(seqOf[string]{t.Alert, seq})
	tx.byRef = tx.byRef.without(seqOf[asset.Ref]{t.Key.Ref, seq})
}
