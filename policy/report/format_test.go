package report_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"io"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/xeipuuv/gojsonschema"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
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

func TestSARIFIsValid(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(sample(t)...), sampleOptions()))
	validSARIF(t, b.Bytes())
}

// validSARIF checks against the JSON schema of SARIF 2.1.0, which go-sarif carries in its
// sources, and reads strictly.
func validSARIF(t testing.TB, b []byte) *sarif.Report {
	t.Helper()
	schema, err := sarifSchema()
	require.NoError(t, err)
	result, err := schema.Validate(gojsonschema.NewBytesLoader(b))
	require.NoError(t, err)
	require.Empty(t, result.Errors())
	r, err := sarif.FromBytes(b, sarif.WithStrictValidation())
	require.NoError(t, err)
	return r
}

var sarifSchema = sync.OnceValues(func() (*gojsonschema.Schema, error) {
	pkg, err := build.Import(reflect.TypeFor[sarif.Report]().PkgPath(), ".", build.FindOnly)
	if err != nil {
		return nil, err
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(pkg.Dir, "schema.go"), nil, 0)
	if err != nil {
		return nil, err
	}
	text := file.Scope.Lookup("schema").Decl.(*ast.ValueSpec).Values[0].(*ast.BasicLit).Value
	if text, err = strconv.Unquote(text); err != nil {
		return nil, err
	}
	return gojsonschema.NewSchema(gojsonschema.NewStringLoader(text))
})

// By the standard a result of another kind than "fail" has the level "none" (3.27.10),
// and what a result refers to by its index is there (3.52.5).
func TestSARIFResults(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(sample(t)...), &report.Options{All: true}))
	run := validSARIF(t, b.Bytes()).Runs[0]
	kinds := map[string]int{}
	for _, r := range run.Results {
		kinds[r.Kind]++
		if r.Kind != "fail" {
			assert.Equal(t, "none", r.Level)
		} else {
			assert.NotEqual(t, "none", r.Level)
		}
		assert.Equal(t, *r.RuleID, *run.Tool.Driver.Rules[r.RuleIndex].ID)
	}
	assert.Equal(t, map[string]int{"fail": 4, "open": 3, "pass": 1, "notApplicable": 1}, kinds)
	assert.Len(t, run.Results[4].Suppressions, 1)
	assert.Empty(t, run.Results[8].Suppressions, "a finding about an exception is not accepted by it")
	assert.Equal(t, "deploy/storage%20account.json", *run.Results[6].Locations[0].PhysicalLocation.ArtifactLocation.URI)
	assert.True(t, *run.Invocations[0].ExecutionSuccessful)
	require.Len(t, run.Invocations[0].ToolExecutionNotifications, 4, "an error of evaluation, a gap, and two types with incomplete coverage")
}

// GitHub's documentation of its support of SARIF names these requirements.
func TestSARIFForGitHub(t *testing.T) {
	all := sample(t)
	many := *all[0].Policy
	for i := range 40 {
		many.Controls = append(many.Controls, fmt.Sprint("standard/", i))
	}
	all[0].Policy = &many
	for _, file := range []string{"", "/snapshots/../prod.ndjson", `C:\data\x.ndjson`} {
		var b bytes.Buffer
		require.NoError(t, report.SARIF(&b, seq(all...), &report.Options{All: true, SourceFile: file, Version: "v1.2.3"}))
		assert.NotContains(t, b.String(), ":-1", "a sentinel for what is not there")
		run := validSARIF(t, b.Bytes()).Runs[0]
		assert.Equal(t, "v1.2.3", *run.Tool.Driver.Version)
		for _, r := range run.Results {
			require.Len(t, r.Locations, 1)
			place := r.Locations[0].PhysicalLocation
			uri, err := url.Parse(*place.ArtifactLocation.URI)
			require.NoError(t, err)
			assert.False(t, uri.IsAbs() || strings.HasPrefix(uri.Path, "/") || strings.HasPrefix(uri.Path, ".."), uri)
			assert.Positive(t, *place.Region.StartLine)
			assert.Len(t, r.PartialFingerprints["primaryLocationLineHash"], 32)
		}
		assert.Equal(t, map[string]string{"": "policies/labels", "/snapshots/../prod.ndjson": "prod.ndjson", `C:\data\x.ndjson`: "data/x.ndjson"}[file],
			*run.Results[5].Locations[0].PhysicalLocation.ArtifactLocation.URI)
		for _, rule := range run.Tool.Driver.Rules {
			assert.NotEmpty(t, *rule.ShortDescription.Text)
			assert.NotEmpty(t, *rule.FullDescription.Text)
			assert.NotEmpty(t, *rule.Help.Text)
			assert.LessOrEqual(t, len(rule.Properties.Tags), 20)
		}
		assert.Len(t, run.Tool.Driver.Rules[0].Properties.Tags, 20)
	}
}

func TestPolicyFileIsSARIFLocation(t *testing.T) {
	policies, err := policy.Read(packs.GCP())
	require.NoError(t, err)
	f := sample(t)[2]
	f.Policy = policies[0]
	require.NotEmpty(t, f.Policy.File())
	var b bytes.Buffer
	require.NoError(t, report.SARIF(&b, seq(f), &report.Options{All: true}))
	assert.Equal(t, f.Policy.File(), *validSARIF(t, b.Bytes()).Runs[0].Results[0].Locations[0].PhysicalLocation.ArtifactLocation.URI)
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

// hostile returns a sample in which every text that others can choose is s.
func hostile(t testing.TB, s string) []policy.Finding {
	t.Helper()
	doc := value(t, strings.ToValidUTF8(s, "?"))
	all := sample(t)
	for i, f := range all {
		p := *f.Policy
		p.Title, p.Rationale, p.Labels = s, s, []string{s}
		p.Remediation.Text, p.Remediation.CLI = s, s
		f.Policy = &p
		f.Message = s
		if f.Err != nil {
			f.Err = errors.New(s)
		}
		if f.Asset() != nil {
			a := *f.Asset()
			a.ID, a.Name, a.Account, a.Region, a.Type = s, s, s, s, asset.Type(s)
			a.URL, a.Tags = s, map[string]string{"owner": s}
			if a.Origin.File != "" {
				a.Origin.File = s
			}
			f.Subject = policy.AssetSubject{Asset: &a}
			f.Evidence = append(f.Evidence, policy.Evidence{Asset: a.Ref, Path: asset.Path("config").Key(s), Value: doc})
		}
		if gs, ok := f.Subject.(policy.GapSubject); ok {
			g := *gs.Gap
			g.Scope.Account, g.Type, g.Cause.Message, g.Cause.Code, g.Cause.RequestID = s, asset.Type(s), s, s, s
			f.Subject = policy.GapSubject{Gap: &g}
		}
		if cs, ok := f.Subject.(policy.CoverageSubject); ok {
			cs.Account.Account, cs.Type, cs.Regions = s, asset.Type(s), []string{s}
			f.Subject = cs
		}
		if f.Exception != nil {
			x := *f.Exception
			x.Owner, x.Reason = s, s
			f.Exception = &x
		}
		if xs, ok := f.Subject.(policy.ExceptionSubject); ok {
			x := *xs.Exception
			x.Owner, x.Reason = s, s
			f.Subject = policy.ExceptionSubject{Exception: &x}
		}
		all[i] = f
	}
	return all
}

func hostileTexts() []string {
	return []string{
		"", " ", "\x00", "\x1b[2J\x1b]0;owned\x07", "a\r\nb", "\u202egnp.exe", "a\u200bb", "\u2028", "\xff\xfe", "\xed\xa0\x80", "\U000e0041",
		"</failure>]]><x>", `"><script>alert(1)</script>`, "=HYPERLINK(\"http://x\")", "+1", "-1", "@x", "\t=1", "{0}", "{{0}}", "[a](http://x)",
		strings.Repeat("x", 5000), strings.Repeat("漢字", 300), strings.Repeat("e\u0301", 300), "\ufeff", "\ufffe", "`x`", "%s%n", "\u0085", "file:///etc/passwd", "../../x y#z?%zz", ":", "//x",
	}
}

func TestHostile(t *testing.T) {
	for _, s := range hostileTexts() {
		survives(t, s)
		var b bytes.Buffer
		require.NoError(t, report.JSON(&b, seq(hostile(t, s)...), nil))
		for _, m := range decodeLines(t, b.Bytes()) {
			want := strings.ToValidUTF8(s, "\ufffd")
			if utf8.ValidString(s) && s != "" {
				require.Equal(t, want, m["message"], "nothing is lost")
			}
		}
		b.Reset()
		require.NoError(t, report.SARIF(&b, seq(hostile(t, s)...), nil))
		for _, r := range validSARIF(t, b.Bytes()).Runs[0].Results {
			require.NotContains(t, *r.Message.Text, "[a](", "a link")
		}
	}
}

func FuzzHostile(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= 10_000 {
			survives(t, s)
		}
	})
}

// survives checks that every format can be read again by a strict reader, and that
// what reaches a terminal has no effect on it.
func survives(t *testing.T, s string) {
	t.Helper()
	o := &report.Options{All: true, Gaps: []*asset.Gap{{Cause: asset.Unread{Message: s}}}, Coverage: []*asset.Coverage{{Type: asset.Type(s), State: asset.Partial}}}
	o.UnknownTypes = map[asset.Type]int{asset.Type(s): 2}
	o.Source, o.Version = s, s
	all := formats()
	all["verbose.txt"] = func(w io.Writer, fs findings, o *report.Options) error {
		verbose := *o
		verbose.Verbose = true
		return report.Table(w, fs, &verbose)
	}
	for name, write := range all {
		var b bytes.Buffer
		require.NoError(t, write(&b, seq(hostile(t, s)...), o), "%s: %q", name, s)
		checkVisible(t, name, s, b.Bytes())
		checkSyntax(t, name, s, b.Bytes())
	}
}

// checkVisible checks that no character has an effect on a terminal or on the
// characters around it.
func checkVisible(t *testing.T, name, s string, b []byte) {
	t.Helper()
	require.True(t, utf8.Valid(b), "%s: %q", name, s)
	bad := bytes.IndexFunc(b, func(r rune) bool {
		return r != '\n' && r != utf8.RuneError && !unicode.IsGraphic(r) && !(r == '\r' && filepath.Ext(name) == ".csv")
	})
	require.Negative(t, bad, "%s: %q: a character with an effect", name, s)
}

var (
	ownScript = regexp.MustCompile(`<script>\n// Search, filters, order[^<]*</script>`)
	hrefs     = regexp.MustCompile(`href="?([^"\s>]*)`)
)

var formula = regexp.MustCompile(`^\s*[=+\-@\t\r]`)

func checkSyntax(t *testing.T, name, s string, b []byte) {
	t.Helper()
	switch filepath.Ext(name) {
	case ".ndjson", ".json":
		require.True(t, name != "json.ndjson" || readJSON(b) == nil)
		d := json.NewDecoder(bytes.NewReader(b))
		for {
			var x any
			if err := d.Decode(&x); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, "%s: %q", name, s)
			}
		}
	case ".xml":
		d := xml.NewDecoder(bytes.NewReader(b))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, "%q", s)
			}
		}
	case ".txt":
		for line := range strings.Lines(string(b)) {
			require.LessOrEqual(t, columnsOf(line), 100, line)
		}
	case ".csv":
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		require.NoError(t, err, "%q", s)
		for _, row := range rows {
			for _, cell := range row {
				require.False(t, formula.MatchString(cell), "a formula: %s", cell)
			}
		}
	case ".html":
		page := ownScript.ReplaceAllString(string(b), "")
		for _, bad := range []string{"<script", "<x>", "ZgotmplZ", "javascript:", "http-equiv=\"refresh", "src=", "style=", "onerror="} {
			require.NotContains(t, strings.ReplaceAll(strings.ToLower(page), "-src ", ""), bad, "%q", s)
		}
		for _, m := range hrefs.FindAllStringSubmatch(page, -1) {
			require.Regexp(t, `^(#[a-z0-9]+$|https://([a-z0-9-]+\.)?console\.aws\.amazon\.com/)`, m[1])
		}
	}
}

// columnsOf is the greatest number of columns that a line can take.
func columnsOf(line string) int {
	n := 0
	for _, r := range strings.TrimSuffix(line, "\n") {
		if !unicode.In(r, unicode.Mn, unicode.Me) {
			n++
		}
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
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
