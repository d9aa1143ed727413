package collect

import (
	"context"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
	"github.com/openstance/stance/provider"
)

// Scan is one discovery, or the lookup of a single asset.
type Scan struct {
	*Engine
	Query provider.Query
	Only  asset.Ref // the asset that is looked up, if it is not zero

	planMu sync.RWMutex
	plans  map[asset.Type]*typePlan

	stated  statements
	gaps    atomic.Int64
	out     chan event
	workers *semaphore.Weighted
}

// event is what workers send to the goroutine that ranges over the discovery.
type event struct {
	observation asset.Observation
	progress    *provider.Progress
}

// Scan returns a discovery of what a query requests.
func (e *Engine) Scan(q provider.Query) *Scan { return &Scan{Engine: e, Query: q} }

func (s *Scan) redactor() *secret.Redactor {
	if s.Redactor != nil {
		return s.Redactor
	}
	return s.Query.Redactor
}

// Selects reports whether an asset is requested.
func (s *Scan) Selects(ref asset.Ref) bool {
	if !s.Only.IsZero() {
		return ref == s.Only
	}
	return s.plan(ref.Type).wanted
}

// Gaps returns how many gaps the scan emitted.
func (s *Scan) Gaps() int64 { return s.gaps.Load() }

// Emit yields the parts of an observation that lie in the requested scopes. They are
// dropped when the discovery has ended.
func (s *Scan) Emit(ctx context.Context, o asset.Observation) {
	if g, ok := o.(*asset.Gap); ok {
		s.gaps.Add(1)
		o = s.redactor().RedactGap(g)
	}
	s.stated.note(o)
	if len(s.Query.Scopes) == 0 {
		s.send(ctx, event{observation: o})
		return
	}
	for _, part := range s.Query.Restrict(o) {
		s.send(ctx, event{observation: part})
	}
}

// Gap yields a gap.
func (s *Scan) Gap(ctx context.Context, scope asset.Scope, t asset.Type, why *asset.Unread) {
	s.Emit(ctx, &asset.Gap{Scope: scope, Type: t, Cause: *why})
}

func (s *Scan) send(ctx context.Context, e event) {
	select {
	case s.out <- e:
	case <-ctx.Done():
	}
}

// Drive does work, which emits observations, to its end, or until yield returns false.
// When it returns, nothing runs any more. The error is the context's cause or that of
// work. A Scan is driven once.
func (s *Scan) Drive(ctx context.Context, work func(context.Context) error, yield func(asset.Observation) bool) error {
	within, cancel := context.WithCancel(ctx)
	s.out = make(chan event)
	s.workers = semaphore.NewWeighted(int64(s.Workers))
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
			if s.Query.Progress != nil {
				s.Query.Progress(*e.progress)
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

// Run runs the units of one account to their end. Progress counts them.
func (s *Scan) Run(ctx context.Context, units []*Unit) {
	lanes := map[asset.Scope][]*Unit{}
	for _, u := range units {
		lanes[u.Scope] = append(lanes[u.Scope], u)
	}
	var (
		mu   sync.Mutex
		done int
		all  errgroup.Group
	)
	for _, lane := range lanes {
		all.Go(func() error {
			var g errgroup.Group
			g.SetLimit(s.PerScope)
			for _, u := range lane {
				g.Go(func() error {
					if s.workers.Acquire(ctx, 1) != nil {
						return nil
					}
					defer s.workers.Release(1)
					r := &run{Unit: u, scan: s}
					r.all(ctx)
					mu.Lock()
					done++
					n := done
					mu.Unlock()
					s.send(ctx, event{progress: &provider.Progress{
						Scope: u.Scope, Unit: u.Service,
						Assets: int(r.assets.Load()), Gaps: int(r.gaps.Load()), Done: n, Total: len(units),
					}})
					return nil
				})
			}
			return g.Wait()
		})
	}
	all.Wait()
}
