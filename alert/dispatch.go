package alert

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Dispatcher delivers the messages of a store's outbox to channels.
//
// It delivers each message at least once: if it is killed after a receiver accepted an event
// and before the store knows, the event comes again with the same ID. The events of an alert
// reach a channel in their order; an event that is retried holds back the later ones of its
// alert, one that was given up holds back none. Several dispatchers can work on one store,
// also in several processes whose clocks agree within seconds: each channel is served by one
// at a time.
//
// Both the fields and the channels must not change while the dispatcher works. Its methods
// are safe for concurrent use.
type Dispatcher struct {
	Store  Store
	Tenant string
	// Channels are the channels by name. Messages to a channel that is not in it stay in the
	// store, with a health condition (HealthChannel).
	Channels map[string]Channel
	// Link returns the page that shows the alert or digest of an event; nil: there is none.
	Link func(Event) string
	// MaxAttempts is the number of times that an event is sent before it is given up; 0: 20,
	// which is about half a day.
	MaxAttempts int
	// Poll is the time after which Run looks for new messages; 0: one second.
	Poll time.Duration
}

// Channel is where messages are delivered, and how.
type Channel struct {
	Notifier Notifier
	Rate     float64 // events a second, 0: no limit
	Burst    int     // events at once within Rate, 0: those of one second
	Batch    int     // events in one call of Notify, 0: 100

	// The zone and the time of digests. Daily, weekly and monthly ones are sent at Hour,
	// weekly ones on Weekday, monthly ones on Day: 0 is the first, and a day that a month
	// lacks its last. A nil zone is UTC.
	Zone    *time.Location
	Hour    int
	Weekday time.Weekday
	Day     int
}

// Delivery counts what a pass of a Dispatcher did.
type Delivery struct {
	Delivered int // events
	Retried   int // events that failed and are sent again later
	Dead      int // events that were given up
	Damped    int // messages that were dropped, since their alerts opened and closed within the delay
	Digested  int // messages that became part of a digest
	Busy      int // channels that another dispatcher serves
	// Next is the earliest known instant at which there is more to do; zero: none.
	Next time.Time
}

func (d *Delivery) add(o Delivery) {
	d.Delivered += o.Delivered
	d.Retried += o.Retried
	d.Dead += o.Dead
	d.Damped += o.Damped
	d.Digested += o.Digested
	d.Busy += o.Busy
	d.Next = earlier(d.Next, o.Next)
}

// earlier returns the earlier of two instants, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Deliver delivers all messages that are due, to all channels at once, and returns when no
// more can be sent now. Errors of channels are no errors of Deliver: they are retried, and
// become health conditions.
func (d *Dispatcher) Deliver(ctx context.Context) (Delivery, error) {
	if err := d.check(ctx); err != nil {
		return Delivery{}, err
	}
	var (
		mu   sync.Mutex
		all  Delivery
		errs []error
		wg   sync.WaitGroup
	)
	for name, c := range d.Channels {
		wg.Go(func() {
			one, err := d.channel(ctx, name, c)
			mu.Lock()
			defer mu.Unlock()
			all.add(one)
			if err != nil {
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return all, err
	}
	return all, errors.Join(errs...)
}

// Run delivers messages until the context ends, and returns its cause. A channel that hangs
// holds back no other. A store that is busy or full is tried again; any other error of the
// store ends Run.
func (d *Dispatcher) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	loop := func(least time.Duration, pass func() (time.Time, error)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				next, err := pass()
				if err != nil && ctx.Err() == nil && !errors.Is(err, ErrBusy) && !errors.Is(err, ErrFull) {
					cancel(err)
				}
				wait := least
				if !next.IsZero() {
					wait = min(wait, max(next.Sub(d.Store.Now()), 10*time.Millisecond))
				}
				timer := time.NewTimer(wait)
				select {
				case <-ctx.Done():
					timer.Stop()
				case <-timer.C:
				}
			}
		})
	}
	poll := d.Poll
	if poll <= 0 {
		poll = time.Second
	}
	loop(max(poll, time.Minute), func() (time.Time, error) { return time.Time{}, d.check(ctx) })
	for name, c := range d.Channels {
		loop(poll, func() (time.Time, error) {
			one, err := d.channel(ctx, name, c)
			return one.Next, err
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// checked is the number of due messages that are looked at for channels that are missing.
const checked = 10_000

// check keeps the health conditions of channels that are not configured, and removes old
// conditions.
func (d *Dispatcher) check(ctx context.Context) error {
	var missing []string
	ended := false
	err := d.Store.Read(ctx, View{Tenant: d.Tenant}, func(r Reader) error {
		missing, ended = nil, false
		now := d.Store.Now()
		due, err := r.Messages(MessageQuery{Before: now, Limit: checked})
		if err != nil {
			return err
		}
		names := map[string]bool{}
		for _, m := range due {
			if _, ok := d.Channels[m.Channel]; !ok {
				names[m.Channel] = true
			}
		}
		missing = slices.Sorted(maps.Keys(names))
		for doc, err := range r.Documents(healthDocuments) {
			if err != nil {
				return err
			}
			h, err := decodeHealth(doc)
			if err != nil {
				return err
			}
			over, err := d.over(r, h)
			if err != nil {
				return err
			}
			ended = ended || over || stale(h, now)
		}
		return nil
	})
	if err != nil || len(missing) == 0 && !ended {
		return err
	}
	return d.Store.Write(ctx, d.Tenant, func(tx Tx) error {
		now := d.Store.Now()
		for _, name := range missing {
			h := Health{Kind: HealthChannel, Subject: name, Message: fmt.Sprintf("channel %q is not configured, and its messages wait", name)}
			if _, err := putHealth(tx, h, now); err != nil {
				return err
			}
		}
		if err := d.endOver(tx, now); err != nil {
			return err
		}
		return sweepHealth(tx, now)
	})
}

// endOver ends the conditions that no delivery ends.
func (d *Dispatcher) endOver(tx Tx, now time.Time) error {
	var ended []Health
	for doc, err := range tx.Documents(healthDocuments) {
		if err != nil {
			return err
		}
		h, err := decodeHealth(doc)
		if err != nil {
			return err
		}
		over, err := d.over(tx, h)
		if err != nil {
			return err
		}
		if over {
			ended = append(ended, h)
		}
	}
	for _, h := range ended {
		if err := endHealth(tx, h.Kind, h.Subject, now); err != nil {
			return err
		}
	}
	return nil
}

// over reports whether a condition holds whose cause is gone: messages to a channel that is
// not configured, or dead letters that a purge deleted.
func (d *Dispatcher) over(r Reader, h Health) (bool, error) {
	_, configured := d.Channels[h.Subject]
	dead := h.Kind == HealthDead
	if !h.Until.IsZero() || !dead && (h.Kind != HealthChannel || configured) {
		return false, nil
	}
	waiting, err := r.Messages(MessageQuery{Channel: h.Subject, Dead: dead, Limit: 1})
	return len(waiting) == 0, err
}

// channel delivers the messages of one channel that are due.
func (d *Dispatcher) channel(ctx context.Context, name string, c Channel) (Delivery, error) {
	var done Delivery
	idle, next, err := d.idle(ctx, name)
	if err != nil || idle {
		done.Next = next
		return done, err
	}
	holder := rand.Text()
	for {
		var b batch
		err := d.Store.Write(ctx, d.Tenant, func(tx Tx) error {
			b = batch{name: name, channel: c, holder: holder, now: d.Store.Now()}
			return d.pick(tx, &b)
		})
		if err != nil {
			return done, fmt.Errorf("channel %q: %w", name, err)
		}
		done.add(b.done)
		if len(b.messages) == 0 {
			return done, nil
		}
		sendCtx, cancel := context.WithTimeout(ctx, lease/2)
		failure := c.Notifier.Notify(sendCtx, b.events)
		cancel()
		if ctx.Err() != nil && failure != nil {
			// Whether the events arrived is not known: they are sent again.
			err := d.Store.Write(context.WithoutCancel(ctx), d.Tenant, func(tx Tx) error { return release(tx, name, holder) })
			return done, errors.Join(context.Cause(ctx), err)
		}
		var recorded Delivery
		lost := false
		err = d.Store.Write(context.WithoutCancel(ctx), d.Tenant, func(tx Tx) (err error) {
			b.now = d.Store.Now()
			recorded, lost, err = d.record(tx, &b, failure)
			return err
		})
		if err != nil {
			return done, fmt.Errorf("channel %q: %w", name, err)
		}
		done.add(recorded)
		if lost || ctx.Err() != nil {
			return done, context.Cause(ctx)
		}
	}
}

// idle reports whether a channel has nothing to do, without writing to the store.
func (d *Dispatcher) idle(ctx context.Context, name string) (idle bool, next time.Time, err error) {
	err = d.Store.Read(ctx, View{Tenant: d.Tenant}, func(r Reader) error {
		idle, next = false, time.Time{}
		s, err := readChannel(r, name)
		if err != nil {
			return err
		}
		now := d.Store.Now()
		if at := s.retryAt(now); at.After(now) {
			idle, next = true, at
			return nil
		}
		first, err := r.Messages(MessageQuery{Channel: name, Limit: 1})
		if err != nil {
			return err
		}
		if len(first) == 0 {
			idle = true
		} else if first[0].NotBefore.After(now) {
			idle, next = true, first[0].NotBefore
		}
		return nil
	})
	return idle, next, err
}
