// Package postgres keeps alerts in a PostgreSQL database, for several programs at once.
//
// The database needs the encoding UTF8, a locale that knows the letters of the texts to
// search, such as C.UTF-8, and the extension pg_trgm, which Open makes. Use pg_dump or
// [alert.Export] for backups.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/alertsql"
)

// Options are the options of Open. The zero Options are the defaults.
type Options struct {
	Now func() time.Time // clock; nil: that of the system
	// Schema has the tables of the store, and nothing else. Open makes it. Empty: "stance".
	Schema string
	// Wait is how long a write transaction waits for others. 0: 10 seconds.
	Wait time.Duration
	// Connections is the number of connections that read at once. 0: 8. Two more write.
	Connections int
}

// writers is the number of connections of write transactions: one works, others wait.
const writers = 2

// Store is an [alert.Store] in a schema of a database. Any number of processes can use it.
type Store struct{ alert.Store }

// Open opens the store in the database of a connection string: a URL or the keywords and
// values of libpq. It makes the schema and its tables if they do not exist.
func Open(ctx context.Context, connection string, o *Options) (*Store, error) {
	s, err := open(ctx, connection, o)
	if err != nil {
		return nil, fmt.Errorf("open alert store in PostgreSQL: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, connection string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	schema, wait, readers := o.Schema, o.Wait, o.Connections
	if schema == "" {
		schema = "stance"
	}
	if wait <= 0 {
		wait = 10 * time.Second
	}
	if readers <= 0 {
		readers = 8
	}
	config, err := pgx.ParseConfig(connection)
	if err != nil {
		return nil, err // without the password
	}
	config.RuntimeParams["search_path"] = pgx.Identifier{schema}.Sanitize()
	write := stdlib.OpenDB(*config)
	write.SetMaxOpenConns(writers)
	trigrams, err := prepare(ctx, write, schema, wait)
	if err != nil {
		return nil, errors.Join(wrap(err), write.Close())
	}
	read := stdlib.OpenDB(*config)
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s, err := alertsql.Open(ctx, dialect(trigrams, wait), read, write, o.Now)
	if err != nil {
		return nil, err
	}
	return &Store{Store: s}, nil
}

// prepare makes the schema and the extension, checks the database, and returns the schema of
// the extension, quoted.
func prepare(ctx context.Context, db *sql.DB, schema string, wait time.Duration) (trigrams string, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer tx.Rollback()
	var name, encoding, locale string
	err = tx.QueryRowContext(ctx, "SELECT datname, pg_encoding_to_char(encoding), datctype FROM pg_database WHERE datname = current_database()").Scan(&name, &encoding, &locale)
	if err != nil {
		return "", err
	}
	if encoding != "UTF8" {
		return "", fmt.Errorf("database %q has encoding %s (want UTF8)", name, encoding)
	}
	if err := lock(ctx, tx, wait); err != nil {
		return "", err
	}
	for _, statement := range []string{
		"CREATE SCHEMA IF NOT EXISTS " + pgx.Identifier{schema}.Sanitize(),
		"CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return "", err
		}
	}
	err = tx.QueryRowContext(ctx, "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'").Scan(&trigrams)
	if err != nil {
		return "", err
	}
	trigrams = pgx.Identifier{trigrams}.Sanitize()
	var similarity float64
	if err := tx.QueryRowContext(ctx, "SELECT "+trigrams+".similarity('公開', '公開')").Scan(&similarity); err != nil {
		return "", err
	}
	if similarity != 1 {
		return "", fmt.Errorf("database %q has locale %q, in which texts other than English have no words (want a UTF-8 locale, such as C.UTF-8)", name, locale)
	}
	return trigrams, tx.Commit()
}

// lock makes a transaction wait for others that write, of all programs, in the schema of
// its connection.
func lock(ctx context.Context, tx *sql.Tx, wait time.Duration) error {
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", max(wait.Milliseconds(), 1))); err != nil {
		return err
	}
	// The number is that of this package.
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(731003412, hashtext(current_schema()))")
	return err
}

// wrap returns an error with the error of package alert that it stands for.
func wrap(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "55P03", "40001", "40P01":
		return fmt.Errorf("%w: another transaction is writing: %w", alert.ErrBusy, err)
	case "53100":
		return fmt.Errorf("%w: the disk of the server is full: %w", alert.ErrFull, err)
	case "XX001", "XX002":
		return fmt.Errorf("%w: the server found damaged data: %w", alert.ErrCorrupt, err)
	case "25006":
		return fmt.Errorf("%w: %w", alert.ErrReadOnly, err)
	}
	return err
}

// changed reports whether a statement was prepared before its tables were changed. It succeeds
// if it is prepared again.
func changed(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "0A000"
}
