package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"

	"github.com/openstance/stance/asset"
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
// secret paths of q.Schemas. It adds the parents and links that the ids and documents of
// assets name: see [asset.Derive].
//
// A panic of a provider becomes a panic of Collect, on the goroutine of the caller.
// Otherwise Collect returns when all sequences have ended, and leaves no goroutine.
func Collect(ctx context.Context, q Query, ps ...Provider) (*asset.Inventory, error) {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
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
	var full error
	omitted := make([]bool, len(ps)) // observations of a provider, because the inventory is full
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
			if full != nil {
				omitted[e.from] = true
				break
			}
			if !known.add(e.from, e.seen) {
				inv.Add(e.seen)
			}
			if q.MaxBytes > 0 && inv.Size() > q.MaxBytes {
				full = fmt.Errorf("%w: more than %d bytes", ErrTooLarge, q.MaxBytes)
				cancel(full)
			}
		}
	}
	for i := range errs {
		if errs[i] == nil && omitted[i] {
			errs[i] = full
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
					Message: fmt.Sprint(err)}, // which takes a nil pointer in an error
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
	last.err = c.forward(ctx, i, q, p)
}

// forward sends what a provider yields until its sequence ends or the context does.
func (c *collector) forward(ctx context.Context, i int, q Query, p Provider) error {
	for o, err := range Observe(ctx, p, q) {
		if err != nil {
			return err
		}
		if !c.send(event{from: i, seen: o}) {
			return nil
		}
	}
	return nil
}
