// Package email sends events as mails by SMTP.
package email

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/openstance/stance/alert"
	"github.com/openstance/stance/alert/notify/internal/delivery"
	"github.com/openstance/stance/alert/notify/message"
)

// DefaultTimeout is the time limit of connecting and logging in, and of sending one mail.
const DefaultTimeout = 30 * time.Second

// Security is how a connection is encrypted.
type Security int

// The ways of encryption.
const (
	StartTLS    Security = iota // the server must offer STARTTLS; usually port 587
	ImplicitTLS                 // TLS from the first byte; usually port 465
	Unencrypted                 // only together with Options.AllowPrivate, and without a password
)

// Auth is a mechanism of logging in.
type Auth string

// The mechanisms.
const (
	AuthPlain       Auth = "PLAIN"
	AuthLogin       Auth = "LOGIN"
	AuthCRAMMD5     Auth = "CRAM-MD5"
	AuthSCRAMSHA256 Auth = "SCRAM-SHA-256"
	AuthXOAUTH2     Auth = "XOAUTH2" // the password is an access token
)

// Options configures a Notifier. A nil *Options is the zero Options.
type Options struct {
	Security Security
	TLS      *tls.Config // nil: the defaults of Go; at least TLS 1.2
	// Username and Password log in to the server; without Username there is no login.
	Username, Password string
	Auth               Auth // empty: AuthPlain
	// AllowPrivate permits loopback, private and other addresses that are not public.
	AllowPrivate bool
	Timeout      time.Duration // 0: DefaultTimeout
	Hello        string        // name that the client gives; empty: the name of the host

	Language string // "en" or "ja"; empty: "en"
	// Subject, Text and HTML are templates over [message.Message], of the formats
	// [message.Text], [message.Text] and [message.HTML]. Empty: the defaults.
	Subject, Text, HTML string

	// Now is the clock for the time of a test mail; nil: time.Now.
	Now func() time.Time
}

// Notifier sends each event to each recipient in a mail of its own, with a text and an HTML
// part. A recipient that the server refuses does not keep the mail from the others; an event
// is delivered when every recipient has it, and those that have it get it once as long as
// the Notifier lives. The Message-ID of a mail follows from the event and the recipient, and
// mails about one alert form a thread.
type Notifier struct {
	host, domain string
	port         int
	from         string
	to           []string
	options      Options
	texts        *message.Texts
	subject      *message.Template
	text, html   *message.Template

	mu sync.Mutex
	// partly holds the recipients that have an event which others lack.
	partly map[string]map[string]bool
}

var _ alert.Tester = (*Notifier)(nil)

// New returns a Notifier that sends from an address to others by a server, "host:port".
// Addresses are "user@example.com" or "Name <user@example.com>".
func New(server, from string, to []string, opts *Options) (*Notifier, error) {
	n := &Notifier{from: from, to: to, partly: map[string]map[string]bool{}}
	if opts != nil {
		n.options = *opts
	}
	o := &n.options
	if err := n.parse(server); err != nil {
		return nil, fmt.Errorf("email channel: %w", err)
	}
	switch {
	case o.Security < StartTLS || o.Security > Unencrypted:
		return nil, fmt.Errorf("email channel: unknown security %d", o.Security)
	case o.Security == Unencrypted && !o.AllowPrivate:
		return nil, errors.New("email channel: Unencrypted without AllowPrivate")
	case o.Security == Unencrypted && o.Username != "":
		return nil, errors.New("email channel: login without encryption")
	case o.Username == "" && o.Password != "":
		return nil, errors.New("email channel: password without a user name")
	}
	switch o.Auth = cmp.Or(o.Auth, AuthPlain); o.Auth {
	case AuthPlain, AuthLogin, AuthCRAMMD5, AuthSCRAMSHA256, AuthXOAUTH2:
	default:
		return nil, fmt.Errorf("email channel: unknown mechanism %q", o.Auth)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := n.templates(); err != nil {
		return nil, fmt.Errorf("email channel: %w", err)
	}
	return n, nil
}

func (n *Notifier) parse(server string) error {
	host, port, err := net.SplitHostPort(server)
	if err != nil || host == "" {
		return fmt.Errorf("invalid server %q (want host:port)", server)
	}
	n.host = host
	if n.port, err = strconv.Atoi(port); err != nil || n.port < 1 || n.port > 65535 {
		return fmt.Errorf("invalid port of the server %q", server)
	}
	sender, err := mail.ParseAddress(n.from)
	if err != nil {
		return fmt.Errorf("invalid sender %q", n.from)
	}
	n.domain = sender.Address[strings.LastIndexByte(sender.Address, '@')+1:]
	if len(n.to) == 0 {
		return errors.New("no recipients")
	}
	seen := map[string]bool{}
	for _, to := range n.to {
		a, err := mail.ParseAddress(to)
		if err != nil {
			return fmt.Errorf("invalid recipient %q", to)
		}
		if seen[a.Address] {
			return fmt.Errorf("duplicate recipient %q", to)
		}
		seen[a.Address] = true
	}
	return nil
}

func (n *Notifier) templates() (err error) {
	if n.texts, err = message.NewTexts(n.options.Language); err != nil {
		return err
	}
	for _, t := range []struct {
		name, source, standard string
		format                 message.Format
		to                     **message.Template
	}{
		{"subject", n.options.Subject, "{{.Title}}", message.Text, &n.subject},
		{"text", n.options.Text, message.DefaultSource(message.Text), message.Text, &n.text},
		{"HTML", n.options.HTML, message.DefaultSource(message.HTML), message.HTML, &n.html},
	} {
		if *t.to, err = message.Parse(t.format, cmp.Or(t.source, t.standard)); err != nil {
			return fmt.Errorf("template of the %s: %w", t.name, err)
		}
	}
	return nil
}

// Notify implements [alert.Notifier].
func (n *Notifier) Notify(ctx context.Context, events []alert.Event) error {
	s := &session{n: n, ctx: ctx}
	defer s.close()
	return delivery.Each(ctx, events, classify, func(_ context.Context, e alert.Event) error { return n.send(s, e) })
}

// Test sends a mail of kind "test".
func (n *Notifier) Test(ctx context.Context) error {
	return n.Notify(ctx, []alert.Event{delivery.TestEvent(n.options.Now())})
}

// send sends an event to the recipients that lack it.
func (n *Notifier) send(s *session, e alert.Event) error {
	mails, err := n.mails(e)
	if err != nil {
		return &refusal{errs: []error{err}, permanent: true}
	}
	had := n.has(e.ID)
	done := map[string]bool{}
	failed := &refusal{permanent: true}
	for i, to := range n.to {
		if had[to] {
			done[to] = true
			continue
		}
		permanent, err := s.deliver(mails[i])
		if err == nil {
			done[to] = true
			continue
		}
		if _, ok := errors.AsType[*unreachable](err); ok {
			n.note(e.ID, done)
			return err
		}
		failed.errs = append(failed.errs, fmt.Errorf("recipient %s: %w", to, err))
		failed.permanent = failed.permanent && permanent
	}
	if len(failed.errs) == 0 {
		n.note(e.ID, nil)
		return nil
	}
	n.note(e.ID, done)
	return failed
}

// maxPartly is the number of events whose recipients are remembered.
const maxPartly = 1000

func (n *Notifier) has(event string) map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.partly[event]
}

// note remembers the recipients that have an event; none: it is not to be sent again.
func (n *Notifier) note(event string, done map[string]bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.partly, event)
	if len(done) == 0 {
		return
	}
	if len(n.partly) >= maxPartly {
		for other := range n.partly {
			delete(n.partly, other)
			break
		}
	}
	n.partly[event] = done
}

// refusal is the error of an event that some recipients did not get.
type refusal struct {
	errs      []error
	permanent bool
}

func (r *refusal) Error() string   { return errors.Join(r.errs...).Error() }
func (r *refusal) Unwrap() []error { return r.errs }

// unreachable is the error of a server without a session.
type unreachable struct{ err error }

func (u *unreachable) Error() string { return u.err.Error() }
func (u *unreachable) Unwrap() error { return u.err }

func classify(i int, err error) (alert.EventError, bool) {
	e := alert.EventError{Index: i, Err: err}
	if r, ok := errors.AsType[*refusal](err); ok {
		e.Permanent = r.permanent
	}
	_, whole := errors.AsType[*unreachable](err)
	return e, whole
}

// mails returns the mail of an event to each recipient.
func (n *Notifier) mails(e alert.Event) ([]*gomail.Msg, error) {
	m := n.texts.Message(&e)
	var parts [3]string
	for i, t := range []*message.Template{n.subject, n.text, n.html} {
		s, err := t.Execute(m)
		if err != nil {
			return nil, err
		}
		parts[i] = s
	}
	subject := strings.Join(strings.Fields(parts[0]), " ")
	mails := make([]*gomail.Msg, len(n.to))
	for i, to := range n.to {
		x := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
		if err := errors.Join(x.From(n.from), x.To(to)); err != nil {
			return nil, err
		}
		x.Subject(subject)
		x.SetDateWithValue(e.At)
		x.SetMessageIDWithValue(digest(e.ID, to) + "@" + n.domain)
		x.SetGenHeader("Auto-Submitted", "auto-generated") // so that no one's absence is reported
		if id := delivery.Alert(e); id != "" {
			thread := "<" + digest(id, to) + "@" + n.domain + ">"
			x.SetGenHeader(gomail.HeaderReferences, thread)
			x.SetGenHeader(gomail.HeaderInReplyTo, thread)
		}
		x.SetBodyString(gomail.TypeTextPlain, parts[1])
		x.AddAlternativeString(gomail.TypeTextHTML, parts[2])
		mails[i] = x
	}
	return mails, nil
}
