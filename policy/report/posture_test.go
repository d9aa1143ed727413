package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/report"
)

// postures are those of some findings under a guideline that their policies cover.
func postures(t testing.TB, name string, fs []policy.Finding) []*compliance.Posture {
	t.Helper()
	standard := &compliance.Standard{ID: "acme-1", Name: name, Requirements: []compliance.Requirement{
		{ID: "1", Title: name, Sections: []compliance.Section{
			{ID: "1.1", Title: name, Level: 1, Policies: []string{"aws-s3-bucket-not-public"}},
			{ID: "1.2", Title: "Network", Level: 2, Policies: []string{"az-storage-default-network-deny", "aws-s3-bucket-not-public"}},
			{ID: "1.3", Title: "Keys", Policies: []string{"gcp-kms-rotation"}},
		}},
		{ID: "2", Title: "People", Sections: []compliance.Section{
			{ID: "2.1", Title: "Owners", Manual: true}, {ID: "2.2", Title: "Labels", Policies: []string{"labels"}},
		}},
	}}
	byID := map[string]*policy.Policy{}
	for _, f := range fs {
		p := *f.Policy
		p.Controls = nil
		byID[p.ID] = &p
	}
	m, err := compliance.NewMapping(func(yield func(*policy.Policy) bool) {
		for _, p := range byID {
			if !yield(p) {
				return
			}
		}
	}, standard)
	require.NoError(t, err)
	ps, err := m.Assess(seq(fs...))
	require.NoError(t, err)
	return ps
}

func postureFormats() map[string]func(io.Writer, []*compliance.Posture) error {
	all := map[string]func(io.Writer, []*compliance.Posture) error{}
	for _, f := range report.PostureFormats() {
		all["posture"+f.Extension] = func(w io.Writer, ps []*compliance.Posture) error {
			return f.Write(w, ps, &report.Options{All: true})
		}
	}
	return all
}

func TestPostureGolden(t *testing.T) {
	for name, write := range postureFormats() {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			require.NoError(t, write(&b, postures(t, "Acme guideline", sample(t))))
			golden(t, name, b.Bytes())
		})
	}
}

func TestPostureWriterFails(t *testing.T) {
	full := errors.New("disk full")
	for name, write := range postureFormats() {
		t.Run(name, func(t *testing.T) {
			assert.ErrorIs(t, write(failing{full}, nil), full)
		})
	}
}

func TestPostureCSV(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.PostureCSV(&b, postures(t, "Acme", sample(t)), nil))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 6)
	assert.Equal(t, []string{"acme-1", "1 Acme", "acme-1/1.1", "Acme", "1", "automated", "failed", "aws-s3-bucket-not-public",
		"1", "1", "1", "0", "0", "0", "0", "1", "1", "2", "50"}, rows[1])
	assert.Equal(t, []string{"not_covered", ""}, []string{rows[4][6], rows[4][18]})
}

func TestPostureJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.PostureJSON(&b, postures(t, "Acme", sample(t)), nil))
	var all []struct {
		Sections map[string]int
		Counts   struct {
			Passed, Failed int
			Percent        *float64
			FailedBy       map[string]int `json:"failed_by"`
		}
	}
	require.NoError(t, json.Unmarshal(b.Bytes(), &all))
	require.Len(t, all, 1)
	assert.Equal(t, 33.3, *all[0].Counts.Percent)
	assert.Equal(t, map[string]int{"critical": 1, "high": 1, "medium": 0, "low": 0, "informational": 0}, all[0].Counts.FailedBy)
	assert.Equal(t, map[string]int{"failed": 2, "unknown": 2, "accepted": 0, "passed": 0, "not_evaluated": 0, "not_covered": 1}, all[0].Sections)

	b.Reset()
	require.NoError(t, report.PostureJSON(&b, nil, nil))
	assert.JSONEq(t, "[]", b.String())
}

func TestPostureHostile(t *testing.T) {
	for _, s := range hostileTexts() {
		ps := postures(t, s, hostile(t, s))
		for name, write := range postureFormats() {
			var b bytes.Buffer
			require.NoError(t, write(&b, ps), "%s: %q", name, s)
			checkVisible(t, name, s, b.Bytes())
			checkSyntax(t, name, s, b.Bytes())
		}
	}
}

func TestPostureTableFits(t *testing.T) {
	ps := postures(t, strings.Repeat("guideline ", 30), sample(t))
	for _, width := range []int{0, 64, 80, 200} {
		var b bytes.Buffer
		require.NoError(t, report.PostureTable(&b, slices.Concat(ps, ps), &report.Options{Width: width}))
		limit := max(width, 64)
		if width == 0 {
			limit = 100
		}
		for line := range strings.Lines(b.String()) {
			assert.LessOrEqual(t, columnsOf(line), limit, line)
		}
	}
}

// A section leads to the assets that do not pass.
func TestPostureHTMLAssets(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.PostureHTML(&b, postures(t, "Acme", owned(sample(t))), &report.Options{Time: at, Source: "snapshot x"}))
	page := b.String()
	for _, want := range []string{
		"2026-03-14 15:09 UTC", "snapshot x", "33.3 % pass, 2 failed assets",
		`<span class="badge failed">failed</span> <b>assets</b>`, "<code>AWS::S3::Bucket arn:aws:s3:::assets</code>",
		`<span class="badge unknown">unknown</span> <b>secret</b>`, `<span class="badge accepted">accepted</span> <b>website</b>`,
		`href="https://eu-central-1.console.aws.amazon.com/s3/buckets/assets"`,
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<b>logs</b>", "what passes is counted")
}
