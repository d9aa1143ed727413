package packs

import (
	"embed"
	"io/fs"
)

//go:embed azure/*/*.yaml
var azure embed.FS

// Azure returns the pack for Microsoft Azure and Microsoft Entra.
func Azure() fs.FS { return azure }
