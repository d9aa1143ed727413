package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/openstance/stance/internal/fileschema"
)

// Schema returns the command that prints the JSON Schemas of files.
func Schema() *Command {
	kinds := strings.Join(fileschema.Kinds(), "|")
	return &Command{
		Name:    "schema",
		Args:    kinds,
		Summary: "Print the JSON Schema of a kind of files, for editors",
		Run: func(_ context.Context, streams IO, args []string) (int, error) {
			if len(args) != 1 {
				return Trouble, fmt.Errorf("want one kind of files: %s", kinds)
			}
			text, err := fileschema.Schema(args[0])
			if err != nil {
				return Trouble, err
			}
			_, err = streams.Out.Write(text)
			return Clean, err
		},
	}
}
