package email_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// received is a mail that a server accepted.
type received struct{ from, to, data string }

// server is a mail server that keeps what it accepts.
type server struct {
	addr  string
	roots *x509.CertPool

	password string           // of the user "stance"; empty: no login required
	rcpt     map[string]error // answers to recipients
	data     func(c *smtp.Conn) error
	answer   func(data string) error // to a mail

	mu       sync.Mutex
	mails    []received
	sessions int
}

// security is how a server encrypts.
type security int

const (
	startTLS security = iota
	implicitTLS
	unencrypted
)

func serve(t *testing.T, s *server, how security) *server {
	t.Helper()
	certified := httptest.NewTLSServer(nil)
	t.Cleanup(certified.Close)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(certified.Certificate())
	config := &tls.Config{Certificates: certified.TLS.Certificates}

	x := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		return &session{server: s, conn: c}, nil
	}))
	x.Domain = "mail.example.com"
	x.ErrorLog = log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	switch how {
	case startTLS:
		x.TLSConfig = config
	case implicitTLS:
		l = tls.NewListener(l, config)
	}
	go x.Serve(l)
	t.Cleanup(func() { x.Close() })
	return s
}

func (s *server) got() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.mails...)
}

type session struct {
	server   *server
	conn     *smtp.Conn
	loggedIn bool
	mail     received
}

func (s *session) AuthMechanisms() []string {
	if s.server.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "stance" || password != s.server.password {
			// A server that repeats the password.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password " + password}
		}
		s.loggedIn = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.password != "" && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.mail = received{from: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.to = strings.TrimSpace(s.mail.to + " " + to)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	return s.server.rcpt[to]
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.data != nil {
		if err := s.server.data(s.conn); err != nil {
			return err
		}
	}
	s.mail.data = string(b)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.answer != nil {
		if err := s.server.answer(s.mail.data); err != nil {
			return err
		}
	}
	s.server.mails = append(s.server.mails, s.mail)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

var (
	errUnknownUser = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	errGreylisted  = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "try again later"}
	errCut         = errors.New("cut")
)
