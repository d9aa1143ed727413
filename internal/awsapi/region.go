package awsapi

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

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
	return sorted(enabled, known)
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
	return sorted(enabled, known)
}

// sorted sorts the regions. Every account has enabled regions: an answer without one is
// malformed, and a scan that believed it would look nowhere.
func sorted(enabled, known []string) ([]string, []string, error) {
	if len(enabled) == 0 || slices.Contains(known, "") {
		return nil, nil, &smithy.DeserializationError{Err: errors.New("malformed answer: no enabled region, or one without a name")}
	}
	slices.Sort(enabled)
	slices.Sort(known)
	return enabled, known, nil
}
