// Command compliance prints how far the example organisation complies with the CIS
// foundations benchmarks of its three clouds, and with a guideline of its own, and
// writes the same as a page for a browser:
//
//	go run ./examples/compliance -html posture.html
//
// It exits with 0, or with 2 if the job could not be done.
package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/openstance/stance/examples/internal/cli"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
	"github.com/openstance/stance/provider"
)

// standards has the organisation's own guideline: a standard like any other.
//
//go:embed standards/*.yaml
var standards embed.FS

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	fl := flag.NewFlagSet("compliance", flag.ContinueOnError)
	fl.SetOutput(errs)
	page := fl.String("html", "", "write the posture as a page to this `file`")
	format := fl.String("format", "table", "`form` of the output: table, json or csv")
	only := fl.String("standards", "cis-aws-5.0,cis-azure-5.0,cis-gcp-5.0,example-guideline", "`ids` of standards, separated by commas")
	all := fl.Bool("all", false, "also print sections that pass or are not covered")
	if err := fl.Parse(args); errors.Is(err, flag.ErrHelp) {
		return cli.Clean
	} else if err != nil || fl.NArg() > 0 {
		fmt.Fprintln(errs, "compliance: want flags only")
		return cli.Trouble
	}
	err := posture(ctx, out, strings.Split(*only, ","), *format, *page, *all)
	if err != nil {
		fmt.Fprintf(errs, "compliance: %v\n", err)
		return cli.Trouble
	}
	return cli.Clean
}

func posture(ctx context.Context, out io.Writer, ids []string, format, page string, all bool) error {
	var policies []*policy.Policy
	for _, pack := range []fs.FS{packs.AWS(), packs.Azure(), packs.GCP()} {
		read, err := policy.Read(pack)
		if err != nil {
			return err
		}
		policies = append(policies, read...)
	}
	set, err := policy.NewSet(&policy.Options{Now: organization.Now, NoEvidence: true}, policies...)
	if err != nil {
		return err
	}
	inv, err := provider.Collect(ctx, provider.Query{}, organization.Provider())
	if err != nil {
		return err
	}
	known, err := compliance.Load(compliance.CIS(), standards)
	if err != nil {
		return err
	}
	mapping, err := compliance.NewMapping(set.Policies(), known...)
	if err != nil {
		return err
	}
	postures, err := mapping.Assess(set.Evaluate(ctx, inv))
	if err != nil {
		return err
	}
	if postures, err = choose(postures, ids); err != nil {
		return err
	}
	switch format {
	case "table":
		err = report.PostureTable(out, postures, &report.Options{All: all})
	case "json":
		err = report.PostureJSON(out, postures, nil)
	case "csv":
		err = report.PostureCSV(out, postures, nil)
	default:
		err = fmt.Errorf("-format %s: want table, json or csv", format)
	}
	if err != nil || page == "" {
		return err
	}
	var b bytes.Buffer
	if err := report.PostureHTML(&b, postures, nil); err != nil {
		return err
	}
	return os.WriteFile(page, b.Bytes(), 0o644)
}

func choose(postures []*compliance.Posture, ids []string) ([]*compliance.Posture, error) {
	var chosen []*compliance.Posture
	for _, id := range ids {
		i := slices.IndexFunc(postures, func(p *compliance.Posture) bool { return p.Standard.ID == id })
		if i < 0 {
			return nil, fmt.Errorf("-standards: there is no standard %q", id)
		}
		chosen = append(chosen, postures[i])
	}
	return chosen, nil
}
