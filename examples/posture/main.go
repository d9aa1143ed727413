// Command posture evaluates policies over a snapshot of an organization and prints
// which of them it breaks, without a cloud and without a server:
//
//	go run ./examples/posture
//
// Without flags it evaluates the policies of policy/packs over the example organization
// that it carries. README.md describes the flags, and how to write a snapshot.
//
// Exit codes: 0, nothing at or above -fail-on fails or is unknown; 1, something does; 2,
// the job could not be done, or nothing was judged.
package main

import (
	"context"

	"github.com/openstance/stance/internal/cli"
)

func main() { cli.Exec(run) }

func run(ctx context.Context, streams cli.IO, args []string) int {
	return cli.Scan().Main(ctx, "posture", streams, args)
}
