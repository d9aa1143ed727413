package aws

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/catalog/awscatalog"
	"github.com/openstance/stance/provider"
)

const providerName = "aws"

var errScopes = fmt.Errorf("aws: scopes of a query: %w", errors.ErrUnsupported)

// Provider discovers assets in AWS. It is safe for use by many goroutines at once
// and keeps nothing from one discovery to the next.
type Provider struct {
	cfg      aws.Config
	opts     Options
	services []service
	schemas  func(asset.Type) (*asset.Schema, bool)
	stray    func(asset.Type, asset.Path) // see tidier
}

var (
	_ provider.Getter           = (*Provider)(nil)
	_ provider.Checker          = (*Provider)(nil)
	_ provider.TypeLister       = (*Provider)(nil)
	_ provider.PermissionLister = (*Provider)(nil)
)

// New returns a provider that starts from a configuration, of which it uses
// credentials, region, HTTP client, endpoint and limit of attempts. Nothing is called
// before a discovery begins. With a BaseEndpoint every service is called there.
func New(cfg aws.Config, opts *Options) *Provider {
	p := &Provider{cfg: cfg.Copy(), services: services(), schemas: awscatalog.Schema}
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
	return p
}

// Name returns "aws".
func (p *Provider) Name() string { return providerName }

// Types returns the types that a query without types asks for, sorted.
func (p *Provider) Types() []asset.Type {
	var all []asset.Type
	for i := range p.services {
		for _, t := range p.inert(&p.services[i], provider.Query{}) {
			all = append(all, t.all()...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// inert returns the tables of a service, for a query, for what they say of themselves.
// Their functions must not be called.
func (p *Provider) inert(s *service, q provider.Query) []table {
	scan := &scan{provider: p, query: q}
	return s.tables(&unit{scan: scan, account: newAccount(p, Account{}, "aws", aws.Config{}), service: s})
}

// Discover implements [provider.Provider]. Types that [Provider.Types] does not have
// are read by Cloud Control, if it lists them. The error, other than the context's, is
// that the credentials cannot be used at all.
func (p *Provider) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		if len(q.Scopes) > 0 {
			yield(nil, errScopes)
			return
		}
		if err := p.discover(ctx, &scan{provider: p, query: q}, func(o asset.Observation) bool { return yield(o, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

// Get implements [provider.Getter]. It looks in the account and the region that the id
// names, and in all that the provider looks at where it does not name them. Most
// services are asked for the one asset; of others what has the type is listed.
func (p *Provider) Get(ctx context.Context, ref asset.Ref) (*asset.Asset, error) {
	if _, ok := slices.BinarySearch(p.Types(), ref.Type); !ok {
		r := resources()[ref.Type]
		if r == nil {
			return nil, fmt.Errorf("aws: %s: no such type", ref)
		}
		if _, ok := r.identify(ref, p.schema(ref.Type).Global); !ok {
			return nil, fmt.Errorf("aws: %s: not an id of the type", ref)
		}
	}
	if ref.ID == "" {
		return nil, fmt.Errorf("aws: %s: no id", ref.Type)
	}
	var found *asset.Asset
	var gaps []error
	s := &scan{provider: p, query: provider.Query{Types: []asset.Type{ref.Type}}, only: ref}
	err := p.discover(ctx, s, func(o asset.Observation) bool {
		switch o := o.(type) {
		case *asset.Asset:
			found = o
		case *asset.Gap:
			if o.Type == ref.Type || o.Type == "" {
				gaps = append(gaps, fmt.Errorf("%s: %w", o.Scope, &o.Cause))
			}
		case *asset.Coverage:
			if o.Type == ref.Type && o.State != asset.Complete && len(gaps) == 0 {
				gaps = append(gaps, fmt.Errorf("%s: %w", o.Scope, &asset.Unread{Reason: asset.Incomplete, Code: asset.CodeIncomplete, Message: "the list may leave things out"}))
			}
		}
		return found == nil
	})
	switch {
	case found != nil:
		return found, nil
	case err == nil && len(gaps) == 0:
		err = provider.ErrNotFound
	}
	return nil, fmt.Errorf("aws: %s: %w", ref, errors.Join(append(gaps, err)...))
}

// where returns the account and the region that a ref names, empty where it does not.
func where(ref asset.Ref) (account, region string) {
	if id, err := arn.Parse(ref.ID); err == nil {
		return id.AccountID, id.Region
	}
	switch ref.Type {
	case accountType:
		return ref.ID, ""
	case regionType:
		account, region, _ = strings.Cut(ref.ID, "/")
	default:
		if resources()[ref.Type] != nil {
			schema, _ := awscatalog.Schema(ref.Type)
			account, region, _, _ = scoped(ref.ID, schema.Global)
		}
	}
	return account, region
}
