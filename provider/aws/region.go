package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// regions returns the regions of an account to look at, sorted, and emits gaps for
// those that cannot be. For one asset it is the region that the ref names. Unless the
// account is surely not the owner nothing is called for that: whether the region is
// enabled shows when the asset is requested, which is then refused.
func (s *scan) regions(ctx context.Context, a *account, plans []plan) []string {
	asked, limited := s.requestedRegions(ctx, a)
	owner, home := s.home()
	if (owner == a.ID || owner == "") && home != "" && s.Only.Type != regionType && (!limited || slices.Contains(asked, home)) {
		return []string{home}
	}
	if limited && len(asked) == 0 {
		return nil
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
		why := awsapi.Unread("ec2:DescribeRegions", err)
		for _, t := range s.regionalTypes(plans) {
			s.Gap(ctx, accountScope(a.ID), t, why)
			s.Emit(ctx, &asset.Coverage{Scope: accountScope(a.ID), Type: t, State: asset.Partial})
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
		at := asset.Scope{Provider: providerName, Account: a.ID, Region: r}
		if code == codeNoRegion && slices.Contains(s.Query.Scopes, at) {
			s.Emit(ctx, provider.UnknownScope(at))
			continue
		}
		s.Gap(ctx, at, "", unread("ec2:DescribeRegions", code, message))
	}
	return regions
}

// regionalTypes returns the requested types that are looked for in each region.
func (s *scan) regionalTypes(plans []plan) []asset.Type {
	var types []asset.Type
	for _, p := range plans {
		types = append(types, p.regional...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// listRegions returns the regions that are enabled and all that exist, sorted. It asks
// EC2, and the account service if that is denied.
func (a *account) listRegions(ctx context.Context) (enabled, known []string, err error) {
	if enabled, known, err = timedRegions(ctx, a.session.RegionsByEC2); err != nil {
		if enabled, known, second := timedRegions(ctx, a.session.RegionsByAccount); second == nil {
			return enabled, known, nil
		}
	}
	return enabled, known, err
}

func timedRegions(ctx context.Context, list func(context.Context) (enabled, known []string, err error)) (enabled, known []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, collect.CallTimeout)
	defer cancel()
	return list(ctx)
}

// regionTables describe the regions themselves: settings of EC2 that hold for one.
func regionTables(u *unit) []collect.Table {
	client := ec2.NewFromConfig(u.config("ec2"))
	return []collect.Table{{
		Op:    "ec2:DescribeRegions",
		Also:  []string{"account:ListRegions"},
		Types: []asset.Type{regionType},
		List: func(context.Context, string) ([]*collect.Draft, string, error) {
			// That the region is enabled was asked when the account was entered.
			d := collect.NewDraft(regionType, regionRef(u.account.ID, u.region).ID, u.region)
			d.Config["RegionName"] = u.region
			return []*collect.Draft{d}, "", nil
		},
		Reads: []collect.Read{{
			Op: "ec2:GetEbsEncryptionByDefault",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
				if err != nil {
					return err
				}
				d.Config["EbsEncryptionByDefault"] = out.EbsEncryptionByDefault
				return nil
			},
		}, {
			Op: "ec2:GetEbsDefaultKmsKeyId",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
				if err != nil {
					return err
				}
				d.Config["EbsDefaultKmsKeyId"] = out.KmsKeyId
				return nil
			},
		}, {
			Op: "ec2:GetInstanceMetadataDefaults",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetInstanceMetadataDefaults(ctx, &ec2.GetInstanceMetadataDefaultsInput{})
				if err != nil {
					return err
				}
				d.Config["InstanceMetadataDefaults"] = out.AccountLevel
				return nil
			},
		}, {
			Op: "ec2:GetSnapshotBlockPublicAccessState",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetSnapshotBlockPublicAccessState(ctx, &ec2.GetSnapshotBlockPublicAccessStateInput{})
				if err != nil {
					return err
				}
				d.Config["SnapshotBlockPublicAccess"] = collect.Doc{"State": out.State, "ManagedBy": out.ManagedBy}
				return nil
			},
		}, {
			Op: "ec2:GetImageBlockPublicAccessState",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetImageBlockPublicAccessState(ctx, &ec2.GetImageBlockPublicAccessStateInput{})
				if err != nil {
					return err
				}
				d.Config["ImageBlockPublicAccess"] = collect.Doc{"ImageBlockPublicAccessState": out.ImageBlockPublicAccessState, "ManagedBy": out.ManagedBy}
				return nil
			},
		}, {
			Op: "ec2:GetSerialConsoleAccessStatus",
			Each: func(ctx context.Context, d *collect.Draft) error {
				out, err := client.GetSerialConsoleAccessStatus(ctx, &ec2.GetSerialConsoleAccessStatusInput{})
				if err != nil {
					return err
				}
				d.Config["SerialConsoleAccessEnabled"] = out.SerialConsoleAccessEnabled
				return nil
			},
		}},
	}}
}
