package alert_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

// inbox is a notifier that keeps what arrives.
type inbox struct{ got []alert.Event }

func (b *inbox) Notify(_ context.Context, events []alert.Event) error {
	b.got = append(b.got, events...)
	return nil
}

// take returns the kinds of the events that arrived, with the titles of digests.
func (b *inbox) take() []string {
	var kinds []string
	for _, e := range b.got {
		kinds = append(kinds, string(e.Kind))
	}
	b.got = nil
	return kinds
}

// deliveries returns an estate with a known account, and a dispatcher for its channels.
func deliveries(t *testing.T, n alert.Notice) (*estate, *inbox, func()) {
	e := newEstate(t)
	rule := alert.AllFindings("mail")
	n.Channels, n.On = []string{"mail"}, []alert.EventKind{alert.EventOpened, alert.EventResolved}
	rule.Notify = []alert.Notice{n}
	rules, err := alert.NewRules(nil, rule)
	require.NoError(t, err)
	e.tracker.Rules = rules
	e.things["a"] = &thing{account: "1"}
	e.scan()
	mail := &inbox{}
	d := &alert.Dispatcher{Store: e.store, Tenant: "t", Channels: map[string]alert.Channel{"mail": {Notifier: mail, Hour: 9}, alert.ChannelHealth: {Notifier: &inbox{}}}}
	return e, mail, func() {
		t.Helper()
		_, err := d.Deliver(t.Context())
		require.NoError(t, err)
	}
}

func TestAPairWithinTheDelayIsNotSent(t *testing.T) {
	e, mail, deliver := deliveries(t, alert.Notice{Delay: 10 * time.Minute})
	step := func(bad bool, wait time.Duration) {
		e.later(wait)
		e.things["a"].bad = bad
		e.scan()
		deliver()
	}
	step(true, time.Hour)
	step(false, 5*time.Minute)
	e.later(time.Hour)
	deliver()
	assert.Empty(t, mail.take())
	assert.Equal(t, []string{"a >open NEW_ALERT", "a open>resolved RESOURCE_UPDATED"}, e.history())

	step(true, time.Hour)
	assert.Empty(t, mail.take())
	e.later(10 * time.Minute)
	deliver()
	require.Len(t, mail.got, 1)
	got := mail.got[0]
	assert.Equal(t, "a", got.Alert.Ref.ID)
	assert.Equal(t, "t", got.Tenant)
	assert.Equal(t, alert.Resolved, got.Transition.From)
	assert.Equal(t, []string{"opened"}, mail.take())
	step(false, time.Hour)
	e.later(10 * time.Minute)
	deliver()
	assert.Equal(t, []string{"resolved"}, mail.take())
}

func TestFlappingIsReportedOnce(t *testing.T) {
	e, mail, deliver := deliveries(t, alert.Notice{})
	e.tracker.Flap = 3
	for i := range 12 {
		e.later(10 * time.Minute)
		e.things["a"].bad = i%2 == 0
		e.scan()
		deliver()
	}
	assert.Equal(t, []string{"opened", "resolved", "opened", "flapping"}, mail.take())
	assert.Len(t, e.history(), 13, "12 changes and the report")
	e.later(48 * time.Hour)
	e.things["a"].bad = true
	e.scan()
	deliver()
	assert.Equal(t, []string{"opened"}, mail.take(), "it is calm again")
}

func TestADailyDigestOfATracker(t *testing.T) {
	e, mail, deliver := deliveries(t, alert.Notice{Every: alert.Daily})
	for i := range 60 {
		e.things[fmt.Sprintf("b%02d", i)] = &thing{account: "1", bad: true}
	}
	e.later(time.Hour)
	e.scan()
	deliver()
	assert.Empty(t, mail.take())
	e.later(24 * time.Hour)
	deliver()
	require.Len(t, mail.got, 1)
	d := mail.got[0].Digest
	assert.Equal(t, 60, d.Opened)
	assert.Equal(t, map[policy.Severity]int{policy.High: 60}, d.Severity)
	assert.Equal(t, map[string]int{"aws/1": 60}, d.Accounts)
	assert.Equal(t, 9, d.To.Hour())
}
