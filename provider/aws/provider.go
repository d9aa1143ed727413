package aws

import (
	"context"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/middleware"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/internal/awsapi"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

const providerName = "aws"

// Provider discovers assets in AWS. It is safe for concurrent use, and keeps nothing from
// one discovery to the next.
type Provider struct {
	cfg      aws.Config
	opts     Options
	services []service
	engine   *collect.Engine
}

var (
	_ provider.Getter           = (*Provider)(nil)
	_ provider.Checker          = (*Provider)(nil)
	_ provider.TypeLister       = (*Provider)(nil)
	_ provider.PermissionLister = (*Provider)(nil)
)

// New returns a provider that starts from a configuration, and uses its
// credentials, region, HTTP client, endpoint and limit of attempts. Nothing is called
// before a discovery begins. With a BaseEndpoint every service is called there.
func New(cfg aws.Config, opts *Options) *Provider {
	p := &Provider{cfg: awsapi.RefuseMalformed(cfg), services: services()}
	if opts != nil {
		p.opts = *opts
	}
	if p.opts.Now == nil {
		p.opts.Now = time.Now
	}
	if p.opts.Workers <= 0 {
		p.opts.Workers = 32
	}
	if p.cfg.HTTPClient == nil {
		// One for all clients, so that they share connections.
		p.cfg.HTTPClient = awshttp.NewBuildableClient()
	}
	p.engine = collect.New(collect.Cloud{
		Provider: providerName,
		Schema:   awscatalog.Schema,
		Locate:   where,
		Place:    place,
		Unread:   awsapi.Unread,
		HasCode:  awsapi.HasCode,
		Ignore:   func(f reflect.StructField) bool { return f.Type == reflect.TypeFor[middleware.Metadata]() },
		Redactor: p.opts.Redactor,
		Now:      p.opts.Now,
		Workers:  p.opts.Workers,
		PerScope: perRegion,
	})
	return p
}

// Name returns "aws".
func (p *Provider) Name() string { return providerName }

// Types returns the types that a query without types requests, sorted.
func (p *Provider) Types() []asset.Type {
	var all []asset.Type
	for _, s := range p.services {
		all = append(append(all, s.global...), s.regional...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Discover implements [provider.Provider]. Types that [Provider.Types] does not have
// are read by Cloud Control, if it lists them. The error, other than the context's, is
// that the credentials cannot be used at all.
func (p *Provider) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		s := p.scan(q)
		if err := s.Discover(ctx, s.run, func(o asset.Observation) bool { return yield(o, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// Get implements [provider.Getter]. It looks in the account and the region that the id
// names, and in all that the provider scans where it does not name them. Most services
// are called for the one asset; of others what has the type is listed.
func (p *Provider) Get(ctx context.Context, ref asset.Ref) (*asset.Asset, error) {
	if _, ok := slices.BinarySearch(p.Types(), ref.Type); !ok {
		r := resources()[ref.Type]
		if r == nil {
			return nil, fmt.Errorf("aws: %s: no such type", ref)
		}
		if _, ok := r.identify(ref, isGlobal(ref.Type)); !ok {
			return nil, fmt.Errorf("aws: %s: not an id of the type", ref)
		}
	}
	if ref.ID == "" {
		return nil, fmt.Errorf("aws: %s: no id", ref.Type)
	}
	s := &scan{Scan: p.engine.Lookup(ref), provider: p}
	return s.Get(ctx, s.run)
}

// place returns the asset that stands for an account or a region.
func place(s asset.Scope) asset.Ref {
	if s.Region == "" {
		return accountRef(s.Account)
	}
	return regionRef(s.Account, s.Region)
}

// where returns the account and the region that a ref names, "" where it does not.
func where(ref asset.Ref) (account, region string) {
	if account, region, ok := awsapi.Where(ref.ID); ok {
		return account, region
	}
	switch ref.Type {
	case accountType:
		return ref.ID, ""
	case regionType:
		account, region, _ = strings.Cut(ref.ID, "/")
		return account, region
	}
	if account, _, ok := strings.Cut(ref.ID, "/"); ok && accountNumber.MatchString(account) && resources()[ref.Type] != nil {
		account, region, _, _ = scoped(ref.ID, isGlobal(ref.Type))
		return account, region
	}
	return "", ""
}

// isGlobal reports whether assets of a type have no region.
func isGlobal(t asset.Type) bool {
	s, ok := awscatalog.Schema(t)
	return ok && s.Global
}
