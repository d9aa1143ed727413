package alertsql

import (
	"iter"
	"slices"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
)

// decoded runs a query for one body, and decodes the rows.
func decoded[T any](r *reader, query string, args []any) ([]T, error) {
	var all []T
	err := r.rows(query, args, func(scan func(...any) error) error {
		var body []byte
		if err := scan(&body); err != nil {
			return err
		}
		var v T
		if err := unmarshal(body, &v); err != nil {
			return err
		}
		all = append(all, v)
		return nil
	})
	return all, err
}

// History implements alert.Reader.
func (r *reader) History(q alert.HistoryQuery) ([]alert.Transition, error) {
	w := &where{}
	w.add("t.tenant = ? AND t.seq > ?", r.tenant, q.After)
	in(r, w, "t.alert", q.Alerts)
	if !q.Ref.IsZero() {
		w.add("t.ref = ?", refHash(q.Ref))
	}
	if !q.From.IsZero() {
		w.add("t.at >= ?", ceil(q.From))
	}
	if !q.To.IsZero() {
		w.add("t.at < ?", ceil(q.To))
	}
	r.seenAlert(w, "t.alert")
	return decoded[alert.Transition](r, "SELECT t.body FROM transitions t"+w.String()+" ORDER BY t.seq LIMIT ?", append(w.args, limited(q.Limit)))
}

// Scans implements alert.Reader. The view decides which of the records count.
func (r *reader) Scans(stream string, limit int) ([]alert.ScanRecord, error) {
	w := &where{}
	w.add("tenant = ?", r.tenant)
	if stream != "" {
		w.add("stream = ?", text(stream))
	}
	limit = limited(limit)
	var found []alert.ScanRecord
	for offset := 0; ; offset += limit {
		records, err := decoded[alert.ScanRecord](r, "SELECT body FROM scans"+w.String()+" ORDER BY start DESC, scan LIMIT ? OFFSET ?", append(w.args[:len(w.args):len(w.args)], limit, offset))
		if err != nil {
			return nil, err
		}
		for _, s := range records {
			if s, ok := r.view.Limit(s); ok && len(found) < limit {
				found = append(found, s)
			}
		}
		if len(found) == limit || len(records) < limit {
			return found, nil
		}
	}
}

// Scan implements alert.Reader.
func (r *reader) Scan(id string) (alert.ScanRecord, bool, error) {
	records, err := decoded[alert.ScanRecord](r, "SELECT body FROM scans WHERE tenant = ? AND scan = ?", []any{r.tenant, text(id)})
	if err != nil || len(records) == 0 {
		return alert.ScanRecord{}, false, err
	}
	s, ok := r.view.Limit(records[0])
	return s, ok, nil
}

// Document implements alert.Reader.
func (r *reader) Document(kind, name string) ([]byte, error) {
	if !r.view.IncludesDocument(kind, name) {
		return nil, r.ctx.Err()
	}
	var data []byte
	found := false
	err := r.rows("SELECT data FROM documents WHERE tenant = ? AND kind = ? AND name = ?", []any{r.tenant, text(kind), text(name)}, func(scan func(...any) error) error {
		found = true
		return scan(&data)
	})
	if found && data == nil {
		data = []byte{}
	}
	return data, err
}

// Documents implements alert.Reader.
func (r *reader) Documents(kind string) iter.Seq2[alert.Document, error] {
	return func(yield func(alert.Document, error) bool) {
		w := &where{}
		w.add("kind = ?", text(kind))
		docs, err := r.documents(w)
		sequence(docs, err)(yield)
	}
}

// documents returns the documents that the view has.
func (r *reader) documents(w *where) ([]alert.Document, error) {
	var docs []alert.Document
	w.add("tenant = ?", r.tenant)
	err := r.rows("SELECT kind, name, data FROM documents"+w.String()+" ORDER BY kind, name", w.args, func(scan func(...any) error) error {
		d := alert.Document{}
		err := scan(&d.Kind, &d.Name, &d.Data)
		docs = append(docs, d)
		return err
	})
	var names []*string
	for i := range docs {
		names = append(names, &docs[i].Kind, &docs[i].Name)
	}
	if err == nil {
		err = r.whole(names...)
	}
	return slices.DeleteFunc(docs, func(d alert.Document) bool { return !r.view.IncludesDocument(d.Kind, d.Name) }), err
}

// Messages implements alert.Reader.
func (r *reader) Messages(q alert.MessageQuery) ([]alert.Message, error) {
	w := &where{}
	w.add("tenant = ? AND dead = ?", r.tenant, flag(q.Dead))
	if q.Channel != "" {
		w.add("channel = ?", text(q.Channel))
	}
	in(r, w, "alert", q.Alerts)
	if !q.Before.IsZero() {
		w.add("not_before <= ?", micros(q.Before))
	}
	r.seenAlert(w, "alert")
	return decoded[alert.Message](r, "SELECT body FROM messages"+w.String()+" ORDER BY not_before, seq, message LIMIT ?", append(w.args, limited(q.Limit)))
}

// Versions implements alert.Reader.
func (r *reader) Versions(ref asset.Ref, limit int) ([]alert.Version, error) {
	w := &where{}
	w.add("tenant = ? AND ref = ?", r.tenant, refHash(ref))
	if r.view.Accounts != nil {
		w.add("account IN ("+r.s.d.StringList+")", r.s.d.Strings(texts(r.view.Accounts)))
	}
	return r.versions(w.String()+" ORDER BY since DESC LIMIT ?", append(w.args, limited(limit)))
}

func (r *reader) versions(rest string, args []any) ([]alert.Version, error) {
	var all []alert.Version
	err := r.rows("SELECT body, data FROM versions"+rest, args, func(scan func(...any) error) error {
		var body, data []byte
		if err := scan(&body, &data); err != nil {
			return err
		}
		v := alert.Version{}
		err := unmarshal(body, &v)
		if len(data) > 0 {
			v.Data = data
		}
		all = append(all, v)
		return err
	})
	return all, err
}

// Records implements alert.Reader.
func (r *reader) Records() iter.Seq2[alert.Record, error] {
	return func(yield func(alert.Record, error) bool) {
		if r.view.Accounts != nil {
			yield(alert.Record{}, alert.ErrReadOnly)
			return
		}
		_ = each(yield, func(d *alert.Document) alert.Record { return alert.Record{Document: d} }, sequence(r.documents(&where{}))) &&
			each(yield, func(s *alert.ScanRecord) alert.Record { return alert.Record{Scan: s} },
				pages(func(last *alert.ScanRecord) ([]alert.ScanRecord, error) {
					after := ""
					if last != nil {
						after = last.ID
					}
					return decoded[alert.ScanRecord](r, "SELECT body FROM scans WHERE tenant = ? AND scan > ? ORDER BY scan LIMIT ?", []any{r.tenant, text(after), recordChunk})
				})) &&
			each(yield, func(a **alert.Alert) alert.Record { return alert.Record{Alert: *a} },
				pages(func(last **alert.Alert) ([]*alert.Alert, error) {
					after := ""
					if last != nil {
						after = (*last).ID
					}
					return r.alertsOf("SELECT "+alertColumns+" FROM "+alertTables+" WHERE a.tenant = ? AND a.alert > ? ORDER BY a.alert LIMIT ?", []any{r.tenant, text(after), recordChunk})
				})) &&
			each(yield, func(u *alert.Unknown) alert.Record { return alert.Record{Unknown: u} }, r.Unknowns()) &&
			each(yield, func(t *alert.Transition) alert.Record { return alert.Record{Transition: t} },
				pages(func(last *alert.Transition) ([]alert.Transition, error) {
					after := int64(0)
					if last != nil {
						after = last.Seq
					}
					return r.History(alert.HistoryQuery{After: after, Limit: recordChunk})
				})) &&
			each(yield, func(m *alert.Message) alert.Record { return alert.Record{Message: m} },
				pages(func(last *alert.Message) ([]alert.Message, error) {
					after := ""
					if last != nil {
						after = last.ID
					}
					return decoded[alert.Message](r, "SELECT body FROM messages WHERE tenant = ? AND message > ? ORDER BY message LIMIT ?", []any{r.tenant, text(after), recordChunk})
				})) &&
			each(yield, func(v *alert.Version) alert.Record { return alert.Record{Version: v} },
				pages(func(last *alert.Version) ([]alert.Version, error) {
					ref, since := []byte{}, zeroTime
					if last != nil {
						ref, since = refHash(last.Ref), micros(last.From)
					}
					return r.versions(" WHERE tenant = ? AND (ref > ? OR ref = ? AND since > ?) ORDER BY ref, since LIMIT ?", []any{r.tenant, ref, ref, since, recordChunk})
				}))
	}
}

// recordChunk is the number of records that are read at a time.
const recordChunk = 1000

// pages yields what a function returns for the last element of the page before, which is nil
// at first.
func pages[T any](page func(last *T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last *T
		for {
			all, err := page(last)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for i := range all {
				last = &all[i]
				if !yield(all[i], nil) {
					return
				}
			}
			if len(all) < recordChunk {
				return
			}
		}
	}
}

// each yields elements as records, and reports whether there was neither an error nor an end
// of the loop.
func each[T any](yield func(alert.Record, error) bool, record func(*T) alert.Record, all iter.Seq2[T, error]) bool {
	for v, err := range all {
		if err != nil {
			yield(alert.Record{}, err)
			return false
		}
		if !yield(record(&v), nil) {
			return false
		}
	}
	return true
}
