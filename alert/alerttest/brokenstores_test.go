package alerttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// brokenStore makes a broken store of a good one. The rule must fail; others may, too.
type brokenStore struct {
	rule string
	make func(b *broken)
}

func reading(change func(v alert.View, r *reader)) func(*broken) {
	return func(b *broken) { b.reader = change }
}

func writing(change func(w *writer)) func(*broken) { return func(b *broken) { b.writer = change } }

// putting changes what is put.
func putting(change func(c *alert.Change)) func(*broken) {
	return writing(func(w *writer) {
		w.put = func(changes ...alert.Change) error {
			changes = slices.Clone(changes)
			for i := range changes {
				if changes[i].New != nil {
					changes[i].New = clone(changes[i].New)
				}
				change(&changes[i])
			}
			return w.writes.Put(changes...)
		}
	})
}

// querying changes queries before they are answered, and the answers.
func querying(change func(q *alert.Query), after func(*alert.Page)) func(*broken) {
	return reading(func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			change(&q)
			page, err := r.Reader.Query(q)
			if err == nil && after != nil {
				after(page)
			}
			return page, err
		}
	})
}

func brokenStores() map[string]brokenStore {
	stores := map[string]brokenStore{
		"lost update":              {"no lost update", losing},
		"number appears late":      {"numbers", late},
		"numbers of each tenant":   {"numbers", numberingTenants},
		"number is lost":           {"numbers", reading(func(_ alert.View, r *reader) { r.history = withoutNumber(r, 30) })},
		"cursor skips":             {"pages", skipping},
		"cursor repeats":           {"pages", repeating},
		"cursor counts":            {"pages while others write", offset},
		"no last page":             {"pages", querying(func(*alert.Query) {}, func(p *alert.Page) { p.Next = "" })},
		"order without ID":         {"queries", unstable},
		"rollback leaves":          {"rollback", leaving},
		"rollback hides the error": {"rollback", hidingErrors},
		"counters drift":           {"counts", drifting},
		"counts the first group":   {"counts", counting(func(a *alert.Alert) { a.Asset.Groups = a.Asset.Groups[:min(1, len(a.Asset.Groups))] })},
		"counts unmatched":         {"counts", counting(func(a *alert.Alert) { a.Status = strangeOpen(a.Status) })},
		"resolves in no time":      {"counts", reading(func(_ alert.View, r *reader) { r.count = withoutResolve(r) })},
		"no count of nothing":      {"empty", reading(func(_ alert.View, r *reader) { r.count = withoutZero(r) })},
		"no place for none": {"empty", reading(func(_ alert.View, r *reader) {
			r.byID = func(ids ...string) ([]*alert.Alert, error) {
				found, err := r.Reader.ByID(ids...)
				return slices.DeleteFunc(found, func(a *alert.Alert) bool { return a == nil }), err
			}
		})},
		"times to the second": {"round trip", putting(func(c *alert.Change) {
			change(c, func(a *alert.Alert) { a.AlertTime = a.AlertTime.Truncate(time.Second) })
		})},
		"known statuses only": {"round trip", putting(func(c *alert.Change) {
			change(c, func(a *alert.Alert) {
				if a.Status == "quarantined" {
					a.Status = alert.Open
				}
			})
		})},
		"alerts are shared":      {"round trip", sharing},
		"replaces duplicates":    {"put", replacing},
		"key does not move":      {"put", putting(func(c *alert.Change) { keepKey(c) })},
		"no observation":         {"fields filled in", observing(func(a *alert.Alert) { a.LastObserved = a.Read.Latest })},
		"no note":                {"fields filled in", observing(func(a *alert.Alert) { a.Unknown = nil })},
		"marks without note":     {"fields filled in", reading(func(_ alert.View, r *reader) { r.marks = withoutNote(r) })},
		"claims what is gone":    {"marks", reading(func(_ alert.View, r *reader) { r.claimed = claimingAll(r) })},
		"claims from the first":  {"marks", reading(func(_ alert.View, r *reader) { r.claimed = fromFirst(r) })},
		"wakes late":             {"waking", reading(func(_ alert.View, r *reader) { r.waking = wakingLate(r) })},
		"wakes in no order":      {"waking", reading(func(_ alert.View, r *reader) { r.waking = wakingByID(r) })},
		"any limit":              {"invalid queries", querying(func(q *alert.Query) { q.Limit = min(max(q.Limit, 0), 10_000) }, nil)},
		"any cursor":             {"invalid queries", anyCursor},
		"Where without an error": {"where", whereErrors},
		"Where for all":          {"where", whereFirst},
		"text as a pattern":      {"queries", querying(func(q *alert.Query) { q.Text = strings.NewReplacer("%", " ", "*", " ", "_", " ").Replace(q.Text) }, nil)},
		"short words ignored":    {"queries", querying(func(q *alert.Query) { q.Text = longWords(q.Text) }, nil)},
		"transitions twice":      {"history", writing(func(w *writer) { w.appendAll = appendTwice(w) })},
		"history by time":        {"history", reading(func(_ alert.View, r *reader) { r.history = byTime(r) })},
		"first scan stays":       {"scans", firstScan},
		"documents as JSON":      {"documents", writing(func(w *writer) { w.putDocument = reencoding(w) })},
		"messages twice":         {"messages", writing(func(w *writer) { w.putMessages = again(w) })},
		"messages by ID":         {"messages", reading(func(_ alert.View, r *reader) { r.messages = messagesByID(r) })},
		"every version":          {"versions", writing(func(w *writer) { w.putVersion = everyVersion(w) })},
		"purges nothing":         {"purge", writing(func(w *writer) { w.purge = func(time.Time) (int, error) { return 0, nil } })},
		"purges too much":        {"purge", writing(func(w *writer) { w.purge = func(t time.Time) (int, error) { return w.writes.Purge(t.Add(time.Hour)) } })},
		"no versions in records": {"records", reading(func(_ alert.View, r *reader) { r.records = withoutVersions(r) })},
		"reads before the start": {"own writes", stale},
		"two states":             {"consistent", twoStates},
		"drops NUL":              {"strings", putting(func(c *alert.Change) { change(c, func(a *alert.Alert) { a.ID = strings.ReplaceAll(a.ID, "\x00", "") }) })},
		"trims":                  {"strings", putting(func(c *alert.Change) { change(c, func(a *alert.Alert) { a.Owner = strings.TrimSpace(a.Owner) }) })},
		"ignores cancellation":   {"canceled", uncanceled},
		"never closed":           {"closed", func(b *broken) { b.close = func() error { return nil } }},
		"clock of the system":    {"clock", func(b *broken) { b.now = time.Now }},
	}
	for name, ignore := range ignored() {
		stores["ignores "+name] = brokenStore{"queries", querying(ignore, nil)}
	}
	for name, leak := range leaks() {
		stores["view leaks "+name] = brokenStore{"views", leaking(leak, func(v alert.View) (alert.View, bool) {
			return alert.View{Tenant: v.Tenant}, v.Accounts != nil
		})}
		stores["tenant leaks "+name] = brokenStore{"tenants", leaking(leak, func(v alert.View) (alert.View, bool) {
			return alert.View{Tenant: "other"}, v.Tenant == tenant
		})}
	}
	return stores
}

// TestBrokenStoresFail runs each rule over stores that violate it. Every rule is violated by
// one of them.
func TestBrokenStoresFail(t *testing.T) {
	rules := map[string]storeRule{}
	unbroken := map[string]bool{}
	for _, r := range storeRules {
		rules[r.name], unbroken[r.name] = r, true
	}
	for name, row := range brokenStores() {
		delete(unbroken, row.rule)
		t.Run(name, func(t *testing.T) {
			r, ok := rules[row.rule]
			require.True(t, ok, row.rule)
			assert.NotEmpty(t, r.violations(t.Context(), func(now func() time.Time) alert.Store {
				b := &broken{Store: alert.NewMemory(now)}
				row.make(b)
				return b
			}), "the rule: %s", r.says)
		})
	}
	assert.Empty(t, slices.Sorted(maps.Keys(unbroken)), "rules that no broken store violates")
}

// TestWrappedStoreConforms shows that the broken stores are broken by their change alone.
func TestWrappedStoreConforms(t *testing.T) {
	Store(t, func(_ *testing.T, now func() time.Time) alert.Store {
		return &broken{Store: alert.NewMemory(now), reader: func(alert.View, *reader) {}, writer: func(*writer) {}}
	})
}

func change(c *alert.Change, f func(*alert.Alert)) {
	if c.New != nil {
		f(c.New)
	}
}

// losing reads in every other transaction the state before the transaction before.
func losing(b *broken) {
	var mu sync.Mutex
	var before alert.Reader
	n := 0
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		mu.Lock()
		defer mu.Unlock()
		var now alert.Reader
		err := b.Store.Read(ctx, alert.View{Tenant: tenant}, func(r alert.Reader) error { now = r; return nil })
		if err != nil {
			return err
		}
		old := before
		before = now
		n++
		return b.Store.Write(ctx, tenant, func(tx alert.Tx) error {
			if n > 2 && n%2 == 0 {
				return f(transaction{old, tx})
			}
			return f(tx)
		})
	}
}

// late shows every seventh number only when it is read again.
func late(b *broken) {
	var mu sync.Mutex
	shown := map[int64]bool{}
	b.reader = func(_ alert.View, r *reader) {
		r.history = func(q alert.HistoryQuery) ([]alert.Transition, error) {
			mu.Lock()
			defer mu.Unlock()
			ts, err := r.Reader.History(q)
			return slices.DeleteFunc(ts, func(t alert.Transition) bool {
				hide := t.Seq%7 == 3 && !shown[t.Seq] && t.Seq < ts[len(ts)-1].Seq
				shown[t.Seq] = true
				return hide
			}), err
		}
	}
	// There is a higher number whenever one is shown late.
	b.writer = func(w *writer) {
		w.appendAll = func(ts ...*alert.Transition) error {
			for range 7 {
				if err := w.writes.Append(ts...); err != nil {
					return err
				}
			}
			return nil
		}
	}
}

func numberingTenants(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.history = func(q alert.HistoryQuery) ([]alert.Transition, error) {
			ts, err := r.Reader.History(alert.HistoryQuery{})
			for i := range ts {
				ts[i].Seq = int64(i + 1)
			}
			return slices.DeleteFunc(ts, func(t alert.Transition) bool { return t.Seq <= q.After }), err
		}
	}
}

func withoutNumber(r *reader, seq int64) func(alert.HistoryQuery) ([]alert.Transition, error) {
	return func(q alert.HistoryQuery) ([]alert.Transition, error) {
		ts, err := r.Reader.History(q)
		return slices.DeleteFunc(ts, func(t alert.Transition) bool { return t.Seq == seq }), err
	}
}

func skipping(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			page, err := r.Reader.Query(q)
			if err == nil && q.Cursor != "" && len(page.Alerts) > 1 {
				page.Alerts = page.Alerts[1:]
			}
			return page, err
		}
	}
}

func repeating(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			page, err := r.Reader.Query(q)
			if err == nil && page.Next != "" && len(page.Alerts) > 1 {
				page.Next = q.Next(q.Position(page.Alerts[len(page.Alerts)-2]))
			}
			return page, err
		}
	}
}

// offset has a number of alerts as cursor.
func offset(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			n, err := strconv.Atoi("0" + q.Cursor)
			if err != nil {
				return nil, err
			}
			size := q.Size()
			q.Cursor, q.Limit = "", 10_000
			page, err := r.Reader.Query(q)
			if err != nil {
				return nil, err
			}
			if page.Alerts = page.Alerts[min(n, len(page.Alerts)):]; len(page.Alerts) > size {
				page.Alerts, page.Next = page.Alerts[:size], strconv.Itoa(n+size)
			}
			return page, nil
		}
	}
}

// unstable returns alerts that are equal in the order the other way round.
func unstable(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			page, err := r.Reader.Query(q)
			if err == nil {
				slices.Reverse(page.Alerts)
				slices.SortStableFunc(page.Alerts, func(x, y *alert.Alert) int {
					a, b := *x, *y
					a.ID, b.ID = "", ""
					return compare(&q, &a, &b)
				})
			}
			return page, err
		}
	}
}

// leaving writes documents also if the transaction fails.
func leaving(b *broken) {
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		var left []alert.Document
		err := b.Store.Write(ctx, tenant, func(tx alert.Tx) error {
			w := &writer{writes: tx}
			w.putDocument = func(kind, name string, data []byte) error {
				left = append(left, alert.Document{Kind: kind, Name: name, Data: data})
				return tx.PutDocument(kind, name, data)
			}
			return f(transaction{tx, w})
		})
		if err != nil && len(left) > 0 {
			last := left[len(left)-1]
			return errors.Join(err, b.Store.Write(ctx, tenant, func(tx alert.Tx) error { return tx.PutDocument(last.Kind, last.Name, last.Data) }))
		}
		return err
	}
}

func hidingErrors(b *broken) {
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		if err := b.Store.Write(ctx, tenant, f); err != nil {
			return fmt.Errorf("transaction failed: %w", err)
		}
		return nil
	}
}

// drifting counts alerts that were deleted or changed since.
func drifting(b *broken) {
	most := map[string]int{}
	b.reader = func(_ alert.View, r *reader) {
		r.count = func(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
			counts, err := r.Reader.Count(q, by...)
			for i := range counts {
				key := fmt.Sprintf("%+v%q%q", q, by, counts[i].By)
				most[key] = max(most[key], counts[i].N)
				counts[i].N = most[key]
			}
			return counts, err
		}
	}
}

// counting counts alerts as they are after a change.
func counting(change func(*alert.Alert)) func(*broken) {
	return reading(func(_ alert.View, r *reader) {
		r.count = func(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
			if _, err := r.Reader.Count(q, by...); err != nil {
				return nil, err
			}
			var all []*alert.Alert
			for rec, err := range r.Reader.Records() {
				if err != nil {
					return nil, err
				}
				if rec.Alert != nil {
					change(rec.Alert)
					all = append(all, rec.Alert)
				}
			}
			return expected(all, q, by...), nil
		}
	})
}

func strangeOpen(s alert.Status) alert.Status {
	if s == alert.Unmatched {
		return alert.Open
	}
	return s
}

func withoutResolve(r *reader) func(alert.Query, ...alert.Dimension) ([]alert.Count, error) {
	return func(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
		counts, err := r.Reader.Count(q, by...)
		for i := range counts {
			counts[i].Resolve = 0
		}
		return counts, err
	}
}

func withoutZero(r *reader) func(alert.Query, ...alert.Dimension) ([]alert.Count, error) {
	return func(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
		counts, err := r.Reader.Count(q, by...)
		return slices.DeleteFunc(counts, func(c alert.Count) bool { return c.N == 0 }), err
	}
}

// sharing returns the same alert to every caller.
func sharing(b *broken) {
	cache := map[string]*alert.Alert{}
	b.reader = func(_ alert.View, r *reader) {
		r.byID = func(ids ...string) ([]*alert.Alert, error) {
			found, err := r.Reader.ByID(ids...)
			for i, a := range found {
				if a == nil {
					continue
				}
				if cache[a.ID] == nil {
					cache[a.ID] = a
				}
				found[i] = cache[a.ID]
			}
			return found, err
		}
	}
}

// replacing takes a new alert for a change of the one with its key.
func replacing(b *broken) {
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		return b.Store.Write(ctx, tenant, func(tx alert.Tx) error {
			w := &writer{writes: tx}
			w.put = func(changes ...alert.Change) error {
				changes = slices.Clone(changes)
				for i, c := range changes {
					if c.Old != nil || c.New == nil {
						continue
					}
					if found, err := tx.Alerts(c.New.Key); err != nil {
						return err
					} else if old := found[c.New.Key]; old != nil {
						changes[i].Old, changes[i].New = old, clone(c.New)
						changes[i].New.ID = old.ID
					}
				}
				return tx.Put(changes...)
			}
			return f(transaction{tx, w})
		})
	}
}

func keepKey(c *alert.Change) {
	if c.Old != nil && c.New != nil {
		c.New.Key = c.Old.Key
	}
}

// observing changes the alerts that ByID returns.
func observing(change func(*alert.Alert)) func(*broken) {
	return reading(func(_ alert.View, r *reader) {
		r.byID = func(ids ...string) ([]*alert.Alert, error) {
			found, err := r.Reader.ByID(ids...)
			for _, a := range found {
				if a != nil {
					change(a)
				}
			}
			return found, err
		}
	})
}

func withoutNote(r *reader) func([][16]byte) ([]alert.Mark, error) {
	return func(hashes [][16]byte) ([]alert.Mark, error) {
		marks, err := r.Reader.Marks(hashes)
		for i := range marks {
			marks[i].Unknown = false
		}
		return marks, err
	}
}

// claimingAll yields also the marks of alerts whose last verdict is not a fail.
func claimingAll(r *reader) func(string, [16]byte) iter.Seq2[alert.Mark, error] {
	return func(stream string, after [16]byte) iter.Seq2[alert.Mark, error] {
		return func(yield func(alert.Mark, error) bool) {
			var hashes [][16]byte
			for rec, err := range r.Reader.Records() {
				if a := rec.Alert; err == nil && a != nil && a.Stream == stream {
					hashes = append(hashes, a.Key.Hash(tenant))
				}
			}
			slices.SortFunc(hashes, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
			marks, _ := r.Reader.Marks(hashes)
			for _, m := range marks {
				if slices.Compare(m.Hash[:], after[:]) > 0 && !yield(m, nil) {
					return
				}
			}
		}
	}
}

func fromFirst(r *reader) func(string, [16]byte) iter.Seq2[alert.Mark, error] {
	return func(stream string, _ [16]byte) iter.Seq2[alert.Mark, error] {
		return r.Reader.Claimed(stream, [16]byte{})
	}
}

func wakingLate(r *reader) func(time.Time, int) ([]*alert.Alert, error) {
	return func(at time.Time, limit int) ([]*alert.Alert, error) {
		return r.Reader.Waking(at.Add(-time.Microsecond), limit)
	}
}

func wakingByID(r *reader) func(time.Time, int) ([]*alert.Alert, error) {
	return func(at time.Time, limit int) ([]*alert.Alert, error) {
		found, err := r.Reader.Waking(at, limit)
		slices.SortFunc(found, func(a, b *alert.Alert) int { return strings.Compare(a.ID, b.ID) })
		return found, err
	}
}

// anyCursor takes an invalid cursor for none.
func anyCursor(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			if _, err := q.After(); err != nil {
				q.Cursor = ""
			}
			return r.Reader.Query(q)
		}
	}
}

func whereErrors(b *broken) {
	querying(func(q *alert.Query) {
		if where := q.Where; where != nil {
			q.Where = func(a *alert.Alert) (bool, error) { ok, _ := where(a); return ok, nil }
		}
	}, nil)(b)
}

// whereFirst calls Where before the other fields are looked at.
func whereFirst(b *broken) {
	b.reader = func(_ alert.View, r *reader) {
		r.query = func(q alert.Query) (*alert.Page, error) {
			if q.Where != nil {
				for rec, err := range r.Reader.Records() {
					if err == nil && rec.Alert != nil {
						if _, err := q.Where(rec.Alert); err != nil {
							return nil, err
						}
					}
				}
			}
			return r.Reader.Query(q)
		}
	}
}

func longWords(text string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(text), func(w string) bool { return len([]rune(w)) < 3 }), " ")
}

func appendTwice(w *writer) func(...*alert.Transition) error {
	return func(ts ...*alert.Transition) error {
		if err := w.writes.Append(ts...); err != nil {
			return err
		}
		return w.writes.Append(ts...)
	}
}

func byTime(r *reader) func(alert.HistoryQuery) ([]alert.Transition, error) {
	return func(q alert.HistoryQuery) ([]alert.Transition, error) {
		ts, err := r.Reader.History(q)
		slices.SortStableFunc(ts, func(a, b alert.Transition) int { return a.At.Compare(b.At) })
		return ts, err
	}
}

// firstScan keeps the record of a scan that was written first.
func firstScan(b *broken) {
	written := map[string]bool{}
	b.writer = func(w *writer) {
		w.putScan = func(r alert.ScanRecord) error {
			if written[r.ID] {
				return nil
			}
			written[r.ID] = true
			return w.writes.PutScan(r)
		}
	}
}

// reencoding decodes documents into Go values, which rounds large numbers.
func reencoding(w *writer) func(kind, name string, data []byte) error {
	return func(kind, name string, data []byte) error {
		var x any
		if json.Unmarshal(data, &x) == nil {
			data, _ = json.Marshal(x)
		}
		return w.writes.PutDocument(kind, name, data)
	}
}

// again writes a message that was written before under another ID.
func again(w *writer) func(...alert.Message) error {
	n := 0
	return func(ms ...alert.Message) error {
		if n++; n > 2 {
			ms = slices.Clone(ms)
			ms[0].ID += " again"
		}
		return w.writes.PutMessages(ms...)
	}
}

func messagesByID(r *reader) func(alert.MessageQuery) ([]alert.Message, error) {
	return func(q alert.MessageQuery) ([]alert.Message, error) {
		ms, err := r.Reader.Messages(q)
		slices.SortFunc(ms, func(a, b alert.Message) int { return strings.Compare(a.ID, b.ID) })
		return ms, err
	}
}

func everyVersion(w *writer) func(alert.Version) error {
	n := 0
	return func(v alert.Version) error {
		n++
		v.From = v.From.Add(time.Duration(n) * time.Microsecond)
		v.Digest += fmt.Sprint(n)
		return w.writes.PutVersion(v)
	}
}

func withoutVersions(r *reader) func() iter.Seq2[alert.Record, error] {
	return func() iter.Seq2[alert.Record, error] {
		return func(yield func(alert.Record, error) bool) {
			for rec, err := range r.Reader.Records() {
				if rec.Version == nil && !yield(rec, err) {
					return
				}
			}
		}
	}
}

// stale reads in a transaction the state before it.
func stale(b *broken) {
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		return b.Store.Read(ctx, alert.View{Tenant: tenant}, func(r alert.Reader) error {
			return b.Store.Write(ctx, tenant, func(tx alert.Tx) error { return f(transaction{r, tx}) })
		})
	}
}

// twoStates reads documents of the state before the last transaction.
func twoStates(b *broken) {
	var mu sync.Mutex
	var now, before alert.Reader
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		err := b.Store.Write(ctx, tenant, f)
		mu.Lock()
		defer mu.Unlock()
		before = now
		b.Store.Read(context.WithoutCancel(ctx), alert.View{Tenant: tenant}, func(r alert.Reader) error { now = r; return nil })
		return err
	}
	b.reader = func(_ alert.View, r *reader) {
		r.document = func(kind, name string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			if before == nil {
				return r.Reader.Document(kind, name)
			}
			return before.Document(kind, name)
		}
	}
}

func uncanceled(b *broken) {
	b.write = func(ctx context.Context, tenant string, f func(alert.Tx) error) error {
		return b.Store.Write(context.WithoutCancel(ctx), tenant, f)
	}
}

// ignored are the fields of queries, each with a function that drops it.
func ignored() map[string]func(*alert.Query) {
	return map[string]func(*alert.Query){
		"ids":        func(q *alert.Query) { q.IDs = nil },
		"statuses":   func(q *alert.Query) { q.Statuses = nil },
		"policies":   func(q *alert.Query) { q.Policies = nil },
		"kinds":      func(q *alert.Query) { q.Kinds = nil },
		"severities": func(q *alert.Query) { q.Severities = nil },
		"providers":  func(q *alert.Query) { q.Providers = nil },
		"accounts":   func(q *alert.Query) { q.Accounts = nil },
		"groups":     func(q *alert.Query) { q.Groups = nil },
		"regions":    func(q *alert.Query) { q.Regions = nil },
		"refs":       func(q *alert.Query) { q.Refs = nil },
		"types":      func(q *alert.Query) { q.Types = nil },
		"classes":    func(q *alert.Query) { q.Classes = nil },
		"tags":       func(q *alert.Query) { q.Tags = nil },
		"tag values": func(q *alert.Query) {
			q.Tags = slices.Clone(q.Tags)
			for i := range q.Tags {
				q.Tags[i].Value = ""
			}
		},
		"controls":   func(q *alert.Query) { q.Controls = nil },
		"remediable": func(q *alert.Query) { q.Remediable = nil },
		"owners":     func(q *alert.Query) { q.Owners = nil },
		"assignees":  func(q *alert.Query) { q.Assignees = nil },
		"rules":      func(q *alert.Query) { q.Rules = nil },
		"overdue":    func(q *alert.Query) { q.Overdue = time.Time{} },
		"text":       func(q *alert.Query) { q.Text = "" },
		"time":       func(q *alert.Query) { q.Time = "" },
		"from":       func(q *alert.Query) { q.From = time.Time{} },
		"to":         func(q *alert.Query) { q.To = time.Time{} },
		"sort":       func(q *alert.Query) { q.Sort = nil },
		"limit":      func(q *alert.Query) { q.Limit = 10_000 },
	}
}

// leaking answers one method from another view: also, or if the own one has nothing.
func leaking(leak func(r *reader, other alert.Reader), to func(alert.View) (alert.View, bool)) func(*broken) {
	return func(b *broken) {
		b.reader = func(v alert.View, r *reader) {
			if other, leaks := to(v); leaks {
				b.Store.Read(context.Background(), other, func(x alert.Reader) error { leak(r, x); return nil })
			}
		}
	}
}

// leaks are the methods that can show what belongs to others.
func leaks() map[string]func(r *reader, other alert.Reader) {
	return map[string]func(r *reader, other alert.Reader){
		"alerts":    func(r *reader, o alert.Reader) { r.alerts = o.Alerts },
		"ids":       func(r *reader, o alert.Reader) { r.byID = o.ByID },
		"lists":     func(r *reader, o alert.Reader) { r.query = o.Query },
		"counts":    func(r *reader, o alert.Reader) { r.count = o.Count },
		"claims":    func(r *reader, o alert.Reader) { r.claimed = o.Claimed },
		"waking":    func(r *reader, o alert.Reader) { r.waking = o.Waking },
		"notes":     func(r *reader, o alert.Reader) { r.unknowns = o.Unknowns },
		"history":   func(r *reader, o alert.Reader) { r.history = o.History },
		"scans":     func(r *reader, o alert.Reader) { r.scans = o.Scans },
		"a scan":    func(r *reader, o alert.Reader) { r.scan = o.Scan },
		"document":  func(r *reader, o alert.Reader) { r.document = o.Document },
		"documents": func(r *reader, o alert.Reader) { r.documents = o.Documents },
		"messages":  func(r *reader, o alert.Reader) { r.messages = o.Messages },
		"versions":  func(r *reader, o alert.Reader) { r.versions = o.Versions },
		"records":   func(r *reader, o alert.Reader) { r.records = o.Records },
		"marks": func(r *reader, o alert.Reader) {
			r.marks = func(hashes [][16]byte) ([]alert.Mark, error) {
				// The hash of a key differs between tenants: the other's mark comes by its key.
				a := full(1)
				for i, h := range hashes {
					if h == a.Key.Hash(tenant) {
						hashes = slices.Clone(hashes)
						if marks, err := o.Marks([][16]byte{a.Key.Hash("other")}); err == nil && marks[0].Known {
							hashes[i] = marks[0].Hash
						}
					}
				}
				return o.Marks(hashes)
			}
		},
	}
}
