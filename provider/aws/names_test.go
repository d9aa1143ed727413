package aws

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// helpers are other services that tables of a service call: by the names of their
// operations, and of the token buckets that their clients share.
func helpers() map[string][]string {
	return map[string][]string{
		"iam": {"sts", "s3control", "account"}, // the account itself
		"ec2": {"account"},                     // its regions
	}
}

// operationsOf returns the operations that tables name.
func operationsOf(tables []collect.Table) []string {
	var all []string
	for i := range tables {
		t := &tables[i]
		all = append(append(append(all, t.Op), t.Also...), t.Finds...)
		for _, r := range t.Reads {
			all = append(all, r.Op)
		}
		all = append(all, operationsOf(t.Under)...)
	}
	return all
}

// TestServiceNames says that a service has one name: in the list of services, in its
// operations, which the catalogue knows by these, and in the configuration of its clients,
// whose rate limit follows from it. A name that is written differently somewhere would
// have a token bucket of its own.
func TestServiceNames(t *testing.T) {
	p := New(aws.Config{}, nil)
	names := map[string]bool{}
	for i := range p.services {
		name := p.services[i].name
		assert.False(t, names[name], "two services are named %s", name)
		names[name] = true
	}
	for i := range p.services {
		s := &p.services[i]
		var mu sync.Mutex
		var configured []string
		rate := func(service string) (float64, int) {
			mu.Lock()
			defer mu.Unlock()
			configured = append(configured, service)
			return 0, 0
		}
		u := &unit{scan: p.scan(provider.Query{}), account: newAccount(Account{ID: moto.Account}, awsapi.NewAccount(moto.Account, "aws", aws.Config{}, rate)), service: s}
		if s.name == cloudControl {
			u.scan = p.scan(provider.Query{Types: []asset.Type{glueJob}})
		}
		tables := s.tables(u)
		known := append([]string{s.name}, helpers()[s.name]...)
		assert.Contains(t, configured, s.name, "%s: clients of the service are configured as %v", s.name, configured)
		for _, name := range configured {
			assert.True(t, names[name] || slices.Contains(known, name), "%s: no service has the name %q of a client's configuration", s.name, name)
		}
		for _, op := range operationsOf(tables) {
			name, rest, ok := strings.Cut(op, ":")
			assert.True(t, ok && rest != "", "%s: %q does not name a service and an operation", s.name, op)
			assert.True(t, names[name] || slices.Contains(known, name), "%s: no service has the name of the operation %s", s.name, op)
		}
	}
}
