package aws

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
)

// unit is one service in one region of one account, or in none for what is global. The
// functions that make the tables of a service take it.
type unit struct {
	scan    *scan
	account *account
	region  string // "" for what is global
	service *service
}

// collected returns the unit as the engine runs it.
func (u *unit) collected() *collect.Unit {
	own, other := u.account.parents(accountType), u.account.parents("")
	return &collect.Unit{
		Scope:   asset.Scope{Provider: providerName, Account: u.account.ID, Region: u.region},
		Service: u.service.name,
		Regions: u.scan.provider.opts.Regions,
		Tables:  func() []collect.Table { return u.service.tables(u) },
		Parents: func(t asset.Type) []asset.Ref {
			if t == accountType {
				return own
			}
			return other
		},
		URL:    func(id string) string { return awsapi.ConsoleURL(u.account.session.Partition, id) },
		Finish: u.tagProperty,
	}
}

// config returns the configuration for a client of a service. Clients of one service
// in one region of an account share a token bucket.
func (u *unit) config(service string) aws.Config {
	region := u.region
	if region == "" {
		region = u.account.session.Home()
	}
	return u.account.session.Config(service, region)
}

// arn makes an ARN of the unit's account and region.
func (u *unit) arn(service, resource string) string {
	return u.account.session.ARN(service, u.region, resource)
}

// onlyID returns the id of the single asset that is looked up, and "" if it is not of
// one of the types, or if all are requested.
func (u *unit) onlyID(types ...asset.Type) string { return u.scan.OnlyID(types...) }

// onlyName returns the name by which a service knows the single asset that is looked up:
// what follows the prefix in the last part of its ARN. It is "" as that of onlyID. An
// id that is made otherwise is its own name, for which the service has nothing.
func (u *unit) onlyName(prefix string, types ...asset.Type) string {
	id := u.onlyID(types...)
	if a, err := arn.Parse(id); err == nil {
		if name, ok := strings.CutPrefix(a.Resource, prefix); ok && name != "" {
			return name
		}
	}
	return id
}

// onlyNames is onlyName for operations that take a list of names.
func (u *unit) onlyNames(prefix string, types ...asset.Type) []string {
	if name := u.onlyName(prefix, types...); name != "" {
		return []string{name}
	}
	return nil
}

// owns reports whether the account of the unit is the owner of a resource.
func (u *unit) owns(owner *string) bool { return owner == nil || *owner == u.account.ID }
