package policytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPackOfAnotherModule makes a module of its own of the example of a third party's
// pack, and runs go test in it, offline, against this checkout.
func TestPackOfAnotherModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a module")
	}
	const module, outside = "github.com/openstance/stance", "example.com/mypack"
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples", "mypack"))))

	rewrite := func(name string, change func(string) string) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		changed := change(string(text))
		require.NotEqual(t, string(text), changed, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(changed), 0o600))
	}
	rewrite("mypack_test.go", func(s string) string {
		return strings.ReplaceAll(s, module+"/examples/mypack", outside)
	})
	// The requirements of this module are those of the other one, too, so that nothing
	// has to be looked up.
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	require.NoError(t, err)
	other := strings.Replace(string(mod), "module "+module+"\n", "module "+outside+"\n", 1) +
		"\nrequire " + module + " v0.0.0\n\nreplace " + module + " => " + root + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(other), 0o600))
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.sum"), sums, 0o600))

	goTest := func(args ...string) (string, error) {
		cmd := exec.Command("go", append([]string{"test", "-count=1", "-v"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := goTest()
	require.NoError(t, err, out)
	assert.Contains(t, out, "--- PASS: TestPack/acme-owner-tag/tags_not_read")
	assert.Contains(t, out, "--- PASS: TestPack/acme-bucket-key/rotates")

	out, err = goTest("-run", "TestPack/acme-owner-tag$")
	require.NoError(t, err, out)
	assert.Contains(t, out, "--- PASS: TestPack/acme-owner-tag/tagged")
	assert.NotContains(t, out, "acme-bucket-key")

	rewrite("policies/acme-owner-tag.yaml", func(s string) string {
		return strings.Replace(s, "{name: no tags, want: fail", "{name: no tags, want: pass", 1)
	})
	out, err = goTest()
	require.Error(t, err)
	assert.Contains(t, out, "acme-owner-tag.yaml:19: want pass, got fail")
	assert.Contains(t, out, "params.tag in asset.tags => false")
}
