package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/openstance/stance/provider"
)

// RegionsByEC2 returns the regions that are enabled in the account and all that exist,
// sorted, as EC2 lists them.
func (a *Account) RegionsByEC2(ctx context.Context) (enabled, known []string, err error) {
	client := ec2.NewFromConfig(a.Config("ec2", a.Home()))
	out, err := client.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	if err != nil {
		return nil, nil, err
	}
	for _, r := range out.Regions {
		known = append(known, aws.ToString(r.RegionName))
		if aws.ToString(r.OptInStatus) != "not-opted-in" {
			enabled = append(enabled, aws.ToString(r.RegionName))
		}
	}
	slices.Sort(enabled)
	slices.Sort(known)
	return enabled, known, nil
}

// RegionsByAccount returns the regions that are enabled in the account and all that
// exist, sorted, as the account service lists them.
func (a *Account) RegionsByAccount(ctx context.Context) (enabled, known []string, err error) {
	client := accountapi.NewFromConfig(a.Config("account", a.Home()))
	for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]accounttypes.Region, string, error) {
		in := &accountapi.ListRegionsInput{MaxResults: aws.Int32(50)}
		if token != "" {
			in.NextToken = &token
		}
		out, err := client.ListRegions(ctx, in)
		if err != nil {
			return nil, "", err
		}
		return out.Regions, aws.ToString(out.NextToken), nil
	}) {
		if err != nil {
			return nil, nil, err
		}
		known = append(known, aws.ToString(r.RegionName))
		switch r.RegionOptStatus {
		case accounttypes.RegionOptStatusEnabled, accounttypes.RegionOptStatusEnabledByDefault:
			enabled = append(enabled, aws.ToString(r.RegionName))
		}
	}
	slices.Sort(enabled)
	slices.Sort(known)
	return enabled, known, nil
}
