package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/openstance/stance/policy/policytest"
)

// Test returns the command that runs the cases of packs.
func Test() *Command {
	opts := policytest.Options{}
	verbose := false
	return &Command{
		Name:    "test",
		Args:    "DIR...",
		Summary: "Run the test cases of the policies in directories",
		Flags: func(fl *flag.FlagSet) {
			fl.BoolVar(&verbose, "v", false, "print every case, and the conditions that no case has shown true or false")
			fl.Float64Var(&opts.MinCoverage, "min-coverage", 0, "the least `share`, from 0 to 1, of outcomes of conditions that the cases show")
		},
		Run: func(ctx context.Context, streams IO, args []string) (int, error) {
			switch {
			case len(args) == 0:
				return Trouble, errors.New("want at least one directory")
			case opts.MinCoverage < 0 || opts.MinCoverage > 1:
				return Trouble, fmt.Errorf("-min-coverage %v: want a share from 0 to 1", opts.MinCoverage)
			}
			var all policytest.Result
			for _, name := range args {
				fsys, err := directory(name)
				if err != nil {
					return Trouble, err
				}
				r, err := policytest.Check(ctx, streams.Out, fsys, &opts, verbose)
				if err != nil {
					return Trouble, err
				}
				all.Policies, all.Cases, all.Failures = all.Policies+r.Policies, all.Cases+r.Cases, all.Failures+r.Failures
			}
			fmt.Fprintf(streams.Out, "%d policies, %d cases, %d failures\n", all.Policies, all.Cases, all.Failures)
			if all.Failures > 0 {
				return Found, nil
			}
			return Clean, nil
		},
	}
}
