// Package organization has the example organization: eight AWS accounts, three Azure
// subscriptions and four projects of Google Cloud, as a scan saw them. What is in it
// is configured well and badly, and some could not be read.
package organization

import (
	_ "embed"
	"time"

	"github.com/openstance/stance/provider/snapshot"
)

//go:generate go run ./generate -o organization.ndjson.gz

//go:embed organization.ndjson.gz
var data []byte

// Provider returns a provider of what the scan saw.
func Provider() *snapshot.Provider {
	return snapshot.Bytes(data, &snapshot.Options{Name: "example organization.gz"})
}

// Now is when it was looked at: policies that look at ages say the same whenever they
// are evaluated, if it is the instant of their evaluation.
func Now() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }
