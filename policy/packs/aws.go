package packs

import (
	"embed"
	"io/fs"
)

//go:embed aws/*/*.yaml
var aws embed.FS

// AWS returns the pack for Amazon Web Services.
func AWS() fs.FS { return aws }
