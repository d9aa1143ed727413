package alertsql

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// chunk is the number of rows that a query of a sequence reads at a time.
const chunk = 10_000

// reader reads one state.
type reader struct {
	*conn
	view   alert.View
	tenant int64 // 0: there is none with the name
	seq    int64 // of the last transition

	policies map[int64]*policyBody
	accounts map[int64]*accountBody
	rules    map[int64][]string
}

func limited(n int) int {
	if n <= 0 {
		return 1000
	}
	return n
}

// where builds a condition with its parameters.
type where struct {
	conditions []string
	args       []any
}

func (w *where) add(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.args = append(w.args, args...)
}

func (w *where) String() string { return " WHERE " + strings.Join(w.conditions, " AND ") }

// seen adds the condition that the view has the account, a column that refers to accounts.
func (r *reader) seen(w *where, column string) {
	if r.view.Accounts != nil {
		w.add(column+" IN (SELECT id FROM accounts WHERE tenant = ? AND account IN ("+r.s.d.StringList+"))", r.tenant, r.s.d.Strings(texts(r.view.Accounts)))
	}
}

// seenAlert adds the condition that the view has the alert with an ID.
func (r *reader) seenAlert(w *where, column string) {
	if r.view.Accounts != nil {
		in := &where{}
		in.add("tenant = ?", r.tenant)
		r.seen(in, "account")
		w.add(column+" IN (SELECT alert FROM alerts"+in.String()+")", in.args...)
	}
}

// stored columns of alerts, to be read by scanAlert. The tables are a, u and sc.
const (
	alertColumns = "a.id, a.policy, a.account, a.rules, a.body, s.body, u.body, sc.start"
	alertTables  = `alerts a JOIN assets s ON s.id = a.asset JOIN accounts ac ON ac.id = a.account
		LEFT JOIN unknowns u ON u.tenant = a.tenant AND u.hash = a.hash
		LEFT JOIN scanned sc ON sc.tenant = a.tenant AND sc.stream = a.stream AND sc.account = ac.name`
)

var errShared = fmt.Errorf("%w: an alert without policy or account", alert.ErrCorrupt)

// rawAlert is a row of alertColumns.
type rawAlert struct {
	id, policy, account, rules int64
	body, asset, unknown       []byte
	scanned                    *int64
}

// alertsOf runs a query for alertColumns.
func (r *reader) alertsOf(query string, args []any) ([]*alert.Alert, error) {
	var raw []rawAlert
	err := r.rows(query, args, func(scan func(...any) error) error {
		var a rawAlert
		err := scan(&a.id, &a.policy, &a.account, &a.rules, &a.body, &a.asset, &a.unknown, &a.scanned)
		raw = append(raw, a)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := r.load(raw); err != nil {
		return nil, err
	}
	alerts := make([]*alert.Alert, len(raw))
	for i := range raw {
		if alerts[i], err = r.alert(&raw[i]); err != nil {
			return nil, r.fail(err)
		}
	}
	return alerts, nil
}

// load reads what the rows share and was not read before.
func (r *reader) load(raw []rawAlert) error {
	if r.policies == nil {
		r.policies, r.accounts, r.rules = map[int64]*policyBody{}, map[int64]*accountBody{}, map[int64][]string{}
	}
	err := missing(r, "policies", raw, func(a *rawAlert) int64 { return a.policy }, r.policies, func(body []byte) (*policyBody, error) {
		p := &policyBody{}
		return p, unmarshal(body, p)
	})
	if err != nil {
		return err
	}
	err = missing(r, "accounts", raw, func(a *rawAlert) int64 { return a.account }, r.accounts, func(body []byte) (*accountBody, error) {
		a := &accountBody{}
		return a, unmarshal(body, a)
	})
	if err != nil {
		return err
	}
	return missing(r, "rule_sets", raw, func(a *rawAlert) int64 { return a.rules }, r.rules, func(body []byte) (names []string, err error) {
		return names, unmarshal(body, &names)
	})
}

// missing reads the bodies of a table that are not in known.
func missing[T any](r *reader, table string, raw []rawAlert, of func(*rawAlert) int64, known map[int64]T, decode func([]byte) (T, error)) error {
	var ids []int64
	for i := range raw {
		id := of(&raw[i])
		if _, ok := known[id]; !ok {
			ids = append(ids, id)
			var none T
			known[id] = none
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return r.rows("SELECT id, body FROM "+table+" WHERE id IN ("+r.s.d.IntList+")", []any{r.s.d.Ints(ids)}, func(scan func(...any) error) error {
		var id int64
		var body []byte
		if err := scan(&id, &body); err != nil {
			return err
		}
		v, err := decode(body)
		known[id] = v
		return err
	})
}

// alert makes an alert of its rows.
func (r *reader) alert(raw *rawAlert) (*alert.Alert, error) {
	a := &alert.Alert{}
	if err := unmarshal(raw.body, a); err != nil {
		return nil, err
	}
	state := a.Asset
	a.Asset = alert.Asset{}
	if err := unmarshal(raw.asset, &a.Asset); err != nil {
		return nil, err
	}
	p, ac := r.policies[raw.policy], r.accounts[raw.account]
	if p == nil || ac == nil {
		return nil, errShared
	}
	a.Policy, a.Policy.Severity = p.Policy, policy.Severity(p.Severity)
	a.Policy.Labels, a.Policy.Controls = slices.Clone(p.Labels), slices.Clone(p.Controls)
	a.Rules = slices.Clone(r.rules[raw.rules])
	a.Asset.Provider, a.Asset.Account, a.Asset.AccountName, a.Asset.Groups = ac.Provider, ac.Account, ac.Name, slices.Clone(ac.Groups)
	a.Asset.Incarnation, a.Asset.Digest = state.Incarnation, state.Digest
	if raw.unknown != nil {
		a.Unknown = &alert.Unknown{}
		if err := unmarshal(raw.unknown, a.Unknown); err != nil {
			return nil, err
		}
	}
	var scanned time.Time
	if raw.scanned != nil {
		scanned = fromMicros(*raw.scanned)
	}
	a.Observe(scanned)
	return a, nil
}

// Alerts implements alert.Reader.
func (r *reader) Alerts(keys ...alert.Key) (map[alert.Key]*alert.Alert, error) {
	found := make(map[alert.Key]*alert.Alert, len(keys))
	for part := range slices.Chunk(keys, chunk) {
		hashes := make([][16]byte, len(part))
		for i, k := range part {
			hashes[i] = k.Hash(r.view.Tenant)
		}
		w := &where{args: []any{r.s.d.Hashes(hashes)}}
		w.add("m.tenant = ?", r.tenant)
		r.seen(w, "a.account")
		alerts, err := r.alertsOf("SELECT "+alertColumns+" FROM "+r.s.d.HashList+" k CROSS JOIN marks m JOIN "+
			strings.Replace(alertTables, "alerts a", "alerts a ON a.id = m.id", 1)+w.String()+" AND m.hash = k.hash", w.args)
		if err != nil {
			return nil, err
		}
		for _, a := range alerts {
			found[a.Key] = a
		}
	}
	return found, nil
}

// ByID implements alert.Reader.
func (r *reader) ByID(ids ...string) ([]*alert.Alert, error) {
	found := make([]*alert.Alert, 0, len(ids))
	for part := range slices.Chunk(ids, chunk) {
		w := &where{}
		w.add("a.tenant = ? AND a.alert IN ("+r.s.d.StringList+")", r.tenant, r.s.d.Strings(texts(part)))
		r.seen(w, "a.account")
		alerts, err := r.alertsOf("SELECT "+alertColumns+" FROM "+alertTables+w.String(), w.args)
		if err != nil {
			return nil, err
		}
		of := make(map[string]*alert.Alert, len(alerts))
		for _, a := range alerts {
			of[a.ID] = a
		}
		given := make(map[string]bool, len(alerts))
		for _, id := range part {
			a := of[id]
			if a != nil && given[id] {
				a = a.Clone() // the ID is there twice
			}
			given[id] = true
			found = append(found, a)
		}
	}
	return found, nil
}

// Waking implements alert.Reader.
func (r *reader) Waking(at time.Time, limit int) ([]*alert.Alert, error) {
	w := &where{}
	w.add("a.tenant = ? AND a.wake IS NOT NULL AND a.wake <= ?", r.tenant, micros(at))
	r.seen(w, "a.account")
	return r.alertsOf("SELECT "+alertColumns+" FROM "+alertTables+w.String()+" ORDER BY a.wake, a.alert LIMIT ?", append(w.args, limited(limit)))
}

// Unknowns implements alert.Reader.
func (r *reader) Unknowns() iter.Seq2[alert.Unknown, error] {
	return func(yield func(alert.Unknown, error) bool) {
		w := &where{}
		w.add("u.tenant = ?", r.tenant)
		if r.view.Accounts != nil {
			in := &where{}
			in.add("m.tenant = ?", r.tenant)
			r.seen(in, "m.account")
			w.add("u.hash IN (SELECT m.hash FROM marks m"+in.String()+")", in.args...)
		}
		var notes []alert.Unknown
		err := r.rows("SELECT u.body FROM unknowns u"+w.String(), w.args, func(scan func(...any) error) error {
			var body []byte
			if err := scan(&body); err != nil {
				return err
			}
			var u alert.Unknown
			err := unmarshal(body, &u)
			notes = append(notes, u)
			return err
		})
		slices.SortFunc(notes, func(a, b alert.Unknown) int {
			return cmp.Or(a.Since.Compare(b.Since), strings.Compare(a.Policy, b.Policy), compareRefs(a.Ref, b.Ref))
		})
		sequence(notes, err)(yield)
	}
}

func compareRefs(a, b asset.Ref) int {
	return cmp.Or(strings.Compare(string(a.Type), string(b.Type)), strings.Compare(a.ID, b.ID))
}

// sequence yields the elements, and then the error if there is one.
func sequence[T any](all []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err != nil {
			var none T
			yield(none, err)
			return
		}
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}
