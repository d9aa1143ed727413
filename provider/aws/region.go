package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountapi "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// regions returns the regions of an account to look at, sorted, and emits gaps for
// those that cannot be. For one asset it is the region that the ref names. Unless the
// account is surely not the owner nothing is asked for that: whether the region is
// enabled shows when the asset is asked for, which is then refused.
func (s *scan) regions(ctx context.Context, a *account, plans []plan) []string {
	asked := slices.Clone(s.provider.opts.Regions)
	slices.Sort(asked)
	asked = slices.Compact(asked)
	owner, home := s.home()
	if (owner == a.ID || owner == "") && home != "" && s.only.Type != regionType && (len(asked) == 0 || slices.Contains(asked, home)) {
		return []string{home}
	}
	regions := s.enabledRegions(ctx, a, plans, asked)
	if slices.Contains(regions, home) {
		return []string{home}
	}
	// What is at home in a region that is not looked at may be seen in one that is.
	return regions
}

func (s *scan) enabledRegions(ctx context.Context, a *account, plans []plan, asked []string) []string {
	enabled, known, err := a.listRegions(ctx)
	switch {
	case err != nil && len(asked) > 0:
		return asked // what is not enabled answers so itself
	case err != nil:
		why := fault("ec2:DescribeRegions", err)
		for _, t := range s.regionalTypes(plans) {
			scope := asset.Scope{Provider: providerName, Account: a.ID}
			s.emit(ctx, &asset.Gap{Scope: scope, Type: t, Cause: *why})
			s.emit(ctx, &asset.Coverage{Scope: scope, Type: t, State: asset.Partial})
		}
		return nil
	case len(asked) == 0:
		return enabled
	}
	var regions []string
	for _, r := range asked {
		code, message := codeNotEnabled, "the region is not enabled in the account"
		switch {
		case slices.Contains(enabled, r):
			regions = append(regions, r)
			continue
		case !slices.Contains(known, r):
			code, message = codeNoRegion, "there is no such region"
		}
		s.emit(ctx, &asset.Gap{
			Scope: asset.Scope{Provider: providerName, Account: a.ID, Region: r},
			Cause: asset.Unread{Op: "ec2:DescribeRegions", Code: code, Message: message},
		})
	}
	return regions
}

// regionalTypes returns the types asked for that are looked for in each region.
func (s *scan) regionalTypes(plans []plan) []asset.Type {
	var types []asset.Type
	for _, pl := range plans {
		for _, t := range s.provider.inert(pl.service, s.query) {
			if !t.global {
				types = append(types, t.all()...)
			}
		}
	}
	types = slices.DeleteFunc(types, func(t asset.Type) bool { return !s.query.Wants(t) })
	slices.Sort(types)
	return slices.Compact(types)
}

// listRegions returns the regions that are enabled and all that there are, sorted.
// It asks EC2, and the account service if that is denied.
func (a *account) listRegions(ctx context.Context) (enabled, known []string, err error) {
	if enabled, known, err = a.listRegionsByEC2(ctx); err != nil {
		if enabled, known, second := a.listRegionsByAccount(ctx); second == nil {
			return enabled, known, nil
		}
	}
	return enabled, known, err
}

func (a *account) listRegionsByEC2(ctx context.Context) (enabled, known []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client := ec2.NewFromConfig(a.config("ec2", a.home()))
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

func (a *account) listRegionsByAccount(ctx context.Context) (enabled, known []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	client := accountapi.NewFromConfig(a.config("account", a.home()))
	for r, err := range provider.Pages(ctx, func(ctx context.Context, token string) ([]accounttypes.Region, string, error) {
		out, err := client.ListRegions(ctx, &accountapi.ListRegionsInput{MaxResults: aws.Int32(50), NextToken: optional(token)})
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

// regionTables describe the regions themselves: settings of EC2 that hold for one.
func regionTables(u *unit) []table {
	client := ec2.NewFromConfig(u.config("ec2"))
	return []table{{
		op:    "ec2:DescribeRegions",
		also:  []string{"account:ListRegions"},
		types: []asset.Type{regionType},
		list: func(context.Context, string) ([]*draft, string, error) {
			// That the region is enabled was asked when the account was entered.
			d := newDraft(regionType, regionRef(u.account.ID, u.region).ID, u.region)
			d.config["RegionName"] = u.region
			return []*draft{d}, "", nil
		},
		reads: []read{{
			op: "ec2:GetEbsEncryptionByDefault",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
				if err != nil {
					return err
				}
				d.config["EbsEncryptionByDefault"] = out.EbsEncryptionByDefault
				return nil
			},
		}, {
			op: "ec2:GetEbsDefaultKmsKeyId",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
				if err != nil {
					return err
				}
				d.config["EbsDefaultKmsKeyId"] = out.KmsKeyId
				return nil
			},
		}, {
			op: "ec2:GetInstanceMetadataDefaults",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetInstanceMetadataDefaults(ctx, &ec2.GetInstanceMetadataDefaultsInput{})
				if err != nil {
					return err
				}
				d.config["InstanceMetadataDefaults"] = out.AccountLevel
				return nil
			},
		}, {
			op: "ec2:GetSnapshotBlockPublicAccessState",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
				if err != nil {
					return err
				}
				d.config["SnapshotBlockPublicAccess"] = doc{"State": out.State, "ManagedBy": out.ManagedBy}
				return nil
			},
		}, {
			op: "ec2:GetImageBlockPublicAccessState",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
				if err != nil {
					return err
				}
				d.config["ImageBlockPublicAccess"] = doc{"ImageBlockPublicAccessState": out.ImageBlockPublicAccessState, "ManagedBy": out.ManagedBy}
				return nil
			},
		}, {
			op: "ec2:GetSerialConsoleAccessStatus",
			each: func(ctx context.Context, d *draft) error {
				out, err := client.GetSerialConsoleAccessStatus(ctx, &ec2.GetSerialConsoleAccessStatusInput{})
				if err != nil {
					return err
				}
				d.config["SerialConsoleAccessEnabled"] = out.SerialConsoleAccessEnabled
				return nil
			},
		}},
	}}
}
