package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the expected output")

// TestRun pins what the program prints. The partial scan of the third day resolves nothing.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, filepath.Join(t.TempDir(), "alerts.db")))
	golden := filepath.Join("testdata", "output.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), out.String())
}

func TestUnusableFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	require.NoError(t, os.WriteFile(file, bytes.Repeat([]byte("not a database\n"), 1000), 0o600))
	var out bytes.Buffer
	assert.Error(t, run(t.Context(), &out, file))
	assert.Empty(t, out.String())
}
