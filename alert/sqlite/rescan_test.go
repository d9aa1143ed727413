//go:build unix

package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// BenchmarkRescan applies a scan whose findings are those of the scan before, and compares its
// processor time with that of an upsert of all columns for each finding, prepared, in
// transactions of 20,000, into the same tables. It also reports the bytes that the two scans
// write, of the database and its log.
//
//	go test ./alert/sqlite -run '^$' -bench Rescan -benchtime 1x -alerts 1000000
func BenchmarkRescan(b *testing.B) {
	for b.Loop() {
		file := filepath.Join(b.TempDir(), "alerts.db")
		now := start.Add(time.Hour)
		s, err := sqlite.Open(b.Context(), file, &sqlite.Options{Now: func() time.Time { return now }})
		require.NoError(b, err)
		set, findings := failing(b)
		rules, err := alert.NewRules(nil, alert.AllFindings("slack"))
		require.NoError(b, err)
		tracker := &alert.Tracker{Store: s, Tenant: tenant, Rules: rules}
		scan := func(id string) (time.Duration, int64, alert.Summary) {
			began, wrote := processor(b), written(b)
			sum, err := tracker.Update(context.Background(), alert.Scan{ID: id, Stream: "all", Set: set, Start: now, Coverage: func() *asset.Inventory { return &asset.Inventory{} }},
				func(yield func(policy.Finding, error) bool) {
					for _, f := range findings {
						f.Read = policy.ReadTimes{Earliest: now, Latest: now}
						if !yield(f, nil) {
							return
						}
					}
				})
			require.NoError(b, err)
			return processor(b) - began, written(b) - wrote, sum
		}
		load, loadBytes, sum := scan("first")
		require.Equal(b, *loaded, sum.Opened)
		now = now.Add(time.Hour)
		again, againBytes, sum := scan("second")
		require.Equal(b, *loaded, sum.Unchanged)
		require.NoError(b, s.Close())

		n := float64(*loaded)
		naive := upsert(b, file)
		b.ReportMetric(float64(load.Microseconds())/n, "load-cpu-µs/finding")
		b.ReportMetric(float64(again.Microseconds())/n, "rescan-cpu-µs/finding")
		b.ReportMetric(float64(naive.Microseconds())/n, "upsert-cpu-µs/finding")
		b.ReportMetric(float64(naive)/float64(again), "times-upsert")
		b.ReportMetric(100*float64(againBytes)/float64(loadBytes), "%-bytes-of-load")
	}
}

// failing returns findings that fail, four for each asset.
func failing(b *testing.B) (*policy.Set, []policy.Finding) {
	const typ asset.Type = "Test::Thing"
	var policies []*policy.Policy
	for i := range *perAsset {
		policies = append(policies, &policy.Policy{
			ID: fmt.Sprintf("policy-of-some-length-%d", i), Title: "Things are as they should be in the cloud", Severity: policy.High,
			Rationale: strings.Repeat("A thing that is not as it should be is a risk. ", 3), Controls: []string{"cis-aws-5.0/2.1.4", "nist-800-53/AC-3"},
			Labels: []string{"storage", "public"}, Checks: []policy.Check{{Types: []asset.Type{typ}, Require: "false"}},
		})
	}
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{typ}}, policies...)
	require.NoError(b, err)
	config, err := asset.Of(map[string]any{"encrypted": false, "size": 10, "description": strings.Repeat("a thing of some size ", 20)})
	require.NoError(b, err)
	var findings []policy.Finding
	for thing := 0; len(findings) < *loaded; thing++ {
		account := fmt.Sprintf("%012d", 100000000000+thing%50)
		a := &asset.Asset{
			Ref: asset.Ref{Type: typ, ID: fmt.Sprintf("arn:aws:test:eu-west-1:%s:thing/%s", account, random("asset", thing, 17))}, Scope: asset.Scope{Provider: "aws", Account: account, Region: "eu-west-1"},
			Name: "thing-" + random("name", thing, 8), Class: "storage", Tags: map[string]string{"team": fmt.Sprintf("team-%d", thing%12)}, Config: config, Observed: start,
		}
		for p := range set.Policies() {
			if len(findings) < *loaded {
				findings = append(findings, policy.Finding{
					Policy: p, Subject: policy.AssetSubject{Asset: a}, Status: policy.Fail, Message: "the property is off, want on",
					Evidence: []policy.Evidence{{Asset: a.Ref, Path: "config.encrypted", Value: config.Get("encrypted")}},
				})
			}
		}
	}
	return set, findings
}

// written returns the bytes that this process wrote so far, or 0 where the system does not say.
func written(b *testing.B) int64 {
	data, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(data), "wchar: ")
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(line, 10, 64)
	require.NoError(b, err)
	return n
}

// upsert returns the processor time of writing every alert of a file again, each with one
// statement that sets all columns.
func upsert(b *testing.B, file string) (used time.Duration) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(wal)&_pragma=synchronous(normal)&_pragma=cache_size(-262144)&_pragma=wal_autocheckpoint(10000)&_txlock=immediate")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT * FROM alerts")
	require.NoError(b, err)
	columns, err := rows.Columns()
	require.NoError(b, err)
	var all [][]any
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		require.NoError(b, rows.Scan(to...))
		all = append(all, row)
	}
	require.NoError(b, rows.Err())
	require.NoError(b, rows.Close())
	require.Len(b, all, *loaded)
	var sets []string
	for _, c := range columns[1:] {
		sets = append(sets, c+" = excluded."+c)
	}
	statement := fmt.Sprintf("INSERT INTO alerts (%s) VALUES (?%s) ON CONFLICT DO UPDATE SET %s",
		strings.Join(columns, ", "), strings.Repeat(", ?", len(columns)-1), strings.Join(sets, ", "))
	for len(all) > 0 {
		part := all[:min(batch, len(all))]
		all = all[len(part):]
		began := processor(b)
		tx, err := db.Begin()
		require.NoError(b, err)
		stmt, err := tx.Prepare(statement)
		require.NoError(b, err)
		for _, row := range part {
			if _, err := stmt.Exec(row...); err != nil {
				b.Fatal(err)
			}
		}
		require.NoError(b, tx.Commit())
		used += processor(b) - began
	}
	return used
}
