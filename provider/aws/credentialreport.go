package aws

import (
	"bytes"
	"context"
	"encoding/csv"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// credentialReport holds the rows of IAM's credential report by the name of the user.
type credentialReport map[string]reportRow

// reportRow is the row of a user, or why it cannot be believed.
type reportRow struct {
	doc collect.Doc
	why *asset.Unread
}

// of returns the row of a user that was made at a time, zero for the root user. A user
// made after the report was is not in it, or one of the same name is that was there before.
func (r credentialReport) of(user string, made time.Time) (collect.Doc, error) {
	row, ok := r[user]
	switch {
	case !ok, !made.IsZero() && madeBefore(row.doc, made):
		return nil, unread(reportOp, codeNotInReport, "the report has no row of the user, or is older")
	case row.why != nil:
		return nil, row.why
	}
	return row.doc, nil
}

// madeBefore reports whether the row of a report is of a user that was made before the
// time.
func madeBefore(row collect.Doc, t time.Time) bool {
	text, _ := row["user_creation_time"].(string)
	made, err := time.Parse(time.RFC3339, text)
	return err == nil && made.Before(t.Truncate(time.Second))
}

// rootRow is the name of the root user in the report.
const rootRow = "<root_account>"

const (
	reportOp = "iam:GetCredentialReport"

	// reportPoll is how long to wait before asking again whether the report is made, at
	// first; then it is twice as long each time.
	reportPoll = 200 * time.Millisecond

	// reportTimeout is how long the report may take to be made. It is less than a call may
	// take, so that all who wait for the report get the same error.
	reportTimeout = 2 * time.Minute
)

// readCredentialReport has the report made, which AWS does at most every four hours,
// and reads it.
func readCredentialReport(ctx context.Context, client *iam.Client) (credentialReport, error) {
	deadline := time.After(reportTimeout)
	for wait := reportPoll; ; wait *= 2 {
		out, err := client.GenerateCredentialReport(ctx, &iam.GenerateCredentialReportInput{})
		if err != nil {
			return nil, err
		}
		if out.State == iamtypes.ReportStateTypeComplete {
			break
		}
		select {
		case <-time.After(wait):
		case <-deadline:
			return nil, &asset.Unread{Op: "iam:GenerateCredentialReport", Reason: asset.TimedOut, Code: awsapi.CodeTimeout, Message: "the report is not ready in time"}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	out, err := client.GetCredentialReport(ctx, &iam.GetCredentialReportInput{})
	if err != nil {
		return nil, err
	}
	return parseCredentialReport(out.Content)
}

// parseCredentialReport reads the report's CSV, of which the first row names the
// columns. Values that say that there is none are left out, and truth values are
// booleans. A row that is odd is that of its user alone: names have no line breaks.
func parseCredentialReport(content []byte) (credentialReport, error) {
	header, rest, _ := bytes.Cut(content, []byte("\n"))
	columns, err := csvRow(header)
	if err != nil || !slices.Contains(columns, "user") {
		return nil, unread(reportOp, collect.CodeMalformed, "the report does not begin with the names of its columns")
	}
	report := credentialReport{}
	for line := range bytes.Lines(rest) {
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		user, row := parseReportRow(columns, line)
		if _, twice := report[user]; twice {
			row = reportRow{why: oddRow("the user has two rows")}
		}
		report[user] = row
	}
	return report, nil
}

// parseReportRow returns the row of a user, which is odd if it is not CSV with a value
// for each column. The name is that before the first comma if no more is known.
func parseReportRow(columns []string, line []byte) (user string, row reportRow) {
	record, err := csvRow(line)
	if err != nil || len(record) != len(columns) {
		name, _, _ := strings.Cut(string(line), ",")
		if err == nil && len(record) > 0 {
			name = record[0]
		}
		return strings.Trim(name, `"`), reportRow{why: oddRow("the row does not have a value for each column")}
	}
	doc := collect.Doc{}
	for i, value := range record {
		switch columns[i] {
		case "user":
			user = value
			continue
		case "arn":
			continue
		}
		switch value {
		case "N/A", "no_information", "not_supported", "":
		case "true", "TRUE":
			doc[columns[i]] = true
		case "false", "FALSE":
			doc[columns[i]] = false
		default:
			doc[columns[i]] = value
		}
	}
	return user, reportRow{doc: doc}
}

func oddRow(message string) *asset.Unread {
	return unread(reportOp, collect.CodeMalformed, "the credential report: "+message)
}

// csvRow reads one row.
func csvRow(line []byte) ([]string, error) { return csv.NewReader(bytes.NewReader(line)).Read() }
