package packs

import (
	"embed"
	"io/fs"
)

//go:embed gcp/*/*.yaml
var gcp embed.FS

// GCP returns the pack for Google Cloud.
func GCP() fs.FS { return gcp }
