package aws

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/provider"
)

const (
	perUnit     = 8               // assets of a unit that are read at once
	callTimeout = 3 * time.Minute // for one call with all its attempts
)

// unit is one service in one region of one account, or in none for what is global.
type unit struct {
	scan    *scan
	account *account
	region  string // "" for what is global
	service *service

	assets, gaps atomic.Int64
}

// config returns the configuration for a client of a service. Clients of one service
// in one region of an account share a token bucket.
func (u *unit) config(service string) aws.Config {
	region := u.region
	if region == "" {
		region = u.account.home()
	}
	return u.account.config(service, region)
}

// arn makes an ARN of the unit's account and region.
func (u *unit) arn(service, resource string) string {
	return strings.Join([]string{"arn", u.account.partition, service, u.region, u.account.ID, resource}, ":")
}

// scope is what the unit's statements about a type are about. Of a global type that
// each region tells of it is the account.
func (u *unit) scope(t asset.Type) asset.Scope {
	s := asset.Scope{Provider: providerName, Account: u.account.ID, Region: u.region}
	if u.scan.known(t).schema.Global {
		s.Region = ""
	}
	return s
}

// consoleURL returns the page in the console that shows what has the ARN, "" for an id
// that is none.
func (u *unit) consoleURL(id string) string {
	host, ok := map[string]string{
		"aws":        "console.aws.amazon.com",
		"aws-cn":     "console.amazonaws.cn",
		"aws-us-gov": "console.amazonaws-us-gov.com",
	}[u.account.partition]
	if !ok || !strings.HasPrefix(id, "arn:") {
		return ""
	}
	return "https://" + host + "/go/view?arn=" + url.QueryEscape(id)
}

// run collects everything that is asked for.
func (u *unit) run(ctx context.Context) {
	for _, t := range u.service.tables(u) {
		if t.global == (u.region == "") && slices.ContainsFunc(t.all(), u.scan.query.Wants) {
			u.collect(ctx, &t)
		}
	}
}

// collect lists a table to its end, and states how complete it is.
func (u *unit) collect(ctx context.Context, t *table) {
	var partial map[asset.Type]bool
	if t.none == nil || !t.none(ctx) {
		partial = u.pages(ctx, t, t.list, asset.Ref{})
	}
	if ctx.Err() != nil {
		return // the list was cut off, which is no answer
	}
	for _, typ := range t.all() {
		if !u.scan.query.Wants(typ) {
			continue
		}
		state := asset.Complete
		if partial[typ] || u.scan.provider.quiet(typ, t) {
			state = asset.Partial
		}
		u.scan.emit(ctx, &asset.Coverage{Scope: u.scope(typ), Type: typ, State: state})
	}
}

// pages lists the pages of a table, of the whole scope or of one parent, and returns
// the types of which something may be missing.
func (u *unit) pages(ctx context.Context, t *table, list listFunc, of asset.Ref) map[asset.Type]bool {
	partial := map[asset.Type]bool{}
	fetch := func(ctx context.Context, token string) ([][]*draft, string, error) {
		page, next, err := list(ctx, token)
		return [][]*draft{page}, next, err
	}
	for page, err := range pagesInTime(ctx, fetch) {
		if err != nil {
			if ctx.Err() != nil || hasCode(err, t.absent) {
				return partial
			}
			why := fault(t.op, err)
			for _, typ := range t.all() {
				partial[typ] = true
				u.gap(ctx, typ, of, why)
			}
			return partial
		}
		for typ := range u.page(ctx, t, page) {
			partial[typ] = true
		}
	}
	return partial
}

// pagesInTime is [provider.Pages] with a limit to the time that each page may take.
func pagesInTime[T any](ctx context.Context, fetch func(ctx context.Context, token string) ([]T, string, error)) iter.Seq2[T, error] {
	return provider.Pages(ctx, func(ctx context.Context, token string) ([]T, string, error) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		return fetch(ctx, token)
	})
}

type listFunc = func(ctx context.Context, token string) ([]*draft, string, error)

// gap emits a gap if the type is asked for.
func (u *unit) gap(ctx context.Context, t asset.Type, of asset.Ref, why *asset.Unread) {
	if !u.scan.query.Wants(t) {
		return
	}
	u.gaps.Add(1)
	u.scan.emit(ctx, &asset.Gap{
		Scope: u.scope(t), Type: t, Of: of,
		Cause: *why,
	})
}

// page reads and emits the assets of a page and what is under them.
func (u *unit) page(ctx context.Context, t *table, page []*draft) map[asset.Type]bool {
	partial := map[asset.Type]bool{}
	page = slices.DeleteFunc(page, func(d *draft) bool {
		if d.lost != nil {
			u.lose(ctx, t, d, partial)
			return true
		}
		return !u.wants(t, d) && len(t.under) == 0
	})
	for i := range t.reads {
		if r := &t.reads[i]; r.together != nil {
			u.readTogether(ctx, r, page)
		}
	}
	found := make([]map[asset.Type]bool, len(page))
	var g errgroup.Group
	g.SetLimit(perUnit)
	for i, d := range page {
		g.Go(func() error {
			found[i] = u.one(ctx, t, d)
			return nil
		})
	}
	g.Wait()
	for _, types := range found {
		for typ := range types {
			partial[typ] = true
		}
	}
	return partial
}

// lose emits gaps in place of something that could not be told, of each type that it
// may be and of those under it.
func (u *unit) lose(ctx context.Context, t *table, d *draft, partial map[asset.Type]bool) {
	if !u.scan.only.IsZero() && u.scan.only.ID != d.ID {
		return
	}
	why := *fault(t.op, d.lost)
	why.Message = clip(d.ID + ": " + why.Message)
	for _, typ := range t.all() {
		partial[typ] = true
		u.gap(ctx, typ, asset.Ref{}, &why)
	}
}

// wants reports whether an asset of a table is asked for. A table may list what only
// leads to what is under it.
func (u *unit) wants(t *table, d *draft) bool {
	return slices.Contains(t.types, d.Type) && u.scan.selects(d.Ref)
}

// one reads and emits one asset and what is under it.
func (u *unit) one(ctx context.Context, t *table, d *draft) map[asset.Type]bool {
	partial := map[asset.Type]bool{}
	for i := range t.under {
		below := &t.under[i]
		if d.Type != below.of || !slices.ContainsFunc(below.all(), u.scan.query.Wants) {
			continue
		}
		list := func(ctx context.Context, token string) ([]*draft, string, error) {
			return below.listOf(ctx, d, token)
		}
		for typ := range u.pages(ctx, below, list, d.Ref) {
			partial[typ] = true
		}
	}
	if !u.wants(t, d) {
		return partial
	}
	for i := range t.reads {
		if r := &t.reads[i]; r.each != nil && r.applies(d) {
			u.readEach(ctx, r, d)
		}
	}
	if d.gone {
		return partial
	}
	a, err := u.finish(d)
	if err != nil {
		partial[d.Type] = true
		u.gap(ctx, d.Type, asset.Ref{}, &asset.Unread{Op: t.op, Code: codeMalformed, Message: clip(err.Error())})
		return partial
	}
	u.assets.Add(1)
	u.scan.emit(ctx, a)
	return partial
}

func (r *read) applies(d *draft) bool { return r.of == "" || r.of == d.Type }

// readEach runs a read for one asset, if the query asks for what it fills.
func (u *unit) readEach(ctx context.Context, r *read, d *draft) {
	fills := u.scan.provider.fills(d.Type, r.op)
	why := &asset.Unread{Op: r.op, Reason: asset.NotRequested, Code: asset.CodeNotRequested}
	if u.scan.wants(d.Type, fills) {
		ctx, cancel := context.WithTimeout(ctx, callTimeout)
		defer cancel()
		err := u.watched(r, []*draft{d}, func() error { return r.each(ctx, d) })
		switch {
		case err == nil || hasCode(err, r.absent):
			return
		case errors.Is(err, errGone):
			d.gone = true
			return
		}
		why = fault(r.op, err)
	}
	d.setUnread(fills, why)
}

// readTogether runs a read for the assets of a page.
func (u *unit) readTogether(ctx context.Context, r *read, page []*draft) {
	var wanted []*draft
	for _, d := range page {
		if !r.applies(d) || !u.scan.selects(d.Ref) {
			continue
		}
		if fills := u.scan.provider.fills(d.Type, r.op); u.scan.wants(d.Type, fills) {
			wanted = append(wanted, d)
		} else {
			d.setUnread(fills, &asset.Unread{Op: r.op, Reason: asset.NotRequested, Code: asset.CodeNotRequested})
		}
	}
	for ds := range slices.Chunk(wanted, r.size) {
		if err := u.callTogether(ctx, r, ds); err != nil && !hasCode(err, r.absent) {
			why := fault(r.op, err)
			for _, d := range ds {
				d.setUnread(u.scan.provider.fills(d.Type, r.op), why)
			}
		}
	}
}

func (u *unit) callTogether(ctx context.Context, r *read, ds []*draft) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return u.watched(r, ds, func() error { return r.together(ctx, ds) })
}

// watched calls a read. In tests it sees that every link that the read makes is told
// with a part that it fills, so that the link is not taken to be missing if it fails.
func (u *unit) watched(r *read, ds []*draft, call func() error) error {
	if u.scan.provider.stray == nil {
		return call()
	}
	before := make([]draft, len(ds))
	for i, d := range ds {
		before[i] = *d
	}
	err := call()
	for i, d := range ds {
		u.watch(r, &before[i], d)
	}
	return err
}

func (u *unit) watch(r *read, before, after *draft) {
	p := u.scan.provider
	fills := p.fills(after.Type, r.op)
	told := func(parts []asset.Path) bool {
		return slices.ContainsFunc(parts, func(part asset.Path) bool {
			return slices.ContainsFunc(fills, func(f asset.Path) bool { return f.Covers(part) || part.Covers(f) })
		})
	}
	for _, l := range after.links[len(before.links):] {
		if rule, _ := p.schema(after.Type).Link(l.Rel); !told(rule.From) {
			p.stray(after.Type, asset.Path("link "+l.Rel+" of "+r.op))
		}
	}
	if before.created.IsZero() && !after.created.IsZero() && !told(p.schema(after.Type).Created) {
		p.stray(after.Type, asset.Path("created of "+r.op))
	}
}

func (d *draft) setUnread(paths []asset.Path, why *asset.Unread) {
	if d.unread == nil {
		d.unread = map[asset.Path]*asset.Unread{}
	}
	for _, p := range paths {
		d.unread[p] = why
	}
}
