package aws

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A client that reaches an interface keeps all its operations in the program, which
// then has hundreds of megabytes.
func TestProgramIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("building the program takes long")
	}
	file := filepath.Join(t.TempDir(), "program")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", file, "./testdata/program").CombinedOutput()
	require.NoError(t, err, "%s", out)
	info, err := os.Stat(file)
	require.NoError(t, err)
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	assert.Less(t, info.Size(), int64(60e6))
}
