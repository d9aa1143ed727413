package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

func accountRef(id string) asset.Ref { return asset.Ref{Type: accountType, ID: id} }

func regionRef(account, region string) asset.Ref {
	return asset.Ref{Type: regionType, ID: account + "/" + region}
}

// account is an account that is scanned.
type account struct {
	Account
	session *awsapi.Account
	assumed bool     // by a role, so that entering it is a call of its own
	regions []string // that are scanned, once entered

	netOwners sync.Map // what netOwners calls, by region
	seen      sync.Map // refs that each region returns, once one has
	indexes   sync.Map // what reads an index, by region

	aggregator func(context.Context) (string, error) // what readAggregator returns, called once
}

func newAccount(a Account, session *awsapi.Account) *account {
	x := &account{Account: a, session: session}
	x.aggregator = collect.Once(x.readAggregator)
	return x
}

// rate returns the rate limit of a service.
func (p *Provider) rate(service string) (perSecond float64, burst int) {
	for _, s := range p.services {
		if s.name == service {
			return s.rate, s.burst
		}
	}
	return 0, 0
}

// parents returns the scopes around an asset of the account, nearest first.
func (a *account) parents(t asset.Type) []asset.Ref {
	refs := make([]asset.Ref, 0, 1+len(a.Units))
	if t != accountType {
		refs = append(refs, accountRef(a.ID))
	}
	for _, u := range a.Units {
		refs = append(refs, asset.Ref{Type: unitType, ID: u.ARN})
	}
	return refs
}

// start returns the account of the credentials after the chain of roles.
func (s *scan) start(ctx context.Context) (*account, error) {
	cfg := s.provider.cfg
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	ctx, cancel := context.WithTimeout(ctx, collect.CallTimeout)
	defer cancel()
	for _, r := range s.provider.opts.Chain {
		id, err := arn.Parse(r.Name)
		if err != nil {
			return nil, fmt.Errorf("role %q of the chain: %w", r.Name, err)
		}
		cfg = awsapi.Assume(cfg, r.Name, awsapi.Role(r))
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, startError("account "+id.AccountID, cfg.Region, "sts:AssumeRole", " of "+r.Name, err)
		}
	}
	id, partition, caller, err := awsapi.Identity(ctx, cfg)
	if err != nil {
		return nil, startError("account of the credentials", cfg.Region, "sts:GetCallerIdentity", "", err)
	}
	session := awsapi.NewAccount(id, partition, cfg, s.provider.rate)
	session.Caller = caller
	return newAccount(Account{ID: id}, session), nil
}

// startError says why nothing can be observed. It does not wrap the error of the SDK,
// whose text may repeat the request.
func startError(account, region, op, of string, err error) error {
	why := awsapi.Unread(op, err)
	return fmt.Errorf("%s, region %s, %s%s: %s: %s", account, region, why.Op, of, why.Code, why.Message)
}

// accounts returns the accounts to look at, sorted by id, and emits gaps for those
// that cannot be.
func (s *scan) accounts(ctx context.Context) ([]*account, error) {
	opts := &s.provider.opts
	if err := opts.Groups.Validate(); err != nil {
		return nil, err
	}
	own, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	list, whole := []Account{unnamed(own.ID, nil)}, true
	if opts.Organization {
		if list, err = s.organization(ctx, own); err != nil {
			why := awsapi.Unread("organizations:ListAccounts", err)
			s.Gap(ctx, asset.Scope{Provider: providerName}, "", why)
			list, whole = []Account{unnamed(own.ID, why)}, false
		}
	} else if len(opts.Accounts) > 0 {
		list = nil
		for _, id := range opts.Accounts {
			list = append(list, unnamed(id, nil))
		}
	}
	told := map[string]bool{} // the accounts for which there is a gap
	for _, id := range opts.Accounts {
		if !slices.ContainsFunc(list, func(a Account) bool { return a.ID == id }) {
			s.Gap(ctx, accountScope(id), "", unread("", codeNoAccount, "the account is not in the organization"))
			told[id] = true
		}
	}
	var all []*account
	for _, a := range list {
		in, why := opts.grouped(&a)
		switch {
		case len(opts.Accounts) > 0 && !slices.Contains(opts.Accounts, a.ID):
		case why != nil:
			cause := *why
			cause.Message = awsapi.Clip("cannot tell whether the account is in a group: " + why.Message)
			s.Gap(ctx, accountScope(a.ID), "", &cause)
			told[a.ID] = true
		case !in:
		case opts.Match != nil && !opts.Match(a):
		case a.ID == own.ID:
			own.Account = a
			all = append(all, own)
		default:
			other := newAccount(a, own.session.Assume(a.ID, awsapi.Role(opts.Role)))
			other.assumed = true
			all = append(all, other)
		}
	}
	slices.SortFunc(all, func(a, b *account) int { return strings.Compare(a.ID, b.ID) })
	all = slices.CompactFunc(all, func(a, b *account) bool { return a.ID == b.ID })
	if s.management != "" {
		for _, a := range all {
			s.members = append(s.members, a.ID)
		}
	}
	if whole {
		s.unknownScopes(ctx, all, told)
	}
	all = slices.DeleteFunc(all, func(a *account) bool { return !s.wantsAccount(a.ID) })
	return all, nil
}

// unnamed returns an account of which Organizations did not tell, for a reason or as it
// was not asked.
func unnamed(id string, why *asset.Unread) Account {
	if why == nil {
		why = unread("", codeNotAsked, "the account was not requested of Organizations")
	}
	return Account{ID: id, nameUnread: why, unitsUnread: why, tagsUnread: why}
}

func accountScope(id string) asset.Scope { return asset.Scope{Provider: providerName, Account: id} }

// enter gets the credentials of the account, and returns why that is not possible.
func (s *scan) enter(ctx context.Context, a *account) *asset.Unread {
	if a.Status != "" && a.Status != "ACTIVE" {
		return unread("", codeNotActive, "the account is "+strings.ToLower(strings.ReplaceAll(a.Status, "_", " ")))
	}
	if !a.assumed {
		return nil
	}
	if s.provider.opts.Role.Name == "" {
		return unread("sts:AssumeRole", codeNoRole, "no role is given to enter other accounts with")
	}
	ctx, cancel := context.WithTimeout(ctx, collect.CallTimeout)
	defer cancel()
	if err := a.session.Enter(ctx); err != nil {
		return awsapi.Unread("sts:AssumeRole", err)
	}
	return nil
}
