package report_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy/report"
)

func TestIsTerminal(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "file"))
	require.NoError(t, err)
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	defer null.Close()
	for _, f := range []*os.File{file, null} {
		assert.False(t, report.IsTerminal(f), f.Name())
		assert.Zero(t, report.TerminalWidth(f), f.Name())
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminal: ", err)
	}
	defer terminal.Close()
	assert.True(t, report.IsTerminal(terminal))
}

func TestFormats(t *testing.T) {
	seen := map[string]bool{}
	check := func(name, description, extension string) {
		assert.Regexp(t, `^[a-z]+$`, name)
		assert.False(t, seen[name], "duplicate format %q", name)
		assert.NotEmpty(t, description, name)
		assert.Regexp(t, `^\.[a-z]+$`, extension)
		seen[name] = true
	}
	for _, f := range report.Formats() {
		check(f.Name, f.Description, f.Extension)
	}
	clear(seen)
	for _, f := range report.PostureFormats() {
		check(f.Name, f.Description, f.Extension)
	}
}
