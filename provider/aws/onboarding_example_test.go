package aws_test

import (
	"context"
	"fmt"
	"log"
	"os"

	sdk "github.com/aws/aws-sdk-go-v2/aws"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/policy/packs"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
)

func ExampleOnboarding() {
	o := aws.Onboarding{
		Role:      aws.Role{Name: "stance-read", ExternalID: "0b1e7c52"},
		Principal: "arn:aws:iam::111122223333:role/scanner",
		Query: provider.Query{
			Types: []asset.Type{"AWS::S3::Bucket"},
			Reads: map[asset.Type][]asset.Path{"AWS::S3::Bucket": {"access"}},
		},
	}
	for _, p := range o.Permissions() {
		fmt.Println(p)
	}
	template, err := o.CloudFormation()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.DevNull, template, 0o644); err != nil {
		log.Fatal(err)
	}
	// Output:
	// ec2:DescribeRegions
	// s3:GetBucketLocation
	// s3:GetBucketPolicy
	// s3:ListAllMyBuckets
}

func ExampleProvider_Check() {
	set, err := policy.Load(nil, packs.AWS())
	if err != nil {
		log.Fatal(err)
	}
	var cfg sdk.Config // from the program's credentials
	p := aws.New(cfg, &aws.Options{Organization: true, Role: aws.Role{Name: "stance-read", ExternalID: "0b1e7c52"}})
	trees, err := p.Check(context.Background(), provider.Query{Types: set.Types(), Reads: set.Reads()})
	if err != nil {
		log.Fatal(err)
	}
	for _, account := range trees {
		for _, part := range account.Children {
			fmt.Println(account.Name, part.Name, part.Level, part.Message, part.Action)
		}
	}
}
