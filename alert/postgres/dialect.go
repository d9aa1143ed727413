package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/openstance/stance/internal/alertsql"
)

// dialect returns what is of PostgreSQL. The extension pg_trgm is in the schema trigrams.
// Bodies are bytea: jsonb refuses NUL and has another order.
func dialect(trigrams string, wait time.Duration) *alertsql.Dialect {
	types := strings.NewReplacer("INTEGER", "bigint", "BLOB", "bytea", "TEXT", `text COLLATE "C"`, " WITHOUT ROWID", "")
	return &alertsql.Dialect{
		Migrations: [][]string{append(alertsql.Schema(types.Replace),
			"CREATE INDEX assets_words ON assets USING gin (words "+trigrams+".gin_trgm_ops)",
			"CREATE INDEX policies_title ON policies USING gin (title "+trigrams+".gin_trgm_ops)")},
		Tables:     "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'meta'",
		Rebind:     rebind,
		StringList: "SELECT unnest(?::text[])",
		IntList:    "SELECT unnest(?::bigint[])",
		HashList:   "(SELECT i - 1 AS i, hash FROM unnest(?::bytea[]) WITH ORDINALITY AS x (hash, i))",
		Strings:    func(all []string) any { return append([]string{}, all...) },
		Ints:       func(all []int64) any { return append([]int64{}, all...) },
		Hashes: func(all [][16]byte) any {
			list := make([][]byte, len(all))
			for i := range all {
				list[i] = all[i][:]
			}
			return list
		},
		// Every statement of a write transaction sees what was committed before it: the first one
		// runs before the lock is held.
		Lock:        func(ctx context.Context, tx *sql.Tx) error { return lock(ctx, tx, wait) },
		Insert:      insert,
		Contains:    "$ LIKE ?",
		Pattern:     func(word string) string { return "%" + like.Replace(word) + "%" },
		Float:       "double precision",
		Error:       wrap,
		Retry:       changed,
		ReadOptions: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true},
	}
}

var like = strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`)

// rebind numbers the parameters of a statement. Statements have no question marks elsewhere.
func rebind(statement string) string {
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, ok := strings.Cut(statement, "?")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		statement = after
	}
}

// few is the number of rows that are written one by one, in one round trip.
const few = 50

// insert writes rows. Many rows are copied to a temporary table first.
func insert(ctx context.Context, to *alertsql.Target, t *alertsql.Table, rows [][]any) error {
	return to.Conn.Raw(func(driver any) error {
		c := driver.(*stdlib.Conn).Conn()
		columns := strings.Join(t.Columns, ", ")
		if len(rows) <= few {
			values := strings.Repeat(", ?", len(t.Columns))[2:]
			statement := rebind("INSERT INTO " + t.Name + " (" + columns + ") VALUES (" + values + ") " + t.Conflict)
			b := &pgx.Batch{}
			for _, row := range rows {
				b.Queue(statement, row...)
			}
			// Only the error of Close is that of the whole batch.
			return c.SendBatch(ctx, b).Close()
		}
		copied := "copied_" + t.Name
		for _, statement := range []string{
			"CREATE TEMPORARY TABLE IF NOT EXISTS " + copied + " ON COMMIT DELETE ROWS AS SELECT " + columns + " FROM " + t.Name + " WITH NO DATA",
			"DELETE FROM " + copied, // of the statement before, in this transaction
		} {
			if _, err := c.Exec(ctx, statement); err != nil {
				return err
			}
		}
		n, err := c.CopyFrom(ctx, pgx.Identifier{copied}, t.Columns, pgx.CopyFromRows(rows))
		if err != nil {
			return err
		}
		if n != int64(len(rows)) {
			return errors.New("COPY lost rows")
		}
		_, err = c.Exec(ctx, "INSERT INTO "+t.Name+" ("+columns+") SELECT "+columns+" FROM "+copied+" "+t.Conflict)
		return err
	})
}
