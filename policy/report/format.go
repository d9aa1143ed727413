package report

import (
	"io"
	"iter"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
)

// Format is an output format of findings.
type Format struct {
	Name        string // lower case, as a command's flag has it: "sarif"
	Description string // a phrase: "SARIF 2.1.0, for code scanning services"
	Extension   string // of files, with the dot: ".json"

	// Write writes the findings; see the package documentation.
	Write func(w io.Writer, findings iter.Seq2[policy.Finding, error], opts *Options) error
}

// Formats returns the formats of this package, those for people first. A program appends
// its own formats to the list.
func Formats() []Format {
	return []Format{
		{"table", "text for a terminal", ".txt", Table},
		{"html", "one page for a browser", ".html", HTML},
		{"csv", "comma-separated values, for spreadsheets", ".csv", CSV},
		{"json", "JSON lines, one Finding each", ".ndjson", JSON},
		{"junit", "JUnit XML, for build servers", ".xml", JUnit},
		{"sarif", "SARIF 2.1.0, for code scanning services", ".json", SARIF},
		{"gitlab", "Code Quality report of GitLab", ".json", GitLab},
		{"ocsf", "OCSF 1.8 Compliance Finding events, for security data lakes", ".ndjson", OCSF},
		{"asff", "AWS Security Finding Format in batches of 100, for AWS Security Hub", ".ndjson", ASFF},
	}
}

// PostureFormat is an output format of postures.
type PostureFormat struct {
	Name        string // lower case, as a command's flag has it: "csv"
	Description string // a phrase
	Extension   string // of files, with the dot: ".json"

	Write func(w io.Writer, postures []*compliance.Posture, opts *Options) error
}

// PostureFormats returns the formats of postures of this package, those for people first.
func PostureFormats() []PostureFormat {
	return []PostureFormat{
		{"table", "text for a terminal", ".txt", PostureTable},
		{"html", "one page for a browser", ".html", PostureHTML},
		{"csv", "comma-separated values, for spreadsheets", ".csv", PostureCSV},
		{"json", "one JSON list", ".json", PostureJSON},
	}
}
