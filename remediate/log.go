package remediate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
)

// Log keeps the entries of a [Journal], in order. Every process that repairs in the same
// accounts must use the same log. A Log is safe for concurrent use, also by several processes,
// unless it says otherwise.
type Log interface {
	// Read yields the entries whose Seq is greater than after, in order and without gaps. A
	// sequence that ends without an error is whole: it ends with an entry that was the last
	// one at some instant after the call of Read.
	Read(ctx context.Context, after int64) iter.Seq2[Entry, error]
	// Append adds an entry, durably, before it returns nil. It returns ErrConflict, and adds
	// nothing, if the Seq of the last entry is not e.Seq - 1. After another error the entry may
	// have been added.
	Append(ctx context.Context, e Entry) error
	// Prune removes all entries up to checkpoint.Seq and puts the checkpoint in the place of the
	// last of these, in one step. It returns ErrConflict, and changes nothing, if there is
	// no entry with this Seq.
	Prune(ctx context.Context, checkpoint Entry) error
}

// ErrConflict is returned by a [Log] to which another entry was added first.
var ErrConflict = errors.New("journal has other entries")

// ErrTampered is returned by a [Journal] whose entries are not those that were written: one was
// changed, removed, moved, or written without the key.
var ErrTampered = errors.New("journal was tampered with")

// EventKind is the kind of an event of a journal.
type EventKind string

// The kinds of events.
const (
	Leased     EventKind = "leased"     // a runner has the plan, until a time
	Released   EventKind = "released"   // it is done with the plan
	Intended   EventKind = "intended"   // the plan is about to be applied; Detail is the plan
	Begun      EventKind = "begun"      // the request of a step is about to be made
	Done       EventKind = "done"       // the request was carried out
	Failed     EventKind = "failed"     // the request changed nothing, or the plan did not repair
	Uncertain  EventKind = "unknown"    // whether the request was carried out is not known
	Verified   EventKind = "verified"   // the asset complies; the plan has ended
	Undone     EventKind = "undone"     // the steps were undone; the plan has ended
	NotStarted EventKind = "notStarted" // nothing was begun; the plan has ended
	Suspended  EventKind = "suspended"  // the finding is no longer repaired unattended
	Resumed    EventKind = "resumed"    // the finding is repaired unattended again
	Stopped    EventKind = "stopped"    // the kill switch: no step begins any more
	Started    EventKind = "started"    // steps begin again
	Cleared    EventKind = "cleared"    // the failures of a fix no longer count
	Checkpoint EventKind = "checkpoint" // takes the place of pruned entries; Detail is their State
)

// Entry is one event in the chain of a journal.
type Entry struct {
	Seq        int64           `json:"seq"`  // from 1, without gaps
	Time       time.Time       `json:"time"` // UTC; not before that of the entry before
	Kind       EventKind       `json:"kind"`
	Plan       string          `json:"plan,omitempty"` // digest
	Key        string          `json:"key,omitempty"`  // of the finding
	Type       asset.Type      `json:"type,omitempty"` // of the target
	ID         string          `json:"id,omitempty"`   // of the target
	Account    string          `json:"account,omitempty"`
	Fix        string          `json:"fix,omitempty"`
	Step       string          `json:"step,omitempty"`
	Token      int64           `json:"token,omitempty"` // Seq of the entry of the lease
	Until      time.Time       `json:"until,omitzero"`  // of a lease
	Run        string          `json:"run,omitempty"`
	Actor      string          `json:"actor,omitempty"`
	Unattended bool            `json:"unattended,omitempty"`
	Standing   string          `json:"standing,omitempty"` // id of the standing approval
	Rollback   bool            `json:"rollback,omitempty"` // the plan is one that rolls back
	Detail     json.RawMessage `json:"detail,omitempty"`   // a plan, a state, or a string that says why

	Prev  string `json:"prev"`  // Hash of the entry before; of a checkpoint, of the last pruned entry
	KeyID string `json:"keyId"` // of the key of MAC
	Hash  string `json:"hash"`  // SHA-256 of all members above, as canonical JSON, in hexadecimal
	MAC   string `json:"mac"`   // HMAC-SHA256 of Hash, in hexadecimal
}

// maxDetail bounds the detail of an entry, in bytes: a checkpoint holds open plans.
const maxDetail = 16 * maxPlan

// Keys are the keys by which a journal proves that its entries are its own.
type Keys struct {
	Current string            // id of the key of new entries
	ByID    map[string][]byte // each of 32 bytes or more; old ones verify old entries
}

func (k Keys) verify() error {
	if _, ok := k.ByID[k.Current]; !ok {
		return fmt.Errorf("no key %q", k.Current)
	}
	for id, key := range k.ByID {
		if len(key) < 32 {
			return fmt.Errorf("key %q has %d bytes (want 32 or more)", id, len(key))
		}
	}
	return nil
}

// hash returns the hash of an entry.
func (e Entry) hash() (string, error) {
	e.Hash, e.MAC = "", ""
	return digestOf(e)
}

// sign sets the hash and the MAC of an entry.
func (e *Entry) sign(k Keys) (err error) {
	if len(e.Detail) > maxDetail {
		return fmt.Errorf("detail of a journal entry: more than %d bytes", maxDetail)
	}
	e.KeyID = k.Current
	if e.Hash, err = e.hash(); err != nil {
		return err
	}
	e.MAC = mac(k.ByID[k.Current], e.Hash)
	return nil
}

func mac(key []byte, hash string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(hash))
	return hex.EncodeToString(m.Sum(nil))
}

// check verifies an entry that follows one with the hash prev.
func (e Entry) check(k Keys, seq int64, prev string) error {
	fail := func(what string) error { return fmt.Errorf("%w: entry %d %s", ErrTampered, e.Seq, what) }
	switch hash, err := e.hash(); {
	case err != nil:
		return fail("is malformed: " + err.Error())
	case e.Seq != seq:
		return fmt.Errorf("%w: entry %d in place of %d", ErrTampered, e.Seq, seq)
	case e.Prev != prev:
		return fail("does not follow the entry before")
	case e.Hash != hash:
		return fail("was changed")
	}
	key, ok := k.ByID[e.KeyID]
	if !ok {
		return fmt.Errorf("journal entry %d: unknown key %.100q", e.Seq, e.KeyID)
	}
	if !hmac.Equal([]byte(mac(key, e.Hash)), []byte(e.MAC)) {
		return fail("has a wrong MAC")
	}
	return nil
}
