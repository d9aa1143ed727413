package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
)

// awsFlags say which accounts and regions of AWS to look at, and how to get in.
type awsFlags struct {
	profile, externalID, endpoint string
	roles, regions, accounts      list
	organization                  bool
}

func (f *awsFlags) register(fl *flag.FlagSet) {
	fl.StringVar(&f.profile, "profile", "", "take the credentials of AWS from this `profile` instead of the environment")
	fl.Var(&f.roles, "role", "assume a `role` of AWS: first those that are ARNs, in their order; one that is a name in every other account")
	fl.StringVar(&f.externalID, "external-id", "", "`external id` for the roles")
	fl.Var(&f.regions, "regions", "`regions` of AWS to look at, separated by commas; all that are enabled if there are none")
	fl.BoolVar(&f.organization, "organization", false, "look at every account of the organisation of AWS, with the -role that is a name")
	fl.Var(&f.accounts, "accounts", "`accounts` of AWS to look at, by number, separated by commas")
	fl.StringVar(&f.endpoint, "endpoint", "", "call every service of AWS at this `URL`, where a server behaves like AWS")
}

// options returns what the provider is told.
func (f *awsFlags) options() (*aws.Options, error) {
	o := &aws.Options{
		Organization: f.organization,
		Accounts:     f.accounts,
		Regions:      f.regions,
	}
	for _, name := range f.roles {
		role := aws.Role{Name: name, ExternalID: f.externalID}
		switch {
		case strings.HasPrefix(name, "arn:"):
			o.Chain = append(o.Chain, role)
		case o.Role.Name != "":
			return nil, fmt.Errorf("-role %s: %s is already the role of the other accounts", name, o.Role.Name)
		case !f.organization && len(f.accounts) == 0:
			return nil, fmt.Errorf("-role %s: a role that is no ARN is for -organization or -accounts", name)
		default:
			o.Role = role
		}
	}
	switch {
	case f.externalID != "" && len(f.roles) == 0:
		return nil, errors.New("-external-id: for which -role?")
	case f.endpoint != "":
		if u, err := url.Parse(f.endpoint); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("-endpoint %s: want a URL such as http://127.0.0.1:5000", f.endpoint)
		}
	}
	return o, nil
}

func (f *awsFlags) provider(ctx context.Context) (provider.Provider, error) {
	opts, err := f.options()
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(f.profile), config.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	if f.endpoint != "" {
		cfg.BaseEndpoint = &f.endpoint
		// Such servers answer by an error what they do not know, and waiting for long
		// does not change that.
		cfg.RetryMaxAttempts = 2
	}
	return aws.New(cfg, opts), nil
}
