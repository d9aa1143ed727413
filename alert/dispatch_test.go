package alert

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
)

// clock is the injected clock of a test.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// receiver records what arrives, and fails as the test says.
type receiver struct {
	mu     sync.Mutex
	got    []Event
	calls  int
	answer func(call int, events []Event) error
}

func (r *receiver) Notify(_ context.Context, events []Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	var err error
	if r.answer != nil {
		err = r.answer(r.calls, events)
	}
	failed, _ := failures(err, len(events))
	for i, e := range events {
		if _, ok := failed[i]; !ok {
			r.got = append(r.got, e)
		}
	}
	return err
}

// ids returns the IDs of the events that arrived since the last call.
func (r *receiver) ids() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, e := range r.got {
		ids = append(ids, e.ID)
	}
	r.got = nil
	return ids
}

// outbox is a store with the messages of a test.
type outbox struct {
	*testing.T
	*clock
	*Memory
}

func newOutbox(t *testing.T) *outbox {
	c := &clock{t: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)}
	return &outbox{t, c, NewMemory(c.now)}
}

func (o *outbox) write(f func(tx Tx) error) {
	o.Helper()
	require.NoError(o, o.Write(o.Context(), "t", f))
}

// owe opens or resolves an alert now, and writes a message to each channel.
func (o *outbox) owe(name string, kind EventKind, delay time.Duration, period Period, channels ...string) {
	o.Helper()
	o.write(func(tx Tx) error {
		key := Key{Policy: "p", Ref: asset.Ref{Type: "aws.s3.Bucket", ID: name}}
		found, err := tx.Alerts(key)
		if err != nil {
			return err
		}
		old := found[key]
		next := &Alert{
			Key: key, ID: name, Policy: Policy{Title: "title of " + name, Severity: policy.High},
			Asset: Asset{Provider: "aws", Account: "1"}, Evidence: []Evidence{{Value: "x"}},
		}
		from := Status("")
		if old != nil {
			from = old.Status
		}
		switch kind {
		case EventOpened:
			next.Status = Open
		case EventResolved:
			next.Status = Resolved
		default:
			next.Status = from
		}
		if err := tx.Put(Change{old, next}); err != nil {
			return err
		}
		t := &Transition{Alert: name, Key: key, At: o.clock.now(), From: from, To: next.Status, Actor: "stance"}
		if err := tx.Append(t); err != nil {
			return err
		}
		for _, c := range channels {
			id := fmt.Sprintf("%s-%s-%d", name, kind, t.Seq)
			m := Message{
				ID: id + "/" + c, Channel: c, Alert: name, Seq: t.Seq, NotBefore: t.At.Add(delay), Digest: string(period),
				Event: Event{ID: id, Kind: kind, At: t.At, Transition: t},
			}
			if err := tx.PutMessages(m); err != nil {
				return err
			}
		}
		return nil
	})
}

func (o *outbox) dispatcher(channels map[string]Channel) *Dispatcher {
	return &Dispatcher{Store: o.Memory, Tenant: "t", Channels: channels}
}

func (o *outbox) deliver(d *Dispatcher) Delivery {
	o.Helper()
	done, err := d.Deliver(o.Context())
	require.NoError(o, err)
	return done
}

// left returns the IDs of the messages in the store.
func (o *outbox) left(q MessageQuery) []string {
	o.Helper()
	var ids []string
	require.NoError(o, o.Read(o.Context(), View{Tenant: "t"}, func(r Reader) error {
		all, err := r.Messages(q)
		for _, m := range all {
			ids = append(ids, m.Event.ID)
		}
		return err
	}))
	return ids
}

// conditions returns the health conditions that hold, without the one of a test that has no
// health channel.
func (o *outbox) conditions() []string {
	o.Helper()
	var all []string
	require.NoError(o, o.Read(o.Context(), View{Tenant: "t"}, func(r Reader) error {
		tree, err := HealthTree(r)
		if err != nil {
			return err
		}
		for _, kind := range tree.Children {
			for _, s := range kind.Children {
				if s.Failing > 0 && s.Name != ChannelHealth {
					all = append(all, kind.Name+" "+s.Name)
				}
			}
		}
		return nil
	}))
	return all
}

func TestDeliver(t *testing.T) {
	o := newOutbox(t)
	one, two := &receiver{}, &receiver{}
	d := o.dispatcher(map[string]Channel{"one": {Notifier: one, Batch: 2}, "two": {Notifier: two}})
	d.Link = func(e Event) string { return "https://stance.example.com/" + e.Alert.ID }
	o.owe("a", EventOpened, 0, "", "one", "two")
	o.owe("b", EventOpened, 0, "", "one")
	o.owe("c", EventOpened, 0, "", "one")
	o.owe("a", EventResolved, 0, "", "one")

	assert.Equal(t, 5, o.deliver(d).Delivered)
	require.Len(t, one.got, 4)
	first := one.got[0]
	assert.Equal(t, Resolved, first.Alert.Status, "the alert is as it is when the event is delivered")
	assert.Equal(t, Open, first.Transition.To, "the transition is the one of the event")
	assert.Equal(t, "t", first.Tenant)
	assert.Equal(t, "https://stance.example.com/a", first.Link)
	ids := one.ids()
	assert.Equal(t, []string{"a-opened-1", "a-resolved-4"}, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id[0] != 'a' }))
	assert.Equal(t, []string{"a-opened-1"}, two.ids())
	assert.Empty(t, o.left(MessageQuery{}))
	assert.Equal(t, Delivery{}, o.deliver(d), "nothing is delivered twice")
	assert.Equal(t, 2, one.calls, "a batch holds two events, and one of each alert")
}

func TestDeliverKeepsTheOrderOfAnAlert(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(call int, events []Event) error {
		if call == 1 {
			return &PartialError{Failed: []EventError{{Index: 0, Err: errors.New("busy"), RetryAfter: 90 * time.Second}}}
		}
		return nil
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "c")
	o.owe("b", EventOpened, 0, "", "c")
	o.owe("a", EventResolved, 0, "", "c")
	done := o.deliver(d)
	assert.Equal(t, 1, done.Retried)
	assert.Equal(t, []string{"b-opened-2"}, r.ids(), "a later event of the alert waits, others do not")
	assert.Equal(t, o.clock.now().Add(90*time.Second), done.Next, "Retry-After counts")
	o.add(89 * time.Second)
	assert.Zero(t, o.deliver(d).Delivered)
	o.add(time.Second)
	assert.Equal(t, 2, o.deliver(d).Delivered)
	assert.Equal(t, []string{"a-opened-1", "a-resolved-3"}, r.ids())
}

func TestDeliverBacksOff(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(int, []Event) error { return errors.New("connection refused") }}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	d.MaxAttempts = 9
	o.owe("a", EventOpened, 0, "", "c")
	o.owe("a", EventResolved, 0, "", "c")
	var waits []time.Duration
	for range 8 {
		done := o.deliver(d)
		require.False(t, done.Next.IsZero())
		assert.Zero(t, o.deliver(d).Retried, "not before its time")
		waits = append(waits, done.Next.Sub(o.clock.now()))
		o.add(waits[len(waits)-1])
		// The pause of the channel can end after that of the message.
		o.add(2 * waits[len(waits)-1])
	}
	for i, w := range waits {
		whole := min(firstBackoff<<i, maxBackoff)
		assert.True(t, w >= whole/2 && w <= whole, "wait %d: %v of %v", i, w, whole)
	}
	assert.Equal(t, []string{"channel_failing c"}, o.conditions())
	assert.Equal(t, 1, o.deliver(d).Dead)
	assert.Equal(t, []string{"a-opened-1"}, o.left(MessageQuery{Dead: true}))
	assert.Equal(t, []string{"channel_failing c", "dead_letters c"}, o.conditions())
	r.answer = nil
	o.add(2 * time.Hour)
	assert.Equal(t, 1, o.deliver(d).Delivered, "a dead letter blocks no later event")
	assert.Equal(t, []string{"a-resolved-2"}, r.ids())
	assert.Equal(t, []string{"dead_letters c"}, o.conditions())

	dead, err := d.DeadLetters(t.Context(), "c", 10)
	require.NoError(t, err)
	require.Len(t, dead, 1)
	assert.Equal(t, "connection refused", dead[0].Error)
	n, err := d.Requeue(t.Context(), "c", "no such ID")
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Len(t, o.left(MessageQuery{Dead: true}), 1)
	n, err = d.Requeue(t.Context(), "c")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Empty(t, o.conditions())
	assert.Equal(t, 1, o.deliver(d).Delivered)
	assert.Equal(t, []string{"a-opened-1"}, r.ids(), "under the same ID")
}

func TestDeliverGivesUpWhatIsRefused(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(_ int, events []Event) error {
		p := &PartialError{}
		for i, e := range events {
			if strings.HasPrefix(e.ID, "bad") {
				p.Failed = append(p.Failed, EventError{Index: i, Err: errors.New("too large"), Permanent: true})
			}
		}
		if len(p.Failed) == 0 {
			return nil
		}
		return p
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r, Batch: 3}})
	for _, name := range []string{"a", "bad1", "b", "bad2", "c"} {
		o.owe(name, EventOpened, 0, "", "c")
	}
	o.owe("bad1", EventResolved, 0, "", "c")
	done := o.deliver(d)
	assert.Equal(t, 3, done.Delivered)
	assert.Equal(t, 3, done.Dead)
	assert.Empty(t, o.left(MessageQuery{Channel: "c"}))
	assert.Len(t, o.left(MessageQuery{Dead: true}), 3)
}

func TestDeliverPausesAChannelThatRefusesEverything(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(_ int, events []Event) error {
		p := &PartialError{}
		for i := range events {
			p.Failed = append(p.Failed, EventError{Index: i, Err: errors.New("status 401"), Permanent: true})
		}
		return p
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r, Batch: 1}})
	for i := range 10 {
		o.owe(fmt.Sprint("a", i), EventOpened, 0, "", "c")
	}
	assert.Equal(t, failing, o.deliver(d).Dead, "a revoked token does not burn the backlog")
	assert.Equal(t, []string{"channel_failing c", "dead_letters c"}, o.conditions())
	assert.Len(t, o.left(MessageQuery{Channel: "c"}), 7)
}

func TestDeliverTakesAWrongIndexForNoDelivery(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(call int, _ []Event) error {
		if call > 1 {
			return nil
		}
		return &PartialError{Failed: []EventError{{Index: 7, Err: errors.New("x"), Permanent: true}}}
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "c")
	assert.Equal(t, 1, o.deliver(d).Retried)
	o.add(time.Minute)
	assert.Equal(t, 1, o.deliver(d).Delivered)
}

func TestDeliverKeepsTheRate(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	channels := map[string]Channel{"c": {Notifier: r, Rate: 0.5, Burst: 3}}
	d := o.dispatcher(channels)
	for i := range 8 {
		o.owe(fmt.Sprint("a", i), EventOpened, 0, "", "c")
	}
	done := o.deliver(d)
	assert.Equal(t, 3, done.Delivered)
	assert.WithinDuration(t, o.clock.now().Add(2*time.Second), done.Next, time.Millisecond)
	o.add(time.Second)
	assert.Zero(t, o.deliver(d).Delivered)
	o.add(time.Second + time.Millisecond)
	assert.Equal(t, 1, o.deliver(o.dispatcher(channels)).Delivered, "the rate holds across dispatchers")
	o.add(-time.Hour)
	assert.Zero(t, o.deliver(d).Delivered, "a clock that jumps back gives no events")
	o.add(2 * time.Hour)
	assert.Equal(t, 3, o.deliver(d).Delivered, "no more than the burst")
}

func TestDampedPairs(t *testing.T) {
	type step struct {
		wait time.Duration
		kind EventKind
	}
	open, closed := EventOpened, EventResolved
	for _, test := range []struct {
		name         string
		delay, other time.Duration // of messages that open, and of the others
		steps        []step
		early        []string // within the delay of the last
		want         []string // after it
	}{
		{"opens and closes within the delay", 5 * time.Minute, 0, []step{{0, open}, {time.Minute, closed}}, nil, nil},
		{"closes at the end of the delay", 5 * time.Minute, 0, []step{{0, open}, {5 * time.Minute, closed}}, []string{"a-opened-1", "a-resolved-2"}, nil},
		{"stays open", 5 * time.Minute, 0, []step{{0, open}}, nil, []string{"a-opened-1"}},
		{"opens, closes and opens", 5 * time.Minute, 0, []step{{0, open}, {time.Minute, closed}, {time.Minute, open}}, nil, []string{"a-opened-3"}},
		{"twice a pair", 5 * time.Minute, time.Minute, []step{{0, open}, {time.Second, closed}, {time.Second, open}, {time.Second, closed}}, nil, nil},
		{"without a delay", 0, 0, []step{{0, open}, {0, closed}}, []string{"a-opened-1", "a-resolved-2"}, nil},
		{"flapping is reported", 5 * time.Minute, 0, []step{{0, open}, {time.Second, EventFlapping}, {time.Second, closed}}, []string{"a-flapping-2"}, nil},
		{"overdue falls with its pair", 5 * time.Minute, 0, []step{{0, open}, {time.Second, EventOverdue}, {time.Second, closed}}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := newOutbox(t)
			r := &receiver{}
			d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
			for _, s := range test.steps {
				o.add(s.wait)
				delay := test.other
				if s.kind == open {
					delay = test.delay
				}
				o.owe("a", s.kind, delay, "", "c")
			}
			o.deliver(d)
			assert.Equal(t, test.early, r.ids())
			o.add(10 * time.Minute)
			o.deliver(d)
			assert.Equal(t, test.want, r.ids())
			assert.Empty(t, o.left(MessageQuery{}))
			var history []Transition
			require.NoError(t, o.Read(t.Context(), View{Tenant: "t"}, func(r Reader) (err error) {
				history, err = r.History(HistoryQuery{})
				return err
			}))
			assert.Len(t, history, len(test.steps), "the history keeps all")
		})
	}
}

func TestDampedReopening(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "c")
	o.deliver(d)
	r.ids()
	o.owe("a", EventResolved, 5*time.Minute, "", "c")
	o.add(time.Minute)
	o.owe("a", EventOpened, 0, "", "c")
	o.deliver(d)
	o.add(time.Hour)
	o.deliver(d)
	assert.Empty(t, r.ids(), "the receiver knows that it is open")
}

func TestASentMessageIsNotDamped(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{answer: func(call int, _ []Event) error {
		if call == 1 {
			return errors.New("connection reset: it may have arrived")
		}
		return nil
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "c")
	o.deliver(d)
	o.add(time.Second)
	o.owe("a", EventResolved, 0, "", "c")
	o.add(time.Minute)
	o.deliver(d)
	assert.Equal(t, []string{"a-opened-1", "a-resolved-2"}, r.ids())
}

func TestMissingChannel(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	d := o.dispatcher(map[string]Channel{ChannelHealth: {Notifier: r}})
	o.owe("a", EventOpened, 0, "", "gone")
	o.deliver(d)
	o.deliver(d)
	require.Len(t, r.got, 1, "reported once")
	assert.Equal(t, HealthChannel, r.got[0].Health.Kind)
	assert.Equal(t, "gone", r.got[0].Health.Subject)
	assert.Equal(t, []string{"channel_failing gone"}, o.conditions())
	assert.Equal(t, []string{"a-opened-1"}, o.left(MessageQuery{}), "the message stays")

	back := &receiver{}
	d = o.dispatcher(map[string]Channel{ChannelHealth: {Notifier: r}, "gone": {Notifier: back}})
	o.deliver(d)
	o.deliver(d)
	assert.Equal(t, []string{"a-opened-1"}, back.ids())
	assert.Empty(t, o.conditions())
	require.Len(t, r.got, 2, "its end is reported, too")
	assert.False(t, r.got[1].Health.Until.IsZero())

	o.owe("b", EventOpened, 0, "", "other")
	d = o.dispatcher(nil)
	o.deliver(d)
	o.deliver(d)
	assert.Equal(t, []string{"channel_failing other"}, o.conditions())
	require.NoError(t, o.Read(t.Context(), View{Tenant: "t"}, func(r Reader) error {
		h, held, err := health(r, HealthChannel, ChannelHealth)
		assert.True(t, held && h.Until.IsZero(), "a missing health channel is a condition as well")
		return err
	}))
}

func TestRunServesEachChannelForItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := NewMemory(time.Now)
		o := &outbox{t, &clock{t: time.Now()}, store}
		good := &receiver{}
		hung := notifierFunc(func(ctx context.Context, _ []Event) error {
			<-ctx.Done()
			return ctx.Err()
		})
		d := o.dispatcher(map[string]Channel{"good": {Notifier: good}, "hung": {Notifier: hung}})
		ctx, cancel := context.WithCancelCause(t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- d.Run(ctx) }()
		o.owe("a", EventOpened, 0, "", "good", "hung")
		time.Sleep(2 * time.Second)
		assert.Equal(t, []string{"a-opened-1"}, good.ids())
		o.owe("b", EventOpened, 0, "", "good")
		time.Sleep(2 * time.Second)
		assert.Equal(t, []string{"b-opened-2"}, good.ids(), "the other channel hangs")
		time.Sleep(30 * time.Minute)
		assert.Equal(t, []string{"channel_failing hung"}, o.conditions())
		cause := errors.New("shutdown")
		cancel(cause)
		assert.Equal(t, cause, <-stopped)
	})
}

type notifierFunc func(context.Context, []Event) error

func (f notifierFunc) Notify(ctx context.Context, events []Event) error { return f(ctx, events) }

func TestRunEndsWithItsStore(t *testing.T) {
	o := newOutbox(t)
	require.NoError(t, o.Close())
	assert.ErrorIs(t, o.dispatcher(map[string]Channel{"c": {Notifier: &receiver{}}}).Run(t.Context()), errClosed)
}
