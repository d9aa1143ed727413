package awsout_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/internal/awsout"
)

func TestSuite(t *testing.T) {
	for _, fifo := range []bool{false, true} {
		alerttest.Notifier(t, func(*testing.T) *alerttest.Receiver {
			var mu sync.Mutex
			var received []string
			answer := alerttest.Answer{}
			s := &awsout.Sender{Target: "queue q", FIFO: fifo, MaxMessage: 1 << 20, MaxCall: 1 << 20}
			s.Call = func(ctx context.Context, messages []awsout.Message) (results []awsout.Result, err error) {
				mu.Lock()
				defer mu.Unlock()
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				if answer.Kind == alerttest.Forbidden {
					return nil, errors.New("AccessDenied")
				}
				for _, m := range messages {
					r := awsout.Result{ID: m.ID, Accepted: true}
					if answer.Kind != alerttest.Accept && strings.Contains(m.Body, answer.Only) {
						r = awsout.Result{ID: m.ID, Code: "Refused", SenderFault: answer.Kind == alerttest.Never}
					} else {
						received = append(received, m.Body)
					}
					results = append(results, r)
				}
				return results, nil
			}
			return &alerttest.Receiver{
				Notifier: s,
				Received: func() []string {
					mu.Lock()
					defer mu.Unlock()
					return slices.Clone(received)
				},
				Answer: func(a alerttest.Answer) {
					mu.Lock()
					defer mu.Unlock()
					answer = a
				},
			}
		})
	}
}
