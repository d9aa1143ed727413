// Command findings is the program of the README: it prints what a snapshot breaks.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/snapshot"
)

func main() {
	ctx := context.Background()
	set, err := policy.Load(nil, packs.AWS(), packs.Azure(), packs.GCP())
	if err != nil {
		log.Fatal(err) // every problem of every policy, with its place
	}
	source := snapshot.File(os.Args[1], nil)
	inv, err := provider.Collect(ctx, provider.Query{Types: set.Types(), Reads: set.Reads()}, source)
	if err != nil {
		log.Fatal(err)
	}
	var sum policy.Summary
	for f, err := range set.Evaluate(ctx, inv) {
		if err != nil {
			log.Fatal(err)
		}
		sum.Add(f)
		if f.Status == policy.Fail || f.Status == policy.Unknown {
			fmt.Println(f.Status, f.Policy.Severity, f.Policy.ID, f.Subject.Ref().ID, f.Message)
		}
	}
	fmt.Printf("%d judged: %d fail, %d unknown\n", sum.Judged, sum.Statuses[policy.Fail], sum.Statuses[policy.Unknown])
}
