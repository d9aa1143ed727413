package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

const tenant = "acme"

var start = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, file string, o *sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), file, o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// sample returns an alert.
func sample(i int, status alert.Status) *alert.Alert {
	k := alert.Key{Policy: "aws-s3-public", Ref: asset.Ref{Type: "aws/s3/bucket", ID: fmt.Sprintf("arn:aws:s3:::bucket-%d", i)}}
	return &alert.Alert{
		Key: k, ID: alert.NewID(tenant, k), Status: status, Reason: alert.NewAlert, Verdict: policy.Fail,
		Policy:    alert.Policy{Title: "S3 bucket is public", Severity: policy.High, Kind: policy.KindConfig},
		Asset:     alert.Asset{Provider: "aws", Account: "123456789012", Region: "us-east-1", Name: fmt.Sprintf("bucket-%d", i), Tags: map[string]string{"team": "web"}},
		FirstSeen: start, LastSeen: start, AlertTime: start, Stream: "main", State: "s",
	}
}

// fill writes alerts, n in a transaction, until there is an error.
func fill(ctx context.Context, s alert.Store, n int) (written int, err error) {
	for {
		err := s.Write(ctx, tenant, func(tx alert.Tx) error {
			var changes []alert.Change
			for i := range n {
				changes = append(changes, alert.Change{New: sample(written+i, alert.Open)})
			}
			return tx.Put(changes...)
		})
		if err != nil {
			return written, err
		}
		written += n
	}
}

// count returns the number of alerts by the counts, and by a list.
func count(t *testing.T, s alert.Store) (n int) {
	t.Helper()
	require.NoError(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		counts, err := r.Count(alert.Query{})
		require.NoError(t, err)
		n = counts[0].N
		listed := 0
		for q := (alert.Query{Limit: 10_000}); ; {
			page, err := r.Query(q)
			require.NoError(t, err)
			listed += len(page.Alerts)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		require.Equal(t, n, listed)
		return nil
	}))
	return n
}

func raw(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	require.NoError(t, err)
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(t *testing.T, file string)
		is     error
		says   string
	}{
		{"garbage", func(t *testing.T, file string) {
			require.NoError(t, os.WriteFile(file, []byte(strings.Repeat("no database ", 1000)), 0o600))
		}, alert.ErrCorrupt, "damaged or no database"},
		{"newer", func(t *testing.T, file string) { raw(t, file, "UPDATE meta SET value = 99 WHERE name = 'version'") }, alert.ErrNewer, "it has version 99 (want at most 1)"},
		{"first page", func(t *testing.T, file string) { overwrite(t, file, 100, 4096) }, alert.ErrCorrupt, ""},
		{"directory", func(t *testing.T, file string) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.Mkdir(file, 0o700))
		}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "alerts.db")
			require.NoError(t, open(t, file, nil).Close())
			c.damage(t, file)
			_, err := sqlite.Open(t.Context(), file, nil)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			assert.ErrorContains(t, err, c.says)
			assert.ErrorContains(t, err, "open alert store "+file)
			err = sqlite.Restore(t.Context(), file, file+".new")
			require.Error(t, err)
			assert.NoFileExists(t, file+".new")
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
		})
	}
}

// overwrite overwrites a part of a file.
func overwrite(t *testing.T, file string, from, to int64) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("x", int(to-from))), from)
	require.NoError(t, errors.Join(err, f.Close()))
}

// A damaged page is an error of what reads it, and a file with one is no backup.
func TestDamagedPages(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	s := open(t, file, nil)
	require.NoError(t, s.Write(t.Context(), tenant, func(tx alert.Tx) error {
		for i := range 500 {
			require.NoError(t, tx.Put(alert.Change{New: sample(i, alert.Open)}))
		}
		return nil
	}))
	require.NoError(t, s.Close())
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.ErrorIs(t, sqlite.Restore(t.Context(), file+".none", file+".new"), fs.ErrNotExist)
	overwrite(t, file, info.Size()/2/4096*4096, info.Size())
	require.ErrorIs(t, sqlite.Restore(t.Context(), file, file+".new"), alert.ErrCorrupt)
	s, err = sqlite.Open(t.Context(), file, nil)
	if err == nil {
		err = s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
			for _, err := range r.Records() {
				if err != nil {
					return err
				}
			}
			return nil
		})
		s.Close()
	}
	require.ErrorIs(t, err, alert.ErrCorrupt)
}

// A store that another program migrates to a newer version while it is open is refused as well.
func TestNewerWhileOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	s := open(t, file, nil)
	raw(t, file, "UPDATE meta SET value = 99 WHERE name = 'version'")
	none := func(tx alert.Tx) error { return nil }
	require.ErrorIs(t, s.Write(t.Context(), tenant, none), alert.ErrNewer)
	require.ErrorIs(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(alert.Reader) error { return nil }), alert.ErrNewer)
}

func TestLargestFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	s := open(t, file, &sqlite.Options{MaxBytes: 1 << 20})
	written, err := fill(t.Context(), s, 50)
	require.ErrorIs(t, err, alert.ErrFull)
	assert.ErrorContains(t, err, "the disk is full or the file has its largest size")
	require.NotZero(t, written)
	require.Equal(t, written, count(t, s), "nothing of the transaction that failed")
	require.NoError(t, s.Close())
	s = open(t, file, nil)
	require.Equal(t, written, count(t, s))
	require.NoError(t, s.Write(t.Context(), tenant, func(tx alert.Tx) error { return tx.Put(alert.Change{New: sample(written, alert.Open)}) }))
	require.Equal(t, written+1, count(t, s))
}

// Transactions that read before they write wait for each other, also between processes.
func TestReadThenWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	done := make(chan error)
	for range 2 {
		s := open(t, file, nil)
		go func() {
			for range 50 {
				err := s.Write(t.Context(), tenant, func(tx alert.Tx) error {
					data, err := tx.Document("test", "n")
					if err != nil {
						return err
					}
					return tx.PutDocument("test", "n", append(data, 'x'))
				})
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	require.NoError(t, errors.Join(<-done, <-done))
	require.NoError(t, open(t, file, nil).Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		data, err := r.Document("test", "n")
		assert.Len(t, data, 100)
		return err
	}))
}

func TestBusy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	s, other := open(t, file, nil), open(t, file, &sqlite.Options{Wait: time.Millisecond})
	require.NoError(t, s.Write(t.Context(), tenant, func(alert.Tx) error {
		err := other.Write(t.Context(), tenant, func(alert.Tx) error { return nil })
		require.ErrorIs(t, err, alert.ErrBusy)
		assert.ErrorContains(t, err, "another process is writing")
		return nil
	}))
	require.NoError(t, other.Write(t.Context(), tenant, func(alert.Tx) error { return nil }))
}

func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "alerts.db"), nil)
	put := func(i int) {
		require.NoError(t, s.Write(t.Context(), tenant, func(tx alert.Tx) error { return tx.Put(alert.Change{New: sample(i, alert.Open)}) }))
	}
	put(0)
	backup, restored := filepath.Join(dir, "backup.db"), filepath.Join(dir, "restored.db")
	// The copy is made while a transaction is running, and has nothing of it.
	require.NoError(t, s.Write(t.Context(), tenant, func(tx alert.Tx) error {
		require.NoError(t, tx.Put(alert.Change{New: sample(1, alert.Open)}))
		return s.Backup(t.Context(), backup)
	}))
	require.ErrorIs(t, s.Backup(t.Context(), backup), fs.ErrExist)
	require.NoError(t, sqlite.Restore(t.Context(), backup, restored))
	require.ErrorIs(t, sqlite.Restore(t.Context(), backup, restored), fs.ErrExist)
	assert.Equal(t, 1, count(t, open(t, restored, nil)))
	assert.Equal(t, 2, count(t, s))
	for _, file := range []string{s.File(), backup, restored} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".alerts-*"))
	require.NoError(t, err)
	assert.Empty(t, left)
	// Text is found after a restore, by the index.
	require.NoError(t, open(t, restored, nil).Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
		page, err := r.Query(alert.Query{Text: "ucket-0"})
		require.NoError(t, err)
		assert.Len(t, page.Alerts, 1)
		return nil
	}))
}

func Example() {
	dir, err := os.MkdirTemp("", "alerts")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	s, err := sqlite.Open(context.Background(), filepath.Join(dir, "alerts.db"), nil)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	err = s.Write(context.Background(), "acme", func(tx alert.Tx) error {
		return tx.Put(alert.Change{New: sample(1, alert.Open)})
	})
	if err != nil {
		panic(err)
	}
	err = s.Read(context.Background(), alert.View{Tenant: "acme"}, func(r alert.Reader) error {
		page, err := r.Query(alert.Query{Text: "public"})
		if err != nil {
			return err
		}
		for _, a := range page.Alerts {
			fmt.Println(a.Status, a.Policy.Title, a.Asset.Name)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	// Output: open S3 bucket is public bucket-1
}
