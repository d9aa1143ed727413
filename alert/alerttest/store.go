// Package alerttest tests implementations of the interfaces of package alert:
//
//	func TestStore(t *testing.T) {
//		alerttest.Store(t, func(t *testing.T, now func() time.Time) alert.Store {
//			return open(t.TempDir(), now)
//		})
//	}
//
// Each rule of the contract is a subtest. Run the tests with and without -race.
package alerttest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openstance/stance/alert"
)

// Store tests a store. It calls the function once or more for each rule: each call returns a
// store that is empty, and that the test closes.
func Store(t *testing.T, open func(t *testing.T, now func() time.Time) alert.Store) {
	t.Helper()
	for _, r := range storeRules {
		t.Run(r.name, func(t *testing.T) {
			for _, err := range r.violations(t.Context(), func(now func() time.Time) alert.Store { return open(t, now) }) {
				t.Errorf("%v\n(the rule: %s)", err, r.says)
			}
		})
	}
}

// storeRule is one sentence of the contract.
type storeRule struct {
	name, says string
	check      func(*suite)
}

var storeRules = []storeRule{
	{"empty", "a new store has nothing", checkEmpty},
	{"round trip", "alerts are returned as they were written, with times to the microsecond, and belong to the caller", checkRoundTrip},
	{"put", "a key and an ID have one alert; the ID never changes, the key may", checkPut},
	{"fields filled in", "a store fills in LastObserved and Unknown", checkFilled},
	{"marks", "marks say whether a finding changes an alert, and what a stream claims", checkMarks},
	{"waking", "alerts that time changes are found, the earliest first", checkWaking},
	{"queries", "a query selects the alerts that Query.Matches selects", checkQueries},
	{"invalid queries", "a query that cannot be answered is refused", checkInvalidQueries},
	{"pages", "the pages of a query have each alert once, in its order", checkPages},
	{"pages while others write", "alerts that arrive between pages neither hide nor repeat others", checkPagesWhileWriting},
	{"where", "a condition is called for the alerts that the other fields select, and ends the query by an error", checkWhere},
	{"counts", "counts equal the lengths of lists, after any changes", checkCounts},
	{"history", "transitions are kept in the order of their numbers", checkHistory},
	{"numbers", "a reader that saw a number never finds a lower one that is new", checkNumbers},
	{"scans", "the record of a scan is kept, the last one that was written", checkScans},
	{"documents", "documents are kept byte by byte", checkDocuments},
	{"messages", "the outbox has each message once, those to be sent first before others", checkMessages},
	{"versions", "versions of an asset differ from the one before", checkVersions},
	{"purge", "a purge deletes what is finished and old, and nothing else", checkPurge},
	{"records", "records are everything that a tenant has", checkRecords},
	{"tenants", "a tenant sees nothing of another", checkTenants},
	{"views", "a view of some accounts has nothing of others", checkViews},
	{"rollback", "a transaction that fails leaves nothing", checkRollback},
	{"own writes", "a transaction reads what it wrote, and nobody else does before it ends", checkOwnWrites},
	{"no lost update", "transactions run one after the other", checkLostUpdate},
	{"consistent", "a reader sees one state", checkConsistent},
	{"strings", "any string is kept as it is or refused", checkStrings},
	{"canceled", "a canceled context ends a transaction, which writes nothing", checkCanceled},
	{"closed", "a closed store returns errors", checkClosed},
	{"clock", "Now is the instant of the clock that the store was opened with", checkClock},
}

// violations returns how a store violates the rule.
func (r storeRule) violations(ctx context.Context, open func(func() time.Time) alert.Store) []error {
	s := &suite{ctx: ctx, opener: open}
	s.clock.Store(base.UnixMicro())
	defer s.close()
	func() {
		defer func() {
			if x := recover(); x != nil && x != any(stopped{}) {
				panic(x)
			}
		}()
		r.check(s)
	}()
	return s.found
}

// suite is what a rule works with.
type suite struct {
	ctx    context.Context
	opener func(func() time.Time) alert.Store
	opened []alert.Store
	clock  atomic.Int64
	found  []error
}

// base is the instant at which tests begin.
var base = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// tenant is the tenant of most tests.
const tenant = "acme"

var everything = alert.View{Tenant: tenant}

// open returns a new store.
func (s *suite) open() alert.Store {
	st := s.opener(func() time.Time { return time.UnixMicro(s.clock.Load()).UTC() })
	s.opened = append(s.opened, st)
	return st
}

func (s *suite) close() {
	for _, st := range s.opened {
		st.Close()
	}
}

// stopped ends a check.
type stopped struct{}

// add adds a violation.
func (s *suite) add(format string, args ...any) {
	s.found = append(s.found, fmt.Errorf(format, args...))
}

// must ends the check if there is an error.
func (s *suite) must(err error, format string, args ...any) {
	if err != nil {
		s.add("%s: %w", fmt.Sprintf(format, args...), err)
		panic(stopped{})
	}
}

// that adds a violation if a condition does not hold.
func (s *suite) that(ok bool, format string, args ...any) {
	if !ok {
		s.add(format, args...)
	}
}

// same adds a violation if two values differ in JSON.
func (s *suite) same(want, got any, format string, args ...any) {
	if w, g := inJSON(want), inJSON(got); w != g {
		s.add("%s:\n got %s\nwant %s", fmt.Sprintf(format, args...), cutAt(g, w), cutAt(w, g))
	}
}

// inJSON returns a value in JSON. Slices that are nil are like those that are empty.
func inJSON(x any) string {
	text, err := json.Marshal(x)
	switch {
	case err != nil:
		return err.Error()
	case string(text) == "null":
		return "[]"
	}
	return strings.ReplaceAll(string(text), `"By":null`, `"By":[]`)
}

// cutAt returns the part of a string that begins shortly before it differs from another.
func cutAt(s, other string) string {
	const before, most = 60, 400
	i := 0
	for i < len(s) && i < len(other) && s[i] == other[i] {
		i++
	}
	if i = max(0, i-before); i > 0 {
		s = "..." + s[i:]
	}
	if len(s) > most {
		s = s[:most] + "..."
	}
	return s
}

// write runs a transaction that succeeds.
func (s *suite) write(st alert.Store, f func(alert.Tx) error) {
	s.must(st.Write(s.ctx, tenant, f), "write")
}

// read runs a reader over everything of the tenant.
func (s *suite) read(st alert.Store, f func(alert.Reader) error) { s.view(st, everything, f) }

func (s *suite) view(st alert.Store, v alert.View, f func(alert.Reader) error) {
	s.must(st.Read(s.ctx, v, f), "read")
}

// put writes new alerts.
func (s *suite) put(st alert.Store, alerts ...*alert.Alert) {
	s.write(st, func(tx alert.Tx) error { return tx.Put(opened(alerts...)...) })
}

// opened are the changes that write new alerts.
func opened(alerts ...*alert.Alert) []alert.Change {
	changes := make([]alert.Change, len(alerts))
	for i, a := range alerts {
		changes[i].New = a
	}
	return changes
}

// list returns the alerts that a query selects, of all pages.
func (s *suite) list(r alert.Reader, q alert.Query) []*alert.Alert {
	var all []*alert.Alert
	for range 10_000 {
		page, err := r.Query(q)
		s.must(err, "query")
		all = append(all, page.Alerts...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
	s.add("the pages of a query do not end")
	panic(stopped{})
}

// records returns everything that a tenant has, each thing in JSON.
func (s *suite) records(st alert.Store, tenant string) []string {
	var all []string
	s.view(st, alert.View{Tenant: tenant}, func(r alert.Reader) error {
		all = nil
		for rec, err := range r.Records() {
			if err != nil {
				return err
			}
			all = append(all, inJSON(rec))
		}
		return nil
	})
	return all
}

func ids(alerts []*alert.Alert) []string {
	all := make([]string, len(alerts))
	for i, a := range alerts {
		if all[i] = "none"; a != nil {
			all[i] = a.ID
		}
	}
	return all
}
