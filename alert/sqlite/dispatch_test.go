package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/sqlite"
	"github.com/openstance/stance/asset"
)

// owe writes an alert with a message for each of its transitions.
func owe(t *testing.T, s alert.Store, name string, transitions int) {
	t.Helper()
	require.NoError(t, s.Write(t.Context(), "t", func(tx alert.Tx) error {
		a := &alert.Alert{Key: alert.Key{Policy: "p", Ref: asset.Ref{Type: "t", ID: name}}, ID: name, Status: alert.Open}
		if err := tx.Put(alert.Change{New: a}); err != nil {
			return err
		}
		for i := range transitions {
			tr := &alert.Transition{Alert: name, Key: a.Key, At: s.Now(), To: alert.Open}
			if err := tx.Append(tr); err != nil {
				return err
			}
			id := fmt.Sprintf("%s/%d", name, i)
			m := alert.Message{
				ID: id + "/c", Channel: "c", Alert: name, Seq: tr.Seq, NotBefore: tr.At,
				Event: alert.Event{ID: id, Kind: alert.EventOverdue, At: tr.At, Transition: tr},
			}
			if err := tx.PutMessages(m); err != nil {
				return err
			}
		}
		return nil
	}))
}

type notify func([]alert.Event) error

func (f notify) Notify(_ context.Context, events []alert.Event) error { return f(events) }

// TestDispatchers delivers from one file by two stores, with a receiver that fails at times.
func TestDispatchers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "alerts.db")
	var mu sync.Mutex
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Millisecond)
		return now
	}
	var calls int
	var inside sync.Mutex
	last, got := map[string]int64{}, map[string]int{}
	receiver := notify(func(events []alert.Event) error {
		if !inside.TryLock() {
			t.Error("two dispatchers deliver at once")
			return errors.New("busy")
		}
		defer inside.Unlock()
		failed := &alert.PartialError{}
		for i, e := range events {
			if calls++; calls%5 == 0 {
				failed.Failed = append(failed.Failed, alert.EventError{Index: i, Err: errors.New("busy")})
				continue
			}
			assert.Greater(t, e.Transition.Seq, last[e.Alert.ID])
			last[e.Alert.ID] = e.Transition.Seq
			got[e.ID]++
		}
		if len(failed.Failed) > 0 {
			return failed
		}
		return nil
	})
	var wg sync.WaitGroup
	var dispatchers []*alert.Dispatcher
	for i := range 2 {
		s, err := sqlite.Open(t.Context(), file, &sqlite.Options{Now: clock})
		require.NoError(t, err)
		defer s.Close()
		if i == 0 {
			for a := range 10 {
				owe(t, s, fmt.Sprint("a", a), 4)
			}
		}
		d := &alert.Dispatcher{Store: s, Tenant: "t", Channels: map[string]alert.Channel{"c": {Notifier: receiver, Batch: 3}, alert.ChannelHealth: {Notifier: notify(func([]alert.Event) error { return nil })}}}
		dispatchers = append(dispatchers, d)
		wg.Go(func() {
			for range 30 {
				_, err := d.Deliver(t.Context())
				assert.NoError(t, err)
				mu.Lock()
				now = now.Add(time.Second) // all passes together are shorter than a lease
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for range 30 {
		now = now.Add(time.Minute)
		_, err := dispatchers[0].Deliver(t.Context())
		require.NoError(t, err)
	}
	require.Len(t, got, 40)
	for id, n := range got {
		assert.Equal(t, 1, n, id)
	}
}

// TestAKilledDispatcher kills a process that delivers, at any point.
func TestAKilledDispatcher(t *testing.T) {
	const variable = "STANCE_TEST_DISPATCH"
	if file := os.Getenv(variable); file != "" {
		s, err := sqlite.Open(t.Context(), file, nil)
		require.NoError(t, err)
		d := &alert.Dispatcher{Store: s, Tenant: "t", Channels: map[string]alert.Channel{"c": {Batch: 1, Notifier: notify(func(events []alert.Event) error {
			fmt.Println("event", events[0].ID)
			return nil
		})}}}
		_, err = d.Deliver(t.Context())
		require.NoError(t, err)
		return
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "alerts.db")
	s, err := sqlite.Open(t.Context(), file, nil)
	require.NoError(t, err)
	const events = 40
	owe(t, s, "a", events)
	require.NoError(t, s.Close())

	seen := map[string]int{}
	var order []string
	for _, after := range []int{1, 7, 13} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAKilledDispatcher$")
		cmd.Env = append(os.Environ(), variable+"="+file)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		read := &lines{r: out}
		for range after {
			line, ok := read.next()
			if !ok {
				break
			}
			if id, ok := strings.CutPrefix(line, "event "); ok {
				seen[id]++
				order = append(order, id)
			}
		}
		require.NoError(t, cmd.Process.Kill())
		for line, ok := read.next(); ok; line, ok = read.next() {
			if id, ok := strings.CutPrefix(line, "event "); ok {
				seen[id]++
				order = append(order, id)
			}
		}
		_ = cmd.Wait()
		// The lease of the killed process ends.
		s, err = sqlite.Open(t.Context(), file, nil)
		require.NoError(t, err)
		require.NoError(t, s.Write(t.Context(), "t", func(tx alert.Tx) error { return tx.PutDocument("channel", "c", nil) }))
		require.NoError(t, s.Close())
	}
	s, err = sqlite.Open(t.Context(), file, nil)
	require.NoError(t, err)
	defer s.Close()
	d := &alert.Dispatcher{Store: s, Tenant: "t", Channels: map[string]alert.Channel{"c": {Notifier: notify(func(batch []alert.Event) error {
		for _, e := range batch {
			seen[e.ID]++
			order = append(order, e.ID)
		}
		return nil
	})}}}
	_, err = d.Deliver(t.Context())
	require.NoError(t, err)
	require.Len(t, seen, events, "nothing is lost")
	highest := -1
	for _, id := range order {
		var n int
		_, err := fmt.Sscanf(id, "a/%d", &n)
		require.NoError(t, err)
		assert.Contains(t, []int{highest, highest + 1}, n, "in order, and only the last one again")
		highest = n
	}
}

// lines reads lines one by one.
type lines struct{ r io.Reader }

func (l *lines) next() (string, bool) {
	var line []byte
	b := make([]byte, 1)
	for {
		n, err := l.r.Read(b)
		if n == 1 && b[0] == '\n' {
			return string(line), true
		}
		line = append(line, b[:n]...)
		if err != nil {
			return string(line), len(line) > 0
		}
	}
}
