package aws

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/provider"
)

// TestCatalogueAndCollectorsAgree holds the catalogue's operations, from which roles
// are made, together with those that the collectors call.
func TestCatalogueAndCollectorsAgree(t *testing.T) {
	p := New(aws.Config{}, nil)
	called := map[asset.Type]map[string]bool{}
	var walk func(tables []table, above []string)
	walk = func(tables []table, above []string) { // above: the lists that lead to the tables
		for _, tab := range tables {
			for _, typ := range tab.types {
				if called[typ] == nil {
					called[typ] = map[string]bool{}
				}
				called[typ][tab.op] = true
				if o, ok := p.operation(typ, tab.op); assert.True(t, ok, "%s: the catalogue has no %s", typ, tab.op) {
					assert.Empty(t, o.Provides, "%s: %s lists", typ, tab.op)
				}
				for _, op := range slices.Concat(above, tab.also, tab.finds) {
					called[typ][op] = true
					_, ok := p.operation(typ, op)
					assert.True(t, ok, "%s: the catalogue has no %s", typ, op)
				}
				for _, r := range tab.reads {
					if r.of != "" && r.of != typ {
						continue
					}
					called[typ][r.op] = true
					if o, ok := p.operation(typ, r.op); assert.True(t, ok, "%s: the catalogue has no %s", typ, r.op) {
						assert.NotEmpty(t, o.Provides, "%s: %s is a read", typ, r.op)
					}
					assert.True(t, (r.each == nil) != (r.together == nil), "%s: %s has one of each and together", typ, r.op)
					assert.Equal(t, r.together != nil, r.size > 0, "%s: %s reads together so many", typ, r.op)
				}
			}
			walk(tab.under, append(slices.Clip(above), tab.op))
		}
	}
	for i := range p.services {
		walk(p.inert(&p.services[i], provider.Query{}), nil)
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
