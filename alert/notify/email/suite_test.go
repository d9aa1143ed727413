package email_test

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/openstance/stance/alert/alerttest"
	"github.com/openstance/stance/alert/notify/email"
)

func TestSuite(t *testing.T) {
	alerttest.Notifier(t, func(t *testing.T) *alerttest.Receiver {
		var texts []string // of the mails, read once
		s := serve(t, &server{password: "canary"}, startTLS)
		return &alerttest.Receiver{
			Notifier: notifier(t, s, email.Options{Username: "stance", Password: "canary"}, "a@example.com"),
			Received: func() []string {
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, m := range s.mails[len(texts):] {
					head, text, html := parts(t, m.data)
					texts = append(texts, subject(t, head)+text+html)
				}
				return texts
			},
			Answer: func(a alerttest.Answer) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.answer = func(data string) error {
					_, text, _ := parts(t, data)
					if a.Kind == alerttest.Accept || !strings.Contains(text, a.Only) {
						return nil
					}
					code := map[alerttest.AnswerKind]int{alerttest.Later: 451, alerttest.Never: 554, alerttest.Forbidden: 550}[a.Kind]
					return &smtp.SMTPError{Code: code, Message: "canary"}
				}
			},
			Secrets: []string{"canary"},
		}
	})
}
