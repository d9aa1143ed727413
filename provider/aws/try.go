package aws

import (
	"context"
	"fmt"
	"slices"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

// try calls the operations that permissions are for, each once, in one region.
func (s *scan) try(ctx context.Context, a *account, permissions map[string][]string) map[string]provider.CheckResult {
	var regions []string
	if len(a.regions) > 0 {
		regions = a.regions[:1]
		if home := a.session.Home(); slices.Contains(a.regions, home) {
			regions = []string{home}
		}
	}
	var units []*collect.Unit
	for _, p := range s.plans() {
		units = append(units, s.units(a, p, regions)...)
	}
	probe := s.Probe(ctx, units)
	_, _, err := timedRegions(ctx, a.session.RegionsByEC2)
	probe.Note("ec2:DescribeRegions", err)
	if _, needed := permissions["account:ListRegions"]; needed {
		_, _, err := timedRegions(ctx, a.session.RegionsByAccount)
		probe.Note("account:ListRegions", err)
	}
	answers := map[string]provider.CheckResult{}
	for permission, operations := range permissions {
		answers[permission] = probed(probe, permission, operations, regions)
	}
	return answers
}

// probed says whether a permission is granted, by how the operations went that need it.
func probed(probe *collect.Probe, permission string, operations, regions []string) provider.CheckResult {
	var denial, failure *asset.Unread
	var granted string
	for _, op := range operations {
		why, tried := probe.Outcome(op)
		switch {
		case !tried:
		case why == nil:
			granted = op
		case why.Reason == asset.Denied && (why.Op == op || why.Op == permission):
			denial = why
		default:
			failure = why
		}
	}
	where := ""
	if len(regions) > 0 {
		where = " in " + regions[0]
	}
	switch {
	case granted != "":
		return provider.CheckResult{Level: provider.CheckOK, Message: granted + " succeeded"}
	case denial != nil:
		return provider.CheckResult{Message: fmt.Sprintf("%s: %s: %s", denial.Op, denial.Code, denial.Message), Action: "add " + permission + " to the policies of the role"}
	case failure != nil:
		return provider.CheckResult{Level: provider.CheckWarning, Message: fmt.Sprintf("%s: %s: %s", failure.Op, failure.Code, failure.Message), Action: action(failure)}
	}
	return provider.CheckResult{Level: provider.CheckWarning, Message: "there was nothing to try it on" + where, Action: "permit iam:SimulatePrincipalPolicy, so that IAM can be asked"}
}
