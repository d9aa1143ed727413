// Command generate writes the reference pages.
package main

import (
	"flag"
	"log"
	"os"
	"path/filepath"

	"github.com/openstance/stance/internal/reference"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("o", "docs/reference", "directory to write to")
	flag.Parse()
	pages, err := reference.Pages()
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(*dir, name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
