package alertsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/openstance/stance/alert"
)

// Store is an alert.Store in a database.
type Store struct {
	d     *Dialect
	read  *sql.DB
	write *sql.DB
	now   func() time.Time
	close sync.Once
}

var _ alert.Store = (*Store)(nil)

// Open opens the store in a database, and creates or migrates its tables. The store closes
// the two pools, which can be one, when it is closed or not opened. A nil now is the clock of
// the system.
func Open(ctx context.Context, d *Dialect, read, write *sql.DB, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	s := &Store{d: d, read: read, write: write, now: now}
	if err := s.migrate(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Now implements alert.Store.
func (s *Store) Now() time.Time { return s.now().UTC() }

// Close implements alert.Store.
func (s *Store) Close() (err error) {
	s.close.Do(func() {
		err = s.read.Close()
		if s.write != s.read {
			err = errors.Join(err, s.write.Close())
		}
	})
	return err
}

// migrate brings the tables to the version of this package.
func (s *Store) migrate(ctx context.Context) error {
	return s.transact(ctx, s.write, s.d.WriteOptions, func(c *conn) error {
		if err := s.d.Lock(ctx, c.Tx); err != nil {
			return c.fail(err)
		}
		var tables, version int64
		if err := c.one(s.d.Tables, nil, &tables); err != nil {
			return err
		}
		if tables > 0 {
			if err := c.one("SELECT value FROM meta WHERE name = 'version'", nil, &version); err != nil {
				return err
			}
		}
		if err := s.d.Check(version); err != nil {
			return err
		}
		for _, statements := range s.d.Migrations[version:] {
			for _, statement := range statements {
				if err := c.exec(statement); err != nil {
					return err
				}
			}
		}
		return c.exec("UPDATE meta SET value = ? WHERE name = 'version'", len(s.d.Migrations))
	})
}

// Version returns the version of the tables that this package writes.
func (d *Dialect) Version() int64 { return int64(len(d.Migrations)) }

// Check returns an error for tables of a later version.
func (d *Dialect) Check(version int64) error {
	if version < 0 || version > d.Version() {
		return fmt.Errorf("%w: it has version %d (want at most %d)", alert.ErrNewer, version, d.Version())
	}
	return nil
}

// transact runs f in a transaction. It returns an error of f as it is.
func (s *Store) transact(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*conn) error) error {
	err := s.once(ctx, db, o, f)
	if err != nil && s.d.Retry != nil && s.d.Retry(err) {
		return s.once(ctx, db, o, f)
	}
	return err
}

func (s *Store) once(ctx context.Context, db *sql.DB, o *sql.TxOptions, f func(*conn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	dc, err := db.Conn(ctx)
	if err != nil {
		return s.error(ctx, err)
	}
	defer dc.Close()
	tx, err := dc.BeginTx(ctx, o)
	if err != nil {
		return s.error(ctx, err)
	}
	defer tx.Rollback()
	c := &conn{s: s, ctx: ctx, Target: Target{Conn: dc, Tx: tx, Statements: map[string]*sql.Stmt{}}}
	if err := f(c); err != nil {
		return err
	}
	if c.failed != nil {
		return c.failed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.error(ctx, tx.Commit())
}

// error returns an error of the database with the error of package alert that it stands for.
func (s *Store) error(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone):
		return err
	}
	return s.d.Error(err)
}

// Read implements alert.Store.
func (s *Store) Read(ctx context.Context, v alert.View, f func(alert.Reader) error) error {
	return s.transact(ctx, s.read, s.d.ReadOptions, func(c *conn) error {
		r, err := s.reader(c, v)
		if err != nil {
			return err
		}
		return f(r)
	})
}

// Write implements alert.Store.
func (s *Store) Write(ctx context.Context, tenant string, f func(alert.Tx) error) error {
	return s.transact(ctx, s.write, s.d.WriteOptions, func(c *conn) error {
		if err := s.d.Lock(ctx, c.Tx); err != nil {
			return c.fail(err)
		}
		r, err := s.reader(c, alert.View{Tenant: tenant})
		if err != nil {
			return err
		}
		tx := &tx{reader: r, last: r.seq}
		if r.tenant == 0 {
			if err := c.one("SELECT COALESCE(MAX(id), 0) + 1 FROM tenants", nil, &r.tenant); err != nil {
				return err
			}
			if err := c.exec("INSERT INTO tenants (id, name) VALUES (?, ?)", r.tenant, text(tenant)); err != nil {
				return err
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		if r.seq == tx.last {
			return nil
		}
		return c.exec("UPDATE meta SET value = ? WHERE name = 'seq'", tx.last)
	})
}

// reader begins to read: its first statement fixes the state that is read.
func (s *Store) reader(c *conn, v alert.View) (*reader, error) {
	r := &reader{conn: c, view: v}
	var version int64
	err := c.one(`SELECT v.value, s.value, COALESCE((SELECT id FROM tenants WHERE name = ?), 0)
		FROM meta v, meta s WHERE v.name = 'version' AND s.name = 'seq'`, []any{text(v.Tenant)}, &version, &r.seq, &r.tenant)
	if err != nil {
		return nil, err
	}
	return r, s.d.Check(version)
}

// conn runs the statements of a transaction. An error of one of them is the error of the
// whole: the others after it are not run, and the transaction is not committed.
type conn struct {
	Target
	s      *Store
	ctx    context.Context
	failed error
}

// fail notes an error of the database.
func (c *conn) fail(err error) error {
	if err == nil {
		return nil
	}
	err = c.s.error(c.ctx, err)
	if c.failed == nil {
		c.failed = err
	}
	return err
}

func (c *conn) rebind(statement string) string {
	if c.s.d.Rebind == nil {
		return statement
	}
	return c.s.d.Rebind(statement)
}

// exec runs a statement without rows.
func (c *conn) exec(statement string, args ...any) error {
	if c.failed != nil {
		return c.failed
	}
	_, err := c.Tx.ExecContext(c.ctx, c.rebind(statement), args...)
	return c.fail(err)
}

// insert writes rows.
func (c *conn) insert(t *Table, rows [][]any) error {
	if len(rows) == 0 || c.failed != nil {
		return c.failed
	}
	return c.fail(c.s.d.Insert(c.ctx, &c.Target, t, rows))
}

// rows runs a query and calls f for each row with a function that reads its columns. f must
// not run statements.
func (c *conn) rows(query string, args []any, f func(scan func(...any) error) error) error {
	if c.failed != nil {
		return c.failed
	}
	rows, err := c.Tx.QueryContext(c.ctx, c.rebind(query), args...)
	if err != nil {
		return c.fail(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return c.fail(err)
		}
	}
	return c.fail(errors.Join(rows.Err(), rows.Close()))
}

// one runs a query and reads its first row, if it has one.
func (c *conn) one(query string, args []any, into ...any) error {
	first := true
	return c.rows(query, args, func(scan func(...any) error) error {
		if !first {
			return nil
		}
		first = false
		return scan(into...)
	})
}
