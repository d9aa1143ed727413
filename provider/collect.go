package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/asset/secret"
)

const (
	collectAtOnce = 64 // providers; each of them bounds its own calls
	collectAhead  = 64 // observations that wait to be added to the inventory
)

// Collect discovers with several providers and gathers their observations in one
// inventory. Up to 64 run at once, the others as those end, and none can block
// the others. Few observations are in flight, whatever the size of the estate;
// the inventory holds the rest.
//
// The inventory is never nil. If a provider's sequence ends in an error, the
// observations before it stay, a gap for everything in every cloud that it observed
// makes their coverage partial, and Collect returns the error, joined with those of the
// other providers in the order of ps. A cancelled context ends in its cause in the same
// way. An inventory without an error is complete but for its gaps.
//
// One query serves providers of several clouds: Collect omits a gap with
// [CodeUnknownType] if there is coverage of the type, in clouds that the gap's provider
// does not observe, and one with [CodeUnknownScope] if another provider observes
// something in the scope.
//
// Collect redacts the assets that no Redactor has passed yet, with q.Redactor and the
// secret paths of q.Schemas.
//
// A panic of a provider becomes a panic of Collect, on the goroutine of the caller.
// Otherwise Collect returns when all sequences have ended, and leaves no goroutine.
func Collect(ctx context.Context, q Query, ps ...Provider) (*asset.Inventory, error) {
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	c := collector{
		events: make(chan event, collectAhead),
		slots:  make(chan struct{}, collectAtOnce),
		stop:   make(chan struct{}),
	}
	defer close(c.stop)
	for i, p := range ps {
		go c.discover(run, q, i, p)
	}

	inv := new(asset.Inventory)
	errs := make([]error, len(ps))
	clouds := make([]map[string]bool, len(ps))
	known := newKnowledge(q)
	for running := len(ps); running > 0; {
		e := <-c.events
		switch {
		case e.panicked != nil:
			panic(e.panicked)
		case e.end:
			errs[e.from] = e.err
			running--
		default:
			if name := scopeOf(e.seen).Provider; name != "" && !clouds[e.from][name] {
				if clouds[e.from] == nil {
					clouds[e.from] = map[string]bool{}
				}
				clouds[e.from][name] = true
			}
			if !known.add(e.from, e.seen) {
				inv.Add(e.seen)
			}
		}
	}
	for _, g := range known.unknown(clouds) {
		inv.Add(g)
	}

	var joined []error
	cause, cut := context.Cause(ctx), false
	for i, err := range errs {
		if err == nil {
			continue
		}
		name := ps[i].Name()
		failed := map[string]bool{name: true}
		maps.Copy(failed, clouds[i])
		for cloud := range failed {
			inv.Add(&asset.Gap{
				Scope: asset.Scope{Provider: cloud},
				Cause: asset.Unread{Reason: asset.Incomplete, Op: "discover " + name,
					Code:    asset.CodeIncomplete,
					Message: err.Error()},
			})
		}
		if cause != nil && errors.Is(err, cause) {
			cut = true // reported once for all of them
			continue
		}
		joined = append(joined, fmt.Errorf("discover %s: %w", name, err))
	}
	if cut {
		joined = append(joined, cause)
	}
	if len(joined) == 1 {
		return inv, joined[0]
	}
	return inv, errors.Join(joined...)
}

// event is an observation of one provider, or the end of its sequence.
type event struct {
	from     int
	seen     asset.Observation
	end      bool
	err      error
	panicked any
}

type collector struct {
	events chan event
	slots  chan struct{}
	stop   chan struct{} // closed when no more events are received
}

func (c *collector) send(e event) bool {
	select {
	case c.events <- e:
		return true
	case <-c.stop:
		return false
	}
}

func (c *collector) discover(ctx context.Context, q Query, i int, p Provider) {
	last := event{from: i, end: true, err: errors.New("the provider ended its goroutine")}
	defer func() {
		if x := recover(); x != nil {
			last.panicked = fmt.Sprintf("provider %T: %v\n\n%s", p, x, debug.Stack())
		}
		c.send(last)
	}()
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		last.err = context.Cause(ctx)
		return
	}
	last.err = c.forward(ctx, i, q, p.Discover(ctx, q))
}

// forward sends what a provider yields, redacted, until its sequence ends or the context does.
func (c *collector) forward(ctx context.Context, i int, q Query, seq func(func(asset.Observation, error) bool)) error {
	filter := secret.Filter{Redactor: q.Redactor, Schemas: q.Schemas}
	for o, err := range seq {
		if err == nil {
			o, err = filter.Pass(o)
		}
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case notNil(o) != nil:
			return notNil(o)
		case !c.send(event{from: i, seen: o}):
			return nil
		}
	}
	// A provider that takes a cancelled context for the end of the assets must not
	// make a shortened sequence look complete.
	return context.Cause(ctx)
}
