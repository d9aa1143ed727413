package aws

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/internal/moto"
	"github.com/openstance/stance/provider"
)

// observed is when everything is observed in tests.
var observed = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// calls counts calls by service and operation, as the SDK names them.
type calls struct {
	mu sync.Mutex
	n  map[string]int
}

// count makes clients of the configuration count their calls.
func (c *calls) count(cfg *aws.Config) {
	c.n = map[string]int{}
	cfg.APIOptions = append(cfg.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("count", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			c.mu.Lock()
			c.n[awsmiddleware.GetServiceID(ctx)+":"+awsmiddleware.GetOperationName(ctx)]++
			c.mu.Unlock()
			return next.HandleInitialize(ctx, in)
		}), middleware.After) // some clients name the operation in a step before
	})
}

// tester is a provider over a moto_server.
type tester struct {
	*Provider
	cfg   aws.Config // to set resources up with
	calls *calls
}

// newTester returns a provider over an empty moto_server, which fails the test when a
// collector writes what the schema does not have.
func newTester(t *testing.T, opts *Options) *tester {
	t.Helper()
	cfg := moto.Config(moto.URL(t))
	own := cfg.Copy()
	c := &calls{}
	c.count(&own)
	own.RetryMaxAttempts = 1
	if opts == nil {
		opts = &Options{Regions: []string{"us-east-1", "eu-west-1"}}
	}
	opts.Now = func() time.Time { return observed }
	p := New(own, opts)
	strict(t, p)
	return &tester{Provider: p, cfg: cfg, calls: c}
}

// strict fails the test when a collector writes a member that the schema does not have.
func strict(t *testing.T, p *Provider) {
	p.engine.Watch = &collect.Watch{Omitted: omitted(t), Stray: func(typ asset.Type, at asset.Path) { t.Errorf("%s: the schema has no %s", typ, at) }}
}

// collect discovers types into an inventory.
func (x *tester) collect(t *testing.T, types ...asset.Type) *asset.Inventory {
	t.Helper()
	return x.collectQuery(t, provider.Query{Types: types})
}

func (x *tester) collectQuery(t *testing.T, q provider.Query) *asset.Inventory {
	t.Helper()
	inv := &asset.Inventory{}
	for o, err := range x.Discover(t.Context(), q) {
		require.NoError(t, err)
		if a, ok := o.(*asset.Asset); ok {
			conforms(t, a)
		}
		inv.Add(o)
	}
	return inv
}

// only returns the one asset of a type.
func only(t *testing.T, inv *asset.Inventory, typ asset.Type) *asset.Asset {
	t.Helper()
	all := slices.Collect(inv.OfType(typ))
	require.Len(t, all, 1, "assets of %s; gaps: %v", typ, gapTexts(inv))
	return all[0]
}

// named returns the asset of a type with the name.
func named(t *testing.T, inv *asset.Inventory, typ asset.Type, name string) *asset.Asset {
	t.Helper()
	for a := range inv.OfType(typ) {
		if a.Name == name {
			return a
		}
	}
	require.Fail(t, "no asset", "%s %s; gaps: %v", typ, name, gapTexts(inv))
	return nil
}

func gapTexts(inv *asset.Inventory) []string {
	var texts []string
	for _, g := range inv.Gaps() {
		texts = append(texts, g.Scope.String()+" "+string(g.Type)+" "+g.Cause.Error())
	}
	return texts
}

// assertJSON compares a part of an asset, which must be read whole, with JSON.
func assertJSON(t *testing.T, want string, got asset.Value) {
	t.Helper()
	b, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, want, string(b))
}

// assertUnread says that a part is unread with a code, and by which operation.
func assertUnread(t *testing.T, op, code string, got asset.Value) {
	t.Helper()
	if assert.NotNil(t, got.Unread(), "is %s", got) {
		assert.Equal(t, op, got.Unread().Op)
		assert.Equal(t, code, got.Unread().Code)
	}
}
