// Package report writes findings and compliance postures in the formats that people and
// other programs read.
//
// Each writer of findings takes a sequence, such as [policy.Set.Evaluate] returns, and
// ranges over it once. It does not keep a finding after the step that yielded it. If the
// sequence ends in an error, the writer returns that error, and its output does not look
// complete: [JSON], [OCSF] and [ASFF], which write as they go, end in an unclosed JSON
// object that no parser accepts; the others write nothing. [Formats] lists the writers.
//
// Names, messages and values come from clouds and are not trusted. Control characters,
// characters that change the direction of text, and invalid UTF-8 are escaped. No format
// turns names into markup, formulas or links; [HTML] links to the consoles of the clouds
// and nowhere else. Secrets are not written: a redacted value is marked as redacted, and
// tokens in ids are masked ([policy.Finding.Masked]).
//
// Every format distinguishes findings that an exception accepts from other failures, and
// counts none of them as passed.
package report

import (
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// Options configures the writers of this package. Each writer ignores the fields that do
// not concern its format. A nil *Options is the zero Options.
type Options struct {
	// All includes findings that pass or do not apply. Counts always include them.
	All bool

	Verbose bool // tables: details of each policy and finding
	Color   bool // tables: use colors; see [IsTerminal]
	Width   int  // tables: columns of the terminal; 0 means 100, and less than 64 means 64

	// Time is the time of the evaluation. [OCSF] and [ASFF] require it, and [Table],
	// [HTML] and [SARIF] state it unless it is zero.
	Time time.Time

	// Source describes the source of the assets, such as "snapshot prod.ndjson", for the
	// heads of [Table] and the pages. Version is the version of the calling program, for
	// the pages, [SARIF] and [OCSF]. Both may be empty.
	Source, Version string

	// SourceFile is the file from which the assets were read, such as a snapshot, relative
	// to the root of its repository. [SARIF] and [GitLab] use it as the location of assets
	// that come from no template. Empty means the file of the policy.
	SourceFile string
	// SourceLine returns the line of an asset in SourceFile, from 1, or 0 if it is not
	// known. Nil means that no line is known.
	SourceLine func(asset.Ref) int

	// BOM begins the output of CSV with a byte order mark, by which Excel knows UTF-8.
	BOM bool

	// Hub is the account and region of the Security Hub that imports the output of [ASFF].
	Hub asset.Scope

	// Gaps and Coverage are the gaps and the coverage of the inventory
	// ([asset.Inventory.Gaps], [asset.Inventory.AllCoverage]), for [Table] and [HTML].
	// Gaps that are subjects of findings may be omitted.
	Gaps     []*asset.Gap
	Coverage []*asset.Coverage
	// AllowPartial lists types whose incomplete coverage is accepted: [JUnit] writes their
	// findings as skipped.
	AllowPartial []asset.Type
	// Earlier is a sequence of the findings of an earlier report, such as [ReadJSON]
	// returns. HTML lists the changes since then. Nil means no comparison.
	Earlier iter.Seq2[Finding, error]
	// OwnerTag is the key of the tag that names the owner of an asset, for HTML. Empty
	// means owner, Owner or OWNER.
	OwnerTag string
	// UnknownTypes holds the number of assets of each type that has no schema, such as
	// policy.Summary counts them, for Table, HTML and SARIF.
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

// whole writes what render makes of all findings, masked, or nothing if there is an error.
func whole(w io.Writer, format string, findings iter.Seq2[policy.Finding, error],
	add func(policy.Finding), render func() ([]byte, error)) error {
	return wholeWithLines(w, format, findings, nil, func(f policy.Finding, _ int) { add(f) }, render)
}

// wholeWithLines is whole for formats that need the line of the asset in the file that it
// was read from, which a masked id does not tell. The line is 0 if it is not known.
func wholeWithLines(w io.Writer, format string, findings iter.Seq2[policy.Finding, error], lineOf func(asset.Ref) int,
	add func(policy.Finding, int), render func() ([]byte, error)) error {
	for f, err := range findings {
		if err != nil {
			return err
		}
		line := 0
		if a := f.Asset(); a != nil && lineOf != nil {
			line = lineOf(a.Ref)
		}
		add(f.Masked(), line)
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
