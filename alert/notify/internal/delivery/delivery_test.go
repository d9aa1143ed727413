package delivery_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/sample"
)

var (
	errLater = errors.New("later")
	errNever = errors.New("never")
	errDown  = errors.New("down")
)

func classify(i int, err error) (alert.EventError, bool) {
	e := alert.EventError{Index: i, Err: err, Permanent: errors.Is(err, errNever)}
	if errors.Is(err, errDown) {
		e.RetryAfter = time.Minute
	}
	return e, errors.Is(err, errDown)
}

func TestEach(t *testing.T) {
	events := []alert.Event{sample.Opened(1), sample.Opened(2), sample.Resolved(1), sample.Health(false), sample.Resolved(2)}
	for _, c := range []struct {
		name   string
		errs   map[string]error
		sent   int
		failed []alert.EventError
	}{
		{"all delivered", nil, 5, nil},
		{"one again: the later one of its alert waits", map[string]error{events[0].ID: errLater}, 4,
			[]alert.EventError{{Index: 0, Err: errLater}, {Index: 2}}},
		{"one never: nothing waits for it", map[string]error{events[0].ID: errNever}, 5,
			[]alert.EventError{{Index: 0, Err: errNever, Permanent: true}}},
		{"channel down: the rest waits", map[string]error{events[1].ID: errDown}, 2, []alert.EventError{
			{Index: 1, Err: errDown, RetryAfter: time.Minute}, {Index: 2, Err: errDown, RetryAfter: time.Minute},
			{Index: 3, Err: errDown, RetryAfter: time.Minute}, {Index: 4, Err: errDown, RetryAfter: time.Minute}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sent := 0
			err := delivery.Each(t.Context(), events, classify, func(_ context.Context, e alert.Event) error {
				sent++
				return c.errs[e.ID]
			})
			assert.Equal(t, c.sent, sent)
			if c.failed == nil {
				require.NoError(t, err)
				return
			}
			p, ok := errors.AsType[*alert.PartialError](err)
			require.True(t, ok)
			require.Len(t, p.Failed, len(c.failed))
			for i, want := range c.failed {
				if want.Err == nil {
					assert.ErrorIs(t, p.Failed[i].Err, delivery.ErrEarlier)
					want.Err = p.Failed[i].Err
				}
				assert.Equal(t, want, p.Failed[i])
			}
		})
	}
}

func TestEachEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	events := []alert.Event{sample.Opened(1), sample.Opened(2)}
	err := delivery.Each(ctx, events, classify, func(context.Context, alert.Event) error {
		cancel(errDown)
		return nil
	})
	p, ok := errors.AsType[*alert.PartialError](err)
	require.True(t, ok)
	assert.Equal(t, []alert.EventError{{Index: 1, Err: errDown}}, p.Failed)
}
