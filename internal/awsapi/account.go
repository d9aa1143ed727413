package awsapi

import (
	"context"
	"errors"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// Account is an account with credentials for it. Clients of one service in one region
// share a token bucket. It is safe for concurrent use.
type Account struct {
	ID        string
	Partition string
	Caller    string // the ARN of the caller, if it is known

	cfg  aws.Config // with the credentials of the account
	rate Rate

	mu       sync.Mutex
	limiters map[[2]string]*limiter // by region and service
}

// Rate returns how many attempts a second a service takes, and how many at once; zeros
// stand for the defaults.
type Rate func(service string) (perSecond float64, burst int)

// NewAccount returns an account for a configuration with its credentials.
func NewAccount(id, partition string, cfg aws.Config, rate Rate) *Account {
	return &Account{ID: id, Partition: partition, cfg: cfg, rate: rate, limiters: map[[2]string]*limiter{}}
}

// Home returns the region that answers for what is global.
func (a *Account) Home() string {
	if home := Home(a.Partition); home != "" {
		return home
	}
	return a.cfg.Region
}

// ARN returns an ARN in the account.
func (a *Account) ARN(service, region, resource string) string {
	return ARN(a.Partition, service, region, a.ID, resource)
}

// Config returns the configuration for a service in a region.
func (a *Account) Config(service, region string) aws.Config {
	a.mu.Lock()
	l, ok := a.limiters[[2]string{region, service}]
	if !ok {
		var perSecond float64
		var burst int
		if a.rate != nil {
			perSecond, burst = a.rate(service)
		}
		l = newLimiter(perSecond, burst)
		a.limiters[[2]string{region, service}] = l
	}
	a.mu.Unlock()
	cfg := a.cfg.Copy()
	cfg.Region = region
	cfg.Retryer = func() aws.Retryer { return l }
	return cfg
}

// Identity returns the account, the partition and the ARN of the caller of a configuration.
func Identity(ctx context.Context, cfg aws.Config) (account, partition, caller string, err error) {
	client := sts.NewFromConfig(cfg)
	out, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", "", err
	}
	if aws.ToString(out.Account) == "" {
		return "", "", "", &smithy.DeserializationError{Err: errors.New("malformed answer: no account")}
	}
	partition, caller = "aws", aws.ToString(out.Arn)
	if id, err := arn.Parse(caller); err == nil {
		partition = id.Partition
	}
	return aws.ToString(out.Account), partition, caller, nil
}

// Enter gets the credentials of the account.
func (a *Account) Enter(ctx context.Context) error {
	_, err := a.cfg.Credentials.Retrieve(ctx)
	return err
}

// Assume returns another account of the partition, which is entered by a role with the
// credentials of this one.
func (a *Account) Assume(id string, r Role) *Account {
	return NewAccount(id, a.Partition, Assume(a.cfg, RoleARN(a.Partition, id, r.Name), r), a.rate)
}

// Role is how an account is entered.
type Role struct {
	Name        string // with its path if it has one
	ExternalID  string // that the trust policy requires, if it does
	SessionName string // as CloudTrail records it; empty: "stance"
}

// assumeRole is the method of the client that the credentials need.
type assumeRole func(context.Context, *sts.AssumeRoleInput, ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)

func (f assumeRole) AssumeRole(ctx context.Context, in *sts.AssumeRoleInput, opts ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	return f(ctx, in, opts...)
}

// Assume returns cfg with the credentials of a role.
func Assume(cfg aws.Config, roleARN string, r Role) aws.Config {
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
