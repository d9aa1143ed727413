package awsout

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/internal/payload"
)

// maxEntries is the number of messages that SQS and SNS accept in one call.
const maxEntries = 10

// Sender sends events, one a message, by an operation that takes several messages.
type Sender struct {
	Target     string // for errors: "queue" or "topic", and its name
	FIFO       bool
	MaxMessage int // bytes of a message with its attributes
	MaxCall    int // bytes of the messages of a call
	Timeout    time.Duration
	Call       func(context.Context, []Message) ([]Result, error)
}

// Message is one entry of a call.
type Message struct {
	ID         string
	Body       string
	Attributes []Attribute
	// Group and Deduplication are set for FIFO queues and topics.
	Group, Deduplication *string

	index, size int
}

// Result is what a service answers for an entry.
type Result struct {
	ID            string
	Accepted      bool
	Code, Message string
	SenderFault   bool
}

// Notify sends events, and returns the error of [alert.Notifier]. A message that a response
// does not mention counts as refused.
func (s *Sender) Notify(ctx context.Context, events []alert.Event) error {
	b := delivery.NewBatch(events)
	for next := 0; next < len(events); {
		var messages []Message
		messages, next = s.fill(b, events, next)
		if len(messages) == 0 {
			continue
		}
		results, err := s.call(ctx, messages)
		if err != nil {
			err, after := fmt.Errorf("send to %s: %w", s.Target, err), RetryAfter(err)
			for _, m := range messages {
				b.Fail(alert.EventError{Index: m.index, Err: err, RetryAfter: after})
			}
			b.Rest(next, err, after)
			break
		}
		for _, m := range messages {
			r, ok := results[m.ID]
			switch {
			case !ok:
				b.Fail(alert.EventError{Index: m.index, Err: fmt.Errorf("%s: response without the message", s.Target)})
			case !r.Accepted:
				err := fmt.Errorf("%s refused the message: %s: %s", s.Target, r.Code, r.Message)
				b.Fail(alert.EventError{Index: m.index, Err: err, Permanent: r.SenderFault})
			}
		}
	}
	return b.Err()
}

func (s *Sender) call(ctx context.Context, messages []Message) (map[string]Result, error) {
	ctx, cancel := Timeout(ctx, s.Timeout)
	defer cancel()
	list, err := s.Call(ctx, messages)
	if err != nil {
		return nil, err
	}
	results := map[string]Result{}
	for _, r := range list {
		if old, ok := results[r.ID]; !ok || old.Accepted {
			results[r.ID] = r
		}
	}
	return results, nil
}

// fill returns the messages of a call with the events from an index on, and the index of the
// first that does not belong to it. For FIFO a call has one event of an alert, so that no
// event passes an earlier one that was refused.
func (s *Sender) fill(b *delivery.Batch, events []alert.Event, i int) ([]Message, int) {
	var messages []Message
	bytes, groups := 0, map[string]bool{}
	for ; i < len(events) && len(messages) < maxEntries; i++ {
		group := cmp.Or(delivery.Alert(events[i]), "stance")
		if s.FIFO && groups[group] {
			break
		}
		if b.Hold(i) {
			continue
		}
		m := Message{ID: strconv.Itoa(i), Attributes: attributes(events[i]), index: i}
		body, err := payload.JSON(events[i], s.MaxMessage-size(m.Attributes))
		if err != nil {
			b.Fail(alert.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		m.Body, m.size = string(body), len(body)+size(m.Attributes)
		if len(messages) > 0 && bytes+m.size > s.MaxCall {
			break
		}
		if s.FIFO {
			m.Group, m.Deduplication = digest(group), digest(events[i].ID)
		}
		bytes += m.size
		groups[group] = true
		messages = append(messages, m)
	}
	return messages, i
}

// digest returns an id in the characters and the length that the services permit.
func digest(s string) *string {
	h := sha256.Sum256([]byte(s))
	id := hex.EncodeToString(h[:])
	return &id
}

// Attribute is an attribute of a message, by which its receivers filter.
type Attribute struct{ Name, Value string }

// attributes returns the attributes of an event. None has an empty value, which the services
// refuse.
func attributes(e alert.Event) []Attribute {
	all := []Attribute{{"event", e.ID}, {"kind", string(e.Kind)}, {"tenant", e.Tenant}}
	if a := e.Alert; a != nil {
		all = append(all,
			Attribute{"alert", a.ID}, Attribute{"status", string(a.Status)}, Attribute{"severity", a.Policy.Severity.String()},
			Attribute{"provider", a.Asset.Provider}, Attribute{"account", a.Asset.Account}, Attribute{"region", a.Asset.Region})
	}
	var kept []Attribute
	for _, a := range all {
		if a.Value = payload.Cut(printed(a.Value), 256); a.Value != "" {
			kept = append(kept, a)
		}
	}
	return kept
}

// size returns the bytes of attributes that count to the size of a message.
func size(attributes []Attribute) int {
	n := 0
	for _, a := range attributes {
		n += len(a.Name) + len("String") + len(a.Value)
	}
	return n
}

// printed returns a string without the characters that the services refuse.
func printed(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
}
