package asset_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportsTheStandardLibraryAlone(t *testing.T) {
	const self = "github.com/openstance/stance/asset"
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", self).Output()
	require.NoError(t, err)
	assert.Equal(t, []string{self}, strings.Fields(string(out)))
}
