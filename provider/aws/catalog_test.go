package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// TestCatalogueAndCollectorsAgree holds the catalogue's operations, from which roles
// are made, together with those that the collectors call.
func TestCatalogueAndCollectorsAgree(t *testing.T) {
	p := New(aws.Config{}, nil)
	called := map[asset.Type]map[string]bool{}
	var walk func(tables []collect.Table, above []string)
	walk = func(tables []collect.Table, above []string) { // above: the lists that lead to the tables
		for _, tab := range tables {
			for _, typ := range tab.Types {
				if called[typ] == nil {
					called[typ] = map[string]bool{}
				}
				called[typ][tab.Op] = true
				if o, ok := operation(typ, tab.Op); assert.True(t, ok, "%s: the catalogue has no %s", typ, tab.Op) {
					assert.Empty(t, o.Provides, "%s: %s lists", typ, tab.Op)
				}
				for _, op := range slices.Concat(above, tab.Also, tab.Finds) {
					called[typ][op] = true
					_, ok := operation(typ, op)
					assert.True(t, ok, "%s: the catalogue has no %s", typ, op)
				}
				for _, r := range tab.Reads {
					if r.Of != "" && r.Of != typ {
						continue
					}
					called[typ][r.Op] = true
					if o, ok := operation(typ, r.Op); assert.True(t, ok, "%s: the catalogue has no %s", typ, r.Op) {
						assert.NotEmpty(t, o.Provides, "%s: %s is a read", typ, r.Op)
					}
					assert.True(t, (r.Each == nil) != (r.Together == nil), "%s: %s has one of each and together", typ, r.Op)
					assert.Equal(t, r.Together != nil, r.Size > 0, "%s: %s reads together so many", typ, r.Op)
				}
			}
			walk(tab.Under, append(slices.Clip(above), tab.Op))
		}
	}
	for i := range p.services {
		walk(tablesOf(p, &p.services[i]), nil)
	}
	for _, typ := range p.Types() {
		s, ok := awscatalog.Schema(typ)
		if !assert.True(t, ok, "%s has a schema", typ) {
			continue
		}
		for _, o := range s.Operations {
			assert.True(t, called[typ][o.Name], "%s: no collector calls %s", typ, o.Name)
		}
	}
}

// tablesOf returns the tables of a service, for what they say of themselves. Their
// functions must not be called.
func tablesOf(p *Provider, s *service) []collect.Table {
	return s.tables(testUnit(p, "aws", "", s))
}

// testUnit returns a unit of the account of tests.
func testUnit(p *Provider, partition, region string, s *service) *unit {
	a := newAccount(Account{ID: moto.Account}, awsapi.NewAccount(moto.Account, partition, aws.Config{}, p.rate))
	return &unit{scan: p.scan(provider.Query{}), account: a, region: region, service: s}
}

// operation returns what the catalogue says of an operation of a type.
func operation(t asset.Type, op string) (asset.Operation, bool) {
	s, _ := awscatalog.Schema(t)
	if s == nil {
		return asset.Operation{}, false
	}
	i := slices.IndexFunc(s.Operations, func(o asset.Operation) bool { return o.Name == op })
	if i < 0 {
		return asset.Operation{}, false
	}
	return s.Operations[i], true
}

// TestServicesNameTheirTypes holds the lists of types together with the tables.
func TestServicesNameTheirTypes(t *testing.T) {
	p := New(aws.Config{}, nil)
	for i := range p.services {
		s := &p.services[i]
		var global, regional []asset.Type
		for _, tab := range tablesOf(p, s) {
			if tab.Global {
				global = append(global, tab.AllTypes()...)
			} else {
				regional = append(regional, tab.AllTypes()...)
			}
		}
		assert.ElementsMatch(t, s.global, global, "%s lists for an account", s.name)
		assert.ElementsMatch(t, s.regional, regional, "%s lists in a region", s.name)
	}
}

// conforms says that an asset is what its schema says.
func conforms(t *testing.T, a *asset.Asset) {
	t.Helper()
	s, ok := awscatalog.Schema(a.Type)
	if !assert.True(t, ok, "%s has a schema", a.Type) {
		return
	}
	for _, l := range a.Links {
		rule, ok := s.Link(l.Rel)
		assert.True(t, ok, "%s: the schema has no link %s", a.Type, l.Rel)
		assert.True(t, len(rule.To) == 0 || slices.Contains(rule.To, l.To.Type), "%s: link %s to %s", a.Type, l.Rel, l.To.Type)
	}
	for name, v := range map[string]asset.Value{"config": a.Config, "status": a.Status} {
		shape := s.Document(name)
		if shape == nil {
			continue
		}
		for _, f := range shape.Fields {
			if f.Mark.Has(asset.Always) {
				assert.False(t, v.Get(f.Name).IsAbsent(), "%s: %s has no %s", a.Ref, name, f.Name)
			}
		}
	}
	canonical, err := asset.ParseRef(a.Type, a.ID)
	assert.NoError(t, err)
	assert.Equal(t, canonical, a.Ref)
}
