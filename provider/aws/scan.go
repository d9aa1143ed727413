package aws

import (
	"context"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/collect"
	"github.com/openstance/stance/provider"
)

const (
	accountsAtOnce = 16
	perRegion      = 4 // units of one region of one account at once
)

// scan is one discovery, or the lookup of a single asset.
type scan struct {
	*collect.Scan
	provider *Provider

	control struct {
		sync.Once
		types []asset.Type // what controlled returns
	}

	// Once the accounts are known, if Organizations listed them: the id of the one that
	// manages the organization, and the ids of those that are scanned, sorted.
	management string
	members    []string
}

func (p *Provider) scan(q provider.Query) *scan { return &scan{Scan: p.engine.Scan(q), provider: p} }

// home returns in which account and region to look first for the single asset that is
// looked up, "" where everywhere. A peering connection is also seen from its other end.
func (s *scan) home() (account, region string) {
	if s.Only.Type == ec2Peering {
		return "", ""
	}
	return where(s.Only)
}

// controlled returns the requested types that Cloud Control is to list, sorted.
func (s *scan) controlled() []asset.Type {
	s.control.Do(func() { s.control.types = s.provider.controlled(s.Query) })
	return s.control.types
}

// plan is what is requested of a service.
type plan struct {
	service          *service
	global, regional []asset.Type
}

// plans omits the services of which nothing is requested.
func (s *scan) plans() []plan {
	var all []plan
	unwanted := func(t asset.Type) bool { return !s.Query.Wants(t) }
	for i := range s.provider.services {
		service := &s.provider.services[i]
		p := plan{service, slices.DeleteFunc(slices.Clone(service.global), unwanted), slices.DeleteFunc(slices.Clone(service.regional), unwanted)}
		if service.name == cloudControl {
			p.global, p.regional = s.controlledWhere()
		}
		if len(p.global)+len(p.regional) > 0 {
			all = append(all, p)
		}
	}
	return all
}

// units returns the units of a plan in an account, in the regions.
func (s *scan) units(a *account, p plan, regions []string) []*collect.Unit {
	var all []*collect.Unit
	elsewhere := s.askedElsewhere(a)
	add := func(region string, types []asset.Type) {
		u := &unit{scan: s, account: a, region: region, service: p.service}
		c := u.collected()
		c.Types = slices.DeleteFunc(slices.Clone(types), func(t asset.Type) bool { return slices.Contains(elsewhere, t) })
		all = append(all, c)
	}
	if global := s.ofAccount(p, a.ID); len(global) > 0 {
		add("", global)
	}
	if len(p.regional) > 0 {
		for _, r := range regions {
			add(r, p.regional)
		}
	}
	return all
}

// run scans every account.
func (s *scan) run(ctx context.Context) error {
	known, controlled := s.provider.Types(), s.controlled()
	for _, t := range s.Query.Types {
		_, collected := slices.BinarySearch(known, t)
		_, found := slices.BinarySearch(controlled, t)
		if !collected && !found && s.Only.IsZero() {
			s.Gap(ctx, asset.Scope{Provider: providerName}, t, unlisted(t))
		}
	}
	plans := s.plans()
	if len(plans) == 0 {
		return nil
	}
	accounts, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	owner, _ := s.home()
	if i := slices.IndexFunc(accounts, func(a *account) bool { return a.ID == owner }); i >= 0 {
		// Others may see what the owner could not read.
		before := s.Gaps()
		if s.account(ctx, accounts[i], plans); s.Gaps() == before {
			return nil
		}
		accounts = slices.Delete(accounts, i, i+1)
	}
	var g errgroup.Group
	g.SetLimit(accountsAtOnce)
	for _, a := range accounts {
		g.Go(func() error {
			s.account(ctx, a, plans)
			return nil
		})
	}
	return g.Wait()
}

// account scans one account, all regions at once.
func (s *scan) account(ctx context.Context, a *account, plans []plan) {
	if why := s.enter(ctx, a); why != nil {
		s.Gap(ctx, accountScope(a.ID), "", why)
		return
	}
	if slices.ContainsFunc(plans, func(p plan) bool { return len(p.regional) > 0 }) {
		a.regions = s.regions(ctx, a, plans)
	}
	var units []*collect.Unit
	for _, p := range plans {
		units = append(units, s.units(a, p, a.regions)...)
	}
	s.Run(ctx, units)
}
