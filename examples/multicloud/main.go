// Command multicloud scans clouds as they are and prints what they break:
//
//	go run ./examples/multicloud -cloud aws
//
// It looks at the account of the credentials that the environment or a profile holds,
// or at an organisation, with the policies of policy/packs for that cloud. See README.md
// for the flags.
//
// It exits with 0 if nothing is broken, with 1 if findings at or above -fail-on fail
// or are unknown, and with 2 if nothing could be read. What could not be read beside
// other things that could is told on standard error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog"
	"github.com/openstance/stance/examples/internal/cli"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// job is what the flags say.
type job struct {
	findings cli.Findings
	clouds   list
	types    list
	aws      awsFlags
	output   string
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	fl := flag.NewFlagSet("multicloud", flag.ContinueOnError)
	fl.SetOutput(errs)
	fl.Usage = func() {
		fmt.Fprintf(errs, "usage: multicloud -cloud CLOUD [flags]\n       multicloud -cloud CLOUD [flags] -explain POLICY ASSET\n\n")
		fl.PrintDefaults()
	}
	j := job{findings: cli.Findings{RoleFlag: "print-role"}}
	j.findings.Register(fl)
	fl.Var(&j.clouds, "cloud", "`clouds` to scan, separated by commas: aws")
	fl.StringVar(&j.output, "o", "", "write what was seen to this `file` as a snapshot; a name that ends in .gz is gzip")
	fl.Var(&j.types, "types", "`types` to see besides those that the policies need, such as AWS::Glue::Job, separated by commas; -o writes them, too")
	j.aws.register(fl)
	err := j.findings.Parse(fl, args)
	if errors.Is(err, flag.ErrHelp) {
		return cli.Clean
	}
	code := cli.Trouble
	if err == nil {
		code, err = j.scan(ctx, fl.Args(), out, errs)
	}
	if err != nil {
		fmt.Fprintf(errs, "multicloud: %v\n", err)
	}
	return code
}

// list is a flag of several texts.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	for s := range strings.SplitSeq(text, ",") {
		if s = strings.TrimSpace(s); s == "" {
			return errors.New("an empty name in the list")
		}
		*l = append(*l, s)
	}
	return nil
}

func (j *job) scan(ctx context.Context, args []string, out, errs io.Writer) (int, error) {
	if len(j.clouds) == 0 {
		return cli.Trouble, errors.New("-cloud: which one? The program knows aws")
	}
	meter := newProgress(errs)
	defer meter.done()
	var providers []provider.Provider
	for _, cloud := range slices.Compact(slices.Sorted(slices.Values(j.clouds))) {
		switch cloud {
		case "aws":
			p, err := j.aws.provider(ctx)
			if err != nil {
				return cli.Trouble, err
			}
			providers = append(providers, ownTypes{p})
		default:
			return cli.Trouble, fmt.Errorf("-cloud %s: the program knows aws", cloud)
		}
		j.findings.Clouds = append(j.findings.Clouds, cloud)
	}
	set, err := j.findings.Set(&policy.Options{})
	if err != nil {
		return cli.Trouble, err
	}
	if asked, err := j.findings.Role(out, set); asked {
		if err != nil {
			return cli.Trouble, err
		}
		return cli.Clean, nil
	}
	if j.output != "" {
		if _, err := os.Stat(filepath.Dir(j.output)); err != nil {
			return cli.Trouble, fmt.Errorf("-o: %w", err)
		}
	}
	q, err := j.query(set)
	if err != nil {
		return cli.Trouble, err
	}
	q.Progress = meter.show
	inv, err := provider.Collect(ctx, q, providers...)
	meter.done()
	switch {
	case ctx.Err() != nil:
		return cli.Trouble, context.Cause(ctx)
	case err != nil && inv.Len() == 0:
		return cli.Trouble, err
	case err != nil:
		fmt.Fprintf(errs, "multicloud: %v\n", err)
	}
	tellGaps(errs, inv)
	if inv.Len() == 0 {
		return cli.Trouble, errors.New("nothing could be read")
	}
	if j.output != "" {
		if err := write(j.output, inv); err != nil {
			return cli.Trouble, err
		}
	}
	return j.findings.Report(ctx, out, errs, set, inv, args)
}

// query asks for what the policies read, and for all of the types that were named.
func (j *job) query(set *policy.Set) (provider.Query, error) {
	q := provider.Query{Types: set.Types(), Reads: set.Reads()}
	for _, name := range j.types {
		schema, ok := catalog.Schema(asset.Type(name))
		if !ok || !slices.Contains(j.findings.Clouds, schema.Type.Provider()) {
			return q, fmt.Errorf("-types %s: there is no such type in %s", name, strings.Join(j.findings.Clouds, ", "))
		}
		q.Types = append(q.Types, schema.Type)
		delete(q.Reads, schema.Type)
	}
	slices.Sort(q.Types)
	q.Types = slices.Compact(q.Types)
	return q, nil
}

// ownTypes requests only the types of a provider's own cloud: each type of another cloud
// would be a gap.
type ownTypes struct{ provider.Provider }

func (o ownTypes) Unwrap() provider.Provider { return o.Provider }

func (o ownTypes) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	q.Types = slices.DeleteFunc(slices.Clone(q.Types), func(t asset.Type) bool { return t.Provider() != o.Name() })
	return o.Provider.Discover(ctx, q)
}
