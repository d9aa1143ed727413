package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/asset"
)

// CallTimeout is how long one call may take, with all its attempts.
const CallTimeout = 3 * time.Minute

// each runs a read for one asset, if the query requests what it provides.
func (r *run) each(s *step, d *Draft, calls timer) {
	if !s.wanted {
		d.SetUnread(s.skipped, s.provides...)
		return
	}
	var err error
	if r.scan.Watch == nil {
		err = calls.end(s.Each(calls.begin(), d))
	} else {
		err = r.watched(s.Read, []*Draft{d}, func() error { return calls.end(s.Each(calls.begin(), d)) })
	}
	r.note(s, d, err)
}

// note marks what a read did not fill.
func (r *run) note(s *step, d *Draft, err error) {
	switch {
	case err == nil || r.scan.HasCode(err, s.Absent):
	case r.gone(err, s.gone):
		d.gone = true
	default:
		d.SetUnread(r.scan.Unread(s.Op, err), s.provides...)
	}
}

// gone reports whether an error says that the asset does not exist any more.
func (r *run) gone(err error, codes []string) bool {
	return errors.Is(err, ErrGone) || r.scan.HasCode(err, codes)
}

// together runs the reads of several assets at once, for the assets of a page.
func (r *run) together(ctx context.Context, t *tablePlan, page []*Draft) {
	for i := range t.Reads {
		read := &t.Reads[i]
		if read.Together == nil {
			continue
		}
		var wanted []*Draft
		for _, d := range page {
			s := t.step(read, d.Type)
			switch {
			case s == nil || !r.wants(t, d):
			case s.wanted:
				wanted = append(wanted, d)
			default:
				d.SetUnread(s.skipped, s.provides...)
			}
		}
		for ds := range slices.Chunk(wanted, max(1, read.Size)) {
			err := r.watched(read, ds, func() error {
				ctx, cancel := context.WithTimeout(ctx, CallTimeout)
				defer cancel()
				return read.Together(ctx, ds)
			})
			for _, d := range ds {
				failed := cmp.Or(err, d.failed)
				d.failed = nil
				r.note(t.step(read, d.Type), d, failed)
			}
		}
	}
}

// step returns the step of a read for a type, nil if the read is not for it.
func (t *tablePlan) step(read *Read, typ asset.Type) *step {
	steps := t.steps[typ]
	for i := range steps {
		if steps[i].Read == read {
			return &steps[i]
		}
	}
	return nil
}

// timer gives each call of one goroutine, one after the other, the time that a call may
// take. The calls share a context while none exceeds it.
type timer struct {
	begin func() context.Context // returns the context of the next call
	end   func(error) error      // takes the error of the call
	stop  func()
}

func timed(ctx context.Context) timer {
	var (
		within context.Context
		cancel context.CancelCauseFunc
		clock  *time.Timer
	)
	return timer{
		begin: func() context.Context {
			if within != nil && within.Err() == nil {
				clock.Reset(CallTimeout)
				return within
			}
			c, done := context.WithCancelCause(ctx)
			within, cancel = c, done
			clock = time.AfterFunc(CallTimeout, func() { done(context.DeadlineExceeded) })
			return within
		},
		end: func(err error) error {
			clock.Stop()
			if err != nil && ctx.Err() == nil && errors.Is(context.Cause(within), context.DeadlineExceeded) {
				err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
			}
			return err
		},
		stop: func() {
			if within != nil {
				clock.Stop()
				cancel(nil)
			}
		},
	}
}

// watched calls a read, under the eyes of the engine's watch if there is one.
func (r *run) watched(read *Read, ds []*Draft, call func() error) error {
	if r.scan.Watch == nil || r.scan.Watch.Stray == nil {
		return call()
	}
	before := make([]Draft, len(ds))
	for i, d := range ds {
		before[i] = *d
	}
	err := call()
	for i, d := range ds {
		r.watch(read, &before[i], d)
	}
	return err
}

func (r *run) watch(read *Read, before, after *Draft) {
	p := r.scan.plan(after.Type)
	provides := documents
	if o := p.operations[read.Op]; o != nil {
		provides = o.provides
	}
	provided := func(parts []asset.Path) bool {
		return slices.ContainsFunc(parts, func(part asset.Path) bool {
			return slices.ContainsFunc(provides, func(f asset.Path) bool { return f.Covers(part) || part.Covers(f) })
		})
	}
	for _, l := range after.Links[len(before.Links):] {
		if rule, _ := p.schema.Link(l.Rel); !provided(rule.From) {
			r.scan.Watch.Stray(after.Type, asset.Path("link "+l.Rel+" of "+read.Op))
		}
	}
	if before.Created.IsZero() && !after.Created.IsZero() && !provided(p.schema.Created) {
		r.scan.Watch.Stray(after.Type, asset.Path("created of "+read.Op))
	}
}
