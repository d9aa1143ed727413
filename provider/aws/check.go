package aws

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/provider"
)

// Check implements [provider.Checker]. It reports whether a discovery of the query can
// read each account: one tree for each, sorted by the account's id, which is the name of
// the node. Its children are "entry", "regions" with one node for each, and
// "permissions" with one for each permission that the query needs.
//
// Check asks IAM whether a permission is granted (iam:SimulatePrincipalPolicy) where
// that is permitted; the answer ignores policies of resources. Else it tries each
// operation once, in one region of the account, on the first asset that it
// finds: a permission is granted if an operation that needs it succeeds, and not
// known if there was no asset to try it on. Calls only read, except that Check makes IAM
// generate its credential report.
//
// Errors in listing the accounts are a tree named "accounts", the first. The error is
// the context's cause, or the reason why the credentials cannot be used at all.
func (p *Provider) Check(ctx context.Context, q provider.Query) ([]provider.CheckResult, error) {
	s := p.scan(q)
	byAccount := map[string]*provider.CheckResult{}
	work := func(ctx context.Context) error {
		accounts, err := s.accounts(ctx)
		if err != nil {
			return err
		}
		trees := make([]provider.CheckResult, len(accounts))
		var g errgroup.Group
		g.SetLimit(accountsAtOnce)
		for i, a := range accounts {
			byAccount[a.ID] = &trees[i]
			g.Go(func() error {
				trees[i] = s.check(ctx, a)
				return nil
			})
		}
		return g.Wait()
	}
	var gaps []*asset.Gap
	err := s.Drive(ctx, work, func(o asset.Observation) bool {
		if g, ok := o.(*asset.Gap); ok {
			gaps = append(gaps, g)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, g := range gaps {
		name := g.Scope.Account
		if name == "" || byAccount[name] != nil {
			name = "" // of a list of accounts that was read in part
		}
		if byAccount[name] == nil {
			byAccount[name] = &provider.CheckResult{Name: name}
		}
		why := &g.Cause
		byAccount[name].Children = append(byAccount[name].Children, failing(g.Cause.Op, why))
	}
	var all []provider.CheckResult
	for _, name := range slices.Sorted(maps.Keys(byAccount)) {
		tree := *byAccount[name]
		if tree.Name == "" {
			tree.Name = "accounts"
		}
		all = append(all, sum(tree))
	}
	return all, nil
}

// sum returns the node with the level of its worst child.
func sum(s provider.CheckResult) provider.CheckResult {
	if len(s.Children) == 0 {
		return s
	}
	s.Level = provider.CheckOK
	bad := 0
	for _, b := range s.Children {
		s.Level = min(s.Level, b.Level)
		if b.Level != provider.CheckOK {
			bad++
		}
	}
	if bad > 0 && s.Message == "" {
		s.Message = fmt.Sprintf("%d of %d are not ok", bad, len(s.Children))
	}
	return s
}

func failing(name string, why *asset.Unread) provider.CheckResult {
	if name == "" {
		name = why.Code
	}
	return provider.CheckResult{Name: name, Message: strings.TrimSuffix(why.Code+": "+why.Message, ": "), Action: action(why)}
}

// action returns what to do about a failed call.
func action(why *asset.Unread) string {
	switch why.Code {
	case codeNotActive:
		return "leave the account out, or have it made active again"
	case codeNoRole:
		return "name the role to assume in the accounts"
	case codeNoAccount:
		return "correct the number of the account, or take it out of the list"
	case codeNotEnabled:
		return "enable the region in the account, or leave it out"
	case codeNoRegion:
		return "correct the name of the region"
	case codeNotAsked:
		return "ask Organizations for the accounts"
	case awsapi.CodeTimeout, awsapi.CodeNoAnswer, awsapi.CodeNoEndpoint:
		return "see whether the service can be reached from here"
	}
	switch {
	case why.Reason == asset.Disabled:
		return "subscribe the account to the service, or leave its types out"
	case why.Op == "sts:AssumeRole" && why.Reason == asset.Denied:
		return "see that the account has the role, that the role trusts these credentials and that the external id is the one it asks for"
	case strings.HasPrefix(why.Op, "organizations:"):
		return "use credentials of the management account or of one to which it delegates, which are permitted " + why.Op
	case why.Reason == asset.Denied:
		return "permit " + why.Op
	}
	return "try again later"
}

// check makes the tree of one account.
func (s *scan) check(ctx context.Context, a *account) provider.CheckResult {
	tree := provider.CheckResult{Name: a.ID}
	if why := s.enter(ctx, a); why != nil {
		tree.Children = []provider.CheckResult{failing("entry", why)}
		return sum(tree)
	}
	entry := provider.CheckResult{Name: "entry", Level: provider.CheckOK, Message: "with the credentials themselves"}
	if a.assumed {
		entry.Message = "by the role " + s.provider.opts.Role.Name
	}
	regions := s.checkRegions(ctx, a)
	tree.Children = []provider.CheckResult{entry, regions, s.checkPermissions(ctx, a)}
	return sum(tree)
}

// checkRegions reports which regions of an account are scanned, and sets them.
func (s *scan) checkRegions(ctx context.Context, a *account) provider.CheckResult {
	node := provider.CheckResult{Name: "regions"}
	enabled, known, err := a.listRegions(ctx)
	asked, limited := s.requestedRegions(ctx, a)
	if err != nil {
		a.regions = asked
		node = failing(node.Name, awsapi.Unread("ec2:DescribeRegions", err))
		if len(asked) > 0 {
			node.Level = provider.CheckWarning // they are still scanned
		}
		return node
	}
	if !limited {
		asked = enabled
	}
	for _, r := range asked {
		switch {
		case slices.Contains(enabled, r):
			a.regions = append(a.regions, r)
			node.Children = append(node.Children, provider.CheckResult{Name: r, Level: provider.CheckOK})
		case slices.Contains(known, r):
			node.Children = append(node.Children, failing(r, unread("", codeNotEnabled, "the region is not enabled in the account")))
		default:
			node.Children = append(node.Children, failing(r, unread("", codeNoRegion, "there is no such region")))
		}
	}
	return sum(node)
}

// checkPermissions reports which permissions are granted.
func (s *scan) checkPermissions(ctx context.Context, a *account) provider.CheckResult {
	needed := s.provider.permissions(s.Query, s.askedElsewhere(a))
	names := slices.Sorted(maps.Keys(needed))
	answers, how := s.simulate(ctx, a, names), "as IAM simulates them"
	if answers == nil {
		answers, how = s.try(ctx, a, needed), "as they were tried, because they could not be simulated"
	}
	node := provider.CheckResult{Name: "permissions"}
	for _, name := range names {
		answer, ok := answers[name]
		if !ok {
			answer = provider.CheckResult{Level: provider.CheckWarning, Message: "there was no answer", Action: "try again later"}
		}
		answer.Name = name
		node.Children = append(node.Children, answer)
	}
	node = sum(node)
	node.Message = strings.TrimPrefix(node.Message+", "+how, ", ")
	return node
}
