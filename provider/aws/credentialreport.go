package aws

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/openstance/stance/internal/collect"
)

// credentialReport holds the rows of IAM's credential report by the name of the user.
type credentialReport map[string]collect.Doc

// madeBefore reports whether the row of a report is of a user that was made before the
// time.
func madeBefore(row collect.Doc, t time.Time) bool {
	text, _ := row["user_creation_time"].(string)
	made, err := time.Parse(time.RFC3339, text)
	return err == nil && made.Before(t.Truncate(time.Second))
}

// rootRow is the name of the root user in the report.
const rootRow = "<root_account>"

// reportPoll is how long to wait before asking again whether the report is made, at
// first; then it is twice as long each time.
const reportPoll = 200 * time.Millisecond

// readCredentialReport has the report made, which AWS does at most every four hours,
// and reads it.
func readCredentialReport(ctx context.Context, client *iam.Client) (credentialReport, error) {
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
// booleans.
func parseCredentialReport(content []byte) (credentialReport, error) {
	r := csv.NewReader(bytes.NewReader(content))
	r.ReuseRecord = true
	record, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("credential report: %w", err)
	}
	columns := append([]string(nil), record...)
	report := credentialReport{}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return nil, fmt.Errorf("credential report: %w", err)
		}
		row, user := collect.Doc{}, ""
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
				row[columns[i]] = true
			case "false", "FALSE":
				row[columns[i]] = false
			default:
				row[columns[i]] = value
			}
		}
		if _, twice := report[user]; user == "" || twice {
			return nil, fmt.Errorf("credential report: row of user %q: no name, or twice", user)
		}
		report[user] = row
	}
}
