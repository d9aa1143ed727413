package expr

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who writes a policy finds every function, and the macros, in the documentation of
// package policy.
func TestFunctionsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../policy/doc.go")
	require.NoError(t, err)
	names := make([]string, 0, len(helpers))
	for _, f := range helpers {
		names = append(names, strings.TrimPrefix(f.name, "@"))
	}
	for _, name := range names {
		assert.Contains(t, string(doc), "//\t"+name+"(", name)
	}
}
