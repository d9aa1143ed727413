// Command posture evaluates policies over a snapshot of an organisation and prints
// what it breaks, without a cloud and without a server:
//
//	go run ./examples/posture
//
// With nothing else it looks at the example organisation that it carries, with the
// policies of policy/packs. See README.md for the flags and for how to write a
// snapshot of one's own.
//
// It exits with 0 if nothing is broken, with 1 if findings at or above -fail-on fail
// or are unknown, and with 2 if the job could not be done.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/examples/internal/cli"
	"github.com/openstance/stance/internal/organization"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	fl := flag.NewFlagSet("posture", flag.ContinueOnError)
	fl.SetOutput(errs)
	fl.Usage = func() {
		fmt.Fprintf(errs, "usage: posture [flags]\n       posture [flags] -explain POLICY ASSET\n\n")
		fl.PrintDefaults()
	}
	var findings cli.Findings
	findings.Register(fl)
	file := fl.String("snapshot", "", "read this snapshot instead of the example organisation; - is standard input")
	if err := findings.Parse(fl, args); errors.Is(err, flag.ErrHelp) {
		return cli.Clean
	} else if err != nil {
		fmt.Fprintf(errs, "posture: %v\n", err)
		return cli.Trouble
	}
	code, err := scan(ctx, &findings, *file, fl.Args(), in, out, errs)
	if err != nil {
		fmt.Fprintf(errs, "posture: %v\n", err)
	}
	return code
}

func scan(ctx context.Context, findings *cli.Findings, file string, args []string, in io.Reader, out, errs io.Writer) (int, error) {
	opts := &policy.Options{}
	if file == "" {
		opts.Now = organization.Now
	}
	set, err := findings.Set(opts)
	if err != nil {
		return cli.Trouble, err
	}
	if asked, err := findings.Role(out, set); asked {
		if err != nil {
			return cli.Trouble, err
		}
		return cli.Clean, nil
	}
	inv, err := read(ctx, file, in, errs)
	if err != nil {
		return cli.Trouble, err
	}
	return findings.Report(ctx, out, errs, set, inv, args)
}

// read reads the snapshot. Memory is bounded by the inventory: a program that streams
// uses policy.Set.Index and EvaluateEach instead.
func read(ctx context.Context, file string, in io.Reader, errs io.Writer) (*asset.Inventory, error) {
	meter := cli.NewMeter(errs)
	defer meter.Done()
	inv := &asset.Inventory{}
	count := 0
	take := func(o asset.Observation) {
		inv.Add(o)
		count++
		meter.Show(func() string { return fmt.Sprintf("%d observations read", count) })
	}
	switch file {
	case "-":
		opts := &snapshot.Options{Name: "standard input"}
		for o, err := range snapshot.Read(in, opts) {
			if err == nil {
				err = context.Cause(ctx)
			}
			if err != nil {
				return nil, err
			}
			take(o)
		}
	default:
		p := organization.Provider()
		if file != "" {
			p = snapshot.File(file, nil)
		}
		for o, err := range p.Discover(ctx, provider.Query{}) {
			if err != nil {
				return nil, err
			}
			take(o)
		}
	}
	return inv, nil
}
