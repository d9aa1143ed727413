package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const (
	head   = `{"stance":"snapshot","version":1}` + "\n"
	bucket = `{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::a","provider":"aws","account":"111122223333","name":"a","config":{"BucketName":"a"}}}` + "\n"
	other  = `{"asset":{"type":"AWS::S3::Bucket","id":"arn:aws:s3:::b","provider":"aws","account":"111122223333","name":"a","config":{"BucketNam":"b"}}}` + "\n"
	end    = `{"end":{"assets":N,"gaps":0,"coverage":0}}` + "\n"
)

func snapshotOf(t *testing.T, lines ...string) string {
	t.Helper()
	n := string(rune('0' + len(lines)))
	return file(t, "s.ndjson", head+strings.Join(lines, "")+strings.Replace(end, "N", n, 1))
}

func TestLists(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want []string
	}{
		{[]string{"policies"}, []string{"aws-s3-bucket-not-public", "az-storage-default-network-deny"}},
		{[]string{"policies", "-min-severity", "critical"}, []string{"critical"}},
		{[]string{"types"}, []string{"AWS::S3::Bucket", "Microsoft.Storage/storageAccounts", "storage.googleapis.com/Bucket"}},
		{[]string{"types", "-cloud", "gcp"}, []string{"storage.googleapis.com/Bucket"}},
		{[]string{"fields", "AWS::S3::Bucket"}, []string{"config.PublicAccessBlockConfiguration.BlockPublicAcls", "status.PolicyStatus.IsPublic"}},
		{[]string{"relations", "AWS::S3::Bucket"}, []string{"follow('encrypted_by')", "AWS::KMS::Key", "referrers('"}},
		{[]string{"role", "aws"}, []string{`"s3:GetBucketPolicy"`}},
		{[]string{"functions"}, []string{"startsWith", "iam.isPublic"}},
		{[]string{"functions", "startsWith"}, []string{"string.startsWith(string) -> bool", "example: "}},
		{[]string{"schema", "policy"}, []string{"draft-07", "previousIds"}},
		{[]string{"help"}, []string{}},
	} {
		code, out, errs := stance(t, tt.args...)
		require.Equal(t, 0, code, "%v: %s", tt.args, errs)
		for _, text := range tt.want {
			assert.Contains(t, out, text, tt.args)
		}
	}
	_, out, _ := stance(t, "types", "-cloud", "gcp")
	assert.NotContains(t, out, "AWS::")
	_, out, _ = stance(t, "policies", "-min-severity", "critical")
	assert.NotContains(t, out, "medium")
}

func TestExplainNeverGuesses(t *testing.T) {
	s := snapshotOf(t, bucket, other)
	code, out, errs := stance(t, "explain", "-snapshot", s, "aws-s3-bucket-not-public", "a")
	assert.Equal(t, 2, code, out)
	assert.Empty(t, out)
	assert.Contains(t, errs, "2 assets are named \"a\"; use an id:\n  arn:aws:s3:::a\n  arn:aws:s3:::b")
	code, out, errs = stance(t, "explain", "-snapshot", s, "aws-s3-bucket-not-public", "arn:aws:s3:::b")
	assert.Equal(t, 0, code, errs)
	assert.Contains(t, out, "arn:aws:s3:::b")
	for want, args := range map[string][]string{
		"did you mean aws-s3-bucket-not-public?": {"aws-s3-bucket-not-publik", "a"},
		"is not about assets of type":            {"aws-iam-root-mfa", "arn:aws:s3:::b"},
		`no asset has the id or name "c"`:        {"aws-s3-bucket-not-public", "c"},
		"want a policy and":                      {"aws-s3-bucket-not-public"},
	} {
		code, out, errs := stance(t, append([]string{"explain", "-snapshot", s}, args...)...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out)
		assert.Contains(t, errs, want)
	}
}

func TestTestOfPacks(t *testing.T) {
	dir := filepath.Dir(file(t, "p.yaml", `id: names
title: Buckets have names
severity: low
type: AWS::S3::Bucket
require: config.?BucketName.hasValue()
tests:
  - {name: named, want: pass, config: {BucketName: a}}
  - {name: unnamed, want: fail, config: {}}
`))
	code, out, errs := stance(t, "test", dir)
	assert.Equal(t, 0, code, errs)
	assert.Equal(t, "1 policies, 2 cases, 0 failures\n", out)
	wrong := filepath.Dir(file(t, "p.yaml", `id: names
title: Buckets have names
severity: low
type: AWS::S3::Bucket
require: config.?BucketName.hasValue()
tests:
  - {name: named, want: fail, config: {BucketName: a}}
  - {name: unnamed, want: fail, config: {}}
`))
	code, out, _ = stance(t, "test", wrong, dir)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "FAIL names/named: p.yaml:7: want fail, got pass")
	assert.Contains(t, out, "2 policies, 4 cases")
	for _, args := range [][]string{{}, {filepath.Join(dir, "none")}, {"-min-coverage", "2", dir}} {
		code, _, errs := stance(t, append([]string{"test"}, args...)...)
		assert.Equal(t, 2, code)
		assert.NotEmpty(t, errs)
	}
}

func TestLint(t *testing.T) {
	good := filepath.Dir(file(t, "p.yaml", "id: a\ntitle: T\nseverity: low\ntype: AWS::S3::Bucket\nrequire: 'true'\n"))
	bad := filepath.Dir(file(t, "p.yaml", "id: a\ntitle: T\nseverity: low\ntype: AWS::S3::Bucket\nrequire: config.?BucketNme.hasValue()\n"))
	unknown := strings.Replace(bucket, "AWS::S3::Bucket", "AWS::S3::Buckets", 1)
	for _, tt := range []struct {
		path string
		code int
		want string
	}{
		{good, 0, ""},
		{bad, 1, "p.yaml:5:16: undefined field 'BucketNme'"},
		{t.TempDir(), 1, "no file ends in"},
		{snapshotOf(t, bucket), 0, ""},
		{snapshotOf(t, bucket, other), 1, "AWS::S3::Bucket: config.BucketNam"},
		{snapshotOf(t, unknown), 1, "unknown type"},
		{file(t, "cut.ndjson", head), 1, "cut.ndjson"},
		{file(t, "site.yaml", "severity:\n  p: low\n"), 0, ""},
		{file(t, "site.yaml", "severty:\n  p: low\n"), 1, "site.yaml:1"},
		{filepath.Join(t.TempDir(), "none"), 2, ""},
	} {
		code, out, errs := stance(t, "lint", tt.path)
		assert.Equal(t, tt.code, code, "%s: %s%s", tt.path, out, errs)
		if tt.want == "" {
			assert.Empty(t, out)
		}
		assert.Contains(t, out, tt.want)
	}
}

// What does not fit is counted and shown, and -strict refuses it.
func TestSnapshotsThatDoNotFit(t *testing.T) {
	args := []string{"scan", "-fail-on", "none", "-snapshot"}
	for name, tt := range map[string]struct{ file, want string }{
		"duplicate":    {snapshotOf(t, bucket, bucket), "1 duplicate asset, such as "},
		"misspelled":   {snapshotOf(t, bucket, other), "1 part of an asset that does not fit its schema, such as "},
		"unknown type": {snapshotOf(t, bucket, strings.Replace(bucket, "AWS::S3::Bucket", "AWS::S3::Buckets", 1)), "1 asset of an unknown type, such as AWS::S3::Buckets"},
		"fine":         {snapshotOf(t, bucket), ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, errs := stance(t, append(args, tt.file)...)
			assert.Equal(t, 0, code, errs)
			assert.Contains(t, errs, tt.want)
			if tt.want == "" {
				assert.NotContains(t, errs, "such as")
			}
		})
	}
	code, _, errs := stance(t, append(args, snapshotOf(t, bucket, bucket), "-strict")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, ":3: ")
	assert.Contains(t, errs, "duplicate asset AWS::S3::Bucket arn:aws:s3:::a")
	code, _, _ = stance(t, "scan", "-strict")
	assert.Equal(t, 2, code)
	code, out, _ := stance(t, "lint", snapshotOf(t, bucket, bucket, bucket))
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "duplicate asset AWS::S3::Bucket arn:aws:s3:::a (2 duplicate assets)")
}

func TestDiff(t *testing.T) {
	old, same, more := snapshotOf(t, bucket), snapshotOf(t, bucket), snapshotOf(t, strings.Replace(bucket, `"BucketName":"a"`, `"BucketName":"z"`, 1))
	code, out, errs := stance(t, "diff", old, same)
	assert.Equal(t, 0, code, errs)
	assert.Empty(t, out)
	code, out, _ = stance(t, "diff", old, more)
	assert.Equal(t, 1, code)
	assert.Equal(t, "changed     AWS::S3::Bucket arn:aws:s3:::a config.BucketName: \"a\" -> \"z\"\n", out)
	code, out, _ = stance(t, "diff", "-format", "json", old, more)
	assert.Equal(t, 1, code)
	assert.JSONEq(t, `{"kind":"changed","type":"AWS::S3::Bucket","id":"arn:aws:s3:::a","path":"config.BucketName","old":"a","new":"z"}`, out)
	for _, args := range [][]string{{old}, {old, "none"}, {"-format", "xml", old, old}} {
		code, _, _ := stance(t, append([]string{"diff"}, args...)...)
		assert.Equal(t, 2, code)
	}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	earlier, page := filepath.Join(dir, "earlier.json"), filepath.Join(dir, "page.html")
	s := snapshotOf(t, bucket)
	code, _, errs := stance(t, "scan", "-snapshot", s, "-all", "-out", "json="+earlier)
	require.Equal(t, 1, code, errs)
	code, _, errs = stance(t, "scan", "-snapshot", s, "-earlier", earlier, "-owner-tag", "team", "-out", "html="+page)
	require.Equal(t, 1, code, errs)
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "snapshot s.ndjson")
	code, _, errs = stance(t, "scan", "-snapshot", s, "-earlier", filepath.Join(dir, "none"))
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "-earlier: ")
	code, _, errs = stance(t, "scan", "-snapshot", snapshotOf(t))
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "nothing was judged")
}

// The place of a finding in the formats for repositories is the line of the snapshot.
func TestLinesOfSnapshots(t *testing.T) {
	t.Chdir(filepath.Dir(snapshotOf(t, bucket, other)))
	for format, place := range map[string]string{
		"sarif": `{"artifactLocation":{"uri":"s.ndjson"},"region":{"startLine":%d,`, "gitlab": `{"path":"s.ndjson","lines":{"begin":%d}}`,
	} {
		code, out, errs := stance(t, "scan", "-snapshot", "s.ndjson", "-format", format)
		require.Equal(t, 1, code, errs)
		for line, want := range map[int]bool{2: true, 3: true, 4: false} {
			assert.Equal(t, want, strings.Contains(out, fmt.Sprintf(place, line)), "%s line %d", format, line)
		}
	}
}

func TestCompliance(t *testing.T) {
	page := filepath.Join(t.TempDir(), "posture.html")
	code, out, errs := stance(t, "compliance", "-standards", "cis-aws-5.0,cis-gcp-5.0", "-html", page)
	require.Equal(t, 0, code, errs)
	assert.Contains(t, out, "cis-aws-5.0")
	assert.NotContains(t, out, "cis-azure-5.0")
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "<!DOCTYPE html>")
	for _, args := range [][]string{{"-format", "pdf"}, {"-standards", "cis-oracle-1.0"}, {"more"}, {"-html", filepath.Join(t.TempDir(), "no", "such")}} {
		code, _, errs := stance(t, append([]string{"compliance"}, args...)...)
		assert.Equal(t, 2, code, args)
		assert.NotEmpty(t, errs)
	}
}

func TestUnknownNames(t *testing.T) {
	for want, args := range map[string][]string{
		"did you mean AWS::S3::Bucket?": {"fields", "AWS::S3::Buckt"},
		"want one type":                 {"relations"},
		"-cloud moon: no types":         {"types", "-cloud", "moon"},
		"want one cloud":                {"role"},
		"oracle":                        {"role", "oracle"},
		`unknown command "scna"`:        {"scna"},
		"did you mean startsWith?":      {"functions", "startWith"},
		"want one kind of files":        {"schema"},
		`unknown kind of file "pack"`:   {"schema", "pack"},
	} {
		code, out, errs := stance(t, args...)
		assert.Equal(t, 2, code)
		assert.Empty(t, out)
		assert.Contains(t, errs, want)
	}
}
