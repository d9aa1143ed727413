// Command multicloud judges an AWS account together with what a snapshot holds of other
// clouds. Copy it as the start of a program of your own:
//
//	go run ./examples/multicloud others.ndjson.gz
package main

import (
	"context"
	"io"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
	"github.com/openstance/stance/provider/snapshot"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: multicloud SNAPSHOT")
	}
	ctx := context.Background()
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := judge(ctx, os.Stdout, aws.New(cfg, nil), snapshot.File(os.Args[1], nil)); err != nil {
		log.Fatal(err)
	}
}

// judge evaluates the built-in policies over what the providers discover.
func judge(ctx context.Context, out io.Writer, providers ...provider.Provider) error {
	set, err := policy.Load(nil, packs.AWS(), packs.Azure(), packs.GCP())
	if err != nil {
		return err
	}
	inv, err := provider.Collect(ctx, provider.Query{Types: set.Types(), Reads: set.Reads()}, providers...)
	if err != nil {
		return err
	}
	return report.Table(out, set.Evaluate(ctx, inv), &report.Options{Gaps: inv.Gaps(), Coverage: inv.AllCoverage()})
}
