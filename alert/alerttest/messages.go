package alerttest

import (
	"math"
	"time"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/policy"
)

// message returns a message with every field set.
func message(id, channel string, seq int64, notBefore time.Time) alert.Message {
	return alert.Message{
		ID: id, Channel: channel, Alert: "P-1", Seq: seq, NotBefore: notBefore, Digest: "daily", Attempts: 2, Error: "refused",
		Event: alert.Event{
			ID: id, Kind: alert.EventDigest, At: base, Tenant: tenant, Rule: "all", Link: "https://example.com",
			Transition: &alert.Transition{Seq: math.MaxInt64, Alert: "P-1", At: base, To: alert.Open},
			Digest:     &alert.Digest{From: base, To: base, Title: "t", Opened: math.MaxInt64, Severity: map[policy.Severity]int{policy.Low: 1}, Accounts: map[string]int{"1": 1}},
			Health:     &alert.Health{Kind: alert.HealthDead, Subject: "s", Message: "m", Since: base},
			Review:     &alert.ReviewNote{Name: "n", Text: "t"},
		},
	}
}

func checkMessages(s *suite) {
	st := s.open()
	hour := func(n int) time.Time { return base.Add(time.Duration(n) * time.Hour) }
	late, first, second, tie := message("late", "mail", 1, hour(3)), message("first", "mail", math.MaxInt64-1, hour(1)), message("2", "chat", 5, hour(2)), message("10", "chat", 5, hour(2))
	low, dead := message("low", "mail", 4, hour(2)), message("dead", "mail", 1, hour(1))
	dead.Dead, low.Alert, low.Event.Transition, low.Event.Digest, low.Event.Health, low.Event.Review = true, "", nil, nil, nil, nil
	all := []alert.Message{first, low, tie, second, late}
	s.write(st, func(tx alert.Tx) error {
		stale := late
		stale.NotBefore, stale.Channel, stale.Dead = base, "chat", true
		s.must(tx.PutMessages(stale, second, dead, low), "PutMessages")
		s.must(tx.PutMessages(late, first, message("deleted", "mail", 1, base), tie), "PutMessages")
		s.must(tx.DeleteMessages("deleted", "never"), "DeleteMessages")
		return tx.PutMessages(first, first) // again, which changes nothing
	})
	s.read(st, func(r alert.Reader) error {
		for _, row := range []struct {
			name  string
			query alert.MessageQuery
			want  []alert.Message
		}{
			{"all", alert.MessageQuery{}, all},
			{"channel", alert.MessageQuery{Channel: "chat"}, []alert.Message{tie, second}},
			{"before", alert.MessageQuery{Before: hour(2)}, all[:4]},
			{"just before", alert.MessageQuery{Before: hour(2).Add(-time.Microsecond)}, all[:1]},
			{"alerts", alert.MessageQuery{Alerts: []string{"P-0", "P-1"}, Channel: "mail"}, []alert.Message{first, late}},
			{"limit", alert.MessageQuery{Limit: 2}, all[:2]},
			{"dead", alert.MessageQuery{Dead: true}, []alert.Message{dead}},
			{"none", alert.MessageQuery{Channel: "none"}, nil},
		} {
			got, err := r.Messages(row.query)
			s.must(err, "Messages")
			s.same(row.want, got, "messages, %s", row.name)
			for _, m := range got {
				if m.Event.Digest != nil {
					m.Event.Digest.Accounts["1"], m.Event.Transition.Note = 100, "mine"
				}
			}
		}
		return nil
	})
	s.write(st, func(tx alert.Tx) error {
		first.NotBefore, second.Dead = hour(9), true
		return tx.PutMessages(first, second)
	})
	s.read(st, func(r alert.Reader) error {
		got, err := r.Messages(alert.MessageQuery{})
		s.must(err, "Messages")
		s.same([]alert.Message{low, tie, late, first}, got, "messages after an attempt")
		got, err = r.Messages(alert.MessageQuery{Dead: true})
		s.must(err, "Messages")
		s.same([]alert.Message{dead, second}, got, "dead messages")
		return nil
	})
}
