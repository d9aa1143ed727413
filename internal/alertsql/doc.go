// Package alertsql keeps alerts in a SQL database. It implements alert.Store for the packages
// that open one, which pass the differences between databases as a [Dialect].
//
// An alert is a row of alerts, and its mark a row of marks, a narrow table in the order of the
// hashes of the keys, which scans compare with. What many alerts share is stored once: the
// policy, the account with its groups, the set of rules, and the asset with its tags. Rows of
// these never change; an alert of a changed asset refers to a new row. Counts are kept by day,
// status, policy and account.
//
// Times are integers: microseconds since 1970.
package alertsql
