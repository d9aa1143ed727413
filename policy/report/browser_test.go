package report_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy/report"
)

// TestBrowser has a real browser read the page of findings whose names try to run as
// scripts, and looks at what it made of them.
func TestBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not on the PATH")
	}
	attack := `</td><script>document.title='owned'</script><img src=x onerror="document.title='owned'">`
	var page bytes.Buffer
	require.NoError(t, report.HTML(&page, seq(hostile(t, attack)...), nil))
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	require.NoError(t, os.WriteFile(file, page.Bytes(), 0o600))

	dom, err := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--dump-dom", "file://"+file).Output()
	require.NoError(t, err)
	text := string(dom)
	assert.Contains(t, text, "&lt;script&gt;document.title", "the name is shown as it is")
	assert.NotContains(t, text, "<script", "the page has no scripts")
	assert.NotContains(t, text, "<title>owned", "a name ran")
	assert.NotContains(t, text, "<img", "a name became markup")
}
