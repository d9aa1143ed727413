package webhook_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/webhook"
)

func TestSuite(t *testing.T) {
	for name, o := range map[string]webhook.Options{
		"events":   {},
		"prisma":   {Prisma: true},
		"template": {Template: `{"text": "{{.Title}}"}`, Language: "ja"},
	} {
		t.Run(name, func(t *testing.T) {
			alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
				var mu sync.Mutex
				var received []string
				answer := alerttest.Answer{}
				r := newReceiver(t, func(w http.ResponseWriter, r request) {
					mu.Lock()
					defer mu.Unlock()
					if answer.Kind != alerttest.Accept && strings.Contains(string(r.body), answer.Only) {
						w.WriteHeader(map[alerttest.AnswerKind]int{alerttest.Later: 503, alerttest.Never: 400, alerttest.Forbidden: 403}[answer.Kind])
						_, _ = w.Write([]byte(r.header.Get("Authorization")))
						return
					}
					for _, e := range r.events {
						text, err := json.Marshal(e)
						assert.NoError(t, err)
						received = append(received, string(text))
					}
				})
				o.Token, o.Keys = secret, [][]byte{newKey}
				return &alerttest.Receiver{
					Notifier: r.notifier(t, o),
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
					Secrets: []string{secret, string(newKey)},
				}
			})
		})
	}
}
