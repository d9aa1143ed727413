// Package report writes findings in the forms that people and other tools read.
//
// Every function takes a sequence of findings, as [policy.Set.Evaluate] yields it,
// and ranges over it once. It keeps no finding longer than the step of the sequence
// that yielded it. If the sequence ends in an error the function returns that
// error, and what was written does not look complete: [JSON], [OCSF] and [ASFF],
// which write as they go, end in a JSON text that is not closed, so that no parser
// accepts it; all others write nothing.
//
// Names, messages and values come from clouds and are not trusted: control
// characters, those that change the direction of text and invalid UTF-8 are
// escaped, and no format lets them become markup, formulas or links. Secrets are
// not written: a redacted value is told to be one.
//
// A finding that fails and is accepted by an exception is told apart from others
// everywhere, and never counts as passed.
package report

import (
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Options says what to write. A nil *Options is the zero one.
type Options struct {
	// All writes findings that pass or do not apply, too. Counts include them in
	// any case.
	All bool

	Color bool // Table: use colors; see IsTerminal
	Width int  // Table: columns of the terminal; 0 means 100, and less than 64 means 64

	// Gaps and Coverage are what an inventory says of itself ([asset.Inventory.Gaps],
	// [asset.Inventory.Statements]), for Table and HTML. Gaps that findings carry
	// need not be among them.
	Gaps     []*asset.Gap
	Coverage []*asset.Coverage
}

func (o *Options) orZero() Options {
	if o == nil {
		return Options{}
	}
	return *o
}

func (o Options) shows(f policy.Finding) bool {
	return o.All || f.Status == policy.Fail || f.Status == policy.Unknown
}

// accepted reports whether the finding fails and is accepted by its exception.
func accepted(f policy.Finding) bool {
	return f.Status == policy.Fail && f.Exception != nil
}

// IsTerminal reports whether the file is a terminal or another character device,
// for the choice of Options.Color.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// whole writes what render makes of all findings, or nothing if there is an error.
func whole(w io.Writer, format string, findings iter.Seq2[policy.Finding, error],
	add func(policy.Finding), render func() ([]byte, error)) error {
	for f, err := range findings {
		if err != nil {
			return err
		}
		add(f)
	}
	return write(w, format, render)
}

// write writes what render makes, or nothing if there is an error.
func write(w io.Writer, format string, render func() ([]byte, error)) error {
	b, err := render()
	if err == nil {
		_, err = w.Write(b)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", format, err)
	}
	return nil
}
