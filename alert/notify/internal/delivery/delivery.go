// Package delivery sends the events of a batch one by one or in groups, and keeps the order
// of the events of each alert.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/openstance/stance/alert"
)

// ErrEarlier is under the error of an event that was not sent because an earlier one of the
// batch must be sent again first.
var ErrEarlier = errors.New("an earlier event was not delivered")

// Batch notes which events of a batch were not delivered.
type Batch struct {
	events []alert.Event
	failed map[int]alert.EventError
	held   map[string]alert.EventError // by alert: its first event that must be sent again
}

// NewBatch returns a Batch of events that all count as delivered.
func NewBatch(events []alert.Event) *Batch {
	return &Batch{events: events, failed: map[int]alert.EventError{}, held: map[string]alert.EventError{}}
}

// Fail notes that an event was not delivered.
func (b *Batch) Fail(e alert.EventError) {
	b.failed[e.Index] = e
	if id := Alert(b.events[e.Index]); id != "" && !e.Permanent {
		if _, ok := b.held[id]; !ok {
			b.held[id] = e
		}
	}
}

// Hold reports whether the event at an index must wait, since an earlier event of its alert
// must be sent again. If so, it counts as not delivered.
func (b *Batch) Hold(index int) bool {
	e, ok := b.held[Alert(b.events[index])]
	if ok {
		b.Fail(alert.EventError{Index: index, Err: fmt.Errorf("%w: %w", ErrEarlier, e.Err), RetryAfter: e.RetryAfter})
	}
	return ok
}

// Rest notes that the events from an index on were not sent, for an error that concerns the
// channel and not one event.
func (b *Batch) Rest(from int, err error, after time.Duration) {
	for i := from; i < len(b.events); i++ {
		if _, ok := b.failed[i]; !ok {
			b.Fail(alert.EventError{Index: i, Err: err, RetryAfter: after})
		}
	}
}

// Err returns the error of Notify: nil if every event was delivered, else a
// *alert.PartialError in the order of the events.
func (b *Batch) Err() error {
	if len(b.failed) == 0 {
		return nil
	}
	p := &alert.PartialError{}
	for _, e := range b.failed {
		p.Failed = append(p.Failed, e)
	}
	slices.SortFunc(p.Failed, func(a, b alert.EventError) int { return a.Index - b.Index })
	return p
}

// Each sends events one after the other and returns the error of Notify. classify describes
// the error of an event; whole reports that it concerns the channel, in which case the
// events after it are not sent.
func Each(ctx context.Context, events []alert.Event, classify func(index int, err error) (e alert.EventError, whole bool), send func(context.Context, alert.Event) error) error {
	b := NewBatch(events)
	for i, e := range events {
		if ctx.Err() != nil {
			b.Rest(i, context.Cause(ctx), 0)
			break
		}
		if b.Hold(i) {
			continue
		}
		err := send(ctx, e)
		if err == nil {
			continue
		}
		failed, whole := classify(i, err)
		b.Fail(failed)
		if whole {
			b.Rest(i+1, err, failed.RetryAfter)
			break
		}
	}
	return b.Err()
}

// Alert returns the ID of the alert that an event is about, or "".
func Alert(e alert.Event) string {
	if e.Alert == nil {
		return ""
	}
	return e.Alert.ID
}

// TestEvent returns the event that Test of a channel sends.
func TestEvent(at time.Time) alert.Event {
	at = at.UTC().Truncate(time.Millisecond)
	return alert.Event{ID: "test/" + at.Format("20060102T150405.000Z"), Kind: alert.EventTest, At: at}
}
