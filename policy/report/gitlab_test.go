package report_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy/report"
)

// GitLab's documentation of its Code Quality report names these requirements.
func TestGitLabIssues(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, report.GitLab(&b, seq(sample(t)...), &report.Options{All: true}))
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	var issues []struct {
		Description string
		CheckName   string `json:"check_name"`
		Fingerprint string
		Severity    string
		Location    struct {
			Path  string
			Lines struct{ Begin int }
		}
	}
	require.NoError(t, d.Decode(&issues))
	seen := map[string]bool{}
	severities := map[string]int{}
	for _, x := range issues {
		assert.NotEmpty(t, x.Description)
		assert.NotEmpty(t, x.CheckName)
		assert.False(t, seen[x.Fingerprint], "fingerprints are unique")
		seen[x.Fingerprint] = true
		severities[x.Severity]++
		assert.False(t, filepath.IsAbs(x.Location.Path))
		assert.Positive(t, x.Location.Lines.Begin)
	}
	assert.Equal(t, map[string]int{"blocker": 1, "critical": 1, "minor": 1, "info": 7}, severities)
	assert.Equal(t, "deploy/storage account.json", issues[4].Location.Path)
	assert.Equal(t, 12, issues[4].Location.Lines.Begin)
}

// A semicolon separates cells in some countries, and Excel knows UTF-8 by a mark.
func TestCSVForSpreadsheets(t *testing.T) {
	f := sample(t)[1]
	f.Message = `a;=cmd|x; +1;"=2;b;-c`
	var b bytes.Buffer
	require.NoError(t, report.CSV(&b, seq(f), &report.Options{BOM: true}))
	assert.True(t, bytes.HasPrefix(b.Bytes(), []byte("\xef\xbb\xbfpolicy,")))
	assert.Contains(t, b.String(), `a;'=cmd|x;' +1;'""=2;b;'-c`)
	b.Reset()
	require.NoError(t, report.CSV(&b, seq(f), nil))
	assert.True(t, bytes.HasPrefix(b.Bytes(), []byte("policy,")))
}
