package postgres_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/postgres"
	"github.com/openstance/stance/alert/sqlite"
)

// An export of each store is imported by each other one.
func TestExport(t *testing.T) {
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "alerts.db"), nil)
	require.NoError(t, err)
	defer file.Close()
	first := alert.NewMemory(nil)
	require.NoError(t, first.Write(t.Context(), tenant, func(tx alert.Tx) error {
		for i := range 100 {
			a := sample(i, "公開 <&>\u2028")
			a.Status, a.Rules, a.Read.Latest = []alert.Status{alert.Open, alert.Unmatched, "strange"}[i%3], []string{"all"}, start
			if i%7 == 0 {
				a.Wake, a.Due, a.Accepted = start, start, &alert.Accepted{By: "me", At: start}
			}
			tr := &alert.Transition{Alert: a.ID, Key: a.Key, At: start, To: a.Status}
			for _, err := range []error{
				tx.Put(alert.Change{New: a}), tx.Append(tr), tx.PutMessages(alert.Message{ID: a.ID + "/c", Channel: "c", Alert: a.ID, NotBefore: start, Event: alert.Event{At: start, Transition: tr}}),
				tx.PutVersion(alert.Version{Ref: a.Ref, Digest: "d", From: start, Last: start, Data: []byte(`{"id":9007199254740993}`)}),
			} {
				if err != nil {
					return err
				}
			}
			if i%9 == 0 {
				if err := tx.PutUnknown(alert.Unknown{Key: a.Key, Since: start, Verified: start, Reason: "denied"}); err != nil {
					return err
				}
			}
		}
		if err := tx.PutDocument("rules", "r", []byte("x: 1\n")); err != nil {
			return err
		}
		return tx.PutScan(alert.ScanRecord{ID: "1", Stream: "main", State: alert.ScanDone, Start: start, Accounts: []string{"aws/123456789012"}})
	}))
	export := func(s alert.Store) []string {
		var b bytes.Buffer
		require.NoError(t, alert.Export(t.Context(), s, tenant, &b))
		return slices.Sorted(strings.Lines(b.String()))
	}
	want, from := export(first), alert.Store(first)
	require.Greater(t, len(want), 400)
	for _, to := range []alert.Store{file, open(t, postgres.Options{}), alert.NewMemory(nil)} {
		var b bytes.Buffer
		require.NoError(t, alert.Export(t.Context(), from, tenant, &b))
		require.NoError(t, alert.Import(t.Context(), to, tenant, &b))
		require.Equal(t, want, export(to))
		from = to
	}
}
