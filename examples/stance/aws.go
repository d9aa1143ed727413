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

	"github.com/openstance/stance/internal/cli"
	"github.com/openstance/stance/provider"
	"github.com/openstance/stance/provider/aws"
)

// awsCloud returns AWS as a cloud that the program can scan.
func awsCloud() cli.Cloud {
	f := &awsFlags{}
	return cli.Cloud{Name: "aws", Flags: f.register, Provider: f.provider}
}

// awsFlags hold which accounts and regions of AWS to scan, and how to enter them.
type awsFlags struct {
	profile, externalID, endpoint string
	roles, regions, accounts      []string
	organization                  bool
}

func (f *awsFlags) register(fl *flag.FlagSet) {
	fl.StringVar(&f.profile, "profile", "", "take the credentials of AWS from this `profile` instead of the environment")
	fl.Var(cli.List(&f.roles), "role", "assume a `role` of AWS: first those that are ARNs, in their order; one that is a name in every other account")
	fl.StringVar(&f.externalID, "external-id", "", "`external id` for the roles")
	fl.Var(cli.List(&f.regions), "regions", "`regions` of AWS to scan, separated by commas; without it, all that are enabled")
	fl.BoolVar(&f.organization, "organization", false, "scan every account of the organization of AWS, with the -role that is a name")
	fl.Var(cli.List(&f.accounts), "accounts", "`accounts` of AWS to scan, by number, separated by commas")
	fl.StringVar(&f.endpoint, "endpoint", "", "call every service of AWS at this `URL`, for a server that behaves like AWS")
}

// options returns the options of the provider.
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
			return nil, fmt.Errorf("-role %s: a role that is not an ARN needs -organization or -accounts", name)
		default:
			o.Role = role
		}
	}
	switch {
	case f.externalID != "" && len(f.roles) == 0:
		return nil, errors.New("-external-id: needs -role")
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
		// Such servers return errors for what they lack, and waiting does not change that.
		cfg.RetryMaxAttempts = 2
	}
	return aws.New(cfg, opts), nil
}
