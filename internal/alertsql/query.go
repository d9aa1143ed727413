package alertsql

import (
	"crypto/sha256"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

// observed is the time of the last observation, as alert.Alert.Observe has it.
const observed = `CASE WHEN u.hash IS NOT NULL THEN u.verified WHEN a.absent = 1 OR sc.start IS NULL OR sc.start < a.read THEN a.read ELSE sc.start END`

// in adds the condition that a column has one of the values.
func in[T ~string](r *reader, w *where, column string, values []T) {
	if len(values) > 0 {
		w.add(column+" IN ("+r.s.d.StringList+")", r.s.d.Strings(texts(values)))
	}
}

// through adds the condition that a column refers to a row of another table which has one of
// the values.
func through[T ~string](r *reader, w *where, column, selected, from, value string, values []T) {
	if len(values) > 0 {
		w.add(column+" IN (SELECT "+selected+" FROM "+from+" WHERE tenant = ? AND "+value+" IN ("+r.s.d.StringList+"))", r.tenant, r.s.d.Strings(texts(values)))
	}
}

// shared adds the conditions of a query on what rows of alerts and of counts have: status,
// policy and account.
func (r *reader) shared(w *where, q *alert.Query) {
	tenant := "a.tenant = ?"
	if q.Text != "" || observes(q) {
		tenant = "+" + tenant // each part of their conditions has an index, and names the tenant
	}
	w.add(tenant, r.tenant)
	r.seen(w, "a.account")
	switch len(q.Statuses) {
	case 0:
		w.add("a.status <> 'unmatched'")
	case 1:
		w.add("a.status = ?", text(string(q.Statuses[0])))
	default:
		in(r, w, "a.status", q.Statuses)
	}
	through(r, w, "a.policy", "id", "policies", "policy", q.Policies)
	through(r, w, "a.policy", "id", "policies", "kind", q.Kinds)
	if len(q.Severities) > 0 {
		w.add("a.policy IN (SELECT id FROM policies WHERE tenant = ? AND severity IN ("+r.s.d.IntList+"))", r.tenant, r.s.d.Ints(severities(q.Severities)))
	}
	through(r, w, "a.policy", "id", "policies", "remediable", q.Remediable)
	through(r, w, "a.policy", "policy", "controls", "control", q.Controls)
	through(r, w, "a.account", "id", "accounts", "provider", q.Providers)
	through(r, w, "a.account", "id", "accounts", "account", q.Accounts)
	through(r, w, "a.account", "account", "account_groups", "name", q.Groups)
}

func severities(all []policy.Severity) []int64 {
	list := make([]int64, len(all))
	for i, s := range all {
		list[i] = int64(s)
	}
	return list
}

// selects adds the conditions of a query on alerts.
func (r *reader) selects(w *where, q *alert.Query) {
	r.shared(w, q)
	in(r, w, "a.alert", q.IDs)
	if len(q.Refs) > 0 {
		hashes := make([][16]byte, len(q.Refs))
		for i, ref := range q.Refs {
			hashes[i] = [16]byte(refHash(ref))
		}
		w.add("a.asset IN (SELECT x.id FROM assets x WHERE x.tenant = ? AND x.ref IN (SELECT k.hash FROM "+r.s.d.HashList+" k))", r.tenant, r.s.d.Hashes(hashes))
	}
	through(r, w, "a.asset", "id", "assets", "region", q.Regions)
	through(r, w, "a.asset", "id", "assets", "type", q.Types)
	through(r, w, "a.asset", "id", "assets", "class", q.Classes)
	if len(q.Tags) > 0 {
		any := &where{}
		for _, t := range q.Tags {
			if t.Value == "" {
				any.add("SELECT asset FROM tags WHERE tenant = ? AND name = ?", r.tenant, text(t.Key))
			} else {
				any.add("SELECT asset FROM tags WHERE tenant = ? AND name = ? AND value = ?", r.tenant, text(t.Key), text(t.Value))
			}
		}
		w.add("a.asset IN ("+strings.Join(any.conditions, " UNION ALL ")+")", any.args...)
	}
	for _, field := range []struct {
		column string
		values []string
	}{{"a.owner", q.Owners}, {"a.assignee", q.Assignees}} {
		in(r, w, field.column, field.values)
		if len(field.values) > 0 && !slices.Contains(field.values, "") {
			w.add(field.column + " <> ''") // as the index has it
		}
	}
	through(r, w, "a.rules", "rules", "rule_names", "name", q.Rules)
	if !q.Overdue.IsZero() {
		w.add("a.status = 'open' AND a.due < 9223372036854775807 AND a.due < ?", ceil(q.Overdue))
	}
	r.within(w, q)
	for _, word := range alert.Words(q.Text) {
		r.contains(w, clean(word))
	}
}

// ceil returns the first microsecond that is not before an instant.
func ceil(t time.Time) int64 {
	n := micros(t)
	if fromMicros(n).Before(t) {
		n++
	}
	return n
}

// within adds the bounds of a time.
func (r *reader) within(w *where, q *alert.Query) {
	if q.From.IsZero() && q.To.IsZero() {
		return
	}
	from, to := zeroTime+1, int64(math.MaxInt64)
	if !q.From.IsZero() {
		from = max(from, ceil(q.From))
	}
	if !q.To.IsZero() {
		to = ceil(q.To)
	}
	switch q.Time {
	case alert.Changed:
		w.add("a.last_seen >= ? AND a.last_seen < ?", from, to)
	case alert.Observed:
		// The first condition has an index for each of its parts; the second decides.
		w.add(`(a.read >= ? AND a.read < ? AND a.tenant = ?
			OR a.account IN (SELECT x.id FROM scanned y JOIN accounts x ON x.tenant = y.tenant AND x.name = y.account WHERE y.tenant = ? AND y.start >= ? AND y.start < ?) AND a.tenant = ?
			OR a.id IN (SELECT m.id FROM unknowns x JOIN marks m ON m.tenant = x.tenant AND m.hash = x.hash WHERE x.tenant = ? AND x.verified >= ? AND x.verified < ?))`,
			from, to, r.tenant, r.tenant, from, to, r.tenant, r.tenant, from, to)
		w.add(observed+" >= ? AND "+observed+" < ?", from, to)
	default:
		w.add("a.alert_time >= ? AND a.alert_time < ?", from, to)
	}
}

// contains adds the condition that the title, the name or id of the asset or the ID contains a
// folded word.
func (r *reader) contains(w *where, word string) {
	d := r.s.d
	like := func(column string) string { return strings.ReplaceAll(d.Contains, "$", column) }
	pattern := d.Pattern(word)
	any := &where{}
	any.add("a.tenant = ? AND a.policy IN (SELECT x.id FROM policies x WHERE x.tenant = ? AND "+like("x.title")+")", r.tenant, r.tenant, pattern)
	if match := trigrams(word); match != "" && d.TextTable != "" {
		any.add("a.tenant = ? AND a.asset IN (SELECT x.id FROM "+d.TextTable+" f JOIN assets x ON x.id = f.rowid WHERE f."+d.TextTable+" MATCH ? AND x.tenant = ? AND "+like("x.words")+")",
			r.tenant, match, r.tenant, pattern)
	} else {
		any.add("a.tenant = ? AND a.asset IN (SELECT x.id FROM assets x WHERE x.tenant = ? AND "+like("x.words")+")", r.tenant, r.tenant, pattern)
	}
	any.add("a.id IN (SELECT x.id FROM alerts x WHERE x.tenant = ? AND x.word IS NOT NULL AND "+like("x.word")+")", r.tenant, pattern)
	if rest, ok := strings.CutPrefix(word, "p-"); ok && usualWord(word) {
		if !strings.ContainsAny(rest, "p-") { // the beginning of a usual ID
			any.add("a.tenant = ? AND a.alert >= ? AND a.alert < ? AND a.word IS NULL", r.tenant, "P-"+rest, "P-"+rest+"g")
		}
	} else if usualWord(word) {
		any.add("a.id IN (SELECT x.id FROM alerts x WHERE x.tenant = ? AND x.word IS NULL AND "+like("lower(x.alert)")+")", r.tenant, pattern)
	}
	w.add("("+strings.Join(any.conditions, " OR ")+")", any.args...)
}

// maxTrigrams is the number of trigrams of a word that FTS5 looks up. The condition on the
// column decides.
const maxTrigrams = 40

// trigrams returns an FTS5 expression for texts that have the trigrams of a word; empty for a
// word under three characters. Each trigram is quoted.
func trigrams(word string) string {
	runes := []rune(word)
	var terms []string
	for i := 0; i+3 <= len(runes) && len(terms) < maxTrigrams; i++ {
		terms = append(terms, `"`+strings.ReplaceAll(string(runes[i:i+3]), `"`, `""`)+`"`)
	}
	return strings.Join(terms, " AND ")
}

// orderColumns are the columns of alert.SortField.Values.
var orderColumns = map[alert.SortField][]string{
	alert.ByAlertTime: {"a.alert_time"},
	alert.ByLastSeen:  {"a.last_seen"},
	alert.BySeverity:  {"p.severity"},
	alert.ByPolicy:    {"p.policy"},
	alert.ByAccount:   {"ac.account"},
	alert.ByAsset:     {"s.type", "s.asset"},
	alert.ByDue:       {"a.due"},
	alert.ByID:        {},
}

// key is a column of an order.
type key struct {
	column string
	desc   bool
}

func keysOf(q *alert.Query) []key {
	var keys []key
	for _, o := range q.Orders() {
		for _, c := range orderColumns[o.By] {
			keys = append(keys, key{c, o.Desc})
		}
	}
	return append(keys, key{"a.alert", false})
}

func orderOf(keys []key) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.column
		if k.desc {
			parts[i] += " DESC"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// beyond adds the condition that an alert is after a place.
func beyond(w *where, keys []key, p *alert.Position) {
	values := make([]any, 0, len(keys))
	for _, v := range append(p.Values, p.ID) {
		if s, ok := v.(string); ok {
			v = text(s)
		}
		values = append(values, v)
	}
	compare := func(k key) string {
		if k.desc {
			return "<"
		}
		return ">"
	}
	// The bound of the first column is implied; the index needs it.
	w.add(keys[0].column+" "+compare(keys[0])+"= ?", values[0])
	var parts []string
	var args []any
	equal := ""
	for i, k := range keys {
		parts = append(parts, "("+equal+k.column+" "+compare(k)+" ?)")
		args = append(append(args, values[:i]...), values[i])
		equal += k.column + " = ? AND "
	}
	w.add("("+strings.Join(parts, " OR ")+")", args...)
}

// Query implements alert.Reader.
func (r *reader) Query(q alert.Query) (*alert.Page, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	after, err := q.After()
	if err != nil {
		return nil, err
	}
	page, size, seen := &alert.Page{}, q.Size(), 0
	for {
		n := size + 1
		if q.Where != nil {
			n = min(chunk/10, alert.MaxWhere-seen+1)
		}
		alerts, err := r.page(&q, after, n)
		if err != nil {
			return nil, err
		}
		for _, a := range alerts {
			if len(page.Alerts) == size {
				page.Next = q.Next(*after)
				return page, nil
			}
			if q.Where != nil && seen == alert.MaxWhere {
				page.Next, page.Truncated = q.Next(*after), true
				return page, nil
			}
			seen++
			p := q.Position(a)
			after = &p
			if q.Where != nil {
				if ok, err := q.Where(a); err != nil {
					return nil, err
				} else if !ok {
					continue
				}
			}
			page.Alerts = append(page.Alerts, a)
		}
		if len(alerts) < n {
			return page, r.ctx.Err()
		}
	}
}

// page returns the first alerts of a query after a place.
func (r *reader) page(q *alert.Query, after *alert.Position, n int) ([]*alert.Alert, error) {
	query, args := r.pageSQL(q, after, n)
	return r.alertsOf(query, args)
}

// pageSQL returns the statement for a page. A query within it selects and sorts the ids, and
// what alerts have in other tables is read for the rows of the page alone.
func (r *reader) pageSQL(q *alert.Query, after *alert.Position, n int) (string, []any) {
	keys, w := keysOf(q), &where{}
	outer := orderOf(keys)
	if selective(q) {
		// The index of a field is used, not the one that has the order.
		for i := range keys {
			if k := &keys[i]; k.column == "a.alert_time" || k.column == "a.last_seen" || k.column == "a.due" {
				k.column = "+" + k.column
			}
		}
	}
	r.selects(w, q)
	if after != nil {
		beyond(w, keys, after)
	}
	tables := map[string]bool{}
	for _, k := range keys {
		name, _, _ := strings.Cut(k.column, ".")
		tables[name] = true
	}
	inner := "alerts a"
	if observes(q) {
		tables["ac"], tables["u"] = true, true
	}
	for _, t := range dimensionTables {
		if tables[t.name] {
			inner += t.join
		}
	}
	return "SELECT " + alertColumns + " FROM (SELECT a.id FROM " + inner + w.String() + orderOf(keys) + " LIMIT " + strconv.Itoa(n) + ") i JOIN " +
		strings.Replace(alertTables, "alerts a", "alerts a ON a.id = i.id", 1) + " JOIN policies p ON p.id = a.policy" + outer, w.args
}

// selective reports whether a query has a field other than the status and the time of opening.
func selective(q *alert.Query) bool {
	rest := *q
	rest.Statuses, rest.Sort, rest.Cursor, rest.Limit, rest.Where = nil, nil, "", 0, nil
	if rest.Time == alert.Opened || rest.Time == "" {
		rest.Time, rest.From, rest.To = "", time.Time{}, time.Time{}
	}
	return !reflect.ValueOf(rest).IsZero()
}

// observes reports whether a query bounds the time of the last observation.
func observes(q *alert.Query) bool {
	return q.Time == alert.Observed && !(q.From.IsZero() && q.To.IsZero())
}

// counted reports whether the counts table has all that a query and dimensions need.
func counted(q *alert.Query, by []alert.Dimension) bool {
	if len(q.IDs)+len(q.Refs)+len(q.Regions)+len(q.Types)+len(q.Classes)+len(q.Tags)+len(q.Owners)+len(q.Assignees)+len(q.Rules) > 0 ||
		q.Text != "" || !q.Overdue.IsZero() {
		return false
	}
	if !q.From.IsZero() || !q.To.IsZero() {
		if q.Time != alert.Opened && q.Time != "" || !midnight(q.From) || !midnight(q.To) {
			return false
		}
	}
	for _, d := range by {
		switch d {
		case alert.PerDay, alert.PerStatus, alert.PerSeverity, alert.PerKind, alert.PerPolicy, alert.PerProvider, alert.PerAccount, alert.PerGroup:
		default:
			return false
		}
	}
	return true
}

// midnight reports whether a bound is between two days. The zero time is no bound.
func midnight(t time.Time) bool {
	return t.IsZero() || t.Equal(fromMicros(dayOf(micros(t))*day)) && dayOf(micros(t)) > dayOf(zeroTime)
}

// dimensionColumns are the expressions of the values of dimensions, and the table that each
// needs.
var dimensionColumns = map[alert.Dimension]struct{ column, table string }{
	alert.PerStatus:   {"a.status", ""},
	alert.PerSeverity: {"p.severity", "p"},
	alert.PerKind:     {"p.kind", "p"},
	alert.PerPolicy:   {"p.policy", "p"},
	alert.PerProvider: {"ac.provider", "ac"},
	alert.PerAccount:  {"ac.account", "ac"},
	alert.PerRegion:   {"s.region", "s"},
	alert.PerGroup:    {"g.name", "g"},
	alert.PerType:     {"s.type", "s"},
	alert.PerClass:    {"s.class", "s"},
	alert.PerAsset:    {"s.type || ' ' || s.asset", "s"},
	alert.PerReason:   {"a.reason", ""},
	alert.PerOwner:    {"a.owner", ""},
}

// dimensionTables are the joins for dimensionColumns, in their order.
var dimensionTables = []struct{ name, join string }{
	{"p", " JOIN policies p ON p.id = a.policy"},
	{"ac", " JOIN accounts ac ON ac.id = a.account"},
	{"s", " JOIN assets s ON s.id = a.asset"},
	{"g", " JOIN account_groups g ON g.account = a.account"},
	{"u", " LEFT JOIN unknowns u ON u.tenant = a.tenant AND u.hash = a.hash LEFT JOIN scanned sc ON sc.tenant = a.tenant AND sc.stream = a.stream AND sc.account = ac.name"},
}

// Count implements alert.Reader.
func (r *reader) Count(q alert.Query, by ...alert.Dimension) ([]alert.Count, error) {
	if err := q.CheckCount(by...); err != nil {
		return nil, err
	}
	w, tables := &where{}, map[string]bool{}
	from, day, sums := "alerts a", "", ""
	if counted(&q, by) {
		from, day, sums = "counts a", "a.day", "SUM(a.n), SUM(CAST(a.resolve AS $float))"
		r.shared(w, &q)
		if !q.From.IsZero() || !q.To.IsZero() {
			w.add("a.day > ?", dayOf(zeroTime))
		}
		if !q.From.IsZero() {
			w.add("a.day >= ?", dayOf(micros(q.From)))
		}
		if !q.To.IsZero() {
			w.add("a.day < ?", dayOf(micros(q.To)))
		}
	} else {
		day = "CASE WHEN a.alert_time % 86400000000 < 0 THEN a.alert_time / 86400000000 - 1 ELSE a.alert_time / 86400000000 END"
		sums = "COUNT(*), SUM(CASE WHEN a.status = 'resolved' THEN CAST(a.last_seen - a.alert_time AS $float) ELSE 0 END)"
		r.selects(w, &q)
		if observes(&q) {
			tables["ac"], tables["u"] = true, true
		}
	}
	var columns []string
	for _, d := range by {
		if d == alert.PerDay {
			columns = append(columns, day)
			continue
		}
		c := dimensionColumns[d]
		columns = append(columns, c.column)
		tables[c.table] = true
	}
	for _, t := range dimensionTables {
		if tables[t.name] {
			from += t.join
		}
	}
	group := ""
	for i := range columns {
		group += ", " + strconv.Itoa(i+1)
	}
	if group != "" {
		group = " GROUP BY " + group[2:]
	}
	query := "SELECT " + strings.Join(append(columns, strings.ReplaceAll(sums, "$float", r.s.d.Float)), ", ") + " FROM " + from + w.String() + group
	return r.counts(query, w.args, by)
}

// counts reads counts.
func (r *reader) counts(query string, args []any, by []alert.Dimension) ([]alert.Count, error) {
	counts := []alert.Count{}
	err := r.rows(query, args, func(scan func(...any) error) error {
		c := alert.Count{}
		if len(by) > 0 {
			c.By = make([]string, len(by))
		}
		var n *int64
		var resolve *float64
		into := make([]any, 0, len(by)+2)
		for i := range c.By {
			into = append(into, &c.By[i])
		}
		if err := scan(append(into, &n, &resolve)...); err != nil {
			return err
		}
		if n != nil {
			c.N = int(*n)
		}
		if resolve != nil {
			c.Resolve = time.Duration(*resolve) * time.Microsecond
		}
		for i, d := range by {
			switch n, _ := strconv.ParseInt(c.By[i], 10, 64); d {
			case alert.PerDay:
				c.By[i] = dayName(n)
			case alert.PerSeverity:
				c.By[i] = policy.Severity(n).String()
			}
		}
		if c.N > 0 || len(by) == 0 {
			counts = append(counts, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.wholeCounts(counts, by); err != nil {
		return nil, err
	}
	slices.SortFunc(counts, func(a, b alert.Count) int { return slices.CompareFunc(a.By, b.By, strings.Compare) })
	return counts, nil
}

// wholeCounts replaces strings of columns by what they stand for. Of an asset that is the type.
func (r *reader) wholeCounts(counts []alert.Count, by []alert.Dimension) error {
	var values []*string
	types := map[*string]*string{} // of assets
	for _, c := range counts {
		for i, d := range by {
			v := &c.By[i]
			if d == alert.PerAsset {
				end := strings.Index(*v, mark) + len(mark) + 2*sha256.Size
				if end >= len(*v) || !shortened((*v)[:end]) {
					continue
				}
				t := (*v)[:end]
				*v = (*v)[end:]
				types[v] = &t
				v = &t
			}
			values = append(values, v)
		}
	}
	err := r.whole(values...)
	for v, t := range types {
		*v = *t + *v
	}
	return err
}
