package alert

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// batch is what one call of Notify delivers.
type batch struct {
	name    string
	channel Channel
	holder  string
	now     time.Time

	messages []Message
	events   []Event
	done     Delivery
}

// The number of messages that are looked at for a batch. Where more are held back by earlier
// messages of their alerts, the larger number is read.
const (
	window     = 1_000
	wideWindow = 20_000
)

// pick takes the lease of the channel and the messages of the next batch. Without messages
// the lease is released.
func (d *Dispatcher) pick(tx Tx, b *batch) error {
	s, err := readChannel(tx, b.name)
	if err != nil {
		return err
	}
	if s.taken(b.holder, b.now) {
		b.done.Busy, b.done.Next = 1, s.Until
		return nil
	}
	before := s
	if s.Retry = s.retryAt(b.now); s.Retry.After(b.now) {
		b.done.Next = s.Retry
	} else if err := d.choose(tx, b, &s); err != nil {
		return err
	}
	s.Holder, s.Until = "", time.Time{}
	if len(b.messages) > 0 {
		s.Holder, s.Until = b.holder, b.now.Add(lease)
	}
	if s == before {
		return nil
	}
	return writeChannel(tx, b.name, s)
}

func (d *Dispatcher) choose(tx Tx, b *batch, s *channelState) error {
	allowed := s.fill(b.channel, b.now)
	size := b.channel.Batch
	if size <= 0 {
		size = 100
	}
	size = min(size, allowed)
	for _, limit := range []int{window, wideWindow} {
		due, err := b.due(tx, limit)
		if err != nil {
			return err
		}
		if len(due) > 0 && allowed == 0 {
			b.done.Next = earlier(b.done.Next, s.nextToken(b.channel, b.now))
			return nil
		}
		if err := b.heads(tx, due, size); err != nil {
			return err
		}
		if len(b.messages) > 0 || len(due) < limit {
			break
		}
	}
	if len(b.messages) == 0 {
		return b.next(tx)
	}
	if b.channel.Rate > 0 {
		s.Tokens -= float64(len(b.messages))
	}
	return d.fillIn(tx, b)
}

// next finds out when the channel has something to do again. Messages that are due are held
// back by an earlier one, which is not due.
func (b *batch) next(tx Tx) error {
	all, err := tx.Messages(MessageQuery{Channel: b.name, Limit: wideWindow})
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.NotBefore.After(b.now) {
			b.done.Next = earlier(b.done.Next, m.NotBefore)
			return nil
		}
	}
	return nil
}

// heads puts the first message of each alert that is due into the batch: one for each alert,
// since a Notifier can fail for one event and deliver a later one.
func (b *batch) heads(tx Tx, due []Message, size int) error {
	seen := map[string]bool{}
	for len(b.messages) < size && len(due) > 0 {
		var keys, alerts []string
		others := false
		for len(due) > 0 && len(keys) < size-len(b.messages) {
			m := due[0]
			due = due[1:]
			if key := m.stream(); !seen[key] && m.Digest == "" {
				seen[key] = true
				keys = append(keys, key)
				if m.Alert != "" {
					alerts = append(alerts, m.Alert)
				} else {
					others = true
				}
			}
		}
		queues, err := b.queues(tx, alerts, others)
		if err != nil {
			return err
		}
		for _, key := range keys {
			queue, err := b.damp(tx, queues[key])
			if err != nil {
				return err
			}
			if len(queue) > 0 && !queue[0].NotBefore.After(b.now) {
				b.messages = append(b.messages, queue[0])
			}
		}
	}
	return nil
}

// stream returns what messages are in order with each other.
func (m *Message) stream() string {
	switch {
	case m.Alert != "":
		return "a\x00" + m.Alert
	case m.Event.Health != nil:
		return "h\x00" + healthName(m.Event.Health.Kind, m.Event.Health.Subject)
	}
	return "m\x00" + m.ID
}

// queues returns the messages of alerts, and of everything else, in order, without those that
// wait for a digest.
func (b *batch) queues(tx Tx, alerts []string, others bool) (map[string][]Message, error) {
	var queries []MessageQuery
	if len(alerts) > 0 {
		queries = append(queries, MessageQuery{Channel: b.name, Alerts: alerts, Limit: wideWindow})
	}
	if others {
		queries = append(queries, MessageQuery{Channel: b.name, Limit: wideWindow})
	}
	queues := map[string][]Message{}
	for i, q := range queries {
		all, err := tx.Messages(q)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if m.Digest == "" && (m.Alert != "") == (len(alerts) > 0 && i == 0) {
				queues[m.stream()] = append(queues[m.stream()], m)
			}
		}
	}
	for _, queue := range queues {
		slices.SortStableFunc(queue, func(a, b Message) int { return cmp.Compare(a.Seq, b.Seq) })
	}
	return queues, nil
}

// fillIn makes the events of the batch.
func (d *Dispatcher) fillIn(tx Tx, b *batch) error {
	var ids []string
	for _, m := range b.messages {
		if m.Alert != "" {
			ids = append(ids, m.Alert)
		}
	}
	alerts, err := tx.ByID(ids...)
	if err != nil {
		return err
	}
	for _, m := range b.messages {
		e := m.Event
		if e.Tenant == "" {
			e.Tenant = d.Tenant
		}
		if m.Alert != "" {
			e.Alert, alerts = alerts[0], alerts[1:]
		}
		if d.Link != nil && e.Link == "" {
			e.Link = d.Link(e)
		}
		b.events = append(b.events, e)
	}
	return nil
}

// failing is the number of calls in a row that deliver nothing after which a channel has a
// health condition, and pauses even if each event was refused for itself.
const failing = 3

// record writes the result of a call of Notify. lost reports whether the lease was lost:
// then another dispatcher may have sent the messages that failed.
func (d *Dispatcher) record(tx Tx, b *batch, failure error) (done Delivery, lost bool, err error) {
	s, err := readChannel(tx, b.name)
	if err != nil {
		return done, false, err
	}
	lost = s.Holder != b.holder
	failed, whole := failures(failure, len(b.messages))
	var delivered []string
	var again []Message
	var pause time.Duration // that the receiver demands of the channel
	for i, m := range b.messages {
		f, ok := failed[i]
		if !ok {
			delivered = append(delivered, m.ID)
			continue
		}
		pause = max(pause, min(f.RetryAfter, maxRetryAfter))
		m.Attempts++
		m.Error = cut(fmt.Sprint(f.Err), maxHealthMessage)
		if f.Permanent || m.Attempts >= d.maxAttempts() {
			m.Dead = true
			done.Dead++
		} else {
			wait := max(backoff(m.Attempts, m.ID), min(f.RetryAfter, maxRetryAfter))
			m.NotBefore = b.now.Add(wait)
			done.Next = earlier(done.Next, m.NotBefore)
			done.Retried++
		}
		again = append(again, m)
	}
	done.Delivered = len(delivered)
	if err := tx.DeleteMessages(delivered...); err != nil || lost {
		return Delivery{Delivered: len(delivered)}, lost, err
	}
	if err := tx.PutMessages(again...); err != nil {
		return done, false, err
	}
	if len(delivered) > 0 {
		s.Failures, s.Retry, s.Error = 0, time.Time{}, ""
	} else {
		s.Failures++
		s.Error = cut(failure.Error(), maxHealthMessage)
		switch {
		case whole, s.Failures >= failing:
			s.Retry = b.now.Add(max(backoff(s.Failures, b.name), pause))
		case pause > 0:
			s.Retry = b.now.Add(pause)
		}
	}
	s.Until = b.now.Add(lease)
	if err := writeChannel(tx, b.name, s); err != nil {
		return done, false, err
	}
	return done, false, d.channelHealth(tx, b, s, done)
}

// failures returns what failed of n events, by index; whole reports whether the error says
// nothing about single events.
func failures(err error, n int) (failed map[int]EventError, whole bool) {
	failed = map[int]EventError{}
	if err == nil {
		return failed, false
	}
	partial, ok := errors.AsType[*PartialError](err)
	if ok {
		for _, f := range partial.Failed {
			if f.Index < 0 || f.Index >= n {
				ok = false
				break
			}
			failed[f.Index] = f
		}
	}
	if ok {
		return failed, false
	}
	for i := range n {
		failed[i] = EventError{Index: i, Err: err}
	}
	return failed, true
}

// channelHealth keeps the health conditions of the channel.
func (d *Dispatcher) channelHealth(tx Tx, b *batch, s channelState, done Delivery) error {
	switch {
	case s.Failures >= failing:
		h := Health{Kind: HealthChannel, Subject: b.name, Message: fmt.Sprintf("%d calls in a row delivered nothing, the last: %s", s.Failures, s.Error)}
		if _, held, err := health(tx, h.Kind, h.Subject); err != nil {
			return err
		} else if held && s.Failures > failing {
			h.Message = fmt.Sprintf("calls deliver nothing, the last: %s", s.Error)
		}
		if _, err := putHealth(tx, h, b.now); err != nil {
			return err
		}
	case s.Failures == 0:
		if err := endHealth(tx, HealthChannel, b.name, b.now); err != nil {
			return err
		}
	}
	if done.Dead > 0 {
		h := Health{Kind: HealthDead, Subject: b.name, Message: "events were given up, the last: " + s.Error}
		if s.Error == "" {
			h.Message = "events were given up"
		}
		_, err := putHealth(tx, h, b.now)
		return err
	}
	return nil
}

func (d *Dispatcher) maxAttempts() int {
	if d.MaxAttempts <= 0 {
		return 20
	}
	return d.MaxAttempts
}

// fraction returns a number from 0 to 1 that depends on a seed and a number.
func fraction(seed string, n int) float64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", seed, n))
	return float64(binary.BigEndian.Uint32(sum[:])) / (1 << 32)
}
