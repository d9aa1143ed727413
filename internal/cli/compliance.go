package cli

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/report"
)

// Compliance returns the command that prints the posture of standards.
func Compliance() *Command {
	c := &posture{}
	return &Command{
		Name:    "compliance",
		Summary: "Print how far standards such as the CIS benchmarks are met, section by section",
		Flags:   c.flags,
		Run:     c.run,
	}
}

type posture struct {
	policies    Policies
	snapshot    string
	format      string
	html        string
	ids         []string
	directories paths
	all         bool
}

func (c *posture) flags(fl *flag.FlagSet) {
	c.policies.Register(fl)
	var formats []string
	for _, f := range report.PostureFormats() {
		formats = append(formats, f.Name)
	}
	fl.StringVar(&c.snapshot, "snapshot", "", "read this `file` instead of the example organization; - is standard input")
	fl.StringVar(&c.format, "format", "table", "`format` of the output: "+strings.Join(formats, ", "))
	fl.StringVar(&c.html, "html", "", "also write the posture as a page to this `file`")
	fl.Var(List(&c.ids), "standards", "`ids` of standards, separated by commas; without it all")
	fl.Var(&c.directories, "standard-dir", "read further standards from a `directory`; may be repeated")
	fl.BoolVar(&c.all, "all", false, "also print sections that pass or are not covered")
}

func (c *posture) run(ctx context.Context, streams IO, args []string) (int, error) {
	if err := noArguments(args); err != nil {
		return Trouble, err
	}
	formats := report.PostureFormats()
	i := slices.IndexFunc(formats, func(f report.PostureFormat) bool { return f.Name == c.format })
	if i < 0 {
		return Trouble, fmt.Errorf("-format %s: unknown format", c.format)
	}
	page := (*os.File)(nil)
	if c.html != "" {
		f, err := os.CreateTemp(filepath.Dir(c.html), ".stance-*")
		if err != nil {
			return Trouble, fmt.Errorf("-html: %w", err)
		}
		page = f
		defer os.Remove(f.Name())
		defer f.Close()
	}
	at := time.Now()
	if c.snapshot == "" {
		at = organization.Now()
	}
	postures, err := c.assess(ctx, streams, at)
	if err != nil {
		return Trouble, err
	}
	opts := &report.Options{All: c.all, Time: at, Source: sourceOf(c.snapshot), Version: version()}
	opts.Color, opts.Width = terminal(streams.Out)
	if err := formats[i].Write(streams.Out, postures, opts); err != nil {
		return Trouble, err
	}
	if page != nil {
		if err := report.PostureHTML(page, postures, opts); err != nil {
			return Trouble, err
		}
		if err := os.Chmod(page.Name(), 0o644); err != nil {
			return Trouble, err
		}
		if err := os.Rename(page.Name(), c.html); err != nil {
			return Trouble, err
		}
	}
	return Clean, nil
}

func (c *posture) assess(ctx context.Context, streams IO, at time.Time) ([]*compliance.Posture, error) {
	opts := &policy.Options{NoEvidence: true, Now: func() time.Time { return at }}
	set, err := c.policies.Set(opts)
	if err != nil {
		return nil, err
	}
	from := []fs.FS{compliance.CIS()}
	for _, name := range c.directories {
		fsys, err := directory(name)
		if err != nil {
			return nil, fmt.Errorf("-standard-dir: %w", err)
		}
		from = append(from, fsys)
	}
	known, err := compliance.Load(from...)
	if err != nil {
		return nil, err
	}
	mapping, err := compliance.NewMapping(set.Policies(), known...)
	if err != nil {
		return nil, err
	}
	inv, err := readSnapshot(ctx, c.snapshot, streams)
	if err != nil {
		return nil, err
	}
	postures, err := mapping.Assess(set.Evaluate(ctx, inv))
	if err != nil {
		return nil, err
	}
	return c.choose(postures)
}

// choose returns the postures that the flags request.
func (c *posture) choose(postures []*compliance.Posture) ([]*compliance.Posture, error) {
	if len(c.ids) == 0 {
		return postures, nil
	}
	var chosen []*compliance.Posture
	for _, id := range c.ids {
		i := slices.IndexFunc(postures, func(p *compliance.Posture) bool { return p.Standard.ID == id })
		if i < 0 {
			var ids []string
			for _, p := range postures {
				ids = append(ids, p.Standard.ID)
			}
			return nil, fmt.Errorf("-standards: unknown standard %q (has %s)", id, strings.Join(ids, ", "))
		}
		chosen = append(chosen, postures[i])
	}
	return chosen, nil
}
