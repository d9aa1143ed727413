package alertsql

// Schema returns the statements that make the tables of version 1, with the types of SQLite
// passed through a function, which can replace INTEGER, BLOB, TEXT and WITHOUT ROWID.
func Schema(types func(string) string) []string {
	statements := make([]string, len(schema))
	for i, s := range schema {
		statements[i] = types(s)
	}
	return statements
}

// schema has each column of Put's rows in the order of the tables below.
var schema = []string{
	// The version of the tables, and the number of the last transition.
	`CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL)`,
	`INSERT INTO meta (name, value) VALUES ('version', 1), ('seq', 0)`,
	`CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL)`,
	`CREATE UNIQUE INDEX tenants_name ON tenants (name)`,

	// Strings that are too long for an index, by what the columns have in their place.
	`CREATE TABLE texts (tenant INTEGER NOT NULL, short TEXT NOT NULL, whole TEXT NOT NULL, PRIMARY KEY (tenant, short))`,

	// What alerts share. Rows never change. The hash is that of the row's content.
	`CREATE TABLE policies (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, hash BLOB NOT NULL, policy TEXT NOT NULL,
		severity INTEGER NOT NULL, kind TEXT NOT NULL, remediable TEXT NOT NULL, title TEXT NOT NULL, body BLOB NOT NULL)`,
	`CREATE UNIQUE INDEX policies_hash ON policies (tenant, hash)`,
	`CREATE INDEX policies_policy ON policies (tenant, policy)`,
	`CREATE INDEX policies_severity ON policies (tenant, severity)`,
	`CREATE INDEX policies_kind ON policies (tenant, kind)`,
	`CREATE INDEX policies_remediable ON policies (tenant, remediable)`,
	`CREATE TABLE controls (tenant INTEGER NOT NULL, control TEXT NOT NULL, policy INTEGER NOT NULL,
		PRIMARY KEY (tenant, control, policy)) WITHOUT ROWID`,

	`CREATE TABLE accounts (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, hash BLOB NOT NULL,
		provider TEXT NOT NULL, account TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL)`,
	`CREATE UNIQUE INDEX accounts_hash ON accounts (tenant, hash)`,
	`CREATE INDEX accounts_account ON accounts (tenant, account)`,
	`CREATE INDEX accounts_provider ON accounts (tenant, provider)`,
	`CREATE INDEX accounts_name ON accounts (tenant, name)`,
	`CREATE TABLE account_groups (tenant INTEGER NOT NULL, name TEXT NOT NULL, account INTEGER NOT NULL,
		PRIMARY KEY (tenant, name, account)) WITHOUT ROWID`,
	`CREATE INDEX account_groups_account ON account_groups (account)`,

	`CREATE TABLE rule_sets (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL)`,
	`CREATE UNIQUE INDEX rule_sets_hash ON rule_sets (tenant, hash)`,
	`CREATE TABLE rule_names (tenant INTEGER NOT NULL, name TEXT NOT NULL, rules INTEGER NOT NULL,
		PRIMARY KEY (tenant, name, rules)) WITHOUT ROWID`,

	`CREATE TABLE assets (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, hash BLOB NOT NULL, ref BLOB NOT NULL,
		type TEXT NOT NULL, asset TEXT NOT NULL, region TEXT NOT NULL, class TEXT NOT NULL, words TEXT NOT NULL, body BLOB NOT NULL)`,
	`CREATE UNIQUE INDEX assets_hash ON assets (tenant, hash)`,
	`CREATE INDEX assets_ref ON assets (tenant, ref)`,
	`CREATE INDEX assets_type ON assets (tenant, type)`,
	`CREATE INDEX assets_region ON assets (tenant, region)`,
	`CREATE INDEX assets_class ON assets (tenant, class)`,
	`CREATE TABLE tags (tenant INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, asset INTEGER NOT NULL,
		PRIMARY KEY (tenant, name, value, asset)) WITHOUT ROWID`,

	// Alerts. word is the folded ID if it is not of the usual form; due is the largest integer
	// if there is none; the verdict of an absent alert is not confirmed by scans.
	`CREATE TABLE alerts (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL, alert TEXT NOT NULL, word TEXT, hash BLOB NOT NULL,
		status TEXT NOT NULL, reason TEXT NOT NULL, policy INTEGER NOT NULL, account INTEGER NOT NULL, asset INTEGER NOT NULL,
		rules INTEGER NOT NULL, owner TEXT NOT NULL, assignee TEXT NOT NULL, stream TEXT NOT NULL,
		alert_time INTEGER NOT NULL, last_seen INTEGER NOT NULL, due INTEGER NOT NULL, wake INTEGER, read INTEGER NOT NULL,
		absent INTEGER NOT NULL, body BLOB NOT NULL)`,
	`CREATE UNIQUE INDEX alerts_alert ON alerts (tenant, alert)`,
	`CREATE INDEX alerts_word ON alerts (tenant, word) WHERE word IS NOT NULL`,
	`CREATE INDEX alerts_time ON alerts (tenant, alert_time)`,
	`CREATE INDEX alerts_status ON alerts (tenant, status, alert_time)`,
	`CREATE INDEX alerts_seen ON alerts (tenant, last_seen)`,
	`CREATE INDEX alerts_read ON alerts (tenant, read)`,
	`CREATE INDEX alerts_policy ON alerts (tenant, policy)`,
	`CREATE INDEX alerts_account ON alerts (tenant, account)`,
	`CREATE INDEX alerts_asset ON alerts (tenant, asset)`,
	`CREATE INDEX alerts_rules ON alerts (tenant, rules)`,
	`CREATE INDEX alerts_owner ON alerts (tenant, owner) WHERE owner <> ''`,
	`CREATE INDEX alerts_assignee ON alerts (tenant, assignee) WHERE assignee <> ''`,
	`CREATE INDEX alerts_due ON alerts (tenant, due) WHERE status = 'open' AND due < 9223372036854775807`,
	`CREATE INDEX alerts_wake ON alerts (tenant, wake) WHERE wake IS NOT NULL`,

	// The part of alerts that findings are compared with.
	`CREATE TABLE marks (tenant INTEGER NOT NULL, hash BLOB NOT NULL, id INTEGER NOT NULL, alert TEXT NOT NULL, status TEXT NOT NULL,
		state TEXT NOT NULL, stream TEXT NOT NULL, account INTEGER NOT NULL, claimed INTEGER NOT NULL,
		PRIMARY KEY (tenant, hash)) WITHOUT ROWID`,
	`CREATE INDEX marks_claimed ON marks (tenant, stream, claimed, hash)`,

	// Numbers of alerts, and sums of the times that those resolved took.
	`CREATE TABLE counts (tenant INTEGER NOT NULL, day INTEGER NOT NULL, status TEXT NOT NULL, policy INTEGER NOT NULL,
		account INTEGER NOT NULL, n INTEGER NOT NULL, resolve INTEGER NOT NULL,
		PRIMARY KEY (tenant, day, status, policy, account)) WITHOUT ROWID`,

	`CREATE TABLE unknowns (tenant INTEGER NOT NULL, hash BLOB NOT NULL, since INTEGER NOT NULL, verified INTEGER NOT NULL,
		body BLOB NOT NULL, PRIMARY KEY (tenant, hash)) WITHOUT ROWID`,
	`CREATE INDEX unknowns_verified ON unknowns (tenant, verified)`,

	`CREATE TABLE transitions (tenant INTEGER NOT NULL, seq INTEGER NOT NULL, alert TEXT NOT NULL, ref BLOB NOT NULL,
		at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (tenant, seq)) WITHOUT ROWID`,
	`CREATE INDEX transitions_alert ON transitions (tenant, alert)`,
	`CREATE INDEX transitions_ref ON transitions (tenant, ref)`,
	`CREATE INDEX transitions_at ON transitions (tenant, at)`,

	`CREATE TABLE messages (tenant INTEGER NOT NULL, message TEXT NOT NULL, channel TEXT NOT NULL, alert TEXT NOT NULL,
		seq INTEGER NOT NULL, not_before INTEGER NOT NULL, dead INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL,
		PRIMARY KEY (tenant, message))`,
	`CREATE INDEX messages_next ON messages (tenant, channel, dead, not_before, seq)`,
	`CREATE INDEX messages_alert ON messages (tenant, alert)`,

	`CREATE TABLE scans (tenant INTEGER NOT NULL, scan TEXT NOT NULL, stream TEXT NOT NULL, start INTEGER NOT NULL,
		body BLOB NOT NULL, PRIMARY KEY (tenant, scan))`,
	`CREATE INDEX scans_stream ON scans (tenant, stream, start)`,
	`CREATE INDEX scans_start ON scans (tenant, start)`,
	// The starts of the last scans that are done, by stream and account ("aws/123456789012").
	`CREATE TABLE scanned (tenant INTEGER NOT NULL, stream TEXT NOT NULL, account TEXT NOT NULL, start INTEGER NOT NULL,
		PRIMARY KEY (tenant, stream, account)) WITHOUT ROWID`,

	`CREATE TABLE documents (tenant INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, data BLOB NOT NULL,
		PRIMARY KEY (tenant, kind, name))`,

	`CREATE TABLE versions (tenant INTEGER NOT NULL, ref BLOB NOT NULL, since INTEGER NOT NULL, gone INTEGER NOT NULL,
		account TEXT NOT NULL, digest TEXT NOT NULL, body BLOB NOT NULL, data BLOB NOT NULL, PRIMARY KEY (tenant, ref, since))`,
	`CREATE INDEX versions_since ON versions (tenant, since)`,
}

// The tables that rows are written to. A row that is known to be new is not written by an
// upsert, which takes longer.
var (
	policyTable     = &Table{Name: "policies", Columns: columns("id tenant hash policy severity kind remediable title body")}
	controlTable    = &Table{Name: "controls", Columns: columns("tenant control policy")}
	accountTable    = &Table{Name: "accounts", Columns: columns("id tenant hash provider account name body")}
	groupTable      = &Table{Name: "account_groups", Columns: columns("tenant name account")}
	ruleSetTable    = &Table{Name: "rule_sets", Columns: columns("id tenant hash body")}
	ruleNameTable   = &Table{Name: "rule_names", Columns: columns("tenant name rules")}
	assetTable      = &Table{Name: "assets", Columns: columns("id tenant hash ref type asset region class words body")}
	tagTable        = &Table{Name: "tags", Columns: columns("tenant name value asset")}
	alertTable      = upsert("alerts", "id", "tenant alert word hash status reason policy account asset rules owner assignee stream alert_time last_seen due wake read absent body")
	markTable       = upsert("marks", "tenant hash", "id alert status state stream account claimed")
	newAlertTable   = &Table{Name: "alerts", Columns: alertTable.Columns}
	newMarkTable    = &Table{Name: "marks", Columns: markTable.Columns}
	unknownTable    = upsert("unknowns", "tenant hash", "since verified body")
	transitionTable = &Table{Name: "transitions", Columns: columns("tenant seq alert ref at body")}
	messageTable    = &Table{Name: "messages", Columns: columns("tenant message channel alert seq not_before dead at body")}
	scanTable       = upsert("scans", "tenant scan", "stream start body")
	documentTable   = upsert("documents", "tenant kind name", "data")
	versionTable    = upsert("versions", "tenant ref since", "gone account digest body data")
	longTable       = &Table{Name: "texts", Columns: columns("tenant short whole"), Conflict: "ON CONFLICT (tenant, short) DO NOTHING"}
	countTable      = &Table{Name: "counts", Columns: columns("tenant day status policy account n resolve"), Conflict: "ON CONFLICT (tenant, day, status, policy, account) DO UPDATE SET n = counts.n + excluded.n, resolve = counts.resolve + excluded.resolve"}
	scannedTable    = &Table{Name: "scanned", Columns: columns("tenant stream account start"), Conflict: "ON CONFLICT (tenant, stream, account) DO UPDATE SET start = excluded.start WHERE excluded.start > scanned.start"}
)
