package collect

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/openstance/stance/asset"
)

const perUnit = 8 // assets of a unit that are read at once

// Unit is one service in one scope.
type Unit struct {
	Scope   asset.Scope // without a region: what is listed once for the account
	Service string

	// Types are the types that the unit has to state something of: coverage or a gap.
	Types []asset.Type

	// Regions, if there are any, limit what a unit without a region lists to assets in one
	// of them, or in none. Statements of types that have a region are then about these.
	Regions []string

	// Tables returns the tables of the service. Those that are global are skipped where
	// the unit has a region, and the others where it has none.
	Tables func() []Table

	// Parents returns the scopes around an asset of a type, nearest first. Nil: none.
	Parents func(asset.Type) []asset.Ref

	// URL returns the page in the console for an id, "" if there is none. Nil: none.
	URL func(id string) string

	// Finish, if not nil, completes a draft that was read. Owned reports whether the asset
	// belongs to the account of the unit, rather than to another that shares it.
	Finish func(d *Draft, owned bool)
}

// run is the work on a unit.
type run struct {
	*Unit
	scan         *Scan
	assets, gaps atomic.Int64
	stated       typeSet // the types with coverage, or with a gap that is not limited to one parent
}

// scopes are what statements about a type are about. Of a global type that each region
// lists it is the account.
func (r *run) scopes(t asset.Type) []asset.Scope {
	at := r.Scope
	switch global := r.scan.plan(t).schema.Global; {
	case global:
		at.Region = ""
	case at.Region == "" && len(r.Regions) > 0:
		var all []asset.Scope
		for _, region := range r.Regions {
			all = append(all, asset.Scope{Provider: at.Provider, Account: at.Account, Region: region})
		}
		return all
	}
	return []asset.Scope{at}
}

func (s *Scan) wantsTable(t *Table) bool {
	return slices.ContainsFunc(t.Types, s.Query.Wants) || slices.ContainsFunc(t.Under, func(below Table) bool { return s.wantsTable(&below) })
}

// all collects everything that is requested.
func (r *run) all(ctx context.Context) {
	tables := r.Tables()
	for i := range tables {
		t := &tables[i]
		if t.Global == (r.Scope.Region == "") && r.scan.wantsTable(t) {
			r.table(ctx, t)
		}
	}
	for _, t := range r.Types {
		if ctx.Err() == nil && r.scan.Query.Wants(t) && !r.stated.has(t) {
			r.gap(ctx, t, asset.Ref{}, notStated())
			r.cover(ctx, t, asset.Partial)
		}
	}
}

// cover states the coverage of a type.
func (r *run) cover(ctx context.Context, t asset.Type, state asset.CoverageState) {
	r.stated.add(t)
	for _, at := range r.scopes(t) {
		r.scan.Emit(ctx, &asset.Coverage{Scope: at, Type: t, State: state})
	}
}

// table lists a table to its end, and states how complete it is.
func (r *run) table(ctx context.Context, t *Table) {
	var partial typeSet
	if t.None == nil || !t.None(ctx) {
		r.pages(ctx, r.compile(t), t.List, asset.Ref{}, &partial)
	}
	if ctx.Err() != nil {
		return // the list was cut off, which is no answer
	}
	for _, typ := range t.AllTypes() {
		if !r.scan.Query.Wants(typ) {
			continue
		}
		state := asset.Complete
		if partial.has(typ) || r.scan.mayOmit(typ, t) {
			state = asset.Partial
		}
		r.cover(ctx, typ, state)
	}
}

// typeSet holds the types of which something may be missing.
type typeSet struct {
	mu  sync.Mutex
	all []asset.Type
}

func (s *typeSet) add(types ...asset.Type) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range types {
		if !slices.Contains(s.all, t) {
			s.all = append(s.all, t)
		}
	}
}

func (s *typeSet) has(t asset.Type) bool { return slices.Contains(s.all, t) }

// tablePlan is a table with what the scan knows of it.
type tablePlan struct {
	*Table
	types []asset.Type // of the table and below it
	steps map[asset.Type][]step
	under []*tablePlan // of which something is requested
}

func (r *run) compile(t *Table) *tablePlan {
	p := &tablePlan{Table: t, types: t.AllTypes(), steps: make(map[asset.Type][]step, len(t.Types))}
	for _, typ := range t.Types {
		p.steps[typ] = r.scan.steps(t, typ)
	}
	for i := range t.Under {
		if r.scan.wantsTable(&t.Under[i]) {
			p.under = append(p.under, r.compile(&t.Under[i]))
		}
	}
	return p
}

// pages lists the pages of a table, of the whole scope or of one parent.
func (r *run) pages(ctx context.Context, t *tablePlan, list ListFunc, of asset.Ref, partial *typeSet) {
	fetch := func(ctx context.Context, token string) ([][]*Draft, string, error) {
		page, next, err := list(ctx, token)
		return [][]*Draft{page}, next, err
	}
	for page, err := range Pages(ctx, fetch) {
		if err != nil {
			if ctx.Err() != nil || r.scan.HasCode(err, t.Absent) {
				return
			}
			why := r.scan.Unread(t.Op, err)
			partial.add(t.types...)
			for _, typ := range t.types {
				r.gap(ctx, typ, of, why)
			}
			return
		}
		r.page(ctx, t, page, partial)
	}
}

// gap emits a gap if the type is requested.
func (r *run) gap(ctx context.Context, t asset.Type, of asset.Ref, why *asset.Unread) {
	if !r.scan.Query.Wants(t) {
		return
	}
	for _, at := range r.scopes(t) {
		r.gaps.Add(1)
		r.scan.Emit(ctx, &asset.Gap{Scope: at, Type: t, Of: of, Cause: *why})
	}
}

// page reads and emits the assets of a page and what is below them.
func (r *run) page(ctx context.Context, t *tablePlan, page []*Draft, partial *typeSet) {
	page = slices.DeleteFunc(page, func(d *Draft) bool {
		if d.Lost != nil {
			r.lose(ctx, t, d, partial)
			return true
		}
		return !r.wants(t, d) && len(t.under) == 0
	})
	r.together(ctx, t, page)
	workers := min(perUnit, len(page))
	if len(t.Reads) == 0 && len(t.under) == 0 {
		workers = min(1, workers) // nothing to wait for
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			calls := timed(ctx)
			defer calls.stop()
			for {
				i := int(next.Add(1)) - 1
				if i >= len(page) {
					return
				}
				r.one(ctx, t, page[i], calls, partial)
			}
		})
	}
	all.Wait()
}

// lose emits gaps in place of an asset of which the list does not know what it is, of
// each type that it may be and of those below it.
func (r *run) lose(ctx context.Context, t *tablePlan, d *Draft, partial *typeSet) {
	if !r.scan.Only.IsZero() && r.scan.Only.ID != d.ID {
		return
	}
	why := *r.scan.Unread(t.Op, d.Lost)
	why.Message = Clip(d.ID + ": " + why.Message)
	partial.add(t.types...)
	for _, typ := range t.types {
		r.gap(ctx, typ, asset.Ref{}, &why)
	}
}

// wants reports whether an asset of a table is requested. A table may list what only
// leads to what is below it.
func (r *run) wants(t *tablePlan, d *Draft) bool {
	return slices.Contains(t.Types, d.Type) && r.scan.Selects(d.Ref) && r.inScope(d)
}

// inScope reports whether a draft lies in a requested scope, or is visible to one.
func (r *run) inScope(d *Draft) bool {
	q := &r.scan.Query
	if len(q.Scopes) == 0 && len(r.Regions) == 0 {
		return true
	}
	at, owned := r.place(d)
	if r.Scope.Region == "" && len(r.Regions) > 0 && at.Region != "" && !slices.Contains(r.Regions, at.Region) {
		return false
	}
	if len(q.Scopes) == 0 {
		return true
	}
	if q.WantsScope(at) {
		return true
	}
	observers := d.Observers
	if !owned {
		observers = []string{r.Scope.Account}
	}
	return slices.ContainsFunc(observers, func(account string) bool {
		return q.WantsScope(asset.Scope{Provider: at.Provider, Account: account, Region: at.Region})
	})
}

// place returns the scope of a draft, and whether it belongs to the account of the unit
// rather than to another that shares it.
func (r *run) place(d *Draft) (at asset.Scope, owned bool) {
	at = r.Scope
	if d.Region != "" {
		at.Region = d.Region
	}
	account, region := r.scan.Locate(d.Ref)
	if region != "" {
		at.Region = region
	}
	if r.scan.plan(d.Type).schema.Global {
		at.Region = ""
	}
	if owned = account == "" || account == at.Account; !owned {
		at.Account = account
	}
	return at, owned
}

// one reads and emits one asset and what is below it.
func (r *run) one(ctx context.Context, t *tablePlan, d *Draft, calls timer, partial *typeSet) {
	if d.gone {
		return
	}
	for _, below := range t.under {
		if d.Type == below.Of {
			list := func(ctx context.Context, token string) ([]*Draft, string, error) {
				ds, next, err := below.ListOf(ctx, d, token)
				if err != nil && r.gone(err, t.Gone) {
					d.gone = true
					return nil, "", nil
				}
				return ds, next, err
			}
			r.pages(ctx, below, list, d.Ref, partial)
		}
	}
	if d.gone || !r.wants(t, d) {
		return
	}
	steps := t.steps[d.Type]
	for i := range steps {
		if s := &steps[i]; s.Each != nil {
			r.each(s, d, calls)
		}
	}
	if d.gone {
		return
	}
	a, err := r.finish(d)
	if err != nil {
		partial.add(d.Type)
		r.gap(ctx, d.Type, asset.Ref{}, &asset.Unread{Op: t.Op, Reason: asset.Malformed, Code: CodeMalformed, Message: Clip(err.Error())})
		return
	}
	r.assets.Add(1)
	r.scan.Emit(ctx, a)
}
