package report_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// readJSON reads a sequence of JSON texts, as a stream and line by line.
func readJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	for {
		var x any
		if err := d.Decode(&x); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	for line := range bytes.Lines(b) {
		if !json.Valid(line) {
			return errors.New("a line is no JSON")
		}
	}
	return nil
}

func decodeLines(t testing.TB, b []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	s := bufio.NewScanner(bytes.NewReader(b))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var m map[string]any
		require.NoError(t, json.Unmarshal(s.Bytes(), &m), s.Text())
		all = append(all, m)
	}
	require.NoError(t, s.Err())
	return all
}

func TestJSONMembers(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b, seq(sample(t)...), &report.Options{All: true}))
	all := decodeLines(t, b.Bytes())
	require.Len(t, all, len(sample(t)))
	for i, m := range all {
		for _, name := range []string{"policy", "severity", "status", "provider", "account", "region", "type", "id", "name", "message", "error"} {
			assert.IsType(t, "", m[name], "%s of finding %d", name, i)
		}
		assert.IsType(t, []any{}, m["evidence"], i)
		assert.IsType(t, []any{}, m["controls"], i)
		assert.Equal(t, sample(t)[i].Key(), m["key"])
	}
	evidence := all[1]["evidence"].([]any)
	assert.Equal(t, []any{
		map[string]any{"path": "access.Statement[0].Principal", "value": "*"},
		map[string]any{"path": "config.PublicAccessBlockConfiguration", "absent": true},
		map[string]any{
			"asset": map[string]any{"type": "cloudkms.googleapis.com/CryptoKey", "id": "//cloudkms.googleapis.com/projects/shop/locations/eu/keyRings/r/cryptoKeys/k"},
			"path":  "config.purpose", "value": "ENCRYPT_DECRYPT",
		},
		map[string]any{"path": "config.Tags[0].Value", "redacted": true},
		map[string]any{"path": "config.BucketName", "value": map[string]any{"truncated": 2002.0}},
		map[string]any{"path": "status.x", "value": map[string]any{"a": 1.0}, "partial": true},
	}, evidence)
	assert.Equal(t, "unread: s3:ListBuckets: AccessDenied: not authorized: request 1", all[0]["error"])
	assert.Equal(t, "s3:ListBuckets", all[0]["gap"].(map[string]any)["op"])
	assert.Equal(t, map[string]any{"owner": "web@example.com", "reason": "it is our website", "until": "2027-03-14T15:09:26Z"}, all[4]["exception"])
}

// A report without assets is no clean result.
func TestNothingJudged(t *testing.T) {
	only := sample(t)[:1] // a gap
	for _, fs := range [][]policy.Finding{nil, only} {
		var b bytes.Buffer
		require.NoError(t, report.SARIF(&b, seq(fs...), nil))
		invocation := validSARIF(t, b.Bytes()).Runs[0].Invocations[0]
		assert.False(t, *invocation.ExecutionSuccessful)
		assert.Contains(t, b.String(), "nothing was judged")
		for _, write := range []func(io.Writer, findings, *report.Options) error{report.Table, report.JUnit, report.HTML} {
			b.Reset()
			require.NoError(t, write(&b, seq(fs...), nil))
			assert.Contains(t, b.String(), "nothing was judged")
		}
	}
}

func TestAllowPartial(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.JUnit(&b, seq(sample(t)[10]), &report.Options{AllowPartial: []asset.Type{"AWS::S3::Bucket"}}))
	assert.Contains(t, b.String(), `<testcase classname="AWS::S3::Bucket" name="coverage in aws/111122223333">
      <skipped message="coverage of AWS::S3::Bucket is partial">`)
	assert.NotContains(t, b.String(), `<error message="coverage`)
}

func TestJUnitCounts(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.JUnit(&b, seq(sample(t)...), &report.Options{All: true}))
	var r struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Suites   []struct {
			Cases []struct {
				Failure, Error, Skipped *struct{}
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal(b.Bytes(), &r))
	assert.Equal(t, []int{12, 3, 6, 2}, []int{r.Tests, r.Failures, r.Errors, r.Skipped})
	assert.Len(t, r.Suites, 5)
}

func TestTableFits(t *testing.T) {
	for _, width := range []int{1, 64, 80, 100, 213} {
		o := sampleOptions()
		o.Width, o.Verbose = width, true
		var b bytes.Buffer
		require.NoError(t, report.Table(&b, seq(sample(t)...), o))
		for line := range strings.Lines(b.String()) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), max(width, 64), line)
		}
		o.Verbose = false
		var short bytes.Buffer
		require.NoError(t, report.Table(&short, seq(sample(t)...), o))
		assert.Less(t, short.Len(), b.Len())
		for line := range strings.Lines(short.String()) {
			assert.LessOrEqual(t, columnsOf(line), max(width, 64), line)
		}
		assert.Contains(t, strings.ReplaceAll(strings.ReplaceAll(b.String(), "\n", ""), " ", ""),
			string("microsoft.storage/storageaccounts/backupdata"), "ids are wrapped, never cut")
	}
}

func TestTableColor(t *testing.T) {
	var plain, colored bytes.Buffer
	require.NoError(t, report.Table(&plain, seq(sample(t)...), &report.Options{}))
	require.NoError(t, report.Table(&colored, seq(sample(t)...), &report.Options{Color: true}))
	assert.NotContains(t, plain.String(), "\x1b")
	assert.Contains(t, colored.String(), "\x1b[31m")
	text := colored.String()
	for _, style := range []string{"0", "1", "2", "31", "1;31", "32", "33", "36"} {
		text = strings.ReplaceAll(text, "\x1b["+style+"m", "")
	}
	assert.Equal(t, plain.String(), text)
}

func BenchmarkJSON(b *testing.B) {
	all := sample(b)
	for name, f := range map[string]policy.Finding{"pass": all[2], "fail": all[1]} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			many := func(yield func(policy.Finding, error) bool) {
				for range b.N {
					if !yield(f, nil) {
						return
					}
				}
			}
			require.NoError(b, report.JSON(io.Discard, many, &report.Options{All: true}))
		})
	}
}
