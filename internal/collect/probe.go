package collect

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

// probesAtOnce is how many units are probed at once.
const probesAtOnce = 8

// Probe records which operations succeed.
type Probe struct {
	scan *Scan
	mu   sync.Mutex
	done map[string]*asset.Unread // by operation; nil if it succeeded
}

// Probe tries the operations of the units' tables, each once: the first page of each
// list, and the reads for the first asset of each type on it.
func (s *Scan) Probe(ctx context.Context, units []*Unit) *Probe {
	p := &Probe{scan: s, done: map[string]*asset.Unread{}}
	var g errgroup.Group
	g.SetLimit(probesAtOnce)
	for _, u := range units {
		g.Go(func() error {
			tables := u.Tables()
			for i := range tables {
				if t := &tables[i]; t.Global == (u.Scope.Region == "") && s.wantsTable(t) {
					p.table(ctx, t, t.List)
				}
			}
			return nil
		})
	}
	g.Wait()
	return p
}

// Note records how an operation went. The first call of an operation counts.
func (p *Probe) Note(op string, err error, absent ...string) {
	var why *asset.Unread
	if err != nil && !p.scan.HasCode(err, absent) && !errors.Is(err, ErrGone) {
		why = p.scan.Unread(op, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.done[op]; !ok {
		p.done[op] = why
	}
}

// Outcome returns how an operation went: why it failed, nil if it succeeded; tried is
// false if there was no asset to try it on.
func (p *Probe) Outcome(op string) (why *asset.Unread, tried bool) {
	why, tried = p.done[op]
	return why, tried
}

// table lists one page, and reads the first asset of each type on it.
func (p *Probe) table(ctx context.Context, t *Table, list ListFunc) {
	calls := timed(ctx)
	defer calls.stop()
	page, _, err := list(calls.begin(), "")
	err = calls.end(err)
	p.Note(t.Op, err, t.Absent...)
	for _, d := range page {
		if d.Lost != nil {
			p.Note(p.scan.Unread(t.Op, d.Lost).Op, d.Lost)
		}
	}
	for _, op := range t.Also {
		p.Note(op, err, t.Absent...)
	}
	var tried []asset.Type
	for _, d := range page {
		if d.Lost != nil || slices.Contains(tried, d.Type) {
			continue
		}
		tried = append(tried, d.Type)
		if p.scan.Query.Wants(d.Type) {
			for _, s := range p.scan.steps(t, d.Type) {
				if s.wanted {
					if s.Together != nil {
						err = s.Together(calls.begin(), []*Draft{d})
					} else {
						err = s.Each(calls.begin(), d)
					}
					p.Note(s.Op, calls.end(err), s.Absent...)
				}
			}
		}
		for i := range t.Under {
			if below := &t.Under[i]; below.Of == d.Type && p.scan.wantsTable(below) {
				p.table(ctx, below, func(ctx context.Context, token string) ([]*Draft, string, error) {
					return below.ListOf(ctx, d, token)
				})
			}
		}
	}
}

// Permissions returns the permissions that operations of types need for a query, and for
// each the operations that need it, as the catalogue names them. Without types there are
// none.
func (e *Engine) Permissions(q provider.Query, types []asset.Type) map[string][]string {
	s := e.Scan(q)
	operations := map[string][]string{}
	for _, t := range types {
		for _, o := range e.schema(t).Operations {
			if len(o.Provides) > 0 && !s.operation(t, o).wanted {
				continue
			}
			needed := o.Permissions
			if len(needed) == 0 {
				needed = []string{o.Name}
			}
			for _, permission := range needed {
				if !slices.Contains(operations[permission], o.Name) {
					operations[permission] = append(operations[permission], o.Name)
				}
			}
		}
	}
	return operations
}
