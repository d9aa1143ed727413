package alert

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
)

// sequence yields the elements, or the error of the context.
func sequence[T any](ctx context.Context, all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range all {
			if err := ctx.Err(); err != nil {
				var none T
				yield(none, err)
				return
			}
			if !yield(x, nil) {
				return
			}
		}
	}
}

// History implements Reader.
func (r *memoryReader) History(q HistoryQuery) ([]Transition, error) {
	alerts := map[string]bool{}
	for _, id := range q.Alerts {
		alerts[id] = true
	}
	var found []Transition
	for seq := range r.numbers(q, alerts) {
		t, _ := r.history.get(seq)
		switch {
		case len(found) == rows(q.Limit):
			return found, r.ctx.Err()
		case seq <= q.After,
			len(alerts) > 0 && !alerts[t.Alert],
			!q.Ref.IsZero() && t.Key.Ref != q.Ref,
			!q.From.IsZero() && t.At.Before(q.From),
			!q.To.IsZero() && !t.At.Before(q.To),
			!r.seesID(t.Alert):
			continue
		}
		found = append(found, cloneTransition(*t))
	}
	return found, r.ctx.Err()
}

// numbers yields the numbers of transitions that a query can select, in their order, by the
// index that leaves the fewest.
func (r *memoryReader) numbers(q HistoryQuery, alerts map[string]bool) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		switch {
		case len(alerts) > 0:
			var seqs []int64
			for id := range alerts {
				seqs = append(seqs, numbersOf(r.byAlert, id, q.After)...)
			}
			slices.Sort(seqs)
			slices.Values(seqs)(yield)
		case !q.Ref.IsZero():
			slices.Values(numbersOf(r.byRef, q.Ref, q.After))(yield)
		default:
			for seq := range r.history.from(q.After) {
				if !yield(seq) {
					return
				}
			}
		}
	}
}

func numbersOf[T comparable](index tree[seqOf[T], struct{}], of T, after int64) []int64 {
	var seqs []int64
	for k := range index.from(seqOf[T]{of, after}) {
		if k.of != of {
			break
		}
		seqs = append(seqs, k.seq)
	}
	return seqs
}

// Scans implements Reader.
func (r *memoryReader) Scans(stream string, limit int) ([]ScanRecord, error) {
	var found []ScanRecord
	for _, s := range r.scans.all() {
		if stream == "" || s.Stream == stream {
			if limited, ok := r.view.Limit(*s); ok {
				found = append(found, limited)
			}
		}
	}
	slices.SortFunc(found, func(a, b ScanRecord) int {
		return cmp.Or(b.Start.Compare(a.Start), strings.Compare(a.ID, b.ID))
	})
	found = slices.Clip(found[:min(len(found), rows(limit))])
	for i := range found {
		found[i] = cloneScan(found[i])
	}
	return found, r.ctx.Err()
}

// Scan implements Reader.
func (r *memoryReader) Scan(id string) (ScanRecord, bool, error) {
	if s, ok := r.scans.get(id); ok {
		if limited, ok := r.view.Limit(*s); ok {
			return cloneScan(limited), true, r.ctx.Err()
		}
	}
	return ScanRecord{}, false, r.ctx.Err()
}

// Document implements Reader.
func (r *memoryReader) Document(kind, name string) ([]byte, error) {
	data, ok := r.docs.get([2]string{kind, name})
	if !ok || !r.view.IncludesDocument(kind, name) {
		return nil, r.ctx.Err()
	}
	return append([]byte{}, data...), r.ctx.Err()
}

// Documents implements Reader.
func (r *memoryReader) Documents(kind string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for key, data := range r.docs.from([2]string{kind, ""}) {
			if err := r.ctx.Err(); err != nil {
				yield(Document{}, err)
				return
			}
			if key[0] != kind {
				return
			}
			if r.view.IncludesDocument(kind, key[1]) && !yield(Document{kind, key[1], append([]byte{}, data...)}, nil) {
				return
			}
		}
	}
}

// Messages implements Reader.
func (r *memoryReader) Messages(q MessageQuery) ([]Message, error) {
	alerts := map[string]bool{}
	for _, id := range q.Alerts {
		alerts[id] = true
	}
	var found []Message
	for _, m := range r.due.all() {
		switch {
		case len(found) == rows(q.Limit), !q.Before.IsZero() && m.NotBefore.After(q.Before):
			return found, r.ctx.Err()
		case m.Dead != q.Dead,
			q.Channel != "" && m.Channel != q.Channel,
			len(alerts) > 0 && !alerts[m.Alert],
			!r.seesID(m.Alert):
			continue
		}
		found = append(found, cloneMessage(*m))
	}
	return found, r.ctx.Err()
}

// Versions implements Reader.
func (r *memoryReader) Versions(ref asset.Ref, limit int) ([]Version, error) {
	var found []Version
	for k, v := range r.versions.from(versionKey{ref: ref, from: minTime}) {
		if k.ref != ref {
			break
		}
		if r.view.Includes(v.Scope.Account) {
			found = append(found, cloneVersion(*v))
		}
	}
	slices.Reverse(found)
	return slices.Clip(found[:min(len(found), rows(limit))]), r.ctx.Err()
}

// minTime is before all times that a store keeps.
var minTime = time.UnixMicro(-1 << 61)

// Records implements Reader.
func (r *memoryReader) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		if r.view.Accounts != nil {
			yield(Record{}, ErrReadOnly)
			return
		}
		ok := func(rec Record) bool {
			if err := r.ctx.Err(); err != nil {
				yield(Record{}, err)
				return false
			}
			return yield(rec, nil)
		}
		for key, data := range r.docs.all() {
			if !ok(Record{Document: &Document{key[0], key[1], append([]byte{}, data...)}}) {
				return
			}
		}
		for _, s := range r.scans.all() {
			c := cloneScan(*s)
			if !ok(Record{Scan: &c}) {
				return
			}
		}
		for hash, a := range r.alerts.all() {
			if !ok(Record{Alert: cloneAlert(r.filled(hash, a))}) {
				return
			}
		}
		for _, u := range r.unknown.all() {
			if !ok(Record{Unknown: &u}) {
				return
			}
		}
		for _, t := range r.history.all() {
			c := cloneTransition(*t)
			if !ok(Record{Transition: &c}) {
				return
			}
		}
		for _, m := range r.messages.all() {
			c := cloneMessage(*m)
			if !ok(Record{Message: &c}) {
				return
			}
		}
		for _, v := range r.versions.all() {
			c := cloneVersion(*v)
			if !ok(Record{Version: &c}) {
				return
			}
		}
	}
}
