package alertsql

import (
	"context"
	"database/sql"
)

// Dialect is what differs between databases. Statements are written with ? for parameters and
// in the part of SQL that all share.
type Dialect struct {
	// Migrations hold the statements that bring the schema from each version to the next.
	Migrations [][]string
	// Tables is a query for the number of tables named "meta", which are found in a store that
	// was opened before.
	Tables string
	// Rebind rewrites the parameters of a statement. Nil: they stay.
	Rebind func(string) string

	// Strings, Ints and Hashes are queries for the elements of one parameter, which the
	// functions of the same names make. The columns of Hashes are i, ascending, and hash.
	StringList, IntList, HashList string
	Strings                       func([]string) any
	Ints                          func([]int64) any
	Hashes                        func([][16]byte) any

	// Lock makes a transaction the only one that writes, if beginning it did not.
	Lock func(context.Context, *sql.Tx) error
	// Insert writes rows to a table. If it fails, the transaction cannot go on.
	Insert func(context.Context, *Target, *Table, [][]any) error
	// Contains is a condition on a column of folded text that one parameter is part of, and
	// Pattern makes the parameter from a word.
	Contains string
	Pattern  func(string) string
	// TextTable is the FTS5 table of the texts of assets; empty if the column has an index.
	TextTable string
	Float     string // type of floating point numbers
	// Error wraps an error of the database with one of package alert.
	Error func(error) error
	// Retry reports whether a transaction that failed is to run once more. Nil: none is.
	Retry func(error) bool

	ReadOptions, WriteOptions *sql.TxOptions
}

// Table is a table as the target of rows: its columns, and what happens to a row whose key
// exists.
type Table struct {
	Name     string
	Columns  []string
	Conflict string
}

// Target is a transaction and its connection.
type Target struct {
	Conn *sql.Conn
	Tx   *sql.Tx
	// Statements are the prepared statements of the transaction.
	Statements map[string]*sql.Stmt
}
