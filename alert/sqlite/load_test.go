//go:build unix

package sqlite_test

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

var (
	loaded   = flag.Int("alerts", 20_000, "number of alerts of benchmarks")
	perAsset = flag.Int("alerts-per-asset", 4, "number of alerts of an asset in benchmarks")
)

// batch is the number of alerts of a transaction, as the tracker has it.
const batch = 20_000

// random returns hexadecimal digits that look random.
func random(kind string, i, n int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
	return hex.EncodeToString(h[:])[:n]
}

// typical returns an alert as scans make them, with its transition and message.
func typical(i int) (*alert.Alert, *alert.Transition, alert.Message) {
	p, thing := i%150, i / *perAsset
	account := fmt.Sprintf("%012d", 100000000000+thing%50)
	k := alert.Key{
		Policy: fmt.Sprintf("aws-policy-of-some-length-%d", p),
		Ref:    asset.Ref{Type: asset.Type(fmt.Sprintf("aws/service%d/thing", thing%20)), ID: fmt.Sprintf("arn:aws:service%d:eu-west-1:%s:thing/%s", thing%20, account, random("asset", thing, 17))},
	}
	at := start.Add(time.Duration(i) * time.Millisecond)
	a := &alert.Alert{
		Key: k, ID: alert.NewID(tenant, k), Status: alert.Open, Reason: alert.NewAlert, Verdict: policy.Fail, Read: policy.ReadTimes{Earliest: at, Latest: at},
		Policy: alert.Policy{
			Title: fmt.Sprintf("Thing %d is not as it should be in the cloud", p), Rationale: strings.Repeat("A thing that is not as it should be is a risk. ", 3),
			Severity: policy.Severity(1 + p%5), Kind: policy.KindConfig, Labels: []string{"storage", "public"}, Controls: []string{"cis-aws-5.0/2.1.4", "nist-800-53/AC-3", "pci-dss-4/1.3.1"},
			Digest: random("policy", p, 64), Remediable: alert.ByCommand, CLI: "aws thing put-property --name {{.Name}}", Steps: "Open the console and change the property.",
		},
		Asset: alert.Asset{
			Provider: "aws", Account: account, Region: "eu-west-1", Name: "thing-" + random("name", thing, 8), Class: "storage", AccountName: "Account " + account,
			Tags: map[string]string{"team": fmt.Sprintf("team-%d", thing%12), "stage": "production"}, Groups: []string{"all", "production"},
			URL: "https://console.aws.amazon.com/thing/home?region=eu-west-1#" + random("asset", thing, 17), Incarnation: random("incarnation", thing, 20), Digest: random("digest", thing, 64),
		},
		Message:   "the property is \"off\", want \"on\"",
		Evidence:  []alert.Evidence{{Asset: k.Ref, Path: "$.properties.Encryption.Enabled", Value: "false"}},
		FirstSeen: at, LastSeen: at, AlertTime: at, Due: at.Add(720 * time.Hour), Wake: at.Add(720 * time.Hour),
		Owner: fmt.Sprintf("team-%d", thing%12), Rules: []string{"all"}, Stream: fmt.Sprintf("stream-%d", thing%5), State: random("state", i, 32),
		Changes: []time.Time{at},
	}
	t := &alert.Transition{Alert: a.ID, Key: k, At: at, To: alert.Open, Reason: alert.NewAlert, Actor: "stance", Scan: "scan-1", Groups: a.Asset.Groups}
	m := alert.Message{ID: a.ID + "/1/slack", Channel: "slack", Alert: a.ID, Seq: int64(i), NotBefore: at, Event: alert.Event{ID: a.ID + "/1", Kind: alert.EventOpened, At: at, Tenant: tenant, Rule: "all", Transition: t}}
	return a, t, m
}

// processor returns the processor time that this process used.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkLoad compares the processor time of loading alerts with history and outbox with
// that of inserting the same rows into tables with the least that is of use: an integer key, a
// unique hash of 16 bytes, and three other indexes of alerts, one of history and of outbox.
//
//	go test ./alert/sqlite -run '^$' -bench Load -benchtime 1x -alerts 1000000
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		bare := loadBare(b)
		store := loadStore(b)
		n := float64(*loaded)
		b.ReportMetric(float64(bare.Microseconds())/n, "bare-cpu-µs/alert")
		b.ReportMetric(float64(store.Microseconds())/n, "store-cpu-µs/alert")
		b.ReportMetric(float64(store)/float64(bare), "times-bare")
	}
}

// loadStore returns the processor time that the store needs.
func loadStore(b *testing.B) (used time.Duration) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "alerts.db"), nil)
	require.NoError(b, err)
	defer s.Close()
	for i := 0; i < *loaded; i += batch {
		changes, ts, ms := batchOf(i)
		began := processor(b)
		require.NoError(b, s.Write(b.Context(), tenant, func(tx alert.Tx) error {
			if err := tx.Put(changes...); err != nil {
				return err
			}
			if err := tx.Append(ts...); err != nil {
				return err
			}
			return tx.PutMessages(ms...)
		}))
		used += processor(b) - began
	}
	return used
}

// batchOf returns the changes of a transaction from an alert on.
func batchOf(i int) (changes []alert.Change, ts []*alert.Transition, ms []alert.Message) {
	for k := i; k < min(i+batch, *loaded); k++ {
		a, t, m := typical(k)
		changes, ts, ms = append(changes, alert.Change{New: a}), append(ts, t), append(ms, m)
	}
	return changes, ts, ms
}

// loadBare returns the processor time of bare statements.
func loadBare(b *testing.B) (used time.Duration) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=cache_size(-262144)&_pragma=wal_autocheckpoint(10000)&_txlock=immediate")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		`CREATE TABLE alerts (id INTEGER PRIMARY KEY, hash BLOB, status TEXT, policy TEXT, last_seen INTEGER, body BLOB)`,
		`CREATE UNIQUE INDEX alerts_hash ON alerts (hash)`,
		`CREATE INDEX alerts_status ON alerts (status)`,
		`CREATE INDEX alerts_policy ON alerts (policy)`,
		`CREATE INDEX alerts_seen ON alerts (last_seen)`,
		`CREATE TABLE history (id INTEGER PRIMARY KEY, hash BLOB, body BLOB)`,
		`CREATE INDEX history_hash ON history (hash)`,
		`CREATE TABLE outbox (id INTEGER PRIMARY KEY, hash BLOB, not_before INTEGER, body BLOB)`,
		`CREATE UNIQUE INDEX outbox_hash ON outbox (hash)`,
		`CREATE INDEX outbox_next ON outbox (not_before)`,
	} {
		_, err := db.Exec(statement)
		require.NoError(b, err)
	}
	for i := 0; i < *loaded; i += batch {
		changes, ts, ms := batchOf(i)
		var rows [3][][]any
		for k, c := range changes {
			a, hash, id := c.New, c.New.Key.Hash(tenant), sha256.Sum256([]byte(ms[k].ID))
			rows[0] = append(rows[0], []any{hash[:], string(a.Status), a.Key.Policy, a.LastSeen.UnixMicro(), inJSON(b, a)})
			rows[1] = append(rows[1], []any{hash[:], inJSON(b, ts[k])})
			rows[2] = append(rows[2], []any{id[:16], ms[k].NotBefore.UnixMicro(), inJSON(b, ms[k])})
		}
		began := processor(b)
		tx, err := db.Begin()
		require.NoError(b, err)
		for k, statement := range []string{
			"INSERT INTO alerts (hash, status, policy, last_seen, body) VALUES (?, ?, ?, ?, ?)",
			"INSERT INTO history (hash, body) VALUES (?, ?)",
			"INSERT INTO outbox (hash, not_before, body) VALUES (?, ?, ?)",
		} {
			stmt, err := tx.Prepare(statement)
			require.NoError(b, err)
			for _, row := range rows[k] {
				if _, err := stmt.Exec(row...); err != nil {
					b.Fatal(err)
				}
			}
		}
		require.NoError(b, tx.Commit())
		used += processor(b) - began
	}
	return used
}

func inJSON(b *testing.B, v any) []byte {
	data, err := json.Marshal(v)
	require.NoError(b, err)
	return data
}

// BenchmarkMarks measures how many findings are compared with marks in a second of processor
// time: all marks of the alerts that exist, in batches, and all that the streams claim.
func BenchmarkMarks(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "alerts.db"), nil)
	require.NoError(b, err)
	defer s.Close()
	var hashes [][16]byte
	for i := 0; i < *loaded; i += batch {
		changes, _, _ := batchOf(i)
		require.NoError(b, s.Write(b.Context(), tenant, func(tx alert.Tx) error { return tx.Put(changes...) }))
		for _, c := range changes {
			hashes = append(hashes, c.New.Key.Hash(tenant))
		}
	}
	b.Run("marks", func(b *testing.B) {
		began := processor(b)
		for b.Loop() {
			for i := 0; i < len(hashes); i += batch {
				part := hashes[i:min(i+batch, len(hashes))]
				require.NoError(b, s.Read(b.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
					marks, err := r.Marks(part)
					require.Len(b, marks, len(part))
					require.True(b, marks[0].Known)
					return err
				}))
			}
		}
		b.ReportMetric(float64(len(hashes)*b.N)/(processor(b)-began).Seconds(), "marks/cpu-s")
	})
	b.Run("claimed", func(b *testing.B) {
		began := processor(b)
		n := 0
		for b.Loop() {
			n = 0
			require.NoError(b, s.Read(b.Context(), alert.View{Tenant: tenant}, func(r alert.Reader) error {
				for stream := range 5 {
					for _, err := range r.Claimed(fmt.Sprintf("stream-%d", stream), [16]byte{}) {
						if err != nil {
							return err
						}
						n++
					}
				}
				return nil
			}))
			require.Equal(b, *loaded, n)
		}
		b.ReportMetric(float64(n*b.N)/(processor(b)-began).Seconds(), "marks/cpu-s")
	})
}
