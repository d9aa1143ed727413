package alert

import (
	"context"
	"fmt"
)

// DeadLetters returns events of a channel that were given up, at most limit.
func (d *Dispatcher) DeadLetters(ctx context.Context, channel string, limit int) ([]Message, error) {
	var dead []Message
	err := d.Store.Read(ctx, View{Tenant: d.Tenant}, func(r Reader) (err error) {
		dead, err = r.Messages(MessageQuery{Channel: channel, Dead: true, Limit: limit})
		return err
	})
	return dead, err
}

// Requeue sends dead letters of a channel again: those with the IDs, or all without IDs. It
// returns how many there were. An event that newer ones of its alert overtook arrives after
// them; its time and its number in the history say so.
func (d *Dispatcher) Requeue(ctx context.Context, channel string, ids ...string) (int, error) {
	n := 0
	for {
		more, sent := false, 0
		err := d.Store.Write(ctx, d.Tenant, func(tx Tx) error {
			more, sent = false, 0
			dead, err := tx.Messages(MessageQuery{Channel: channel, Dead: true, Limit: wideWindow})
			if err != nil {
				return err
			}
			wanted := map[string]bool{}
			for _, id := range ids {
				wanted[id] = true
			}
			now := d.Store.Now()
			var again []Message
			for _, m := range dead {
				if len(ids) > 0 && !wanted[m.ID] {
					continue
				}
				// It was sent once: it is not damped.
				m.Dead, m.Error, m.Attempts, m.NotBefore = false, "", 1, now
				again = append(again, m)
			}
			if err := tx.PutMessages(again...); err != nil {
				return err
			}
			sent = len(again)
			more = len(ids) == 0 && len(dead) == wideWindow
			if len(again) < len(dead) || more {
				return nil
			}
			return endHealth(tx, HealthDead, channel, now)
		})
		n += sent
		if err != nil {
			return n - sent, fmt.Errorf("requeue of channel %q: %w", channel, err)
		}
		if !more {
			return n, nil
		}
	}
}
