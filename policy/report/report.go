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
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Options holds what the writers of this package need beside findings or postures.
// Each writer ignores the fields that its format has no use for. A nil *Options is the
// zero one.
type Options struct {
	// All includes findings that pass or do not apply. Counts include them always.
	All bool

	Verbose bool // tables: details of each finding and how to repair it
	Color   bool // tables: use colors; see [IsTerminal]
	Width   int  // tables: columns of the terminal; 0 means 100, and less than 64 means 64

	// Time is the instant of the evaluation. [OCSF] and [ASFF] require it, and [Table] and
	// [HTML] show it.
	Time time.Time

	// Source says where the assets come from, for the heads of [Table] and [HTML], such
	// as "snapshot prod.ndjson" or "aws, organization o-1". Version is that of the
	// program that writes, for HTML, [SARIF] and [OCSF]. Both may be empty.
	Source, Version string

	// SourceFile is the file that the assets were read from, such as a snapshot, relative
	// to the root of its repository: the place that [SARIF] gives for assets that come
	// from no template. Empty means the file of the policy.
	SourceFile string

	// Hub is the account and the region of the Security Hub that [ASFF] writes for.
	Hub asset.Scope

	// Gaps and Coverage are the gaps and the coverage of the inventory
	// ([asset.Inventory.Gaps], [asset.Inventory.AllCoverage]), for [Table] and [HTML].
	// Gaps that are subjects of findings need not be among them.
	Gaps     []*asset.Gap
	Coverage []*asset.Coverage
	// AllowPartial lists types whose incomplete coverage is accepted: [JUnit] writes their
	// findings as skipped.
	AllowPartial []asset.Type
	// Earlier yields the findings of an earlier report, such as [ReadJSON] does, with which
	// HTML compares.
	Earlier iter.Seq2[Finding, error]
	// OwnerTag is the key of the tag that names the owner of an asset, for HTML. Empty
	// means owner, Owner or OWNER.
	OwnerTag string
	// UnknownTypes holds the numbers of assets whose types are in no schema, for Table
	// and HTML.
	UnknownTypes map[asset.Type]int
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
