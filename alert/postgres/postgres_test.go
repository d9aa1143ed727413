package postgres_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/postgres"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/pgserver"
	"github.com/openstance/stance/policy"
)

const tenant = "acme"

var start = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// schemas is the number of schemas in use.
var schemas atomic.Int64

// open opens a store; in a new schema if the options have none.
func open(t *testing.T, o postgres.Options) *postgres.Store {
	t.Helper()
	connection := pgserver.Connection(t)
	if o.Schema == "" {
		o.Schema = fmt.Sprintf("Test %d", schemas.Add(1))
	}
	s, err := postgres.Open(t.Context(), connection, &o)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	pgserver.Connection(t)
	alerttest.Store(t, func(t *testing.T, now func() time.Time) alert.Store { return open(t, postgres.Options{Now: now}) })
}

// raw runs a statement in a database of the server.
func raw(t *testing.T, database, statement string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), pgserver.Connection(t)+" dbname="+database)
	require.NoError(t, err)
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), statement)
	require.NoError(t, err)
}

func TestOpenRefuses(t *testing.T) {
	connection := pgserver.Connection(t)
	raw(t, "postgres", "CREATE DATABASE plain TEMPLATE template0 LOCALE 'C'")
	raw(t, "postgres", "CREATE DATABASE latin TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'")
	open(t, postgres.Options{Schema: "newer"}).Close()
	raw(t, "postgres", "UPDATE newer.meta SET value = 99 WHERE name = 'version'")
	for _, c := range []struct {
		connection, schema string
		is                 error
		says               string
	}{
		{connection + " dbname=plain", "", nil, `database "plain" has locale "C", in which texts other than English have no words (want a UTF-8 locale, such as C.UTF-8)`},
		{connection + " dbname=latin", "", nil, `database "latin" has encoding LATIN1 (want UTF8)`},
		{connection, "newer", alert.ErrNewer, "it has version 99 (want at most 1)"},
		{connection + " dbname=none", "", nil, `database "none" does not exist`},
		{"host=" + t.TempDir() + " password=hidden", "", nil, "failed to connect"},
	} {
		_, err := postgres.Open(t.Context(), c.connection, &postgres.Options{Schema: c.schema})
		require.ErrorContains(t, err, c.says)
		assert.ErrorContains(t, err, "open alert store in PostgreSQL: ")
		assert.NotContains(t, err.Error(), "hidden")
		if c.is != nil {
			require.ErrorIs(t, err, c.is)
		}
	}
}

func TestBusy(t *testing.T) {
	s := open(t, postgres.Options{Schema: "busy"})
	other := open(t, postgres.Options{Schema: "busy", Wait: time.Millisecond})
	elsewhere := open(t, postgres.Options{Schema: "elsewhere", Wait: time.Millisecond})
	nothing := func(alert.Tx) error { return nil }
	require.NoError(t, s.Write(t.Context(), tenant, func(alert.Tx) error {
		err := other.Write(t.Context(), tenant, nothing)
		require.ErrorIs(t, err, alert.ErrBusy)
		assert.ErrorContains(t, err, "another transaction is writing")
		require.NoError(t, elsewhere.Write(t.Context(), tenant, nothing))
		return nil
	}))
	require.NoError(t, other.Write(t.Context(), tenant, nothing))
}

// Statements that are prepared on a connection survive a change of their tables.
func TestPreparedStatements(t *testing.T) {
	s := open(t, postgres.Options{Schema: "prepared", Connections: 1})
	require.NoError(t, s.Write(t.Context(), tenant, func(tx alert.Tx) error { return tx.PutDocument("rules", "a", []byte("1")) }))
	names := func() (names []string) {
		require.NoError(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
			names = nil
			for d, err := range r.Documents("rules") {
				if err != nil {
					return err
				}
				names = append(names, d.Name)
			}
			return nil
		}))
		return names
	}
	for range 3 {
		require.Equal(t, []string{"a"}, names())
	}
	raw(t, "postgres", "ALTER TABLE prepared.documents ALTER COLUMN name TYPE varchar(900)")
	require.Equal(t, []string{"a"}, names())
}

func sample(i int, name string) *alert.Alert {
	k := alert.Key{Policy: "aws-s3-public", Ref: asset.Ref{Type: "aws/s3/bucket", ID: fmt.Sprintf("arn:aws:s3:::bucket-%d", i)}}
	return &alert.Alert{
		Key: k, ID: alert.NewID(tenant, k), Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail,
		Policy:    alert.Policy{Title: "S3 bucket is public", Severity: policy.High, Kind: policy.KindConfig},
		Asset:     alert.Asset{Provider: "aws", Account: "123456789012", Region: "us-east-1", Name: name, Tags: map[string]string{"team": "web"}},
		FirstSeen: start, LastSeen: start, AlertTime: start, Stream: "main", State: "s",
	}
}

// Many rows take another way than few. A transaction with a row that fails writes none.
func TestManyRows(t *testing.T) {
	s := open(t, postgres.Options{})
	put := func(from, to int, also ...alert.Change) error {
		return s.Write(t.Context(), tenant, func(tx alert.Tx) error {
			for _, part := range [][2]int{{from, (from + to) / 2}, {(from + to) / 2, to}} {
				var changes []alert.Change
				for i := part[0]; i < part[1]; i++ {
					changes = append(changes, alert.Change{New: sample(i, "公開バケット "+strings.Repeat("x", i%3))})
				}
				if err := tx.Put(append(changes, also...)...); err != nil {
					return err
				}
				also = nil
			}
			return nil
		})
	}
	count := func(q alert.Query) (n int) {
		require.NoError(t, s.Read(t.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
			counts, err := r.Count(q)
			n = counts[0].N
			return err
		}))
		return n
	}
	require.NoError(t, put(0, 1000))
	require.Equal(t, 1000, count(alert.Query{}))
	require.Equal(t, 1000, count(alert.Query{Text: "公開バケ"}))
	require.Equal(t, 333, count(alert.Query{Text: "xx 公開"}))
	require.ErrorContains(t, put(1000, 2000, alert.Change{New: sample(5, "")}), "has the same key")
	require.Equal(t, 1000, count(alert.Query{}))
}
