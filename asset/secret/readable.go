package secret

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed readable.txt
var readableText string

// readable returns the names whose values stay readable under secret paths.
var readable = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for line := range strings.Lines(readableText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			names[line] = true
		}
	}
	return names
})
