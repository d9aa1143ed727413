package policytest

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// Result counts what a check of a pack came to.
type Result struct {
	Policies, Cases int // that were tested
	Failures        int // cases that failed, and policies with another error
}

// Check tests a pack as [Run] does, without go test. It writes a line for each failure
// to w, and with verbose one for each case that passes and each note, too. Diagnostics
// of files are failures. The error is one of writing, or the cause of the context.
func Check(ctx context.Context, w io.Writer, fsys fs.FS, opts *Options, verbose bool) (Result, error) {
	c := &checker{ctx: ctx, w: w, verbose: verbose, result: &Result{}}
	run(c, fsys, opts)
	if c.err == nil {
		c.err = context.Cause(ctx)
	}
	return *c.result, c.err
}

// checker is a tester that writes lines.
type checker struct {
	ctx     context.Context
	w       io.Writer
	verbose bool
	path    []string // of the test: the policy, the case
	failed  bool
	result  *Result
	err     error
}

func (c *checker) Helper()                  {}
func (c *checker) Context() context.Context { return c.ctx }

func (c *checker) Logf(format string, args ...any) {
	if c.verbose {
		c.print("note", fmt.Sprintf(format, args...))
	}
}

func (c *checker) Errorf(format string, args ...any) {
	if !c.failed || len(c.path) < 2 {
		c.result.Failures++ // of one case, once
	}
	c.failed = true
	c.print("FAIL", fmt.Sprintf(format, args...))
}

func (c *checker) Run(name string, f func(tester)) bool {
	if c.ctx.Err() != nil || c.err != nil {
		return false
	}
	inner := &checker{ctx: c.ctx, w: c.w, verbose: c.verbose, path: append(c.path[:len(c.path):len(c.path)], name), result: c.result}
	if len(inner.path) == 1 {
		c.result.Policies++
	} else {
		c.result.Cases++
	}
	f(inner)
	if !inner.failed && c.verbose && len(inner.path) > 1 {
		inner.print("ok", "")
	}
	c.err = inner.err
	return !inner.failed
}

func (c *checker) print(what, text string) {
	line := what
	if len(c.path) > 0 {
		line += " " + strings.Join(c.path, "/")
	}
	if text != "" {
		line += ": " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ")
	}
	if _, err := fmt.Fprintln(c.w, line); err != nil && c.err == nil {
		c.err = err
	}
}
