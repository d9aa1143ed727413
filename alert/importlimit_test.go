package alert

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImportBoundsLines(t *testing.T) {
	const text = "{\"format\":\"stance-alerts\",\"version\":1}\n" + `{"document":{"kind":"rules","name":"all","data":"eA=="}}` + "\n{\"end\":1}\n"
	line := strings.Index(text, "\n{\"end") - strings.Index(text, "{\"doc") + 1
	require.NoError(t, importLines(t.Context(), NewMemory(nil), "t", strings.NewReader(text), line))
	err := importLines(t.Context(), NewMemory(nil), "t", strings.NewReader(text), line-1)
	assert.EqualError(t, err, "import: line 2: line too long (want at most 56 bytes)")
}
