// Package sqlite keeps alerts in a SQLite file. It needs no C compiler.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	driver "modernc.org/sqlite"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/internal/alertsql"
)

// Options are the options of Open. The zero Options are the defaults.
type Options struct {
	Now func() time.Time // clock; nil: that of the system
	// CacheBytes is the size of the page cache of the writer, and of all readers together. 0: 256 MiB.
	CacheBytes int64
	// Wait is how long a write transaction waits for those of other processes. 0: 10 seconds.
	Wait time.Duration
	// MaxBytes limits the size of the file. 0: no limit. A write transaction beyond it fails
	// with [alert.ErrFull].
	MaxBytes int64
}

// readers is the number of connections that read at once.
const readers = 4

// Store is an [alert.Store] in a SQLite file. Several processes on one machine can use a file
// at once; it must not be on a network file system.
type Store struct {
	alert.Store
	file string
}

// File returns the name of the file.
func (s *Store) File() string { return s.file }

// Open opens the store in a file, and makes the file if it does not exist. The file stays the
// property of the store: beside it are files with the suffixes "-wal" and "-shm".
func Open(ctx context.Context, file string, o *Options) (*Store, error) {
	s, err := open(ctx, file, o)
	if err != nil {
		return nil, fmt.Errorf("open alert store %s: %w", file, err)
	}
	return s, nil
}

func open(ctx context.Context, file string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	if file == "" {
		return nil, errors.New("no file name")
	}
	if err := private(file); err != nil {
		return nil, err
	}
	cache, wait := o.CacheBytes, o.Wait
	if cache <= 0 {
		cache = 256 << 20
	}
	if wait <= 0 {
		wait = 10 * time.Second
	}
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()), "journal_mode(wal)", "synchronous(normal)", "temp_store(memory)", "foreign_keys(0)", "trusted_schema(0)", "cell_size_check(1)",
	}
	write, err := pool(file, "immediate", append(pragmas, fmt.Sprintf("cache_size(-%d)", cache/1024), "wal_autocheckpoint(10000)", limit(o.MaxBytes)))
	if err != nil {
		return nil, err
	}
	write.SetMaxOpenConns(1)
	read, err := pool(file, "deferred", append(pragmas, "query_only(1)", fmt.Sprintf("cache_size(-%d)", cache/1024/readers)))
	if err != nil {
		write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	s, err := alertsql.Open(ctx, dialect(), read, write, o.Now)
	if err != nil {
		return nil, err
	}
	return &Store{Store: s, file: file}, nil
}

// pageSize is the size of a page of a new file.
const pageSize = 4096

// limit returns the pragma that limits the size of a file.
func limit(size int64) string {
	if size <= 0 {
		return "max_page_count(4294967294)"
	}
	return "max_page_count(" + strconv.FormatInt(max(size/pageSize, 1), 10) + ")"
}

// private makes a file that only its owner can read, if there is none.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	return f.Close()
}

// pool returns connections to a file.
func pool(file, lock string, pragmas []string) (*sql.DB, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{"_pragma": pragmas, "_txlock": {lock}}.Encode()}
	c, err := driver.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}
