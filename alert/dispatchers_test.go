package alert

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAKilledDispatcherDeliversAgain ends a dispatcher after the receiver accepted the events
// and before the store knows.
func TestAKilledDispatcherDeliversAgain(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	o.owe("a", EventOpened, 0, "", "c")
	killed := &Dispatcher{Store: failingStore{o.Memory, r}, Tenant: "t", Channels: map[string]Channel{"c": {Notifier: r}}}
	_, err := killed.Deliver(t.Context())
	assert.ErrorIs(t, err, errKilled)
	assert.Equal(t, []string{"a-opened-1"}, r.ids())

	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	done := o.deliver(d)
	assert.Equal(t, 1, done.Busy, "the lease of the killed one holds")
	assert.Equal(t, o.clock.now().Add(lease), done.Next)
	o.add(lease)
	assert.Equal(t, 1, o.deliver(d).Delivered)
	assert.Equal(t, []string{"a-opened-1"}, r.ids(), "the same ID again")
}

var errKilled = errors.New("killed")

// failingStore fails every transaction after the receiver was called.
type failingStore struct {
	*Memory
	r *receiver
}

func (s failingStore) Write(ctx context.Context, tenant string, f func(Tx) error) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	if s.r.calls > 0 {
		return errKilled
	}
	return s.Memory.Write(ctx, tenant, f)
}

func TestALeaseOfAClockThatWentBack(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	o.write(func(tx Tx) error {
		return writeChannel(tx, "c", channelState{Holder: "x", Until: o.clock.now().AddDate(1, 0, 0), Retry: o.clock.now().AddDate(1, 0, 0)})
	})
	o.owe("a", EventOpened, 0, "", "c")
	assert.Equal(t, 1, o.deliver(o.dispatcher(map[string]Channel{"c": {Notifier: r}})).Delivered)
}

// TestALostLease lets another dispatcher deliver while a call of Notify takes too long.
func TestALostLease(t *testing.T) {
	o := newOutbox(t)
	fast := &receiver{}
	slow := notifierFunc(func(context.Context, []Event) error {
		o.add(2 * lease)
		assert.Equal(t, 1, o.deliver(o.dispatcher(map[string]Channel{"c": {Notifier: fast}})).Delivered)
		return errors.New("connection reset")
	})
	o.owe("a", EventOpened, 0, "", "c")
	done := o.deliver(o.dispatcher(map[string]Channel{"c": {Notifier: slow}}))
	assert.Zero(t, done.Retried)
	assert.Empty(t, o.left(MessageQuery{}), "the result of the late one does not bring the message back")
}

// TestSeveralDispatchers delivers from one store with several dispatchers, while events
// arrive and the receiver fails for every seventh.
func TestSeveralDispatchers(t *testing.T) {
	o := newOutbox(t)
	const alerts, events = 20, 10
	var mu sync.Mutex
	inside, calls := 0, 0
	last := map[string]int64{}
	delivered := map[string]int{}
	notify := notifierFunc(func(_ context.Context, batch []Event) error {
		mu.Lock()
		inside++
		assert.Equal(t, 1, inside, "one at a time")
		calls++
		p := &PartialError{}
		for i, e := range batch {
			if (calls+i)%7 == 0 {
				p.Failed = append(p.Failed, EventError{Index: i, Err: errors.New("busy")})
				continue
			}
			assert.Greater(t, e.Transition.Seq, last[e.Alert.ID], "in order")
			last[e.Alert.ID] = e.Transition.Seq
			delivered[e.ID]++
		}
		mu.Unlock()
		mu.Lock()
		inside--
		mu.Unlock()
		if len(p.Failed) > 0 {
			return p
		}
		return nil
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range events {
			for a := range alerts {
				kind := EventOpened
				if i%2 == 1 {
					kind = EventResolved
				}
				o.owe(fmt.Sprintf("a%d", a), kind, 0, "", "c")
			}
		}
	})
	for range 3 {
		wg.Go(func() {
			d := o.dispatcher(map[string]Channel{"c": {Notifier: notify, Batch: 5}})
			for range 50 {
				o.deliver(d)
				o.add(time.Second)
			}
		})
	}
	wg.Wait()
	d := o.dispatcher(map[string]Channel{"c": {Notifier: notify, Batch: 5}})
	for range 100 {
		o.add(time.Minute)
		o.deliver(d)
	}
	assert.Empty(t, o.left(MessageQuery{}))
	require.Len(t, delivered, alerts*events, "nothing is lost")
	for id, n := range delivered {
		assert.Equal(t, 1, n, id)
	}
}

func TestACancelledDelivery(t *testing.T) {
	o := newOutbox(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("shutdown")
	hang := notifierFunc(func(ctx context.Context, _ []Event) error {
		cancel(cause)
		<-ctx.Done()
		return ctx.Err()
	})
	o.owe("a", EventOpened, 0, "", "c")
	_, err := o.dispatcher(map[string]Channel{"c": {Notifier: hang}}).Deliver(ctx)
	assert.ErrorIs(t, err, cause)
	r := &receiver{}
	assert.Equal(t, 1, o.deliver(o.dispatcher(map[string]Channel{"c": {Notifier: r}})).Delivered, "the lease was given back, and the event is not late")

	// Events that arrived although the context ended are not sent again.
	o.owe("a", EventResolved, 0, "", "c")
	ctx, cancel = context.WithCancelCause(t.Context())
	accept := notifierFunc(func(context.Context, []Event) error {
		cancel(cause)
		return nil
	})
	_, err = o.dispatcher(map[string]Channel{"c": {Notifier: accept}}).Deliver(ctx)
	assert.ErrorIs(t, err, cause)
	assert.Empty(t, o.left(MessageQuery{}))
}

func TestManyMessagesOfABlockedAlert(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(call int, _ []Event) error {
		if call == 1 {
			return &PartialError{Failed: []EventError{{Index: 0, Err: errors.New("busy")}}}
		}
		return nil
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	for i := range window + 100 {
		o.owe("blocked", []EventKind{EventOpened, EventResolved}[i%2], 0, "", "c")
	}
	o.deliver(d)
	o.add(time.Second)
	o.owe("other", EventOpened, 0, "", "c")
	o.deliver(d)
	assert.Equal(t, []string{fmt.Sprintf("other-opened-%d", window+101)}, r.ids(), "messages that wait hide no others")
}

func TestConditionsWithoutACauseEnd(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(_ int, events []Event) error {
		return &PartialError{Failed: []EventError{{Index: 0, Err: errors.New("too large"), Permanent: true}}}
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "c")
	o.owe("a", EventOpened, 0, "", "gone")
	o.deliver(d)
	o.deliver(d)
	assert.Equal(t, []string{"channel_failing gone", "dead_letters c"}, o.conditions())
	o.add(time.Hour)
	o.write(func(tx Tx) error {
		_, err := tx.Purge(o.clock.now())
		return errors.Join(err, tx.DeleteMessages("a-opened-2/gone"))
	})
	o.deliver(d)
	assert.Empty(t, o.conditions())
}
