package alert_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/asset"
	"github.com/openstance/stance/policy"
	"github.com/openstance/stance/provider"
)

// slow is an account whose things arrive one a second. Policy "alone" looks at a thing by
// itself, policy "keyed" follows it to its key.
type slow struct {
	things  map[string]bool // good, by id
	keys    map[string]bool
	err     error
	running atomic.Int32
	overlap atomic.Bool
	scans   atomic.Int32
}

const keyType asset.Type = "Test::Key"

func (s *slow) Name() string { return "slow" }

func (s *slow) thing(id string) *asset.Asset {
	config, _ := asset.Of(map[string]any{"good": s.things[id]})
	return &asset.Asset{Ref: asset.Ref{Type: thingType, ID: id}, Scope: asset.Scope{Provider: "aws", Account: "1"}, Name: id, Config: config,
		Links: []asset.Link{{Rel: "key", To: asset.Ref{Type: keyType, ID: "k-" + id}}}, Observed: time.Now()}
}

func (s *slow) key(id string) *asset.Asset {
	config, _ := asset.Of(map[string]any{"strong": s.keys[id]})
	return &asset.Asset{Ref: asset.Ref{Type: keyType, ID: id}, Scope: asset.Scope{Provider: "aws", Account: "1"}, Name: id, Config: config, Observed: time.Now()}
}

func (s *slow) Get(_ context.Context, ref asset.Ref) (*asset.Asset, error) {
	if _, ok := s.things[ref.ID]; ok && ref.Type == thingType {
		return s.thing(ref.ID), nil
	}
	if _, ok := s.keys[ref.ID]; ok && ref.Type == keyType {
		return s.key(ref.ID), nil
	}
	return nil, provider.ErrNotFound
}

func (s *slow) Discover(ctx context.Context, q provider.Query) iter.Seq2[asset.Observation, error] {
	return func(yield func(asset.Observation, error) bool) {
		if s.running.Add(1) > 1 {
			s.overlap.Store(true)
		}
		defer s.running.Add(-1)
		s.scans.Add(1)
		for _, id := range sortedNames(s.things) {
			if !yield(s.thing(id), nil) {
				return
			}
			select {
			case <-time.After(2 * time.Second):
			case <-ctx.Done():
				return
			}
		}
		if s.err != nil {
			yield(nil, s.err)
			return
		}
		for _, id := range sortedNames(s.keys) {
			if !yield(s.key(id), nil) {
				return
			}
		}
		for _, typ := range q.Types {
			if !yield(&asset.Coverage{Scope: asset.Scope{Provider: "aws", Account: "1"}, Type: typ, State: asset.Complete}, nil) {
				return
			}
		}
	}
}

func sortedNames(m map[string]bool) []string {
	things := map[string]*thing{}
	for id := range m {
		things[id] = nil
	}
	return sortedIDs(things)
}

func newWatch(t *testing.T, s *slow) *alert.Watch {
	set, err := policy.NewSet(&policy.Options{Dynamic: []asset.Type{thingType, keyType}}, &policy.Policy{
		ID: "alone", Title: "Things are good", Severity: policy.High,
		Checks: []policy.Check{{Types: []asset.Type{thingType}, Require: "config.?good.orValue(false)"}},
	}, &policy.Policy{
		ID: "keyed", Title: "Keys of things are strong", Severity: policy.Low,
		Checks: []policy.Check{{Types: []asset.Type{thingType}, Require: "follow('key', 'Test::Key').all(k, k.config.?strong.orValue(false))"}},
	})
	require.NoError(t, err)
	rules, err := alert.NewRules(nil, alert.AllFindings("mail"))
	require.NoError(t, err)
	tracker := &alert.Tracker{Store: alert.NewMemory(time.Now), Tenant: "t", Rules: rules}
	w := &alert.Watch{Tracker: tracker, Set: set, Targets: []alert.Target{{Name: "one", Provider: s, Every: time.Hour}}}
	tracker.Judge = w.Judge
	return w
}

func openAlerts(t *testing.T, w *alert.Watch) map[string]alert.Status {
	t.Helper()
	all := map[string]alert.Status{}
	require.NoError(t, w.Tracker.Store.Read(context.Background(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
		page, err := r.Query(alert.Query{})
		for _, a := range page.Alerts {
			all[a.Key.Policy+" "+a.Ref.ID] = a.Status
		}
		return err
	}))
	return all
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{things: map[string]bool{}, keys: map[string]bool{}}
		for i := range 30 {
			id := string(rune('A'+i%26)) + string(rune('a'+i/26))
			s.things[id], s.keys["k-"+id] = false, true
		}
		s.keys["k-Aa"] = false
		w := newWatch(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()

		time.Sleep(3 * time.Second)
		synctest.Wait()
		assert.Equal(t, map[string]alert.Status{"alone Aa": alert.Open}, openAlerts(t, w), "long before the scan ends")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		all := openAlerts(t, w)
		assert.Len(t, all, 31)
		assert.Equal(t, alert.Open, all["keyed Aa"])

		// A hint about a key judges the things that reach it.
		s.keys["k-Aa"], s.keys["k-Bb"] = true, false
		s.things["Ca"] = true
		require.NoError(t, w.Hint(ctx, "one", asset.Ref{Type: keyType, ID: "k-Aa"}, asset.Ref{Type: keyType, ID: "k-Bb"}))
		assert.Equal(t, alert.Resolved, openAlerts(t, w)["keyed Aa"])
		assert.Equal(t, alert.Open, openAlerts(t, w)["keyed Bb"])
		assert.Equal(t, alert.Open, openAlerts(t, w)["alone Ca"], "nobody said that it changed")
		require.NoError(t, w.Hint(ctx, "one", asset.Ref{Type: thingType, ID: "Ca"}))
		assert.Equal(t, alert.Resolved, openAlerts(t, w)["alone Ca"])
		delete(s.things, "Da")
		require.NoError(t, w.Hint(ctx, "one", asset.Ref{Type: thingType, ID: "Da"}))
		assert.Equal(t, alert.Resolved, openAlerts(t, w)["alone Da"])
		assert.ErrorContains(t, w.Hint(ctx, "two"), "unknown target")

		assert.EqualValues(t, 1, s.scans.Load())
		_, err := w.Scan(ctx, "two")
		assert.ErrorContains(t, err, "unknown target")
		time.Sleep(5 * time.Hour)
		synctest.Wait()
		assert.InDelta(t, 5, s.scans.Load(), 1)
		assert.False(t, s.overlap.Load())
		cancel()
		assert.ErrorIs(t, <-done, context.Canceled)
	})
}

// A program that starts again scans when the interval has passed, not at once. A scan that
// was cut off is tried again soon.
func TestWatchRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{things: map[string]bool{"a": false, "b": false}, keys: map[string]bool{"k-a": true, "k-b": true}}
		w := newWatch(t, s)
		_, err := w.Scan(t.Context(), "one")
		require.NoError(t, err)
		time.Sleep(10 * time.Minute)
		again := &alert.Watch{Tracker: w.Tracker, Set: w.Set, Targets: w.Targets}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- again.Run(ctx) }()
		time.Sleep(40 * time.Minute)
		synctest.Wait()
		assert.EqualValues(t, 1, s.scans.Load())
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		assert.EqualValues(t, 2, s.scans.Load())
		time.Sleep(time.Hour - time.Second)
		cancel()
		<-done

		s.err = errors.New("cut off")
		delete(s.things, "a")
		_, err = w.Scan(t.Context(), "one")
		assert.ErrorIs(t, err, s.err)
		assert.Equal(t, alert.Open, openAlerts(t, w)["alone a"])
	})
}

// An account that is not scanned for long is a health condition, and so is a scan that fails.
func TestWatchHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{things: map[string]bool{"a": false}, keys: map[string]bool{"k-a": true}}
		w := newWatch(t, s)
		var failures atomic.Int32
		w.Failed = func(string, error) { failures.Add(1) }
		_, err := w.Scan(t.Context(), "one")
		require.NoError(t, err)
		s.err = errors.New("no way in")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Run(ctx) }()
		time.Sleep(4 * time.Hour)
		synctest.Wait()
		cancel()
		<-done
		assert.InDelta(t, 150, failures.Load(), 50, "tried again, without haste")
		kinds := map[alert.HealthKind]bool{}
		require.NoError(t, w.Tracker.Store.Read(t.Context(), alert.View{Tenant: "t"}, func(r alert.Reader) error {
			ms, err := r.Messages(alert.MessageQuery{Channel: alert.ChannelHealth})
			for _, m := range ms {
				kinds[m.Event.Health.Kind] = true
			}
			return err
		}))
		assert.Equal(t, map[alert.HealthKind]bool{alert.HealthScan: true, alert.HealthUnscanned: true}, kinds)
		assert.Equal(t, alert.Open, openAlerts(t, w)["alone a"])
	})
}

// Two processes do not scan one target at the same time.
func TestWatchInTwoProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{things: map[string]bool{"a": false, "b": false, "c": false}, keys: map[string]bool{}}
		first := newWatch(t, s)
		second := &alert.Watch{Tracker: first.Tracker, Set: first.Set, Targets: first.Targets}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- first.Run(ctx) }()
		go func() { done <- second.Run(ctx) }()
		time.Sleep(10 * time.Hour)
		synctest.Wait()
		cancel()
		<-done
		<-done
		assert.False(t, s.overlap.Load())
		assert.InDelta(t, 10, s.scans.Load(), 2)
	})
}
