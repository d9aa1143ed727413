package reference_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/internal/reference"
)

func TestPagesAreUpToDate(t *testing.T) {
	pages, err := reference.Pages()
	require.NoError(t, err)
	dir := filepath.Join("..", "..", "docs", "reference")
	for name, want := range pages {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		if string(want) != string(got) {
			t.Errorf("%s is not what the generator writes; run go generate ./internal/reference", name)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.md"))
	require.NoError(t, err)
	assert.Len(t, files, len(pages), "a page that nothing generates")
}
