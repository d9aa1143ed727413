package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// JSON writes the same objects as encoding/json does of NewFinding, and they decode to
// what NewFinding returns.
func TestFindingIsWhatJSONWrites(t *testing.T) {
	for _, s := range append(hostileTexts(), "plain") {
		all := hostile(t, s)
		if s == "plain" {
			all = sample(t)
			all = append(all, gaps(all[0].Policy)...)
		}
		var b bytes.Buffer
		require.NoError(t, report.JSON(&b, seq(all...), &report.Options{All: true}))
		i := 0
		for line := range bytes.Lines(b.Bytes()) {
			want, err := json.Marshal(report.NewFinding(all[i]))
			require.NoError(t, err)
			require.JSONEq(t, string(want), string(line), "%q", s)

			d := json.NewDecoder(bytes.NewReader(line))
			d.DisallowUnknownFields()
			var got report.Finding
			require.NoError(t, d.Decode(&got), "%q", s)
			again, err := json.Marshal(got)
			require.NoError(t, err)
			require.JSONEq(t, string(line), string(again), "%q", s)
			i++
		}
		require.Len(t, all, i)
	}
}

// gaps are findings about gaps in what belongs to single assets, and in a closed account.
func gaps(p *policy.Policy) []policy.Finding {
	user := asset.Ref{Type: "AWS::IAM::User", ID: "ann"}
	one := &asset.Gap{Type: "AWS::IAM::AccessKey", Of: user, Scope: asset.Scope{Provider: "aws", Account: "1"}, Cause: asset.Unread{Op: "iam:ListAccessKeys", Reason: asset.Denied, Code: "AccessDenied"}}
	many := *one
	many.Of.ID = ""
	closed := &asset.Gap{Scope: asset.Scope{Provider: "aws", Account: "9"}, Cause: asset.Unread{Reason: asset.Disabled}}
	return []policy.Finding{
		{Policy: p, Subject: policy.GapSubject{Gap: one}, Err: &one.Cause},
		{Policy: p, Subject: policy.GapSubject{Gap: &many, Count: 101, Parents: []asset.Ref{user, {Type: user.Type, ID: "bob"}}}, Err: &one.Cause},
		{Policy: policy.AccountPolicy(), Subject: policy.GapSubject{Gap: closed, Policies: []*policy.Policy{p, p}}, Err: &closed.Cause},
	}
}

// A table has a line for gaps of one operation in what belongs to many assets.
func TestGapsOfManyAssets(t *testing.T) {
	all := gaps(sample(t)[0].Policy)
	opts := &report.Options{Gaps: []*asset.Gap{all[0].Subject.(policy.GapSubject).Gap}}
	var b bytes.Buffer
	require.NoError(t, report.Table(&b, seq(all...), opts))
	assert.Contains(t, b.String(), "AWS::IAM::AccessKey of AWS::IAM::User ann in aws/1 and 100 other assets were not observed:")
	assert.Contains(t, b.String(), "everything in aws/9 was not observed")
}

func TestNewFinding(t *testing.T) {
	all := sample(t)
	f := report.NewFinding(all[3])
	assert.Equal(t, []any{policy.Unknown, policy.OfAsset, asset.Denied}, []any{f.Status, f.SubjectKind, f.Reason})
	assert.Equal(t, &report.Unread{Op: "s3:GetBucketPolicy", Reason: asset.Denied, Code: "AccessDenied",
		Message: "no identity-based policy allows it", RequestID: "7Q2X"}, f.Evidence[0].Unread)
	assert.Equal(t, asset.UnknownReason, report.NewFinding(all[7]).Reason, "an error of evaluation has no reason")

	assert.Nil(t, f.Read)
	assert.Equal(t, &report.ReadTimes{Earliest: at.Add(-2 * time.Hour), Latest: at.Add(-time.Hour + 5*time.Millisecond)}, report.NewFinding(all[2]).Read)

	c := report.NewFinding(all[10])
	assert.Equal(t, []any{policy.OfCoverage, asset.Type("AWS::S3::Bucket"), asset.Incomplete, "111122223333"},
		[]any{c.SubjectKind, c.Type, c.Reason, c.Account})
	assert.Equal(t, &report.Coverage{Type: "AWS::S3::Bucket", Regions: []string{"eu-central-1", "us-east-1"}, State: "partial"}, c.Coverage)
}

func TestReadJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.JSON(&b, seq(sample(t)...), &report.Options{All: true}))
	var keys []string
	for f, err := range report.ReadJSON(bytes.NewReader(b.Bytes())) {
		require.NoError(t, err)
		keys = append(keys, f.Key)
	}
	require.Len(t, keys, len(sample(t)))
	for i, f := range sample(t) {
		assert.Equal(t, f.Key(), keys[i])
	}
	for range report.ReadJSON(bytes.NewReader(b.Bytes())) {
		break
	}

	b.Reset()
	require.Error(t, report.JSON(&b, cut(errors.New("gone"), sample(t)[0]), nil))
	for _, c := range []struct {
		name string
		in   io.Reader
		want string
	}{
		{"cut off", &b, "line 2: unexpected end of JSON input"},
		{"other JSON", strings.NewReader("{}\n"), "line 1: no finding"},
		{"unknown status", strings.NewReader(`{"policy":"p","key":"k","status":"maybe"}`), `unknown status "maybe" (want pass, fail, unknown or not_applicable)`},
		{"broken input", iotest.ErrReader(errors.New("disk gone")), "line 1: disk gone"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var last error
			for _, err := range report.ReadJSON(c.in) {
				last = err
			}
			require.ErrorContains(t, last, c.want)
			assert.ErrorContains(t, last, "read findings: ")
		})
	}
}

func FuzzReadJSON(f *testing.F) {
	var b bytes.Buffer
	require.NoError(f, report.JSON(&b, seq(sample(f)...), &report.Options{All: true}))
	f.Add(b.String())
	f.Add("{}\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		for x, err := range report.ReadJSON(strings.NewReader(s)) {
			if err == nil {
				assert.NotEmpty(t, x.Key)
			}
		}
	})
}
