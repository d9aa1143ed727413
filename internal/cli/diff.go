package cli

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/internal/printable"
)

// Diff returns the command that compares two snapshots.
func Diff() *Command {
	format := ""
	return &Command{
		Name:    "diff",
		Args:    "OLD NEW",
		Summary: "List what differs between two snapshots; exits with 1 if anything does",
		Flags: func(fl *flag.FlagSet) {
			fl.StringVar(&format, "format", "table", "`format` of the output: table or json")
		},
		Run: func(ctx context.Context, streams IO, args []string) (int, error) {
			write, ok := map[string]func(io.Writer, asset.Change) error{"table": changeLine, "json": changeJSON}[format]
			switch {
			case !ok:
				return Trouble, fmt.Errorf("-format %s: want table or json", format)
			case len(args) != 2:
				return Trouble, errors.New("want two snapshots")
			case args[0] == "-" && args[1] == "-":
				return Trouble, errors.New("standard input holds one snapshot")
			}
			before, err := readSnapshot(ctx, args[0], streams)
			if err != nil {
				return Trouble, err
			}
			after, err := readSnapshot(ctx, args[1], streams)
			if err != nil {
				return Trouble, err
			}
			code := Clean
			for c := range asset.Diff(before, after) {
				code = Found
				if err := write(streams.Out, c); err != nil {
					return Trouble, err
				}
			}
			return code, nil
		},
	}
}

func changeLine(w io.Writer, c asset.Change) error {
	line := fmt.Sprintf("%-11s %s", c.Kind, printable.Text(secret.Mask(c.Ref.String())))
	if c.Path != "" {
		line += " " + printable.Text(string(c.Path))
	}
	switch c.Kind {
	case asset.Changed, asset.Replaced:
		line += ": " + short(c.Old) + " -> " + short(c.New)
	case asset.Obscured:
		line += ": " + short(c.New)
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

// maxShown is the longest value that a line shows, in bytes.
const maxShown = 120

func short(v asset.Value) string {
	text := v.String()
	switch {
	case v.IsAbsent():
		text = "absent"
	case v.Unread() != nil:
		text = v.Unread().Error()
	}
	text = printable.Text(secret.Mask(text))
	if len(text) > maxShown {
		text = fmt.Sprintf("%.*s… (%d bytes)", maxShown, text, len(text))
	}
	return text
}

func changeJSON(w io.Writer, c asset.Change) error {
	return json.NewEncoder(w).Encode(struct {
		Kind string `json:"kind"`
		Type string `json:"type"`
		ID   string `json:"id"`
		Path string `json:"path"`
		Old  any    `json:"old"`
		New  any    `json:"new"`
	}{c.Kind.String(), string(c.Ref.Type), secret.Mask(c.Ref.ID), string(c.Path), jsonOf(c.Old), jsonOf(c.New)})
}

// jsonOf returns what stands for a value in JSON. A value that was not read, or not
// all of it, is its text.
func jsonOf(v asset.Value) any {
	if b, err := json.Marshal(v); err == nil {
		return json.RawMessage(b)
	}
	return short(v)
}
