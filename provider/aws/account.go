package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/openstance/stance/asset"
)

// Types of the account and its regions, which CloudFormation does not have.
const (
	accountType asset.Type = "Stance::AWS::Account"
	regionType  asset.Type = "Stance::AWS::Region"
)

func accountRef(id string) asset.Ref { return asset.Ref{Type: accountType, ID: id} }

func regionRef(account, region string) asset.Ref {
	return asset.Ref{Type: regionType, ID: account + "/" + region}
}

// account is an account that is looked at.
type account struct {
	Account
	provider  *Provider
	partition string
	cfg       aws.Config // with the credentials of the account
	assumed   bool       // by a role, so that entering it is a call of its own
	caller    string     // the ARN of who looks, if it is known
	regions   []string   // that are looked at, once entered

	netOwners sync.Map // what netOwners calls, by region
	seen      sync.Map // refs that each region tells of, once one has
	indexes   sync.Map // what reads an index, by region

	aggregator func(context.Context) (string, error) // what readAggregator returns, asked once

	mu       sync.Mutex
	limiters map[[2]string]*limiter // by region and service
}

func newAccount(p *Provider, a Account, partition string, cfg aws.Config) *account {
	x := &account{Account: a, provider: p, partition: partition, cfg: cfg, limiters: map[[2]string]*limiter{}}
	x.aggregator = once(x.readAggregator)
	return x
}

// homes are the regions of the partitions that answer for what is global.
func (a *account) home() string {
	switch a.partition {
	case "aws":
		return "us-east-1"
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return a.cfg.Region
}

// config returns the configuration for a service in a region.
func (a *account) config(service, region string) aws.Config {
	a.mu.Lock()
	l, ok := a.limiters[[2]string{region, service}]
	if !ok {
		var rate float64
		var burst int
		for _, s := range a.provider.services {
			if s.name == service {
				rate, burst = s.rate, s.burst
			}
		}
		l = newLimiter(rate, burst)
		a.limiters[[2]string{region, service}] = l
	}
	a.mu.Unlock()
	cfg := a.cfg.Copy()
	cfg.Region = region
	cfg.Retryer = func() aws.Retryer { return l }
	return cfg
}

// parents returns the scopes around an asset of the account, nearest first.
func (a *account) parents(t asset.Type) []asset.Ref {
	var refs []asset.Ref
	if t != accountType {
		refs = append(refs, accountRef(a.ID))
	}
	for _, u := range a.Units {
		refs = append(refs, asset.Ref{Type: "AWS::Organizations::OrganizationalUnit", ID: u.ARN})
	}
	return refs
}

// assumeRole is the method of the client that the credentials need.
type assumeRole func(context.Context, *sts.AssumeRoleInput, ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)

func (f assumeRole) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return f(ctx, in, opts...)
}

// assume returns cfg with the credentials of a role.
func assume(cfg aws.Config, roleARN string, r Role) aws.Config {
	client := sts.NewFromConfig(cfg)
	next := cfg.Copy()
	next.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(assumeRole(client.AssumeRole), roleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = r.SessionName
		if o.RoleSessionName == "" {
			o.RoleSessionName = "stance"
		}
		if r.ExternalID != "" {
			o.ExternalID = &r.ExternalID
		}
	}))
	return next
}

// start returns the account of the credentials after the chain of roles.
func (s *scan) start(ctx context.Context) (*account, error) {
	cfg := s.provider.cfg
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for _, r := range s.provider.opts.Chain {
		id, err := arn.Parse(r.Name)
		if err != nil {
			return nil, fmt.Errorf("role %q of the chain: %w", r.Name, err)
		}
		cfg = assume(cfg, r.Name, r)
		if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
			return nil, startError("account "+id.AccountID, cfg.Region, "sts:AssumeRole", " of "+r.Name, err)
		}
	}
	client := sts.NewFromConfig(cfg)
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, startError("account of the credentials", cfg.Region, "sts:GetCallerIdentity", "", err)
	}
	a := newAccount(s.provider, Account{ID: aws.ToString(out.Account)}, "aws", cfg)
	a.caller = aws.ToString(out.Arn)
	if id, err := arn.Parse(a.caller); err == nil {
		a.partition = id.Partition
	}
	return a, nil
}

// startError says why nothing can be observed. It does not wrap the error of the SDK,
// whose text may repeat the request.
func startError(account, region, op, of string, err error) error {
	why := fault(op, err)
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
	list := []Account{unnamed(own.ID, nil)}
	if opts.Organization {
		if list, err = s.organization(ctx, own); err != nil {
			why := fault("organizations:ListAccounts", err)
			s.emit(ctx, &asset.Gap{
				Scope: asset.Scope{Provider: providerName},
				Cause: *why,
			})
			list = []Account{unnamed(own.ID, why)}
		}
	} else if len(opts.Accounts) > 0 {
		list = nil
		for _, id := range opts.Accounts {
			list = append(list, unnamed(id, nil))
		}
	}
	for _, id := range opts.Accounts {
		if !slices.ContainsFunc(list, func(a Account) bool { return a.ID == id }) {
			s.emit(ctx, &asset.Gap{Scope: asset.Scope{Provider: providerName, Account: id}, Cause: asset.Unread{Code: codeNoAccount, Message: "the account is not in the organisation"}})
		}
	}
	var all []*account
	for _, a := range list {
		in, why := opts.grouped(&a)
		switch {
		case len(opts.Accounts) > 0 && !slices.Contains(opts.Accounts, a.ID):
		case why != nil:
			s.emit(ctx, &asset.Gap{
				Scope: asset.Scope{Provider: providerName, Account: a.ID},
				Cause: asset.Unread{Op: why.Op, Code: why.Code, Message: clip("cannot tell whether the account is in a group: " + why.Message), RequestID: why.RequestID},
			})
		case !in:
		case opts.Match != nil && !opts.Match(a):
		case a.ID == own.ID:
			own.Account = a
			all = append(all, own)
		default:
			other := newAccount(s.provider, a, own.partition, assume(own.cfg, roleARN(own.partition, a.ID, opts.Role.Name), opts.Role))
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
	return all, nil
}

// unnamed returns an account of which Organizations did not tell, for a reason or as it
// was not asked.
func unnamed(id string, why *asset.Unread) Account {
	if why == nil {
		why = &asset.Unread{Code: codeNotAsked, Message: "Organizations was not asked for the account"}
	}
	return Account{ID: id, nameUnread: why, unitsUnread: why, tagsUnread: why}
}

func roleARN(partition, account, name string) string {
	return "arn:" + partition + ":iam::" + account + ":role/" + strings.TrimPrefix(name, "/")
}

// enter gets the credentials of the account, and returns why that is not possible.
func (a *account) enter(ctx context.Context) *asset.Unread {
	if a.Status != "" && a.Status != "ACTIVE" {
		return &asset.Unread{Code: codeNotActive, Message: "the account is " + strings.ToLower(strings.ReplaceAll(a.Status, "_", " "))}
	}
	if !a.assumed {
		return nil
	}
	if a.provider.opts.Role.Name == "" {
		return &asset.Unread{Op: "sts:AssumeRole", Code: codeNoRole, Message: "no role is given to enter other accounts with"}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if _, err := a.cfg.Credentials.Retrieve(ctx); err != nil {
		return fault("sts:AssumeRole", err)
	}
	return nil
}
