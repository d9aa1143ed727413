package alertsql_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/alertsql"
	"github.com/openstance/stance/policy"
)

// Each field of a query is answered by an index, in SQLite.
func TestPlans(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	s, err := sqlite.Open(t.Context(), file, nil)
	require.NoError(t, err)
	defer s.Close()
	db, err := sql.Open("sqlite", file)
	require.NoError(t, err)
	defer db.Close()
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)
	open := []alert.Status{alert.Open}
	for _, c := range []struct {
		name  string
		query alert.Query
		index string
	}{
		{"all", alert.Query{}, "alerts_time"},
		{"ids", alert.Query{IDs: []string{"x"}}, "alerts_alert"},
		{"status", alert.Query{Statuses: open}, "alerts_status"},
		{"policies", alert.Query{Policies: []string{"x"}}, "alerts_policy"},
		{"kinds", alert.Query{Kinds: []policy.Kind{"x"}}, "alerts_policy"},
		{"severities", alert.Query{Severities: []policy.Severity{policy.High}}, "alerts_policy"},
		{"providers", alert.Query{Providers: []string{"x"}}, "alerts_account"},
		{"accounts", alert.Query{Accounts: []string{"x"}}, "alerts_account"},
		{"groups", alert.Query{Groups: []string{"x"}}, "alerts_account"},
		{"regions", alert.Query{Regions: []string{"x"}}, "alerts_asset"},
		{"refs", alert.Query{Refs: []asset.Ref{{}}}, "alerts_asset"},
		{"types", alert.Query{Types: []asset.Type{"x"}}, "alerts_asset"},
		{"classes", alert.Query{Classes: []string{"x"}}, "alerts_asset"},
		{"tags", alert.Query{Tags: []alert.Tag{{Key: "x"}, {Key: "x", Value: "y"}}}, "alerts_asset"},
		{"controls", alert.Query{Controls: []string{"x"}}, "alerts_policy"},
		{"remediable", alert.Query{Remediable: []alert.Remediable{"x"}}, "alerts_policy"},
		{"owners", alert.Query{Owners: []string{"x"}}, "alerts_owner"},
		{"assignees", alert.Query{Assignees: []string{"x"}}, "alerts_assignee"},
		{"rules", alert.Query{Rules: []string{"x"}}, "alerts_rules"},
		{"overdue", alert.Query{Overdue: at}, "alerts_due"},
		{"text", alert.Query{Text: "xyz"}, "MULTI-INDEX OR"},
		{"short text", alert.Query{Text: "xy"}, "MULTI-INDEX OR"},
		{"opened", alert.Last24Hours(at), "alerts_time"},
		{"changed", alert.Query{Time: alert.Changed, From: at}, "alerts_seen"},
		{"observed", alert.Query{Time: alert.Observed, From: at, To: at}, "MULTI-INDEX OR"},
	} {
		for _, sorted := range [][]alert.Order{nil, {{By: alert.BySeverity}}} {
			if c.query.Sort = sorted; sorted != nil && c.name == "all" {
				continue // all alerts are read to be sorted
			}
			plan := explain(t, db, s.Store.(*alertsql.Store), c.query)
			assert.Contains(t, plan, c.index, c.name)
			assert.NotContains(t, plan, "SCAN a\n", c.name)
		}
	}
}

// explain returns the plan of a page.
func explain(t *testing.T, db *sql.DB, s *alertsql.Store, q alert.Query) string {
	statement, args := s.PageSQL(q)
	rows, err := db.QueryContext(context.Background(), "EXPLAIN QUERY PLAN "+statement, args...)
	require.NoError(t, err)
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		b.WriteString(detail + "\n")
	}
	require.NoError(t, rows.Err())
	return b.String()
}
