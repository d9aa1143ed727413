// Command stance judges clouds from the command line: it scans, explains, tests policies
// and lists what the library knows.
//
//	go run ./examples/stance scan -cloud aws
//
// README.md describes the commands. Exit codes: 0, nothing at or above -fail-on fails or
// is unknown; 1, something does; 2, the job could not be done, or nothing was judged.
package main

import (
	"context"
	"slices"

	"github.com/openstance/stance/internal/cli"
)

func main() { cli.Exec(run) }

func run(ctx context.Context, streams cli.IO, args []string) int {
	commands := slices.Concat(
		[]*cli.Command{cli.Scan(awsCloud()), cli.Compliance(), cli.Explain(), cli.Test(), cli.Lint(), cli.Diff(), cli.Role(), cli.Schema()},
		cli.Lists(),
	)
	return cli.Dispatch(ctx, "stance", streams, args, commands...)
}
