package aws

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const (
	accountsAtOnce = 16
	perRegion      = 4 // units of one region of one account at once, so that a slow one does not take all workers
)

// scan is one discovery.
type scan struct {
	provider *Provider
	query    provider.Query
	only     asset.Ref // the one asset asked for, if it is not zero
	types    sync.Map  // *known by asset.Type

	control struct {
		sync.Once
		types []asset.Type // what controlled returns
	}
	gaps atomic.Int64

	// Once the accounts are known, if Organizations told of them: the id of the one that
	// manages the organisation, and the ids of those that are looked at, sorted.
	management string
	members    []string

	out     chan event
	workers *semaphore.Weighted
}

// event is what the workers send to the goroutine that ranges over the discovery.
type event struct {
	observation asset.Observation
	progress    *provider.Progress
}

// selects reports whether an asset is asked for.
func (s *scan) selects(ref asset.Ref) bool {
	if !s.only.IsZero() {
		return ref == s.only
	}
	return s.query.Wants(ref.Type)
}

// home returns in which account and region to look first for the one asset that is asked
// for, empty where everywhere. A peering connection is as well seen from its other end.
func (s *scan) home() (account, region string) {
	if s.only.Type == ec2Peering {
		return "", ""
	}
	return where(s.only)
}

// wants reports whether one of the parts is asked for.
func (s *scan) wants(t asset.Type, paths []asset.Path) bool {
	return slices.ContainsFunc(paths, func(p asset.Path) bool { return s.query.WantsPath(t, p) })
}

// controlled returns the types asked for that Cloud Control is to list, sorted.
func (s *scan) controlled() []asset.Type {
	s.control.Do(func() { s.control.types = s.provider.controlled(s.query) })
	return s.control.types
}

func (s *scan) now() time.Time { return s.provider.opts.Now().UTC() }

// emit hands an observation over; it is dropped when the discovery has ended.
func (s *scan) emit(ctx context.Context, o asset.Observation) {
	if _, ok := o.(*asset.Gap); ok {
		s.gaps.Add(1)
	}
	s.send(ctx, event{observation: o})
}

func (s *scan) send(ctx context.Context, e event) {
	select {
	case s.out <- e:
	case <-ctx.Done():
	}
}

// discover runs a scan to its end, or until yield returns false.
func (p *Provider) discover(ctx context.Context, s *scan, yield func(asset.Observation) bool) error {
	return s.drive(ctx, s.run, yield)
}

// drive does work, which emits observations, to its end, or until yield returns false.
// When it returns nothing runs any more.
func (s *scan) drive(ctx context.Context, work func(context.Context) error, yield func(asset.Observation) bool) error {
	p := s.provider
	within, cancel := context.WithCancel(ctx)
	s.out = make(chan event)
	s.workers = semaphore.NewWeighted(int64(p.opts.Workers))
	var fatal error
	go func() {
		defer close(s.out)
		fatal = work(within)
	}()
	defer func() {
		cancel()
		for range s.out { // until the last goroutine is gone
		}
	}()
	for e := range s.out {
		switch {
		case e.progress != nil:
			if s.query.Progress != nil {
				s.query.Progress(*e.progress)
			}
		case !yield(e.observation):
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return fatal
}

// plan is what is asked for of a service.
type plan struct {
	service          *service
	global, regional bool
}

// plans leaves out the services of which nothing is asked for.
func (s *scan) plans() []plan {
	var all []plan
	for i := range s.provider.services {
		pl := plan{service: &s.provider.services[i]}
		for _, t := range s.provider.inert(pl.service, s.query) {
			if slices.ContainsFunc(t.all(), s.query.Wants) {
				pl.global = pl.global || t.global
				pl.regional = pl.regional || !t.global
			}
		}
		if pl.global || pl.regional {
			all = append(all, pl)
		}
	}
	return all
}

// run looks at every account.
func (s *scan) run(ctx context.Context) error {
	known, controlled := s.provider.Types(), s.controlled()
	for _, t := range s.query.Types {
		_, collected := slices.BinarySearch(known, t)
		_, found := slices.BinarySearch(controlled, t)
		if !collected && !found && s.only.IsZero() {
			why := unlisted(t)
			s.emit(ctx, &asset.Gap{Scope: asset.Scope{Provider: providerName}, Type: t, Cause: asset.Unread{Code: why.Code, Message: why.Message}})
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
		// Others may see what the owner could not tell of.
		before := s.gaps.Load()
		if s.account(ctx, accounts[i], plans); s.gaps.Load() == before {
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

// account looks at one account, region by region at once.
func (s *scan) account(ctx context.Context, a *account, plans []plan) {
	if why := a.enter(ctx); why != nil {
		s.emit(ctx, &asset.Gap{
			Scope: asset.Scope{Provider: providerName, Account: a.ID},
			Cause: *why,
		})
		return
	}
	lanes := map[string][]*unit{}
	regional := slices.ContainsFunc(plans, func(pl plan) bool { return pl.regional })
	if regional {
		a.regions = s.regions(ctx, a, plans)
	}
	total := 0
	add := func(region string, pl plan) {
		lanes[region] = append(lanes[region], &unit{scan: s, account: a, region: region, service: pl.service})
		total++
	}
	for _, pl := range plans {
		if pl.global {
			add("", pl)
		}
		if pl.regional {
			for _, r := range a.regions {
				add(r, pl)
			}
		}
	}
	var done int
	var mu sync.Mutex
	var g errgroup.Group
	for _, units := range lanes {
		g.Go(func() error {
			var lane errgroup.Group
			lane.SetLimit(perRegion)
			for _, u := range units {
				lane.Go(func() error {
					if s.workers.Acquire(ctx, 1) != nil {
						return nil
					}
					defer s.workers.Release(1)
					u.run(ctx)
					mu.Lock()
					done++
					n := done
					mu.Unlock()
					s.send(ctx, event{progress: &provider.Progress{
						Scope: asset.Scope{Provider: providerName, Account: a.ID, Region: u.region}, Unit: u.service.name,
						Assets: int(u.assets.Load()), Gaps: int(u.gaps.Load()), Done: n, Total: total,
					}})
					return nil
				})
			}
			return lane.Wait()
		})
	}
	g.Wait()
}
