package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/report"
)

// Output holds the flags that say what to print of findings, where, and what the exit
// code depends on.
type Output struct {
	format       string
	files        paths
	all, verbose bool
	failOn       severity
	allowPartial []string
	hub          asset.Scope
	ownerTag     string
	earlier      string
	bom          bool
}

// Register adds the flags to a set of flags.
func (o *Output) Register(fl *flag.FlagSet) {
	o.failOn = severity{policy.Informational}
	fl.StringVar(&o.format, "format", "table", "`format` of the output: "+strings.Join(formatNames(), ", "))
	fl.Var(&o.files, "out", "also write the findings to a file, as `FORMAT=FILE`; may be repeated")
	fl.BoolVar(&o.all, "all", false, "also print findings that pass or do not apply")
	fl.BoolVar(&o.verbose, "v", false, "print the details of every finding: evidence, rationale, remediation")
	fl.BoolVar(&o.bom, "bom", false, "begin csv with a byte order mark, by which Excel knows UTF-8")
	fl.Var(&o.failOn, "fail-on", "exit with 1 if a finding of this `severity` or above fails or is unknown; or none")
	fl.Func("hub", "the Security Hub that asff is for, as `ACCOUNT/REGION`", func(text string) error {
		account, region, ok := strings.Cut(text, "/")
		if !ok || account == "" || region == "" {
			return errors.New("want ACCOUNT/REGION")
		}
		o.hub = asset.Scope{Provider: "aws", Account: account, Region: region}
		return nil
	})
	fl.StringVar(&o.ownerTag, "owner-tag", "", "the `key` of the tag that names the owner of an asset, for html; without it, owner")
	fl.StringVar(&o.earlier, "earlier", "", "compare with the findings of an earlier scan in this `file` of -format json, for html")
	fl.Var(List(&o.allowPartial), "allow-partial", "`types` whose coverage may be incomplete without an exit code of 1, separated by commas")
}

func formatNames() []string {
	var names []string
	for _, f := range report.Formats() {
		names = append(names, f.Name)
	}
	return names
}

func formatNamed(flag, name string) (report.Format, error) {
	all := report.Formats()
	if i := slices.IndexFunc(all, func(f report.Format) bool { return f.Name == name }); i >= 0 {
		return all[i], nil
	}
	return report.Format{}, fmt.Errorf("%s %s: want one of %s", flag, name, strings.Join(formatNames(), ", "))
}

// sink is a writer of findings in one format.
type sink struct {
	name  string // of the file; "" is the standard output
	write report.Format
	file  *os.File // a temporary file, until it is whole
}

// sinks is what the findings are written to. The standard output is the first.
type sinks []*sink

// open checks the flags and opens every file, so that a long scan does not end in a
// file that cannot be written.
func (o *Output) open() (all sinks, err error) {
	format, err := formatNamed("-format", o.format)
	if err != nil {
		return nil, err
	}
	all = sinks{{write: format}}
	defer func() {
		if err != nil {
			all.abandon()
		}
	}()
	for _, text := range o.files {
		name, file, ok := strings.Cut(text, "=")
		if !ok || file == "" {
			return nil, fmt.Errorf("-out %s: want FORMAT=FILE", text)
		}
		format, err := formatNamed("-out", name)
		if err != nil {
			return nil, err
		}
		f, err := os.CreateTemp(filepath.Dir(file), ".stance-*")
		if err != nil {
			return nil, fmt.Errorf("-out %s: %w", text, err)
		}
		all = append(all, &sink{name: file, write: format, file: f})
	}
	if o.earlier != "" {
		if _, err := os.Stat(o.earlier); err != nil {
			return nil, fmt.Errorf("-earlier: %w", err)
		}
	}
	if o.hub.Account == "" && slices.ContainsFunc(all, func(x *sink) bool { return x.write.Name == "asff" }) {
		return nil, errors.New("-format asff: needs -hub ACCOUNT/REGION")
	}
	return all, nil
}

// locate reports whether an output shows findings in the file that the assets are from.
func (s sinks) locate() bool {
	return slices.ContainsFunc(s, func(x *sink) bool { return x.write.Name == "sarif" || x.write.Name == "gitlab" })
}

// abandon removes the files that are not whole.
func (s sinks) abandon() {
	for _, x := range s {
		if x.file != nil {
			x.file.Close()
			os.Remove(x.file.Name())
		}
	}
}

// write writes the findings to every sink. The error of one keeps no finding from the
// others. A file appears under its name when it is whole.
func (s sinks) write(out io.Writer, findings iter.Seq2[policy.Finding, error], opts *report.Options) error {
	if len(s) > 1 {
		kept, err := collected(findings)
		findings = func(yield func(policy.Finding, error) bool) {
			for _, f := range kept {
				if !yield(f, nil) {
					return
				}
			}
			if err != nil {
				yield(policy.Finding{}, err)
			}
		}
	}
	var errs []error
	for _, x := range s {
		if x.file == nil {
			errs = append(errs, x.write.Write(out, findings, opts))
			continue
		}
		plain := *opts
		plain.Color, plain.Width = false, 0
		err := x.write.Write(x.file, findings, &plain)
		if err = cmp.Or(err, x.file.Close()); err == nil {
			err = os.Chmod(x.file.Name(), 0o644)
		}
		if err == nil {
			err = os.Rename(x.file.Name(), x.name)
		}
		if err != nil {
			os.Remove(x.file.Name())
			errs = append(errs, fmt.Errorf("-out %s=%s: %w", x.write.Name, x.name, err))
		}
		x.file = nil
	}
	return errors.Join(errs...)
}

func collected(findings iter.Seq2[policy.Finding, error]) (all []policy.Finding, err error) {
	for f, err := range findings {
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
	return all, nil
}

// bad reports whether a finding makes the exit code [Found].
func (o *Output) bad(f policy.Finding) bool {
	switch {
	case f.Status != policy.Fail && f.Status != policy.Unknown:
		return false
	case f.Exception != nil, f.Policy.Severity < o.failOn.Severity:
		return false
	}
	return f.Subject.Kind() != policy.OfCoverage || !slices.Contains(o.allowPartial, string(f.Subject.Ref().Type))
}

// source describes what the findings are made of.
type source struct {
	name  string            // for the head of a report
	file  string            // that the assets were read from, or ""
	lines map[asset.Ref]int // of assets in the file, if an output needs them
	at    time.Time         // the instant of the evaluation
	inv   *asset.Inventory
	set   *policy.Set
}

// report writes the findings to every sink. It returns the exit code; an error goes with
// [Trouble].
func (o *Output) report(all sinks, streams IO, findings iter.Seq2[policy.Finding, error], from source) (int, error) {
	var sum policy.Summary
	for a := range from.inv.All() {
		sum.Observe(a)
	}
	opts, err := o.options(from, &sum)
	if err != nil {
		return Trouble, err
	}
	opts.Color, opts.Width = terminal(streams.Out)
	found := false
	watched := func(yield func(policy.Finding, error) bool) {
		for f, err := range sum.Findings(findings) {
			found = found || err == nil && o.bad(f)
			if !yield(f, err) {
				return
			}
		}
	}
	switch err := all.write(streams.Out, watched, opts); {
	case err != nil:
		return Trouble, err
	case sum.Judged == 0:
		return Trouble, errors.New("nothing was judged: there is no asset of a type that the policies are about")
	case found:
		return Found, nil
	}
	return Clean, nil
}

// options returns what the writers need. Gaps and coverage of types that no policy
// needs are omitted: they hide no finding.
func (o *Output) options(from source, sum *policy.Summary) (*report.Options, error) {
	opts := &report.Options{
		All: o.all, Verbose: o.verbose, Time: from.at, Source: from.name, SourceFile: from.file, Version: version(), BOM: o.bom,
		SourceLine: func(r asset.Ref) int { return from.lines[r] },
		Hub:        o.hub, OwnerTag: o.ownerTag, UnknownTypes: sum.UnknownTypes,
	}
	for _, t := range o.allowPartial {
		opts.AllowPartial = append(opts.AllowPartial, asset.Type(t))
	}
	needed := map[asset.Type]bool{"": true}
	for _, t := range from.set.Types() {
		needed[t] = true
	}
	for _, g := range from.inv.Gaps() {
		if needed[g.Type] {
			opts.Gaps = append(opts.Gaps, g)
		}
	}
	for _, c := range from.inv.AllCoverage() {
		if needed[c.Type] {
			opts.Coverage = append(opts.Coverage, c)
		}
	}
	if o.earlier == "" {
		return opts, nil
	}
	f, err := os.Open(o.earlier)
	if err != nil {
		return nil, fmt.Errorf("-earlier: %w", err)
	}
	defer f.Close()
	var kept []report.Finding
	for x, err := range report.ReadJSON(f) {
		if err != nil {
			return nil, fmt.Errorf("-earlier %s: %w", o.earlier, err)
		}
		kept = append(kept, x)
	}
	opts.Earlier = func(yield func(report.Finding, error) bool) {
		for _, x := range kept {
			if !yield(x, nil) {
				return
			}
		}
	}
	return opts, nil
}

// version returns the version of the program, or "" if it was built without one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "(devel)" {
		return ""
	}
	return info.Main.Version
}
