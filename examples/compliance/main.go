// Command compliance prints how far a snapshot complies with the CIS benchmarks and with
// a guideline of its own. Copy it as the start of a program of your own:
//
//	go run ./examples/compliance snapshot.ndjson.gz
package main

import (
	"context"
	"embed"
	"io"
	"log"
	"os"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/compliance"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/policy/report"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

// standards holds the guideline: a standard like any other.
//
//go:embed standards/*.yaml
var standards embed.FS

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: compliance SNAPSHOT")
	}
	if err := assess(context.Background(), os.Stdout, snapshot.File(os.Args[1], nil)); err != nil {
		log.Fatal(err)
	}
}

// assess writes the posture of every standard.
func assess(ctx context.Context, out io.Writer, from provider.Provider) error {
	set, err := policy.Load(&policy.Options{NoEvidence: true}, packs.AWS(), packs.Azure(), packs.GCP())
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
	inv, err := provider.Collect(ctx, provider.Query{Types: set.Types(), Reads: set.Reads()}, from)
	if err != nil {
		return err
	}
	postures, err := mapping.Assess(set.Evaluate(ctx, inv))
	if err != nil {
		return err
	}
	return report.PostureTable(out, postures, nil)
}
