package alerttest

import (
	"context"
	"iter"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
)

// broken is a store that differs from the reference in one thing.
type broken struct {
	alert.Store
	view   func(alert.View) alert.View
	reader func(alert.View, *reader)
	writer func(*writer)
	write  func(ctx context.Context, tenant string, f func(alert.Tx) error) error
	now    func() time.Time
	close  func() error
}

func (b *broken) Read(ctx context.Context, v alert.View, f func(alert.Reader) error) error {
	seen := v
	if b.view != nil {
		seen = b.view(v)
	}
	return b.Store.Read(ctx, seen, func(r alert.Reader) error { return f(b.wrap(v, r)) })
}

func (b *broken) wrap(v alert.View, r alert.Reader) alert.Reader {
	if b.reader == nil {
		return r
	}
	w := &reader{Reader: r}
	b.reader(v, w)
	return w
}

func (b *broken) Write(ctx context.Context, tenant string, f func(alert.Tx) error) error {
	if b.write != nil {
		return b.write(ctx, tenant, f)
	}
	return b.Store.Write(ctx, tenant, func(tx alert.Tx) error { return f(b.wrapTx(tenant, tx)) })
}

func (b *broken) wrapTx(tenant string, tx alert.Tx) alert.Tx {
	w := &writer{writes: tx}
	if b.writer != nil {
		b.writer(w)
	}
	return transaction{b.wrap(alert.View{Tenant: tenant}, tx), w}
}

func (b *broken) Now() time.Time {
	if b.now != nil {
		return b.now()
	}
	return b.Store.Now()
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Store.Close()
}

// transaction reads by one part and writes by another.
type transaction struct {
	alert.Reader
	writes
}

// writes are the methods of a transaction that write.
type writes interface {
	Put(changes ...alert.Change) error
	Append(ts ...*alert.Transition) error
	PutUnknown(notes ...alert.Unknown) error
	DeleteUnknown(keys ...alert.Key) error
	PutScan(r alert.ScanRecord) error
	PutDocument(kind, name string, data []byte) error
	PutMessages(ms ...alert.Message) error
	DeleteMessages(ids ...string) error
	PutVersion(v alert.Version) error
	Purge(before time.Time) (int, error)
}

// writer replaces some of the methods that write.
type writer struct {
	writes
	put         func(...alert.Change) error
	appendAll   func(...*alert.Transition) error
	putScan     func(alert.ScanRecord) error
	putDocument func(kind, name string, data []byte) error
	putMessages func(...alert.Message) error
	putVersion  func(alert.Version) error
	purge       func(time.Time) (int, error)
}

func (w *writer) Put(changes ...alert.Change) error {
	if w.put != nil {
		return w.put(changes...)
	}
	return w.writes.Put(changes...)
}

func (w *writer) Append(ts ...*alert.Transition) error {
	if w.appendAll != nil {
		return w.appendAll(ts...)
	}
	return w.writes.Append(ts...)
}

func (w *writer) PutScan(r alert.ScanRecord) error {
	if w.putScan != nil {
		return w.putScan(r)
	}
	return w.writes.PutScan(r)
}

func (w *writer) PutDocument(kind, name string, data []byte) error {
	if w.putDocument != nil {
		return w.putDocument(kind, name, data)
	}
	return w.writes.PutDocument(kind, name, data)
}

func (w *writer) PutMessages(ms ...alert.Message) error {
	if w.putMessages != nil {
		return w.putMessages(ms...)
	}
	return w.writes.PutMessages(ms...)
}

func (w *writer) PutVersion(v alert.Version) error {
	if w.putVersion != nil {
		return w.putVersion(v)
	}
	return w.writes.PutVersion(v)
}

func (w *writer) Purge(before time.Time) (int, error) {
	if w.purge != nil {
		return w.purge(before)
	}
	return w.writes.Purge(before)
}

// reader replaces some of the methods that read.
type reader struct {
	alert.Reader
	alerts    func(...alert.Key) (map[alert.Key]*alert.Alert, error)
	byID      func(...string) ([]*alert.Alert, error)
	query     func(alert.Query) (*alert.Page, error)
	count     func(alert.Query, ...alert.Dimension) ([]alert.Count, error)
	marks     func([][16]byte) ([]alert.Mark, error)
	claimed   func(string, [16]byte) iter.Seq2[alert.Mark, error]
	waking    func(time.Time, int) ([]*alert.Alert, error)
	unknowns  func() iter.Seq2[alert.Unknown, error]
	history   func(alert.HistoryQuery) ([]alert.Transition, error)
	scans     func(string, int) ([]alert.ScanRecord, error)
	scan      func(string) (alert.ScanRecord, bool, error)
	document  func(kind, name string) ([]byte, error)
	documents func(string) iter.Seq2[alert.Document, error]
	messages  func(alert.MessageQuery) ([]alert.Message, error)
	versions  func(asset.Ref, int) ([]alert.Version, error)
	records   func() iter.Seq2[alert.Record, error]
}

func (r *reader) Alerts(keys ...alert.Key) (map[alert.Key]*alert.Alert, error) {
	if r.alerts != nil {
		return r.alerts(keys...)
	}
	return r.Reader.Alerts(keys...)
}

func (r *reader) ByID(ids ...string) ([]*alert.Alert, error) {
	if r.byID != nil {
		return r.byID(ids...)
	}
	return r.Reader.ByID(ids...)
}

func (r *reader) Query(q alert.Query) (*alert.Page, error) {
	if r.query != nil {
		return r.query(q)
	}
	return r.Reader.Query(q)
}

func (r *reader) Count(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
	if r.count != nil {
		return r.count(q, by...)
	}
	return r.Reader.Count(q, by...)
}

func (r *reader) Marks(hashes [][16]byte) ([]alert.Mark, error) {
	if r.marks != nil {
		return r.marks(hashes)
	}
	return r.Reader.Marks(hashes)
}

func (r *reader) Claimed(stream string, after [16]byte) iter.Seq2[alert.Mark, error] {
	if r.claimed != nil {
		return r.claimed(stream, after)
	}
	return r.Reader.Claimed(stream, after)
}

func (r *reader) Waking(at time.Time, limit int) ([]*alert.Alert, error) {
	if r.waking != nil {
		return r.waking(at, limit)
	}
	return r.Reader.Waking(at, limit)
}

func (r *reader) Unknowns() iter.Seq2[alert.Unknown, error] {
	if r.unknowns != nil {
		return r.unknowns()
	}
	return r.Reader.Unknowns()
}

func (r *reader) History(q alert.HistoryQuery) ([]alert.Transition, error) {
	if r.history != nil {
		return r.history(q)
	}
	return r.Reader.History(q)
}

func (r *reader) Scans(stream string, limit int) ([]alert.ScanRecord, error) {
	if r.scans != nil {
		return r.scans(stream, limit)
	}
	return r.Reader.Scans(stream, limit)
}

func (r *reader) Scan(id string) (alert.ScanRecord, bool, error) {
	if r.scan != nil {
		return r.scan(id)
	}
	return r.Reader.Scan(id)
}

func (r *reader) Document(kind, name string) ([]byte, error) {
	if r.document != nil {
		return r.document(kind, name)
	}
	return r.Reader.Document(kind, name)
}

func (r *reader) Documents(kind string) iter.Seq2[alert.Document, error] {
	if r.documents != nil {
		return r.documents(kind)
	}
	return r.Reader.Documents(kind)
}

func (r *reader) Messages(q alert.MessageQuery) ([]alert.Message, error) {
	if r.messages != nil {
		return r.messages(q)
	}
	return r.Reader.Messages(q)
}

func (r *reader) Versions(ref asset.Ref, limit int) ([]alert.Version, error) {
	if r.versions != nil {
		return r.versions(ref, limit)
	}
	return r.Reader.Versions(ref, limit)
}

func (r *reader) Records() iter.Seq2[alert.Record, error] {
	if r.records != nil {
		return r.records()
	}
	return r.Reader.Records()
}
