package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/openstance/stance/internal/printable"
	"github.com/openstance/stance/policy"
)

// Lint returns the command that checks files without evaluating anything.
func Lint() *Command {
	return &Command{
		Name:    "lint",
		Args:    "PATH...",
		Summary: "Check directories of policies, overlays (files) and snapshots (.ndjson, .ndjson.gz)",
		Run: func(ctx context.Context, streams IO, args []string) (int, error) {
			if len(args) == 0 {
				return Trouble, errors.New("want directories of policies, overlays or snapshots")
			}
			code := Clean
			for _, name := range args {
				problems, err := lint(ctx, streams, name)
				if err != nil {
					return Trouble, err
				}
				for _, p := range problems {
					code = Found
					fmt.Fprintln(streams.Out, printable.Lines(p))
				}
			}
			return code, nil
		},
	}
}

// lint returns the problems of a file or a directory. The error is one of reading it.
func lint(ctx context.Context, streams IO, name string) ([]string, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		fsys, err := directory(name)
		if err != nil {
			return nil, err
		}
		return lintPolicies(fsys), nil
	case strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".gz"):
		return lintSnapshot(ctx, name)
	}
	_, err = policy.ReadOverlay(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	return problems(err), nil
}

func lintPolicies(fsys fs.FS) []string {
	policies, err := policy.Read(fsys)
	_, more := policy.NewSet(nil, policies...)
	if err == nil && more == nil && len(policies) == 0 {
		return []string{"no policies"}
	}
	return problems(errors.Join(err, more))
}

// problems returns the texts of joined errors.
func problems(err error) []string {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var texts []string
		for _, e := range all.Unwrap() {
			texts = append(texts, problems(e)...)
		}
		return texts
	}
	return []string{err.Error()}
}
