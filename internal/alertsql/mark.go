package alertsql

import (
	"crypto/sha256"
	"iter"
	"slices"

	"github.com/openstance/stance/alert"
)

const markColumns = `m.hash, m.alert, m.status, m.state, m.stream, ac.name,
	EXISTS (SELECT 1 FROM unknowns u WHERE u.tenant = m.tenant AND u.hash = m.hash)`

// markOf reads markColumns after others.
func markOf(scan func(...any) error, before ...any) (alert.Mark, error) {
	m := alert.Mark{Known: true}
	var hash []byte
	if err := scan(append(before, &hash, &m.ID, &m.Status, &m.State, &m.Stream, &m.Account, &m.Unknown)...); err != nil {
		return m, err
	}
	copy(m.Hash[:], hash)
	return m, nil
}

// Marks implements alert.Reader.
func (r *reader) Marks(hashes [][16]byte) ([]alert.Mark, error) {
	marks := make([]alert.Mark, 0, len(hashes))
	for part := range slices.Chunk(hashes, 2*chunk) {
		found := make([]alert.Mark, len(part))
		w := &where{args: []any{r.s.d.Hashes(part)}}
		w.add("m.tenant = ?", r.tenant)
		r.seen(w, "m.account")
		err := r.rows("SELECT k.i, "+markColumns+" FROM "+r.s.d.HashList+" k CROSS JOIN marks m CROSS JOIN accounts ac"+
			w.String()+" AND m.hash = k.hash AND ac.id = m.account", w.args, func(scan func(...any) error) error {
			var i int
			m, err := markOf(scan, &i)
			if err == nil {
				found[i] = m
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := r.wholeMarks(found); err != nil {
			return nil, err
		}
		marks = append(marks, found...)
	}
	return marks, nil
}

// Claimed implements alert.Reader.
func (r *reader) Claimed(stream string, after [16]byte) iter.Seq2[alert.Mark, error] {
	return func(yield func(alert.Mark, error) bool) {
		for {
			w := &where{}
			w.add("m.tenant = ? AND m.stream = ? AND m.claimed = 1 AND m.hash > ?", r.tenant, text(stream), after[:])
			r.seen(w, "m.account")
			marks := make([]alert.Mark, 0, chunk)
			err := r.rows("SELECT "+markColumns+" FROM marks m JOIN accounts ac ON ac.id = m.account"+w.String()+" ORDER BY m.hash LIMIT ?",
				append(w.args, chunk), func(scan func(...any) error) error {
					m, err := markOf(scan)
					marks = append(marks, m)
					return err
				})
			if err == nil {
				err = r.wholeMarks(marks)
			}
			if err != nil {
				yield(alert.Mark{}, err)
				return
			}
			for _, m := range marks {
				if !yield(m, nil) {
					return
				}
			}
			if len(marks) < chunk {
				return
			}
			after = marks[len(marks)-1].Hash
		}
	}
}

// wholeMarks replaces strings of columns by what they stand for.
func (r *reader) wholeMarks(marks []alert.Mark) error {
	for i := range marks {
		m := &marks[i]
		if len(m.ID) < 2*sha256.Size && len(m.Status) < 2*sha256.Size && len(m.Stream) < 2*sha256.Size && len(m.Account) < 2*sha256.Size {
			continue
		}
		if err := r.whole(&m.ID, (*string)(&m.Status), &m.Stream, &m.Account); err != nil {
			return err
		}
	}
	return nil
}
