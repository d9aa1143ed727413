package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/openstance/stance/alert"
)

// Backup writes a copy of the store to a file, which must not exist. Other transactions go on
// meanwhile; the copy has the state as of the start. It is a whole file, that Restore or Open
// can read.
func (s *Store) Backup(ctx context.Context, file string) error {
	if err := copyInto(ctx, s.file, file); err != nil {
		return fmt.Errorf("back up alert store to %s: %w", file, err)
	}
	return nil
}

// Restore makes the store in a file, which must not exist, from a backup. It refuses a backup
// that is damaged ([alert.ErrCorrupt]) or that a later version wrote ([alert.ErrNewer]).
func Restore(ctx context.Context, backup, file string) error {
	err := check(ctx, backup)
	if err == nil {
		err = copyInto(ctx, backup, file)
	}
	if err != nil {
		return fmt.Errorf("restore alert store from %s: %w", backup, err)
	}
	return nil
}

// copyInto copies a database to a file that does not exist. It makes the file under another
// name first: a file with the name is whole.
func copyInto(ctx context.Context, from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%w: %s", fs.ErrExist, to)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(to), ".alerts-*") // only its owner can read it
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	if err := part.Close(); err != nil {
		return err
	}
	db, err := pool(from, "deferred", []string{"busy_timeout(10000)"})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part.Name()); err != nil {
		return wrap(err)
	}
	f, err := os.OpenFile(part.Name(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	// A link, unlike a new name, replaces no file that was made meanwhile.
	return os.Link(part.Name(), to)
}

// check returns an error for a file that is no store, is damaged or of a later version.
func check(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := pool(file, "deferred", []string{"busy_timeout(10000)", "query_only(1)"})
	if err != nil {
		return err
	}
	defer db.Close()
	var result string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&result); err != nil {
		return wrap(err)
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", alert.ErrCorrupt, result)
	}
	d := dialect()
	var tables, version int64
	if err := db.QueryRowContext(ctx, d.Tables).Scan(&tables); err != nil {
		return wrap(err)
	}
	if tables == 0 {
		return fmt.Errorf("%w: the file is no alert store", alert.ErrCorrupt)
	}
	if err := db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'version'").Scan(&version); err != nil {
		return wrap(err)
	}
	return d.Check(version)
}
