package aws_test

import (
	"context"
	"fmt"
	"log"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
)

// Accounts of an organization, each entered with a role that Onboarding renders.
func ExampleNew() {
	var cfg sdk.Config // from config.LoadDefaultConfig of the AWS SDK
	p := aws.New(cfg, &aws.Options{
		Organization: true,
		Role:         aws.Role{Name: "stance-read", ExternalID: "0b1e7c52"},
		Groups:       asset.Groups{{Name: "production", Parents: []string{"prod"}}},
	})
	q := provider.Query{
		Types:    []asset.Type{"AWS::S3::Bucket"},
		Progress: func(p provider.Progress) { fmt.Println(p.Scope, p.Unit, p.Done, "of", p.Total) },
	}
	inv, err := provider.Collect(context.Background(), q, p)
	if err != nil {
		log.Print(err) // the inventory has what was observed before
	}
	for a := range inv.All() {
		fmt.Println(a.Account, a.Name)
	}
	for _, g := range inv.Gaps() {
		fmt.Println("gap in", g.Scope, g.Cause.Reason)
	}
}

func ExampleProvider_Permissions() {
	var cfg sdk.Config
	var p provider.Provider = aws.New(cfg, nil)
	permissions, err := provider.Permissions(p, provider.Query{
		Types: []asset.Type{"AWS::S3::Bucket"},
		Reads: map[asset.Type][]asset.Path{"AWS::S3::Bucket": {"access"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range permissions {
		fmt.Println(name)
	}
	// Output:
	// ec2:DescribeRegions
	// s3:GetBucketLocation
	// s3:GetBucketPolicy
	// s3:ListAllMyBuckets
}
