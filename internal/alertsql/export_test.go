package alertsql

import "github.com/openstance/stance/alert"

// PageSQL returns the statement for the first page of a query of tenant 1.
func (s *Store) PageSQL(q alert.Query) (string, []any) {
	r := &reader{conn: &conn{s: s}, tenant: 1}
	return r.pageSQL(&q, nil, 100)
}
