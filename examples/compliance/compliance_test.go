package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func program(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), args, &o, &e)
	return code, o.String(), e.String()
}

func TestTableAndPage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "posture.html")
	code, out, errs := program(t, "-html", page)
	require.Equal(t, 0, code, errs)
	for _, name := range []string{"cis-aws-5.0", "cis-azure-5.0", "cis-gcp-5.0", "Example guideline"} {
		assert.Contains(t, out, name)
	}
	html, err := os.ReadFile(page)
	require.NoError(t, err)
	assert.Contains(t, string(html), "<!DOCTYPE html>")
	assert.NotContains(t, string(html), "<script")
}

func TestForms(t *testing.T) {
	_, out, _ := program(t, "-format", "json")
	var postures []struct {
		Standard struct{ ID string }
		Sections map[string]int
		Counts   struct{ Passed, Failed, Unknown int }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &postures))
	require.Len(t, postures, 4)
	for _, p := range postures {
		assert.Positive(t, p.Counts.Passed, p.Standard.ID)
		assert.Positive(t, p.Counts.Failed, p.Standard.ID)
		assert.Positive(t, p.Sections["not_covered"], p.Standard.ID)
	}
	_, out, _ = program(t, "-format", "csv")
	rows, err := csv.NewReader(bytes.NewReader([]byte(out))).ReadAll()
	require.NoError(t, err)
	assert.Greater(t, len(rows), 100)
}

func TestBadInput(t *testing.T) {
	for _, args := range [][]string{{"-format", "pdf"}, {"-standards", "cis-oracle-1.0"}, {"more"}, {"-html", filepath.Join(t.TempDir(), "no", "such", "folder")}} {
		code, _, errs := program(t, args...)
		assert.Equal(t, 2, code, args)
		assert.NotEmpty(t, errs)
	}
}
