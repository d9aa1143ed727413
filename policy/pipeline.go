package policy

import (
	"context"
	"runtime"
	"sync"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/internal/assetexpr"
	"github.com/openstance/stance/internal/expr"
)

const batchSize = 64

// batch is a number of observations on their way through a worker.
type batch struct {
	in       []asset.Observation
	findings []Finding
	panicked any
	done     chan struct{}
}

// pipeline has batches evaluated by workers and hands them back in their order.
type pipeline struct {
	ctx     context.Context
	set     *Set
	related *assetexpr.Related
	x       *exceptions
	workers int
	started int
	jobs    chan *batch
	wg      sync.WaitGroup
	open    *batch
	queue   []*batch // sent, in order
	spare   []*batch
}

func newPipeline(ctx context.Context, s *Set, related *asset.Inventory, x *exceptions) *pipeline {
	n := s.opts.Parallel
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	p := &pipeline{ctx: ctx, set: s, related: assetexpr.NewRelated(related, s.opts.Schemas), x: x, workers: n, jobs: make(chan *batch, 4*n)}
	return p
}

// add takes an observation and reports whether a batch was sent.
func (p *pipeline) add(o asset.Observation) bool {
	if _, ok := o.(*asset.Coverage); ok {
		return false
	}
	if p.open == nil {
		if n := len(p.spare); n > 0 {
			p.open, p.spare = p.spare[n-1], p.spare[:n-1]
		} else {
			p.open = &batch{in: make([]asset.Observation, 0, batchSize)}
		}
		p.open.done = make(chan struct{})
	}
	p.open.in = append(p.open.in, o)
	if len(p.open.in) < batchSize {
		return false
	}
	p.send()
	return true
}

func (p *pipeline) send() {
	if p.open == nil {
		return
	}
	if p.started < p.workers {
		p.started++
		p.wg.Go(p.work)
	}
	p.queue = append(p.queue, p.open)
	p.jobs <- p.open
	p.open = nil
}

// next waits for the oldest batch.
func (p *pipeline) next() *batch {
	b := p.queue[0]
	p.queue = p.queue[1:]
	<-b.done
	return b
}

func (p *pipeline) free(b *batch) {
	clear(b.in)
	clear(b.findings)
	b.in, b.findings = b.in[:0], b.findings[:0]
	p.spare = append(p.spare, b)
}

func (p *pipeline) stop() {
	close(p.jobs)
	p.wg.Wait()
}

func (p *pipeline) work() {
	e := p.set.pool.Get().(*evaluator)
	defer p.set.pool.Put(e)
	before := e.machine.Operations()
	for b := range p.jobs {
		p.batch(e, b)
	}
	expr.Count(p.ctx, e.machine.Operations()-before)
}

func (p *pipeline) batch(e *evaluator, b *batch) {
	defer close(b.done)
	defer func() { b.panicked = recover() }() // a bug of ours belongs to the caller's goroutine
	for _, o := range b.in {
		if p.ctx.Err() != nil {
			return
		}
		switch o := o.(type) {
		case *asset.Asset:
			if f, ok := secretInID(o); ok {
				p.x.apply(&f)
				b.findings = append(b.findings, f)
			}
			for _, c := range p.set.byType[o.Type] {
				f := e.finding(p.ctx, c, o, p.related, p.x.now)
				p.x.apply(&f)
				b.findings = append(b.findings, f)
			}
		case *asset.Gap:
			b.findings = p.set.gap(b.findings, GapSubject{Gap: o})
		}
	}
}
