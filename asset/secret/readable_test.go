package secret

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReadableNames(t *testing.T) {
	var part []string
	seen := map[string]bool{}
	for line := range strings.Lines(readableText) {
		name := strings.TrimSuffix(line, "\n")
		if name == "" || strings.HasPrefix(name, "#") {
			assert.True(t, slices.IsSorted(part), "sorted: %q", part)
			part = nil
			continue
		}
		assert.NotContains(t, name, " ")
		assert.False(t, seen[name], "duplicate %s", name)
		// A name that says that its value is a secret must not make the value readable.
		assert.False(t, secretNamed(name, "hunter2"), name)
		assert.False(t, secretNamed(name, "a1B2c3D4e5F6g7H8i9J0"), name)
		part, seen[name] = append(part, name), true
	}
	assert.True(t, slices.IsSorted(part), "sorted: %q", part)
	assert.Equal(t, seen, readable())

	var r *Redactor
	for _, name := range []string{"AWS_REGION", "LOG_LEVEL", "FUNCTIONS_WORKER_RUNTIME", "enable-oslogin"} {
		assert.True(t, r.allowed(name), name)
	}
	for _, name := range []string{"", "#", "aws_region", "AWS_SECRET_ACCESS_KEY", "startup-script"} {
		assert.False(t, r.allowed(name), name)
	}
	assert.True(t, (&Redactor{Allow: []string{"MINE"}}).allowed("MINE"))
}
