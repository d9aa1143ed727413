package alertsql

import "slices"

// long returns the strings that columns do not have whole, each once.
func long(all []string) []string {
	var found []string
	for _, s := range all {
		if len(s) > maxText || shortened(s) {
			found = append(found, clean(s))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// keep writes the strings that columns do not have whole to a table of their own.
func (t *tx) keep(all []string) error {
	var rows [][]any
	for _, s := range long(all) {
		rows = append(rows, []any{t.tenant, text(s), s})
	}
	return t.insert(longTable, rows)
}

// whole replaces strings of columns by what they stand for.
func (r *reader) whole(columns ...*string) error {
	var short []string
	for _, s := range columns {
		if shortened(*s) {
			short = append(short, *s)
		}
	}
	if short == nil {
		return nil
	}
	of := map[string]string{}
	err := r.rows("SELECT short, whole FROM texts WHERE tenant = ? AND short IN ("+r.s.d.StringList+")", []any{r.tenant, r.s.d.Strings(short)}, func(scan func(...any) error) error {
		var short, whole string
		err := scan(&short, &whole)
		of[short] = whole
		return err
	})
	for _, s := range columns {
		if w, ok := of[*s]; ok {
			*s = w
		}
	}
	return err
}
