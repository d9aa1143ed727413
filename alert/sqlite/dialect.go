package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/alertsql"
)

func dialect() *alertsql.Dialect {
	return &alertsql.Dialect{
		Migrations: [][]string{append(alertsql.Schema(func(s string) string { return s }),
			`CREATE VIRTUAL TABLE asset_words USING fts5(words, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1')`)},
		Tables:     "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
		StringList: "SELECT value FROM json_each(?)",
		IntList:    "SELECT value FROM json_each(?)",
		HashList:   "(SELECT key AS i, unhex(value) AS hash FROM json_each(?))",
		Strings:    func(s []string) any { return list(s) },
		Ints:       func(n []int64) any { return list(n) },
		Hashes:     hashes,
		Lock:       func(context.Context, *sql.Tx) error { return nil }, // the transaction began with the lock
		Insert:     insert,
		Contains:   "instr($, ?) > 0",
		Pattern:    func(word string) string { return word },
		TextTable:  "asset_words",
		Float:      "REAL",
		Error:      wrap,
	}
}

// list returns JSON.
func list[T any](all []T) string {
	data, err := json.Marshal(all)
	if err != nil {
		panic(err) // strings or numbers
	}
	return string(data)
}

func hashes(all [][16]byte) any {
	b := make([]byte, 0, len(all)*35+2)
	b = append(b, '[')
	for i, h := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = hex.AppendEncode(b, h[:])
		b = append(b, '"')
	}
	return string(append(b, ']'))
}

// parameters is the number of parameters of a statement that inserts many rows. Most of the
// time of one that inserts one row is not spent on the row; but the time that the driver needs
// for parameters grows with the square of their number.
const parameters = 64

// insert writes rows with prepared statements, many at a time.
func insert(ctx context.Context, to *alertsql.Target, t *alertsql.Table, rows [][]any) error {
	together := min(max(parameters/len(t.Columns), 1), len(rows))
	many, err := prepare(ctx, to, t, together)
	if err != nil {
		return err
	}
	args := make([]any, 0, together*len(t.Columns))
	// A context that can end costs a goroutine for each statement.
	quick := context.WithoutCancel(ctx)
	for part := range slices.Chunk(rows, together) {
		stmt := many
		if len(part) < together {
			if stmt, err = prepare(ctx, to, t, len(part)); err != nil {
				return err
			}
		}
		args = args[:0]
		for _, row := range part {
			args = append(args, row...)
		}
		if _, err := stmt.ExecContext(quick, args...); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// prepare returns the statement that inserts a number of rows. If it fails it ends the
// transaction: else SQLite would keep all pages that it changes, to undo the statement alone.
func prepare(ctx context.Context, to *alertsql.Target, t *alertsql.Table, n int) (*sql.Stmt, error) {
	key := fmt.Sprint(t.Name, n, t.Conflict != "")
	if stmt := to.Statements[key]; stmt != nil {
		return stmt, nil
	}
	row := ", (?" + strings.Repeat(", ?", len(t.Columns)-1) + ")"
	stmt, err := to.Tx.PrepareContext(ctx, "INSERT OR ROLLBACK INTO "+t.Name+" ("+strings.Join(t.Columns, ", ")+") VALUES "+strings.Repeat(row, n)[2:]+" "+t.Conflict)
	if err == nil {
		to.Statements[key] = stmt
	}
	return stmt, err
}

// wrap returns an error with the error of package alert that it stands for.
func wrap(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: another process is writing to the file: %w", alert.ErrBusy, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: the disk is full or the file has its largest size: %w", alert.ErrFull, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: the file is damaged or no database: %w", alert.ErrCorrupt, err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("%w: %w", alert.ErrReadOnly, err)
	case sqlite3.SQLITE_IOERR:
		switch e.Code() {
		case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE:
			return fmt.Errorf("%w: the file cannot grow: a limit of its size or an error of the disk: %w", alert.ErrFull, err)
		}
	}
	return err
}
