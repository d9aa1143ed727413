// Package cli is what the example programs share: the flags that say which policies
// to evaluate and what to print, and the exit codes.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
)

// The exit codes of the programs.
const (
	Clean   = 0
	Found   = 1 // findings at or above -fail-on
	Trouble = 2 // the job could not be done
)

// Findings is the flags that all programs have.
type Findings struct {
	// Clouds, if there are any, are the providers that the program looks at. Policies
	// about types of others are left out. To be set before Set is called.
	Clouds []string
	// RoleFlag is the name of the flag that prints a role, "role" if it is empty. To be
	// set before Register is called.
	RoleFlag string

	packs       dirs
	format      string
	all         bool
	minSeverity severity
	failOn      severity
	explain     string
	role        string
	overlays    dirs
}

// Register adds the flags to a set of flags.
func (f *Findings) Register(fl *flag.FlagSet) {
	f.minSeverity, f.failOn = severity{policy.Informational}, severity{policy.Informational}
	fl.Var(&f.packs, "packs", "read policies from a `directory` instead of the built-in ones; may be repeated")
	fl.StringVar(&f.format, "format", "table", "`form` of the output: table, json, junit or sarif")
	fl.BoolVar(&f.all, "all", false, "also print findings that pass or do not apply")
	fl.Var(&f.minSeverity, "min-severity", "leave out policies below this `severity`")
	fl.Var(&f.failOn, "fail-on", "exit with 1 if a finding of this `severity` or above fails or is unknown; or none")
	fl.Var(&f.overlays, "overlay", "adapt the policies as a `file` says: selection, severities, parameters, exceptions; may be repeated")
	if f.RoleFlag == "" {
		f.RoleFlag = "role"
	}
	fl.StringVar(&f.role, f.RoleFlag, "", "print the role that the policies need of a `cloud`, aws, azure or gcp, and do nothing else")
	fl.StringVar(&f.explain, "explain", "", "print how the `policy` decides for the asset whose id follows the flags")
}

type dirs []string

func (d *dirs) String() string     { return strings.Join(*d, ",") }
func (d *dirs) Set(s string) error { *d = append(*d, s); return nil }

type severity struct{ policy.Severity }

// none is a severity that no policy has.
const none = policy.Critical + 1

func (s *severity) String() string {
	if s.Severity == none {
		return "none"
	}
	return s.Severity.String()
}

func (s *severity) Set(text string) (err error) {
	if text == "none" {
		s.Severity = none
		return nil
	}
	s.Severity, err = policy.ParseSeverity(text)
	return err
}

// Parse parses the arguments and checks what the flags say.
func (f *Findings) Parse(fl *flag.FlagSet, args []string) error {
	if err := fl.Parse(args); err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"table", "json", "junit", "sarif"}, f.format):
		return fmt.Errorf("-format %s: want table, json, junit or sarif", f.format)
	case f.explain != "" && fl.NArg() != 1:
		return errors.New("-explain POLICY wants the id of one asset after the flags")
	case f.explain == "" && fl.NArg() != 0:
		return fmt.Errorf("unexpected argument %q", fl.Arg(0))
	case f.minSeverity.Severity == none:
		return errors.New("-min-severity: want a severity")
	}
	return nil
}

// Set makes the set of policies.
func (f *Findings) Set(opts *policy.Options) (*policy.Set, error) {
	from := []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()}
	if len(f.packs) > 0 {
		from = nil
		for _, d := range f.packs {
			if info, err := os.Stat(d); err != nil {
				return nil, fmt.Errorf("-packs: %w", err)
			} else if !info.IsDir() {
				return nil, fmt.Errorf("-packs: %s is not a directory", d)
			}
			from = append(from, os.DirFS(d))
		}
	}
	var policies []*policy.Policy
	var faults []error
	for _, fsys := range from {
		read, err := policy.Read(fsys)
		faults = append(faults, err)
		policies = append(policies, read...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(policies) == 0 {
		return nil, fmt.Errorf("no policies in %s", f.packs.String())
	}
	for _, name := range f.overlays {
		o, err := policy.ReadOverlay(os.DirFS(filepath.Dir(name)), filepath.Base(name))
		if err != nil {
			return nil, err
		}
		opts.Overlays = append(opts.Overlays, o)
	}
	if len(f.Clouds) > 0 {
		only := &policy.Overlay{}
		for _, cloud := range f.Clouds {
			only.Only = append(only.Only, policy.Selector{Provider: cloud})
		}
		opts.Overlays = append(opts.Overlays, only)
	}
	if f.minSeverity.Severity > policy.Informational {
		opts.Overlays = append(opts.Overlays, &policy.Overlay{Only: []policy.Selector{{Severity: f.minSeverity.Severity}}})
	}
	return policy.NewSet(opts, policies...)
}

// Role prints the role that the set needs, if the flags ask for one.
func (f *Findings) Role(out io.Writer, set *policy.Set) (asked bool, err error) {
	if f.role == "" {
		return false, nil
	}
	role, err := catalog.Role(f.role, "stance-read", set.Reads(), nil)
	if err == nil {
		_, err = out.Write(role)
	}
	return true, err
}

// Report evaluates the set over the inventory and prints the findings, or explains
// one. It returns the exit code; the error, if there is one, goes with [Trouble].
func (f *Findings) Report(ctx context.Context, out, progress io.Writer, set *policy.Set, inv *asset.Inventory, args []string) (int, error) {
	if f.explain != "" {
		return f.explanation(ctx, out, set, inv, args[0])
	}
	code := Clean
	findings := func(yield func(policy.Finding, error) bool) {
		meter := NewMeter(progress)
		defer meter.Done()
		count := 0
		for finding, err := range set.Evaluate(ctx, inv) {
			if err == nil {
				bad := finding.Status == policy.Fail || finding.Status == policy.Unknown
				if bad && finding.Exception == nil && finding.Policy.Severity >= f.failOn.Severity {
					code = Found
				}
			}
			count++
			meter.Show(func() string { return fmt.Sprintf("%d findings of %d assets", count, inv.Len()) })
			if !yield(finding, err) {
				return
			}
		}
	}
	opts := &report.Options{All: f.all, Gaps: inv.Gaps(), Coverage: inv.AllCoverage()}
	if file, ok := out.(*os.File); ok && report.IsTerminal(file) {
		opts.Color = os.Getenv("NO_COLOR") == ""
	}
	write := map[string]func(io.Writer, iter.Seq2[policy.Finding, error], *report.Options) error{
		"table": report.Table, "json": report.JSON, "junit": report.JUnit, "sarif": report.SARIF,
	}[f.format]
	if err := write(out, findings, opts); err != nil {
		return Trouble, err
	}
	return code, nil
}

func (f *Findings) explanation(ctx context.Context, out io.Writer, set *policy.Set, inv *asset.Inventory, id string) (int, error) {
	p, ok := set.Policy(f.explain)
	if !ok {
		return Trouble, fmt.Errorf("there is no policy %q", f.explain)
	}
	var found []*asset.Asset
	for a := range inv.All() {
		if a.ID == id || a.Name == id {
			found = append(found, a)
		}
	}
	for _, a := range found {
		about := slices.ContainsFunc(p.Checks, func(c policy.Check) bool { return slices.Contains(c.Types, a.Type) })
		if !about && len(found) > 1 {
			continue
		}
		x, err := set.Explain(ctx, p.ID, a, inv)
		if err != nil {
			return Trouble, err
		}
		if err := report.Explanation(out, x, nil); err != nil {
			return Trouble, err
		}
	}
	if len(found) == 0 {
		return Trouble, fmt.Errorf("there is no asset with the id or name %q", id)
	}
	return Clean, nil
}

// Meter shows how far long work has come, on one line of a terminal and nowhere else.
type Meter struct {
	w    io.Writer
	last time.Time
	used bool
}

// NewMeter returns a meter for w, which shows nothing if w is not a terminal.
func NewMeter(w io.Writer) *Meter {
	if f, ok := w.(*os.File); !ok || !report.IsTerminal(f) {
		return &Meter{}
	}
	return &Meter{w: w, last: time.Now()}
}

// Show replaces the line, a few times in a second at most.
func (m *Meter) Show(text func() string) {
	if m.w == nil || time.Since(m.last) < 200*time.Millisecond {
		return
	}
	m.last, m.used = time.Now(), true
	fmt.Fprintf(m.w, "\r\x1b[K%s", text())
}

// Done takes the line away.
func (m *Meter) Done() {
	if m.used {
		fmt.Fprint(m.w, "\r\x1b[K")
	}
}
