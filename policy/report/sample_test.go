package report_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

var update = flag.Bool("update", false, "write the files in testdata")

// at is when the findings of the tests were made.
var at = time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)

type findings = iter.Seq2[policy.Finding, error]

// formats are all writers of findings.
func formats() map[string]func(io.Writer, findings, *report.Options) error {
	all := map[string]func(io.Writer, findings, *report.Options) error{}
	for _, f := range report.Formats() {
		all[f.Name+f.Extension] = func(w io.Writer, fs findings, o *report.Options) error {
			full := report.Options{}
			if o != nil {
				full = *o
			}
			full.Time, full.Hub = at, hub()
			return f.Write(w, fs, &full)
		}
	}
	return all
}

func hub() asset.Scope {
	return asset.Scope{Provider: "aws", Account: "999988887777", Region: "eu-central-1"}
}

func seq(fs ...policy.Finding) findings { return cut(nil, fs...) }

// cut is a sequence that ends in an error, unless that is nil.
func cut(err error, fs ...policy.Finding) findings {
	return func(yield func(policy.Finding, error) bool) {
		for _, f := range fs {
			if !yield(f, nil) {
				return
			}
		}
		if err != nil {
			yield(policy.Finding{}, err)
		}
	}
}

func value(t testing.TB, x any) asset.Value {
	t.Helper()
	v, err := asset.Of(x)
	require.NoError(t, err)
	return v
}

// sample has a finding of every kind.
func sample(t testing.TB) []policy.Finding {
	bucketPolicy := &policy.Policy{
		ID: "aws-s3-bucket-not-public", Title: "Buckets are not public", Severity: policy.Critical,
		Rationale: "Anyone can read what a public bucket holds.\nWebsites may deviate.",
		Controls:  []string{"cis-aws-7.0/2.21"}, Labels: []string{"internet-exposed"},
		Remediation: policy.Remediation{
			Class: policy.Guarded, Text: "Block public access.", CLI: "aws s3api put-public-access-block --bucket {name}",
			PreChecks: []policy.PreCheck{{ID: "no-website", Text: "no website is served from the bucket", Kind: policy.Computed}},
		},
	}
	storagePolicy := &policy.Policy{
		ID: "az-storage-default-network-deny", Title: "Storage accounts deny network access by default", Severity: policy.High,
		Controls: []string{"cis-azure-3.0/4.7", "cis-azure-5.0/9.3.2.3"},
	}
	keyPolicy := &policy.Policy{ID: "gcp-kms-rotation", Title: "Keys are rotated", Severity: policy.Medium}
	labelPolicy := &policy.Policy{ID: "labels", Title: "Assets have an owner", Severity: policy.Informational}

	denied := &asset.Unread{Op: "s3:GetBucketPolicy", Reason: asset.Denied, Code: "AccessDenied", Message: "no identity-based policy allows it", RequestID: "7Q2X"}
	bucket := func(name string) *asset.Asset {
		return &asset.Asset{
			Ref:   asset.Ref{Type: "AWS::S3::Bucket", ID: "arn:aws:s3:::" + name},
			Scope: asset.Scope{Provider: "aws", Account: "111122223333", Region: "eu-central-1"}, Name: name, Class: "storage",
		}
	}
	account := &asset.Asset{
		Ref: asset.Ref{
			Type: "Microsoft.Storage/storageAccounts",
			ID:   "/subscriptions/0f3c9a52-5c1e-4d4b-9a55-0d6b0c3f7a11/resourcegroups/prod/providers/microsoft.storage/storageaccounts/backupdata",
		},
		Scope: asset.Scope{Provider: "azure", Account: "0f3c9a52-5c1e-4d4b-9a55-0d6b0c3f7a11", Region: "westeurope"}, Name: "backupdata",
		Origin: asset.Origin{File: "deploy/storage account.json", Line: 12},
	}
	key := &asset.Asset{
		Ref:   asset.Ref{Type: "cloudkms.googleapis.com/CryptoKey", ID: "//cloudkms.googleapis.com/projects/shop/locations/eu/keyRings/r/cryptoKeys/k"},
		Scope: asset.Scope{Provider: "gcp", Account: "shop", Region: "eu"}, Name: "k",
	}
	long := strings.Repeat("x", 2000)
	partialBuckets := policy.CoverageSubject{
		Type: "AWS::S3::Bucket", Account: asset.Scope{Provider: "aws", Account: "111122223333"},
		Regions: []string{"eu-central-1", "us-east-1"}, State: asset.Partial,
	}
	gap := &asset.Gap{
		Scope: asset.Scope{Provider: "aws", Account: "444455556666", Region: "us-east-1"}, Type: "AWS::S3::Bucket",
		Cause: asset.Unread{Op: "s3:ListBuckets", Reason: asset.Denied, Code: "AccessDenied", Message: "not authorized", RequestID: "1"},
	}
	partial := value(t, map[string]any{"a": 1, "b": denied})
	return []policy.Finding{
		{Policy: bucketPolicy, Subject: policy.GapSubject{Gap: gap}, Status: policy.Unknown, Err: &gap.Cause},
		{
			Policy: bucketPolicy, Subject: policy.AssetSubject{Asset: bucket("assets")}, Status: policy.Fail, Message: "'assets' is open to everyone",
			Evidence: []policy.Evidence{
				{Asset: bucket("assets").Ref, Path: "access.Statement[0].Principal", Value: value(t, "*")},
				{Asset: bucket("assets").Ref, Path: "config.PublicAccessBlockConfiguration"},
				{Asset: key.Ref, Path: "config.purpose", Value: value(t, "ENCRYPT_DECRYPT")},
				{Asset: bucket("assets").Ref, Path: "config.Tags[0].Value", Value: asset.Redacted{Detectors: []string{"github-token"}, Hash: "00ff"}.Value()},
				{Asset: bucket("assets").Ref, Path: "config.BucketName", Value: value(t, long)},
				{Asset: bucket("assets").Ref, Path: "status.x", Value: partial},
			},
		},
		{
			Policy: bucketPolicy, Subject: policy.AssetSubject{Asset: bucket("logs")}, Status: policy.Pass,
			Read: policy.ReadTimes{Earliest: at.Add(-2 * time.Hour), Latest: at.Add(-time.Hour + 5*time.Millisecond)},
		},
		{
			Policy: bucketPolicy, Subject: policy.AssetSubject{Asset: bucket("secret")}, Status: policy.Unknown, Message: "Buckets are not public", Err: denied,
			Evidence: []policy.Evidence{{Asset: bucket("secret").Ref, Path: "access", Value: denied.Value()}},
		},
		{
			Policy: bucketPolicy, Subject: policy.AssetSubject{Asset: bucket("website")}, Status: policy.Fail, Message: "'website' is open to everyone",
			Exception: &policy.Exception{Owner: "web@example.com", Reason: "it is our website", Until: at.AddDate(1, 0, 0)},
		},
		{Policy: labelPolicy, Subject: policy.AssetSubject{Asset: bucket("website")}, Status: policy.NotApplicable},
		{
			Policy: storagePolicy, Subject: policy.AssetSubject{Asset: account}, Status: policy.Fail, Message: "'backupdata' answers any network",
			Evidence: []policy.Evidence{{Asset: account.Ref, Path: "config.properties.networkAcls.defaultAction", Value: value(t, "Allow")}},
		},
		{
			Policy: keyPolicy, Subject: policy.AssetSubject{Asset: key}, Status: policy.Unknown, Message: "Keys are rotated",
			Err: errors.Join(errors.New("no such overload: string < int"), errors.New("message: division by zero")),
		},
		{
			Policy: policy.ExceptionPolicy(), Status: policy.Fail, Message: "the exception for labels ended on 2026-01-01",
			Subject: policy.ExceptionSubject{Exception: &policy.Exception{Policies: []string{"labels"}, Owner: "web@example.com", Reason: "soon", Until: at.AddDate(0, -2, 0)}},
		},
		coverage(storagePolicy, policy.CoverageSubject{
			Type: "Microsoft.Storage/storageAccounts", Account: asset.Scope{Provider: "azure", Account: "7e0c1d1e-0000-4d4b-9a55-0d6b0c3f7a11"},
		}),
		coverage(bucketPolicy, partialBuckets), coverage(labelPolicy, partialBuckets),
	}
}

// coverage returns the finding of a type whose coverage is not complete.
func coverage(p *policy.Policy, s policy.CoverageSubject) policy.Finding {
	why := &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: "coverage of " + string(s.Type) + " is " + s.State.String()}
	return policy.Finding{Policy: p, Subject: s, Status: policy.Unknown, Message: why.Message, Err: why}
}

func sampleOptions() *report.Options {
	scope := func(account, region string) asset.Scope {
		return asset.Scope{Provider: "aws", Account: account, Region: region}
	}
	return &report.Options{
		All:  true,
		Gaps: []*asset.Gap{{Scope: scope("111122223333", ""), Type: "AWS::IAM::User", Cause: asset.Unread{Op: "iam:ListUsers", Reason: asset.Throttled, Code: "Throttling", Message: "rate exceeded"}}},
		Coverage: []*asset.Coverage{
			{Scope: scope("111122223333", "eu-central-1"), Type: "AWS::S3::Bucket", State: asset.Complete},
			{Scope: scope("111122223333", ""), Type: "AWS::IAM::User", State: asset.Partial},
			{Scope: scope("444455556666", "us-east-1"), Type: "AWS::S3::Bucket", State: asset.Partial},
			{Scope: scope("444455556666", "us-east-1"), Type: "AWS::EC2::Instance"},
		},
	}
}

func TestGolden(t *testing.T) {
	for name, write := range formats() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b, seq(sample(t)...), sampleOptions()))
			golden(t, name, b.Bytes())
		})
	}
}

func TestGoldenVerbose(t *testing.T) {
	o := sampleOptions()
	o.Verbose, o.Source = true, "snapshot sample"
	o.UnknownTypes = map[asset.Type]int{"Acme::Thing": 2, "Acme::Other": 1}
	var b bytes.Buffer
	require.NoError(t, report.Table(&b, seq(sample(t)...), o))
	golden(t, "table-verbose.txt", b.Bytes())
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

// A sequence that was cut off leaves nothing that a reader of the format accepts.
func TestCutOff(t *testing.T) {
	gone := errors.New("connection \"lost\"\nagain")
	for name, write := range formats() {
		for _, n := range []int{0, 1, len(sample(t))} {
			t.Run(fmt.Sprint(name, " after ", n), func(t *testing.T) {
				var b bytes.Buffer
				err := write(&b, cut(gone, sample(t)[:n]...), nil)
				require.ErrorIs(t, err, gone)
				switch filepath.Ext(name) {
				case ".ndjson":
					assert.Error(t, readJSON(b.Bytes()), "the output looks whole")
				default:
					assert.Empty(t, b.String())
				}
			})
		}
	}
}

func TestWriterFails(t *testing.T) {
	full := errors.New("disk full")
	for name, write := range formats() {
		t.Run(name, func(t *testing.T) {
			err := write(failing{full}, seq(sample(t)...), nil)
			assert.ErrorIs(t, err, full)
			assert.ErrorContains(t, err, "write ")
		})
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestEmpty(t *testing.T) {
	for name, write := range formats() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b, seq(), nil))
			golden(t, "empty-"+name, b.Bytes())
		})
	}
}

// Without Options.All, what is fine is counted and not listed.
func TestShown(t *testing.T) {
	for name, write := range formats() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b, seq(sample(t)...), nil))
			prefix := "arn:aws:s3:::"
			if name == "table.txt" {
				prefix = "" // which names assets
			}
			assert.Contains(t, b.String(), prefix+"assets")
			assert.Contains(t, b.String(), prefix+"secret")
			assert.Contains(t, b.String(), prefix+"website", "accepted is not passed")
			assert.NotContains(t, b.String(), prefix+"logs")
		})
	}
}
