// Program scans an account with the policies of AWS. It is built to be weighed.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
)

func main() {
	if err := scan(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func scan(ctx context.Context) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	set, err := policy.Load(nil, packs.AWS())
	if err != nil {
		return err
	}
	p := aws.New(cfg, &aws.Options{Organization: true})
	q := provider.Query{Types: set.Types(), Reads: set.Reads()}
	if _, err := p.Check(ctx, q); err != nil {
		return err
	}
	if _, err := (&aws.Onboarding{Query: q}).CloudFormation(); err != nil {
		return err
	}
	inv, err := provider.Collect(ctx, q, p)
	if err != nil {
		return err
	}
	for f, err := range set.Evaluate(ctx, inv) {
		if err != nil {
			return err
		}
		fmt.Println(f.Policy.ID, f.Status)
	}
	return nil
}
