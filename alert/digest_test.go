package alert

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/policy"
)

func TestDigestTime(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Skipf("no time zones: %v", err)
		}
		return z
	}
	berlin, tokyo, kolkata, cairo := zone("Europe/Berlin"), zone("Asia/Tokyo"), zone("Asia/Kolkata"), zone("Africa/Cairo")
	for _, test := range []struct {
		period     Period
		channel    Channel
		from, want string
	}{
		{Hourly, Channel{}, "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z"},
		{Hourly, Channel{}, "2026-03-02T12:00:01Z", "2026-03-02T13:00:00Z"},
		{Hourly, Channel{Zone: kolkata}, "2026-03-02T12:00:01Z", "2026-03-02T12:30:00Z"},
		{Hourly, Channel{Zone: berlin}, "2026-10-25T00:10:00Z", "2026-10-25T01:00:00Z"}, // 02:10, which comes twice
		{Hourly, Channel{Zone: berlin}, "2026-10-25T01:10:00Z", "2026-10-25T02:00:00Z"},

		{Daily, Channel{Hour: 9, Zone: tokyo}, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"},
		{Daily, Channel{Hour: 9, Zone: tokyo}, "2026-03-02T00:00:01Z", "2026-03-03T00:00:00Z"},
		{Daily, Channel{Hour: 9, Zone: berlin}, "2026-03-28T08:00:01Z", "2026-03-29T07:00:00Z"}, // a day of 23 hours
		{Daily, Channel{Hour: 9, Zone: berlin}, "2026-10-24T07:00:01Z", "2026-10-25T08:00:00Z"}, // a day of 25 hours
		{Daily, Channel{Hour: 2, Zone: berlin}, "2026-03-28T23:30:00Z", "2026-03-29T01:00:00Z"}, // 02:00 does not exist: 03:00
		{Daily, Channel{Hour: 2, Zone: berlin}, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		{Daily, Channel{Hour: 2, Zone: berlin}, "2026-03-29T01:00:01Z", "2026-03-30T00:00:00Z"},
		{Daily, Channel{Zone: cairo}, "2026-04-23T12:00:00Z", "2026-04-23T22:00:00Z"}, // midnight does not exist

		{Weekly, Channel{Hour: 8, Weekday: time.Monday}, "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z"},
		{Weekly, Channel{Hour: 8, Weekday: time.Monday}, "2026-03-02T08:00:01Z", "2026-03-09T08:00:00Z"},
		{Weekly, Channel{Hour: 0, Weekday: time.Monday, Zone: tokyo}, "2026-03-01T14:59:00Z", "2026-03-01T15:00:00Z"},
		{Weekly, Channel{}, "2026-12-30T00:00:00Z", "2027-01-03T00:00:00Z"}, // Sunday

		{Monthly, Channel{}, "2026-03-02T00:00:00Z", "2026-04-01T00:00:00Z"},
		{Monthly, Channel{Day: 31, Hour: 6}, "2026-02-10T00:00:00Z", "2026-02-28T06:00:00Z"},
		{Monthly, Channel{Day: 31, Hour: 6}, "2028-02-10T00:00:00Z", "2028-02-29T06:00:00Z"},
		{Monthly, Channel{Day: 31, Hour: 6}, "2026-02-28T06:00:01Z", "2026-03-31T06:00:00Z"},
		{Monthly, Channel{Day: 31, Hour: 6}, "2026-03-31T06:00:01Z", "2026-04-30T06:00:00Z"},
		{Monthly, Channel{Day: 15, Hour: 6}, "2026-12-15T06:00:01Z", "2027-01-15T06:00:00Z"},
		{Monthly, Channel{Day: 1, Zone: tokyo}, "2026-02-28T15:00:00Z", "2026-02-28T15:00:00Z"},
	} {
		from, err := time.Parse(time.RFC3339, test.from)
		require.NoError(t, err)
		got, ok := digestTime(test.period, from, test.channel)
		require.True(t, ok)
		assert.Equal(t, test.want, got.Format(time.RFC3339), "%s from %s", test.period, test.from)
	}
	_, ok := digestTime("yearly", time.Now(), Channel{})
	assert.False(t, ok)

	// Every instant has a digest within the period, which is its own digest time.
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []Channel{{}, {Zone: berlin, Hour: 2, Day: 29}, {Zone: cairo, Day: 31}, {Zone: zone("Australia/Lord_Howe"), Hour: 2}} {
		for period, longest := range map[Period]time.Duration{Hourly: time.Hour, Daily: 25 * time.Hour, Weekly: 7*24*time.Hour + time.Hour, Monthly: 31*24*time.Hour + time.Hour} {
			for i := range 3000 {
				from := start.Add(time.Duration(i) * 177 * time.Minute)
				at, _ := digestTime(period, from, c)
				again, _ := digestTime(period, at, c)
				if at.Before(from) || at.Sub(from) > longest || !again.Equal(at) {
					t.Fatalf("%s digest of %v in %v: %v, then %v", period, from, c.Zone, at, again)
				}
			}
		}
	}
}

func TestDigests(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r, Hour: 18}})
	for i := range 60 {
		o.owe(fmt.Sprintf("a%02d", i), EventOpened, 0, Daily, "c")
	}
	o.owe("a00", EventResolved, 0, Daily, "c")
	o.owe("a01", EventOverdue, 0, Daily, "c")
	o.owe("now", EventOpened, 0, "", "c")
	assert.Equal(t, 1, o.deliver(d).Delivered, "a digest holds back no immediate event")
	assert.Equal(t, []string{"now-opened-63"}, r.ids())
	assert.Equal(t, time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC), o.deliver(d).Next)
	o.owe("later", EventOpened, 0, Daily, "c")
	o.add(6*time.Hour - time.Microsecond)
	assert.Zero(t, o.deliver(d).Delivered)
	o.add(time.Microsecond)
	done := o.deliver(d)
	assert.Equal(t, 63, done.Digested)
	assert.Equal(t, 1, done.Delivered)
	require.Len(t, r.got, 1)
	digest := r.got[0].Digest
	assert.Equal(t, EventDigest, r.got[0].Kind)
	assert.Equal(t, "daily", digest.Title)
	assert.Equal(t, []int{61, 1, 1}, []int{digest.Opened, digest.Resolved, digest.Other})
	assert.Equal(t, map[policy.Severity]int{policy.High: 61}, digest.Severity)
	assert.Equal(t, map[string]int{"aws/1": 61}, digest.Accounts)
	assert.Len(t, digest.Alerts, 50)
	assert.Equal(t, 11, digest.More)
	assert.Empty(t, digest.Alerts[0].Evidence)
	assert.Equal(t, time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), digest.From)
	assert.Equal(t, time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC), digest.To)
	assert.Empty(t, o.left(MessageQuery{}))
}

func TestADigestIsRetriedUnderItsID(t *testing.T) {
	o := newOutbox(t)
	var ids []string
	r := &receiver{answer: func(call int, events []Event) error {
		for _, e := range events {
			ids = append(ids, e.ID)
		}
		if call == 1 {
			return fmt.Errorf("connection reset")
		}
		return nil
	}}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, Hourly, "c")
	o.add(time.Hour)
	o.deliver(d)
	o.add(time.Second)
	o.owe("b", EventOpened, 0, Hourly, "c") // is no part of the digest that may have arrived
	o.add(time.Minute)
	o.deliver(d)
	require.Len(t, ids, 2)
	assert.Equal(t, ids[0], ids[1])
	assert.Equal(t, 1, r.got[0].Digest.Opened)
	o.add(time.Hour)
	o.deliver(d)
	require.Len(t, ids, 3)
	assert.NotEqual(t, ids[0], ids[2])
}

func TestDampingInDigests(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.add(50 * time.Minute)
	// No delay: both are counted, though they are in one period.
	o.owe("counted", EventOpened, 0, Hourly, "c")
	o.owe("counted", EventResolved, 0, Hourly, "c")
	// A pair within the delay, whose end lies after the digest.
	o.owe("damped", EventOpened, 15*time.Minute, Hourly, "c")
	o.add(time.Minute)
	o.owe("damped", EventResolved, 0, Hourly, "c")
	o.deliver(d)
	// One that closes after the delay, and one that waits for the delay of its opening.
	o.owe("slow", EventOpened, 15*time.Minute, Hourly, "c")
	o.add(9 * time.Minute)
	o.deliver(d)
	require.Len(t, r.got, 1)
	assert.Equal(t, []int{1, 1}, []int{r.got[0].Digest.Opened, r.got[0].Digest.Resolved})
	o.add(time.Hour)
	o.owe("slow", EventResolved, 0, Hourly, "c")
	o.deliver(d)
	require.Len(t, r.got, 2)
	assert.Equal(t, []int{1, 1}, []int{r.got[1].Digest.Opened, r.got[1].Digest.Resolved})
	assert.Empty(t, o.left(MessageQuery{}))
}

func TestADispatcherThatWasDownSendsEachDigest(t *testing.T) {
	o := newOutbox(t)
	r := &receiver{}
	d := o.dispatcher(map[string]Channel{"c": {Notifier: r}})
	o.owe("a", EventOpened, 0, Daily, "c")
	o.add(24 * time.Hour)
	o.owe("b", EventOpened, 0, Daily, "c")
	o.owe("x", EventOpened, 0, "yearly", "c")
	o.add(100 * time.Hour)
	o.deliver(d)
	require.Len(t, r.got, 3)
	var to []string
	for _, e := range r.got {
		if e.Digest != nil {
			to = append(to, e.Digest.To.Format(time.DateOnly))
		} else {
			assert.Equal(t, "x-opened-3", e.ID, "an unknown period is no reason to keep silent")
		}
	}
	assert.Equal(t, []string{"2026-03-03", "2026-03-04"}, to)
}
